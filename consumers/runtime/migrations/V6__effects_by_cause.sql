-- Whether something was done for an event is asked all the time.
create index effect_cause on effect (cause);

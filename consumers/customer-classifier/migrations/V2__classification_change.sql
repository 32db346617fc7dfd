-- Every class that was published, as customer-classification.events says: a fold of that topic
-- alone, so that it is the same after every rebuild.
create table classification_change (
    -- Id of the event.
    change_id      text           primary key,
    customer_id    text           not null,
    -- Number of the change among those of the customer.
    sequence       bigint         not null,
    class          text           not null,
    previous_class text,
    -- Why the class was looked at; null in events of before there were reasons.
    reason         text,
    -- The figures that decided, in EUR.
    revenue        numeric(18, 2) not null,
    orders         bigint         not null,
    -- The rule that decided; the window is null when all orders counted.
    window_days    integer,
    rule           text           not null,
    evaluated_at   timestamptz    not null
);
create index change_of_customer on classification_change (customer_id, sequence);

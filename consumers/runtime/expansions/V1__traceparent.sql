-- Where what is published belongs, in which trace (W3C); null where none is recorded.
alter table outbox add column traceparent text;

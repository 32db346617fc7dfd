-- Where order_created came from, in which trace (W3C): the command that answers it comes after.
alter table valuation add column traceparent text;

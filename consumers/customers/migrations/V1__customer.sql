-- Customers as they are, by what customer.events says.
create table customer (
    customer_id      text        primary key,
    name             text        not null,
    location         text,
    email            text,
    email_permission boolean     not null,
    -- Number of the customer's events that this row contains.
    version          bigint      not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null
);

-- The order of the list, and its filter by the beginning of a name.
create index customer_by_name on customer (lower(name) collate "C", customer_id collate "C");

-- Orders as they are, by what order.events says.
create table customer_order (
    order_id    text           primary key,
    -- Need not be known: the customer's events come by another topic.
    customer_id text           not null,
    text        text           not null,
    -- In EUR.
    value       numeric(18, 2) not null,
    status      text           not null check (status in ('new', 'unconfirmed', 'confirmed')),
    ordered_at  timestamptz    not null,
    -- USD for one EUR on a day, and the value by it; null until they are known.
    usd_rate    numeric(18, 6),
    usd_value   numeric(18, 2),
    usd_rate_at timestamptz,
    updated_at  timestamptz    not null,
    -- Number of the order's events that this row contains.
    version     bigint         not null
);

-- The order of the list, newest first; also within one customer and one status.
create index order_by_time on customer_order (ordered_at, order_id collate "C");
create index order_of_customer on customer_order (customer_id, ordered_at, order_id collate "C");
create index order_by_status on customer_order (status, ordered_at, order_id collate "C")
    where status <> 'confirmed';

-- What the list has to know of customers, by what customer.events says.
create table customer (
    customer_id text   primary key,
    name        text   not null,
    version     bigint not null
);

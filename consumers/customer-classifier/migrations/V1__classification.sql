-- What the classification has to know of orders, by what order.events says.
create table customer_order (
    order_id    text           primary key,
    customer_id text           not null,
    -- In EUR.
    value       numeric(18, 2) not null,
    ordered_at  timestamptz    not null,
    confirmed   boolean        not null,
    -- Number of the order's events that this row contains.
    version     bigint         not null
);
create index confirmed_order_of_customer on customer_order (customer_id, ordered_at)
    include (value) where confirmed;

-- Customers and their classes. A row is made by whatever comes first: an order or the customer's
-- own first event. Orders of one customer come from every partition, so that the row is locked
-- while it is changed.
create table customer (
    customer_id   text           primary key,
    -- True from customer_created on; nothing is published before.
    known         boolean        not null default false,
    -- Sum and number of the confirmed orders in the window, in EUR.
    revenue       numeric(18, 2) not null default 0,
    orders        bigint         not null default 0,
    -- The rule by which they were counted; empty while nothing was.
    rule          text           not null default '',
    -- When the sum has to be made anew, because an order leaves the window.
    next_due_at   timestamptz,
    -- The last class that was published, its number and time; null until there is one.
    class         text           check (class in ('A', 'B', 'C')),
    sequence      bigint         not null default 0,
    classified_at timestamptz,
    -- Number of the customer's own events that this row contains.
    version       bigint         not null default 0
);
create index customer_due on customer (next_due_at) where next_due_at is not null;
create index customer_of_class on customer (class, customer_id collate "C") where class is not null;

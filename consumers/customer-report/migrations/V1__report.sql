-- Everything here follows from the events and their own times, never from the clock of the
-- consumer: another build makes the same rows.
--
-- The report of the present is one row per customer. A row is made by whatever comes first: an
-- order, a class, or the customer's own first event. Events of one customer come from every
-- partition of three topics, so that the row is locked while it is changed, and sums do not depend
-- on their order.
create table customer (
    customer_id       text           primary key,
    -- True from customer_created on; not shown before.
    known             boolean        not null default false,
    name              text           not null default '',
    location          text,
    email_permission  boolean        not null default false,
    -- The last class that was published, the time of that event and its number.
    class             text           check (class in ('A', 'B', 'C')),
    class_since       timestamptz,
    class_sequence    bigint         not null default 0,
    -- All orders, and the confirmed ones among them; the others wait. In EUR.
    orders            bigint         not null default 0,
    revenue           numeric(18, 2) not null default 0,
    confirmed_orders  bigint         not null default 0,
    confirmed_revenue numeric(18, 2) not null default 0,
    -- All orders that have a value in USD.
    usd_revenue       numeric(18, 2) not null default 0,
    -- By the times at which they were ordered.
    first_order_at    timestamptz,
    last_order_at     timestamptz,
    -- Number of the customer's own events that this row contains.
    version           bigint         not null default 0
);

-- Each order changes the sums, and so every index here: there is one for what reports are mostly
-- sorted by (name, id, revenue, number of orders, last order) and filtered by (class, place). By
-- other columns the table is read through, and only the best rows of it are kept; so it is for
-- parts of names, which no index of Postgres itself finds.
create index customer_by_name on customer (lower(name) collate "C", customer_id collate "C")
    where known;
create index customer_by_id on customer (customer_id collate "C") where known;
create index customer_by_revenue on customer (revenue, customer_id collate "C") where known;
create index customer_by_confirmed_revenue
    on customer (confirmed_revenue, customer_id collate "C") where known;
create index customer_by_orders on customer (orders, customer_id collate "C") where known;
create index customer_by_last_order
    on customer (coalesce(last_order_at, '0001-01-01 00:00:00+00'), customer_id collate "C")
    where known;
-- The customers of a class, the best first or last; few enough to be sorted otherwise.
create index customer_of_class on customer (class, confirmed_revenue, customer_id collate "C")
    where known;
create index customer_of_location
    on customer (lower(location), lower(name) collate "C", customer_id collate "C") where known;

-- The report of a past moment is made of facts with the times of their events, one row each:
-- whatever had happened by then counts. No row tells until when it is valid: the next one of its
-- customer does. So nothing depends on how the topics were interleaved, or on events whose times
-- are not in order.

-- Orders. Their values never change; the first value in USD is kept here.
create table customer_order (
    order_id     text           primary key,
    customer_id  text           not null,
    value        numeric(18, 2) not null,
    ordered_at   timestamptz    not null,
    -- Times of the events.
    created_at   timestamptz    not null,
    confirmed_at timestamptz,
    valued_at    timestamptz,
    -- As it was valued first, and as it is valued now.
    first_usd    numeric(18, 2),
    usd          numeric(18, 2),
    -- Number of the order's events that this row contains.
    version      bigint         not null
);
create index order_of_customer on customer_order (customer_id);

-- By how much the value of an order in USD changed when it was valued again: almost never.
create table usd_change (
    -- <order>/<version of the order>
    change_id   text           primary key,
    customer_id text           not null,
    at          timestamptz    not null,
    usd         numeric(18, 2) not null
);
create index usd_change_of_customer on usd_change (customer_id);

-- A customer after each of its events: the newest version whose event had happened is valid.
create table customer_state (
    -- <customer>/<version>
    state_id         text        primary key,
    customer_id      text        not null,
    version          bigint      not null,
    at               timestamptz not null,
    name             text        not null,
    location         text,
    email_permission boolean     not null
);
create index state_of_customer on customer_state (customer_id, version);

-- Each class that was published.
create table class_change (
    -- <customer>/<sequence>
    change_id         text           primary key,
    customer_id       text           not null,
    sequence          bigint         not null,
    class             text           not null check (class in ('A', 'B', 'C')),
    previous_class    text           check (previous_class in ('A', 'B', 'C')),
    -- The figures that decided, and by which rule.
    confirmed_revenue numeric(18, 2) not null,
    confirmed_orders  bigint         not null,
    window_days       integer,
    rule_version      text           not null,
    evaluated_at      timestamptz    not null,
    -- Time of the event.
    at                timestamptz    not null
);
create index class_change_of_customer on class_change (customer_id, sequence);
-- For the movements of a month.
create index class_change_by_time on class_change (at);

-- Orders that a person was asked to confirm, by what order.events says.
create table confirmation_request (
    order_id     text        primary key,
    requested_at timestamptz not null,
    -- Null while the request is open: it leaves the list, and stays as history.
    confirmed_at timestamptz
);

-- The order of the lists, newest first.
create index request_by_time on confirmation_request (requested_at, order_id collate "C");
create index open_request_by_time on confirmation_request (requested_at, order_id collate "C")
    where confirmed_at is null;

-- What the runtime keeps beside the tables of a projection, in the same schema.

-- Where each partition is to be read on. Changes together with the rows that the events before
-- made, and only for whoever has the current epoch.
create table consumer_offset (
    generation  integer not null,
    topic       text    not null,
    partition   integer not null,
    next_offset bigint  not null,
    epoch       bigint  not null,
    primary key (generation, topic, partition)
);

-- Events to be published. Written with the rows that they tell of, removed when they are in the log.
create table outbox (
    id             bigserial primary key,
    -- Which relayed transaction it belongs to; null until it belongs to one.
    batch          bigint,
    topic          text        not null,
    key            text        not null,
    message_type   text        not null,
    event_id       uuid        not null,
    sequence       bigint      not null,
    correlation_id text,
    causation_id   text,
    time           timestamptz not null,
    payload        bytea       not null
);
create index outbox_batch on outbox (batch) where batch is not null;
create index outbox_unbatched on outbox (id) where batch is null;

-- Numbers the relayed transactions; never goes back.
create table outbox_relay (
    only_row   boolean primary key default true check (only_row),
    last_batch bigint not null default 0
);
insert into outbox_relay default values;

-- The installation that the schema belongs to: two that share a database must not share a schema.
create table installation (
    only_row  boolean primary key default true check (only_row),
    namespace text not null
);

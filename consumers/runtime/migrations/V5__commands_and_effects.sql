-- What is published may be a command too: event_id is its id then, and it has no number.
alter table outbox alter column sequence drop not null;

-- What is done outside of this system, each under an id that follows from what caused it. Written
-- before it is begun and again when it has ended.
create table effect (
    id         uuid        primary key,
    name       text        not null,
    -- What it is about, for people.
    subject    text        not null,
    -- The event that caused it.
    cause      uuid        not null,
    -- begun: under way, or it was interrupted and it is not known how far it came.
    state      text        not null check (state in ('begun', 'completed', 'failed')),
    attempts   integer     not null,
    started_at timestamptz not null,
    ended_at   timestamptz,
    -- What came of the last attempt that ended, for people.
    outcome    text
);
create index effect_open on effect (started_at) where state <> 'completed';

-- Records that cannot be handled, and behind each of them the later ones of its key: they wait, so
-- that every key keeps its order. What is here is applied by a retry, in the order of the offsets.
create table parked_record (
    topic         text        not null,
    partition     integer     not null,
    record_offset bigint      not null,
    -- Null: the record has none, and nothing waits behind it.
    key           bytea,
    header_names  text[]      not null,
    header_values bytea[]     not null,
    payload       bytea,
    written_at    timestamptz not null,
    -- Why it cannot be handled; null while it only waits for an earlier one.
    error_class   text,
    error         text,
    schema_id     bigint,
    attempts      integer     not null,
    parked_at     timestamptz not null default now(),
    -- What an operator asks for.
    request       text check (request in ('retry', 'skip')),
    reason        text,
    requested_by  text,
    primary key (topic, partition, record_offset)
);
create index parked_record_key on parked_record (topic, partition, key, record_offset);
create index parked_record_dead on parked_record (topic, partition) where error_class is not null;

-- Records that an operator has given up. They are part of no row, for good.
create table skipped_record (
    topic         text        not null,
    partition     integer     not null,
    record_offset bigint      not null,
    key           bytea,
    error_class   text        not null,
    error         text        not null,
    reason        text        not null,
    skipped_by    text        not null,
    skipped_at    timestamptz not null default now(),
    primary key (topic, partition, record_offset)
);

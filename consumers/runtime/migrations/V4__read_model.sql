-- Which build of the read model this schema holds, and by which version of its projection it was
-- made: a process of another version must not touch it.
create table read_model (
    only_row           boolean primary key default true check (only_row),
    generation         integer not null,
    projection_version integer not null,
    -- Set while an operator wants nothing to be applied.
    paused_at          timestamptz,
    paused_by          text
);

create table book (
    book_id text    primary key,
    shelf   text    not null,
    pages   bigint  not null check (pages < 1000),
    version bigint  not null
);
create table shelf (
    shelf_id text   primary key,
    books    bigint not null default 0,
    -- Names another shelf: makes shared rows depend on shared rows, which is refused.
    next     text
);

-- Orders and their values in USD. Days are text (such as 2026-11-20), as keys of rate_of_day.
create table valuation (
    order_id       text           primary key,
    -- Day of the order, in UTC.
    day            text           not null,
    -- In EUR.
    value          numeric(18, 2) not null,
    -- order_created, which the command answers.
    event_id       uuid           not null,
    correlation_id text,
    -- When this consumer learnt of the order.
    noted_at       timestamptz    not null,
    state          text           not null check (state in ('pending', 'valued', 'impossible')),
    -- Why it is impossible.
    reason         text,
    -- What the command said: USD for one EUR, its own day, where it is from, and the value in USD.
    rate           numeric(18, 6),
    rate_day       text,
    source         text,
    usd_value      numeric(18, 2)
);
create index valuation_pending on valuation (noted_at) where state = 'pending';
create index valuation_pending_day on valuation (day) where state = 'pending';
create index valuation_of_state on valuation (state, order_id collate "C");

-- What was learnt of the rate that is valid on a day.
create table rate_of_day (
    day        text        primary key,
    -- USD for one EUR, and the day on which it was published; null when the day has none.
    rate       numeric(18, 6),
    rate_day   text,
    -- ecb, or recorded: from the file that is shipped with the program.
    source     text        not null check (source in ('ecb', 'recorded')),
    -- No other rate can become valid on that day any more.
    is_final   boolean     not null,
    fetched_at timestamptz not null
);

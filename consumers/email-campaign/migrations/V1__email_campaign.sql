-- Customers, as far as mails to them go, by customer.events.
create table customer (
    customer_id text    primary key,
    name        text    not null,
    email       text,
    permission  boolean not null,
    version     bigint  not null
);

-- Each classification of each customer, by customer-classification.events, with where it is in the
-- log: so that it is known who was of a class up to any position.
create table customer_class (
    -- <customer id>#<sequence>
    change_id   text    primary key,
    customer_id text    not null,
    sequence    bigint  not null,
    class       text    not null check (class in ('A', 'B', 'C')),
    partition   integer not null,
    log_offset  bigint  not null
);
create index customer_class_latest on customer_class (customer_id collate "C", sequence desc);

-- Campaigns, by campaign.events.
create table campaign (
    campaign_id    text   primary key,
    name           text   not null,
    subject        text   not null,
    body           text   not null,
    audience_class text   not null check (audience_class in ('A', 'B', 'C')),
    status         text   not null check (status in ('draft', 'running', 'paused', 'completed')),
    -- The first campaign_started, which is answered by whom the campaign addresses.
    started_by     uuid,
    -- campaign_audience_fixed, which is answered by one mailing per customer, and its cut as
    -- <partition>=<offset>,…
    fixed_by       uuid,
    cut            text,
    correlation_id text,
    version        bigint not null
);

-- Mailings, by mailing.events.
create table mailing (
    mailing_id     text        primary key,
    campaign_id    text        not null,
    customer_id    text        not null,
    customer_class text        not null check (customer_class in ('A', 'B', 'C')),
    -- What stands for it in the links of its mail.
    link_token     text        not null,
    status         text        not null
        check (status in ('requested', 'sent', 'failed', 'uncertain', 'excluded')),
    -- The last mailing_requested: what is sent, and at most once.
    requested_by   uuid        not null,
    requested_at   timestamptz not null,
    correlation_id text,
    version        bigint      not null
);
create index mailing_requested on mailing (requested_at, mailing_id) where status = 'requested';
create unique index mailing_of_link on mailing (link_token);
create index mailing_of_campaign on mailing (campaign_id, customer_id collate "C");

-- How far the customers of a campaign have been asked for; a row from when its audience is being
-- fixed. Whoever asks locks it.
create table asking (
    campaign_id    text        primary key,
    after_customer text        not null default '',
    asked_at       timestamptz not null,
    is_done        boolean     not null default false
);

-- What came of a mail, until the command that says so is in the outbox.
create table delivery (
    -- mailing_requested
    requested_by uuid        primary key,
    mailing_id   text        not null,
    outcome      text        not null check (outcome in ('sent', 'failed', 'uncertain', 'excluded')),
    -- Message-ID, reason, or reason of the exclusion.
    detail       text        not null,
    ended_at     timestamptz not null
);

-- Mails that are tried again later.
create table retry (
    requested_by uuid        primary key,
    attempts     integer     not null,
    due_at       timestamptz not null,
    reason       text        not null
);

-- What customers did with mails, until the commands that say so are in the outbox.
create table reaction (
    mailing_id text        not null,
    reaction   text        not null,
    reacted_at timestamptz not null,
    primary key (mailing_id, reaction)
);

-- When this schema first had all that the log had: before, nothing is known of mails that were
-- sent by whoever had the schema before.
create table sender (
    only_row      boolean     primary key default true check (only_row),
    caught_up_at  timestamptz not null
);

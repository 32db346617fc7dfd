-- Campaigns, by campaign.events.
create table campaign (
    campaign_id    text        primary key,
    name           text        not null,
    subject        text        not null,
    body           text        not null,
    audience_class text        not null check (audience_class in ('A', 'B', 'C')),
    status         text        not null check (status in ('draft', 'running', 'paused', 'completed')),
    -- How many customers it addresses; null until that is decided.
    customers      bigint,
    created_at     timestamptz not null,
    started_at     timestamptz,
    completed_at   timestamptz,
    -- Number of the campaign's events that this row contains.
    version        bigint      not null
);
create index campaign_newest on campaign (created_at desc, campaign_id collate "C" desc);

-- Mailings, by mailing.events.
create table mailing (
    mailing_id      text        primary key,
    campaign_id     text        not null,
    customer_id     text        not null,
    -- Class of the customer when the campaign was started.
    customer_class  text        not null check (customer_class in ('A', 'B', 'C')),
    status          text        not null
        check (status in ('requested', 'sent', 'failed', 'uncertain', 'excluded')),
    attempt         integer     not null,
    -- Why it failed, is uncertain or was excluded.
    reason          text,
    message_id      text,
    requested_at    timestamptz not null,
    -- When it was sent, failed, became uncertain or was excluded.
    ended_at        timestamptz,
    -- First reaction of each kind.
    opened_at       timestamptz,
    clicked_at      timestamptz,
    replied_at      timestamptz,
    bounced_at      timestamptz,
    unsubscribed_at timestamptz,
    version         bigint      not null
);
create index mailing_of_campaign on mailing (campaign_id, customer_id collate "C");
create index mailing_to_be_decided on mailing (mailing_id collate "C") where status = 'uncertain';

-- Names of customers, by customer.events.
create table customer (
    customer_id text   primary key,
    name        text   not null,
    version     bigint not null
);

-- The class that each customer has now, by customer-classification.events.
create table customer_class (
    customer_id text primary key,
    class       text not null check (class in ('A', 'B', 'C'))
);

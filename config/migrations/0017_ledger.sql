-- The ledger: what it compares the tables with, what it found, and the heartbeat that leaves the machine.

-- The books by hour of event time: how many readings are stored of it. Written with the batch, beside intake,
-- which goes by arrival; so any span of readings can be counted again.
create table stored_hours (
    partition   text not null references partitions,
    hour        timestamptz not null,
    stored      bigint not null,
    primary key (partition, hour)
) with (fillfactor = 50);                      -- the current hour's row is written again with every batch

-- Where the books begin: what was stored before counts in no hour.
create table ledger_start (
    at          timestamptz not null,
    stored      bigint not null
);
insert into ledger_start select now(), coalesce(sum(stored), 0) from intake;

-- What was dropped by age, so that it is not missed.
create table ledger_dropped (
    what        text primary key check (what in ('quarantine', 'live_events')),
    entries     bigint not null,               -- of quarantine: how often they had been seen
    before      timestamptz not null           -- nothing older is asked for
);
insert into ledger_dropped values
    ('quarantine', greatest(0, (select coalesce(sum(quarantined), 0) from intake)
                             - (select coalesce(sum(count), 0) from quarantine)), '-infinity'),
    ('live_events', 0, case when exists (select from alert_transitions) then now() else '-infinity' end);

-- Since when a plan is in force as it is now: it is not asked why it did not run before.
create table plans_known (
    plan_id     text not null,
    fingerprint text not null,                 -- of its trigger and its tasks
    since       timestamptz not null default now(),
    primary key (plan_id, fingerprint)
);

create table ledger_checks (
    id          bigint generated always as identity primary key,
    kind        text not null check (kind in ('span', 'day')),
    since       timestamptz not null,          -- of event time
    until       timestamptz not null,
    checked_at  timestamptz not null default now(),
    took_s      double precision not null,
    balanced    boolean not null,
    accounts    jsonb not null,
    settled_at  timestamptz                    -- of one that did not balance: when it was found to do so again
);
create index on ledger_checks (checked_at);
create index on ledger_checks (until) where kind = 'span';
create index on ledger_checks (since) where not balanced;

-- What a person has looked into and written off, word for word as the ledger names it.
create table ledger_accepted (
    fault       text primary key,
    account     text not null,
    note        text not null check (note <> ''),
    accepted_at timestamptz not null default now()
);

-- The last heartbeat of each partition that was to leave the machine, and what became of it.
create table heartbeats (
    partition   text primary key references partitions,
    sent_at     timestamptz not null,
    payload     jsonb not null,
    webhook     text,                          -- null: not configured; '': delivered; else why not
    mqtt        text
);

alter table alerts
    drop constraint alerts_kind_check,
    add constraint alerts_kind_check check (kind in ('sensor', 'silence', 'count', 'manual', 'warning', 'ledger'));

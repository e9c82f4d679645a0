-- What the pipeline keeps beside the readings: who owns a partition (fencing),
-- the books, and what could not be accepted.

create table partitions (
    name        text primary key,
    epoch       bigint not null default 0,
    holder_pid  integer,                       -- backend of the last claimant, to be ended by the next
    claimed_at  timestamptz,
    clock       timestamptz                    -- last time told by an injected clock
);

-- Books by minute of arrival. Everything acknowledged to the broker adds up:
-- readings = stored + repeats + quarantined.
create table intake (
    partition   text not null references partitions,
    minute      timestamptz not null,
    last_at     timestamptz not null,          -- arrival of the last batch in that minute
    messages    bigint not null default 0,
    readings    bigint not null default 0,
    stored      bigint not null default 0,
    repeats     bigint not null default 0,
    quarantined bigint not null default 0,
    late        bigint not null default 0,
    unlocated   bigint not null default 0,     -- of sensors that belonged to no township then
    primary key (partition, minute)
);

create table quarantine (
    id          bigint generated always as identity primary key,
    fingerprint bytea not null,                -- SHA-256 of topic and payload: one row per distinct fault
    partition   text not null,                 -- whose pipeline met it, and puts it through again
    reason      text not null,
    detail      text not null,                 -- what, where and how to mend it
    topic       text not null,
    payload     bytea not null,                -- one reading, or the whole message when it could not be read
    sensor_id   integer references sensors,
    time        timestamptz,                   -- of the reading, where it could be read
    count       bigint not null default 1,
    first_seen  timestamptz not null,
    last_seen   timestamptz not null,
    -- held → requested (a person asked to put it through again) → released
    state       text not null default 'held' check (state in ('held', 'requested', 'released')),
    released_at timestamptz,
    unique (fingerprint)
);
create index on quarantine (state) where state <> 'released';

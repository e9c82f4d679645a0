-- What has left: the CAP messages, word for word, and how far each channel has told the alerts.

-- A message is written down when it is first made and never made again: what others refer to by its
-- identifier must not change with a rule's label, a boundary or a setting.
create table cap_messages (
    transition_id bigint primary key references alert_transitions,
    alert_id      bigint not null references alerts,
    revision      integer not null check (revision > 0),   -- 1, 2 … within the alert
    identifier    text not null unique,
    sender        text not null,                           -- ZZZZZZDDDUUUXX of GB/T 35965.1
    entered_at    timestamptz not null,                    -- the second in the identifier; ten fit in one
    sent          timestamptz not null,
    msg_type      text not null check (msg_type in ('Alert', 'Update', 'Cancel')),
    level         text not null check (level in ('blue', 'yellow', 'orange', 'red')),
    headline_zh   text not null,
    headline_en   text not null,
    body          bytea not null,                          -- XML, UTF-8
    unique (alert_id, revision)
);
create index on cap_messages (sender, entered_at);
create trigger append_only before update or delete on cap_messages
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on cap_messages
    for each statement execute function refuse_rewriting();

-- One row for each channel: the last live event whose alerts it has told.
create table out_cursors (
    channel   text primary key,
    event_id  bigint not null,
    moved_at  timestamptz not null default now()
);

-- How far each alert is told. Within an alert ids are in commit order, between alerts they are not.
create table out_alerts (
    channel       text not null references out_cursors,
    alert_id      bigint not null references alerts,
    transition_id bigint not null,             -- told up to this one
    due           boolean not null default false,  -- its present is to be told again
    primary key (channel, alert_id)
);
create index on out_alerts (channel, alert_id) where due;

-- What was recorded of late; rows lie in the order in which they were written, so a small index is enough.
create index on alert_transitions using brin (recorded_at);

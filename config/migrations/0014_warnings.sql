-- Official warnings (官方预警), received from outside; alerts (监测告警) are what our own rules raise.
-- A row is one info part of a CAP message: a message may warn of several things at once.

create table warnings (
    id              bigint generated always as identity primary key,
    identifier      text not null check (identifier <> ''),
    part            smallint not null default 1 check (part > 0),
    sender          text not null check (sender <> ''),
    sender_name     text not null default '',
    sent            timestamptz not null,
    status          text not null check (status in ('actual', 'exercise', 'test')),
    msg_type        text not null check (msg_type in ('alert', 'update', 'cancel')),
    references_     text[] not null default '{}',  -- "sender,identifier" of each message that this one ends
    event_code      text not null default '',      -- 11B37 …; '': none was given
    event           text not null default '',
    level           text check (level in ('blue', 'yellow', 'orange', 'red')),  -- null: none could be read
    headline        text not null default '',
    description     text not null default '',
    instruction     text not null default '',
    effective       timestamptz not null,
    expires         timestamptz not null,
    expires_assumed boolean not null default false,  -- the sender named no end
    cancelled_at    timestamptz,                   -- when an update or a cancel ended it
    ended_by        bigint references warnings,    -- which
    followed        text not null default 'none' check (followed in ('none', 'begin', 'end')),
                                                   -- by the alerts, as time passed: so far
    ends            timestamptz not null generated always as (least(expires, cancelled_at)) stored,
    area            text not null default '',      -- as the sender calls it
    area_codes      text[] not null default '{}',
    unknown_codes   text[] not null default '{}',  -- of those, what named no division of ours at that time
    polygon         bytea,                         -- WKB (Multi)Polygon, lon/lat; circles as polygons
    source          text not null check (source in ('file', 'feed', 'mqtt', 'hand')),
    origin          text not null default '',      -- file, link or topic; of a file of warnings: where each was found
    actor           uuid,                          -- who entered it; opaque
    received_at     timestamptz not null default now(),
    fingerprint     bytea not null,                -- SHA-256 of the message
    raw             bytea,                         -- the message as it came, with its first part
    unique (sender, identifier, part),
    check (expires >= effective)
);
create index on warnings (ends);
create index on warnings (sent);
create index on warnings (followed) where followed <> 'end';
create index on warnings using gin (references_);

-- The townships that a warning covers, by code or by geometry, as divided when it took effect.
create table warning_divisions (
    warning_id  bigint not null references warnings,
    division_id integer not null references divisions,
    primary key (warning_id, division_id)
);
create index on warning_divisions (division_id);

-- What could not be taken as a warning: nothing of it is thrown away.
create table refused_warnings (
    id          bigint generated always as identity primary key,
    fingerprint bytea not null unique,         -- SHA-256: one row per distinct message
    reason      text not null,
    detail      text not null,                 -- what, where, how to mend it
    source      text not null,
    origin      text not null,
    size        bigint not null,               -- bytes that came
    raw         bytea not null,                -- of what is too large, its beginning
    count       bigint not null default 1,
    first_seen  timestamptz not null default now(),
    last_seen   timestamptz not null default now()
);

-- How far each feed has been read; only what SHIJING_WARNING_FEEDS names is ever asked.
create table warning_feeds (
    url         text primary key,
    etag        text not null default '',
    seen        jsonb not null default '{}',   -- link → when it was last changed, of what the feed lists now
    polled_at   timestamptz,
    error       text not null default ''       -- of the last poll; '': it went well
);

create trigger warnings_changed after insert or update or delete on warnings
    for each statement execute function notify_statement('shijing_warnings');
create trigger warning_divisions_changed after insert or update or delete on warning_divisions
    for each statement execute function notify_statement('shijing_warnings');

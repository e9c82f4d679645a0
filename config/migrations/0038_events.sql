-- Events (事件): what people report, each with its steps until it is closed at the level that dealt with it.

create table events (
    id           bigint generated always as identity primary key,
    key          uuid not null unique,          -- made where it was reported: sent twice, it is the same event
    kind         text not null check (kind ~ '^[a-z][a-z0-9_]{0,39}$'),  -- of config/event_kinds.toml
    urgent       boolean not null,
    way          text not null check (way in ('phone', 'desk')),
    happened_at  timestamptz not null,          -- as whoever reports says; not after its arrival
    reported_at  timestamptz not null,
    lon          double precision check (lon between -180 and 180),  -- null: reported for a division
    lat          double precision check (lat between -90 and 90),
    accuracy_m   real check (accuracy_m >= 0),
    -- Where it is, as divided when it was reported. No grid: it lies outside of all of them.
    grid_id      integer references divisions,
    village_id   integer references divisions,
    township_id  integer not null references divisions,
    district_id  integer references divisions,
    reporter     uuid references people,        -- null: an account that is nobody's of the people
    actor        uuid not null,                 -- the account
    -- Who has it now, and what is due.
    state        text not null check (state in ('reported', 'accepted', 'assigned', 'handled', 'closed')),
    level        text not null check (level in ('grid', 'village', 'township', 'district')),
    division_id  integer not null references divisions,  -- of that level
    assigned_to  uuid references people,
    since        timestamptz not null,          -- when this state began at this level
    due_at       timestamptz,                   -- until when the next step is to be taken
    overdue_at   timestamptz,                   -- when that was found to be late
    was_late     boolean not null default false,  -- any step of it
    handled_level text check (handled_level in ('grid', 'village', 'township', 'district')),
    handled_by   uuid,                          -- the account
    result       text,                          -- one of the choices
    closed_level text check (closed_level in ('grid', 'village', 'township', 'district')),
    closed_at    timestamptz,
    alert_id     bigint references alerts,      -- that the report raised, for plans
    exercise     boolean not null default false,
    has_text     boolean not null default false,
    has_photo    boolean not null default false,
    erased_at    timestamptz,                   -- when text and photo were
    check ((lon is null) = (lat is null)),
    check ((state = 'closed') = (closed_at is not null)),
    check ((state = 'closed') = (closed_level is not null)),
    check ((state = 'closed') = (due_at is null))
);
create index on events (township_id, reported_at);
create index on events (grid_id);
create index on events (village_id);
create index on events (reported_at);
create index events_open on events (urgent desc, id desc) where state <> 'closed';
create index events_due on events (due_at) where overdue_at is null and due_at is not null;
create index on events (assigned_to) where state <> 'closed';
create index on events (closed_at) where erased_at is null and (has_text or has_photo);
create trigger carries_mark before insert or update of exercise on events
    for each row execute function carry_mark();

-- What was done with it, by whom, at which level; by the system where there is no actor.
create table event_steps (
    id          bigint generated always as identity primary key,
    event_id    bigint not null references events,
    key         uuid unique,                    -- made where the tap was; null: of a step that came with another
    time        timestamptz not null,
    act         text not null check (act in ('reported', 'accepted', 'assigned', 'handled', 'verified', 'returned',
                                             'handed_up', 'closed', 'overdue')),
    state       text not null,                  -- after it
    level       text not null,
    division_id integer not null references divisions,
    person_id   uuid references people,         -- to whom it was given, or who did it
    actor       uuid,
    result      text,
    reason      text,                           -- one of the choices, or the rule
    since       timestamptz,                    -- when what it ends began; null: it ends nothing
    late        boolean not null default false,
    recorded_at timestamptz not null default now()
);
create index on event_steps (event_id, id);
create index on event_steps (time);
create trigger append_only before update or delete on event_steps
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on event_steps
    for each statement execute function refuse_rewriting();

-- What may name somebody: sealed (access/vault.py), erased after its term.
create table event_private (
    event_id   bigint primary key references events,
    text       bytea,
    photo      bytea,                           -- of base64
    photo_type text check (photo_type in ('image/jpeg', 'image/png', 'image/webp')),
    check ((photo is null) = (photo_type is null))
);

alter table live_events
    drop constraint live_events_kind_check,
    add check (kind in ('alert', 'run', 'incident', 'warning', 'rules', 'ledger', 'divisions', 'clock', 'task', 'event'));

-- What the pages may read, in the scope of whoever asks. (What is sealed the server opens, for what was found here.)
grant select on events, event_steps to shijing_web;
alter table events enable row level security;
create policy scope on events for select to shijing_web
    using ((select sees_all()) or township_id = any(array(select in_scope()))
           or village_id = any(array(select in_scope())) or grid_id = any(array(select in_scope())));
alter table event_steps enable row level security;
create policy scope on event_steps for select to shijing_web
    using ((select sees_all()) or exists (select from events where events.id = event_id));
alter policy scope on live_events
    using ((select sees_all())
           or case when kind = 'alert' then exists (select from alerts where id = (payload ->> 'alert_id')::bigint)
                   when kind in ('run', 'task')
                       then exists (select from plan_runs where id = (payload ->> 'run_id')::bigint)
                   when kind = 'incident'
                       then exists (select from incidents where id = (payload ->> 'incident_id')::bigint)
                   when kind = 'warning'
                       then exists (select from warnings where payload -> 'warning_ids' @> to_jsonb(warnings.id))
                   when kind = 'event'
                       then exists (select from events where events.id = (payload ->> 'event_id')::bigint)
                   else true end);

-- From many alerts to one incident (see docs/incidents.md), and which divisions touch each other.

-- Derived from boundary_versions (geo/adjacency.py), both orders of each pair; written again when boundaries change.
create table division_touches (
    level       text not null check (level in ('district', 'township', 'village', 'grid', 'microgrid')),
    division_id integer not null references divisions,
    other_id    integer not null references divisions,
    shared_m    double precision not null check (shared_m > 0),  -- length of the border that they share
    valid       tstzrange not null,
    recorded    tstzrange not null default tstzrange(now(), null),
    check (division_id <> other_id),
    check (not isempty(valid) and not isempty(recorded))
);
create index present_touches on division_touches (division_id) where upper_inf(recorded);

create table incidents (
    id          bigint generated always as identity primary key,
    family      text not null check (family <> ''),
    level       text not null check (level in ('none', 'blue', 'yellow', 'orange', 'red')),  -- highest that is open
    peak        text not null check (peak in ('blue', 'yellow', 'orange', 'red')),
    state       text not null default 'open' check (state in ('open', 'closed')),
    exercise    boolean not null default false,
    opened_at   timestamptz not null,          -- event time of its first alert
    changed_at  timestamptz not null,          -- event time of the last change of one of its alerts
    closed_at   timestamptz,                   -- event time
    merged_into bigint references incidents,   -- always one step to the incident that it is part of now
    alerts      integer not null check (alerts >= 0),
    open_alerts integer[] not null check (array_length(open_alerts, 1) = 4 and 0 <= all (open_alerts)),  -- blue … red
    located     integer not null default 0,    -- of how many alerts `lon`, `lat` is the mean
    lon         double precision check (lon between -180 and 180),
    lat         double precision check (lat between -90 and 90),
    -- The newest minutes that had an alert: [[minute since 1970, alerts, located, lon, lat of their centre], …].
    pace        jsonb not null default '[]',
    spread_m_per_h double precision check (spread_m_per_h > 0),  -- null: no direction that stands out
    spread_bearing double precision check (spread_bearing >= 0 and spread_bearing < 360),  -- from true north
    recorded_at timestamptz not null default now(),
    check ((lon is null) = (located = 0)),
    check ((lon is null) = (lat is null)),
    check ((spread_m_per_h is null) = (spread_bearing is null)),
    check ((closed_at is null) = (state = 'open')),
    check (merged_into is null or state = 'closed'),
    check (opened_at <= changed_at)
) with (fillfactor = 50);
-- Nothing that every alert of an incident changes is in an index: its row is then written in place.
create index living_incidents on incidents (family, exercise, coalesce(closed_at, 'infinity')) where merged_into is null;
create index quiet_incidents on incidents (id) where state = 'open' and level = 'none';
create index on incidents (merged_into) where merged_into is not null;

-- The footprint: grid, or township where the alert had none. Where `place` says a word, that alone is compared:
-- what lies in no division, and families of which every subject is an incident of its own.
create table incident_cells (
    incident_id bigint not null references incidents,
    township_id integer references divisions,
    grid_id     integer references divisions,
    place       text not null default '',      -- 'river 长江', 'subject 17'
    first_at    timestamptz not null,          -- event time of the first alert there
    last_at     timestamptz not null,          -- of the last one that was raised there
    alerts      integer not null check (alerts > 0),
    unique nulls not distinct (incident_id, township_id, grid_id, place),
    check (place <> '' or num_nonnulls(township_id, grid_id) > 0)
);
create index on incident_cells (township_id);
create index on incident_cells (grid_id) where grid_id is not null;
create index on incident_cells (place) where place <> '';

create table incident_transitions (
    id          bigint generated always as identity primary key,
    incident_id bigint not null references incidents,
    time        timestamptz not null,          -- event time
    kind        text not null check (kind in
                    ('opened', 'joined', 'escalated', 'lowered', 'merged', 'absorbed', 'closed', 'reopened')),
    alert_id    bigint references alerts,      -- opened, joined: which
    other_id    bigint references incidents,   -- merged: into which; absorbed: which
    from_level  text not null check (from_level in ('none', 'blue', 'yellow', 'orange', 'red')),
    to_level    text not null check (to_level in ('none', 'blue', 'yellow', 'orange', 'red')),
    note        text not null default '',
    recorded_at timestamptz not null default now(),
    check ((alert_id is not null) = (kind in ('opened', 'joined'))),
    check ((other_id is not null) = (kind in ('merged', 'absorbed')))
);
-- An alert becomes part of an incident once.
create unique index one_incident_of_an_alert on incident_transitions (alert_id) where alert_id is not null;
create index on incident_transitions (incident_id, id);

create trigger append_only before update or delete on incident_transitions
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on incident_transitions
    for each statement execute function refuse_rewriting();

-- The incident that an alert joined first; `merged_into` leads to the one that it is part of now.
alter table alerts add constraint alerts_incident_id_fkey foreign key (incident_id) references incidents;
-- The level with which it counts there, none where it is over: what the incident's `open_alerts` are made of.
alter table alerts add incident_level text check (incident_level in ('none', 'blue', 'yellow', 'orange', 'red'));
create index counted_alerts on alerts (id) where incident_level <> 'none';
create index ungrouped_alerts on alerts (id)
    where incident_id is null and state in ('open', 'acknowledged', 'in_hand');
create index on alerts (inhibited_by) where inhibited_by is not null;
create index on devices (gateway) where gateway is not null;
create index open_silence_alerts on alerts (subject) where kind = 'silence' and state in ('open', 'acknowledged', 'in_hand');

create view alert_incidents as
select alerts.id as alert_id, coalesce(incidents.merged_into, incidents.id) as incident_id
from alerts join incidents on incidents.id = alerts.incident_id;

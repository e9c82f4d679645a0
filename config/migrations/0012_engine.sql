-- The alert engine: subjects of every kind (see alerts/subjects.py), states that people move,
-- suppression, corrections, and transitions that nobody can rewrite.

alter table readings add column suspect boolean not null default false;  -- a step beyond what the sensor can do

-- A subject's number tells its kind in the upper 32 bits: 0 sensor, 1 device, 2 gateway, 3 division, 4 report.
alter table rule_states drop constraint rule_states_sensor_id_fkey;
alter table rule_states rename column sensor_id to subject;
alter table rule_states alter column subject type bigint;

-- Who did it. Transitions name the id only, and by no reference: a name can be taken away and the books still stand.
create table actors (
    id         uuid primary key default gen_random_uuid(),
    name       text not null,
    kind       text not null check (kind in ('person', 'system')),
    created_at timestamptz not null default now()
);

-- Shelves (of a rule, a subject, or both) and maintenance windows (of a subject or a division). Null: any.
create table suppressions (
    id          bigint generated always as identity primary key,
    kind        text not null check (kind in ('shelve', 'maintenance')),
    rule_id     text,
    subject     bigint,
    division_id integer references divisions,  -- township or grid of the alert, or their parents
    valid       tstzrange not null,
    reason      text not null check (reason <> ''),
    actor       uuid,
    recorded_at timestamptz not null default now(),
    ended_at    timestamptz,                   -- ended before its time
    ended_by    uuid,
    check (not isempty(valid) and not upper_inf(valid)),
    check (num_nonnulls(rule_id, subject, division_id) > 0)
);
create index on suppressions using gist (valid);

alter table alerts
    add subject       bigint,
    add kind          text not null default 'sensor'
                      check (kind in ('sensor', 'silence', 'count', 'manual', 'warning')),
    add family        text not null default '',
    add title         text not null default '',
    add cause         text check (cause in ('real', 'false', 'drill', 'test')),
    add pending_since timestamptz,                 -- event time of the first sample that counted
    add acknowledged_at timestamptz,
    add in_hand_at    timestamptz,
    add closed_at     timestamptz,
    add incident_id   bigint,
    add inhibited_by  bigint references alerts,    -- a graver one of the same subject and family
    add suppressed_by bigint references suppressions,
    add lon           double precision check (lon between -180 and 180),
    add lat           double precision check (lat between -90 and 90),
    add revision      integer not null default 0,  -- how many corrections it had
    add late          boolean not null default false,  -- its raise was found late
    alter value drop not null,                     -- a report has none
    alter sensor_id drop not null;
update alerts set subject = sensor_id;
alter table alerts
    alter subject set not null,
    add check (case when subject < 4294967296 then sensor_id is not null and sensor_id = subject
                    else sensor_id is null end),
    add check ((lon is null) = (lat is null));
drop index one_open_alert;
create unique index one_open_alert on alerts (rule_id, subject, exercise)
    where state in ('open', 'acknowledged', 'in_hand');
create index open_alerts_of_subject on alerts (subject) where state in ('open', 'acknowledged', 'in_hand');
create index ended_alerts on alerts (rule_id, subject, resolved_at) where state in ('resolved', 'closed');
create index held_back_alerts on alerts (suppressed_by) where suppressed_by is not null;
create index on alerts (township_id, opened_at);
create index on alerts (incident_id) where incident_id is not null;

-- Every row tells level and state before and after: the last row is the alert's present.
alter table alert_transitions
    add kind       text not null default 'level' check (kind in ('level', 'state')),
    add from_state text check (from_state in ('none', 'open', 'acknowledged', 'in_hand', 'resolved', 'closed')),
    add to_state   text check (to_state in ('none', 'open', 'acknowledged', 'in_hand', 'resolved', 'closed')),
    add retracts   boolean not null default false,
    add revision   integer not null default 0,
    add note       text not null default '';
update alert_transitions
set from_state = case from_level when 'none' then 'none' else 'open' end,
    to_state = case to_level when 'none' then 'resolved' else 'open' end;
alter table alert_transitions
    alter from_state set not null,
    alter to_state set not null,
    drop constraint alert_transitions_alert_id_time_from_level_to_level_key;
-- What the engine says is said once; a person may do the same again in one moment of a told clock.
create unique index one_transition on alert_transitions
    (alert_id, time, from_level, to_level, from_state, to_state, retracts, revision) where kind = 'level';
create index on alert_transitions (alert_id, id);

drop index one_open_run;
create unique index one_open_run on plan_runs (plan_id, township_id, exercise) where state = 'open';
create index on run_alerts (alert_id);

alter table live_events
    drop constraint live_events_kind_check,
    add check (kind in ('alert', 'run', 'incident', 'warning', 'rules', 'ledger', 'divisions', 'clock'));

create function refuse_rewriting() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: what happened is not rewritten, write what happened next', tg_table_name
        using errcode = 'restrict_violation';
end $$;

create trigger append_only before update or delete on alert_transitions
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on alert_transitions
    for each statement execute function refuse_rewriting();
create trigger append_only before update or delete on run_transitions
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on run_transitions
    for each statement execute function refuse_rewriting();

-- The division itself or the one above it that is of the level asked for, as divided at that time.
create function division_above(division integer, wanted text, at timestamptz) returns integer
language sql stable as $$
    with recursive up (id) as (
        select division
        union
        select version.parent_id from up
        join division_versions version
          on version.division_id = up.id and version.valid @> at and upper_inf(version.recorded)
        where version.parent_id is not null
    )
    select divisions.id from up join divisions on divisions.id = up.id where divisions.level = wanted limit 1
$$;

-- The suppression in force for an alert of this rule, subject and place; null: none. What is shelved or
-- maintained at a device or a gateway covers its sensors, at a division all that lies in it.
create function suppression_of(rule text, what bigint, township integer, grid integer, at timestamptz)
returns bigint language plpgsql stable as $$
begin
    if not exists (select from suppressions where valid @> at and (ended_at is null or ended_at > at)) then
        return null;
    end if;
    return (
        with recursive covering (id) as (
            select what
            union
            select 4294967296 + device_id from sensors where what < 4294967296 and id = what
            union
            select 8589934592 + gateway.id
            from devices device join devices gateway on gateway.name = device.gateway
            where device.id = case what >> 32 when 1 then (what & 4294967295)::integer
                              when 0 then (select device_id from sensors where id = what) end
        ), around (id) as (
            select unnest(array[township, grid])
            union
            select version.parent_id from around
            join division_versions version
              on version.division_id = around.id and version.valid @> at and upper_inf(version.recorded)
            where version.parent_id is not null
        )
        select suppressions.id from suppressions
        where valid @> at and (ended_at is null or ended_at > at)
          and (rule_id is null or rule_id = rule)
          and (subject is null or subject in (select id from covering))
          and (division_id is null or division_id in (select id from around where id is not null))
        order by upper(valid) desc, suppressions.id limit 1
    );
end $$;

-- What people call the thing that an alert is about, by what is known now.
create function alert_name(one alerts) returns text language sql stable as $$
    select case one.subject >> 32
        when 0 then (select name from sensors where id = one.sensor_id)
        when 3 then (select name from division_versions
                     where division_id = one.subject & 4294967295 and valid @> one.opened_at and upper_inf(recorded))
        when 4 then one.title
        else (select name from devices where id = one.subject & 4294967295) end
$$;

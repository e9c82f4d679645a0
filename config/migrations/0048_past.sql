-- Any moment of the past (see docs/past.md): what was open then is found by when it ended, and told by the books that
-- nobody rewrites. Times are event times; what was found late, or taken back, counts as it is known today.

create index alerts_by_end on alerts (resolved_at, opened_at) where resolved_at is not null;
create index run_transitions_of on run_transitions (run_id, time);
create index plan_runs_by_end on plan_runs (ended_at, started_at) where ended_at is not null;

-- Every step of the alerts that were open at some time between `since` and `until`: how the alert stood after it. Of
-- the whole city, so nobody but the functions below may ask it.
create function alert_steps(since timestamptz, until timestamptz) returns table (
    alert_id bigint, happened_at timestamptz, number bigint, level text, peak integer, state text, value double precision,
    changed_at timestamptz, suppressed boolean, inhibited boolean)
language sql stable security definer rows 2000 set search_path = public, pg_temp as $$
    with chosen as materialized (
        select id, alerts.level, alerts.peak, alerts.state, alerts.value, opened_at, resolved_at,
               suppressed_by is not null as suppressed, inhibited_by is not null as inhibited
        from alerts where opened_at <= until and alerts.state in ('open', 'acknowledged', 'in_hand')
        union all
        select id, alerts.level, alerts.peak, alerts.state, alerts.value, opened_at, resolved_at,
               suppressed_by is not null, inhibited_by is not null
        from alerts
        where opened_at <= until and resolved_at > since and alerts.state not in ('open', 'acknowledged', 'in_hand')
    ), written as (
        select t.*, t.kind = 'level' as tells,
               -- What was taken back was never said: as many as were taken back, of the same words.
               count(*) filter (where t.retracts) over same >= count(*) filter (where not t.retracts) over same
                   as taken_back,
               row_number() over (partition by t.alert_id, t.kind, t.time, t.from_level, t.to_level, t.retracts
                                  order by t.id desc) as again
        from chosen join alert_transitions t on t.alert_id = chosen.id
        where t.time <= until
        window same as (partition by t.alert_id, t.kind, t.time, t.from_level, t.to_level)
    ), counted as (
        select w.*,
               case when not tells then nullif(to_state, from_state)
                    when to_level = 'none' then 'resolved'
                    when from_level = 'none' or from_state = 'none' or reason = 'reopened' then 'open' end as moves_to,
               tells and actor is null or reason in ('suppressed', 'released') as holds,
               reason in ('inhibited', 'uninhibited') as hides
        from written w
        where not tells or not retracts and not taken_back and again = 1
    ), placed as (
        select c.*, row_number() over (partition by c.alert_id order by c.time, c.id) as place from counted c
    ), carried as (
        -- The last word on each: its place and, in the lowest digit, what it says. One sort does for all of them.
        select p.alert_id, p.time, p.id,
               max(case when tells then place * 10 + array_position(
                   array['none', 'blue', 'yellow', 'orange', 'red'], to_level) end) over course as level_said,
               max(case when tells then array_position(array['blue', 'yellow', 'orange', 'red'], to_level) end)
                   over course as peak,
               max(place * 10 + array_position(
                   array['open', 'acknowledged', 'in_hand', 'resolved', 'closed'], moves_to)) over course as state_said,
               max(case when tells then array[place, p.value] end) over course as value_said,
               max(case when tells or moves_to is not null then p.time end) over course as changed_at,
               max(case when holds then place * 10 + (note like 'suppression %')::integer end) over course as held_said,
               max(case when hides then place * 10 + (reason = 'inhibited')::integer end) over course as hidden_said
        from placed p
        window course as (partition by p.alert_id order by p.time, p.id)
    )
    select c.alert_id, c.time, c.id, (array['none', 'blue', 'yellow', 'orange', 'red'])[c.level_said % 10], c.peak,
           (array['open', 'acknowledged', 'in_hand', 'resolved', 'closed'])[c.state_said % 10], c.value_said[2],
           c.changed_at, coalesce(c.held_said % 10 = 1, false), coalesce(c.hidden_said % 10 = 1, false)
    from carried c
    union all
    -- One that nothing is written of stands as it stands, from its beginning to its end.
    select c.id, step.time, step.number, case when step.number = 0 then c.level else 'none' end,
           array_position(array['blue', 'yellow', 'orange', 'red'], c.peak),
           case when step.number > 0 then 'resolved' when c.state in ('resolved', 'closed') then 'open' else c.state end,
           c.value, step.time, c.suppressed, c.inhibited
    from chosen c
    cross join lateral (select c.opened_at, 0 union all select c.resolved_at, 1) step (time, number)
    where step.time <= until and not exists (select from alert_transitions t where t.alert_id = c.id)
$$;

-- How each alert stood that was open at a moment.
create function all_alerts_standing(moment timestamptz) returns table (
    alert_id bigint, level text, peak text, state text, value double precision, changed_at timestamptz,
    suppressed boolean, inhibited boolean)
language sql stable security definer rows 1000 set search_path = public, pg_temp as $$
    select last.alert_id, last.level, (array['blue', 'yellow', 'orange', 'red'])[last.peak], last.state, last.value,
           last.changed_at, last.suppressed, last.inhibited
    from (select distinct on (step.alert_id) * from alert_steps(moment, moment) step
          order by step.alert_id, step.happened_at desc, step.number desc) last
    where last.level <> 'none' and last.state in ('open', 'acknowledged', 'in_hand')
$$;
revoke execute on function alert_steps(timestamptz, timestamptz), all_alerts_standing(timestamptz) from public;

-- The same in the scope of whoever asks (as the policy of `alerts` has it): found at once, and not row by row through
-- the policies of two tables.
create function alerts_in_scope(ids bigint[]) returns setof bigint language sql stable security definer
set search_path = public, pg_temp as $$
    select id from alerts
    where id = any(ids)
      and (sees_all() or township_id = any(array(select in_scope())) or grid_id = any(array(select in_scope()))
           or subject >> 32 = 3 and (subject & 4294967295)::integer = any(array(select in_scope())))
$$;
create function alerts_standing(moment timestamptz) returns table (
    alert_id bigint, level text, peak text, state text, value double precision, changed_at timestamptz,
    suppressed boolean, inhibited boolean)
language sql stable security definer rows 1000 set search_path = public, pg_temp as $$
    with standing as materialized (select * from all_alerts_standing(moment))
    select standing.* from standing
    where sees_all()
       or standing.alert_id in (select alerts_in_scope(array(select one.alert_id from standing one)))
$$;
-- For a chart: at which level each alert was on the board from when on; null: not any more.
create function alerts_shown(since timestamptz, until timestamptz) returns table (
    alert_id bigint, happened_at timestamptz, number bigint, level text)
language sql stable security definer rows 5000 set search_path = public, pg_temp as $$
    with steps as materialized (select * from alert_steps(since, until))
    select steps.alert_id, steps.happened_at, steps.number,
           case when steps.level <> 'none' and steps.state in ('open', 'acknowledged', 'in_hand')
                     and not steps.suppressed and not steps.inhibited then steps.level end
    from steps
    where sees_all()
       or steps.alert_id in (select alerts_in_scope(array(select distinct one.alert_id from steps one)))
$$;

-- Incidents that had an open alert at a moment, each as what it was part of then. Whole, as the live ones are shown,
-- to whoever may see that there is one.
create function incidents_standing(moment timestamptz) returns table (
    id bigint, family text, level text, alerts integer, open_alerts integer, townships integer, township_id integer,
    newest integer, opened_at timestamptz, exercise boolean, lon double precision, lat double precision)
language sql stable security definer rows 100 set search_path = public, pg_temp as $$
    with recursive standing as materialized (
        select one.level, alerts.incident_id
        from all_alerts_standing(moment) one join alerts on alerts.id = one.alert_id
        where alerts.incident_id is not null
    ), up (first, id, steps) as (
        select distinct incident_id, incident_id, 0 from standing
        union all
        select up.first, merged.other_id, up.steps + 1
        from up join incident_transitions merged
          on merged.incident_id = up.id and merged.kind = 'merged' and merged.time <= moment
        where up.steps < 100
    ), roots as materialized (
        select distinct on (first) first, id as root from up order by first, steps desc
    ), graded as materialized (
        select roots.root, count(*)::integer as open_alerts,
               max(array_position(array['blue', 'yellow', 'orange', 'red'], standing.level)) as grade
        from standing join roots on roots.first = standing.incident_id
        group by roots.root
    ), seen as materialized (
        select graded.* from graded join incidents on incidents.id = graded.root
        where sees_all() or exists (
            select from incident_cells cell where cell.incident_id = coalesce(incidents.merged_into, incidents.id)
              and (cell.township_id = any(array(select in_scope())) or cell.grid_id = any(array(select in_scope()))))
    ), parts (root, id, steps) as (
        select seen.root, seen.root, 0 from seen
        union
        select parts.root, taken.other_id, parts.steps + 1
        from parts join incident_transitions taken
          on taken.incident_id = parts.id and taken.kind = 'absorbed' and taken.time <= moment
        where parts.steps < 100
    ), told as (
        select parts.root, count(*)::integer as alerts, min(one.opened_at) as opened_at,
               count(distinct one.township_id)::integer as townships, min(one.township_id) as township_id,
               count(*) filter (
                   where floor(extract(epoch from one.opened_at) / 60) > floor(extract(epoch from moment) / 60) - 10
               )::integer as newest,
               avg(one.lon) as lon, avg(one.lat) as lat
        from (select distinct parts.root, parts.id from parts) parts
        join alerts one on one.incident_id = parts.id and one.opened_at <= moment
        group by parts.root
    )
    select incidents.id, incidents.family, (array['blue', 'yellow', 'orange', 'red'])[seen.grade], told.alerts,
           seen.open_alerts, told.townships, case when told.townships = 1 then told.township_id end, told.newest,
           told.opened_at, incidents.exercise, told.lon, told.lat
    from seen
    join told on told.root = seen.root
    join incidents on incidents.id = seen.root
$$;

-- The last readings of these sensors at or before a moment, and the ones before them, newest first. Two days back a
-- reading is found in one or two partitions; only what has none there is looked for further back.
create function readings_before(ids integer[], moment timestamptz) returns table (
    sensor_id integer, times timestamptz[], readings double precision[])
language plpgsql stable security definer rows 2000 set search_path = public, pg_temp as $$
declare
    near timestamptz := moment - interval '2 days';
begin
    return query
    with seen as materialized (
        select one.id from sensors_in_scope() one (id) where one.id = any(ids)
    ), close as materialized (
        select seen.id, newest.times, newest.readings
        from seen cross join lateral (
            select array_agg(two.time) as times, array_agg(two.value) as readings
            from (select r.time, r.value from public.readings r
                  where r.sensor_id = seen.id and r.time <= moment and r.time > near
                  order by r.time desc limit 2) two
        ) newest
    ), far as (
        select close.id, newest.times, newest.readings
        from close cross join lateral (
            select array_agg(two.time) as times, array_agg(two.value) as readings
            from (select r.time, r.value from public.readings r
                  where r.sensor_id = close.id and r.time <= moment
                  order by r.time desc limit 2) two
        ) newest
        where coalesce(cardinality(close.times), 0) < 2
    )
    select close.id, close.times, close.readings from close where cardinality(close.times) = 2
    union all
    select far.id, far.times, far.readings from far where far.times is not null;
end $$;

-- Since when there is anything to go back to: the oldest reading that is kept; where a day holds very many, its day.
create function first_reading() returns timestamptz language plpgsql stable security definer
set search_path = public, pg_temp as $$
declare
    part regclass;
    found timestamptz;
    many boolean;
begin
    for part, many in
        select c.oid::regclass, c.reltuples > 1e5
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'readings'::regclass
        order by pg_get_expr(c.relpartbound, c.oid)
    loop
        if many then
            execute format('select date_trunc(''day'', time, ''UTC'') from %s limit 1', part) into found;
        else
            execute format('select min(time) from %s', part) into found;
        end if;
        if found is not null then
            return found;
        end if;
    end loop;
    return (select min(r.time) from public.readings r);  -- kept in another way than in partitions of ours
end $$;

-- What was in quarantine at a moment.
create function quarantined_before(moment timestamptz) returns bigint language sql stable security definer
set search_path = public, pg_temp as $$
    select coalesce(sum(count), 0)::bigint from quarantine
    where first_seen <= moment and (state <> 'released' or released_at > moment)
$$;

-- Times are whole µs since 1970 UTC, in parameters and in answers.

-- name: arrivals
-- What lies in no division is placed by its river, else by itself.
select a.id, a.kind, coalesce(nullif(a.family, ''), a.rule_id) as family, a.exercise, a.subject, a.level, a.peak,
       a.state in ('open', 'acknowledged', 'in_hand') as is_open, a.township_id, a.grid_id,
       coalesce('river ' || nullif(s.river, ''), 'subject ' || a.subject) as place, a.lon, a.lat,
       (extract(epoch from a.opened_at) * 1000000)::bigint as opened_at,
       (extract(epoch from a.changed_at) * 1000000)::bigint as changed_at, a.incident_id as first_incident,
       coalesce(a.incident_level, 'none') as counted
from alerts a left join sensors s on s.id = a.sensor_id
where a.id = any(%(ids)s)
order by a.id
for no key update of a

-- name: lock_families_of
-- Always in one order, so that two never wait for each other; held until the transaction ends.
select pg_advisory_xact_lock(hashtext('incidents'), key)
from (select distinct hashtext(coalesce(nullif(family, ''), rule_id)) as key
      from alerts where id = any(%(ids)s) order by key) keys

-- name: lock_families
-- The same, by name.
select pg_advisory_xact_lock(hashtext('incidents'), key)
from (select distinct hashtext(family) as key from unnest(%(families)s::text[]) family order by key) keys

-- name: around
-- All that the alerts have to do with, in one answer; a statement of its own, which sees what was committed
-- before the families' locks were given. `roots`: of the incidents that they joined, what each is part of now;
-- `touches`: what shared a border with their places on the day of the newest; `cells`: footprints of incidents
-- that are near in time, as far as they are near in space. (None is closed before its last change: that
-- condition is for the index.) `next_id` is drawn where one alert meets nothing: it will open an incident.
with arriving as materialized (
    select coalesce(nullif(a.family, ''), a.rule_id) as family, a.exercise, a.opened_at, a.changed_at, a.township_id,
           a.grid_id, a.incident_id, 'subject ' || a.subject as own, 'river ' || nullif(s.river, '') as river
    from alerts a left join sensors s on s.id = a.sensor_id
    where a.id = any(%(ids)s)
), fresh as materialized (
    select * from arriving where incident_id is null
), spans as materialized (
    select family, exercise, min(opened_at) - reach as since, max(changed_at) + reach as until
    from (select *, coalesce((%(windows)s::jsonb ->> family)::bigint, %(window)s) * interval '1 microsecond' as reach
          from fresh) timed
    group by family, exercise, reach
), spots as materialized (
    select township_id as id from fresh where township_id is not null
    union
    select grid_id from fresh where grid_id is not null
), touching as materialized (
    select t.division_id, t.other_id from division_touches t
    where t.division_id = any(array(select id from spots))
      and t.valid @> (select max(opened_at) from fresh) and upper_inf(t.recorded)
), near as materialized (
    select array(select id from spots union select other_id from touching) as divisions,
           array(select own from fresh union select river from fresh) as places
), roots as materialized (
    select i.id, coalesce(i.merged_into, i.id) as root
    from incidents i where i.id = any(array(select incident_id from arriving where incident_id is not null))
), timely as materialized (
    select i.id
    from spans
    join incidents i on i.family = spans.family and i.exercise = spans.exercise and i.merged_into is null
         and coalesce(i.closed_at, 'infinity') >= spans.since
         and i.changed_at >= spans.since and i.opened_at <= spans.until
    union
    select root from roots  -- what these alerts change now may bring it near
), cells as materialized (
    select c.incident_id, c.township_id, c.grid_id, c.place
    from timely
    join incident_cells c on c.incident_id = timely.id
         and (c.township_id = any((select divisions from near)::integer[])
              or c.grid_id = any((select divisions from near)::integer[])
              or c.place = any((select places from near)::text[]) and c.place <> '')
), standing as (
    select id, family, exercise, level, peak, state, alerts, open_alerts, pace, located,
           coalesce(lon, 0) as lon, coalesce(lat, 0) as lat,
           (extract(epoch from opened_at) * 1000000)::bigint as opened_at,
           (extract(epoch from changed_at) * 1000000)::bigint as changed_at,
           (extract(epoch from closed_at) * 1000000)::bigint as closed_at, spread_m_per_h, spread_bearing
    from incidents where id = any(array(select root from roots union select incident_id from cells))
)
select (select jsonb_agg(jsonb_build_array(id, root)) from roots) as roots,
       (select jsonb_agg(jsonb_build_array(division_id, other_id)) from touching) as touches,
       (select jsonb_agg(jsonb_build_array(incident_id, township_id, grid_id, place) order by incident_id)
        from cells) as cells,
       (select jsonb_agg(to_jsonb(standing) order by id) from standing) as standing,
       case when (select count(*) from fresh) = 1 and not exists (select from cells)
            then nextval('incidents_id_seq') end as next_id

-- name: incidents_by_id
select id, family, exercise, level, peak, state, alerts, open_alerts, pace, located,
       coalesce(lon, 0) as lon, coalesce(lat, 0) as lat,
       (extract(epoch from opened_at) * 1000000)::bigint as opened_at,
       (extract(epoch from changed_at) * 1000000)::bigint as changed_at,
       (extract(epoch from closed_at) * 1000000)::bigint as closed_at, spread_m_per_h, spread_bearing
from incidents where id = any(%(ids)s)
order by id

-- name: draw_incident_ids
select nextval(pg_get_serial_sequence('incidents', 'id')) from generate_series(1, %(count)s)

-- name: insert_incidents
insert into incidents (id, family, exercise, level, peak, state, opened_at, changed_at, alerts, open_alerts,
                       located, lon, lat, pace, spread_m_per_h, spread_bearing)
overriding system value
select id, family, exercise, level, peak, 'open', opened_at, changed_at, alerts, open_alerts, located, lon, lat, pace,
       spread_m_per_h, spread_bearing
from jsonb_to_recordset(%(rows)s) as (
    id bigint, family text, exercise boolean, level text, peak text, opened_at timestamptz, changed_at timestamptz,
    alerts integer, open_alerts integer[], located integer, lon double precision, lat double precision, pace jsonb,
    spread_m_per_h double precision, spread_bearing double precision)

-- name: merge_incidents
-- What they had taken in themselves goes one step further, too.
update incidents
set merged_into = new.into_id, state = 'closed',
    closed_at = case when incidents.id = new.id then new.time else incidents.closed_at end
from jsonb_to_recordset(%(rows)s) as new(id bigint, into_id bigint, time timestamptz)
where incidents.id = new.id or incidents.merged_into = new.id

-- name: move_cells
with moved as (
    delete from incident_cells using jsonb_to_recordset(%(rows)s) as new(id bigint, into_id bigint)
    where incident_id = new.id and incident_id = any(%(ids)s)
    returning new.into_id, township_id, grid_id, place, first_at, last_at, alerts
)
insert into incident_cells as old (incident_id, township_id, grid_id, place, first_at, last_at, alerts)
select into_id, township_id, grid_id, place, min(first_at), max(last_at), sum(alerts)
from moved group by into_id, township_id, grid_id, place
on conflict (incident_id, township_id, grid_id, place) do update
set first_at = least(old.first_at, excluded.first_at), last_at = greatest(old.last_at, excluded.last_at),
    alerts = old.alerts + excluded.alerts

-- name: count_alerts_in
update alerts set incident_id = new.incident_id, incident_level = new.level
from jsonb_to_recordset(%(rows)s) as new(alert_id bigint, incident_id bigint, level text)
where alerts.id = new.alert_id and alerts.id = any(%(ids)s)  -- twice: a plan made for a small table reads it whole

-- name: write_cells
insert into incident_cells as old (incident_id, township_id, grid_id, place, first_at, last_at, alerts)
select incident_id, township_id, grid_id, place, first_at, last_at, alerts
from jsonb_to_recordset(%(rows)s) as (
    incident_id bigint, township_id integer, grid_id integer, place text, first_at timestamptz, last_at timestamptz,
    alerts integer)
on conflict (incident_id, township_id, grid_id, place) do update
set first_at = least(old.first_at, excluded.first_at), last_at = greatest(old.last_at, excluded.last_at),
    alerts = old.alerts + excluded.alerts

-- name: update_incidents
update incidents
set level = new.level, peak = new.peak, state = new.state, opened_at = new.opened_at, changed_at = new.changed_at,
    closed_at = new.closed_at, alerts = new.alerts, open_alerts = new.open_alerts, located = new.located,
    lon = new.lon, lat = new.lat, pace = new.pace,
    spread_m_per_h = new.spread_m_per_h, spread_bearing = new.spread_bearing
from jsonb_to_recordset(%(rows)s) as new(
    id bigint, level text, peak text, state text, opened_at timestamptz, changed_at timestamptz,
    closed_at timestamptz, alerts integer, open_alerts integer[], located integer, lon double precision,
    lat double precision, pace jsonb, spread_m_per_h double precision, spread_bearing double precision)
where incidents.id = new.id

-- name: insert_incident_transitions
insert into incident_transitions (incident_id, time, kind, alert_id, other_id, from_level, to_level, note)
select incident_id, time, kind, alert_id, other_id, from_level, to_level, coalesce(note, '')
from jsonb_to_recordset(%(rows)s) as (
    incident_id bigint, time timestamptz, kind text, alert_id bigint, other_id bigint, from_level text,
    to_level text, note text)

-- name: hide_behind_gateways
-- The open silence alerts of sensors whose gateway is silent, too: those of the batch, and those that a gateway
-- of the batch finds open. A row that another transaction holds is left to that one or to the tick: waiting for
-- it here, with the family's lock in hand, is how two would wait for each other.
with gateways as materialized (
    select a.id, a.subject, a.exercise from alerts a
    where a.kind = 'silence' and a.subject >> 32 = 2 and a.state in ('open', 'acknowledged', 'in_hand')
      and (a.id = any(%(ids)s)
           or a.subject in (
               select (2::bigint << 32) | gateway.id
               from alerts own
               join sensors on sensors.id = own.sensor_id
               join devices on devices.id = sensors.device_id
               join devices gateway on gateway.name = devices.gateway
               where own.id = any(%(ids)s) and own.kind = 'silence'))
    for share skip locked
), behind as materialized (
    select gateways.id as gateway_alert, gateways.exercise, sensors.id as sensor_id
    from gateways
    join devices gateway on gateway.id = gateways.subject & 4294967295
    join devices on devices.gateway = gateway.name
    join sensors on sensors.device_id = devices.id
), hidden as materialized (
    select a.id, behind.gateway_alert
    from behind join alerts a on a.subject = behind.sensor_id and a.exercise = behind.exercise
    where a.kind = 'silence' and a.state in ('open', 'acknowledged', 'in_hand') and a.inhibited_by is null
    for no key update of a skip locked
), changed as (
    update alerts set inhibited_by = hidden.gateway_alert from hidden where alerts.id = hidden.id
    returning alerts.id, alerts.level, alerts.state, alerts.inhibited_by
), told as (
    insert into alert_transitions (alert_id, kind, time, from_level, to_level, from_state, to_state, reason, note)
    select id, 'state', %(time)s, level, level, state, state, 'inhibited', inhibited_by::text from changed order by id
)
select id, inhibited_by from changed order by id

-- name: bring_forth
-- What was hidden by a gateway's silence alert that is over.
with over as materialized (
    select a.id from alerts a join alerts g on g.id = a.inhibited_by
    where g.id = any(%(ids)s) and g.kind = 'silence' and g.subject >> 32 = 2
      and g.state in ('resolved', 'closed')
    for no key update of a skip locked
), changed as (
    update alerts set inhibited_by = null from over where alerts.id = over.id
    returning alerts.id, alerts.level, alerts.state
), told as (
    insert into alert_transitions (alert_id, kind, time, from_level, to_level, from_state, to_state, reason)
    select id, 'state', %(time)s, level, level, state, state, 'uninhibited' from changed order by id
)
select id from changed where state in ('open', 'acknowledged', 'in_hand') order by id

-- name: alerts_to_tell
select id as alert_id, subject, coalesce(alert_name(alerts), '') as sensor, rule_id as rule, level as "from", level as "to", state
from alerts where id = any(%(ids)s) order by id

-- name: silence_alerts
-- Those that inhibition may have something to do with: open silence alerts, and gateways' that hide others.
select id from alerts where kind = 'silence' and state in ('open', 'acknowledged', 'in_hand')
union
select inhibited_by from alerts where inhibited_by is not null

-- name: miscounted_alerts
-- Open ones that nobody grouped, and such as changed with nobody saying so.
select a.id from alerts a
where a.incident_id is null and a.state in ('open', 'acknowledged', 'in_hand')
   or a.incident_level <> 'none'
      and (a.incident_level <> a.level or a.state not in ('open', 'acknowledged', 'in_hand'))
order by a.id
for no key update skip locked

-- name: quiet_incidents
-- Open ones of which no alert is open.
select id, family, (extract(epoch from changed_at) * 1000000)::bigint as changed_at from incidents
where state = 'open' and level = 'none' and (%(ids)s::bigint[] is null or id = any(%(ids)s))
order by id

-- name: close_incidents
update incidents set state = 'closed', closed_at = new.time
from jsonb_to_recordset(%(rows)s) as new(id bigint, time timestamptz)
where incidents.id = new.id

-- name: log_live_events
select count(log_live_event(event.kind, event.payload))
from jsonb_to_recordset(%(rows)s) as event(kind text, payload jsonb)

-- name: incidents
-- Newest first, a page by keyset; what was merged is told as the incident that it is part of now. A division
-- means it and what lies below it: an alert of a grid has its township, too.
with recursive below as (
    select d.id, d.level
    from division_versions v join divisions d on d.id = v.division_id
    where v.code = %(division)s::text and upper_inf(v.recorded)
    union
    select d.id, d.level
    from below
    join division_versions v on v.parent_id = below.id and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id
    where d.level in ('district', 'township') or below.level not in ('city', 'district', 'township')
),
chosen as (
    select * from incidents i
    where i.merged_into is null
      and (%(ids)s::bigint[] is null or i.id = any(%(ids)s::bigint[]))
      and (%(levels)s::text[] is null
           or case i.level when 'none' then i.peak else i.level end = any(%(levels)s::text[]))
      and (%(states)s::text[] is null or i.state = any(%(states)s::text[]))
      and (%(family)s::text is null or i.family = %(family)s::text)
      and (%(exercise)s::boolean is null or i.exercise = %(exercise)s::boolean)
      and (%(from)s::timestamptz is null or i.changed_at >= %(from)s::timestamptz)
      and (%(to)s::timestamptz is null or i.opened_at < %(to)s::timestamptz)
      and (%(before_id)s::bigint is null
           or (i.opened_at, i.id) < (%(before_time)s::timestamptz, %(before_id)s::bigint))
      and (%(division)s::text is null
           or exists (select from incident_cells c where c.incident_id = i.id
                      and (c.township_id in (select id from below) or c.grid_id in (select id from below))))
    order by i.opened_at desc, i.id desc
    limit %(limit)s
)
select i.id, i.family, i.level, i.peak, i.state, i.exercise, i.opened_at, i.changed_at, i.closed_at, i.alerts,
       (select sum(number) from unnest(i.open_alerts) number)::integer as open_alerts,
       i.lon, i.lat, i.pace, i.spread_m_per_h, i.spread_bearing,
       array(select distinct c.township_id from incident_cells c
             where c.incident_id = i.id and c.township_id is not null order by 1) as townships,
       array(select distinct c.grid_id from incident_cells c
             where c.incident_id = i.id and c.grid_id is not null order by 1) as grids,
       array(select distinct c.place from incident_cells c
             where c.incident_id = i.id and c.township_id is null and c.grid_id is null order by 1) as places,
       array(select part.id from incidents part where part.merged_into = i.id order by 1) as absorbed
from chosen i
order by i.opened_at desc, i.id desc

-- name: incident_root
select coalesce(merged_into, id) from incidents where id = %(id)s

-- name: division_names
-- As they were called at that time, with what they lie in.
select v.division_id, v.code, v.name, parent.name
from division_versions v
left join division_versions parent
       on parent.division_id = v.parent_id and parent.valid @> %(at)s::timestamptz and upper_inf(parent.recorded)
where v.division_id = any(%(ids)s) and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
order by v.code

-- name: incident_story
-- Without the alerts one by one: how many joined between two other things.
with rows as (
    select t.*, count(*) filter (where t.kind <> 'joined') over (order by t.id) as part
    from incident_transitions t where t.incident_id = %(id)s
)
select min(time), kind, count(*), (array_agg(from_level order by id))[1], (array_agg(to_level order by id desc))[1],
       (array_agg(other_id order by id))[1]
from rows group by part, kind = 'joined', kind
order by min(id)

-- name: incident_alerts
select m.alert_id from alert_incidents m where m.incident_id = %(id)s order by m.alert_id limit %(limit)s

-- name: clock
-- The pipelines' clock: the latest that one of them was given.
select coalesce(max(clock), now()) from partitions

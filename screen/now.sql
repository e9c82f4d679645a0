-- What needs a person now, in the scope of whoever asks. `at` is the pipeline's clock; `division`: no more than what lies
-- in it, null for all.

-- name: incidents
-- Open ones, the gravest first, then the one that has waited longest for an answer. An alert waits while nobody has
-- acknowledged it; what is put aside or hidden behind a graver one waits for nobody.
with shown as (
    select i.id, i.family, i.level, i.exercise, i.opened_at, i.lon, i.lat, i.alerts
    from incidents i
    where i.state = 'open' and i.level <> 'none'
), members as (
    select coalesce(first.merged_into, first.id) as incident_id, a.id, a.level, a.opened_at,
           a.state = 'open' and a.suppressed_by is null and a.inhibited_by is null as waits,
           a.suppressed_by is null and a.inhibited_by is null as counts, a.state <> 'open' as answered,
           coalesce(nullif(s.label, ''), nullif(a.title, ''), alert_name(a), '') as label
    from alerts a
    join incidents first on first.id = a.incident_id
    left join sensors s on s.id = a.sensor_id
    where a.state in ('open', 'acknowledged', 'in_hand')
), told as (
    select incident_id, count(*) filter (where waits)::integer as waiting,
           min(opened_at) filter (where waits) as waiting_since,
           count(*) filter (where answered)::integer as acknowledged,
           count(*) filter (where counts)::integer as open_alerts,
           array_agg(id order by array_position(array['red', 'orange', 'yellow', 'blue'], level), opened_at, id)
               as alert_ids,
           (array_agg(label order by array_position(array['red', 'orange', 'yellow', 'blue'], level), opened_at, id))[1]
               as label
    from members group by incident_id
), their_runs as (
    select distinct coalesce(first.merged_into, first.id) as incident_id, run.id
    from plan_runs run
    join run_alerts joined on joined.run_id = run.id
    join alerts a on a.id = joined.alert_id
    join incidents first on first.id = a.incident_id
    where run.state in ('proposed', 'open') and coalesce((run.plan #>> '{privacy,show_on_wall}')::boolean, true)
), called as (
    select run_id, count(*)::integer as called, count(*) filter (where answered)::integer as answered
    from (
        select distinct on (task_id, division_id) run_id,
               num_nonnulls(acknowledged_at, on_site_at, done_at) > 0 as answered
        from assignments
        where called_at is not null and run_id in (select id from their_runs)
        order by task_id, division_id, round desc
    ) newest group by run_id
), plans as (
    select their_runs.incident_id, array_agg(their_runs.id order by their_runs.id) as runs,
           coalesce(sum(called.called), 0)::integer as called, coalesce(sum(called.answered), 0)::integer as answered
    from their_runs left join called on called.run_id = their_runs.id
    group by their_runs.incident_id
)
select shown.id, shown.family, shown.level, shown.exercise, shown.opened_at, shown.lon, shown.lat,
       coalesce(told.open_alerts, 0) as open_alerts, shown.alerts, coalesce(told.waiting, 0) as waiting,
       told.waiting_since, coalesce(told.acknowledged, 0) as acknowledged, coalesce(told.alert_ids, '{}') as alert_ids,
       coalesce(told.label, '') as label, place.townships, place.name as township, place.district,
       coalesce(plans.runs, '{}') as runs, coalesce(plans.called, 0) as called,
       coalesce(plans.answered, 0) as answered, count(*) over ()::integer as all_of_them
from shown
left join told on told.incident_id = shown.id
left join plans on plans.incident_id = shown.id
cross join lateral (
    select count(distinct cell.township_id)::integer as townships,
           case when count(distinct cell.township_id) = 1 then max(version.name) end as name,
           case when count(distinct version.parent_id) = 1 then max(above.name) end as district
    from incident_cells cell
    left join division_versions version
           on version.division_id = cell.township_id and version.valid @> %(at)s::timestamptz
          and upper_inf(version.recorded)
    left join division_versions above
           on above.division_id = version.parent_id and above.valid @> %(at)s::timestamptz
          and upper_inf(above.recorded)
    where cell.incident_id = shown.id
) place
order by array_position(array['red', 'orange', 'yellow', 'blue'], shown.level), told.waiting_since nulls last,
         shown.opened_at, shown.id
limit %(most)s

-- name: silent
-- Whose silence is an open alert, as the rules judge it: gateways first, then sensors, the longest silent first.
-- Sensors behind a silent gateway are its own: they are counted with it. What is put aside is silent all the same.
with below as materialized (
    select array(select descendant_id from division_closure where ancestor_id = %(division)s::integer) as ids
), quiet as (
    select a.id, a.subject, a.subject >> 32 = 0 as sensor, a.sensor_id, a.opened_at, a.township_id, a.exercise,
           a.inhibited_by is not null as behind_gateway
    from alerts a, below
    where a.kind = 'silence' and a.state in ('open', 'acknowledged', 'in_hand')
      and (%(division)s::integer is null or a.township_id = any(below.ids) or a.grid_id = any(below.ids))
), counted as (
    select count(*) filter (where sensor)::integer as sensors, count(*) filter (where not sensor)::integer as gateways,
           count(*) filter (where not behind_gateway)::integer as nameable
    from quiet
), first_ones as (
    select * from quiet where not behind_gateway order by sensor, opened_at, id limit %(most)s
)
select case when one.sensor then 'sensor' else 'gateway' end as kind,
       coalesce(one.sensor_id, (one.subject & 4294967295)::integer) as number,
       coalesce(nullif(sensors.label, ''), sensors.name, devices.name, '') as name, coalesce(sensors.quantity, '') as quantity,
       coalesce(last.time, one.opened_at) as since,
       (select count(*) from devices other join sensors on sensors.device_id = other.id
        where not one.sensor and other.gateway = devices.name)::integer as behind,
       version.name as township, above.name as district, one.exercise, counted.sensors, counted.gateways,
       counted.nameable
from counted left join first_ones one on true
left join sensors on sensors.id = one.sensor_id
left join devices on not one.sensor and devices.id = (one.subject & 4294967295)::integer
left join lateral (
    select time from readings where sensor_id = one.sensor_id order by time desc limit 1
) last on true
left join division_versions version
       on version.division_id = one.township_id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
left join division_versions above
       on above.division_id = version.parent_id and above.valid @> %(at)s::timestamptz and upper_inf(above.recorded)
order by one.sensor, since, one.id

-- name: blind
-- Townships where nothing measures: how many, of how many; and sensors of which nothing came yet, or that lie nowhere.
with in_view as materialized (
    select division.id from divisions division
    where division.level = 'township'
      and (%(division)s::integer is null or division.id in (
          select descendant_id from division_closure where ancestor_id = %(division)s::integer))
      and (sees_all() or division.id in (select in_scope()))
), townships as materialized (
    -- One by one: a city has sixty grids to each township, and their versions are in the same table.
    select in_view.id, exists (
        select from sensor_divisions place
        where place.level = 'township' and place.division_id = in_view.id
          and upper_inf(place.recorded) and place.valid @> %(at)s::timestamptz
    ) as measures
    from in_view cross join lateral (
        select from division_versions
        where division_id = in_view.id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
    ) version
), sensors_seen as (
    select scope.id, place.division_id from sensors_in_scope() scope (id)
    left join sensor_divisions place
           on place.sensor_id = scope.id and place.level = 'township' and upper_inf(place.recorded)
          and place.valid @> %(at)s::timestamptz
    where %(division)s::integer is null
    union all
    select place.sensor_id, place.division_id from sensor_divisions place
    where %(division)s::integer is not null and place.division_id = any(array(select id from in_view))
      and upper_inf(place.recorded) and place.valid @> %(at)s::timestamptz
)
select (select count(*) from townships where not measures)::integer as townships,
       (select count(*) from townships)::integer as all_of_them,
       (select count(*) from sensors_seen
        where not exists (select from heard_by where heard_by.sensor_id = sensors_seen.id))::integer as unheard,
       (select count(*) from sensors_seen where division_id is null)::integer as unplaced

-- name: incident
-- One, under the number that it has now.
select one.id, one.family, one.level, one.peak, one.state, one.exercise, one.opened_at, one.lon, one.lat
from incidents asked
join incidents one on one.id = coalesce(asked.merged_into, asked.id)
where asked.id = %(id)s

-- name: incident_alerts
-- Those that are open and neither put aside nor hidden behind a graver one, the gravest first.
select a.id, a.rule_id, a.kind, a.sensor_id, a.level, a.state, a.value, a.opened_at, a.exercise, a.lon, a.lat,
       coalesce(nullif(s.label, ''), nullif(a.title, ''), alert_name(a), '') as label, coalesce(s.unit, '') as unit,
       version.name as township
from alerts a
join incidents first on first.id = a.incident_id
left join sensors s on s.id = a.sensor_id
left join division_versions version
       on version.division_id = a.township_id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
where coalesce(first.merged_into, first.id) = %(id)s and a.state in ('open', 'acknowledged', 'in_hand')
  and a.suppressed_by is null and a.inhibited_by is null
order by array_position(array['red', 'orange', 'yellow', 'blue'], a.level), a.state <> 'open', a.opened_at, a.id
limit %(most)s

-- name: incident_runs
select distinct run.id
from plan_runs run
join run_alerts joined on joined.run_id = run.id
join alerts a on a.id = joined.alert_id
join incidents first on first.id = a.incident_id
where coalesce(first.merged_into, first.id) = %(id)s and run.state in ('proposed', 'open')
  and coalesce((run.plan #>> '{privacy,show_on_wall}')::boolean, true)
order by run.id limit %(most)s

-- name: run_plans
select id, plan from plan_runs where id = any(%(runs)s)

-- name: footprint
-- The divisions of an incident, a grid where its alerts have one, and those of the same level that touch them.
with cells as (
    select distinct coalesce(grid_id, township_id) as id, grid_id is not null as grid, township_id
    from incident_cells where incident_id = %(id)s and num_nonnulls(grid_id, township_id) > 0
    limit %(most)s
), touching as (
    select distinct touches.other_id as id, cells.grid, null::integer as township_id
    from cells join division_touches touches
      on touches.division_id = cells.id and upper_inf(touches.recorded) and touches.valid @> %(at)s::timestamptz
    where touches.other_id not in (select id from cells)
    limit %(most)s
)
select part.id, part.touching, part.grid, version.code, version.name, above.name as parent, boundary.geometry,
       coalesce(boundary.derived, false) as derived
from (select id, grid, false as touching from cells union all select id, grid, true from touching) part
join division_versions version
  on version.division_id = part.id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
left join division_versions above
       on above.division_id = version.parent_id and above.valid @> %(at)s::timestamptz and upper_inf(above.recorded)
left join boundary_versions boundary
       on boundary.division_id = part.id and boundary.valid @> %(at)s::timestamptz and upper_inf(boundary.recorded)
order by part.touching, version.name, part.id

-- name: people_in_need
-- Numbers alone, of the footprint: of its grids, and of the townships where the alerts had no grid.
select residents.kind, count(*)::integer as n
from residents
where residents.valid @> %(at)s::timestamptz and residents.division_id in (
    select below.descendant_id from incident_cells cell
    join division_closure below on below.ancestor_id = coalesce(cell.grid_id, cell.township_id)
    where cell.incident_id = %(id)s)
group by residents.kind order by residents.kind

-- name: tour_places
-- Districts of the scope, in the order of their codes, and those that hold a part of it.
select distinct version.division_id as id, version.name, version.code
from divisions
join division_versions version
  on version.division_id = divisions.id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
where divisions.level = 'district' and (sees_all() or divisions.id in (select around_scope()))
order by version.code

-- name: tour_sensors
-- What stands there, those with levels of their own first.
select sensor.id, coalesce(nullif(sensor.label, ''), sensor.name) as name, sensor.quantity, sensor.unit, last.time,
       last.value, count(*) over ()::integer as all_of_them
from sensors_placed(%(at)s) sensor
join sensor_divisions lies
  on lies.sensor_id = sensor.id and upper_inf(lies.recorded) and lies.valid @> %(at)s::timestamptz
 and lies.level = 'township'
join division_closure within on within.descendant_id = lies.division_id and within.ancestor_id = %(division)s
left join lateral (
    select time, value from readings where sensor_id = sensor.id order by time desc limit 1
) last on true
order by sensor.levels = '{}', sensor.quantity, sensor.name limit %(most)s

-- name: tour_townships
select below.descendant_id
from division_closure below
join divisions on divisions.id = below.descendant_id and divisions.level in ('district', 'township')
where below.ancestor_id = %(division)s and (sees_all() or below.descendant_id in (select in_scope()))

-- name: store_states
-- As all that writes them: in the order of rule and subject, since partitions may share a gateway's or a division's.
insert into rule_states (rule_id, subject, state, partition)
select * from jsonb_to_recordset(%(rows)s) as (rule_id text, subject bigint, state jsonb, partition text)
order by rule_id, subject
on conflict (rule_id, subject) do update set state = excluded.state, partition = excluded.partition

-- name: forget_states
with gone as materialized (
    select rule_states.rule_id, rule_states.subject
    from jsonb_to_recordset(%(rows)s) as named(rule_id text, subject bigint) join rule_states using (rule_id, subject)
    order by rule_id, subject for update of rule_states
)
delete from rule_states using gone
where rule_states.rule_id = gone.rule_id and rule_states.subject = gone.subject
returning rule_states.rule_id, rule_states.subject

-- name: states
select rule_id, subject, state from rule_states
where %(partition)s::text is null or partition is null or partition = %(partition)s

-- name: walk_partitions_newest_first
-- Over hundreds of days the planner would rather gather a sensor from every partition and sort.
set local enable_sort = off

-- name: heads
-- One probe of the primary key for each sensor; the newest partition that has it ends the search.
-- What no rule judged did not move a head.
select sensors.id, (extract(epoch from newest.time) * 1000000)::bigint, newest.value
from sensors
cross join lateral (
    select time, value from readings where sensor_id = sensors.id and judged order by time desc limit 1
) newest
where not exists (select from heard_by where sensor_id = sensors.id and partition <> %(partition)s)

-- name: past
-- What was judged of these sensors, each from its own time on.
select readings.sensor_id, (extract(epoch from readings.time) * 1000000)::bigint, readings.value
from jsonb_to_recordset(%(needs)s) as need(sensor_id integer, since timestamptz)
join readings on readings.sensor_id = need.sensor_id and readings.time >= need.since
where readings.judged

-- name: sort_in_memory
-- What is kept of 100,000 sensors is tens of megabytes; only for this transaction.
set local work_mem = '256MB'

-- name: kept_readings
-- For windows: packed on the server, one row for each sensor, as a million rows would be a million objects here.
-- The bound by the oldest of all leaves out other days. No temporary table: a pipeline starts on a full disk, too.
select string_agg(int4send(readings.sensor_id) || timestamptz_send(readings.time) || float8send(readings.value), '')
from unnest(%(sensors)s::integer[], %(since_us)s::bigint[]) as kept (sensor_id, since_us)
join readings on readings.sensor_id = kept.sensor_id
    and readings.time >= timestamptz 'epoch' + kept.since_us * interval '1 microsecond'
where readings.judged and readings.time >= %(oldest)s
group by readings.sensor_id

-- name: subjects
-- Where they stand and belong now; a retired one has no rules. Most have no levels: then there is no JSON to read.
select sensors.id as sensor_id, sensors.name, sensors.quantity, sensors.unit, sensors.datum,
       nullif(sensors.levels, '{}') as levels,
       sensors.interval_s, sensors.device_id, gateways.id as gateway_id, place.lon, place.lat,
       lies.grid_id, lies.township_id, lies.divisions, lies.codes
from sensors
join devices on devices.id = sensors.device_id
left join devices gateways on gateways.name = devices.gateway
left join sensor_places place on place.sensor_id = sensors.id and place.valid @> now() and upper_inf(place.recorded)
left join (
    select sensor_divisions.sensor_id,
           max(sensor_divisions.division_id) filter (where sensor_divisions.level = 'grid') as grid_id,
           max(sensor_divisions.division_id) filter (where sensor_divisions.level = 'township') as township_id,
           array_agg(sensor_divisions.division_id) as divisions,
           array_agg(division_versions.code) as codes
    from sensor_divisions
    join division_versions using (division_id)
    where sensor_divisions.valid @> now() and upper_inf(sensor_divisions.recorded)
      and division_versions.valid @> now() and upper_inf(division_versions.recorded)
    group by sensor_divisions.sensor_id
) lies on lies.sensor_id = sensors.id
where place.reason is distinct from 'retired'
  and not exists (select from heard_by where sensor_id = sensors.id and partition <> %(partition)s)
order by sensors.id

-- name: touches
select division_id, array_agg(other_id) from division_touches
where level = 'grid' and valid @> now() and upper_inf(recorded)
group by division_id

-- name: warnings_in_force
-- Of all times: a late reading is judged by what was in force at its own.
select warning_divisions.division_id, warnings.event_code as event, warnings.level,
       (extract(epoch from warnings.effective) * 1000000)::bigint as from_us,
       (extract(epoch from warnings.ends) * 1000000)::bigint as to_us
from warnings
join warning_divisions on warning_divisions.warning_id = warnings.id
where (warnings.status = 'actual' or warnings.status = 'exercise' and is_exercise())
  and warnings.level is not null and warnings.msg_type <> 'cancel'
  and warnings.ends > warnings.effective

-- name: heard_by
select sensor_id, partition from heard_by

-- name: hear
insert into heard_by (partition, sensor_id)
select %(partition)s, sensor_id from unnest(%(sensors)s::integer[]) as sensor_id order by sensor_id
on conflict (sensor_id) do nothing

-- name: hear_instead
-- The devices and gateways of what is taken over, whose states come along.
with mine as materialized (
    select sensor_id from heard_by where sensor_id = any(%(sensors)s) order by sensor_id for no key update
), taken as (
    update heard_by set partition = %(partition)s
    where sensor_id in (select sensor_id from mine) returning sensor_id
)
select distinct behind.kind, behind.id from taken
join sensors on sensors.id = taken.sensor_id
join devices on devices.id = sensors.device_id
cross join lateral (
    values ('device', devices.id), ('gateway', (select id from devices gateways where gateways.name = devices.gateway))
) as behind (kind, id)
where behind.id is not null

-- name: move_states
with moved as materialized (
    select rule_id, subject from rule_states where subject = any(%(subjects)s)
    order by rule_id, subject for no key update
)
update rule_states set partition = %(partition)s from moved
where rule_states.rule_id = moved.rule_id and rule_states.subject = moved.subject

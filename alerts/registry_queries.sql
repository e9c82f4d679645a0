-- name: sensors
-- All as columns, with what they read as numbers: the place among the sorts, which come with them.
with sorts as materialized (
    select row_number() over () - 1 as n, quantity, unit, datum
    from (select distinct quantity, unit, datum from sensors) each
)
select (select array_agg(quantity order by n) from sorts), (select array_agg(unit order by n) from sorts),
       (select array_agg(datum order by n) from sorts),
       array_agg(sensors.id), array_agg(sorts.n), array_agg(device_id), array_agg(interval_s is not null)
from sensors
join sorts on sorts.quantity = sensors.quantity and sorts.unit = sensors.unit
     and sorts.datum is not distinct from sensors.datum

-- name: retired
select coalesce(array_agg(sensor_id), '{}') from sensor_places
where reason = 'retired' and valid @> now() and upper_inf(recorded)

-- name: lies
-- What each sensor lies in now, as columns by level.
select level, array_agg(sensor_id) as sensor, array_agg(division_id) as division
from sensor_divisions
where valid @> now() and upper_inf(recorded)
group by level

-- name: districts
-- Which district each township belongs to now.
select coalesce(array_agg(division_id), '{}'), coalesce(array_agg(parent_id), '{}')
from division_versions join divisions on divisions.id = division_id
where level = 'township' and parent_id is not null and upper_inf(valid) and upper_inf(recorded)

-- name: gateways
-- Which device speaks for which.
select coalesce(array_agg(devices.id), '{}'), coalesce(array_agg(gateways.id), '{}')
from devices join devices gateways on gateways.name = devices.gateway

-- name: placed
-- Sensors of which it is known where they stand.
select coalesce(array_agg(sensor_id), '{}') from sensor_places
where valid @> now() and upper_inf(recorded) and lon is not null

-- name: divisions_of_code
-- The divisions that have this code now.
select division_id from division_versions where code = %(code)s and valid @> now() and upper_inf(recorded)

-- name: sensors_of_names
select id from sensors where name = any(%(names)s)

-- name: labels
-- What people call some sensors.
select id, coalesce(nullif(label, ''), name) from sensors where id = any(%(sensors)s)

-- name: townships
-- By district.
select township.division_id, township.name, district.division_id, district.name
from division_versions township
left join division_versions district on district.division_id = township.parent_id
     and upper_inf(district.recorded) and upper_inf(district.valid)
where township.division_id = any(%(divisions)s) and upper_inf(township.recorded) and upper_inf(township.valid)
order by district.name nulls first, township.division_id

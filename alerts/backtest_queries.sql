-- What a back-test reads.

-- name: copy_readings
copy (
    select sensor_id, time, value from readings
    where sensor_id = any(%(sensors)s) and time >= %(begin)s and time < %(end)s
    order by time, sensor_id
) to stdout (format binary)

-- name: count_readings
-- Never counts further than it must: %(limit)s is one more than is allowed.
select count(*) from (
    select from readings
    where sensor_id = any(%(sensors)s) and time >= %(begin)s and time < %(end)s
    limit %(limit)s
) counted

-- name: divisions
-- Districts and townships as they are now, each with its code and what it is called.
select divisions.id, divisions.level, version.code, version.name, version.parent_id
from divisions join division_versions version on version.division_id = divisions.id
where divisions.level in ('district', 'township') and version.valid @> now() and upper_inf(version.recorded)

-- name: known_codes
select code from division_versions where code = any(%(codes)s)

-- name: device_names
select id, name from devices

-- name: official_warnings
-- Of these events and townships, everything that was in force at some time of the span.
select w.event_code, c.division_id, w.level, (extract(epoch from w.effective) * 1000000)::bigint,
       (extract(epoch from w.ends) * 1000000)::bigint
from warnings w join warning_divisions c on c.warning_id = w.id
where w.event_code = any(%(events)s) and w.level is not null and w.ends > w.effective
  and w.ends > %(begin)s and w.effective < %(end)s
  and (w.status = 'actual' or w.status = 'exercise' and is_exercise())
order by c.division_id, w.event_code, w.effective, w.id

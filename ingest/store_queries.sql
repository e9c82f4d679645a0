-- name: copy_readings
copy readings (sensor_id, time, value, late, judged) from stdin (format binary)

-- name: stored_values
-- What is stored under each of these keys, in their order; null: nothing. The bounds let
-- the planner leave out the other days, the subquery keeps it to one index look-up a key.
select array_agg((
           select r.value from readings r
           where r.sensor_id = key.sensor_id and r.time = key.time
             and r.time between %(oldest)s::timestamptz and %(newest)s::timestamptz
       ) order by key.place)
from unnest(%(sensor)b::integer[], %(time)b::timestamptz[]) with ordinality as key (sensor_id, time, place)

-- name: ensure_days
select ensure_readings_partition(day)
from unnest(%(days)b::date[]) as day order by day

-- name: mark_rollups
select mark_rollups(%(hours)b::timestamptz[])

-- name: set_lock_timeout
select set_config('lock_timeout', %(limit)s, true)

-- name: ensure_day
-- As every step of upkeep it tells a number.
select 1 from ensure_readings_partition(%(day)s)

-- name: drop_readings
select drop_readings_before(%(oldest)s)

-- name: refresh_rollups
call refresh_rollups(%(until)s, null)

-- name: forget_released
with gone as (delete from quarantine where state = 'released' and released_at < %(before)s returning 1)
select count(*) from gone

-- name: copy_readings
copy readings (sensor_id, time, value, late, judged) from stdin (format binary)

-- What is stored under each of these keys, in their order; null: nothing. The bounds let
-- the planner leave out the other days, the subquery keeps it to one index look-up a key.
-- name: stored_values
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

-- name: copy_readings
copy readings (sensor_id, time, value, late, judged, suspect) from stdin (format binary)

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

-- name: refresh_closure
-- What lies in what changes by time alone, where a version becomes valid that was recorded before.
select 1 from refresh_division_closure()

-- name: forget_unknown_names
-- Names that nobody has, and nobody tried of late.
with gone as (delete from unknown_names where tried_at < %(before)s returning 1) select count(*) from gone

-- name: drop_readings
select drop_readings_before(%(oldest)s)

-- name: refresh_rollups
call refresh_rollups(%(until)s, null)

-- name: drop_live_events
-- The oldest first, so many at a time; never the newest, for its number is what screens resume from.
with gone as (
    delete from live_events
    where recorded_at < %(before)s and id < (select max(id) from live_events)
      and id in (select id from live_events order by id limit %(most)s)
    returning 1
), told as (
    update ledger_dropped set before = greatest(before, %(before)s), entries = entries + (select count(*) from gone)
    where what = 'live_events' and exists (select from gone)
)
select count(*) from gone

-- name: sum_up_intake
-- A day's minutes become one row at its midnight, so that the sums stay what they were.
with old as (
    delete from intake
    where minute < %(before)s and minute <> date_trunc('day', minute, 'UTC')
    returning *
), summed as (
    insert into intake as i
        (partition, minute, last_at, messages, readings, stored, repeats, quarantined, late, unlocated)
    select partition, date_trunc('day', minute, 'UTC'), max(last_at), sum(messages), sum(readings), sum(stored),
           sum(repeats), sum(quarantined), sum(late), sum(unlocated)
    from old group by 1, 2
    on conflict (partition, minute) do update
        set last_at = greatest(i.last_at, excluded.last_at), messages = i.messages + excluded.messages,
            readings = i.readings + excluded.readings, stored = i.stored + excluded.stored,
            repeats = i.repeats + excluded.repeats, quarantined = i.quarantined + excluded.quarantined,
            late = i.late + excluded.late, unlocated = i.unlocated + excluded.unlocated
)
select count(*) from old

-- name: forget_released
with gone as (
    delete from quarantine where state = 'released' and released_at < %(before)s returning count as seen
), told as (
    update ledger_dropped set entries = entries + (select sum(seen) from gone)
    where what = 'quarantine' and exists (select from gone)
)
select count(*) from gone

-- name: forget_held
-- What somebody asked to be put through again is not held any more. The first column has an index.
with gone as (
    delete from quarantine
    where state in ('held', 'counted') and first_seen < %(before)s and last_seen < %(before)s returning count as seen
), told as (
    update ledger_dropped set entries = entries + (select sum(seen) from gone)
    where what = 'quarantine' and exists (select from gone)
)
select count(*) from gone

-- Everything the screen reads. `at` is the pipeline's clock: a place or a boundary is
-- shown as it was valid then, by what the database knows now.

-- name: clock
-- The injected clock where a scenario tells one, else null; and this server's own time.
select max(clock) as injected, now() as wall from partitions;

-- name: last_event_id
select coalesce(max(id), 0) from live_events;

-- name: events_since
select id, kind, payload from live_events where id > %(after)s order by id limit %(limit)s;

-- name: missed_events
-- The newest of what a client that saw `after` has not seen.
select id, kind, payload from (
    select id, kind, payload from live_events where id > %(after)s and id <= %(upto)s order by id desc limit %(limit)s
) newest order by id;

-- name: stations
select s.id, s.name, s.label, s.quantity, s.unit, s.datum, s.river, s.levels, s.source, s.interval_s,
       s.lon, s.lat,
       lies.township as township_id, tv.name as township,
       dv.name as district, b.derived as derived
from sensors_placed(%(at)s, %(sensors)s::integer[]) s
left join lateral (
    select max(division_id) filter (where level = 'township') as township,
           max(division_id) filter (where level = 'district') as district
    from sensor_divisions where sensor_id = s.id and valid @> %(at)s::timestamptz and upper_inf(recorded)
) lies on true
-- One by one, and each division once (the planner remembers them): not all names of the city.
left join lateral (
    select name, parent_id from division_versions
    where division_id = lies.township and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = coalesce(lies.district, tv.parent_id)
      and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
left join lateral (
    select derived from boundary_versions
    where division_id = lies.township and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) b on true
order by s.id;

-- name: last_values
select sensor_id as id, times[1] as time, readings[1] as value, readings[2] as previous
from newest_readings(%(sensors)s::integer[]) order by sensor_id;

-- name: newest_of_all
-- With times in µs since 1970.
select sensor_id, (extract(epoch from times[1]) * 1000000)::bigint, readings[1], readings[2] from newest_readings();

-- name: batches_since
-- What batches wrote that were committed after those of the marks; `numbers` of the `partitions`.
select told.partition, batch.number, batch.readings
from (select name as partition from partitions) told
left join unnest(%(partitions)s::text[], %(numbers)s::bigint[]) as mark (partition, number) using (partition)
cross join lateral (
    select number, readings from live_batches
    where live_batches.partition = told.partition and number > coalesce(mark.number, 0)
) batch
order by told.partition, batch.number;

-- name: batch_marks
select partition, max(number) from live_batches group by partition;

-- name: may_view
select may_view(%(division)s);

-- name: sensors_in_view
select sensors_in_view(%(division)s) limit %(most)s;

-- name: open_alerts
-- What is put aside (suppressed) or hidden behind a graver one (inhibited) is counted, not shown.
select a.id, a.rule_id, a.subject, a.kind, a.family, a.sensor_id, coalesce(s.name, alert_name(a), '') as sensor,
       coalesce(s.label, case when a.subject >> 32 in (0, 4) then a.title else alert_name(a) end, '') as label,
       coalesce(s.unit, '') as unit, s.datum, coalesce(s.river, '') as river, coalesce(s.quantity, '') as quantity,
       a.township_id, tv.name as township, dv.name as district,
       a.level, a.peak, a.state, a.value, a.exercise, a.opened_at, a.changed_at, a.lon, a.lat
from alerts a
left join sensors s on s.id = a.sensor_id
left join division_versions tv
       on tv.division_id = a.township_id
      and tv.valid @> %(at)s::timestamptz and upper_inf(tv.recorded)
left join division_versions dv
       on dv.division_id = tv.parent_id
      and dv.valid @> %(at)s::timestamptz and upper_inf(dv.recorded)
where a.state in ('open', 'acknowledged', 'in_hand') and a.suppressed_by is null and a.inhibited_by is null
order by array_position(array['red', 'orange', 'yellow', 'blue'], a.level), a.changed_at, a.id;

-- name: open_runs
-- The board is what walls show: without the plans that are not for them (their page: /runs).
select r.id, r.plan_id, r.township_id, tv.name as township, dv.name as district,
       r.level, r.exercise, r.started_at
from plan_runs r
left join division_versions tv
       on tv.division_id = r.township_id
      and tv.valid @> %(at)s::timestamptz and upper_inf(tv.recorded)
left join division_versions dv
       on dv.division_id = tv.parent_id
      and dv.valid @> %(at)s::timestamptz and upper_inf(dv.recorded)
where r.state = 'open' and coalesce((r.plan #>> '{privacy,show_on_wall}')::boolean, true)
order by array_position(array['red', 'orange', 'yellow', 'blue'], r.level), r.started_at, r.id;

-- name: open_tasks
select t.run_id, t.task_key, t.post, t.backup, t.what, t.after, t.due_at, t.repeat_min, t.state
from tasks t join plan_runs r on r.id = t.run_id
where r.state = 'open' and coalesce((r.plan #>> '{privacy,show_on_wall}')::boolean, true)
order by t.run_id, t.due_at nulls last, t.id;

-- name: counts
select
    townships.all_of_them as townships, townships.located as townships_located,
    (select count(*) from sensors_in_scope()) as sensors,
    (select coalesce(sum(stored), 0)::bigint from intake) as readings,
    (select coalesce(sum(late), 0)::bigint from intake) as late,
    (select coalesce(sum(count), 0)::bigint from quarantine where state <> 'released') as quarantined,
    (select count(*) from alerts where state in ('open', 'acknowledged', 'in_hand')
       and suppressed_by is not null) as suppressed,
    (select count(*) from alerts where state in ('open', 'acknowledged', 'in_hand')
       and suppressed_by is null and inhibited_by is not null) as inhibited
from (
    select count(*) as all_of_them, count(v.lon) as located
    from divisions d
    -- One by one: a city has sixty grids to each township, and their versions are in the same table.
    cross join lateral (
        select lon from division_versions
        where division_id = d.id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
    ) v
    where d.level = 'township'
) townships;

-- name: quarantined_by_reason
select reason, sum(count)::bigint from quarantine where state <> 'released' group by reason order by reason;

-- name: series
-- The newest readings of one sensor, oldest first; `at`: at that time, null: now.
select time, value from (
    select time, value from readings
    where sensor_id = %(sensor)s and time <= coalesce(%(at)s::timestamptz, 'infinity')
    order by time desc limit %(limit)s
) newest order by time;

-- name: sensor_exists
select exists (select from sensors where id = %(sensor)s);

-- name: layer_stamp
-- Changes whenever what a layer shows at `at` can have changed: something was recorded,
-- or `at` crossed the border of a version's validity.
select
    (select jsonb_build_array(max(id), max(lower(recorded)), max(upper(recorded)),
        max(lower(valid)) filter (where lower(valid) <= %(at)s),
        max(upper(valid)) filter (where upper(valid) <= %(at)s)) from division_versions)::text
 || (select jsonb_build_array(max(id), max(lower(recorded)), max(upper(recorded)),
        max(lower(valid)) filter (where lower(valid) <= %(at)s),
        max(upper(valid)) filter (where upper(valid) <= %(at)s)) from boundary_versions)::text;

-- name: alert_seen
-- Whether an alert lies in the scope of whoever asks.
select id from alerts where id = %(id)s;

-- name: may_end_suppression
-- One that holds back no more than what lies in the scope; a rule that is put aside everywhere, only who sees all.
select id from suppressions
where id = %(id)s
  and (sees_all() or division_id in (select in_scope()) or division_id is null and subject_within_scope(subject));

-- name: divisions_of_code
-- Every division that has the code today: two lists number some townships alike.
select division_id from division_versions where code = %(code)s and valid @> now() and upper_inf(recorded);

-- name: areas_of_message
-- Of each part of an official warning that an update would end.
select area_codes from warnings where sender = %(sender)s and identifier = %(identifier)s;

-- name: events_shown
-- Of these events those that whoever asks may be told.
select id from live_events where id = any(%(ids)s) order by id;

-- name: division_stamp
-- A number that every change of divisions moves on, and the pipeline's clock.
select number, coalesce((select max(clock) from partitions), now()) from division_changes;

-- name: proposals_stamp
-- Of the grid networks that wait for a planner in the scope: it differs when others do.
select count(*), max(made_at) from boundary_proposals where draft_id is null;

-- name: proposals_shown
select p.township_id, g.number, g.code, g.name, g.geometry
from boundary_proposals p join boundary_proposed_grids g on g.proposal_id = p.id
where p.draft_id is null order by p.township_id, g.number;

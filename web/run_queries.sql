-- Runs as their pages show them, in the scope of whoever asks. `wall`: whether it is a wall screen, on which some
-- plans are not shown.

-- name: runs
select run.id, run.plan_id, coalesce(nullif(run.name, ''), run.plan_id) as name, run.township_id,
       township.name as township, district.name as district, run.level, run.state, run.exercise, run.drill,
       run.started_at, run.confirm_by, run.confirmed_at, run.ended_at, run.review_due_at, run.reviewed_at,
       run.started_by, run.reason, run.plan -> 'threatened' as threatened
from plan_runs run
left join division_versions township
       on township.division_id = run.township_id and township.valid @> %(at)s::timestamptz
      and upper_inf(township.recorded)
left join division_versions district
       on district.division_id = township.parent_id and district.valid @> %(at)s::timestamptz
      and upper_inf(district.recorded)
where (%(id)s::bigint is null or run.id = %(id)s)
  and (%(states)s::text[] is null or run.state = any(%(states)s))
  and (%(before)s::bigint is null or run.id < %(before)s)
  and (%(plan)s::text is null or strpos(lower(run.name || ' ' || run.plan_id), lower(%(plan)s)) > 0)
  and (%(drill)s::boolean is null or run.exercise = %(drill)s)
  and (%(division)s::integer is null or run.township_id in
       (select descendant_id from division_closure where ancestor_id = %(division)s))
  and (not %(wall)s or coalesce((run.plan #>> '{privacy,show_on_wall}')::boolean, true))
order by run.state <> 'proposed', run.state <> 'open',
         case when run.state in ('proposed', 'open') and not run.exercise
              then array_position(array['red', 'orange', 'yellow', 'blue'], run.level)
              when run.state in ('proposed', 'open') then 9 end,
         case when run.state = 'proposed' then run.confirm_by end, run.id desc
limit %(most)s

-- name: tasks
select id, run_id, task_key as key, post, post_id, backup, what, after, state, due_at, limit_min, repeat_min,
       from_level, evidence, results, added_by is not null as added, started_at, ended_at
from tasks where run_id = any(%(runs)s)
order by run_id, added_by is not null, id

-- name: assignments
-- Of each place the newest rounds: a task that repeats every five minutes has hundreds.
with kept as (
    select id from (
        select id, round, max(round) over (partition by task_id, division_id) as newest
        from assignments where run_id = any(%(runs)s)
    ) numbered where round > newest - %(rounds)s
)
select one.id, one.task_id, one.run_id, one.division_id, place.name as place, one.round, one.state, one.person_id,
       one.due_at, one.called_at, one.acknowledged_at, one.on_site_at, one.done_at, one.ended_at, one.result,
       one.rung, one.next_at, one.overdue_at
from assignments one
left join lateral (
    select name from division_versions
    where division_id = one.division_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) place on true
where one.id in (select id from kept)
order by one.task_id, place.name, one.round desc, one.id

-- name: calls
-- With their deliveries, by rung: channel, state, rung, attempt, repeated, when it was due, sent, there, read.
select calls.id, calls.assignment_id, calls.person_id, calls.part, calls.called_at, calls.ended_at,
       coalesce((select jsonb_agg(jsonb_build_object(
                    'channel', channel, 'state', state, 'rung', rung, 'attempt', attempt, 'repeated', repeated,
                    'due_at', due_at, 'sent_at', sent_at, 'delivered_at', delivered_at, 'read_at', read_at,
                    'detail', detail) order by rung, channel, attempt)
                 from deliveries where call_id = calls.id), '[]') as deliveries
from calls
where calls.assignment_id = any(%(assignments)s)
order by calls.called_at, calls.id

-- name: answers
select answers.assignment_id, answers.person_id, answers.actor, answers.kind, answers.tapped_at, answers.received_at,
       answers.result, answers.counted
from answers
where answers.assignment_id = any(%(assignments)s)
order by answers.received_at, answers.key

-- name: acts
select id, run_id, time, kind, task_id, actor, reason, detail from run_acts where run_id = any(%(runs)s) order by id

-- name: transitions
select time, from_level, to_level, reason, actor from run_transitions where run_id = %(run)s order by id

-- name: conditions
select purpose, number, met_at, met_by from run_conditions where run_id = %(run)s

-- name: alerts
select alerts.id, alerts.rule_id, alerts.level, alerts.state, alerts.value, alerts.opened_at,
       coalesce(nullif(sensors.label, ''), nullif(alerts.title, ''), alert_name(alerts), '') as label,
       coalesce(sensors.unit, '') as unit, coalesce(alerts.lon, place.lon) as lon, coalesce(alerts.lat, place.lat) as lat
from run_alerts join alerts on alerts.id = run_alerts.alert_id
left join sensors on sensors.id = alerts.sensor_id
left join sensor_places place
       on place.sensor_id = alerts.sensor_id and place.valid @> alerts.opened_at and upper_inf(place.recorded)
where run_alerts.run_id = %(run)s
order by array_position(array['red', 'orange', 'yellow', 'blue'], alerts.level), alerts.id

-- name: plan_of_run
select plan, version_id from plan_runs where id = %(run)s

-- name: ground
-- The township of a run and its grids, as they lie now.
select lies.division_id as id, lies.is_grid, name.name, boundary.geometry, boundary.derived
from (
    select township_id as division_id, false as is_grid from plan_runs where id = %(run)s
    union all
    select grid_id, true from run_grids where run_id = %(run)s
) lies
left join division_versions name
       on name.division_id = lies.division_id and name.valid @> %(at)s::timestamptz and upper_inf(name.recorded)
left join boundary_versions boundary
       on boundary.division_id = lies.division_id and boundary.valid @> %(at)s::timestamptz
      and upper_inf(boundary.recorded)
order by lies.is_grid, name.name

-- name: run_seen
select township_id, state from plan_runs
where id = %(run)s and (not %(wall)s or coalesce((plan #>> '{privacy,show_on_wall}')::boolean, true))

-- name: account_names
-- Or of who did it by command.
select id, name from accounts where id = any(%(ids)s)
union all
select id, name from actors where id = any(%(ids)s)

-- name: grids_below
select divisions.id, version.code, version.name, above.name as village
from division_closure
join divisions on divisions.id = division_closure.descendant_id and divisions.level = 'grid'
join division_versions version on version.division_id = divisions.id and version.valid @> %(at)s::timestamptz
     and upper_inf(version.recorded)
left join division_versions above on above.division_id = version.parent_id and above.valid @> %(at)s::timestamptz
     and upper_inf(above.recorded)
where division_closure.ancestor_id = %(township)s
order by version.code limit 500

-- name: grid_ids
select grid_id from run_grids where run_id = %(run)s order by grid_id

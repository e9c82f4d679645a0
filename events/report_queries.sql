-- What a daily or weekly report is drawn from, in the scope of whoever asks. Names of places are those of the end of
-- the time; `within` is a division with all in it.

-- name: alerts
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
)
select alerts.opened_at, alerts.level, alerts.peak, coalesce(nullif(alerts.title, ''), alert_name(alerts), '') as what,
       alerts.rule_id, alerts.state, alerts.township_id, alerts.grid_id, alerts.acknowledged_at, alerts.resolved_at,
       alerts.closed_at, alerts.cause
from alerts, within
where alerts.opened_at >= %(since)s and alerts.opened_at < %(until)s and alerts.suppressed_by is null
  and (%(within)s::integer is null or alerts.township_id = any(within.ids) or alerts.grid_id = any(within.ids))
order by alerts.opened_at, alerts.id limit %(most)s

-- name: runs
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
)
select runs.id, runs.plan_id, runs.name, runs.township_id, runs.level, runs.state, runs.drill, runs.started_at,
       runs.confirmed_at,
       (select max(time) from run_acts where run_id = runs.id and kind = 'terminated') as terminated_at,
       runs.reviewed_at,
       (select count(*) from assignments where run_id = runs.id) as tasks,
       (select count(*) from assignments where run_id = runs.id and state = 'done') as done,
       (select count(*) from assignments where run_id = runs.id and overdue_at is not null) as overdue
from plan_runs runs, within
where runs.started_at < %(until)s
  and (runs.started_at >= %(since)s or runs.state in ('proposed', 'open'))
  and (%(within)s::integer is null or runs.township_id = any(within.ids))
order by runs.started_at, runs.id limit %(most)s

-- name: answered
-- Tasks that were to be answered in the time, each place and round of one.
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
)
select runs.plan_id, tasks.what, tasks.post, assignments.division_id, assignments.round, assignments.state,
       assignments.person_id, assignments.called_at, assignments.acknowledged_at, assignments.on_site_at,
       assignments.done_at, assignments.due_at, assignments.overdue_at is not null as overdue, assignments.result
from assignments
join tasks on tasks.id = assignments.task_id
join plan_runs runs on runs.id = assignments.run_id
cross join within
where assignments.called_at >= %(since)s and assignments.called_at < %(until)s
  and (%(within)s::integer is null or runs.township_id = any(within.ids))
order by assignments.called_at, assignments.id limit %(most)s

-- name: events
with within as (
    select array(select descendant_id from division_closure where ancestor_id = %(within)s::integer) as ids
)
select events.id, events.kind, events.urgent, events.way, events.reported_at, events.state, events.level,
       events.closed_level, events.closed_at, events.result, events.was_late, events.grid_id, events.village_id,
       events.township_id,
       (select min(time) from event_steps where event_id = events.id and act = 'accepted') as accepted_at,
       (select max(time) from event_steps where event_id = events.id and act = 'handled') as handled_at
from events, within
where events.reported_at >= %(since)s and events.reported_at < %(until)s
  and (%(within)s::integer is null or grid_id = any(within.ids) or village_id = any(within.ids)
       or township_id = any(within.ids) or district_id = any(within.ids))
order by events.reported_at, events.id limit %(most)s

-- name: townships
-- Of the scope, as divided then.
select divisions.id
from divisions join division_versions version on version.division_id = divisions.id
where divisions.level = 'township' and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
  and ((select sees_all()) or divisions.id in (select in_scope()) or %(owner)s)
  and (%(within)s::integer is null
       or divisions.id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
order by version.code

-- name: names
select division_id, name from division_versions
where division_id = any(%(ids)s) and valid @> %(at)s::timestamptz and upper_inf(recorded)

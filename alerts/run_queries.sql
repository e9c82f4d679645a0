-- Tasks of runs: their turn, their places.

-- name: add_grids_of_alerts
insert into run_grids (run_id, grid_id, joined_at)
select run.run_id, alerts.grid_id, min(run_alerts.joined_at)
from jsonb_to_recordset(%(rows)s) as run(run_id bigint, at timestamptz)
join run_alerts on run_alerts.run_id = run.run_id
join alerts on alerts.id = run_alerts.alert_id and alerts.grid_id is not null
group by run.run_id, alerts.grid_id
on conflict do nothing

-- name: proposed
select id, confirm_by from plan_runs where id = any(%(runs)s) and state = 'proposed'

-- name: begin_tasks
update tasks set
    started_at = run.at,
    due_at = coalesce(tasks.due_at, run.at + make_interval(mins =>
        coalesce(case plan_runs.level when 'red' then tasks.limit_red_min end, tasks.limit_min, tasks.repeat_min)))
from jsonb_to_recordset(%(rows)s) as run(run_id bigint, at timestamptz)
join plan_runs on plan_runs.id = run.run_id and plan_runs.state = 'open'
where tasks.run_id = run.run_id and tasks.started_at is null and tasks.state = 'waiting'
  and coalesce(array_position(%(levels)s::text[], tasks.from_level)
               <= array_position(%(levels)s::text[], plan_runs.level), true)
  and not exists (
      select from tasks before
      where before.run_id = tasks.run_id and before.task_key = any(tasks.after)
        and before.state not in ('done', 'skipped', 'stood_down'))

-- name: assign_tasks
-- To the grids that joined since, too: from then on they have as long as the others had.
insert into assignments (task_id, run_id, division_id, state, due_at, next_at)
select tasks.id, tasks.run_id, place.division_id, 'waiting', tasks.due_at + (run.at - tasks.started_at), run.at
from jsonb_to_recordset(%(rows)s) as run(run_id bigint, at timestamptz)
join plan_runs on plan_runs.id = run.run_id and plan_runs.state = 'open'
join tasks on tasks.run_id = run.run_id and tasks.started_at is not null
          and tasks.state not in ('done', 'skipped', 'stood_down')
cross join lateral (
    select distinct coalesce(
        case %(posts)s::jsonb ->> tasks.post_id
            when 'grid' then run_grids.grid_id
            when 'village' then division_above(run_grids.grid_id, 'village', run.at)
        end, plan_runs.township_id) as division_id
    from (select) as one left join run_grids on run_grids.run_id = run.run_id
) place
where not exists (select from assignments there where there.task_id = tasks.id and there.division_id = place.division_id)
  -- A place of its own came: the township need not stand for it, unless it does already.
  and (place.division_id <> plan_runs.township_id
       or not exists (select from assignments there where there.task_id = tasks.id))
on conflict do nothing

-- name: rouse_tasks
update tasks set state = 'waiting', started_at = null, ended_at = null, due_at = null
from jsonb_to_recordset(%(rows)s) as run(run_id bigint, at timestamptz)
join plan_runs on plan_runs.id = run.run_id and plan_runs.state = 'open'
where tasks.run_id = run.run_id and tasks.state = 'stood_down'
  and array_position(%(levels)s::text[], tasks.from_level) <= array_position(%(levels)s::text[], plan_runs.level)

-- name: rouse_assignments
update assignments set state = 'waiting', ended_at = null, rung = 0, next_at = run.at, person_id = null,
    due_at = run.at + (assignments.due_at - coalesce(assignments.called_at, tasks.started_at)), overdue_at = null,
    called_at = null, acknowledged_at = null, on_site_at = null
from jsonb_to_recordset(%(rows)s) as run(run_id bigint, at timestamptz)
join plan_runs on plan_runs.id = run.run_id and plan_runs.state = 'open'
join tasks on tasks.run_id = run.run_id
where assignments.task_id = tasks.id and tasks.state = 'stood_down' and assignments.state = 'stood_down'
  and array_position(%(levels)s::text[], tasks.from_level) <= array_position(%(levels)s::text[], plan_runs.level)

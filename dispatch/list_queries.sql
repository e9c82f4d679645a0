-- Runs as the command line lists them.

-- name: list_runs
select run.id, run.plan_id, coalesce(nullif(run.name, ''), run.plan_id) as name, run.township_id,
       (select version.name from division_versions version
        where version.division_id = run.township_id and version.valid @> run.started_at
          and upper_inf(version.recorded)) as township,
       run.level, run.state, run.exercise, run.drill, run.started_at, run.confirm_by, run.ended_at, run.review_due_at,
       (select count(*) from tasks where run_id = run.id and state <> 'stood_down') as tasks,
       (select count(*) from tasks where run_id = run.id and state in ('done', 'skipped')) as done,
       (select count(*) from assignments where run_id = run.id and called_at is not null) as called,
       (select count(*) from assignments where run_id = run.id and acknowledged_at is not null) as answered,
       (select count(*) from assignments where run_id = run.id and overdue_at is not null and ended_at is null) as late
from plan_runs run
where (%(all)s or run.state in ('proposed', 'open')) and (%(run)s::bigint is null or run.id = %(run)s)
order by run.state <> 'proposed', run.state <> 'open', run.id desc
limit %(most)s

-- name: tasks_by_place
select tasks.id, tasks.task_key as key, tasks.post, tasks.what, coalesce(one.state, tasks.state) as state,
       (select version.name from division_versions version
        where version.division_id = one.division_id and upper_inf(version.recorded)
        order by upper(version.valid) desc nulls first limit 1) as place,
       one.id as assignment_id, one.round, coalesce(one.due_at, tasks.due_at) as due_at, one.called_at,
       one.acknowledged_at, one.on_site_at, one.done_at
from tasks left join assignments one on one.task_id = tasks.id
where tasks.run_id = %(run)s order by tasks.id, one.id

-- name: acts_of_run
select time, kind, task_id, actor::text as actor, reason, detail from run_acts where run_id = %(run)s order by id

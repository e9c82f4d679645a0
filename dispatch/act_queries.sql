-- What a commander does with a run. Whoever locks takes the run first, then its assignments by id, then its tasks.

-- name: lock_run
select id, plan_id, name, township_id, level, state, exercise, drill, started_at, plan
from plan_runs where id = %(run)s for no key update

-- name: open_runs
select id from plan_runs where state = 'open' order by id

-- name: confirm_run
update plan_runs set state = 'open', confirmed_at = %(at)s where id = %(run)s and state = 'proposed'

-- name: decline_run
update plan_runs set state = 'declined', ended_at = %(at)s where id = %(run)s and state = 'proposed'

-- name: set_level
update plan_runs set level = %(level)s where id = %(run)s and state = 'open' and level = %(from)s

-- name: terminate_run
update plan_runs set state = 'terminated', ended_at = %(at)s,
    review_due_at = %(at)s::timestamptz + make_interval(hours => %(due_h)s)
where id = %(run)s and state = 'open'

-- name: lock_runs
-- The pipeline decides under this lock which runs there are: a start by hand does, too.
select pg_advisory_xact_lock(hashtext('plan_runs'))

-- name: start_run
insert into plan_runs (plan_id, version_id, name, plan, township_id, level, state, exercise, drill, started_at,
                       started_by, reason)
values (%(plan_id)s, %(version)s, %(name)s, %(plan)s, %(township)s, %(level)s, 'open', %(drill)s, %(drill)s, %(at)s,
        %(actor)s, %(reason)s)
on conflict (plan_id, township_id, exercise, moved_from) where state in ('proposed', 'open') do nothing
returning id

-- name: add_grids
insert into run_grids (run_id, grid_id, joined_at)
select %(run)s, id, %(at)s from divisions where id = any(%(grids)s::integer[])

-- name: grids_within
-- Which of these are grids of the township today.
select divisions.id from divisions
join division_closure on descendant_id = divisions.id and ancestor_id = %(township)s
where divisions.id = any(%(grids)s::integer[]) and divisions.level = 'grid'

-- name: add_transition
insert into run_transitions (run_id, time, from_level, to_level, reason, actor)
values (%(run)s, %(at)s, %(from)s, %(to)s, %(reason)s, %(actor)s)

-- name: add_act
insert into run_acts (run_id, time, kind, task_id, actor, reason, detail)
values (%(run)s, %(at)s, %(kind)s, %(task)s, %(actor)s, %(reason)s, %(detail)s)

-- name: tasks_above
-- Those of a higher level, which a run that falls no longer needs.
select id from tasks
where run_id = %(run)s and state not in ('done', 'skipped', 'stood_down')
  and array_position(%(levels)s::text[], from_level) > array_position(%(levels)s::text[], %(level)s)

-- name: tasks_open
select id from tasks where run_id = %(run)s and state not in ('done', 'skipped', 'stood_down')

-- name: lock_assignments
select id from assignments where task_id = any(%(tasks)s) and ended_at is null order by id for no key update

-- name: end_tasks
update tasks set state = %(state)s, ended_at = %(at)s
where id = any(%(tasks)s) and state not in ('done', 'skipped', 'stood_down')
returning id

-- name: end_assignments
with ended as (
    update assignments set state = %(state)s, ended_at = %(at)s, next_at = null
    where task_id = any(%(tasks)s) and ended_at is null
    returning id
), taken as (
    update calls set ended_at = %(at)s where assignment_id in (select id from ended) and ended_at is null
    returning id
)
update deliveries set state = 'skipped', detail = 'taken back'
where call_id in (select id from taken) and state = 'due'

-- name: hasten_to_red
-- A run that turned red: what is shorter at red is due sooner, counted from then.
with sooner as (
    update tasks set due_at = least(due_at, %(at)s::timestamptz + make_interval(mins => limit_red_min))
    where run_id = %(run)s and limit_red_min is not null and due_at is not null
      and state not in ('done', 'skipped', 'stood_down')
    returning id, due_at
)
update assignments set due_at = least(assignments.due_at, sooner.due_at)
from sooner where assignments.task_id = sooner.id and assignments.ended_at is null

-- name: add_task
insert into tasks (run_id, task_key, post, post_id, what, limit_min, added_by)
select %(run)s, '+' || count(*) filter (where added_by is not null) + 1, %(post)s, %(post_id)s, %(what)s,
       %(limit_min)s, %(actor)s
from tasks where run_id = %(run)s
having count(*) filter (where post = %(post)s and what = %(what)s
                        and state not in ('done', 'skipped', 'stood_down')) = 0
returning id

-- name: task_of_run
select id, task_key, state from tasks where id = %(task)s and run_id = %(run)s

-- name: lock_assignment
select id, task_id, division_id, state, ended_at from assignments
where id = %(assignment)s and run_id = %(run)s for no key update

-- name: answered_before
select exists (select from answers where key = %(key)s)

-- name: reassign
update assignments set state = 'called', person_id = null, called_at = %(at)s, acknowledged_at = null,
    on_site_at = null, rung = 0, next_at = %(at)s
where id = %(assignment)s and ended_at is null

-- name: end_calls
with taken as (
    update calls set ended_at = %(at)s where assignment_id = %(assignment)s and ended_at is null returning id
)
update deliveries set state = 'skipped', detail = 'taken back'
where call_id in (select id from taken) and state = 'due'

-- name: call_by_name
insert into calls (assignment_id, person_id, part, called_at)
values (%(assignment)s, %(person)s, 'reassigned', %(at)s)
on conflict (assignment_id, person_id) where not forgotten
    do update set part = 'reassigned', called_at = excluded.called_at, ended_at = null

-- name: person_exists
select exists (select from people where id = %(person)s)

-- name: meet_condition
insert into run_conditions (run_id, purpose, number, met_at, met_by)
values (%(run)s, %(purpose)s, %(number)s, %(at)s, %(actor)s)
on conflict do nothing

-- name: unmeet_condition
delete from run_conditions
where run_id = %(run)s and purpose = %(purpose)s and number = %(number)s
  and (met_by is null) = %(measured)s

-- name: conditions_met
select run_id, purpose, number, met_at, met_by from run_conditions where run_id = any(%(runs)s)

-- name: signed
-- By whom, since it last rose, by hand or by an alert: who signed for less has not signed for this.
select distinct on (actor) actor, time from run_acts
where run_id = %(run)s and kind = 'signed'
  and recorded_at > coalesce((
      select max(recorded_at) from run_transitions
      where run_id = %(run)s and array_position(array['none', 'blue', 'yellow', 'orange', 'red'], to_level)
                               > array_position(array['none', 'blue', 'yellow', 'orange', 'red'], from_level)
  ), '-infinity')
order by actor, id desc

-- name: commands_there
-- Whether an account has the role of a commander for the township, or of all above it.
select exists (
    select from account_roles
    where account_id = %(account)s and role = 'commander' and valid @> clock_timestamp()
      and (division_id is null
           or division_id in (select ancestor_id from division_closure where descendant_id = %(township)s)))

-- name: person_of_account
select person_id from accounts where id = %(account)s and person_id is not null

-- name: grids_of_run
select grid_id from run_grids where run_id = %(run)s order by grid_id

-- name: add_note
insert into attachments (id, run_id, kind, media_type, content, actor)
values (%(id)s, %(run)s, 'note', 'text/plain', %(content)s, %(actor)s)
on conflict do nothing

-- name: notes
select id, content, actor, recorded_at from attachments where run_id = %(run)s and kind = 'note' order by recorded_at

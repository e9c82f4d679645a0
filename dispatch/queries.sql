-- Calls, deliveries and answers.

-- name: is_told
select exists (select from partitions where clock is not null)

-- name: hurry
-- A rung that reached nobody after all, every message of it having failed: the next one need not wait.
update assignments set next_at = %(at)s
where next_at > %(at)s and rung > 0
  -- By the index of each, one after the other: joined, a storm is a walk through all calls there ever were.
  and exists (select from calls join deliveries on deliveries.call_id = calls.id
              where calls.assignment_id = assignments.id and deliveries.rung = assignments.rung - 1
                and deliveries.state = 'failed')
  and not exists (select from calls join deliveries on deliveries.call_id = calls.id
                  where calls.assignment_id = assignments.id and deliveries.rung = assignments.rung - 1
                    and deliveries.state not in ('skipped', 'failed'))

-- name: due_assignments
-- Whoever holds them just now sees to them. A plan is a large document: it is opened once for each run.
with due as materialized (
    select assignments.id, assignments.run_id, assignments.task_id, assignments.division_id, assignments.state,
           assignments.rung, assignments.called_at
    from assignments
    join plan_runs on plan_runs.id = assignments.run_id and plan_runs.state = 'open'
    where assignments.next_at <= %(at)s and assignments.ended_at is null
    order by assignments.id
    limit %(limit)s
    for update of assignments skip locked
), led as materialized (
    select id, township_id, coalesce(plan -> 'command', '{}') as command
    from plan_runs where id in (select run_id from due)
)
select due.id, due.run_id, due.task_id, due.division_id, due.state, due.rung, due.called_at,
       tasks.post_id, tasks.backup, led.township_id, led.command,
       (select array_agg(person_id) from calls
        where calls.assignment_id = due.id and calls.part = 'reassigned' and calls.ended_at is null) as instead
from due
join tasks on tasks.id = due.task_id
join led on led.id = due.run_id
order by due.id

-- name: connected
-- Phones whose page is open now, whatever clock the run goes by.
select distinct person_id from phones
where person_id = any(%(people)s) and seen_at > clock_timestamp() - make_interval(secs => %(fresh_s)s)

-- name: call
-- Who was called already is the same call by another channel, or once more; who said that they cannot is left alone.
with wanted as (
    select * from jsonb_to_recordset(%(rows)s)
        as (assignment_id bigint, person_id uuid, part text, rung integer, channels text[], skipped text[])
), known as (
    select calls.id, calls.assignment_id, calls.person_id, calls.ended_at
    from wanted join calls on calls.assignment_id = wanted.assignment_id
                          and calls.person_id is not distinct from wanted.person_id
), new as (
    insert into calls (assignment_id, person_id, part, called_at)
    select assignment_id, person_id, part, %(at)s from wanted
    where not exists (select from known where known.assignment_id = wanted.assignment_id
                      and known.person_id is not distinct from wanted.person_id)
    returning id, assignment_id, person_id
), again as (
    update calls set ended_at = null, called_at = %(at)s
    from known
    where calls.id = known.id and known.ended_at is not null
      and not exists (select from answers where answers.assignment_id = known.assignment_id and kind = 'cannot'
                      and answers.person_id = known.person_id)
    returning calls.id, calls.assignment_id, calls.person_id
), called as (
    select id, assignment_id, person_id from new
    union all
    select id, assignment_id, person_id from again
    union all
    select id, assignment_id, person_id from known where ended_at is null
), placed as (
    insert into deliveries (call_id, channel, attempt, rung, state, due_at, detail)
    select called.id, given.channel,
           1 + coalesce((select max(attempt) from deliveries
                         where call_id = called.id and channel = given.channel), 0),
           wanted.rung, case when given.why = '' then 'due' else 'skipped' end, %(at)s, given.why
    from wanted join called on called.assignment_id = wanted.assignment_id
                           and called.person_id is not distinct from wanted.person_id
    cross join lateral (
        select channel, '' as why from unnest(wanted.channels) channel
        union all
        select channel, 'the page is not open' from unnest(wanted.skipped) channel
    ) given
    returning id, call_id, channel, state
)
select placed.id, called.assignment_id, placed.channel, placed.state
from placed join called on called.id = placed.call_id

-- name: step
update assignments set rung = new.rung, next_at = new.next_at,
    called_at = coalesce(assignments.called_at, new.called_at),
    state = case when assignments.state = 'waiting' and new.called then 'called' else assignments.state end
from jsonb_to_recordset(%(rows)s) as new(id bigint, rung integer, next_at timestamptz, called_at timestamptz,
                                         called boolean)
where assignments.id = new.id

-- name: next_due
-- When somebody has to look again, unless a job that does it waits already.
select next.at
from (select assignments.next_at as at
      from assignments join plan_runs on plan_runs.id = assignments.run_id and plan_runs.state = 'open'
      where assignments.next_at > %(at)s order by assignments.next_at limit 1) next
where not exists (select from procrastinate_jobs
                  where task_name = 'advance' and status = 'todo'
                    and scheduled_at >= now() and scheduled_at <= next.at)

-- name: settle_tasks
-- A task is as far as the least of its places; over when all are.
with standing as (
    select task_id, bool_and(ended_at is not null) as over, bool_or(state = 'done') as done,
           min(array_position(array['waiting', 'called', 'delivered', 'read', 'acknowledged', 'on_site'], state))
               filter (where ended_at is null) as least
    from assignments where task_id = any(%(tasks)s) group by task_id
), told as (
    select task_id, over, case when over and done then 'done' when over then 'skipped'
        else (array['waiting', 'sent', 'delivered', 'read', 'acknowledged', 'on_site'])[least] end as state
    from standing
)
update tasks set state = told.state, ended_at = case when told.over then %(at)s::timestamptz end
from told
where tasks.id = told.task_id and tasks.state not in ('skipped', 'stood_down') and tasks.state <> told.state
returning tasks.id, tasks.run_id, tasks.state

-- name: note_acts
insert into run_acts (run_id, time, kind, task_id, actor, reason, detail)
select run_id, %(at)s, kind, task_id, actor, coalesce(reason, ''), coalesce(detail, '{}')
from jsonb_to_recordset(%(rows)s) as (run_id bigint, kind text, task_id bigint, actor uuid, reason text, detail jsonb)

-- name: tell
select log_live_event('task', jsonb_build_object('run_id', run_id, 'assignment_ids', assignment_ids))
from jsonb_to_recordset(%(rows)s) as (run_id bigint, assignment_ids jsonb)

-- name: unasked
-- Runs that somebody should have confirmed and nobody did: they start by themselves.
update plan_runs set state = 'open', confirmed_at = %(at)s
where state = 'proposed' and confirm_by <= %(at)s and (%(run)s::bigint is null or id = %(run)s)
returning id

-- name: mark_overdue
-- What is late is told to the command; a round that somebody kept answering and no longer does begins to call anew.
update assignments set overdue_at = %(at)s, next_at = %(at)s,
    rung = case when round > 1 then 0 else greatest(rung, %(command)s) end,
    called_at = case when round > 1 then null else called_at end,
    state = case when round > 1 then 'waiting' else assignments.state end,
    person_id = case when round > 1 then null else person_id end
from plan_runs
where assignments.run_id = plan_runs.id and plan_runs.state = 'open'
  and assignments.due_at < %(at)s and assignments.ended_at is null and assignments.overdue_at is null
returning assignments.id, assignments.run_id, assignments.task_id

-- name: find_answers
select key, assignment_id, kind, counted from answers where key = any(%(keys)s)

-- name: hold_runs
-- Runs first, as batches and acts take their locks: none is raised or ended while its answers are taken.
select from plan_runs where id in (select run_id from assignments where id = any(%(ids)s)) order by id for share

-- name: lock_assignments
select assignments.id, assignments.run_id, assignments.task_id, assignments.division_id, assignments.state,
       assignments.person_id, assignments.round, assignments.rung, assignments.called_at, assignments.due_at,
       assignments.ended_at, tasks.results, tasks.repeat_min, plan_runs.state as run_state,
       array(select person_id from calls where calls.assignment_id = assignments.id and person_id is not null
             and ended_at is null) as called
from assignments
join tasks on tasks.id = assignments.task_id
join plan_runs on plan_runs.id = assignments.run_id
where assignments.id = any(%(ids)s)
order by assignments.id
for update of assignments

-- name: insert_answers
insert into answers (key, assignment_id, person_id, actor, kind, tapped_at, received_at, result, counted)
select key, assignment_id, person_id, actor, kind, tapped_at, %(at)s, result, counted
from jsonb_to_recordset(%(rows)s) as (key uuid, assignment_id bigint, person_id uuid, actor uuid, kind text,
                                      tapped_at timestamptz, result text, counted boolean)

-- name: progress
update assignments set state = new.state, person_id = coalesce(new.person_id, assignments.person_id), next_at = null,
    acknowledged_at = coalesce(acknowledged_at, new.tapped_at),
    on_site_at = case when new.state = 'on_site' then new.tapped_at else on_site_at end,
    done_at = case when new.state = 'done' then new.tapped_at else done_at end,
    ended_at = case when new.state = 'done' then new.tapped_at end,
    result = coalesce(new.result, assignments.result)
from jsonb_to_recordset(%(rows)s) as new(id bigint, state text, person_id uuid, tapped_at timestamptz, result text)
where assignments.id = new.id

-- name: cannot
update assignments set state = case when person_id is null or person_id = %(person_id)s then 'called' else state end,
    person_id = nullif(person_id, %(person_id)s), rung = %(rung)s, next_at = %(next_at)s,
    called_at = coalesce(called_at, %(at)s)
where id = %(id)s

-- name: end_calls
update calls set ended_at = %(at)s
from jsonb_to_recordset(%(rows)s) as over(id bigint, person_id uuid)
where calls.assignment_id = over.id and calls.ended_at is null
  and (over.person_id is null or calls.person_id = over.person_id)

-- name: read_by_answers
-- Whoever answers has read it, by whatever channel.
update deliveries set state = 'read', read_at = %(at)s, delivered_at = coalesce(delivered_at, %(at)s)
from jsonb_to_recordset(%(rows)s) as given(assignment_id bigint, person_id uuid)
join calls on calls.assignment_id = given.assignment_id and calls.person_id = given.person_id
where calls.id = deliveries.call_id and deliveries.state in ('sent', 'delivered')

-- name: next_round
-- Whoever does it goes on doing it, without another tap than the one that each round takes.
with round as (
    insert into assignments (task_id, run_id, division_id, round, state, person_id, due_at, called_at, acknowledged_at)
    select task_id, run_id, division_id, round + 1, 'acknowledged', person_id,
           greatest(due_at, %(at)s::timestamptz) + make_interval(mins => %(repeat_min)s), %(at)s, %(at)s
    from assignments where id = %(id)s
    on conflict do nothing
    returning id, person_id
)
insert into calls (assignment_id, person_id, part, called_at)
select id, person_id, 'post', %(at)s from round where person_id is not null

-- name: receive
-- What phones and gateways say of messages; a later word never takes back an earlier one.
with told as (
    select * from jsonb_to_recordset(%(rows)s) as (assignment_id bigint, person_id uuid, channel text, kind text)
), moved as (
    update deliveries set
        state = case when told.kind = 'read' then 'read' when deliveries.state = 'read' then 'read' else 'delivered' end,
        sent_at = coalesce(deliveries.sent_at, %(at)s),
        delivered_at = coalesce(deliveries.delivered_at, %(at)s),
        read_at = case when told.kind = 'read' then coalesce(deliveries.read_at, %(at)s) else deliveries.read_at end
    from told join calls on calls.assignment_id = told.assignment_id and calls.person_id = told.person_id
    where deliveries.call_id = calls.id and deliveries.channel = told.channel
      and (deliveries.state not in ('delivered', 'read') or told.kind = 'read' and deliveries.state = 'delivered')
    returning calls.assignment_id, told.kind
), furthest as (
    select assignment_id, bool_or(kind = 'read') as read from moved group by assignment_id
)
update assignments set state = case when furthest.read then 'read' else 'delivered' end
from furthest
where assignments.id = furthest.assignment_id
  and (assignments.state in ('waiting', 'called') or assignments.state = 'delivered' and furthest.read)
returning assignments.id, assignments.run_id, assignments.task_id

-- name: tell_runs
-- In the form that a batch tells of its runs (alerts/tell.py).
select log_live_event('run', jsonb_build_object(
    'run_id', plan_runs.id, 'plan', plan_id, 'level', level, 'township_id', township_id, 'reason', %(reason)s::text,
    'time', %(at)s::timestamptz, 'township',
    (select name from division_versions version
     where version.division_id = plan_runs.township_id and version.valid @> %(at)s and upper_inf(version.recorded))))
from plan_runs where id = any(%(runs)s) order by id

-- name: overdue_steps
select step.kind, step.number, step.run_id, version.code as township
from (
    select 'rung' as kind, assignments.id as number, assignments.run_id from assignments
    join plan_runs on plan_runs.id = assignments.run_id and plan_runs.state = 'open'
    where assignments.next_at < %(at)s and assignments.ended_at is null
    union all
    select 'message', deliveries.id, assignments.run_id from deliveries
    join calls on calls.id = deliveries.call_id
    join assignments on assignments.id = calls.assignment_id
    join plan_runs on plan_runs.id = assignments.run_id and plan_runs.state = 'open'
    where deliveries.state in ('due', 'sending') and deliveries.due_at < %(at)s and deliveries.channel <> 'app'
    union all
    select 'confirm', plan_runs.id, plan_runs.id from plan_runs
    where state = 'proposed' and confirm_by < %(at)s
    union all
    select 'turn', tasks.id, tasks.run_id from tasks
    join plan_runs on plan_runs.id = tasks.run_id and plan_runs.state = 'open'
    where tasks.started_at < %(at)s and tasks.state = 'waiting'
      and not exists (select from assignments where assignments.task_id = tasks.id)
) step
join plan_runs on plan_runs.id = step.run_id
join division_versions version on version.division_id = plan_runs.township_id and upper_inf(version.recorded)
                              and version.valid @> %(at)s::timestamptz
order by step.run_id, step.kind, step.number

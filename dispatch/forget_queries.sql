-- The personal data of runs that are over: what is due to be forgotten, and each step of it (forget.py).

-- name: lock
select pg_advisory_xact_lock(hashtext('shijing_forget_runs'))

-- A run counts as closed since the database was told so: one of a replay ended years ago by its own clock. It is asked
-- for again where something personal came to it later, with a review or by hand.
-- name: due
with closed as (
    select plan_runs.id, plan_runs.township_id, plan_runs.forgotten_at,
           coalesce((plan -> 'privacy' ->> 'delete_after_close_d')::integer, %(default_days)s) as days,
           coalesce((select max(recorded_at) from run_acts
                     where run_id = plan_runs.id and kind in ('terminated', 'declined')),
                    ended_at, confirm_by, started_at) as closed_at
    from plan_runs
    where state in ('declined', 'terminated', 'reviewed') and (%(run)s::bigint is null or id = %(run)s)
)
select id, township_id, days, closed_at from closed
where closed_at + days * interval '1 day' <= %(now)s and (forgotten_at is null or has_personal(id))
order by id

-- name: lock_run
select id from plan_runs where id = %(run)s for update

-- name: mark
update plan_runs set forgotten_at = coalesce(forgotten_at, %(now)s), reason = '' where id = %(run)s

-- name: attachments
with gone as (
    delete from attachments
    where run_id = %(run)s or answer_key in (
        select answers.key from answers join assignments on assignments.id = answers.assignment_id
        where assignments.run_id = %(run)s)
    returning id, content
)
select count(*), coalesce(encode(sha256(string_agg(content, '' order by id)), 'hex'), '') from gone

-- Whether they answered is noted first: a figure of the run is made of it.
-- name: calls
with gone as (
    update calls set forgotten = true, person_id = null,
        answered = coalesce(calls.answered, calls.person_id is not null and exists (
            select from answers where answers.assignment_id = calls.assignment_id
                                  and answers.person_id = calls.person_id))
    from assignments
    where assignments.id = calls.assignment_id and assignments.run_id = %(run)s and not calls.forgotten
    returning 1
)
select count(*) from gone

-- What a channel said of a failure may quote a number.
-- name: deliveries
with gone as (
    update deliveries set detail = ''
    from calls, assignments
    where calls.id = deliveries.call_id and assignments.id = calls.assignment_id and assignments.run_id = %(run)s
      and deliveries.detail <> ''
    returning 1
)
select count(*) from gone

-- The choices of a plan say nothing of anybody; what somebody wrote in their place goes.
-- name: answers
with gone as (
    update answers set person_id = null, actor = %(nobody)s,
        result = case when answers.result = any(tasks.results) then answers.result end
    from assignments join tasks on tasks.id = assignments.task_id
    where assignments.id = answers.assignment_id and assignments.run_id = %(run)s
      and (answers.person_id is not null or answers.actor <> %(nobody)s
           or answers.result is not null and answers.result <> all(tasks.results))
    returning 1
)
select count(*) from gone

-- name: assignments
with gone as (
    update assignments set person_id = null,
        result = case when assignments.result = any(tasks.results) then assignments.result end
    from tasks
    where tasks.id = assignments.task_id and assignments.run_id = %(run)s
      and (assignments.person_id is not null
           or assignments.result is not null and assignments.result <> all(tasks.results))
    returning 1
)
select count(*) from gone

-- name: acts
with gone as (
    update run_acts set reason = '', detail = without_people(detail)
    where run_id = %(run)s and (reason <> '' or detail <> without_people(detail))
    returning 1
)
select count(*) from gone

-- What was asked of people in the words of a moment; the plan's own tasks stay as they are.
-- name: tasks
with gone as (
    update tasks set what = '—', evidence = null
    where run_id = %(run)s and added_by is not null and (what <> '—' or evidence is not null)
    returning 1
)
select count(*) from gone

-- name: left
select has_personal(%(run)s)

-- All that stays of the run, in a fixed order: its hash is in the audit, so that it can be held against it later.
-- name: remains
select encode(sha256(convert_to(coalesce(string_agg(line, E'\n' order by kind, number), ''), 'UTF8')), 'hex') from (
    select 'a' as kind, id::text as number, row_to_json(tasks)::text as line from tasks where run_id = %(run)s
    union all
    select 'b', id::text, row_to_json(assignments)::text from assignments where run_id = %(run)s
    union all
    select 'c', calls.id::text, row_to_json(calls)::text
    from calls join assignments on assignments.id = calls.assignment_id where assignments.run_id = %(run)s
    union all
    select 'd', deliveries.id::text, row_to_json(deliveries)::text
    from deliveries join calls on calls.id = deliveries.call_id
    join assignments on assignments.id = calls.assignment_id where assignments.run_id = %(run)s
    union all
    select 'e', answers.key::text, row_to_json(answers)::text
    from answers join assignments on assignments.id = answers.assignment_id where assignments.run_id = %(run)s
    union all
    select 'f', id::text, row_to_json(run_acts)::text from run_acts where run_id = %(run)s and kind <> 'reviewed'
) as lines

-- name: proofs
select seq, at, details from audit where act = 'run.forgotten' and subject = %(run)s::text order by seq desc limit 1

-- What a run's account is read from (account_reading.py). Each gives the columns of one kind of value.

-- name: run
select id, plan_id, name, township_id, level, state, exercise, drill, started_at, ended_at, started_by, reason,
       confirm_by, confirmed_at, review_due_at, reviewed_at, forgotten_at, coalesce(plan, '{}') as plan
from plan_runs where id = %(run)s

-- name: grids
select grid_id from run_grids where run_id = %(run)s order by joined_at, grid_id

-- name: alerts
select alerts.id, alerts.rule_id, coalesce(sensors.label, '') as label, coalesce(alerts.title, '') as title,
       alerts.peak as level, alerts.cause, alerts.opened_at, alerts.resolved_at, run_alerts.joined_at,
       coalesce(alerts.grid_id, alerts.township_id) as division_id
from run_alerts
join alerts on alerts.id = run_alerts.alert_id
left join sensors on sensors.id = alerts.sensor_id
where run_alerts.run_id = %(run)s
order by run_alerts.joined_at, alerts.id

-- name: moves
select id, time, from_level, to_level, reason, actor from run_transitions where run_id = %(run)s order by time, id

-- name: tasks
select id, task_key, post, backup, what, after, evidence, results, state, limit_min, repeat_min, due_at, added_by,
       started_at, ended_at
from tasks where run_id = %(run)s order by id

-- name: assignments
select id, task_id, division_id, round, state, person_id, due_at, called_at, acknowledged_at, on_site_at, done_at,
       ended_at, result, rung, overdue_at
from assignments where run_id = %(run)s order by task_id, round, division_id

-- name: calls
select calls.id, calls.assignment_id, calls.person_id, calls.part, calls.called_at, calls.ended_at,
       calls.forgotten, calls.answered
from calls join assignments on assignments.id = calls.assignment_id
where assignments.run_id = %(run)s
order by calls.called_at, calls.id

-- name: deliveries
select deliveries.id, deliveries.call_id, deliveries.channel, deliveries.rung, deliveries.attempt, deliveries.state,
       deliveries.repeated, deliveries.due_at, deliveries.sent_at, deliveries.delivered_at, deliveries.read_at,
       deliveries.detail
from deliveries
join calls on calls.id = deliveries.call_id
join assignments on assignments.id = calls.assignment_id
where assignments.run_id = %(run)s
order by deliveries.due_at, deliveries.id

-- name: answers
select answers.key, answers.assignment_id, answers.person_id, nullif(answers.actor, %(nobody)s::uuid) as actor,
       answers.kind, answers.tapped_at, answers.received_at, answers.result, answers.counted
from answers join assignments on assignments.id = answers.assignment_id
where assignments.run_id = %(run)s
order by answers.received_at, answers.key

-- name: acts
select id, time, kind, task_id, actor, reason, detail from run_acts where run_id = %(run)s order by time, id

-- name: conditions
select purpose, number, met_at, met_by from run_conditions where run_id = %(run)s order by purpose, number

-- name: reviews_due
select id, plan_id, name, township_id, drill, ended_at, review_due_at
from plan_runs where state = 'terminated' and review_due_at is not null
order by review_due_at, id

-- name: people_of_accounts
select id, person_id from accounts where id = any(%(ids)s) and person_id is not null

-- name: notes
-- Of acts by their own id, of answers by that of the answer.
select attachments.id, coalesce(attachments.answer_key, attachments.id) as told_by, attachments.content
from attachments
left join answers on answers.key = attachments.answer_key
left join assignments on assignments.id = answers.assignment_id
where attachments.kind = 'note' and coalesce(attachments.run_id, assignments.run_id) = %(run)s
order by attachments.recorded_at

-- name: review
update plan_runs set state = 'reviewed', reviewed_at = %(at)s where id = %(run)s and state = 'terminated'

-- name: prefer_indexes
-- A foreign key's check keeps the plan it was first made with: while a table is small that is
-- a scan of all of it, which a storm of new rows would then pay for every row.
set local enable_seqscan = off

-- name: open_alerts
-- Of the subjects named; locked, oldest first, so that two writers meet in one order.
select alerts.id, alerts.rule_id, alerts.subject as sensor_id, alerts.township_id, alerts.grid_id,
       alerts.level, alerts.peak, alerts.state
from jsonb_to_recordset(%(subjects)s) as wanted(rule_id text, sensor_id bigint)
join alerts on alerts.rule_id = wanted.rule_id and alerts.subject = wanted.sensor_id
where alerts.state in ('open', 'acknowledged', 'in_hand')
order by alerts.id
for update of alerts

-- name: places
-- Township and grid that the sensor belonged to at the time, by today's knowledge.
select subject.number, township.division_id as township_id, grid.division_id as grid_id
from jsonb_to_recordset(%(subjects)s) as subject(number integer, sensor_id integer, time timestamptz)
left join lateral (
    select division_id from sensor_divisions
    where sensor_id = subject.sensor_id and level = 'township'
      and valid @> subject.time and upper_inf(recorded)
) township on true
left join lateral (
    select division_id from sensor_divisions
    where sensor_id = subject.sensor_id and level = 'grid'
      and valid @> subject.time and upper_inf(recorded)
) grid on true
order by subject.number

-- name: new_ids
select nextval(pg_get_serial_sequence(%(table)s, 'id')) from generate_series(1, %(count)s)

-- name: insert_alerts
insert into alerts (id, rule_id, subject, sensor_id, township_id, grid_id, level, peak, state, value,
                    opened_at, changed_at, resolved_at)
overriding system value
select id, rule_id, sensor_id, sensor_id, township_id, grid_id, level, peak, state, value,
       opened_at, changed_at, resolved_at
from jsonb_to_recordset(%(rows)s) as (
    id bigint, rule_id text, sensor_id integer, township_id integer, grid_id integer, level text,
    peak text, state text, value double precision, opened_at timestamptz, changed_at timestamptz,
    resolved_at timestamptz)

-- name: update_alerts
update alerts
set level = new.level, peak = new.peak, state = new.state, value = new.value,
    changed_at = new.changed_at, resolved_at = new.resolved_at
from jsonb_to_recordset(%(rows)s) as new(
    id bigint, level text, peak text, state text, value double precision,
    changed_at timestamptz, resolved_at timestamptz)
where alerts.id = new.id

-- name: insert_alert_transitions
insert into alert_transitions (alert_id, time, from_level, to_level, reason, value, late,
                               from_state, to_state)
select *, case from_level when 'none' then 'none' else 'open' end,
       case to_level when 'none' then 'resolved' else 'open' end
from jsonb_to_recordset(%(rows)s) as (
    alert_id bigint, time timestamptz, from_level text, to_level text, reason text,
    value double precision, late boolean)

-- name: lock_runs
-- Two pipelines may start the same run at once: one decides after the other has committed.
select pg_advisory_xact_lock(hashtext('plan_runs'))

-- name: open_runs
select id, plan_id, township_id, level
from plan_runs
where state = 'open' and township_id = any(%(townships)s)

-- name: open_alerts_of_townships
select id, rule_id, level, township_id
from alerts
where state in ('open', 'acknowledged', 'in_hand') and township_id = any(%(townships)s)
order by id

-- name: insert_runs
insert into plan_runs (id, plan_id, township_id, level, state, started_at)
overriding system value
select id, plan_id, township_id, level, 'open', started_at
from jsonb_to_recordset(%(rows)s) as (
    id bigint, plan_id text, township_id integer, level text, started_at timestamptz)

-- name: raise_runs
update plan_runs set level = new.level
from jsonb_to_recordset(%(rows)s) as new(id bigint, level text)
where plan_runs.id = new.id

-- name: insert_run_alerts
insert into run_alerts (run_id, alert_id, joined_at)
select * from jsonb_to_recordset(%(rows)s) as (run_id bigint, alert_id bigint, joined_at timestamptz)
on conflict do nothing

-- name: insert_run_transitions
insert into run_transitions (run_id, time, from_level, to_level, reason)
select * from jsonb_to_recordset(%(rows)s) as (
    run_id bigint, time timestamptz, from_level text, to_level text, reason text)

-- name: insert_tasks
insert into tasks (run_id, task_key, post, backup, what, after, due_at, repeat_min)
select * from jsonb_to_recordset(%(rows)s) as (
    run_id bigint, task_key text, post text, backup text, what text, after text[],
    due_at timestamptz, repeat_min integer)

-- name: hasten_tasks
-- A run that turned red: what is shorter at red is due sooner, counted from then.
update tasks set due_at = least(tasks.due_at, new.due_at)
from jsonb_to_recordset(%(rows)s) as new(run_id bigint, task_key text, due_at timestamptz)
where tasks.run_id = new.run_id and tasks.task_key = new.task_key
  and tasks.state not in ('done', 'skipped')

-- name: sensor_names
select id, name from sensors where id = any(%(ids)s)

-- name: township_names
select division_id, name from division_versions
where division_id = any(%(ids)s) and valid @> %(at)s and upper_inf(recorded)

-- name: log_live_events
select count(log_live_event(event.kind, event.payload))
from jsonb_to_recordset(%(rows)s) as event(kind text, payload jsonb)

-- name: report_transitions
select alert_transitions.time, sensors.name, alerts.rule_id,
       alert_transitions.from_level, alert_transitions.to_level
from alert_transitions
join alerts on alerts.id = alert_transitions.alert_id
join sensors on sensors.id = alerts.sensor_id
order by alert_transitions.time, alert_transitions.id

-- name: report_runs
select plan_runs.plan_id, plan_runs.started_at, plan_runs.level,
       (select name from division_versions
        where division_id = plan_runs.township_id and valid @> plan_runs.started_at
          and upper_inf(recorded))
from plan_runs
order by plan_runs.started_at, plan_runs.id

-- name: report_open_alerts
select rule_id, level, count(*) from alerts
where state in ('open', 'acknowledged', 'in_hand')
group by rule_id, level order by rule_id, level

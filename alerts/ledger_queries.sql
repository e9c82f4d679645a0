-- Spans are half-open; `since` and `until` may be infinite. Readings and alerts go by event time, the books by arrival.

-- name: intake_sums
select coalesce(sum(readings), 0)::bigint, coalesce(sum(stored + repeats + quarantined), 0)::bigint
from intake where minute >= %(since)s::timestamptz and minute < %(until)s::timestamptz

-- name: intake_unequal
select partition, minute, readings, stored + repeats + quarantined
from intake
where minute >= %(since)s::timestamptz and minute < %(until)s::timestamptz
  and readings <> stored + repeats + quarantined
order by minute, partition

-- name: books_begin
-- When the books by hour begin, what was stored before, and what was dropped since by age: all before this.
select ledger_start.at, ledger_start.stored, rollups_closed.before::text
from ledger_start, rollups_closed

-- name: books_of_both_kinds
-- What is stored by minute of arrival, and by hour of event time.
select (select coalesce(sum(stored), 0)::bigint from intake),
       (select stored from ledger_start) + (select coalesce(sum(stored), 0)::bigint from stored_hours)

-- name: hours_in_the_books
select hour, sum(stored)::bigint from stored_hours
where hour >= greatest(%(since)s::timestamptz, %(kept)s::timestamptz) and hour < %(until)s::timestamptz
group by hour

-- name: hours_scanned
-- Every row of the days concerned is looked at: for long spans.
select date_trunc('hour', time, 'UTC'), count(*), count(*) filter (where not judged and not late)
from readings
where time >= greatest(%(since)s::timestamptz, %(kept)s::timestamptz) and time < %(until)s::timestamptz
group by 1

-- name: hours_probed
-- One look into the primary key for each sensor: for a few hours of a day. The offset keeps it a loop.
select date_trunc('hour', of_sensor.time, 'UTC'), count(*),
       count(*) filter (where not of_sensor.judged and not of_sensor.late)
from sensors cross join lateral (
    select time, judged, late from readings
    where sensor_id = sensors.id and time >= greatest(%(since)s::timestamptz, %(kept)s::timestamptz)
      and time < %(until)s::timestamptz
    offset 0
) of_sensor
group by 1

-- name: minutes_unequal
-- In an hour that the rollups have taken over: sensors and minutes of which another number is there now.
select coalesce(sensors.name, 'sensor ' || stored.sensor_id), stored.bucket, stored.n, coalesce(counted.n, 0)
from readings_1m_stored stored
left join (
    select sensor_id, date_trunc('minute', time, 'UTC') as bucket, count(*) as n from readings
    where time >= %(hour)s and time < %(hour)s + interval '1 hour' group by 1, 2
) counted on counted.sensor_id = stored.sensor_id and counted.bucket = stored.bucket
left join sensors on sensors.id = stored.sensor_id
where stored.bucket >= %(hour)s and stored.bucket < %(hour)s + interval '1 hour'
  and not exists (select from rollup_marks where hour = %(hour)s)
  and stored.n <> coalesce(counted.n, 0)
order by 2, 1 limit %(most)s

-- name: not_judged
select coalesce(sensors.name, 'sensor ' || readings.sensor_id), readings.time
from readings left join sensors on sensors.id = readings.sensor_id
where time >= greatest(%(since)s::timestamptz, %(kept)s::timestamptz) and time < %(until)s::timestamptz
  and not judged and not late
order by time, readings.sensor_id limit %(most)s

-- name: quarantine_sums
select (select coalesce(sum(quarantined), 0)::bigint from intake),
       (select coalesce(sum(count), 0)::bigint from quarantine)
       + (select entries from ledger_dropped where what = 'quarantine')

-- name: refused_without_entry
-- Minutes that refused something, of which no entry says that it was seen then.
select partition, minute, quarantined from intake
where quarantined > 0 and not exists (
    select from quarantine
    where first_seen < intake.minute + interval '1 minute' and last_seen >= intake.minute
)
order by minute, partition limit %(most)s

-- name: orphan_transitions
select id, alert_id from alert_transitions
where time >= %(since)s::timestamptz and time < %(until)s::timestamptz
  and not exists (select from alerts where alerts.id = alert_transitions.alert_id)
order by id

-- name: histories
-- Every alert that was opened or changed in the span, with all of its transitions in the order of writing.
with concerned as materialized (
    select id from alerts where opened_at >= %(since)s::timestamptz and opened_at < %(until)s::timestamptz
    union
    select alert_id from alert_transitions where time >= %(since)s::timestamptz and time < %(until)s::timestamptz
)
select alerts.id, alerts.rule_id, alerts.level, alerts.state, alerts.revision,
       told.id, told.kind, (extract(epoch from told.time) * 1000000)::bigint, told.from_level, told.to_level,
       told.from_state, told.to_state, told.reason, told.retracts, told.revision
from concerned join alerts on alerts.id = concerned.id
left join alert_transitions told on told.alert_id = alerts.id
order by alerts.id, told.id

-- name: open_twice
select rule_id, subject, array_agg(id order by id) from alerts
where state in ('open', 'acknowledged', 'in_hand')
group by rule_id, subject, exercise having count(*) > 1
order by 1, 2

-- name: latched_without_alert
-- What the rules hold raised now, of which the newest alert does not say that level.
with latched as (
    select rule_id, subject, max(array_position(array['blue', 'yellow', 'orange', 'red'], grade)) as at_least
    from rule_states
    cross join lateral jsonb_each(coalesce(state -> 'versions' -> -1, state)) as level (grade, latch)
    where jsonb_typeof(latch) = 'object' and (latch ->> 'latched')::boolean
    group by rule_id, subject
)
select latched.rule_id, latched.subject, (array['blue', 'yellow', 'orange', 'red'])[at_least]
from latched
where not exists (
    select from alerts where alerts.rule_id = latched.rule_id and alerts.subject = latched.subject
)
order by 1, 2

-- name: alerts_for_plans
-- Located ones that were opened or changed in the span, and every one that is open; with the plans that they joined.
select alerts.id, alerts.rule_id, alerts.kind, alerts.title, alerts.township_id, alerts.level, alerts.peak,
       alerts.state, alerts.exercise, alerts.suppressed_by, alerts.recorded_at,
       -- A level that it had only under a suppression, or found too late to act on, started nothing.
       alerts.revision > 0 or exists (select from alert_transitions told where told.alert_id = alerts.id
                                      and (told.kind = 'state' and told.reason in ('suppressed', 'released')
                                           or told.actor is null and told.note like 'suppression %%'))
           as was_held,
       array(select distinct plan_runs.plan_id from run_alerts join plan_runs on plan_runs.id = run_alerts.run_id
             where run_alerts.alert_id = alerts.id) as plans
from alerts
where alerts.township_id is not null
  and ((alerts.changed_at >= %(since)s::timestamptz and alerts.opened_at < %(until)s::timestamptz)
       or alerts.state in ('open', 'acknowledged', 'in_hand'))
order by alerts.id

-- name: runs
select plan_runs.id, plan_runs.plan_id, plan_runs.level, plan_runs.recorded_at,
       case when plan is not null then array(select task ->> 'id' from jsonb_array_elements(plan -> 'tasks') task)
       end as wanted,
       array(select task_key from tasks where run_id = plan_runs.id and added_by is null order by task_key) as tasks,
       (select to_level from run_transitions where run_id = plan_runs.id order by id desc limit 1) as told
from plan_runs
where started_at >= %(since)s::timestamptz and started_at < %(until)s::timestamptz
order by plan_runs.id

-- name: plans_known
-- Null: always.
select plan_id, fingerprint, nullif(since, '-infinity') from plans_known

-- name: any_plan_known
select exists (select from plans_known)

-- name: know_plans
insert into plans_known (plan_id, fingerprint, since)
select plan_id, fingerprint, case when %(always)s then timestamptz '-infinity' else now() end
from jsonb_to_recordset(%(rows)s) as (plan_id text, fingerprint text)
on conflict do nothing

-- name: incidents_unequal
-- Those that are not part of another; with the alerts of what they took in.
select incidents.id, incidents.alerts, count(alert_incidents.alert_id)
from incidents left join alert_incidents on alert_incidents.incident_id = incidents.id
where incidents.merged_into is null
  and incidents.changed_at >= %(since)s::timestamptz and incidents.opened_at < %(until)s::timestamptz
group by incidents.id having incidents.alerts <> count(alert_incidents.alert_id)
order by incidents.id

-- name: incidents_checked
select count(*) from incidents
where merged_into is null
  and changed_at >= %(since)s::timestamptz and opened_at < %(until)s::timestamptz

-- name: transitions_to_tell
-- Of those whose events are not dropped by age yet; what hides an alert is told by the one that hides it.
select count(*) from alert_transitions
where time >= %(since)s::timestamptz and time < %(until)s::timestamptz
  and recorded_at >= (select before from ledger_dropped where what = 'live_events')
  and reason not in ('inhibited', 'uninhibited')

-- name: transitions_untold
-- One event for each transition of an alert to a level and state: where there are fewer, the last ones are named.
with told as (
    select (payload ->> 'alert_id')::bigint as alert_id, payload ->> 'state' as state,
           (payload ->> 'time')::timestamptz as time, count(*) as events
    from live_events
    where kind = 'alert' and payload ? 'alert_id'
      and coalesce(payload ->> 'reason', '') not in ('inhibited', 'uninhibited')
    group by 1, 2, 3
), wanted as (
    select id, alert_id, to_state, time,
           row_number() over (partition by alert_id, to_state, time order by id) as place
    from alert_transitions
    where time >= %(since)s::timestamptz and time < %(until)s::timestamptz
      and recorded_at >= (select before from ledger_dropped where what = 'live_events')
      and reason not in ('inhibited', 'uninhibited')
)
select wanted.id, wanted.alert_id
from wanted
left join told on told.alert_id = wanted.alert_id and told.state = wanted.to_state and told.time = wanted.time
where wanted.place > coalesce(told.events, 0)
order by wanted.id

-- name: accepted
select fault from ledger_accepted where fault = any(%(faults)s)

-- name: accept
insert into ledger_accepted (fault, account, note) values (%(fault)s, %(account)s, %(note)s) on conflict do nothing

-- name: first_reading
select min(time) from readings

-- name: copy_judged
copy (
    select sensor_id, time, value from readings
    where judged and time >= %(since)s::timestamptz and time < %(until)s::timestamptz
) to stdout (format binary)

-- name: raised_before
-- What was raised when the span began: since when, and the sensors that it goes by; none of a division or a gateway.
select alerts.rule_id, alerts.subject, least(alerts.pending_since, alerts.opened_at) as since,
       array(select sensors.id from sensors
             where (alerts.subject >> 32 = 0 and sensors.id = alerts.subject)
                or (alerts.subject >> 32 = 1 and sensors.device_id = (alerts.subject & 4294967295)))
from alerts
where opened_at < %(since)s::timestamptz and (resolved_at is null or resolved_at >= %(since)s::timestamptz)
  and kind in ('sensor', 'silence', 'count') and exercise = is_exercise()

-- name: copy_judged_before
-- Of some sensors, each from a time of its own up to the span.
copy (
    select need.sensor_id, readings.time, readings.value
    from unnest(%(sensors)s::integer[], %(since)s::timestamptz[]) as need (sensor_id, since)
    join readings on readings.sensor_id = need.sensor_id and readings.time >= need.since
    where judged and readings.time < %(until)s::timestamptz
) to stdout (format binary)

-- name: sensors_with_late_readings
select distinct sensor_id from readings
where late and judged and time >= %(since)s::timestamptz and time < %(until)s::timestamptz

-- name: levels_told
-- What the engine said of levels in the span: retractions take off what they take back.
select alerts.rule_id, alerts.subject, (extract(epoch from told.time) * 1000000)::bigint, told.from_level,
       told.to_level, told.retracts, told.reason
from alert_transitions told join alerts on alerts.id = told.alert_id
where told.time >= %(since)s::timestamptz and told.time < %(until)s::timestamptz
  and told.kind = 'level' and told.actor is null and alerts.exercise = is_exercise()
  and alerts.kind in ('sensor', 'silence', 'count')
order by told.id

-- name: silence_told
-- The same of rules about silence, whatever they said up to the end of the span.
select alerts.rule_id, alerts.subject, (extract(epoch from told.time) * 1000000)::bigint, told.from_level,
       told.to_level, told.retracts, told.value, told.late
from alert_transitions told join alerts on alerts.id = told.alert_id
where alerts.rule_id = any(%(rules)s) and told.time < %(until)s::timestamptz
  and told.kind = 'level' and told.actor is null and alerts.exercise = is_exercise()
order by told.id

-- name: heard_around
-- Of each question, for who is or is not silent at an instant: whether the sensor was read at the very instant that
-- proves it, whether in between, whether when the alert says that it was heard last. None of what was dropped by age.
select asked.number,
       exists (select from readings where sensor_id = asked.sensor_id and time = asked.at and judged),
       exists (select from readings where sensor_id = asked.sensor_id and time > asked.since and time < asked.until
               and judged),
       exists (select from readings where sensor_id = asked.sensor_id and time = asked.own and judged)
from jsonb_to_recordset(%(rows)s) as asked(
    number integer, sensor_id integer, since timestamptz, until timestamptz, at timestamptz, own timestamptz)
where asked.since >= (select before from rollups_closed)
order by asked.number

-- name: lock
-- Of several pipelines one checks at a time; gone with the connection.
select pg_try_advisory_lock(hashtext('shijing_ledger'))

-- name: unlock
select pg_advisory_unlock(hashtext('shijing_ledger'))

-- name: last_checks
-- How far the spans have come, and the last day; a clock that was set back begins anew.
select max(until) filter (where kind = 'span' and until <= %(now)s),
       max(since) filter (where kind = 'day' and until <= %(now)s)
from ledger_checks

-- name: keep_check
-- One that was found before and not settled is the same again.
with again as (
    update ledger_checks
    set checked_at = now(), took_s = %(took_s)s, accounts = %(accounts)s, balanced = %(balanced)s,
        settled_at = case when %(balanced)s then now() end
    where since = %(since)s and until = %(until)s and not balanced and settled_at is null
    returning 1
)
insert into ledger_checks (kind, since, until, took_s, accounts, balanced)
select %(kind)s, %(since)s, %(until)s, %(took_s)s, %(accounts)s, %(balanced)s
where not exists (select from again)

-- name: unsettled
-- Checks that did not balance and are not known to do so since.
select kind, since, until from ledger_checks
where not balanced and settled_at is null and checked_at < %(before)s
order by since, until limit %(most)s

-- name: forget_checks
delete from ledger_checks
where checked_at < now() - make_interval(days => %(days)s) and (balanced or settled_at is not null)

-- name: standing
-- How the ledger stands by the checks it made itself; ages by the database's clock.
select (select max(checked_at) from ledger_checks),
       (select extract(epoch from now() - max(checked_at))::float8 from ledger_checks),
       coalesce((select jsonb_agg(jsonb_build_object('from', since, 'to', until, 'accounts', (
                            select jsonb_agg(account) from jsonb_array_elements(accounts) as account
                            where not (account ->> 'balanced')::boolean)) order by since, until)
                 from ledger_checks where not balanced and settled_at is null), '[]')

-- name: open_alert
select level from alerts
where rule_id = 'ledger' and subject = %(subject)s and state in ('open', 'acknowledged', 'in_hand')
  and exercise = is_exercise()

-- name: name_alert
update alerts set kind = 'ledger', title = %(title)s
where rule_id = 'ledger' and subject = %(subject)s and state in ('open', 'acknowledged', 'in_hand')
  and exercise = is_exercise()

-- name: keep_heartbeat
insert into heartbeats (partition, sent_at, payload, webhook, mqtt)
values (%(partition)s, %(sent_at)s, %(payload)s, %(webhook)s, %(mqtt)s)
on conflict (partition) do update set sent_at = excluded.sent_at, payload = excluded.payload,
    webhook = excluded.webhook, mqtt = excluded.mqtt

-- name: heartbeats_sent
select partition, sent_at, webhook, mqtt from heartbeats order by partition

-- name: begun_tasks
-- Every task whose turn came is somebody's somewhere.
select tasks.id, tasks.run_id, tasks.task_key,
       exists (select from assignments where assignments.task_id = tasks.id) as placed
from tasks
where tasks.started_at >= %(since)s::timestamptz and tasks.started_at < %(until)s::timestamptz
order by tasks.id

-- name: called_assignments
-- Whoever's ladder is over was called, or it is written that there was nobody to call.
select assignments.id, assignments.run_id,
       exists (select from calls where calls.assignment_id = assignments.id) as called,
       assignments.next_at is not null or assignments.ended_at is not null as under_way,
       exists (select from run_acts where run_acts.run_id = assignments.run_id and kind = 'unanswered'
               and detail ->> 'assignment_id' = assignments.id::text) as told
from assignments
where assignments.called_at >= %(since)s::timestamptz and assignments.called_at < %(until)s::timestamptz
order by assignments.id

-- name: messages
select deliveries.id, deliveries.channel, deliveries.state, deliveries.sent_at is not null as sent
from deliveries
where deliveries.due_at >= %(since)s::timestamptz and deliveries.due_at < %(until)s::timestamptz
order by deliveries.id

-- name: counted_answers
-- What a commander gave to somebody else afterwards, or stood down, begins anew.
select answers.key, answers.kind, answers.assignment_id,
       case answers.kind
           when 'acknowledged' then assignments.acknowledged_at is not null
           when 'on_site' then assignments.on_site_at is not null
           when 'done' then assignments.done_at is not null and assignments.state = 'done'
           else not exists (select from calls where calls.assignment_id = answers.assignment_id
                            and calls.person_id = answers.person_id and calls.ended_at is null)
       end or exists (
           select from run_acts
           where run_acts.run_id = assignments.run_id and run_acts.time >= answers.received_at
             and (kind = 'reassigned' and (detail ->> 'assignment')::bigint = assignments.id
                  or kind = 'task_stood_down' and run_acts.task_id = assignments.task_id)) as kept
from answers join assignments on assignments.id = answers.assignment_id
where answers.counted and answers.received_at >= %(since)s::timestamptz and answers.received_at < %(until)s::timestamptz
order by answers.received_at, answers.key

-- name: done_unsaid
-- Done, and nobody said so.
select id from assignments
where state = 'done' and done_at >= %(since)s::timestamptz and done_at < %(until)s::timestamptz
  and not exists (select from answers where answers.assignment_id = assignments.id and counted and kind = 'done')
order by id

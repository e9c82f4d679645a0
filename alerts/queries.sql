-- name: prefer_indexes
-- A foreign key's check keeps the plan it was first made with: while a table is small that is
-- a scan of all of it, which a storm of new rows would then pay for every row.
-- And what is asked with one JSON parameter has one plan: made anew each time it costs more than the work.
-- Tells whether the database is an exercise, which costs no round trip here.
select is_exercise(), set_config('enable_seqscan', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)

-- name: lock_alerts
-- All that a batch may write, in one go and in the order of ids, so that two writers never wait for each other:
-- the alerts of each rule and subject named, what a correction may go back to, and every open one of the subjects,
-- for what hides what is settled among these. A statement of its own: the next ones see what was waited for.
with wanted as materialized (
    select * from jsonb_to_recordset(%(pairs)s) as (rule_id text, subject bigint, since timestamptz)
), concerned as materialized (
    select alerts.id from (select distinct subject from wanted) about join alerts using (subject)
    where alerts.state in ('open', 'acknowledged', 'in_hand')
    union
    select (select id from alerts where rule_id = wanted.rule_id and subject = wanted.subject
                and exercise = coalesce(%(exercise)s, is_exercise()) and state in ('resolved', 'closed')
            order by resolved_at desc limit 1)
    from wanted
    union
    select alerts.id from wanted join alerts using (rule_id, subject)
    where alerts.state in ('resolved', 'closed') and alerts.resolved_at >= wanted.since
), locked as materialized (
    select from alerts where id in (select id from concerned) order by id for no key update
)
select count(*) from locked

-- name: look
-- For each rule and subject named: the open alert, else the one that ended last, which are locked already
-- (`lock_alerts`); and where a rise may open another, its id and place.
with wanted as materialized (
    select *, (subject & 4294967295)::integer as low from jsonb_to_recordset(%(pairs)s)
        as (number integer, rule_id text, subject bigint, time timestamptz, rises boolean, later timestamptz[])
), latest as materialized (
    select wanted.number, coalesce(
        (select id from alerts where rule_id = wanted.rule_id and subject = wanted.subject
             and exercise = coalesce(%(exercise)s, is_exercise()) and state in ('open', 'acknowledged', 'in_hand')),
        (select id from alerts where rule_id = wanted.rule_id and subject = wanted.subject
             and exercise = coalesce(%(exercise)s, is_exercise()) and state in ('resolved', 'closed') order by resolved_at desc limit 1)) as id
    from wanted
), locked as materialized (
    select alerts.* from alerts where id in (select id from latest) order by id for no key update
), placed as (
    select wanted.*, locked.id, locked.state, locked.level, locked.peak, locked.value, locked.revision,
           locked.suppressed_by as held_by, locked.opened_at, locked.changed_at, locked.resolved_at,
           locked.acknowledged_at, locked.in_hand_at, locked.kind, locked.family,
           coalesce(locked.state in ('resolved', 'closed'), true) as may_open,
           case wanted.subject >> 32
               when 0 then wanted.low
               when 1 then (select min(id) from sensors where device_id = wanted.low)
               when 2 then coalesce(
                   (select min(id) from sensors where device_id = wanted.low),
                   (select min(sensors.id) from sensors
                    join devices on devices.id = sensors.device_id
                    join devices gateway on gateway.name = devices.gateway where gateway.id = wanted.low))
           end as anchor,
           locked.township_id as old_township, locked.grid_id as old_grid, locked.lon as old_lon, locked.lat as old_lat
    from wanted join latest using (number) left join locked on locked.id = latest.id
), located as (
    select placed.*,
           case when not may_open then old_township
                when subject >> 32 = 3 then division_above(low, 'township', time)
                else (select division_id from sensor_divisions where sensor_id = anchor and level = 'township'
                      and valid @> time and upper_inf(recorded)) end as township_id,
           case when not may_open then old_grid
                when subject >> 32 = 3 then division_above(low, 'grid', time)
                else (select division_id from sensor_divisions where sensor_id = anchor and level = 'grid'
                      and valid @> time and upper_inf(recorded)) end as grid_id
    from placed
)
select located.number, located.id, located.state, located.level, located.peak, located.value, located.revision,
       located.held_by, located.kind, located.family,
       (extract(epoch from located.opened_at) * 1000000)::bigint as opened_at,
       (extract(epoch from located.changed_at) * 1000000)::bigint as changed_at,
       (extract(epoch from located.resolved_at) * 1000000)::bigint as resolved_at,
       located.acknowledged_at is not null as was_acknowledged, located.in_hand_at is not null as was_in_hand,
       case when rises and may_open then nextval('alerts_id_seq') end as next_id,
       located.township_id, township.name as township, located.grid_id,
       spot.lon, spot.lat, old_township, old_grid, old_lon, old_lat,
       (select name from division_versions
        where division_id = old_township and valid @> time and upper_inf(recorded)) as old_township_name,
       case subject >> 32
           when 0 then (select name from sensors where id = low)
           when 3 then (select name from division_versions
                        where division_id = low and valid @> time and upper_inf(recorded))
           else (select name from devices where id = low) end as name,
       case when rises then suppression_of(rule_id, subject, located.township_id, located.grid_id, time) end
           as suppressed_by,
       -- And at each further rise, which may be under another suppression, or none.
       case when later is not null then array(
           select jsonb_build_array((extract(epoch from at) * 1000000)::bigint,
                                    suppression_of(rule_id, subject, located.township_id, located.grid_id, at))
           from unnest(later) as at) end as suppressed_later,
       exists (select from alerts kin where kin.subject = located.subject and kin.id is distinct from located.id
               and kin.state in ('open', 'acknowledged', 'in_hand')) as has_kin
from located
left join division_versions township
       on township.division_id = located.township_id and township.valid @> time and upper_inf(township.recorded)
left join lateral (
    select lon, lat from sensor_places
    where sensor_id = anchor and valid @> time and upper_inf(recorded) and may_open
    union all
    select lon, lat from division_versions
    where subject >> 32 = 3 and division_id = low and valid @> time and upper_inf(recorded) and may_open
    limit 1
) spot on true
order by located.number

-- name: histories
-- Of the rules and subjects named, every alert that may have said something since a time, and the last
-- one before (`lock_alerts` has locked them), with all that it ever said and took back, in the order of writing.
with wanted as materialized (
    select * from jsonb_to_recordset(%(pairs)s) as (number integer, rule_id text, subject bigint, since timestamptz)
), concerned as materialized (
    select wanted.number, alerts.id
    from wanted join alerts on alerts.rule_id = wanted.rule_id and alerts.subject = wanted.subject
    where alerts.exercise = coalesce(%(exercise)s, is_exercise())
      and (alerts.state in ('open', 'acknowledged', 'in_hand') or alerts.resolved_at >= wanted.since
           or alerts.resolved_at = (select max(resolved_at) from alerts before
                                    where before.rule_id = wanted.rule_id and before.subject = wanted.subject
                                      and before.exercise = coalesce(%(exercise)s, is_exercise())))
), locked as materialized (
    select alerts.* from alerts where id in (select id from concerned) order by id for no key update
)
select concerned.number, locked.id, locked.state, locked.level, locked.peak, locked.value, locked.revision,
       locked.suppressed_by as held_by, locked.kind, locked.family,
       (extract(epoch from locked.opened_at) * 1000000)::bigint as opened_at,
       (extract(epoch from locked.changed_at) * 1000000)::bigint as changed_at,
       (extract(epoch from locked.resolved_at) * 1000000)::bigint as resolved_at,
       locked.acknowledged_at is not null as was_acknowledged, locked.in_hand_at is not null as was_in_hand,
       locked.township_id as old_township, locked.grid_id as old_grid, locked.lon as old_lon, locked.lat as old_lat,
       (select name from division_versions where division_id = locked.township_id
        and valid @> locked.changed_at and upper_inf(recorded)) as old_township_name,
       array(select jsonb_build_array((extract(epoch from time) * 1000000)::bigint, from_level, to_level, value,
                                      retracts)
             from alert_transitions where alert_id = locked.id and kind = 'level' order by id) as rows
from concerned join locked on locked.id = concerned.id
order by concerned.number, locked.opened_at, locked.id

-- name: new_ids
select nextval(pg_get_serial_sequence(%(table)s, 'id')) from generate_series(1, %(count)s)

-- name: insert_alerts
insert into alerts (id, rule_id, subject, sensor_id, kind, family, township_id, grid_id, lon, lat, level, peak,
                    state, value, exercise, opened_at, changed_at, resolved_at, pending_since, suppressed_by,
                    revision, late)
overriding system value
select id, rule_id, subject, case when subject < 4294967296 then subject::integer end, kind, family, township_id,
       grid_id, lon, lat, level, peak, state, value, %(exercise)s, opened_at, changed_at, resolved_at,
       pending_since, suppressed_by, revision, late
from jsonb_to_recordset(%(rows)s) as (
    id bigint, rule_id text, subject bigint, kind text, family text, township_id integer, grid_id integer,
    lon double precision, lat double precision, level text, peak text, state text, value double precision,
    opened_at timestamptz, changed_at timestamptz, resolved_at timestamptz, pending_since timestamptz,
    suppressed_by bigint, revision integer, late boolean)

-- name: update_alerts
update alerts
set level = new.level, peak = new.peak, state = new.state, value = new.value, opened_at = new.opened_at,
    changed_at = new.changed_at, resolved_at = new.resolved_at, revision = new.revision,
    suppressed_by = new.suppressed_by,
    acknowledged_at = case when not new.begins_anew then alerts.acknowledged_at end,
    in_hand_at = case when not new.begins_anew then alerts.in_hand_at end
from jsonb_to_recordset(%(rows)s) as new(
    id bigint, level text, peak text, state text, value double precision, opened_at timestamptz,
    changed_at timestamptz, resolved_at timestamptz, revision integer, suppressed_by bigint, begins_anew boolean)
where alerts.id = new.id

-- name: insert_alert_transitions
insert into alert_transitions (alert_id, time, from_level, to_level, from_state, to_state, reason, value, late,
                               retracts, revision, note)
select * from jsonb_to_recordset(%(rows)s) as (
    alert_id bigint, time timestamptz, from_level text, to_level text, from_state text, to_state text,
    reason text, value double precision, late boolean, retracts boolean, revision integer, note text)

-- name: inhibit
-- A red alert hides the same subject's lower ones of its family; what it hides no more comes forth. What an alert
-- of another subject hides, a silent gateway's, stays as it is. All of these are locked already but what another
-- writer has opened since: that one is left to the tick rather than waited for.
with standing as materialized (
    select id, subject, family, level, state, inhibited_by from alerts
    where subject = any(%(subjects)s) and exercise = %(exercise)s and state in ('open', 'acknowledged', 'in_hand')
    order by id for no key update skip locked
), judged as (
    select standing.*, (select min(red.id) from standing red
                        where red.subject = standing.subject and red.family = standing.family and red.family <> ''
                          and red.level = 'red' and standing.level <> 'red') as hidden_by
    from standing
), changed as (
    update alerts set inhibited_by = judged.hidden_by from judged
    where alerts.id = judged.id and judged.inhibited_by is distinct from judged.hidden_by
      and not exists (select from alerts hiding where hiding.id = judged.inhibited_by
                      and hiding.subject <> judged.subject)
    returning judged.id, judged.level, judged.state, judged.hidden_by
), written as (
    insert into alert_transitions (alert_id, kind, time, from_level, to_level, from_state, to_state, reason, note)
    select id, 'state', %(time)s, level, level, state, state,
           case when hidden_by is null then 'uninhibited' else 'inhibited' end, coalesce(hidden_by::text, '')
    from changed order by id
)
select id, hidden_by from changed order by id

-- name: unsettled
-- Subjects with an alert that a red one of its family should hide and does not, or hides and should not.
select a.subject, a.exercise from alerts red
join alerts a on a.subject = red.subject and a.exercise = red.exercise and a.family = red.family
where red.state in ('open', 'acknowledged', 'in_hand') and red.level = 'red' and red.family <> ''
  and a.state in ('open', 'acknowledged', 'in_hand') and a.level <> 'red' and a.inhibited_by is null
union
select a.subject, a.exercise from alerts a join alerts red on red.id = a.inhibited_by and red.subject = a.subject
where a.state in ('open', 'acknowledged', 'in_hand')
  and (red.state not in ('open', 'acknowledged', 'in_hand') or red.level <> 'red' or a.level = 'red')

-- name: lock_runs
-- Two pipelines may start the same run at once: one decides after the other has committed.
select pg_advisory_xact_lock(hashtext('plan_runs'))

-- name: open_runs
-- The township's own one last, which is the one that is kept where another has come to it with a change of boundaries.
select id, plan_id, township_id, level
from plan_runs
where state in ('proposed', 'open') and township_id = any(%(townships)s) and exercise = %(exercise)s
order by moved_from nulls last, id

-- name: open_alerts_of_townships
-- Those that are held back start nothing.
select id, rule_id, level, township_id, kind, title
from alerts
where state in ('open', 'acknowledged', 'in_hand') and township_id = any(%(townships)s)
  and suppressed_by is null and exercise = %(exercise)s
order by id

-- name: insert_runs
insert into plan_runs (id, plan_id, version_id, name, plan, township_id, level, state, exercise, started_at, confirm_by)
overriding system value
select id, plan_id, version_id, name, plan, township_id, level, state, %(exercise)s, started_at, confirm_by
from jsonb_to_recordset(%(rows)s) as (
    id bigint, plan_id text, version_id bigint, name text, plan jsonb, township_id integer, level text, state text,
    started_at timestamptz, confirm_by timestamptz)

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
insert into tasks (run_id, task_key, post, post_id, backup, what, after, due_at, limit_min, limit_red_min, repeat_min,
                   from_level, evidence, results)
select run_id, task_key, post, post_id, backup, what, after, due_at, limit_min, limit_red_min, repeat_min, from_level,
       evidence, results
from jsonb_to_recordset(%(rows)s) as (
    run_id bigint, task_key text, post text, post_id text, backup text, what text, after text[],
    due_at timestamptz, limit_min integer, limit_red_min integer, repeat_min integer, from_level text, evidence text,
    results text[])

-- name: hasten_tasks
-- A run that turned red: what is shorter at red is due sooner, counted from then.
update tasks set due_at = least(tasks.due_at, new.due_at)
from jsonb_to_recordset(%(rows)s) as new(run_id bigint, task_key text, due_at timestamptz)
where tasks.run_id = new.run_id and tasks.task_key = new.task_key
  and tasks.state not in ('done', 'skipped')

-- name: run_corrected
-- Runs that an alert joined whose raise was taken back: they go on, people may be under way, and say so.
insert into run_transitions (run_id, time, from_level, to_level, reason)
select distinct on (plan_runs.id) plan_runs.id, corrected.time, plan_runs.level, plan_runs.level, 'corrected'
from jsonb_to_recordset(%(rows)s) as corrected(alert_id bigint, time timestamptz)
join run_alerts on run_alerts.alert_id = corrected.alert_id
join plan_runs on plan_runs.id = run_alerts.run_id and plan_runs.state = 'open'
order by plan_runs.id, corrected.time
returning run_id

-- name: corrected_runs
select plan_runs.id, plan_runs.plan_id, plan_runs.level, plan_runs.township_id, version.name
from plan_runs
left join division_versions version
       on version.division_id = plan_runs.township_id and version.valid @> %(at)s and upper_inf(version.recorded)
where plan_runs.id = any(%(ids)s)
order by plan_runs.id

-- name: log_live_events
select count(log_live_event(event.kind, event.payload))
from jsonb_to_recordset(%(rows)s) as event(kind text, payload jsonb)

-- name: report_transitions
-- What was said and not taken back.
select said.time, coalesce(sensors.name, devices.name, division.name, alerts.title), alerts.rule_id,
       said.from_level, said.to_level
from alert_transitions said
join alerts on alerts.id = said.alert_id
left join sensors on sensors.id = alerts.sensor_id
left join devices on alerts.subject >> 32 in (1, 2) and devices.id = alerts.subject & 4294967295
left join division_versions division
       on division.division_id = case when alerts.subject >> 32 = 3 then (alerts.subject & 4294967295)::integer end
      and division.valid @> said.time and upper_inf(division.recorded)
where said.kind = 'level' and not said.retracts and not exists (
    select from alert_transitions taken
    where taken.alert_id = said.alert_id and taken.retracts and taken.id > said.id and taken.time = said.time
      and taken.from_level = said.from_level and taken.to_level = said.to_level)
order by said.time, said.id

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

-- What the screen showed at `at`: the columns are those of the live views (web/queries.sql), the rows what the books
-- tell of that moment. Functions of migration 0048 tell of alerts, incidents and readings in the scope of who asks.

-- name: first
-- Since when there is anything to go back to; null: never a reading.
select first_reading()

-- name: sensors_in_scope
-- So many at most.
select id from sensors_in_scope() seen (id) limit %(limit)s

-- name: sensors_within
-- Those that stood in a division then, as divided then; so many at most.
with recursive below (id, level) as (
    select d.id, d.level from divisions d where d.id = %(division)s
    union
    select d.id, d.level
    from below
    join division_versions v on v.parent_id = below.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id
    -- A sensor in a grid lies in its township, too.
    where below.level in ('city', 'district')
)
select distinct sensors.id
from sensor_divisions place join sensors on sensors.id = place.sensor_id
where place.division_id = any(array(select id from below))
  and place.valid @> %(at)s::timestamptz and upper_inf(place.recorded)
limit %(limit)s

-- name: stations
select s.id, s.name, s.label, s.quantity, s.unit, s.datum, s.river, s.levels, s.source, s.interval_s,
       place.lon, place.lat, lies.township as township_id, tv.name as township, dv.name as district, b.derived
from unnest(%(ids)s::integer[]) shown (id)
join sensors s on s.id = shown.id
left join sensor_places place
       on place.sensor_id = s.id and place.valid @> %(at)s::timestamptz and upper_inf(place.recorded)
left join lateral (
    select max(division_id) filter (where level = 'township') as township,
           max(division_id) filter (where level = 'district') as district
    from sensor_divisions where sensor_id = s.id and valid @> %(at)s::timestamptz and upper_inf(recorded)
) lies on true
left join lateral (
    select name, parent_id from division_versions
    where division_id = lies.township and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = coalesce(lies.district, tv.parent_id)
      and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
left join lateral (
    select derived from boundary_versions
    where division_id = lies.township and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) b on true
where place.reason is distinct from 'retired'
order by s.id

-- name: values
select sensor_id as id, times[1] as time, readings[1] as value, readings[2] as previous
from readings_before(%(ids)s, %(at)s) order by sensor_id

-- name: alerts
-- Where each was then: `moved` is its first move since, with a change of boundaries.
select a.id, a.rule_id, a.subject, a.kind, a.family, a.sensor_id, coalesce(s.name, alert_name(a), '') as sensor,
       coalesce(s.label, case when a.subject >> 32 in (0, 4) then a.title else alert_name(a) end, '') as label,
       coalesce(s.unit, '') as unit, s.datum, coalesce(s.river, '') as river, coalesce(s.quantity, '') as quantity,
       lay.township_id, tv.name as township, dv.name as district,
       then_.level, then_.peak, then_.state, then_.value, a.exercise, a.opened_at, then_.changed_at, a.lon, a.lat
from alerts_standing(%(at)s) then_
join alerts a on a.id = then_.alert_id
left join sensors s on s.id = a.sensor_id
left join lateral (
    select alert_id, from_township from alert_places
    where alert_id = a.id and at > %(at)s::timestamptz order by id limit 1
) moved on true
cross join lateral (
    select case when moved.alert_id is null then a.township_id else moved.from_township end as township_id
) lay
left join lateral (
    select name, parent_id from division_versions
    where division_id = lay.township_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = tv.parent_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
where not then_.suppressed and not then_.inhibited
order by array_position(array['red', 'orange', 'yellow', 'blue'], then_.level), then_.changed_at, a.id

-- name: runs
-- One that somebody had to confirm was under way from when it was.
select r.id, r.plan_id, r.township_id, tv.name as township, dv.name as district, moved.level, r.exercise, r.started_at
from plan_runs r
cross join lateral (
    select coalesce((select to_level from run_transitions where run_id = r.id and time <= %(at)s::timestamptz
                     order by time desc, id desc limit 1), r.level) as level
) moved
left join lateral (
    select name, parent_id from division_versions
    where division_id = r.township_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = tv.parent_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
where r.started_at <= %(at)s::timestamptz and (r.ended_at is null or r.ended_at > %(at)s::timestamptz)
  and (r.confirm_by is null or r.confirmed_at <= %(at)s::timestamptz)
  and coalesce((r.plan #>> '{privacy,show_on_wall}')::boolean, true)
order by array_position(array['red', 'orange', 'yellow', 'blue'], moved.level), r.started_at, r.id

-- name: tasks
-- How far each place was, by calls, receipts and answers; a task is as far as the least of its places. What was taken
-- back from somebody (cannot, reassigned, a rise after it was stood down) begins anew.
with rises as materialized (
    select run_id, time, to_level from run_transitions
    where run_id = any(%(runs)s) and time <= %(at)s::timestamptz
), ended as materialized (
    select a.task_id, a.kind, a.time
    from run_acts a
    where a.run_id = any(%(runs)s) and a.time <= %(at)s::timestamptz
      and a.kind in ('task_skipped', 'task_stood_down')
), begun as materialized (
    -- A task that was roused begins a second time: its first calls tell when it did first.
    select one.id, one.task_id, one.run_id, one.division_id, one.round, one.called_at,
           least(greatest(case when one.round = 1 then t.started_at end, placed.joined_at), heard.first) as since,
           roused.time as roused_at
    from assignments one
    join tasks t on t.id = one.task_id
    left join run_grids placed on placed.run_id = one.run_id and placed.grid_id = one.division_id and one.round = 1
    cross join lateral (
        select least((select min(least(c.called_at, coalesce(d.first_due_at, d.due_at)))
                      from calls c left join deliveries d on d.call_id = c.id where c.assignment_id = one.id),
                     (select min(received_at) from answers where assignment_id = one.id)) as first
    ) heard
    left join lateral (
        select max(rises.time) as time from rises
        where rises.run_id = one.run_id
          and rises.time >= (select min(ended.time) from ended
                             where ended.task_id = one.task_id and ended.kind = 'task_stood_down')
          and array_position(array['blue', 'yellow', 'orange', 'red'], rises.to_level)
              >= array_position(array['blue', 'yellow', 'orange', 'red'], t.from_level)
    ) roused on true
    where one.run_id = any(%(runs)s)
), reset as materialized (
    select begun.*, late_at, greatest(
        roused_at,
        (select max(gone.received_at) from answers gone
         where gone.assignment_id = begun.id and gone.kind = 'cannot' and gone.received_at <= %(at)s::timestamptz
           and not exists (select from answers other
                           where other.assignment_id = begun.id and other.counted and other.kind <> 'cannot'
                             and other.received_at <= gone.received_at
                             and other.person_id is distinct from gone.person_id)),
        (select max(a.time) from run_acts a
         where a.run_id = begun.run_id and a.kind = 'reassigned' and a.time <= %(at)s::timestamptz
           and (a.detail ->> 'assignment')::bigint = begun.id),
        late_at) as anew_at
    from begun
    -- A round that somebody kept answering and no longer does begins anew.
    left join lateral (
        select max(a.time) as late_at from run_acts a
        where begun.round > 1 and a.run_id = begun.run_id and a.kind = 'overdue' and a.time <= %(at)s::timestamptz
          and (a.detail ->> 'assignment_id')::bigint = begun.id
    ) late on true
    where since <= %(at)s::timestamptz
), reached as (
    select reset.id, reset.task_id, greatest(
        1,
        case when anew_at is distinct from roused_at and anew_at is distinct from late_at then 2 end,
        -- Nobody there to be called is called, too: the ladder has come so far.
        case when reset.called_at <= %(at)s::timestamptz then 2 end,
        (select max(2) from calls c left join deliveries d on d.call_id = c.id
         where c.assignment_id = reset.id
           and (c.called_at <= %(at)s::timestamptz and c.called_at >= coalesce(roused_at, '-infinity')
                or coalesce(d.first_due_at, d.due_at) <= %(at)s::timestamptz
                   and coalesce(d.first_due_at, d.due_at) >= coalesce(roused_at, '-infinity'))),
        (select max(case when d.read_at <= %(at)s::timestamptz and d.read_at > coalesce(anew_at, '-infinity') then 4
                         when d.delivered_at <= %(at)s::timestamptz
                              and d.delivered_at > coalesce(anew_at, '-infinity') then 3 end)
         from calls c join deliveries d on d.call_id = c.id where c.assignment_id = reset.id),
        (select max(array_position(array['acknowledged', 'on_site', 'done'], given.kind) + 4)
         from answers given
         where given.assignment_id = reset.id and given.counted and given.received_at <= %(at)s::timestamptz
           and given.received_at > coalesce(anew_at, '-infinity')),
        -- Whoever did the round before goes on with this one, without another tap.
        case when reset.round > 1 and late_at is null then 5 end) as step
    from reset
), standing as (
    select task_id, min(step) as step from reached group by task_id
)
select t.run_id, t.task_key, t.post, t.backup, t.what, t.after,
       case
           -- What begins with a higher level, or was added, is due only once it has begun.
           when not coalesce(array_position(array['blue', 'yellow', 'orange', 'red'], t.from_level)
                             <= array_position(array['blue', 'yellow', 'orange', 'red'], first_.level), true)
                and not coalesce(t.started_at <= %(at)s::timestamptz, false) then null
           -- What is shorter at red was due later, as long as the run had not been red.
           when t.limit_red_min is null or t.due_at is null
                or exists (select from rises where rises.run_id = t.run_id and rises.to_level = 'red') then t.due_at
           else greatest(t.due_at, r.started_at + make_interval(mins => coalesce(t.limit_min, t.repeat_min)))
       end as due_at,
       t.repeat_min, by_then.state
from tasks t
join plan_runs r on r.id = t.run_id
left join lateral (
    select to_level as level from run_transitions where run_id = t.run_id order by time, id limit 1
) first_ on true
left join standing on standing.task_id = t.id
left join lateral (
    select kind, time from ended where ended.task_id = t.id order by time desc limit 1
) over_ on true
cross join lateral (
    select case
        when over_.kind = 'task_skipped' then 'skipped'
        when over_.kind = 'task_stood_down' and not exists (
            select from rises
            where rises.run_id = t.run_id and rises.time >= over_.time
              and array_position(array['blue', 'yellow', 'orange', 'red'], rises.to_level)
                  >= array_position(array['blue', 'yellow', 'orange', 'red'], t.from_level)) then 'stood_down'
        when standing.step is not null
            then (array['waiting', 'sent', 'delivered', 'read', 'acknowledged', 'on_site', 'done'])[standing.step]
        -- Nothing says when it moved: it stands as it stands.
        when not exists (select from assignments where assignments.task_id = t.id) and t.started_at is null then t.state
        else 'waiting' end as state
) by_then
where t.run_id = any(%(runs)s)
  and not exists (select from run_acts a where a.task_id = t.id and a.kind = 'task_added' and a.time > %(at)s::timestamptz)
order by t.run_id, due_at nulls last, t.id

-- name: counts
select
    townships.all_of_them as townships, townships.located as townships_located,
    (select count(*) from sensors_in_scope()) as sensors,
    (select coalesce(sum(stored), 0)::bigint from intake where minute <= %(at)s::timestamptz) as readings,
    (select coalesce(sum(late), 0)::bigint from intake where minute <= %(at)s::timestamptz) as late,
    quarantined_before(%(at)s) as quarantined,
    standing.suppressed, standing.inhibited
from (
    select count(*) as all_of_them, count(v.lon) as located
    from divisions d
    cross join lateral (
        select lon from division_versions
        where division_id = d.id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
    ) v
    where d.level = 'township'
) townships
cross join (
    select count(*) filter (where suppressed) as suppressed,
           count(*) filter (where inhibited and not suppressed) as inhibited
    from alerts_standing(%(at)s)
) standing

-- name: incidents
select i.id, i.family, i.level, i.alerts, i.open_alerts, i.townships, version.name as township, i.newest, i.opened_at,
       i.exercise, i.lon, i.lat
from incidents_standing(%(at)s) i
left join lateral (
    select name from division_versions
    where division_id = i.township_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) version on true
order by array_position(array['red', 'orange', 'yellow', 'blue'], i.level), i.open_alerts desc, i.id

-- name: warnings
-- Those that had come by then; until when, as it was known then.
select id, event, level, coalesce(nullif(sender_name, ''), sender) as sender, headline,
       case when cancelled_at > %(at)s::timestamptz then expires else ends end as ends, status = 'exercise' as exercise
from warnings
where msg_type <> 'cancel' and effective <= %(at)s::timestamptz and sent <= %(at)s::timestamptz
  and ends > %(at)s::timestamptz and (status = 'actual' or status = 'exercise' and is_exercise())
order by array_position(array['red', 'orange', 'yellow', 'blue'], level) nulls last, effective desc, id desc

-- name: shown_over
-- What came onto the board, moved on it and left it; one row before `since` says how each stood then.
select s.alert_id, s.happened_at as time, s.level, a.sensor_id, a.exercise,
       coalesce(nullif(sensors.label, ''), sensors.name, alert_name(a), '') as label
from alerts_shown(%(since)s, %(until)s) s
join alerts a on a.id = s.alert_id
left join sensors on sensors.id = a.sensor_id
where %(divisions)s::integer[] is null or a.township_id = any(%(divisions)s) or a.grid_id = any(%(divisions)s)
order by s.alert_id, s.happened_at, s.number

-- name: divisions_within
-- A division and what lay in it then.
with recursive below (id) as (
    select %(division)s::integer
    union
    select v.division_id from below
    join division_versions v on v.parent_id = below.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
)
select id from below

-- name: runs_over
select r.id, coalesce(nullif(r.name, ''), r.plan_id) as name, coalesce(place.name, '') as township, r.level, r.exercise,
       case when confirm_by is null then started_at else confirmed_at end as begins, ended_at as ends
from plan_runs r
left join lateral (
    select name from division_versions
    where division_id = r.township_id and valid @> %(until)s::timestamptz and upper_inf(recorded) limit 1
) place on true
where started_at <= %(until)s::timestamptz and (ended_at is null or ended_at > %(since)s::timestamptz)
  and (confirm_by is null or confirmed_at <= %(until)s::timestamptz)
  and coalesce((plan #>> '{privacy,show_on_wall}')::boolean, true)
  and (%(divisions)s::integer[] is null or township_id = any(%(divisions)s))
order by begins, r.id

-- name: answers_over
-- What people answered, without who they are.
select a.received_at as time, a.kind
from answers a
join assignments on assignments.id = a.assignment_id
where a.counted and a.received_at > %(since)s::timestamptz and a.received_at <= %(until)s::timestamptz
  and assignments.run_id = any(%(runs)s)
order by a.received_at

-- name: largest
-- Of each sensor the largest reading of each bucket.
select sensor_id, floor(extract(epoch from time - %(since)s::timestamptz) / %(step_s)s)::integer as bucket,
       max(value) as value
from readings
where sensor_id = any(%(ids)s) and time >= %(since)s::timestamptz and time <= %(until)s::timestamptz
group by sensor_id, bucket order by sensor_id, bucket

-- name: outlines
-- The lines of a level in a division (null: everywhere), or of divisions by number.
select b.division_id, b.geometry
from boundary_versions b join divisions d on d.id = b.division_id
where b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
  and case when %(ids)s::integer[] is not null then b.division_id = any(%(ids)s)
           else d.level = %(level)s and (%(divisions)s::integer[] is null or d.id = any(%(divisions)s)) end

-- name: level_of
select d.level, v.name from divisions d
left join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
where d.id = %(division)s

-- name: named
select id, name, label, unit, quantity from sensors where id = any(%(ids)s) order by id

-- What conditions are judged by: of many runs at once.

-- name: runs_to_judge
-- Those under way whose plan has a condition that is no text.
select id, township_id, exercise, level, started_at, plan from plan_runs
where id = any(%(runs)s) and state = 'open'
  and (jsonb_path_exists(plan, '$.upgrade[*] ? (@.type() == "object")')
       or jsonb_path_exists(plan, '$.terminate.*[*] ? (@.type() == "object")'))
order by id

-- name: alerts_joined
select run_alerts.run_id, alerts.id as alert_id,
       case when alerts.state in ('open', 'acknowledged', 'in_hand') then alerts.level else 'none' end as level
from run_alerts join alerts on alerts.id = run_alerts.alert_id
where run_alerts.run_id = any(%(runs)s)

-- name: steps_of_alerts
-- As a level that is none where the alert was not open.
select alert_id, time,
       case when from_state in ('open', 'acknowledged', 'in_hand') then from_level else 'none' end as before,
       case when to_state in ('open', 'acknowledged', 'in_hand') then to_level else 'none' end as after
from alert_transitions where alert_id = any(%(alerts)s) and time <= %(at)s order by id

-- name: open_in_townships
select township_id, exercise, rule_id, level, kind, title from alerts
where state in ('open', 'acknowledged', 'in_hand') and township_id = any(%(townships)s) and suppressed_by is null

-- name: watched
-- Of the quantities that conditions name: the sensors of the run's alerts, else those of its township.
with joined as (
    select distinct run_alerts.run_id, sensors.id as sensor_id, sensors.quantity
    from run_alerts join alerts on alerts.id = run_alerts.alert_id join sensors on sensors.id = alerts.sensor_id
    where run_alerts.run_id = any(%(runs)s)
      and sensors.quantity in ('stage', 'water_depth', 'underpass_depth')
), concerned as (
    select * from joined
    union
    select plan_runs.id, sensors.id, sensors.quantity
    from plan_runs
    join sensor_divisions place on place.division_id = plan_runs.township_id and place.level = 'township'
         and place.valid @> %(at)s::timestamptz and upper_inf(place.recorded)
    join sensors on sensors.id = place.sensor_id and sensors.quantity in ('stage', 'water_depth', 'underpass_depth')
    where plan_runs.id = any(%(runs)s)
      and not exists (select from joined where joined.run_id = plan_runs.id and joined.quantity = sensors.quantity)
)
select concerned.run_id, concerned.quantity, (sensors.levels ->> 'warning')::double precision as warning,
       make_interval(secs => sensors.interval_s) as interval,
       coalesce(recent.times, '{}') as times, coalesce(recent.values, '{}') as values
from concerned join sensors on sensors.id = concerned.sensor_id
left join lateral (
    select array_agg(time order by time) as times, array_agg(value order by time) as values
    from (select time, value from readings
          where sensor_id = concerned.sensor_id and time > %(at)s::timestamptz - interval '13 hours'
            and time <= %(at)s::timestamptz
          order by time desc limit 2000) newest
) recent on true

-- name: unanswered
select run_id, min(called_at) as since from assignments
where run_id = any(%(runs)s) and ended_at is null and acknowledged_at is null and called_at is not null
group by run_id

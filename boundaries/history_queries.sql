-- What alerts, runs and events belong to, and totals of them under a map (boundaries/belonging.py, boundaries/totals.py).

-- name: of_alert
-- Without a sensor and a position it is where it was written to be, or the division that it is about.
select opened_at, recorded_at, sensor_id, sensor_id is null and lon is not null, division_of_alert(alerts)
from alerts where id = %(id)s

-- name: of_event
select reported_at, reported_at, null::integer, lon is not null, division_of_event(events)
from events where id = %(id)s

-- name: of_run
select started_at, recorded_at, null::integer, false, division_of_run(plan_runs) from plan_runs where id = %(id)s

-- name: sensor_named
select id from sensors where name = %(name)s or id::text = %(name)s order by name = %(name)s desc limit 1

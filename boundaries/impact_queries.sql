-- What a draft would do, beside the boundaries themselves. `ids`: divisions of its level that it would change.

-- name: sensors_of
-- Where these sensors are now, by what is known now.
select places.sensor_id, sensors.name, sensors.label, sensors.quantity, lies.division_id
from unnest(%(sensors)s::integer[]) as places (sensor_id)
join sensors on sensors.id = places.sensor_id
left join sensor_divisions lies on lies.sensor_id = places.sensor_id and lies.level = %(level)s
     and upper_inf(lies.recorded) and lies.valid @> %(at)s::timestamptz

-- name: alerts_open
-- Open alerts of these sensors, and those that are about divisions which would change.
select alerts.id, alerts.rule_id, alerts.level, alerts.title, alerts.sensor_id, alerts.township_id, alerts.grid_id,
       alerts.lon, alerts.lat, coalesce(alert_name(alerts), '') as name
from alerts
where state in ('open', 'acknowledged', 'in_hand')
  and (sensor_id = any(%(sensors)s::integer[]) or grid_id = any(%(ids)s) or township_id = any(%(ids)s))
order by alerts.id

-- name: duty_of
-- Posts and shifts that reach beyond the date of effect.
select person_id, post, division_id, 'holding' as kind from post_holdings
where division_id = any(%(ids)s) and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true)
union
select person_id, post, division_id, 'shift' from shifts
where division_id = any(%(ids)s) and upper_inf(recorded) and upper(during) > %(at)s
order by division_id, post, person_id

-- name: runs_open
select distinct run.id, coalesce(nullif(run.name, ''), run.plan_id) as name, run.level, place.division_id,
       (select count(*) from assignments where run_id = run.id and division_id = place.division_id
        and ended_at is null) as assignments
from plan_runs run
join (select run_id, grid_id as division_id from run_grids
      union select id, township_id from plan_runs) place on place.run_id = run.id
where run.state in ('proposed', 'open') and place.division_id = any(%(ids)s)
order by run.id, place.division_id

-- name: plans_of
select plans.id, plans.code, plans.division_id from plans
where plans.division_id = any(%(ids)s)
  and exists (select from plan_versions where plan_id = plans.id and state = 'published' and valid @> %(at)s)
order by plans.code

-- name: residents_of
select division_id, count(*) from residents
where division_id = any(%(ids)s) and (upper_inf(valid) or upper(valid) > %(at)s) group by division_id

-- name: events_open
select division_id, count(*) from (
    select case %(level)s when 'grid' then grid_id when 'township' then township_id when 'district' then district_id end
           as division_id
    from events where state <> 'closed') open
where division_id = any(%(ids)s) group by division_id

-- name: rights_of
-- Grants and tokens that reach exactly these.
select 'role' as kind, account_id || ' ' || role as subject, division_id from account_roles
where division_id = any(%(ids)s) and coalesce(upper(valid) > %(at)s, true)
union all
select 'token', id::text, division_id from api_tokens
where division_id = any(%(ids)s) and revoked_at is null and expires_at > %(at)s
union all
select 'suppression', id::text, division_id from suppressions
where division_id = any(%(ids)s) and ended_at is null and upper(valid) > %(at)s
union all
select 'organisation', organisation_id::text, division_id from organisation_divisions
where division_id = any(%(ids)s) and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true)

-- name: left_behind
-- After the date of effect: what still hangs on a division that is no more, until somebody decides.
select follow.kind, follow.subject, follow.from_id, former.name
from boundary_follows follow
join lateral (select name from division_versions v where v.division_id = follow.from_id
              order by upper_inf(v.recorded) desc, lower(v.valid) desc nulls last limit 1) former on true
where follow.draft_id = %(draft)s and follow.to_id is null
  and case follow.kind
      when 'role' then exists (
          select from account_roles held where held.division_id = follow.from_id
            and held.account_id || ' ' || held.role = follow.subject and coalesce(upper(held.valid) > now(), true))
      when 'token' then exists (select from api_tokens where id::text = follow.subject and revoked_at is null
                                and expires_at > now())
      when 'suppression' then exists (select from suppressions where id::text = follow.subject and ended_at is null
                                      and upper(valid) > now())
      when 'resident' then exists (select from residents where id::text = follow.subject
                                   and division_id = follow.from_id and (upper_inf(valid) or upper(valid) > now()))
      else false end
order by follow.kind, follow.from_id, follow.subject

-- name: followed
-- What went along with a published draft, and how much of it somebody has to decide.
select kind, count(*), count(*) filter (where to_id is null) from boundary_follows where draft_id = %(draft)s group by kind
union all
select 'alert', count(*), 0 from alert_places where draft_id = %(draft)s having count(*) > 0
union all
select 'sensor', count(distinct lies.sensor_id), 0
from boundary_drafts draft join sensor_divisions lies on lower(lies.recorded) = draft.recorded
where draft.id = %(draft)s having count(*) > 0
order by 1

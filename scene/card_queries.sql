-- What the card of a township, village or grid tells, in the scope of whoever asks.

-- name: card
-- In one look. `at` is the pipeline's clock. Of runs those that walls may show, as on the board.
with recursive this as (
    select divisions.id, divisions.level, version.parent_id, version.code, version.name, version.population,
           version.households
    from divisions
    join division_versions version on version.division_id = divisions.id
         and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
    where divisions.id = %(division)s and (sees_all() or divisions.id in (select in_scope()))
), up (id, level, name, parent_id, step) as (
    select id, level, name, parent_id, 0 from this
    union all
    select version.division_id, divisions.level, version.name, version.parent_id, up.step + 1
    from up
    join division_versions version on version.division_id = up.parent_id
         and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
    join divisions on divisions.id = version.division_id
    where up.step < 10
), own as materialized (
    select descendant_id as id from division_closure where ancestor_id = (select id from this)
), placed as materialized (
    select distinct sensor_id from sensor_divisions
    where division_id = (select id from this) and valid @> %(at)s::timestamptz and upper_inf(recorded)
), open_alerts as materialized (
    select subject, level, kind, suppressed_by is null and inhibited_by is null as shown
    from alerts
    where state in ('open', 'acknowledged', 'in_hand')
      and (township_id = any(array(select id from own)) or grid_id = any(array(select id from own)))
), silent as (
    select subject as sensor_id from open_alerts
    where kind = 'silence' and subject >> 32 = 0
    union
    select sensors.id from open_alerts join sensors on sensors.device_id = (subject & 4294967295)::integer
    where kind = 'silence' and subject >> 32 = 1
), running as materialized (
    select id, coalesce(nullif(name, ''), plan_id) as name, level, exercise or drill as drill, started_at
    from plan_runs
    where state = 'open' and coalesce((plan #>> '{privacy,show_on_wall}')::boolean, true)
      and (township_id = any(array(select id from own))
           or id in (select run_id from run_grids where grid_id = any(array(select id from own))))
), standing as materialized (
    -- What adds up is looked for in those that have it: there may be ten thousand of the others.
    select kind, count(*) as count,
           sum((attributes ->> 'households')::numeric) filter (where kind in ('building', 'hazard_point')) as households,
           max((attributes ->> 'storeys')::numeric) filter (where kind = 'building') as storeys,
           sum((attributes ->> 'people')::numeric) filter (where kind = 'hazard_point') as people,
           sum((attributes ->> 'capacity')::numeric) filter (where kind = 'shelter') as capacity
    from things
    where removed_at is null
      and case (select level from this)
              when 'district' then district_id when 'township' then township_id
              when 'village' then village_id when 'grid' then grid_id end = (select id from this)
    group by kind
)
select this.id, this.level, this.code, this.name, this.population, this.households,
       (select jsonb_agg(jsonb_build_object('id', id, 'level', level, 'name', name) order by step desc)
        from up where level <> 'city' and step > 0) as path,
       boundary.area_m2 / 1e6 as area_km2, boundary.derived,
       (select coalesce(jsonb_object_agg(kind, jsonb_strip_nulls(to_jsonb(standing) - 'kind')), '{}')
        from standing) as things,
       (select count(*) from placed) as sensors,
       (select count(*) from silent where sensor_id in (select sensor_id from placed)) as silent,
       (select coalesce(jsonb_object_agg(level, number), '{}')
        from (select level, count(*) as number from open_alerts where shown group by level) by_level) as alerts,
       (select coalesce(jsonb_agg(jsonb_build_object(
                   'id', running.id, 'name', running.name, 'level', running.level, 'drill', running.drill,
                   'started_at', running.started_at,
                   'tasks', (select count(*) from tasks where run_id = running.id and state <> 'stood_down'),
                   'done', (select count(*) from tasks where run_id = running.id and state = 'done'))
               order by array_position(array['red', 'orange', 'yellow', 'blue'], running.level), running.id), '[]')
        from running) as runs,
       (select coalesce(jsonb_object_agg(state, number), '{}')
        from (select assignments.state, count(*) as number from assignments
              where run_id in (select id from running)
                and (division_id = any(array(select id from own)) or (select level from this) = 'township')
              group by assignments.state) by_state) as answers
from this
left join boundary_versions boundary on boundary.division_id = this.id
     and boundary.valid @> %(at)s::timestamptz and upper_inf(boundary.recorded)

-- name: answers_of
-- Where each of these people stands with the newest call of a run under way.
select distinct on (calls.person_id) calls.person_id, assignments.state, calls.called_at, assignments.acknowledged_at
from calls
join assignments on assignments.id = calls.assignment_id
join plan_runs run on run.id = assignments.run_id and run.state = 'open'
     and coalesce((run.plan #>> '{privacy,show_on_wall}')::boolean, true)
where calls.person_id = any(%(people)s) and calls.ended_at is null
order by calls.person_id, assignments.ended_at is not null, calls.called_at desc, calls.id desc

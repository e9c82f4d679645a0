-- The figures of the command centre, in the scope of whoever asks. What each of them means: docs/figures.md.
-- A period begins at `since` and ends before `until`; `within` is a division with all in it (null: all of the scope);
-- `level` is that of the divisions that are compared; `exercise`: drills alone, or none of them.

-- name: division
-- A division that is asked for, as it is called at that time; none, where it lies beyond the scope.
select divisions.id, divisions.level, version.name, version.code
from divisions
join division_versions version on version.division_id = divisions.id
     and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
where divisions.id = %(within)s::integer and ((select sees_all()) or divisions.id in (select in_scope()));

-- name: districts_seen
-- How many districts the scope reaches into.
select count(*) from divisions
where level = 'district' and ((select sees_all()) or id in (select around_scope()));

-- name: is_exercise
select is_exercise();

-- name: units
-- The divisions that are compared, as they are called at that time.
select divisions.id, version.name, version.code
from divisions
join division_versions version on version.division_id = divisions.id
     and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
where divisions.level = %(level)s
  and ((select sees_all()) or divisions.id in (select around_scope()))
  and (%(within)s::integer is null
       or divisions.id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
order by version.code, divisions.id;

-- name: alert_counts
-- By the highest level that each reached: of all, per day of Shanghai, per family, per compared division.
with counted as materialized (
    select case grouping(day, family, anchor) when 3 then 'day' when 5 then 'family' when 6 then 'unit' else 'all' end
               as by,
           day, family, anchor, peak, count(*) as count
    from (
        select (opened_at at time zone 'Asia/Shanghai')::date as day, family, peak,
               case when %(level)s in ('village', 'grid') then grid_id else township_id end as anchor
        from alerts
        where alerts.opened_at >= %(since)s and alerts.opened_at < %(until)s
          and alerts.suppressed_by is null and alerts.exercise = %(exercise)s
          and (%(within)s::integer is null
               or alerts.township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
               or alerts.grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
    ) picked
    group by grouping sets ((day, peak), (family, peak), (anchor, peak), (peak))
), of_unit as materialized (
    select anchor, (select closure.ancestor_id from division_closure closure
                    join divisions unit on unit.id = closure.ancestor_id
                    where closure.descendant_id = anchor and unit.level = %(level)s limit 1) as unit_id
    from (select distinct anchor from counted where anchor is not null) anchors
)
select by, day, family, unit_id, peak, sum(count)::bigint as count
from counted left join of_unit on of_unit.anchor = counted.anchor
group by by, day, family, unit_id, peak;

-- name: alert_totals
-- The same of all, for the period before.
select peak, count(*) as count
from alerts
where opened_at >= %(since)s and opened_at < %(until)s and suppressed_by is null and exercise = %(exercise)s
  and (%(within)s::integer is null
       or township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
       or grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
group by peak;

-- name: alert_acknowledged
-- How many of them somebody acknowledged, and the middle time until then: all that the period before is asked for.
select count(acknowledged_at) as count,
       percentile_cont(0.5) within group (
           order by greatest(0, round(date_part('epoch', acknowledged_at - opened_at))))
           filter (where acknowledged_at is not null) as median_s
from alerts
where opened_at >= %(since)s and opened_at < %(until)s and suppressed_by is null and exercise = %(exercise)s
  and (%(within)s::integer is null
       or township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
       or grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer));

-- name: alert_times
-- From the raise of an alert to each step, in whole seconds: of all, and the middle one until somebody acknowledged
-- it per compared division. Equal times are counted first: that is far less to sort.
with picked as materialized (
    select case when %(level)s in ('village', 'grid') then grid_id else township_id end as anchor,
           round(date_part('epoch', acknowledged_at - opened_at))::integer as acknowledged,
           round(date_part('epoch', in_hand_at - opened_at))::integer as in_hand,
           round(date_part('epoch', resolved_at - opened_at))::integer as resolved,
           round(date_part('epoch', closed_at - opened_at))::integer as closed
    from alerts
    where alerts.opened_at >= %(since)s and alerts.opened_at < %(until)s
      and alerts.suppressed_by is null and alerts.exercise = %(exercise)s
      and (%(within)s::integer is null
           or alerts.township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
           or alerts.grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
), counted as (
    select 'acknowledged' as step, greatest(0, acknowledged) as seconds, count(*) as n from picked where acknowledged is not null group by 2
    union all
    select 'in_hand' as step, greatest(0, in_hand) as seconds, count(*) as n from picked where in_hand is not null group by 2
    union all
    select 'resolved' as step, greatest(0, resolved) as seconds, count(*) as n from picked where resolved is not null group by 2
    union all
    select 'closed' as step, greatest(0, closed) as seconds, count(*) as n from picked where closed is not null group by 2
), ranked as (
    select *, (sum(n) over (partition by step order by seconds))::float8 as upto,
           (sum(n) over (partition by step))::float8 as total
    from counted
), of_unit as materialized (
    select anchor, (select closure.ancestor_id from division_closure closure
                    join divisions unit on unit.id = closure.ancestor_id
                    where closure.descendant_id = anchor and unit.level = %(level)s limit 1) as unit_id
    from (select distinct anchor from picked where anchor is not null) anchors
)
select step, null::integer as unit_id, true as of_all, max(total)::bigint as count,
       array(select low + (high - low) * (place - floor(place))
             from (values (min(seconds) filter (where upto > floor(0.5 * (total - 1))),
                           min(seconds) filter (where upto > ceil(0.5 * (total - 1))), 0.5 * (max(total) - 1)),
                          (min(seconds) filter (where upto > floor(0.9 * (total - 1))),
                           min(seconds) filter (where upto > ceil(0.9 * (total - 1))), 0.9 * (max(total) - 1)),
                          (min(seconds) filter (where upto > floor(0.99 * (total - 1))),
                           min(seconds) filter (where upto > ceil(0.99 * (total - 1))), 0.99 * (max(total) - 1))) mark (low, high, place)) as marks,
       max(seconds)::float8 as longest_s,
       array[coalesce(sum(n) filter (where seconds < 60), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 60 and seconds < 300), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 300 and seconds < 900), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 900 and seconds < 1800), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 1800 and seconds < 3600), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 3600 and seconds < 14400), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 14400 and seconds < 86400), 0)::bigint,
             coalesce(sum(n) filter (where seconds >= 86400), 0)::bigint] as bins
from ranked group by step
union all
select 'acknowledged', unit_id, false, count(*),
       array[percentile_cont(0.5) within group (order by greatest(0, acknowledged)::float8)], null, null
from picked join of_unit on of_unit.anchor = picked.anchor
where acknowledged is not null and unit_id is not null group by unit_id;

-- name: tasks
-- Tasks for which somebody was called in the period, in one look at them: how many there were (of all, and per compared
-- division), how long each step took since the call in whole seconds (a phone whose clock is behind answers at once), and
-- with `by_person` who answered for most of them: under the post and the place of the last of these tasks.
with picked as materialized (
    select case when %(level)s in ('village', 'grid') then assignments.division_id else runs.township_id end as anchor,
           assignments.id, assignments.person_id,
           round(date_part('epoch', least(acknowledged_at, on_site_at, done_at) - called_at))::integer as acknowledged,
           round(date_part('epoch', on_site_at - called_at))::integer as on_site,
           round(date_part('epoch', done_at - called_at))::integer as done,
           assignments.state in ('skipped', 'stood_down') as spared, assignments.ended_at is null as open,
           overdue_at is not null as overdue,
           overdue_at is not null or (assignments.state not in ('skipped', 'stood_down')
                                      and coalesce(done_at, assignments.ended_at, %(now)s) > due_at) as late
    from plan_runs runs
    join assignments on assignments.run_id = runs.id
    where runs.exercise = %(exercise)s
      and assignments.called_at >= %(since)s and assignments.called_at < %(until)s
      and (%(within)s::integer is null
           or runs.township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
           or assignments.division_id
              in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
), counted as (
    select 'acknowledged' as step, greatest(0, acknowledged) as seconds, count(*) as n
    from picked where acknowledged is not null group by 2
    union all
    select 'on_site', greatest(0, on_site), count(*) from picked where on_site is not null group by 2
    union all
    select 'done', greatest(0, done), count(*) from picked where done is not null group by 2
), ranked as (
    select *, (sum(n) over (partition by step order by seconds))::float8 as upto,
           (sum(n) over (partition by step))::float8 as total
    from counted
), of_anchor as materialized (
    select anchor, count(*) filter (where not spared or acknowledged is not null) as called,
           count(acknowledged) as answered, count(done) as done, count(*) filter (where late) as late,
           count(*) filter (where open) as open
    from picked group by anchor
), of_unit as materialized (
    select anchor, (select closure.ancestor_id from division_closure closure
                    join divisions unit on unit.id = closure.ancestor_id
                    where closure.descendant_id = anchor and unit.level = %(level)s limit 1) as unit_id
    from (select anchor from of_anchor where anchor is not null) anchors
), times as (
    select step, null::integer as unit_id, true as of_all, max(total)::bigint as count,
           array(select low + (high - low) * (place - floor(place))
                 from (values (min(seconds) filter (where upto > floor(0.5 * (total - 1))),
                               min(seconds) filter (where upto > ceil(0.5 * (total - 1))), 0.5 * (max(total) - 1)),
                              (min(seconds) filter (where upto > floor(0.9 * (total - 1))),
                               min(seconds) filter (where upto > ceil(0.9 * (total - 1))), 0.9 * (max(total) - 1)),
                              (min(seconds) filter (where upto > floor(0.99 * (total - 1))),
                               min(seconds) filter (where upto > ceil(0.99 * (total - 1))), 0.99 * (max(total) - 1)))
                      mark (low, high, place)) as marks,
           max(seconds)::float8 as longest_s,
           array[coalesce(sum(n) filter (where seconds < 60), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 60 and seconds < 300), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 300 and seconds < 900), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 900 and seconds < 1800), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 1800 and seconds < 3600), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 3600 and seconds < 14400), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 14400 and seconds < 86400), 0)::bigint,
                 coalesce(sum(n) filter (where seconds >= 86400), 0)::bigint] as bins
    from ranked group by step
    union all
    select 'acknowledged', unit_id, false, count(*),
           array[percentile_cont(0.5) within group (order by greatest(0, acknowledged)::float8)], null, null
    from picked join of_unit on of_unit.anchor = picked.anchor
    where acknowledged is not null and unit_id is not null group by unit_id
), counts as (
    select unit_id, grouping(unit_id) = 1 as of_all,
           coalesce(sum(called), 0)::bigint as called, coalesce(sum(answered), 0)::bigint as answered,
           coalesce(sum(of_anchor.done), 0)::bigint as done, coalesce(sum(late), 0)::bigint as late,
           coalesce(sum(open), 0)::bigint as open
    from of_anchor left join of_unit on of_unit.anchor = of_anchor.anchor
    group by grouping sets ((unit_id), ())
), loaded as (
    select person_id, max(id) as last_id, count(*) as answered, count(done) as done,
           count(*) filter (where open) as open, count(*) filter (where overdue) as late
    from picked
    where %(by_person)s and person_id is not null and acknowledged is not null
    group by person_id order by answered desc, open desc, person_id limit %(most)s
)
select (select coalesce(jsonb_agg(to_jsonb(counts)), '[]') from counts) as counts,
       (select coalesce(jsonb_agg(to_jsonb(times)), '[]') from times) as times,
       (select coalesce(jsonb_agg(to_jsonb(loaded) order by loaded.answered desc, loaded.open desc, loaded.person_id), '[]')
        from loaded) as loaded;

-- name: event_closure
-- What was reported in the period, and at which level it was closed: of all, and per compared division.
select unit_id as division_id, grouping(unit_id) = 1 as of_all,
       count(*) as reported, count(*) filter (where urgent) as urgent,
       count(*) filter (where state = 'closed') as closed,
       count(*) filter (where closed_level = 'grid') as closed_grid,
       count(*) filter (where closed_level = 'village') as closed_village,
       count(*) filter (where closed_level = 'township') as closed_township,
       count(*) filter (where closed_level = 'district') as closed_district,
       count(*) filter (where was_late) as was_late,
       count(*) filter (where overdue_at is not null) as overdue
from (
    select case %(level)s when 'district' then district_id when 'township' then township_id
                          when 'village' then village_id else grid_id end as unit_id,
           urgent, state, closed_level, was_late, overdue_at
    from events
    where reported_at >= %(since)s and reported_at < %(until)s and exercise = %(exercise)s
      and (%(within)s::integer is null
           or %(within)s::integer in (grid_id, village_id, township_id, district_id)
           or township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
           or village_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
           or grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
) picked
group by grouping sets ((unit_id), ()) order by of_all, division_id;

-- name: event_times
-- How long each step of an event took, and the whole of it, in seconds. What came with another step by one tap took no
-- time of its own.
with picked as (
    select id, reported_at, closed_at
    from events
    where reported_at >= %(since)s and reported_at < %(until)s and exercise = %(exercise)s
      and (%(within)s::integer is null
           or %(within)s::integer in (grid_id, village_id, township_id, district_id)
           or township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
           or village_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
           or grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
), taken as (
    select step.act as step, extract(epoch from step.time - step.since)::float8 as seconds
    from picked join event_steps step on step.event_id = picked.id
    where step.act in ('accepted', 'assigned', 'handled', 'verified') and step.time > step.since
    union all
    select 'whole', extract(epoch from closed_at - reported_at)::float8 from picked where closed_at is not null
)
select step, null::integer as unit_id, true as of_all, count(*) as count,
       percentile_cont(array[0.5, 0.9, 0.99]) within group (order by seconds) as marks, max(seconds) as longest_s,
       array[count(*) filter (where seconds < 60), count(*) filter (where seconds >= 60 and seconds < 300),
             count(*) filter (where seconds >= 300 and seconds < 900),
             count(*) filter (where seconds >= 900 and seconds < 1800),
             count(*) filter (where seconds >= 1800 and seconds < 3600),
             count(*) filter (where seconds >= 3600 and seconds < 14400),
             count(*) filter (where seconds >= 14400 and seconds < 86400),
             count(*) filter (where seconds >= 86400)] as bins
from taken group by step;

-- name: false_alarms
-- By rule: how many alerts of the period were judged when they were closed, and as what.
select rule_id, count(*) as raised, count(cause) as judged,
       count(*) filter (where cause = 'real') as real, count(*) filter (where cause = 'false') as false_alarms,
       count(*) filter (where cause in ('drill', 'test')) as trials
from alerts
where opened_at >= %(since)s and opened_at < %(until)s and suppressed_by is null and exercise = %(exercise)s
  and (%(within)s::integer is null
       or township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
       or grid_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
group by rule_id order by false_alarms desc, judged desc, raised desc, rule_id;

-- name: tasks_answered
-- What the period before is asked for: how many owed and had an answer, and the middle time until somebody was on site.
select count(*) filter (where assignments.state not in ('skipped', 'stood_down')
                        or coalesce(acknowledged_at, on_site_at, done_at) is not null) as called,
       count(*) filter (where coalesce(acknowledged_at, on_site_at, done_at) is not null) as answered,
       percentile_cont(0.5) within group (
           order by greatest(0, round(date_part('epoch', on_site_at - called_at))))
           filter (where on_site_at is not null) as on_site_s
from plan_runs runs
join assignments on assignments.run_id = runs.id
where runs.exercise = %(exercise)s
  and assignments.called_at >= %(since)s and assignments.called_at < %(until)s
  and (%(within)s::integer is null
       or runs.township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
       or assignments.division_id
          in (select descendant_id from division_closure where ancestor_id = %(within)s::integer));

-- name: load_told
-- The post and the place of these assignments, and how many hold that post for that place at the end.
select assignments.id, coalesce(tasks.post_id, tasks.post) as post, assignments.division_id, (
    select count(distinct holding.person_id) from post_holdings holding
    where holding.post = coalesce(tasks.post_id, tasks.post) and holding.division_id = assignments.division_id
      and holding.valid @> %(at)s::timestamptz and upper_inf(holding.recorded)) as holders
from assignments join tasks on tasks.id = assignments.task_id
where assignments.id = any(%(ids)s);

-- name: load_by_post
-- The same for whoever may not see people: by post and place; `people`: how many answered.
select null::uuid as person_id, loaded.*, (
    select count(distinct holding.person_id) from post_holdings holding
    where holding.post = loaded.post and holding.division_id = loaded.division_id
      and holding.valid @> %(at)s::timestamptz and upper_inf(holding.recorded)) as holders
from (
    select post, division_id, count(*) as people, sum(answered)::bigint as answered, sum(done)::bigint as done,
           sum(open)::bigint as open, sum(late)::bigint as late
    from (  -- by person first: that is less to sort
        select coalesce(tasks.post_id, tasks.post) as post, assignments.division_id, count(*) as answered,
               count(*) filter (where assignments.done_at is not null) as done,
               count(*) filter (where assignments.ended_at is null) as open,
               count(*) filter (where assignments.overdue_at is not null) as late
        from plan_runs runs
        join assignments on assignments.run_id = runs.id
        join tasks on tasks.id = assignments.task_id
        where runs.exercise = %(exercise)s
          and assignments.called_at >= %(since)s and assignments.called_at < %(until)s
          and (%(within)s::integer is null
               or runs.township_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer)
               or assignments.division_id
                  in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
          and assignments.person_id is not null
          and coalesce(assignments.acknowledged_at, assignments.on_site_at, assignments.done_at) is not null
        group by 1, 2, assignments.person_id
    ) each
    group by post, division_id
    order by answered desc, open desc, post, division_id limit %(most)s
) loaded
order by answered desc, open desc, post, division_id;

-- name: coverage
-- At `at`: the divisions that are to be covered (`cell`: townships, or within one of them its villages or grids), how
-- many are located, have sensors, and have none but silent ones; and the sensors themselves. Of all, and per compared
-- division.
with placed as (
    select place.sensor_id, place.division_id as cell_id
    from sensor_divisions place
    where place.level = %(cell)s and upper_inf(place.recorded) and place.valid @> %(at)s::timestamptz
      and place.sensor_id in (select sensors_in_scope())
      and (%(within)s::integer is null
           or place.division_id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
), standing as (
    select subject from alerts
    where kind = 'silence' and exercise = is_exercise() and opened_at <= %(at)s
      and coalesce(resolved_at, closed_at, 'infinity') > %(at)s
), silent as (
    select subject as sensor_id from standing where subject >> 32 = 0
    union
    select sensors.id from standing join sensors on sensors.device_id = (standing.subject & 4294967295)::integer
    where standing.subject >> 32 = 1
    union
    select sensors.id
    from standing
    join devices gateway on gateway.id = (standing.subject & 4294967295)::integer
    join devices behind on behind.gateway = gateway.name
    join sensors on sensors.device_id = behind.id
    where standing.subject >> 32 = 2
), of_cells as (
    select placed.cell_id, count(*) as sensors,
           count(*) filter (where silent.sensor_id is not null) as silent,
           count(*) filter (where silent.sensor_id is null and heard.sensor_id is null) as unheard
    from placed
    left join silent on silent.sensor_id = placed.sensor_id
    left join heard_by heard on heard.sensor_id = placed.sensor_id
    group by placed.cell_id
), cells as (
    select divisions.id, version.lon is not null or (divisions.level <> 'township' and exists (
               select from boundary_versions outline
               where outline.division_id = divisions.id and outline.valid @> %(at)s::timestamptz
                 and upper_inf(outline.recorded))) as located,
           (select above.ancestor_id from division_closure above join divisions unit on unit.id = above.ancestor_id
            where above.descendant_id = divisions.id and unit.level = %(level)s limit 1) as unit_id
    from divisions
    join division_versions version on version.division_id = divisions.id
         and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
    where divisions.level = %(cell)s
      and ((select sees_all()) or divisions.id in (select in_scope()))
      and (%(within)s::integer is null
           or divisions.id in (select descendant_id from division_closure where ancestor_id = %(within)s::integer))
)
select cells.unit_id, grouping(cells.unit_id) = 1 as of_all, count(*) as cells,
       count(*) filter (where cells.located) as located,
       count(of_cells.cell_id) as covered,
       count(*) filter (where of_cells.silent + of_cells.unheard = of_cells.sensors) as dark,
       coalesce(sum(of_cells.sensors), 0)::bigint as sensors,
       coalesce(sum(of_cells.silent), 0)::bigint as silent,
       coalesce(sum(of_cells.unheard), 0)::bigint as unheard
from cells left join of_cells on of_cells.cell_id = cells.id
group by grouping sets ((cells.unit_id), ());

-- name: online
-- At each of these instants: sensors that stood in the division, and how many of them a silence alert said to be silent.
with places as (
    select place.sensor_id, place.valid
    from sensor_divisions place
    where place.level = 'township' and upper_inf(place.recorded) and %(within)s::integer is null
      and place.sensor_id in (select sensors_in_scope())
    union all
    select place.sensor_id, place.valid
    from sensor_divisions place
    where place.division_id = %(within)s::integer and upper_inf(place.recorded)
      and place.sensor_id in (select sensors_in_scope())
), heard as (
    select places.sensor_id, places.valid from places join heard_by on heard_by.sensor_id = places.sensor_id
), standing as (
    select subject, tstzrange(opened_at, coalesce(resolved_at, closed_at)) as during
    from alerts
    where kind = 'silence' and exercise = is_exercise()
      and opened_at <= (%(instants)s::timestamptz[])[array_upper(%(instants)s::timestamptz[], 1)]
      and coalesce(resolved_at, closed_at, 'infinity') > (%(instants)s::timestamptz[])[1]
), silences as (
    select subject as sensor_id, during from standing where subject >> 32 = 0
    union all
    select sensors.id, during
    from standing join sensors on sensors.device_id = (standing.subject & 4294967295)::integer
    where standing.subject >> 32 = 1
    union all
    select sensors.id, during
    from standing
    join devices gateway on gateway.id = (standing.subject & 4294967295)::integer
    join devices behind on behind.gateway = gateway.name
    join sensors on sensors.device_id = behind.id
    where standing.subject >> 32 = 2
), silent as (
    select heard.sensor_id, range_agg(silences.during) * range_agg(heard.valid) as during
    from silences join heard on heard.sensor_id = silences.sensor_id group by heard.sensor_id
), steps as (
    select lower(valid) as at, 1 as sensors, 0 as silent from heard
    union all
    select upper(valid), -1, 0 from heard where not upper_inf(valid)
    union all
    select lower(span), 0, 1 from silent, unnest(silent.during) span
    union all
    select upper(span), 0, -1 from silent, unnest(silent.during) span where not upper_inf(span)
), summed as (
    select width_bucket(coalesce(at, '-infinity') - interval '1 microsecond', %(instants)s::timestamptz[]) as bucket,
           sum(sensors) as sensors, sum(silent) as silent
    from steps group by 1
)
select instant as at, coalesce(sum(sensors) over so_far, 0)::bigint as sensors,
       coalesce(sum(silent) over so_far, 0)::bigint as silent
from (
    select instant, sensors, silent
    from unnest(%(instants)s::timestamptz[]) with ordinality as asked (instant, place)
    left join summed on summed.bucket = place - 1
) told
window so_far as (order by instant) order by instant;

-- Tallies by division, the way down to a division, and what a search found. `at` is the pipeline's clock. All of it
-- is read in somebody's scope: divisions have no policy of their own, so each query that names some asks for it.

-- name: level_shown
-- Of a division that is there and that the scope holds or lies in.
select d.level from divisions d
join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
where d.id = %(id)s and ((select sees_all()) or d.id in (select around_scope()));

-- name: districts_tallied
-- Each district and its townships, whose alerts and calls count for it.
with districts as (
    select v.division_id, v.code
    from divisions d
    join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
    where d.level = 'district' and ((select sees_all()) or d.id = any(array(select in_scope())))
)
select place, row from (
    select division_id as place, division_id as row, code from districts
    union all
    select v.division_id, v.parent_id, districts.code
    from districts
    join division_versions v
      on v.parent_id = districts.division_id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
) places order by code, row, place;

-- name: townships_tallied
select v.division_id as place, v.division_id as row
from divisions d
join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
where d.level = 'township' and (%(under)s::integer is null or v.parent_id = %(under)s or v.division_id = %(under)s)
  and ((select sees_all()) or d.id = any(array(select in_scope())))
order by v.code, v.division_id;

-- name: places_below
-- Villages (or grids) under a township or a village, each with the places that count for it: itself, and the grids of
-- a village. A grid may lie right under its township.
with recursive below (place, level, village) as (
    select d.id, d.level, case when d.level = 'village' then d.id end from divisions d where d.id = %(under)s
    union all
    select d.id, d.level, case when d.level = 'village' then d.id else below.village end
    from below
    join division_versions v on v.parent_id = below.place and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id and d.level in ('village', 'grid')
)
select place, case when %(level)s = 'village' then village else place end as row
from below
join division_versions v on v.division_id = place and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
where case when %(level)s = 'village' then village is not null else level = 'grid' end
  and ((select sees_all()) or place = any(array(select in_scope())))
order by v.code, place;

-- name: alerts_tallied
-- As the board counts them: open, neither put aside nor hidden behind a graver one. What concerns a whole district
-- (a count) lies in no township. Silent is whoever has an open alert of kind `silence` (rule `device-offline`), also
-- where that is put aside or hidden behind its gateway's: the map is blind there.
select w.row, count(*) filter (where shown and a.level = 'red') as red,
       count(*) filter (where shown and a.level = 'orange') as orange,
       count(*) filter (where shown and a.level = 'yellow') as yellow,
       count(*) filter (where shown and a.level = 'blue') as blue,
       count(distinct a.sensor_id) filter (where a.kind = 'silence') as silent
from alerts a
cross join lateral (select a.suppressed_by is null and a.inhibited_by is null as shown) board
join unnest(%(places)s::integer[], %(rows)s::integer[]) as w (place, row)
  on w.place = case %(level)s
         when 'grid' then a.grid_id
         when 'village' then coalesce((
             select division_id from sensor_divisions s
             where s.sensor_id = a.sensor_id and s.level = 'village' and s.valid @> %(at)s::timestamptz
               and upper_inf(s.recorded)), a.grid_id)
         when 'township' then a.township_id
         else coalesce(a.township_id, case when a.subject >> 32 = 3 then (a.subject & 4294967295)::integer end) end
where a.state in ('open', 'acknowledged', 'in_hand') and (shown or a.kind = 'silence')
group by w.row;

-- name: sensors_tallied
-- Of districts and townships: looked through in the index sensor_divisions_tallied alone.
select division_id as row, count(*) as sensors
from sensor_divisions
where level = %(level)s and upper_inf(recorded) and valid @> %(at)s::timestamptz
  and division_id = any(%(rows)s::integer[])
group by division_id;

-- name: sensors_below_tallied
-- Of villages and grids: each once, whether it is known by its village or by a grid of it.
select w.row, count(distinct s.sensor_id) as sensors
from unnest(%(places)s::integer[], %(rows)s::integer[]) as w (place, row)
join sensor_divisions s on s.division_id = w.place and s.valid @> %(at)s::timestamptz and upper_inf(s.recorded)
group by w.row;

-- name: answers_tallied
-- Of the calls of the last 24 h those that were answered; who is on site or done has answered, too. Drills apart.
select w.row, percentile_cont(0.5) within group (
           order by greatest(0, extract(epoch from answered.at - one.called_at)))::double precision as answer_s
from assignments one
join plan_runs run on run.id = one.run_id
cross join lateral (select least(one.acknowledged_at, one.on_site_at, one.done_at) as at) answered
join unnest(%(places)s::integer[], %(rows)s::integer[]) as w (place, row)
  on w.place = case when %(level)s in ('grid', 'village') then one.division_id else run.township_id end
where one.called_at > %(at)s::timestamptz - interval '24 hours' and one.called_at <= %(at)s::timestamptz
  and answered.at <= %(at)s::timestamptz
  and run.exercise = (select is_exercise()) and coalesce((run.plan #>> '{privacy,show_on_wall}')::boolean, true)
group by w.row;

-- name: tasks_tallied
-- Tasks for which somebody was called and which are not over, of runs that walls may show.
select w.row, count(*) as tasks
from assignments one
join plan_runs run on run.id = one.run_id
join unnest(%(places)s::integer[], %(rows)s::integer[]) as w (place, row)
  on w.place = case when %(level)s in ('grid', 'village') then one.division_id else run.township_id end
where one.ended_at is null and one.called_at is not null and run.state = 'open'
  and coalesce((run.plan #>> '{privacy,show_on_wall}')::boolean, true)
group by w.row;

-- name: workers_tallied
-- Who answers for a division or any below it: whoever has the shift of a post there, else whoever holds it; instead of
-- those who are away their stand-in.
with away as materialized (
    select person_id, stand_in_id from absences where during @> %(at)s::timestamptz and upper_inf(recorded)
), serving as materialized (
    select s.division_id, s.post, case when away.person_id is null then s.person_id else away.stand_in_id end as person_id
    from shifts s left join away using (person_id)
    where s.during @> %(at)s::timestamptz and upper_inf(s.recorded)
      and (away.person_id is null or away.stand_in_id is not null)
), answering as (
    select division_id, person_id from serving
    union all
    select h.division_id, case when away.person_id is null then h.person_id else away.stand_in_id end
    from post_holdings h
    left join away using (person_id)
    left join serving on serving.division_id = h.division_id and serving.post = h.post
    where h.valid @> %(at)s::timestamptz and upper_inf(h.recorded) and serving.post is null
      and (away.person_id is null or away.stand_in_id is not null)
)
select row, count(*) as workers from (
    select distinct c.ancestor_id as row, answering.person_id
    from answering join division_closure c on c.descendant_id = answering.division_id
    where c.ancestor_id = any(%(rows)s::integer[])
) once group by row;

-- name: path_to
-- From the division up to the city, each with its boundary then.
with recursive up (id, step) as (
    select %(id)s::integer, 0
    union all
    select v.parent_id, up.step + 1 from up
    join division_versions v on v.division_id = up.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
    where v.parent_id is not null and up.step < 10
)
select d.id, d.level, v.name, v.code, b.geometry
from up
join divisions d on d.id = up.id
join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
left join boundary_versions b on b.division_id = d.id and b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
order by up.step desc;

-- name: levels_below
-- The levels that have boundaries under a division, the largest first.
with recursive below (id, level, step) as (
    select d.id, d.level, 0 from divisions d where d.id = %(id)s
    union all
    select d.id, d.level, below.step + 1 from below
    join division_versions v on v.parent_id = below.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
    join divisions d on d.id = v.division_id
    where below.step < 2
)
select distinct below.level, array_position(array['district', 'township', 'village', 'grid', 'microgrid'], below.level)
from below
join boundary_versions b on b.division_id = below.id and b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
where below.step > 0
order by 2;

-- name: city
select d.id, d.level, v.name, v.code, b.geometry
from divisions d
join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
left join boundary_versions b on b.division_id = d.id and b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
where d.level = 'city' order by d.id limit 1;

-- name: scope_outlines
-- Of the divisions that the scope is of; of all districts where it is everywhere.
select b.geometry
from divisions d
join boundary_versions b on b.division_id = d.id and b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
where case when (select sees_all()) then d.level = 'district' else d.id = any((select scope_roots())::integer[]) end;

-- name: names_of_divisions
-- These four in the order that the index has (screen/search.py), so that sorting them takes no time there.
select d.level as kind, d.id, v.name as title, v.code
from divisions d
join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
order by array_position(array['city', 'district', 'township', 'village', 'grid', 'microgrid'], d.level),
         length(v.name), v.name collate "C", d.id;

-- name: names_of_sensors
-- What people call it first; what it and its device are called by machines, and its number, find it, too.
select 'sensor' as kind, s.id, coalesce(nullif(s.label, ''), s.name) as title, array[s.name, d.name] as others,
       s.id::text as number
from sensors s
join devices d on d.id = s.device_id
left join sensor_places p on p.sensor_id = s.id and p.valid @> %(at)s::timestamptz and upper_inf(p.recorded)
where p.reason is distinct from 'retired'
order by length(coalesce(nullif(s.label, ''), s.name)), coalesce(nullif(s.label, ''), s.name) collate "C", s.id;

-- name: names_of_devices
-- Those that are not called as their one sensor is.
select 'device' as kind, d.id, d.name as title
from devices d where not exists (select from sensors s where s.device_id = d.id and s.name = d.name)
order by length(d.name), d.name collate "C", d.id;

-- name: names_of_things
select 'thing' as kind, id, name as title from things where removed_at is null
order by length(name), name collate "C", id;

-- name: shown_divisions
select around_scope();

-- name: shown_sensors
select sensors_in_scope();

-- name: shown_devices
-- Those of the sensors of the scope, and the gateways that these are behind.
select device_id from sensors where id in (select sensors_in_scope())
union
select id from devices where name in (select gateways_in_scope());

-- name: shown_things
select id from things where removed_at is null;

-- name: found_divisions
select d.level as kind, d.id, v.name as title, concat_ws(' ', above2.name, above.name) as note, d.id as within,
       v.lon, v.lat, case when v.lon is null and d.level <> 'city' then b.geometry end as geometry
from divisions d
join division_versions v on v.division_id = d.id and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
left join lateral (
    select name, parent_id from division_versions
    where division_id = v.parent_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) above on true
left join lateral (
    select name from division_versions
    where division_id = above.parent_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) above2 on d.level <> 'township'
left join boundary_versions b on b.division_id = d.id and b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
where d.id = any(%(ids)s::integer[]) and ((select sees_all()) or d.id in (select around_scope()));

-- name: found_sensors
select 'sensor' as kind, s.id, coalesce(nullif(s.label, ''), s.name) as title,
       concat_ws(' ', case when s.label <> '' then s.name end, dv.name, tv.name) as note,
       lies.township as within, p.lon, p.lat
from sensors s
left join sensor_places p on p.sensor_id = s.id and p.valid @> %(at)s::timestamptz and upper_inf(p.recorded)
left join lateral (
    select max(division_id) filter (where level = 'township') as township,
           max(division_id) filter (where level = 'district') as district
    from sensor_divisions where sensor_id = s.id and valid @> %(at)s::timestamptz and upper_inf(recorded)
) lies on true
left join lateral (
    select name from division_versions
    where division_id = lies.township and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = lies.district and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
where s.id = any(%(ids)s::integer[]) and p.reason is distinct from 'retired';

-- name: found_devices
-- Where its sensors that the scope shows stand; of a gateway, where one behind it does.
select 'device' as kind, d.id, d.name as title, concat_ws(' ', dv.name, tv.name) as note,
       lies.township as within, p.lon, p.lat, one.id as sensor
from devices d
left join lateral (
    select s.id from sensors s where s.device_id = d.id
    union all
    select s.id from devices behind join sensors s on s.device_id = behind.id where behind.gateway = d.name
    limit 1
) one on true
left join sensor_places p on p.sensor_id = one.id and p.valid @> %(at)s::timestamptz and upper_inf(p.recorded)
left join lateral (
    select max(division_id) filter (where level = 'township') as township,
           max(division_id) filter (where level = 'district') as district
    from sensor_divisions where sensor_id = one.id and valid @> %(at)s::timestamptz and upper_inf(recorded)
) lies on true
left join lateral (
    select name from division_versions
    where division_id = lies.township and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = lies.district and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
where d.id = any(%(ids)s::integer[]);

-- name: found_things
select 'thing' as kind, t.id, t.name as title, concat_ws(' ', dv.name, tv.name) as note,
       coalesce(t.grid_id, t.village_id, t.township_id, t.district_id) as within, t.lon, t.lat
from things t
left join lateral (
    select name from division_versions
    where division_id = t.township_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) tv on true
left join lateral (
    select name from division_versions
    where division_id = t.district_id and valid @> %(at)s::timestamptz and upper_inf(recorded) limit 1
) dv on true
where t.id = any(%(ids)s::bigint[]) and t.removed_at is null;

-- name: names_stamp
-- Of what can be found: it moves on with every change of divisions; and the pipeline's clock.
select number, coalesce((select max(clock) from partitions), now()) from division_changes;

-- name: things_stamp
select jsonb_build_array(count(*), max(changed_at), max(removed_at))::text from things;

-- name: names_hold
-- The instants around `at` between which no division or place begins or ends.
select max(bound) filter (where bound <= %(at)s::timestamptz), min(bound) filter (where bound > %(at)s::timestamptz)
from (
    select lower(valid) as bound from division_versions where upper_inf(recorded)
    union all select upper(valid) from division_versions where upper_inf(recorded)
    union all select lower(valid) from sensor_places where upper_inf(recorded)
    union all select upper(valid) from sensor_places where upper_inf(recorded)
) bounds where isfinite(bound);

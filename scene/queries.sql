-- Things: written by imports, placed by the boundaries around them, read in the scope of whoever asks.

-- name: places_of
-- Of points that boundaries touch: the divisions that hold each now. Where several of a level do, on a common border,
-- the lowest has it; what no boundary tells follows from what lies around the lower one.
with hit as (
    select hits.point, divisions.level, min(version.division_id) as id
    from unnest(%(points)s::integer[], %(boundaries)s::bigint[]) as hits(point, boundary)
    join boundary_versions version on version.id = hits.boundary
         and upper_inf(version.recorded) and version.valid @> %(at)s::timestamptz
    join divisions on divisions.id = version.division_id
    group by hits.point, divisions.level
), told as (
    select point, max(id) filter (where level = 'township') as township, max(id) filter (where level = 'village') as village,
           max(id) filter (where level = 'grid') as grid
    from hit group by point
), around as materialized (  -- few, of however many points
    select distinct township, village, grid from told
), up as materialized (
    select township, village, grid,
           coalesce(village, division_above(grid, 'village', %(at)s, 'infinity')) as up_village,
           coalesce(township, division_above(coalesce(grid, village), 'township', %(at)s, 'infinity')) as up_township
    from around
), whole as materialized (
    select up.*, division_above(up_township, 'district', %(at)s, 'infinity') as up_district from up
)
select told.point, whole.up_district, whole.up_township, whole.up_village, told.grid
from told join whole on (coalesce(told.township, 0), coalesce(told.village, 0), coalesce(told.grid, 0))
                      = (coalesce(whole.township, 0), coalesce(whole.village, 0), coalesce(whole.grid, 0))
where whole.up_township is not null

-- name: within
-- Which of these divisions lie in a scope.
select descendant_id from division_closure
where descendant_id = any(%(ids)s::integer[]) and (%(everywhere)s or ancestor_id = any(%(divisions)s::integer[]))
group by descendant_id

-- name: lock_things
select pg_advisory_xact_lock(hashtext('shijing_things'))

-- name: known_things
select external_id, name, lon, lat, geometry, attributes, licence, removed_at is not null,
       %(everywhere)s or exists (
           select from division_closure
           where ancestor_id = any(%(divisions)s::integer[]) and descendant_id in (district_id, township_id, village_id, grid_id))
from things where source = %(source)s and kind = %(kind)s and external_id = any(%(numbers)s)

-- name: put_things
insert into things (kind, name, lon, lat, geometry, attributes, source, external_id, licence, district_id, township_id,
                    village_id, grid_id)
select %(kind)s, name, lon, lat, decode(geometry, 'hex'), attributes, %(source)s, number, %(licence)s, district, township,
       village, grid
from jsonb_to_recordset(%(rows)s) as given(number text, name text, lon double precision, lat double precision,
    geometry text, attributes jsonb, district integer, township integer, village integer, grid integer)
on conflict (source, kind, external_id) do update
    set name = excluded.name, lon = excluded.lon, lat = excluded.lat, geometry = excluded.geometry,
        attributes = excluded.attributes, licence = excluded.licence, district_id = excluded.district_id,
        township_id = excluded.township_id, village_id = excluded.village_id, grid_id = excluded.grid_id,
        changed_at = now(), removed_at = null

-- name: remove_thing
update things set removed_at = now(), changed_at = now() where id = %(id)s and removed_at is null
returning kind, coalesce(grid_id, village_id, township_id, district_id)

-- name: placed
-- Whether the map is the one that all things were placed by: its number, and no date of effect has come since.
select coalesce(placed.number = changes.number and now() < coalesce(placed.until, 'infinity'), false), changes.number
from division_changes changes left join things_placed placed on true

-- name: things_to_place
select id, lon, lat from things where removed_at is null order by id

-- name: place_things
update things set district_id = new.district, township_id = new.township, village_id = new.village, grid_id = new.grid
from jsonb_to_recordset(%(rows)s) as new(id bigint, district integer, township integer, village integer, grid integer)
where things.id = new.id
  and (district_id, township_id, village_id, grid_id) is distinct from (new.district, new.township, new.village, new.grid)

-- name: keep_placed
insert into things_placed (number, until)
select %(number)s, min(effect) from (
    select least(case when lower(valid) > now() then lower(valid) end, case when upper(valid) > now() then upper(valid) end)
    from boundary_versions where upper_inf(recorded)
    union all
    select least(case when lower(valid) > now() then lower(valid) end, case when upper(valid) > now() then upper(valid) end)
    from division_versions where upper_inf(recorded)
) to_come (effect)
on conflict (one) do update set number = excluded.number, until = excluded.until

-- name: division_seen
-- A division that whoever asks may see into, as it is now.
select divisions.level from divisions
where id = %(division)s and (sees_all() or id in (select in_scope()))

-- name: things_in
select id, kind, name, lon, lat, geometry, grid_id
from things
where removed_at is null and (%(kinds)s::text[] is null or kind = any(%(kinds)s))
  and case %(level)s when 'district' then district_id = %(division)s when 'township' then township_id = %(division)s
                     when 'village' then village_id = %(division)s when 'grid' then grid_id = %(division)s
                     else true end
order by array_position(%(order)s::text[], kind), id
limit %(most)s

-- name: things_stamp
-- With where each of them stands, for a map may change without any of them.
select count(*), max(changed_at), sum(hashint8(id * 31 + coalesce(grid_id, 0))::bigint)
from things
where case %(level)s when 'district' then district_id = %(division)s when 'township' then township_id = %(division)s
                     when 'village' then village_id = %(division)s when 'grid' then grid_id = %(division)s
                     else true end

-- name: thing
select t.id, t.kind, t.name, t.lon, t.lat, t.geometry, t.attributes, t.source, t.external_id, t.licence, t.changed_at,
       t.grid_id, t.village_id, t.township_id, t.district_id,
       array(select version.name
             from unnest(array[t.district_id, t.township_id, t.village_id, t.grid_id]) with ordinality as up(id, place)
             join division_versions version on version.division_id = up.id
                  and upper_inf(version.recorded) and version.valid @> now()
             order by up.place) as path
from things t where t.id = %(id)s and t.removed_at is null

-- name: listed
select t.id, t.kind, t.name, t.source, t.external_id, t.changed_at,
       (select name from division_versions where division_id = coalesce(t.grid_id, t.village_id, t.township_id)
        and upper_inf(recorded) and valid @> now() limit 1) as place
from things t
where removed_at is null and (%(kind)s::text is null or kind = %(kind)s)
  and (%(find)s::text is null or strpos(lower(t.name || ' ' || t.external_id), lower(%(find)s)) > 0)
order by t.changed_at desc, t.id desc limit %(most)s

-- name: counted
select kind, count(*) from things where removed_at is null group by kind

-- name: exported
select kind, name, lon, lat, geometry, attributes, external_id
from things where removed_at is null and kind = %(kind)s
  and (%(source)s::text is null or source = %(source)s)
order by source, external_id limit %(most)s

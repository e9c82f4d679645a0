-- Parameters: `at` is the instant in the world; `recorded` is the instant of the
-- database's knowledge, null for what it knows now.

-- name: lock_divisions
-- One writer of divisions at a time; the instant is later than every recorded one.
select pg_advisory_xact_lock(hashtext('divisions'))

-- name: continue_division_ids
select setval(pg_get_serial_sequence('divisions', 'id'), (select max(id) from divisions))

-- name: copy_division_versions
copy division_versions (division_id, parent_id, code, name, kind, population, households, lon, lat, note, source,
                        valid, recorded) from stdin

-- name: copy_boundary_versions
copy boundary_versions (division_id, geometry, area_m2, derived, source, valid, recorded) from stdin

-- name: copy_division_lineage
copy division_lineage (kind, from_id, to_id, effective, recorded_at, note) from stdin

-- name: count_first_versions
select d.level, count(distinct v.division_id), count(distinct b.division_id),
       count(distinct b.division_id) filter (where b.derived)
from divisions d
join division_versions v on v.division_id = d.id and lower_inf(v.valid) and upper_inf(v.recorded)
left join boundary_versions b on b.division_id = d.id and lower_inf(b.valid) and upper_inf(b.recorded)
group by d.level
order by array_position(array['city', 'district', 'township', 'village', 'grid', 'microgrid'], d.level)

-- name: count_later_versions
select count(*) from division_versions where not lower_inf(valid) and upper_inf(recorded)

-- name: count_lineage
select kind, count(*) from division_lineage group by kind order by kind

-- name: first_not_located
select parent.name, v.name
from divisions d
join division_versions v on v.division_id = d.id and lower_inf(v.valid) and upper_inf(v.recorded)
join division_versions parent
     on parent.division_id = v.parent_id and lower_inf(parent.valid) and upper_inf(parent.recorded)
where d.level = 'township' and v.lon is null
  and not exists (select from boundary_versions b where b.division_id = d.id and upper_inf(b.recorded))
order by v.code

-- name: divisions_of_level
select v.division_id as id, d.level, v.parent_id, v.code, v.name, v.kind, v.population, v.households,
       v.lon, v.lat, v.note, v.source, v.valid
from division_versions v join divisions d on d.id = v.division_id
where d.level = %(level)s and v.valid @> %(at)s::timestamptz
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
           else v.recorded @> %(recorded)s::timestamptz end
order by v.code, v.division_id

-- name: children_of_division
select v.division_id as id, d.level, v.parent_id, v.code, v.name, v.kind, v.population, v.households,
       v.lon, v.lat, v.note, v.source, v.valid
from division_versions v join divisions d on d.id = v.division_id
where v.parent_id = %(id)s and v.valid @> %(at)s::timestamptz
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
           else v.recorded @> %(recorded)s::timestamptz end
order by v.code, v.division_id

-- name: division_by_id
select v.division_id as id, d.level, v.parent_id, v.code, v.name, v.kind, v.population, v.households,
       v.lon, v.lat, v.note, v.source, v.valid
from division_versions v join divisions d on d.id = v.division_id
where v.division_id = %(id)s and v.valid @> %(at)s::timestamptz
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
           else v.recorded @> %(recorded)s::timestamptz end

-- name: divisions_by_code
select v.division_id as id, d.level, v.parent_id, v.code, v.name, v.kind, v.population, v.households,
       v.lon, v.lat, v.note, v.source, v.valid
from division_versions v join divisions d on d.id = v.division_id
where v.code = %(code)s and v.valid @> %(at)s::timestamptz
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
           else v.recorded @> %(recorded)s::timestamptz end
order by v.division_id

-- name: path_of_division
with recursive up as (
    select v.*, 0 as step
    from division_versions v
    where v.division_id = %(id)s and v.valid @> %(at)s::timestamptz
      and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
               else v.recorded @> %(recorded)s::timestamptz end
    union all
    select v.*, up.step + 1
    from up join division_versions v on v.division_id = up.parent_id
    where v.valid @> %(at)s::timestamptz
      and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
               else v.recorded @> %(recorded)s::timestamptz end
)
select up.division_id as id, d.level, up.parent_id, up.code, up.name, up.kind, up.population, up.households,
       up.lon, up.lat, up.note, up.source, up.valid
from up join divisions d on d.id = up.division_id
order by step

-- name: boundaries_of_level
select b.division_id, b.geometry, b.area_m2, b.derived, b.source, b.valid
from boundary_versions b join divisions d on d.id = b.division_id
where d.level = %(level)s and b.valid @> %(at)s::timestamptz
  and case when %(recorded)s::timestamptz is null then upper_inf(b.recorded)
           else b.recorded @> %(recorded)s::timestamptz end
order by b.division_id

-- name: not_located
select v.division_id as id, d.level, v.parent_id, v.code, v.name, v.kind, v.population, v.households,
       v.lon, v.lat, v.note, v.source, v.valid
from division_versions v join divisions d on d.id = v.division_id
where d.level = %(level)s and v.valid @> %(at)s::timestamptz and v.lon is null
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
           else v.recorded @> %(recorded)s::timestamptz end
  and not exists (
      select from boundary_versions b
      where b.division_id = v.division_id and b.valid @> %(at)s::timestamptz
        and case when %(recorded)s::timestamptz is null then upper_inf(b.recorded)
                 else b.recorded @> %(recorded)s::timestamptz end)
order by v.code, v.division_id

-- name: district_of_each
with recursive up as (
    select v.division_id as start, v.parent_id
    from division_versions v join divisions d on d.id = v.division_id
    where d.level = %(level)s and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
    union all
    select up.start, v.parent_id
    from up join division_versions v on v.division_id = up.parent_id
    where v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
)
select up.start, v.name
from up
join divisions d on d.id = up.parent_id and d.level = 'district'
join division_versions v on v.division_id = up.parent_id
     and v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)

-- name: known_places
select id, lon, lat from sensor_places where lon is not null and upper_inf(recorded)

-- name: locating_boundaries
-- Districts are not here: a sensor's district is that of its township.
select b.id, b.geometry from boundary_versions b join divisions d on d.id = b.division_id
where d.level in ('township', 'village', 'grid', 'microgrid') and upper_inf(b.recorded)

-- name: create_hits
create temp table if not exists hits (place_id bigint not null, boundary_id bigint not null) on commit drop

-- name: copy_hits
copy hits (place_id, boundary_id) from stdin

-- name: create_located
-- Which division held each place, and when. Where several did at once (a shared border,
-- an overlap) the lowest division has it.
create temp table located on commit drop as
select p.sensor_id, p.id as place_id, d.level, b.division_id, p.valid * b.valid as valid
from hits h
join sensor_places p on p.id = h.place_id
join boundary_versions b on b.id = h.boundary_id
join divisions d on d.id = b.division_id
where p.valid && b.valid

-- name: index_located
create index on located (place_id, level, division_id)

-- name: create_wanted
create temp table wanted on commit drop as
with held as (
    select l.sensor_id, l.level, l.division_id,
           unnest(tstzmultirange(l.valid) - coalesce(
               (select range_agg(lower.valid) from located lower
                where lower.place_id = l.place_id and lower.level = l.level and lower.division_id < l.division_id),
               '{}')) as valid
    from located l
), with_districts as (
    select sensor_id, level, division_id, valid from held
    union all
    select held.sensor_id, 'district', v.parent_id, held.valid * v.valid
    from held
    join division_versions v on v.division_id = held.division_id and v.valid && held.valid and upper_inf(v.recorded)
    join divisions d on d.id = v.parent_id and d.level = 'district'
    where held.level = 'township'
)
select sensor_id, level, division_id, unnest(range_agg(valid)) as valid
from with_districts group by sensor_id, level, division_id

-- name: close_unwanted
update sensor_divisions s set recorded = tstzrange(lower(s.recorded), %(recorded)s)
where upper_inf(s.recorded)
  and not exists (select from wanted w where (w.sensor_id, w.level, w.division_id, w.valid)
                                           = (s.sensor_id, s.level, s.division_id, s.valid))

-- name: open_wanted
-- Except, and not a look-up row by row: that would pass over all that this very statement wrote, again for each.
insert into sensor_divisions (sensor_id, level, division_id, valid, recorded)
select missing.sensor_id, missing.level, missing.division_id, missing.valid, tstzrange(%(recorded)s, null)
from (
    select sensor_id, level, division_id, valid from wanted
    except
    select sensor_id, level, division_id, valid from sensor_divisions where upper_inf(recorded)
) missing

-- name: drop_assignment
drop table hits, located, wanted

-- name: unlocated_sensors
select s.name as sensor, s.label, p.lon, p.lat
from sensors s
left join sensor_places p on p.sensor_id = s.id and upper_inf(p.recorded)
where p.reason is distinct from 'retired'
  and not exists (select from sensor_divisions t
                  where t.sensor_id = s.id and t.level = 'township' and upper_inf(t.recorded)
                    and (p.valid is null or t.valid && p.valid))
order by s.name, p.valid

-- name: count_located_sensors
select count(*), count(*) filter (where exists (
    select from sensor_divisions t
    where t.sensor_id = s.id and t.level = 'township' and upper_inf(t.recorded)))
from sensors s

-- name: placements
select sensor_id, division_id,
       case when lower_inf(valid) or lower(valid) = '-infinity' then -9223372036854775808
            else (extract(epoch from lower(valid)) * 1000000)::bigint end,
       case when upper_inf(valid) or upper(valid) = 'infinity' then 9223372036854775807
            else (extract(epoch from upper(valid)) * 1000000)::bigint end
from sensor_divisions
where level = %(level)s and upper_inf(recorded)
order by sensor_id, lower(valid) nulls first

-- name: placement_version
-- And the next instant at which divisions change by time alone, with nobody writing anything.
select version, (
    select min(at) from (
        select unnest(array[lower(valid), upper(valid)]) as at from division_versions where upper_inf(recorded)
        union all
        select unnest(array[lower(valid), upper(valid)]) from boundary_versions where upper_inf(recorded)
    ) changes where at > now() and at < 'infinity')
from placement

-- name: hold_placement
-- The first lock is a fair one: who changes where sensors belong waits for the batches under way, the next ones for it.
-- The second one looks at the row as it is once the first was given.
with held as materialized (select pg_advisory_xact_lock_shared(hashtext('placement')))
select from placement, held where placement.version = %(version)s for share of placement

-- name: create_drawn
create temp table drawn (division_id integer not null, geometry bytea not null, area_m2 double precision not null)
on commit drop

-- name: copy_drawn
copy drawn (division_id, geometry, area_m2) from stdin

-- name: create_redrawn
-- When each new boundary holds: from valid_from (null: always) for as long as its division lives.
create temp table redrawn on commit drop as
select n.*, lived.valid * tstzrange(%(valid_from)s::timestamptz, null) as valid
from drawn n
join lateral (
    select range_merge(range_agg(v.valid)) as valid
    from division_versions v where v.division_id = n.division_id and upper_inf(v.recorded)
) lived on not isempty(lived.valid * tstzrange(%(valid_from)s::timestamptz, null))

-- name: create_remainders
-- What is left of the present boundaries outside the new ones' time.
create temp table remainders on commit drop as
select b.division_id, b.geometry, b.area_m2, b.derived, b.source,
       unnest(tstzmultirange(b.valid) - tstzmultirange(n.valid)) as valid
from boundary_versions b join redrawn n on n.division_id = b.division_id
where upper_inf(b.recorded) and b.valid && n.valid

-- name: close_redrawn
update boundary_versions b set recorded = tstzrange(lower(b.recorded), %(recorded)s)
from redrawn n
where n.division_id = b.division_id and upper_inf(b.recorded) and b.valid && n.valid

-- name: open_remainders
insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid, recorded)
select division_id, geometry, area_m2, derived, source, valid, tstzrange(%(recorded)s, null) from remainders

-- name: open_redrawn
insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid, recorded)
select division_id, geometry, area_m2, false, %(source)s, valid, tstzrange(%(recorded)s, null) from redrawn

-- name: drop_redrawn
drop table drawn, redrawn, remainders

-- name: create_grids
insert into divisions (level) select 'grid' from generate_series(1, %(count)s) returning id

-- name: copy_grid_versions
copy division_versions (division_id, parent_id, code, name, kind, source, valid, recorded) from stdin

-- name: announce_divisions
select log_live_event('divisions', %(payload)s)

-- name: township_names_ever
select v.division_id, parent.name, v.name
from division_versions v
join divisions d on d.id = v.division_id and d.level = 'township'
join division_versions parent
     on parent.division_id = v.parent_id and parent.valid && v.valid and upper_inf(parent.recorded)
where upper_inf(v.recorded)

-- name: export_level
-- The divisions of a level with their outlines as they were then, under some divisions; null: all of them.
with recursive held as (
    select v.division_id, v.parent_id, v.code, v.name, v.kind, d.level
    from division_versions v join divisions d on d.id = v.division_id
    where v.valid @> %(at)s::timestamptz
      and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
               else v.recorded @> %(recorded)s::timestamptz end
), up as (
    select division_id as start, division_id as at_id, parent_id, level, name from held where level = %(level)s
    union all
    select up.start, above.division_id, above.parent_id, above.level, above.name
    from up join held above on above.division_id = up.parent_id
)
select t.division_id, t.code, t.name, t.kind, coalesce(parent.code, ''), coalesce(district.name, ''),
       b.derived, b.source, b.valid, b.geometry
from held t
join boundary_versions b on b.division_id = t.division_id and b.valid @> %(at)s::timestamptz
     and case when %(recorded)s::timestamptz is null then upper_inf(b.recorded)
              else b.recorded @> %(recorded)s::timestamptz end
left join held parent on parent.division_id = t.parent_id
left join up district on district.start = t.division_id and district.level = 'district'
     and district.at_id <> t.division_id
where t.level = %(level)s
  and (%(under)s::integer[] is null
       or exists (select from up where up.start = t.division_id and up.at_id = any(%(under)s::integer[])))
order by t.code, t.division_id

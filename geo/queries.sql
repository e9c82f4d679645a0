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

-- Parameters as in queries.sql: `at` is the instant in the world, `recorded` that of the database's knowledge, null for now.

-- name: instants_of_level
-- The instants at which what a level shows can change, in the world and in what is known of it; infinite ones apart.
select array(
    select distinct bound from (
        select v.valid, v.recorded from division_versions v join divisions d on d.id = v.division_id
        where d.level = any(%(levels)s)
        union all
        select b.valid, b.recorded from boundary_versions b join divisions d on d.id = b.division_id
        where d.level = any(%(levels)s)
    ) held cross join lateral (values (lower(valid)), (upper(valid))) bounds (bound)
    where isfinite(bound) order by bound
), array(
    select distinct bound from (
        select v.recorded from division_versions v join divisions d on d.id = v.division_id
        where d.level = any(%(levels)s)
        union all
        select b.recorded from boundary_versions b join divisions d on d.id = b.division_id
        where d.level = any(%(levels)s)
    ) held cross join lateral (values (lower(recorded)), (upper(recorded))) bounds (bound)
    where isfinite(bound) order by bound
)

-- name: drawn_in
-- Each division of a level with each of its boundaries, for as long as both hold within `asked`.
select v.division_id as id, v.parent_id, v.code, v.name, v.kind, v.population, v.households, v.note, b.derived,
       b.area_m2, b.source, v.valid * b.valid as valid, b.geometry
from division_versions v
join divisions d on d.id = v.division_id
join boundary_versions b on b.division_id = v.division_id
where d.level = %(level)s
  and v.valid && %(asked)s::tstzrange and b.valid && %(asked)s::tstzrange
  and v.valid * b.valid && %(asked)s::tstzrange
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded) and upper_inf(b.recorded)
           else v.recorded @> %(recorded)s::timestamptz and b.recorded @> %(recorded)s::timestamptz end
order by v.division_id, lower(v.valid * b.valid) nulls first

-- name: names_in
select v.division_id, v.name
from division_versions v join divisions d on d.id = v.division_id
where d.level = any(%(levels)s) and v.valid && %(asked)s::tstzrange
  and case when %(recorded)s::timestamptz is null then upper_inf(v.recorded)
           else v.recorded @> %(recorded)s::timestamptz end
order by v.division_id, lower(v.valid) nulls first

-- name: visible_divisions
-- What a reader's scope holds, and what that lies in.
select coalesce(array_agg(id), '{}') from around_scope() id

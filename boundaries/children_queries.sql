-- What lies below the divisions that a draft changes, as it is at the date of effect.

-- name: below
-- Everything below these divisions, each with its polygon and the one of these that it hangs on; a polygon's own
-- descendants have to fit that polygon, not ours.
with recursive below as (
    select v.id as version_id, v.division_id, v.parent_id, v.code, v.name, v.kind, v.households, v.lon, v.lat, d.level,
           v.parent_id as top_id, b.geometry, coalesce(b.derived, false) as derived, null::integer as tile_id, 1 as depth
    from division_versions v
    join divisions d on d.id = v.division_id
    left join boundary_versions b on b.division_id = v.division_id and upper_inf(b.recorded)
         and b.valid @> %(effective)s::timestamptz
    where v.parent_id = any(%(ids)s) and upper_inf(v.recorded) and v.valid @> %(effective)s::timestamptz
    union all
    select v.id, v.division_id, v.parent_id, v.code, v.name, v.kind, v.households, v.lon, v.lat, d.level, below.top_id,
           b.geometry, coalesce(b.derived, false),
           case when below.geometry is null then below.tile_id else below.division_id end, below.depth + 1
    from below
    join division_versions v on v.parent_id = below.division_id and upper_inf(v.recorded)
         and v.valid @> %(effective)s::timestamptz
    join divisions d on d.id = v.division_id
    left join boundary_versions b on b.division_id = v.division_id and upper_inf(b.recorded)
         and b.valid @> %(effective)s::timestamptz
)
select division_id, parent_id, code, name, kind, households, lon, lat, level, top_id, geometry, derived, tile_id, depth
from below order by depth, code, division_id

-- name: former_outlines
-- As they were known right before a publication, of those that it drew anew and nobody since.
select former.division_id, former.geometry
from boundary_versions now
join boundary_versions former on former.division_id = now.division_id
     and former.recorded @> %(before)s::timestamptz and former.valid @> %(published)s::timestamptz
where now.division_id = any(%(ids)s) and upper_inf(now.recorded) and lower(now.recorded) = %(recorded)s
  and now.valid @> %(effective)s::timestamptz

-- Divisions under two clocks (geo/history.py, geo/hits.py, geo/lineage.py). `at` is an instant in the world; `known` is
-- one of the database's knowledge: 'infinity' for what it knows now, which every open range holds.

-- name: lock_hits
select pg_advisory_xact_lock(hashtext('point_hits'))

-- name: changes_so_far
select number from division_changes

-- name: write_kept
insert into hits_kept (number) values (%(number)s)
on conflict (one) do update set number = excluded.number where hits_kept.number <> excluded.number

-- name: untested_points
select kind, id, lon, lat from located_points point
where (%(kind)s::text is null or kind = %(kind)s) and (%(ids)s::bigint[] is null or id = any(%(ids)s))
  and not exists (select from points_tested where points_tested.kind = point.kind and point_id = point.id)

-- name: tested_points
select kind, id, lon, lat from located_points point
where (%(kind)s::text is null or kind = %(kind)s) and (%(ids)s::bigint[] is null or id = any(%(ids)s))
  and exists (select from points_tested where points_tested.kind = point.kind and point_id = point.id)

-- name: untested_boundaries
-- Districts and the city are not here: they are those that the township lies in.
select version.id, version.geometry
from boundary_versions version join divisions on divisions.id = version.division_id
where (select number from hits_kept) is distinct from (select number from division_changes)
  and divisions.level in ('township', 'village', 'grid', 'microgrid')
  and not exists (select from boundary_boxes where boundary_id = version.id)

-- name: boundaries_around
-- Function scan by index: few points look into the index of boxes one by one.
select id, geometry from boundary_versions where id in (
    select boundary_id
    from unnest(%(lons)s::double precision[], %(lats)s::double precision[]) as point(lon, lat)
    join boundary_boxes on area @> point(lon, lat))

-- name: write_hits
insert into point_hits (kind, point_id, boundary_id)
select * from unnest(%(fresh_kinds)s::text[], %(fresh_points)s::bigint[], %(fresh_boundaries)s::bigint[])
on conflict do nothing

-- name: write_tested
insert into points_tested (kind, point_id)
select * from unnest(%(kinds)s::text[], %(points)s::bigint[]) on conflict do nothing

-- name: write_boxes
insert into boundary_boxes (boundary_id, area)
select id, box(point(west, south), point(east, north))
from unnest(%(ids)s::bigint[], %(west)s::double precision[], %(south)s::double precision[],
            %(east)s::double precision[], %(north)s::double precision[]) as drawn(id, west, south, east, north)
on conflict do nothing

-- name: belonging
-- Each look asks of one thing (a sensor at `at`, a point, or a division) where it belongs: by the map that held at
-- `map_at`, as known at `known`. What lies around it by its polygon counts before what that lies in. Versions are looked
-- up one by one, by the plain index of their number: written so that the one of ranges, ten times slower, does not serve.
with looks as materialized (
    select * from unnest(%(numbers)s::integer[], %(sensors)s::integer[], %(kinds)s::text[], %(points)s::bigint[],
                         %(divisions)s::integer[], %(ats)s::timestamptz[], %(map_ats)s::timestamptz[],
                         %(knowns)s::timestamptz[])
        as look(number, sensor_id, kind, point_id, division_id, at, map_at, known)
), spots as materialized (
    select looks.number, looks.map_at, looks.known, looks.division_id,
           case when looks.sensor_id is null then looks.kind else 'place' end as kind,
           coalesce(place.id, looks.point_id) as point_id
    from looks
    left join lateral (  -- one by one: few are asked about, of many that there are
        select id from sensor_places
        where sensor_places.sensor_id = any(array[looks.sensor_id])
          and (valid @> looks.at and recorded @> looks.known) is true
        limit 1
    ) place on true
), touched as (
    select kind, point_id, boundary_id from point_hits
    where (kind, point_id) in (select kind, point_id from spots)
    union
    select * from unnest(%(fresh_kinds)s::text[], %(fresh_points)s::bigint[], %(fresh_boundaries)s::bigint[])
), hits as materialized (
    -- Apart from the question of when: an index of times alone would be gone through for each look.
    select touched.kind, touched.point_id, divisions.level, version.division_id, version.valid, version.recorded
    from touched
    join boundary_versions version on version.id = touched.boundary_id
    join divisions on divisions.id = version.division_id
), held as (
    select spots.number, spots.map_at, spots.known, min(hits.division_id) as division_id
    from spots
    join hits using (kind, point_id)
    where hits.valid @> spots.map_at and hits.recorded @> spots.known
    group by spots.number, spots.map_at, spots.known, hits.level
    union all
    select number, map_at, known, division_id from spots where division_id is not null
), up as (
    with recursive climbed as (
        select number, map_at, known, division_id as next_id, -1 as step,
               null::integer as id, null::text as level, null::text as code, null::text as name, null::text as kind
        from held
        union all
        select climbed.number, climbed.map_at, climbed.known, version.parent_id, climbed.step + 1,
               climbed.next_id, (select divisions.level from divisions where divisions.id = climbed.next_id),
               version.code, version.name, version.kind
        from climbed
        cross join lateral (
            select parent_id, code, name, kind from division_versions
            where division_id = any(array[climbed.next_id])
              and (valid @> climbed.map_at and recorded @> climbed.known) is true
            limit 1
        ) version
    )
    select distinct on (number, level) number, id, level, code, name, kind
    from climbed where id is not null
    order by number, level, step, id
)
select number, id, level, code, name, kind from up
order by number, array_position(array['city', 'district', 'township', 'village', 'grid', 'microgrid'], level)

-- name: places_of_sensors
select id from sensor_places where sensor_id = any(%(sensors)s) and lon is not null

-- name: find_divisions
-- By a code or a name of any time that is believed now; what it was called last, and what it lies in.
with found as (
    select distinct division_id from division_versions
    where upper_inf(recorded) and (code = %(asked)s or name = %(asked)s
          or %(partly)s and (starts_with(code, %(asked)s) or strpos(name, %(asked)s) > 0))
)
select distinct on (array_position(array['city', 'district', 'township', 'village', 'grid', 'microgrid'], divisions.level),
                    version.code, found.division_id)
       found.division_id as id, divisions.level, version.code, version.name, version.kind, parent.name as parent,
       nullif(lower(version.valid), '-infinity') as since, nullif(upper(version.valid), 'infinity') as until
from found
join divisions on divisions.id = found.division_id
join lateral (
    select * from division_versions latest
    where latest.division_id = found.division_id and upper_inf(latest.recorded)
    order by lower(latest.valid) desc nulls last limit 1
) version on true
left join lateral (
    select name from division_versions above
    where above.division_id = version.parent_id and upper_inf(above.recorded)
    order by above.valid && version.valid desc, lower(above.valid) desc nulls last limit 1
) parent on true
order by array_position(array['city', 'district', 'township', 'village', 'grid', 'microgrid'], divisions.level),
         version.code, found.division_id
limit %(most)s

-- name: versions_of_division
-- Every version that there was, believed or no longer; the parent as it was called when the version began to hold.
select version.id, version.code, version.name, version.kind, version.parent_id, parent.name as parent,
       version.population, version.households, version.note, version.source,
       nullif(lower(version.valid), '-infinity') as valid_from, nullif(upper(version.valid), 'infinity') as valid_to,
       lower(version.recorded) as recorded_from, nullif(upper(version.recorded), 'infinity') as recorded_to
from division_versions version
left join lateral (
    select name from division_versions above
    where above.division_id = version.parent_id and above.valid && version.valid
      and above.recorded && version.recorded
    order by upper_inf(above.recorded) desc, lower(above.valid) nulls first limit 1
) parent on true
where version.division_id = %(id)s
order by lower(version.valid) nulls first, lower(version.recorded)

-- name: boundaries_of_division
select id, area_m2, derived, source,
       nullif(lower(valid), '-infinity') as valid_from, nullif(upper(valid), 'infinity') as valid_to,
       lower(recorded) as recorded_from, nullif(upper(recorded), 'infinity') as recorded_to
from boundary_versions
where division_id = %(id)s
order by lower(valid) nulls first, lower(recorded)

-- name: outlines_of_division
select id, geometry from boundary_versions where division_id = %(id)s order by id

-- name: level_of_division
select level from divisions where id = %(id)s

-- name: lineage_of_division
-- What it came from, and what came of it, and what came of that. (A union: what is met again is not followed again.)
with recursive after as (
    select * from division_lineage where from_id = %(id)s and recorded_at <= %(known)s
    union
    select next.*
    from after join division_lineage next
      on next.from_id = after.to_id and next.effective >= after.effective and next.recorded_at <= %(known)s
), before as (
    select * from division_lineage where to_id = %(id)s and recorded_at <= %(known)s
    union
    select earlier.*
    from before join division_lineage earlier
      on earlier.to_id = before.from_id and earlier.effective <= before.effective and earlier.recorded_at <= %(known)s
)
select told.id, told.kind, told.from_id, told.to_id, told.effective, told.recorded_at, told.note, told.share,
       (select name from division_versions was
        where was.division_id = told.from_id and upper_inf(was.recorded)
        order by was.valid @> told.effective - interval '1 microsecond' desc, lower(was.valid) desc nulls last limit 1
       ) as from_name,
       (select name from division_versions becomes
        where becomes.division_id = told.to_id and upper_inf(becomes.recorded)
        order by becomes.valid @> told.effective desc, lower(becomes.valid) nulls first limit 1) as to_name,
       parent_then.name as parent_before, parent_now.name as parent_after,
       exists (select from after where after.id = told.id) as forward
from (select * from after union select * from before) told
left join lateral (
    select above.name from division_versions was
    join division_versions above on above.division_id = was.parent_id and upper_inf(above.recorded)
         and above.valid @> told.effective - interval '1 microsecond'
    where was.division_id = told.from_id and upper_inf(was.recorded)
      and was.valid @> told.effective - interval '1 microsecond'
) parent_then on true
left join lateral (
    select above.name from division_versions becomes
    join division_versions above on above.division_id = becomes.parent_id and upper_inf(above.recorded)
         and above.valid @> told.effective
    where becomes.division_id = told.to_id and upper_inf(becomes.recorded) and becomes.valid @> told.effective
) parent_now on true
order by told.effective, told.id

-- name: children_that_moved
-- Of the divisions right under one: which went to, or came from, another parent, and when.
select moved.*,
       (select name from division_versions other
        where other.division_id = moved.other_id and upper_inf(other.recorded)
        order by other.valid @> moved.effective desc, lower(other.valid) desc nulls last limit 1) as other
from (
    select came.parent_id = %(id)s as came,
           case when came.parent_id = %(id)s then went.parent_id else came.parent_id end as other_id,
           lower(came.valid) as effective, count(*) as count, array_agg(came.name order by came.code) as names
    from division_versions went
    join division_versions came on came.division_id = went.division_id and lower(came.valid) = upper(went.valid)
         and came.parent_id <> went.parent_id
    where %(id)s in (went.parent_id, came.parent_id) and upper_inf(went.recorded) and upper_inf(came.recorded)
    group by 1, 2, 3
) moved
order by effective, came, other_id

-- name: last_changed
-- Until when its boundary was another than it is at an instant; none: it was always the same.
select max(upper(valid)) from boundary_versions
where division_id = %(id)s and upper_inf(recorded) and upper(valid) <= %(at)s::timestamptz

-- name: standing_at
-- Which of these divisions there are at an instant.
select division_id from division_versions
where division_id = any(%(ids)s) and valid @> %(at)s::timestamptz and recorded @> %(known)s::timestamptz

-- name: outlines_at
-- The boundary of each division that was nearest to its instant.
select asked.number, divisions.level, nearest.geometry
from unnest(%(ids)s::integer[], %(ats)s::timestamptz[]) with ordinality as asked(id, at, number)
join divisions on divisions.id = asked.id
left join lateral (
    select geometry from boundary_versions version
    where version.division_id = asked.id and version.recorded @> %(known)s::timestamptz
    order by version.valid @> asked.at desc,
             least(abs(extract(epoch from asked.at - lower(version.valid))),
                   abs(extract(epoch from asked.at - upper(version.valid)))) nulls last
    limit 1
) nearest on true
order by asked.number

-- name: boundaries_beside
-- The boundaries of a level that hold at an instant and may touch a box.
select version.division_id, version.geometry
from boundary_versions version
join divisions on divisions.id = version.division_id
left join boundary_boxes on boundary_id = version.id
where divisions.level = %(level)s and version.valid @> %(at)s::timestamptz
  and version.recorded @> %(known)s::timestamptz
  and (area is null or area && box(point(%(west)s, %(south)s), point(%(east)s, %(north)s)))
order by version.division_id

-- name: heirs_of
-- What came of a division by the lineage (`forward`), or what it came from, that there is at an instant.
with recursive next as (
    select case when %(forward)s then to_id else from_id end as id from division_lineage
    where %(id)s = case when %(forward)s then from_id else to_id end
    union
    select case when %(forward)s then to_id else from_id end
    from next join division_lineage on next.id = case when %(forward)s then from_id else to_id end
)
select next.id from next
join division_versions version on version.division_id = next.id
     and version.valid @> %(at)s::timestamptz and version.recorded @> %(known)s::timestamptz
where next.id is not null and next.id <> %(id)s
order by next.id

-- name: names_at
select distinct on (division_id) division_id, code, name from division_versions
where division_id = any(%(ids)s) and upper_inf(recorded)
order by division_id, valid @> %(at)s::timestamptz desc, lower(valid) desc nulls last

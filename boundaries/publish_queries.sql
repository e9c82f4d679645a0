-- Publishing: what a draft writes into the versions of divisions. `effective` in the world, `recorded` in the database.

-- name: later_changes
-- The first instant after the date of effect at which anything of this level under this root changes, beside what the
-- draft that is taken back brought: publishing before it would write over what was published for later.
with recursive below as (
    select v.division_id from division_versions v
    where v.parent_id = %(root)s and upper_inf(v.recorded)
    union
    select v.division_id from below join division_versions v on v.parent_id = below.division_id and upper_inf(v.recorded)
), bounds as (
    select lower(v.valid) as at, lower(v.recorded) as recorded, v.division_id from division_versions v
    where upper_inf(v.recorded) and lower(v.valid) > %(effective)s
    union all
    select upper(v.valid), lower(v.recorded), v.division_id from division_versions v
    where upper_inf(v.recorded) and upper(v.valid) > %(effective)s
    union all
    select lower(b.valid), lower(b.recorded), b.division_id from boundary_versions b
    where upper_inf(b.recorded) and lower(b.valid) > %(effective)s
    union all
    select upper(b.valid), lower(b.recorded), b.division_id from boundary_versions b
    where upper_inf(b.recorded) and upper(b.valid) > %(effective)s
)
select min(bounds.at) from bounds
join divisions on divisions.id = bounds.division_id and divisions.level = %(level)s
where bounds.at < 'infinity' and bounds.recorded is distinct from %(former)s
  and bounds.division_id in (select division_id from below)

-- name: new_divisions
insert into divisions (level) select %(level)s from generate_series(1, %(count)s) returning id

-- name: create_published
create temp table published_units (
    division_id integer primary key, parent_id integer not null, code text not null, name text not null,
    kind text not null, households integer, geometry bytea not null, area_m2 double precision not null,
    derived boolean not null,
    described boolean not null,   -- another name, code, kind, parent or number of households; or new
    redrawn boolean not null,     -- another outline; or new
    resized boolean not null,     -- so much land changed hands that its population is not known any more
    gone boolean not null
) on commit drop

-- name: copy_published
copy published_units (division_id, parent_id, code, name, kind, households, geometry, area_m2, derived, described,
                      redrawn, resized, gone) from stdin

-- name: write_versions
-- What is recorded now ends to be believed from the date of effect on; the time before is written again as it was.
with concerned as materialized (
    select v.id from division_versions v join published_units u on u.division_id = v.division_id
    where upper_inf(v.recorded) and v.valid && tstzrange(%(effective)s, null)
      and (u.described or u.gone or u.resized and v.population is not null)
), closed as (
    update division_versions v set recorded = tstzrange(lower(v.recorded), %(recorded)s)
    from concerned where concerned.id = v.id
    returning v.*
), kept as (
    insert into division_versions (division_id, parent_id, code, name, kind, population, households, lon, lat, note,
                                   source, valid, recorded)
    select division_id, parent_id, code, name, kind, population, households, lon, lat, note, source,
           tstzrange(lower(valid), %(effective)s), tstzrange(%(recorded)s, null)
    from closed where lower_inf(valid) or lower(valid) < %(effective)s
), former as (
    select distinct on (division_id) * from closed order by division_id, lower(valid) desc nulls last
)
insert into division_versions (division_id, parent_id, code, name, kind, population, households, lon, lat, note,
                               source, valid, recorded)
select u.division_id, u.parent_id, u.code, u.name, u.kind, case when not u.resized then former.population end,
       u.households, former.lon, former.lat, coalesce(former.note, ''), %(source)s, tstzrange(%(effective)s, null),
       tstzrange(%(recorded)s, null)
from published_units u left join former using (division_id)
where not u.gone and (u.described or former.division_id is not null)

-- name: write_boundaries
with closed as (
    update boundary_versions b set recorded = tstzrange(lower(b.recorded), %(recorded)s)
    from published_units u
    where u.division_id = b.division_id and (u.redrawn or u.gone)
      and upper_inf(b.recorded) and b.valid && tstzrange(%(effective)s, null)
    returning b.*
), kept as (
    insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid, recorded)
    select division_id, geometry, area_m2, derived, source, tstzrange(lower(valid), %(effective)s),
           tstzrange(%(recorded)s, null)
    from closed where lower_inf(valid) or lower(valid) < %(effective)s
), done as (
    select count(*) from closed  -- all of them, before the first is written
)
insert into boundary_versions (division_id, geometry, area_m2, derived, source, valid, recorded)
select division_id, geometry, area_m2, derived, %(source)s, tstzrange(%(effective)s, null), tstzrange(%(recorded)s, null)
from published_units, done where redrawn and not gone

-- name: drop_published
drop table published_units

-- name: write_lineage
insert into division_lineage (kind, from_id, to_id, effective, recorded_at, note, draft_id, share,
                              share_of_to)
select kind, from_id, to_id, %(effective)s, %(recorded)s, note, %(draft)s, least(share, 1), least(share_of_to, 1)
from jsonb_to_recordset(%(rows)s) as line(
    kind text, from_id integer, to_id integer, note text, share double precision, share_of_to double precision)

-- name: refresh_closure
-- Now and not at the commit: what follows asks it, and by then the readings wait.
set constraints keeps_closure immediate

-- name: district_parents
-- Of these divisions, which are districts.
select id from divisions where id = any(%(ids)s) and level = 'district'

-- name: announce
select log_live_event('divisions', %(payload)s)

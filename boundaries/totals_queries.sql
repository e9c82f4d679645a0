-- Totals of history under a map (boundaries/totals.py): then (map_at null) as divided at each one's own time, else as
-- divided at map_at; by what is known now. Months are Beijing's. Each thing and each reading is counted once, whatever
-- the map: where the map has no division for it, under none.

-- name: strays
-- Divisions of things without a position that the map does not have, with the last instant asked about.
select stored, max(at) from history_things(%(what)s, %(since)s, %(until)s)
where stored is not null and not exists (
    select from division_versions version
    where version.division_id = stored and upper_inf(version.recorded)
      and version.valid @> %(map_at)s::timestamptz)
group by stored

-- name: totals_of_things
with things as materialized (
    select *, coalesce(%(map_at)s::timestamptz, at) as map_at
    from history_things(%(what)s, %(since)s, %(until)s)
), around as materialized (
    select * from touching(%(fresh_kinds)s, %(fresh_points)s, %(fresh_boundaries)s)
    where (kind, point_id) in (select kind, point_id from things)
), held as (
    select things.id, things.at, things.grade, things.map_at, things.stored,
           min(around.division_id) filter (where around.level = 'township') as township_id,
           min(around.division_id) filter (where around.level = 'village') as village_id,
           min(around.division_id) filter (where around.level = 'grid') as grid_id,
           min(around.division_id) filter (where around.level = 'microgrid') as microgrid_id
    from things
    left join around on around.kind = things.kind and around.point_id = things.point_id
         and around.valid @> things.map_at
    group by 1, 2, 3, 4, 5
), heirs as (
    select * from unnest(%(moved_from)s::integer[], %(moved_to)s::integer[]) as moved(from_id, to_id)
), placed as (
    select held.at, held.grade,
           case when held.stored is not null
                    then division_above(coalesce(heirs.to_id, held.stored), %(level)s, held.map_at, 'infinity')
                when %(level)s = 'grid' then coalesce(held.grid_id,
                    division_above(held.microgrid_id, 'grid', held.map_at, 'infinity'))
                when %(level)s = 'township' then coalesce(held.township_id,
                    division_above(coalesce(held.grid_id, held.village_id), 'township', held.map_at, 'infinity'))
                else coalesce(township.parent_id,
                    division_above(coalesce(held.grid_id, held.village_id), 'district', held.map_at, 'infinity'))
           end as division_id
    from held
    left join heirs on heirs.from_id = held.stored
    left join division_versions township on township.division_id = held.township_id and upper_inf(township.recorded)
         and township.valid @> held.map_at
)
select division_id, date_trunc('month', at, 'Asia/Shanghai') as month, grade, count(*) as count
from placed group by 1, 2, 3

-- name: totals_of_readings
-- Hours come from the rollups. Only an hour in which a sensor passes from one division to another is looked at closer:
-- by its readings where all of them are still there, else by the minute.
with spots as materialized (
    select place.sensor_id, place.id, place.valid from sensor_places place
    where %(map_at)s::timestamptz is not null and upper_inf(place.recorded)
), held as (
    select point_id, min(division_id) filter (where level = 'township') as township_id,
           min(division_id) filter (where level = 'grid') as grid_id
    from touching(%(fresh_kinds)s, %(fresh_points)s, %(fresh_boundaries)s)
    where %(map_at)s::timestamptz is not null and kind = 'place' and valid @> %(map_at)s::timestamptz
    group by point_id
), segments as materialized (
    select sensor_id, division_id, valid from sensor_divisions
    where %(map_at)s::timestamptz is null and level = %(level)s and upper_inf(recorded)
    union all
    select spots.sensor_id,
           case %(level)s when 'grid' then held.grid_id when 'township' then held.township_id
                else township.parent_id end,
           spots.valid
    from spots
    left join held on held.point_id = spots.id
    left join division_versions township on township.division_id = held.township_id and upper_inf(township.recorded)
         and township.valid @> %(map_at)s::timestamptz
), bounds as (
    select sensor_id, lower(valid) as bound from segments
    union
    select sensor_id, upper(valid) from segments
), split as materialized (
    select sensor_id, hour,
           (select count(*) from readings
            where readings.sensor_id = cut.sensor_id and time >= hour and time < hour + interval '1 hour')
           = (select coalesce(sum(n), 0) from readings_1h
              where readings_1h.sensor_id = cut.sensor_id and bucket = hour) as is_whole
    from (
        select distinct sensor_id, date_trunc('hour', bound, 'UTC') as hour from bounds
        where bound > %(since)s and bound < %(until)s and bound <> date_trunc('hour', bound, 'UTC')
    ) cut
), changing as materialized (
    select distinct sensor_id from bounds where bound > %(since)s and bound < %(until)s
), months as materialized (
    select array_agg(begin order by begin) as begins
    from generate_series(date_trunc('month', %(since)s::timestamptz, 'Asia/Shanghai') at time zone 'Asia/Shanghai',
                         %(until)s::timestamptz at time zone 'Asia/Shanghai', interval '1 month') as local(month),
         lateral (select local.month at time zone 'Asia/Shanghai' as begin) one
), steady as (
    -- By the month's place in a list, and counts as integers: a year of a thousand sensors is nine million rows.
    select sensor_id, width_bucket(bucket, (select begins from months)) as month, %(since)s::timestamptz as at,
           sum(n::integer) as n
    from readings_1h
    where bucket >= %(since)s and bucket < %(until)s and sensor_id not in (select sensor_id from changing)
    group by 1, 2
), counted as (
    select * from steady
    union all
    select sensor_id, width_bucket(bucket, (select begins from months)), bucket, n
    from readings_1h
    where bucket >= %(since)s and bucket < %(until)s and sensor_id in (select sensor_id from changing)
      and (sensor_id, bucket) not in (select sensor_id, hour from split)
    union all
    select split.sensor_id, width_bucket(split.hour, (select begins from months)), readings.time, 1
    from split join readings on readings.sensor_id = split.sensor_id
         and readings.time >= split.hour and readings.time < split.hour + interval '1 hour'
    where split.is_whole
    union all
    select split.sensor_id, width_bucket(split.hour, (select begins from months)), minute.bucket, minute.n
    from split join readings_1m minute on minute.sensor_id = split.sensor_id
         and minute.bucket >= split.hour and minute.bucket < split.hour + interval '1 hour'
    where not split.is_whole
)
select segments.division_id, (select begins from months)[counted.month] as month, '' as grade,
       sum(counted.n)::bigint as count
from counted
left join segments on segments.sensor_id = counted.sensor_id and segments.valid @> counted.at
group by 1, 2, 3

-- name: named_in
select distinct on (version.division_id) version.division_id, version.code, version.name,
       (select name from division_versions parent
        where parent.division_id = version.parent_id and upper_inf(parent.recorded)
        order by parent.valid && version.valid desc, lower(parent.valid) desc nulls last limit 1)
from division_versions version
where version.division_id = any(%(ids)s) and upper_inf(version.recorded)
order by version.division_id, version.valid @> %(at)s::timestamptz desc, lower(version.valid) desc nulls last

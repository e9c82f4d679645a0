-- Where sensors belong, written again for the land that a change of boundaries touches.

-- name: places_within
select id, sensor_id, lon, lat from sensor_places
where upper_inf(recorded) and lon between %(west)s and %(east)s and lat between %(south)s and %(north)s

-- name: create_rows_here
-- What is believed now of the sensors that stand on the land. `ours`: of a division that is drawn here.
create temp table rows_here on commit drop as
select lies.sensor_id, lies.level, lies.division_id, lies.valid,
       (lies.level = %(level)s and lies.division_id = any(%(before)s::integer[])
        or lies.level = 'district' and %(level)s = 'township') as ours
from sensor_divisions lies
where lies.sensor_id in (select sensor_id from sensor_places where id = any(%(places)s::bigint[]))
  and upper_inf(lies.recorded) and (lies.level = %(level)s or lies.level = 'district' and %(level)s = 'township')

-- name: create_land_here
-- When each sensor stands on this land from the date of effect on: that is written again. Where it then belongs to a
-- division that is not drawn here, as on the border of another parent, it stays with it.
create temp table land_here on commit drop as
select standing.sensor_id, standing.valid - coalesce(strange.valid, '{}') as valid
from (select sensor_id, range_agg(valid * tstzrange(%(effective)s, null)) as valid
      from sensor_places where id = any(%(places)s::bigint[]) group by sensor_id) standing
left join (select sensor_id, range_agg(valid) as valid from rows_here
           where level = %(level)s and not ours and valid && tstzrange(%(effective)s, null)
           group by sensor_id) strange using (sensor_id)

-- name: create_placed_again
-- Rows as they should be from the date of effect on.
create temp table placed_again on commit drop as
with own as (
    select place.sensor_id, hit.division_id, unnest(tstzmultirange(place.valid) * land.valid) as valid
    from unnest(%(hit_places)s::bigint[], %(hit_divisions)s::integer[]) as hit (place_id, division_id)
    join sensor_places place on place.id = hit.place_id
    join land_here land on land.sensor_id = place.sensor_id
)
select sensor_id, %(level)s::text as level, division_id, valid from own
union all
select own.sensor_id, 'district', lies.district_id, own.valid
from own
join unnest(%(townships)s::integer[], %(districts)s::integer[]) as lies (township_id, district_id)
     on lies.township_id = own.division_id
where %(level)s = 'township'

-- name: create_kept_places
-- The rows of these sensors as a whole: the time before, what is not drawn here, and what was found; times of one
-- division that follow on each other are one row.
create temp table kept_places on commit drop as
with whole as (
    select rows_here.sensor_id, rows_here.level, rows_here.division_id,
           unnest(case when ours then tstzmultirange(rows_here.valid) - land.valid
                       else tstzmultirange(rows_here.valid) end) as valid
    from rows_here join land_here land using (sensor_id)
    union all
    select sensor_id, level, division_id, valid from placed_again
)
select sensor_id, level, division_id, unnest(range_agg(valid)) as valid
from whole group by sensor_id, level, division_id

-- name: close_places
update sensor_divisions s set recorded = tstzrange(lower(s.recorded), %(recorded)s)
where upper_inf(s.recorded)
  and (s.level = %(level)s or s.level = 'district' and %(level)s = 'township')
  and s.sensor_id in (select sensor_id from sensor_places where id = any(%(places)s::bigint[]))
  and not exists (select from kept_places w where (w.sensor_id, w.level, w.division_id, w.valid)
                                                = (s.sensor_id, s.level, s.division_id, s.valid))
returning s.sensor_id

-- name: open_places
insert into sensor_divisions (sensor_id, level, division_id, valid, recorded)
select missing.sensor_id, missing.level, missing.division_id, missing.valid, tstzrange(%(recorded)s, null)
from (
    select sensor_id, level, division_id, valid from kept_places
    except
    select sensor_id, level, division_id, valid from sensor_divisions
    where upper_inf(recorded) and sensor_id in (select sensor_id from kept_places)
) missing
returning sensor_id

-- name: drop_placed_again
drop table rows_here, land_here, placed_again, kept_places

-- name: townships
-- Those that sensors stand in, as they were at an instant; each with its villages, by code.
select version.division_id as id, version.code, version.name,
       array(select village.division_id from division_versions village
             where village.parent_id = version.division_id and upper_inf(village.recorded)
               and village.valid @> %(at)s::timestamptz order by village.code limit 2) as villages
from division_versions version
where upper_inf(version.recorded) and version.valid @> %(at)s::timestamptz
  and version.division_id in (select division_id from sensor_divisions
                              where level = 'township' and upper_inf(recorded) and valid @> %(at)s::timestamptz)
  and not exists (select from organisations where organisations.code = 'demo-' || version.code)
order by version.code

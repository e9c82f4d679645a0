-- name: open_incidents
-- The gravest first, then the largest. One of which every alert is over waits for its end: it is not shown.
select i.id, i.family, i.level, i.alerts, (select sum(n) from unnest(i.open_alerts) n)::integer as open_alerts,
       cells.townships, case when cells.townships = 1 then version.name end as township,
       i.opened_at, i.exercise, i.lon, i.lat, i.pace
from incidents i
cross join lateral (
    select count(distinct township_id)::integer as townships, min(township_id) as township_id
    from incident_cells where incident_id = i.id
) cells
left join division_versions version
       on version.division_id = cells.township_id and version.valid @> %(at)s::timestamptz and upper_inf(version.recorded)
where i.state = 'open' and i.level <> 'none'
order by array_position(array['red', 'orange', 'yellow', 'blue'], i.level), open_alerts desc, i.id
limit %(limit)s

-- name: warnings_in_force
-- The gravest first, then the newest. Tests never; of an exercise only in an exercise.
select id, event, level, coalesce(nullif(sender_name, ''), sender) as sender, headline, ends,
       status = 'exercise' as exercise
from warnings
where msg_type <> 'cancel' and effective <= %(at)s and ends > %(at)s
  and (status = 'actual' or status = 'exercise' and is_exercise())
order by array_position(array['red', 'orange', 'yellow', 'blue'], level) nulls last, effective desc, id desc
limit %(limit)s

-- name: notice_counts
select (select count(*) from incidents where state = 'open' and level <> 'none'),
       (select count(*) from warnings
        where msg_type <> 'cancel' and effective <= %(at)s and ends > %(at)s
          and (status = 'actual' or status = 'exercise' and is_exercise()))

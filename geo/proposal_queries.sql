-- name: townships_to_generate
-- Every township with a polygon, with what tells how many live there: its district at the census, its committees.
select v.division_id as id, v.code, v.name, b.geometry, b.area_m2, v.households, v.parent_id as district_id,
       district.name as district, census.code as census_code, census.households as census_households,
       coalesce(committees.urban, 0) as urban, coalesce(committees.rural, 0) as rural,
       exists (select from division_versions grid join divisions on divisions.id = grid.division_id
               where grid.parent_id = v.division_id and divisions.level = 'grid'
                 and grid.valid @> %(at)s::timestamptz and upper_inf(grid.recorded)) as has_grids
from division_versions v
join divisions d on d.id = v.division_id and d.level = 'township'
join boundary_versions b on b.division_id = v.division_id and b.valid @> %(at)s::timestamptz and upper_inf(b.recorded)
left join division_versions district
     on district.division_id = v.parent_id and district.valid @> %(at)s::timestamptz and upper_inf(district.recorded)
left join division_versions then_
     on then_.division_id = v.division_id and then_.valid @> %(census)s::timestamptz and upper_inf(then_.recorded)
left join division_versions census
     on census.division_id = then_.parent_id and census.valid @> %(census)s::timestamptz
    and upper_inf(census.recorded)
left join lateral (
    select count(*) filter (where village.name ~ '(居民委员会|居委会|社区)') as urban,
           count(*) filter (where village.name !~ '(居民委员会|居委会|社区)') as rural
    from division_versions village join divisions on divisions.id = village.division_id
    where village.parent_id = v.division_id and divisions.level = 'village'
      and village.valid @> %(at)s::timestamptz and upper_inf(village.recorded)) committees on true
where v.valid @> %(at)s::timestamptz and upper_inf(v.recorded)
order by v.code, v.division_id

-- name: proposals_there
-- What each township has: what waits, and what was adopted and is not withdrawn.
select p.township_id, p.inputs, p.draft_id is not null as adopted
from boundary_proposals p left join boundary_drafts draft on draft.id = p.draft_id
where p.draft_id is null or draft.state <> 'withdrawn'

-- name: lock_proposal
select pg_advisory_xact_lock(hashtext('boundary_proposals'), %(township)s)

-- name: drop_waiting
delete from boundary_proposals where township_id = %(township)s and draft_id is null

-- name: add_proposal
insert into boundary_proposals (township_id, seed, settings, inputs, grids, quality, lines_shown, made_at)
values (%(township)s, %(seed)s, %(settings)s, %(inputs)s, %(grids)s, %(quality)s, %(lines_shown)s, clock_timestamp())
returning id

-- name: copy_proposed_grids
copy boundary_proposed_grids (proposal_id, number, code, name, households, area_m2, geometry) from stdin

-- name: waiting_proposals
-- Those that wait for a planner, under a division or all.
select p.id, p.township_id, township.name as township, district.name as district, p.seed, p.settings, p.grids,
       p.quality, p.lines_shown, p.made_at
from boundary_proposals p
join division_versions township
     on township.division_id = p.township_id and township.valid @> %(at)s::timestamptz and upper_inf(township.recorded)
left join division_versions district
     on district.division_id = township.parent_id and district.valid @> %(at)s::timestamptz
    and upper_inf(district.recorded)
where p.draft_id is null
  and (%(under)s::integer is null
       or p.township_id in (select descendant_id from division_closure where ancestor_id = %(under)s))
  and (%(township)s::integer is null or p.township_id = %(township)s)
order by township.code, p.township_id
limit %(most)s

-- name: proposed_grids
select number, code, name, households, area_m2, geometry
from boundary_proposed_grids where proposal_id = %(proposal)s order by number

-- name: take_time
-- A district's grids are read and checked for seconds.
set local idle_in_transaction_session_timeout = '5min'

-- name: adopt_proposals
-- Whoever is first has them.
update boundary_proposals set draft_id = %(draft)s, adopted_at = clock_timestamp()
where id = any(%(proposals)s) and draft_id is null

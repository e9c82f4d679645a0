-- Large numbers for measuring: a township's organisation for each township, and people without names.

-- name: organisations
with townships as (
    select version.division_id, version.code, version.name, row_number() over (order by version.division_id) as n
    from division_versions version join divisions division on division.id = version.division_id
    where division.level = 'township' and upper_inf(version.recorded) and version.valid @> %(at)s::timestamptz
), made as (
    insert into organisations (kind, code) select 'township', 'made-' || division_id from townships returning id, code
), named as (
    insert into organisation_versions (organisation_id, name)
    select made.id, townships.name from made join townships on made.code = 'made-' || townships.division_id
), covered as (
    insert into organisation_divisions (organisation_id, division_id)
    select made.id, townships.division_id from made join townships on made.code = 'made-' || townships.division_id
)
select count(*) from made

-- name: places
-- Every division with the township that it lies in, its number within its level, and how many levels there are.
create temp table made_places on commit drop as
with recursive up (place, level, at_place, township) as (
    select id, level, id, case when level = 'township' then id end from divisions
    where level in ('township', 'village', 'grid')
    union all
    select up.place, up.level, version.parent_id,
           case when above.level = 'township' then above.id end
    from up
    join division_versions version on version.division_id = up.at_place and upper_inf(version.recorded)
        and version.valid @> %(at)s::timestamptz
    join divisions above on above.id = version.parent_id
    where up.township is null
)
select up.place, up.level, organisation.id as organisation_id,
       row_number() over (partition by up.level order by up.place) as n
from up join organisations organisation on organisation.code = 'made-' || up.township

-- name: jobs
-- Who does what: a worker for each grid, a secretary who is grid leader for each village, six posts and a duty
-- roster's four for each township, and volunteers of villages to the number that is asked for.
create temp table made_jobs on commit drop as
with jobs as (
    select organisation_id, place, post
    from made_places join (values
        ('grid', 'grid_worker'), ('village', 'village_secretary'), ('township', 'commander'), ('township', 'deputy_a'),
        ('township', 'deputy_b'), ('township', 'duty_officer'), ('township', 'duty_officer'),
        ('township', 'duty_officer'), ('township', 'duty_officer'), ('township', 'hydrology')) as needs (level, post)
        using (level)
    union all
    select village.organisation_id, village.place, 'volunteer'
    from generate_series(1, %(people)s) number
    join made_places village on village.level = 'village'
        and village.n = 1 + number %% (select count(*) from made_places where level = 'village')
)
select gen_random_uuid() as person_id, organisation_id, place, post, row_number() over () as n
from (select * from jobs order by post = 'volunteer', post, place limit %(people)s) jobs

-- name: analyze_places
analyze made_places

-- name: analyze_jobs
analyze made_jobs

-- name: people
insert into people (id, organisation_id, staff_number) select person_id, organisation_id, 'made-' || n from made_jobs

-- name: terms
insert into person_terms (person_id, organisation_id, employment, valid)
select person_id, organisation_id, case when post = 'volunteer' then 'volunteer' else 'full_time' end,
       tstzrange(%(at)s::timestamptz - interval '3 years', null)
from made_jobs

-- name: holdings
insert into post_holdings (person_id, post, division_id, valid)
select person_id, post, place, tstzrange(%(at)s::timestamptz - interval '1 year', null) from made_jobs
union all  -- whoever did it before: the next one of the same post
select person_id, post, place,
       tstzrange(%(at)s::timestamptz - interval '3 years', %(at)s::timestamptz - interval '1 year')
from (select lead(person_id) over (partition by post order by n) as person_id, post, place from made_jobs
      where post <> 'volunteer') before
where person_id is not null
union all
select person_id, 'grid_leader', place, tstzrange(%(at)s::timestamptz - interval '1 year', null)
from made_jobs where post = 'village_secretary'

-- name: corrected
-- One holding in five was first recorded from another day on.
insert into post_holdings (person_id, post, division_id, valid, recorded)
select person_id, post, place, tstzrange(%(at)s::timestamptz - interval '350 days', null),
       tstzrange(now() - interval '30 days', now())
from made_jobs where n %% 5 = 0

-- name: shifts
-- The four duty officers of a township take turns of six hours, for two months around the instant.
insert into shifts (person_id, post, division_id, during)
select person_id, post, place, tstzrange(begins, begins + interval '6 hours')
from (
    select *, row_number() over (partition by place order by n) - 1 as turn from made_jobs where post = 'duty_officer'
) officers
cross join lateral generate_series(
    date_trunc('day', %(at)s::timestamptz) - interval '30 days' + turn * interval '6 hours',
    date_trunc('day', %(at)s::timestamptz) + interval '30 days', interval '1 day') as begins

-- name: absences
-- One in twenty is away, and the next one of the same organisation stands in.
insert into absences (person_id, organisation_id, during, kind, stand_in_id)
select person_id, organisation_id,
       tstzrange(%(at)s::timestamptz - interval '3 days', %(at)s::timestamptz + interval '4 days'), 'leave',
       nullif(lead(person_id, 1, person_id) over (partition by organisation_id order by n), person_id)
from made_jobs
where n %% 20 = 0

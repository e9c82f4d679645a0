-- What there is of the organisations that lie wholly in a scope, as a file tells it.

-- name: own
create temp table own on commit drop as
select organisation.id, organisation.code
from organisations organisation
where (%(organisation)s::integer is null or organisation.id = %(organisation)s)
  and (%(everywhere)s or coalesce((
      select bool_and(exists (select from division_closure closure where closure.descendant_id = cover.division_id
                              and closure.ancestor_id = any(%(scope)s)))
      from organisation_divisions cover
      where cover.organisation_id = organisation.id and upper_inf(cover.recorded)
        and coalesce(upper(cover.valid) > %(at)s, true)), false))

-- name: people
-- Whoever serves, or will: their last run of terms.
with terms as (
    select term.person_id, term.valid, term.employment, term.skills
    from person_terms term join people person on person.id = term.person_id
    where upper_inf(term.recorded) and person.organisation_id in (select id from own)
), runs as (
    select person_id, unnest(range_agg(valid)) as run from terms group by person_id
), last_runs as (
    select distinct on (person_id) person_id, run from runs order by person_id, lower(run) desc
), last_terms as (
    select distinct on (person_id) person_id, employment, skills from terms order by person_id, lower(valid) desc
)
select person.id, own.code, person.staff_number, term.employment, term.skills, lower(run) as since, upper(run) as until
from last_runs
join last_terms term using (person_id)
join people person on person.id = person_id
join own on own.id = person.organisation_id
where coalesce(upper(run) > %(at)s, true)
order by own.code, person.staff_number

-- name: posts
select own.code, person.staff_number, held.post, version.code as division, lower(held.valid), upper(held.valid)
from post_holdings held
join people person on person.id = held.person_id
join own on own.id = person.organisation_id
join division_versions version on version.division_id = held.division_id and upper_inf(version.recorded)
    and version.valid @> %(at)s::timestamptz
where upper_inf(held.recorded) and coalesce(upper(held.valid) > %(at)s, true)
  and (%(everywhere)s or exists (select from division_closure closure where closure.descendant_id = held.division_id
                                 and closure.ancestor_id = any(%(scope)s)))
order by own.code, person.staff_number, held.post, division, lower(held.valid)

-- name: shifts
select own.code, person.staff_number, shift.post, version.code as division, lower(shift.during), upper(shift.during)
from shifts shift
join people person on person.id = shift.person_id
join own on own.id = person.organisation_id
join division_versions version on version.division_id = shift.division_id and upper_inf(version.recorded)
    and version.valid @> %(at)s::timestamptz
where upper_inf(shift.recorded) and upper(shift.during) > %(at)s
  and (%(everywhere)s or exists (select from division_closure closure where closure.descendant_id = shift.division_id
                                 and closure.ancestor_id = any(%(scope)s)))
order by lower(shift.during), own.code, person.staff_number, shift.post, division

-- name: absences
-- With the stand-in by organisation and number, which says nothing of who it is.
select own.code, person.staff_number, away.kind, lower(away.during), upper(away.during),
       stand_in_own.code || '/' || stand_in.staff_number
from absences away
join people person on person.id = away.person_id
join own on own.id = person.organisation_id
left join people stand_in on stand_in.id = away.stand_in_id
left join organisations stand_in_own on stand_in_own.id = stand_in.organisation_id
where upper_inf(away.recorded) and coalesce(upper(away.during) > %(at)s, true)
order by own.code, person.staff_number, lower(away.during)

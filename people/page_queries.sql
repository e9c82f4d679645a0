-- What pages show of people, asked for in the scope of whoever looks: row-level security leaves out the rest.

-- name: own_organisations
-- Those that lie wholly in the scope: what their people are and do is the asker's to keep.
select organisation.id, organisation.code, organisation.kind, coalesce(version.name, organisation.code) as name
from organisations organisation
left join organisation_versions version
  on version.organisation_id = organisation.id and upper_inf(version.recorded) and version.valid @> %(at)s::timestamptz
where (select sees_all()) or coalesce((
    select bool_and(cover.division_id in (select in_scope())) from organisation_divisions cover
    where cover.organisation_id = organisation.id and upper_inf(cover.recorded)
      and coalesce(upper(cover.valid) > %(at)s, true)), false)
order by organisation.code

-- name: staff
-- Filtered and cut to a page first, then told more of. Whose organisation is beyond the scope comes first, without it.
with page as materialized (
    select person.id, person.organisation_id, person.staff_number, organisation.code
    from people person left join organisations organisation on organisation.id = person.organisation_id
    where (%(ids)s::uuid[] is null or person.id = any(%(ids)s) or person.staff_number = %(number)s)
      and (%(organisation)s::integer is null or person.organisation_id = %(organisation)s)
      and (%(post)s::text is null or exists (
          select from post_holdings holding where holding.person_id = person.id and holding.post = %(post)s
             and upper_inf(holding.recorded) and holding.valid @> %(at)s::timestamptz))
      and (%(serving)s::boolean is null or %(serving)s = exists (
          select from person_terms term where term.person_id = person.id and upper_inf(term.recorded)
             and coalesce(upper(term.valid) > %(at)s, true)))
      and (not %(absent)s or exists (
          select from absences absence where absence.person_id = person.id and upper_inf(absence.recorded)
             and absence.during @> %(at)s::timestamptz))
      and (%(after)s::uuid is null or (coalesce(organisation.code, ''), person.staff_number, person.id) > (
          select coalesce(last_organisation.code, ''), last.staff_number, last.id
          from people last left join organisations last_organisation on last_organisation.id = last.organisation_id
          where last.id = %(after)s))
    order by coalesce(organisation.code, ''), person.staff_number, person.id
    limit %(most)s
)
select page.id, page.organisation_id, version.name as organisation, page.staff_number,
       term.employment, coalesce(term.skills, '{}') as skills, term.valid,
       array(select holding.post || ' ' || holding.division_id from post_holdings holding
             where holding.person_id = page.id and upper_inf(holding.recorded)
               and holding.valid @> %(at)s::timestamptz order by lower(holding.valid), holding.id) as posts,
       away.kind as away, away.during as away_during, away.stand_in_id
from page
left join organisation_versions version
  on version.organisation_id = page.organisation_id and upper_inf(version.recorded)
 and version.valid @> %(at)s::timestamptz
left join lateral (
    select * from person_terms term where term.person_id = page.id and upper_inf(term.recorded)
    order by term.valid @> %(at)s::timestamptz desc, lower(term.valid) desc limit 1
) term on true
left join lateral (
    select * from absences absence where absence.person_id = page.id and upper_inf(absence.recorded)
       and absence.during @> %(at)s::timestamptz limit 1
) away on true
order by coalesce(page.code, ''), page.staff_number, page.id

-- name: known
select id, organisation_id, staff_number from people where id = any(%(ids)s)

-- name: terms
select employment, skills, valid from person_terms
where person_id = %(person)s and upper_inf(recorded) order by lower(valid) desc

-- name: holdings
select holding.id, holding.post, holding.division_id, holding.valid as during,
       (select sees_all()) or holding.division_id in (select in_scope()) as in_scope
from post_holdings holding
where person_id = %(person)s and upper_inf(recorded) order by lower(valid) desc, id

-- name: shifts_to_come
select shift.id, shift.person_id, shift.post, shift.division_id, shift.during,
       (select sees_all()) or shift.division_id in (select in_scope()) as in_scope
from shifts shift
where upper_inf(recorded) and upper(during) > %(since)s
  and (%(until)s::timestamptz is null or lower(during) < %(until)s)
  and (%(person)s::uuid is null or person_id = %(person)s)
  and (%(division)s::integer is null or division_id = %(division)s)
  and (%(id)s::bigint is null or id = %(id)s)
order by lower(during), id limit %(most)s

-- name: absences
-- Of one, or of all who hold a post or have a shift for a division or what lies in it.
select absence.id, absence.person_id, absence.kind, absence.during, absence.stand_in_id
from absences absence
where upper_inf(absence.recorded) and coalesce(upper(absence.during) > %(since)s, true)
  and (%(until)s::timestamptz is null or lower(absence.during) < %(until)s)
  and (%(person)s::uuid is null or absence.person_id = %(person)s)
  and (%(stands_in)s::uuid is null or absence.stand_in_id = %(stands_in)s)
  and (%(id)s::bigint is null or absence.id = %(id)s)
  and (%(division)s::integer is null or absence.person_id in (
      select person_id from post_holdings holding where upper_inf(holding.recorded)
         and coalesce(upper(holding.valid) > %(since)s, true) and holding.division_id in (
             select descendant_id from division_closure where ancestor_id = %(division)s)
      union
      select person_id from shifts shift where upper_inf(shift.recorded) and upper(shift.during) > %(since)s
         and shift.division_id in (select descendant_id from division_closure where ancestor_id = %(division)s)))
order by lower(absence.during) desc, absence.id limit %(most)s

-- name: turns
-- When who is on duty may change, within a time: where a shift, a post or an absence begins or ends, of the division
-- and of what lies above it.
with recursive up (division_id, step) as (
    select %(division)s::integer, 0
    union all
    select version.parent_id, up.step + 1 from up join division_versions version on version.division_id = up.division_id
    where upper_inf(version.recorded) and version.valid && tstzrange(%(since)s, %(until)s)
      and version.parent_id is not null and up.step < 10
), given as (
    select person_id, during from shifts
    where division_id in (select division_id from up) and upper_inf(recorded)
      and during && tstzrange(%(since)s, %(until)s)
    union all
    select person_id, valid from post_holdings
    where division_id in (select division_id from up) and upper_inf(recorded)
      and valid && tstzrange(%(since)s, %(until)s)
), away as (
    select stand_in_id, during from absences
    where person_id in (select person_id from given) and upper_inf(recorded)
      and during && tstzrange(%(since)s, %(until)s)
), spans as (
    select during from given
    union all
    select during from away
    union all
    select absence.during from absences absence
    where absence.person_id in (select stand_in_id from away) and upper_inf(absence.recorded)
      and absence.during && tstzrange(%(since)s, %(until)s)
)
select distinct turn from (
    select lower(during) as turn from spans union all select upper(during) from spans
) turns
where turn > %(since)s and turn < %(until)s
order by turn limit %(most)s

-- Changes of history close what is recorded and write what is true from now on; `recorded` is the instant of both,
-- taken after the locks.

-- name: lock_people
-- In the order of their ids, so that two changes of the same people wait and do not deadlock.
select id, organisation_id from people where id = any(%(ids)s) order by id for no key update

-- name: lock_organisation
select id from organisations where id = %(organisation)s for no key update

-- name: instant
select clock_timestamp()

-- name: division_of_organisation
-- Whose audit a change of its people is for.
select min(division_id) from organisation_divisions
where organisation_id = %(organisation)s and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true)

-- name: add_organisation
insert into organisations (kind, code) values (%(kind)s, %(code)s) returning id

-- name: add_organisation_version
insert into organisation_versions (organisation_id, parent_id, name, valid, recorded)
values (%(organisation)s, %(parent)s, %(name)s, tstzrange(%(since)s, null), tstzrange(%(recorded)s, null))

-- name: change_organisation
with closed as (
    update organisation_versions set recorded = tstzrange(lower(recorded), %(recorded)s)
    where organisation_id = %(organisation)s and upper_inf(recorded) and valid @> %(at)s::timestamptz
    returning organisation_id, parent_id, name, valid
), kept as (
    insert into organisation_versions (organisation_id, parent_id, name, valid, recorded)
    select organisation_id, parent_id, name, valid * tstzrange(null, %(at)s), tstzrange(%(recorded)s, null) from closed
    where coalesce(lower(valid) < %(at)s, true)
), changed as (
    insert into organisation_versions (organisation_id, parent_id, name, valid, recorded)
    select organisation_id, %(parent)s::integer, %(name)s, valid * tstzrange(%(at)s, null), tstzrange(%(recorded)s, null)
    from closed
)
select count(*) from closed

-- name: cover_division
insert into organisation_divisions (organisation_id, division_id, valid, recorded)
values (%(organisation)s, %(division)s, tstzrange(%(since)s, null), tstzrange(%(recorded)s, null))

-- name: end_cover
with closed as (
    update organisation_divisions set recorded = tstzrange(lower(recorded), %(recorded)s)
    where organisation_id = %(organisation)s and division_id = %(division)s
      and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true)
    returning organisation_id, division_id, valid
), kept as (
    insert into organisation_divisions (organisation_id, division_id, valid, recorded)
    select organisation_id, division_id, valid * tstzrange(null, %(at)s), tstzrange(%(recorded)s, null) from closed
    where coalesce(lower(valid) < %(at)s, true)
)
select count(*) from closed

-- name: organisations
select organisation.id, organisation.kind, organisation.code, version.name, version.parent_id,
       array(select cover.division_id from organisation_divisions cover
             where cover.organisation_id = organisation.id and upper_inf(cover.recorded)
               and cover.valid @> %(at)s::timestamptz order by cover.division_id) as divisions
from organisations organisation
join organisation_versions version
  on version.organisation_id = organisation.id and upper_inf(version.recorded) and version.valid @> %(at)s::timestamptz
where (%(named)s::text is null or organisation.code = %(named)s or version.name = %(named)s)
order by (organisation.code = %(named)s) desc, organisation.code

-- name: add_person
insert into people (organisation_id, staff_number) values (%(organisation)s, %(staff_number)s) returning id

-- name: add_term
insert into person_terms (person_id, organisation_id, employment, skills, valid, recorded)
values (%(person)s, %(organisation)s, %(employment)s, %(skills)s, tstzrange(%(since)s, null),
        tstzrange(%(recorded)s, null))

-- name: change_term
with closed as (
    update person_terms set recorded = tstzrange(lower(recorded), %(recorded)s)
    where person_id = %(person)s and upper_inf(recorded) and valid @> %(at)s::timestamptz
    returning person_id, organisation_id, employment, skills, valid
), kept as (
    insert into person_terms (person_id, organisation_id, employment, skills, valid, recorded)
    select person_id, organisation_id, employment, skills, valid * tstzrange(null, %(at)s), tstzrange(%(recorded)s, null)
    from closed where lower(valid) < %(at)s
), changed as (
    insert into person_terms (person_id, organisation_id, employment, skills, valid, recorded)
    select person_id, organisation_id, %(employment)s, %(skills)s, valid * tstzrange(%(at)s, null),
           tstzrange(%(recorded)s, null)
    from closed
)
select count(*) from closed

-- name: cut_terms
with closed as (
    update person_terms set recorded = tstzrange(lower(recorded), %(recorded)s)
    where person_id = %(person)s and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true)
    returning person_id, organisation_id, employment, skills, valid
), kept as (
    insert into person_terms (person_id, organisation_id, employment, skills, valid, recorded)
    select person_id, organisation_id, employment, skills, valid * tstzrange(null, %(at)s), tstzrange(%(recorded)s, null)
    from closed where coalesce(lower(valid) < %(at)s, true)
)
select count(*) from closed

-- name: serves
-- Whether all of a time lies in the person's terms.
select coalesce(range_agg(valid) @> tstzrange(%(since)s, %(until)s), false)
from person_terms where person_id = %(person)s and upper_inf(recorded)

-- name: people
select person.id, person.organisation_id, person.staff_number, term.employment, term.skills, term.valid
from people person
join person_terms term
  on term.person_id = person.id and upper_inf(term.recorded) and term.valid @> %(at)s::timestamptz
where (%(organisation)s::integer is null or person.organisation_id = %(organisation)s)
  and (%(after)s::uuid is null or person.id > %(after)s)
order by person.id limit %(most)s

-- name: person_of_number
select person.id
from people person join organisations organisation on organisation.id = person.organisation_id
where person.staff_number = %(number)s and (%(code)s::text is null or organisation.code = %(code)s)

-- name: hold_post
insert into post_holdings (person_id, post, division_id, valid, recorded)
values (%(person)s, %(post)s, %(division)s, tstzrange(%(since)s, %(until)s), tstzrange(%(recorded)s, null))
returning id

-- name: cut_holdings
with closed as (
    update post_holdings set recorded = tstzrange(lower(recorded), %(recorded)s)
    where person_id = %(person)s and (%(post)s::text is null or post = %(post)s)
      and (%(division)s::integer is null or division_id = %(division)s)
      and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true)
    returning person_id, post, division_id, valid
), kept as (
    insert into post_holdings (person_id, post, division_id, valid, recorded)
    select person_id, post, division_id, tstzrange(lower(valid), %(at)s), tstzrange(%(recorded)s, null)
    from closed where lower(valid) < %(at)s
)
select count(*) from closed

-- name: add_shift
insert into shifts (person_id, post, division_id, during, recorded)
values (%(person)s, %(post)s, %(division)s, tstzrange(%(since)s, %(until)s), tstzrange(%(recorded)s, null))
returning id

-- name: shift
select person_id, division_id, lower(during) from shifts where id = %(id)s and upper_inf(recorded)

-- name: cut_shifts
with closed as (
    update shifts set recorded = tstzrange(lower(recorded), %(recorded)s)
    where person_id = %(person)s and (%(id)s::bigint is null or id = %(id)s)
      and upper_inf(recorded) and upper(during) > %(at)s
    returning person_id, post, division_id, during
), kept as (
    insert into shifts (person_id, post, division_id, during, recorded)
    select person_id, post, division_id, tstzrange(lower(during), %(at)s), tstzrange(%(recorded)s, null)
    from closed where lower(during) < %(at)s
)
select count(*) from closed

-- name: is_away
select exists (select from absences where person_id = %(person)s and upper_inf(recorded)
                                      and during && tstzrange(%(since)s, %(until)s))

-- name: add_absence
insert into absences (person_id, organisation_id, during, kind, stand_in_id, recorded)
values (%(person)s, %(organisation)s, tstzrange(%(since)s, %(until)s), %(kind)s, %(stand_in)s,
        tstzrange(%(recorded)s, null))
returning id

-- name: absence
select person_id from absences where id = %(id)s and upper_inf(recorded)

-- name: cut_absences
with closed as (
    update absences set recorded = tstzrange(lower(recorded), %(recorded)s)
    where person_id = %(person)s and (%(id)s::bigint is null or id = %(id)s)
      and upper_inf(recorded) and coalesce(upper(during) > %(at)s, true)
    returning person_id, organisation_id, during, kind, stand_in_id
), kept as (
    insert into absences (person_id, organisation_id, during, kind, stand_in_id, recorded)
    select person_id, organisation_id, tstzrange(lower(during), %(at)s), kind, stand_in_id, tstzrange(%(recorded)s, null)
    from closed where lower(during) < %(at)s
)
select count(*) from closed

-- name: stood_in_for
select distinct person_id from absences
where stand_in_id = %(person)s and upper_inf(recorded) and coalesce(upper(during) > %(at)s, true)

-- name: lose_stand_in
-- Who stood in leaves: the absence stays, from then on without anybody.
with closed as (
    update absences set recorded = tstzrange(lower(recorded), %(recorded)s)
    where stand_in_id = %(person)s and upper_inf(recorded) and coalesce(upper(during) > %(at)s, true)
    returning person_id, organisation_id, during, kind, stand_in_id
), kept as (
    insert into absences (person_id, organisation_id, during, kind, stand_in_id, recorded)
    select person_id, organisation_id, tstzrange(lower(during), %(at)s), kind, stand_in_id, tstzrange(%(recorded)s, null)
    from closed where lower(during) < %(at)s
), alone as (
    insert into absences (person_id, organisation_id, during, kind, stand_in_id, recorded)
    select person_id, organisation_id, during * tstzrange(%(at)s, null), kind, null, tstzrange(%(recorded)s, null)
    from closed
)
select count(*) from closed

-- name: put_private
insert into people_private (person_id, organisation_id, name, phone, email, name_blind, phone_blind, digest)
values (%(person)s, %(organisation)s, %(name)s, %(phone)s, %(email)s, %(name_blind)s, %(phone_blind)s, %(digest)s)
on conflict (person_id) do update
    set name = excluded.name, phone = excluded.phone, email = excluded.email, name_blind = excluded.name_blind,
        phone_blind = excluded.phone_blind, digest = excluded.digest

-- name: private
select person_id, name, phone, email from people_private where person_id = any(%(ids)s)

-- name: find_private
select person_id from people_private
where name_blind = any(%(names)s) or phone_blind = any(%(phones)s) order by person_id

-- name: serves_after
select exists (select from person_terms
               where person_id = %(person)s and upper_inf(recorded) and coalesce(upper(valid) > %(at)s, true))

-- name: erase_private
delete from people_private where person_id = %(person)s returning 1

-- name: erase_people
with gone as (
    delete from people_private private
    where not exists (select from person_terms term where term.person_id = private.person_id
                          and upper_inf(term.recorded) and coalesce(upper(term.valid) >= %(before)s, true))
    returning 1
)
select count(*) from gone

-- name: left_people
select count(*) from people_private private
where not exists (select from person_terms term where term.person_id = private.person_id
                      and upper_inf(term.recorded) and coalesce(upper(term.valid) >= %(before)s, true))

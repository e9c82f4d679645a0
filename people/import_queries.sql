-- A file beside what is there: staged in temporary tables, judged there, and merged in sets. Up to `lock` nothing but
-- temporary tables is written, so that a preview and an import are the same statements.
-- A beginning in a file is good to the second; what is recorded may have more digits, and keeps them.

-- name: stage
create temp table told_people (
    line integer primary key, organisation text, staff_number text, new_id uuid, employment text, skills text[],
    since timestamptz, until timestamptz, digests bytea[],
    organisation_id integer, person_id uuid, state text, at timestamptz, private_differs boolean default false
) on commit drop;
create temp table told (
    what text, line integer, organisation text, staff_number text, post text, division text, kind text,
    stand_in_organisation text, stand_in_number text, since timestamptz, until timestamptz, cancel boolean,
    person_id uuid, division_id integer, stand_in_id uuid, span tstzrange, state text, old bigint,
    primary key (what, line)
) on commit drop;
create temp table told_private (
    person_id uuid, organisation_id integer, name bytea, phone bytea, email bytea, name_blind bytea, phone_blind bytea,
    digest bytea
) on commit drop

-- name: copy_people
copy told_people (line, organisation, staff_number, new_id, employment, skills, since, until, digests) from stdin

-- name: copy_told
copy told (what, line, organisation, staff_number, post, division, kind, stand_in_organisation, stand_in_number, since,
           until, cancel) from stdin

-- name: copy_private
copy told_private from stdin

-- name: places
-- The organisations and divisions that are named, and whether all of each lies in the asker's scope.
create temp table own on commit drop as
select organisation.id, organisation.code,
       %(everywhere)s or coalesce((
           select bool_and(exists (select from division_closure closure where closure.descendant_id = cover.division_id
                                   and closure.ancestor_id = any(%(scope)s)))
           from organisation_divisions cover
           where cover.organisation_id = organisation.id and upper_inf(cover.recorded)
             and coalesce(upper(cover.valid) > %(now)s, true)), false) as covered
from organisations organisation
where organisation.code in (select organisation from told_people union select organisation from told
                            union select stand_in_organisation from told)

-- name: divisions
create temp table own_divisions on commit drop as
select version.division_id as id, version.code,
       %(everywhere)s or exists (select from division_closure closure where closure.descendant_id = version.division_id
                                 and closure.ancestor_id = any(%(scope)s)) as covered
from division_versions version
where version.code in (select division from told) and upper_inf(version.recorded)
  and version.valid @> %(now)s::timestamptz

-- name: find_people
update told_people set organisation_id = own.id,
    person_id = coalesce((select person.id from people person where person.organisation_id = own.id
                          and person.staff_number = told_people.staff_number), new_id)
from own where own.code = told_people.organisation

-- name: named
-- Whoever a file may speak of: the people of its organisations, and those whom it brings.
create temp table named on commit drop as
select own.code as organisation, person.staff_number, person.id as person_id
from people person join own on own.id = person.organisation_id
union
select organisation, staff_number, person_id from told_people where person_id is not null

-- name: find_told
update told set person_id = named.person_id from named
where named.organisation = told.organisation and named.staff_number = told.staff_number

-- name: find_stand_ins
update told set stand_in_id = named.person_id from named
where named.organisation = told.stand_in_organisation and named.staff_number = told.stand_in_number

-- name: find_divisions
update told set division_id = own_divisions.id from own_divisions where own_divisions.code = told.division

-- name: analyze
analyze told_people; analyze told; analyze named; analyze own

-- name: lock
select count(*) from (
    select person.id from people person
    where person.id in (select person_id from told_people union select person_id from told
                        union select stand_in_id from told)
       or person.id in (select away.person_id from absences away join told_people leaver
                        on leaver.person_id = away.stand_in_id and leaver.until is not null
                        where upper_inf(away.recorded))
    order by person.id for no key update
) locked

-- name: judge_people
-- Each beside their last run of terms; several terms that follow each other are one.
with runs as (
    select term.person_id, unnest(range_agg(term.valid)) as run from person_terms term
    where upper_inf(term.recorded) and term.person_id in (select person_id from told_people) group by term.person_id
), last_runs as (
    select distinct on (person_id) person_id, run from runs order by person_id, lower(run) desc
), last_terms as (
    select distinct on (person_id) person_id, valid, employment, skills from person_terms
    where upper_inf(recorded) and person_id in (select person_id from told_people)
    order by person_id, lower(valid) desc
), beside as (
    select told.line, run, valid,
           coalesce(told.employment, term.employment) <> term.employment
           or coalesce(told.skills, term.skills) <> term.skills as term_differs,
           private.person_id is null or not private.digest = any(told.digests) as private_differs
    from told_people told
    left join last_runs using (person_id)
    left join last_terms term using (person_id)
    left join people_private private using (person_id)
)
update told_people told
set private_differs = beside.private_differs,
    at = case when term_differs then greatest(%(now)s, lower(valid)) end,
    since = case when run is null or told.since >= upper(run) then told.since else lower(run) end,
    until = case when date_trunc('second', told.until) = date_trunc('second', upper(run)) then upper(run)
                 else told.until end,
    state = case
        when told.person_id is null then null
        when run is null and told.since is null then 'empty'
        when run is null then 'new'
        when told.since >= upper(run) then 'renewed'
        when date_trunc('second', told.since) <> date_trunc('second', lower(run)) then 'since_differs'
        when told.until <= lower(run) then 'ends_early'
        when date_trunc('second', told.until) > date_trunc('second', upper(run))
          or term_differs and upper(run) <= %(now)s then 'left_already'
        when date_trunc('second', told.until) < coalesce(date_trunc('second', upper(run)), 'infinity') then 'ended'
        when term_differs or beside.private_differs then 'changed'
        else 'unchanged' end
from beside where beside.line = told.line

-- name: known
-- What is there of those who are named, and what will be of it (`target`); absences without anybody from `alone_at` on.
create temp table known on commit drop as
with concerned as (
    select person_id from told where person_id is not null
    union select stand_in_id from told where stand_in_id is not null
    union select person_id from told_people where state = 'ended'
)
select 'posts' as what, id, person_id, null::integer as organisation_id, post, division_id, null as kind,
       null::uuid as stand_in_id, valid as span, valid as target, null::uuid as new_stand_in, null as new_kind,
       null::timestamptz as alone_at, null::integer as line
from post_holdings where upper_inf(recorded) and person_id in (select person_id from concerned)
union all
select 'shifts', id, person_id, null, post, division_id, null, null, during, during, null, null, null, null
from shifts where upper_inf(recorded) and person_id in (select person_id from concerned)
union all
select 'absences', id, person_id, organisation_id, null, null, kind, stand_in_id, during, during, stand_in_id, kind,
       null, null
from absences where upper_inf(recorded) and (person_id in (select person_id from concerned)
    or stand_in_id in (select person_id from told_people where state = 'ended'))

-- name: match
with beside as (
    select told.what, told.line, known.id, known.span
    from told join known
      on known.what = told.what and known.person_id = told.person_id
     and (told.what = 'absences' or known.post = told.post and known.division_id = told.division_id)
     and date_trunc('second', lower(known.span)) = date_trunc('second', told.since)
)
update told set old = beside.id,
    span = tstzrange(lower(beside.span),
                     case when date_trunc('second', told.until) = date_trunc('second', upper(beside.span))
                          then upper(beside.span) else told.until end)
from beside where beside.what = told.what and beside.line = told.line

-- name: judge_new
update told set span = tstzrange(since, until), state = case when cancel then 'unchanged' else 'new' end
where old is null

-- name: judge_old
update told set state = case
    when told.cancel then 'ended'
    when told.kind is distinct from known.kind or told.stand_in_id is distinct from known.stand_in_id then 'changed'
    when told.span = known.span then 'unchanged'
    when told.span <@ known.span then 'ended'
    else 'changed' end
from known where known.what = told.what and known.id = told.old

-- name: aim
update known set target = case when told.cancel then 'empty' else told.span end, new_kind = told.kind,
    new_stand_in = told.stand_in_id, line = told.line
from told where told.what = known.what and told.old = known.id and told.state in ('changed', 'ended')

-- name: aim_leaving
update known set target = target * tstzrange(null, leaver.until)
from told_people leaver where leaver.person_id = known.person_id and leaver.state = 'ended'

-- name: aim_alone
update known set alone_at = leaver.until
from told_people leaver
where leaver.person_id = known.new_stand_in and leaver.state = 'ended' and coalesce(upper(target) > leaver.until, true)

-- name: serving
create temp table serving on commit drop as
select person_id, range_agg(span) as spans from (
    select term.person_id, term.valid * tstzrange(null, leaver.until) as span
    from person_terms term
    left join told_people leaver on leaver.person_id = term.person_id and leaver.state = 'ended'
    where upper_inf(term.recorded)
      and term.person_id in (select person_id from told union select stand_in_id from told)
    union all
    select person_id, tstzrange(since, until) from told_people where state in ('new', 'renewed')
) terms group by person_id

-- name: analyze_known
analyze known

-- name: analyze_all
analyze told; analyze known; analyze serving; analyze told_people

-- name: faults
select 'people' as what, line, 'organisation' as name, 'no_organisation' as fault, organisation as words
from told_people where organisation_id is null
union all
select 'people', line, 'organisation', 'foreign_organisation', organisation
from told_people join own on own.id = organisation_id where not own.covered
union all
select 'people', line, case state when 'ends_early' then 'until' when 'left_already' then 'until' else 'since' end,
       state, to_char(case state when 'left_already' then last.until else last.since end at time zone 'Asia/Shanghai',
                      'YYYY-MM-DD HH24:MI:SS')
from told_people
cross join lateral (select min(lower(valid)) filter (where upper(valid) is null or upper(valid) = ends) as since,
                           max(ends) as until
                    from (select valid, max(upper(valid)) over () as ends from person_terms
                          where person_id = told_people.person_id and upper_inf(recorded)) terms) last
where state in ('empty', 'since_differs', 'ends_early', 'left_already')
union all
select 'people', line, 'staff_number', 'doubled', first_line::text
from (select line, min(line) over (partition by organisation, staff_number) as first_line from told_people) doubled
where line <> first_line
union all
select what, line, 'organisation', 'no_organisation', organisation
from told where not exists (select from own where own.code = told.organisation)
union all
select what, line, 'organisation', 'foreign_organisation', organisation
from told join own on own.code = told.organisation where not own.covered
union all
select what, line, 'staff_number', 'no_person', staff_number
from told join own on own.code = told.organisation where own.covered and person_id is null
union all
select what, line, 'division', 'no_division', division from told where division is not null and division_id is null
union all
select what, line, 'division', 'foreign_division', division
from told join own_divisions on own_divisions.id = told.division_id where not own_divisions.covered
union all
select what, line, 'stand_in', 'no_person', stand_in_number
from told left join own on own.code = told.stand_in_organisation
where stand_in_number is not null and stand_in_id is null and coalesce(own.covered, true)
union all
-- Whoever stands in is seen by whoever sees the absence: nobody draws others into their scope. One who is there stays.
select what, line, 'stand_in', 'foreign_organisation', stand_in_organisation
from told join own on own.code = told.stand_in_organisation
where stand_in_number is not null and not own.covered and not cancel and told.state is distinct from 'unchanged'
union all
select what, line, 'stand_in', 'own_stand_in', '' from told where stand_in_id = person_id
union all
select what, line, 'since', 'not_serving', ''
from told left join serving using (person_id)
where person_id is not null and not cancel and not coalesce(spans @> span, false)
union all
select what, line, 'stand_in', 'stand_in_gone', ''
from told left join serving on serving.person_id = told.stand_in_id
join own on own.code = told.stand_in_organisation and own.covered
where stand_in_id is not null and not cancel and not coalesce(spans @> span, false)
union all
select told.what, told.line, 'stand_in', 'stand_in_away', ''
from told join own on own.code = told.stand_in_organisation and own.covered
where stand_in_id is not null and not cancel and (
    exists (select from known where known.what = 'absences' and known.person_id = told.stand_in_id
            and known.target && told.span)
    or exists (select from told other where other.what = 'absences' and other.person_id = told.stand_in_id
               and other.state = 'new' and other.span && told.span))
union all
select told.what, told.line, 'since', 'overlaps',
       to_char(lower(known.span) at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') || ' – '
       || coalesce(to_char(upper(known.span) at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI'), '')
from told join known
  on known.what = told.what and known.person_id = told.person_id
 and (told.what = 'absences' or known.post = told.post and known.division_id = told.division_id)
where not told.cancel and told.state in ('new', 'changed', 'ended') and known.id is distinct from told.old
  and known.line is null and known.target && told.span
union all
select later.what, later.line, 'since',
       case when earlier.span = later.span then 'doubled' else 'overlaps_row' end, earlier.line::text
from (select *, lag(line) over same as before from told where person_id is not null and not cancel
      window same as (partition by what, person_id, post, division_id order by span, line)) later
join told earlier on earlier.what = later.what and earlier.line = later.before
where earlier.span && later.span
union all
select what, line, 'since', 'doubled', first_line::text
from (select what, line, min(line) over (partition by what, old) as first_line from told where old is not null) doubled
where line <> first_line
order by 1, 2, 3, 4

-- name: counts
select 'people', state, count(*) from told_people group by state
union all
select what, state, count(*) from told group by what, state

-- name: changes
select what, line, state from (
    select 'people' as what, line, state from told_people union all select what, line, state from told
) told where state <> 'unchanged' order by what, line limit %(most)s

-- name: to_seal
select line, person_id, organisation_id from told_people where private_differs order by line

-- name: add_people
insert into people (id, organisation_id, staff_number)
select person_id, organisation_id, staff_number from told_people where state = 'new' and person_id = new_id

-- name: put_private
insert into people_private (person_id, organisation_id, name, phone, email, name_blind, phone_blind, digest)
select person_id, organisation_id, name, phone, email, name_blind, phone_blind, digest from told_private
on conflict (person_id) do update
    set name = excluded.name, phone = excluded.phone, email = excluded.email, name_blind = excluded.name_blind,
        phone_blind = excluded.phone_blind, digest = excluded.digest

-- name: add_terms
insert into person_terms (person_id, organisation_id, employment, skills, valid, recorded)
select person_id, organisation_id, coalesce(employment, 'full_time'), coalesce(skills, '{}'), tstzrange(since, until),
       tstzrange(%(recorded)s, null)
from told_people where state in ('new', 'renewed')

-- name: move_terms
-- Another employment from `at` on, the end at `until`, or both at once.
with moves as (
    select person_id, at, case when state = 'ended' then until end as ends, employment, skills from told_people
    where state = 'ended' or state = 'changed' and at is not null
), closed as (
    update person_terms term set recorded = tstzrange(lower(term.recorded), %(recorded)s)
    from moves where moves.person_id = term.person_id and upper_inf(term.recorded)
      and coalesce(upper(term.valid) > least(moves.at, moves.ends), true)
    returning term.person_id, term.organisation_id, term.employment, term.skills, term.valid,
              moves.at, moves.ends, moves.employment as new_employment, moves.skills as new_skills
), pieces as (
    select person_id, organisation_id, employment, skills, valid * tstzrange(null, least(at, ends)) as valid from closed
    union all
    select person_id, organisation_id, coalesce(new_employment, employment), coalesce(new_skills, skills),
           valid * tstzrange(at, ends)
    from closed where at is not null and coalesce(at < ends, true)
)
insert into person_terms (person_id, organisation_id, employment, skills, valid, recorded)
select person_id, organisation_id, employment, skills, valid, tstzrange(%(recorded)s, null)
from pieces where not isempty(valid)

-- name: close_posts
update post_holdings set recorded = tstzrange(lower(recorded), %(recorded)s)
from known where known.what = 'posts' and known.id = post_holdings.id and known.target <> known.span

-- name: close_shifts
update shifts set recorded = tstzrange(lower(recorded), %(recorded)s)
from known where known.what = 'shifts' and known.id = shifts.id and known.target <> known.span

-- name: close_absences
update absences set recorded = tstzrange(lower(absences.recorded), %(recorded)s)
from known where known.what = 'absences' and known.id = absences.id
  and (known.target <> known.span or known.kind <> known.new_kind or known.alone_at is not null
       or known.stand_in_id is distinct from known.new_stand_in)

-- name: write_posts
insert into post_holdings (person_id, post, division_id, valid, recorded)
select person_id, post, division_id, target, tstzrange(%(recorded)s, null) from known
where what = 'posts' and target <> span and not isempty(target)
union all
select person_id, post, division_id, span, tstzrange(%(recorded)s, null) from told
where what = 'posts' and state = 'new'

-- name: write_shifts
insert into shifts (person_id, post, division_id, during, recorded)
select person_id, post, division_id, target, tstzrange(%(recorded)s, null) from known
where what = 'shifts' and target <> span and not isempty(target)
union all
select person_id, post, division_id, span, tstzrange(%(recorded)s, null) from told
where what = 'shifts' and state = 'new'

-- name: write_absences
with pieces as (
    select person_id, new_kind as kind, new_stand_in as stand_in_id, target * tstzrange(null, alone_at) as span
    from known where what = 'absences' and (target <> span or kind <> new_kind or alone_at is not null
                                            or stand_in_id is distinct from new_stand_in)
    union all
    select person_id, new_kind, null, target * tstzrange(alone_at, null)
    from known where what = 'absences' and alone_at is not null
    union all
    select person_id, kind, stand_in_id, span from told where what = 'absences' and state = 'new'
)
insert into absences (person_id, organisation_id, during, kind, stand_in_id, recorded)
select pieces.person_id, person.organisation_id, span, kind, stand_in_id, tstzrange(%(recorded)s, null)
from pieces join people person on person.id = pieces.person_id where not isempty(span)

-- name: concerned_division
select min(cover.division_id) from organisation_divisions cover
where upper_inf(cover.recorded) and cover.organisation_id in (
    select organisation_id from told_people union
    select own.id from told join own on own.code = told.organisation)
having count(distinct cover.organisation_id) = 1

-- Who is on duty for each of many (division, post; null: every post) at an instant, as known at another.
-- What is believed now is recorded without an end, and so holds 'infinity'. Each step asks for few rows of many by
-- division and time: `offset 0` keeps the planner at that, whatever it knows of the tables.
-- name: on_duty
with recursive asked as (
    select question, division_id, post
    from unnest(%(divisions)s::integer[], %(posts)s::text[]) with ordinality as given (division_id, post, question)
), up (question, post, division_id, step) as (
    select question, post, division_id, 0 from asked
    union all
    select up.question, up.post, above.parent_id, up.step + 1
    from up cross join lateral (
        select version.parent_id from division_versions version
        where version.division_id = up.division_id and version.valid @> %(at)s::timestamptz
          and version.recorded @> coalesce(%(known_at)s::timestamptz, 'infinity')
        offset 0
    ) above
    where above.parent_id is not null and up.step < 10  -- a city has six levels: divisions in a circle end, too
), held as (
    select up.question, up.step, given.*
    from up cross join lateral (
        select 0 as rung, shift.post, shift.division_id, shift.person_id from shifts shift
        where shift.division_id = up.division_id and shift.during @> %(at)s::timestamptz
          and shift.recorded @> coalesce(%(known_at)s::timestamptz, 'infinity')
          and (up.post is null or shift.post = up.post)
        union all
        select 1, holding.post, holding.division_id, holding.person_id from post_holdings holding
        where holding.division_id = up.division_id and holding.valid @> %(at)s::timestamptz
          and holding.recorded @> coalesce(%(known_at)s::timestamptz, 'infinity')
          and (up.post is null or holding.post = up.post)
        offset 0
    ) given
), there as (
    select held.*, away.id is not null as is_away, away.stand_in_id
    from held left join lateral (
        select absence.id, absence.stand_in_id from absences absence
        where absence.person_id = held.person_id and absence.during @> %(at)s::timestamptz
          and absence.recorded @> coalesce(%(known_at)s::timestamptz, 'infinity')
        offset 0
    ) away on true
), answering as (
    -- Nobody answers for a stand-in who is away as well.
    select *, rank() over (partition by question, post order by rung, step) as place
    from there
    where not is_away or stand_in_id is not null and not exists (
        select from absences absence
        where absence.person_id = there.stand_in_id and absence.during @> %(at)s::timestamptz
          and absence.recorded @> coalesce(%(known_at)s::timestamptz, 'infinity')
        offset 0)
), once as (
    -- Who holds the post themselves and stands in for another one is there once, as themselves.
    select distinct on (question, post, coalesce(stand_in_id, person_id))
           question, post, division_id, rung, coalesce(stand_in_id, person_id) as answers,
           case when is_away then person_id end as instead_of
    from answering where place = 1
    order by question, post, coalesce(stand_in_id, person_id), is_away, person_id
)
select once.question::integer, once.post, answers as person_id, once.division_id,
       case when instead_of is not null then 'stand_in' when rung = 0 then 'shift' else 'holder' end as why,
       instead_of
from once
order by question, array_position(%(ranks)s::text[], post), post, person_id

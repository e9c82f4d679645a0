-- The library of plans.

-- name: versions_in_force
-- Bodies as text: a city's plans are read in a fraction of the time.
select version.id, version.plan_id, plan.code, plan.division_id, plan.is_template, version.template_id,
       version.template_code, version.body::text as body,
       greatest(lower(version.valid), version.published_at, version.recorded_at) as since
from plan_versions version join plans plan on plan.id = version.plan_id
where version.state <> 'draft' and version.valid @> coalesce(%(at)s::timestamptz, now())
  and (version.withdrawn_at is null or version.withdrawn_at > coalesce(%(at)s::timestamptz, now()))
order by version.plan_id

-- name: edition
-- What of the library is in force, as one number: the same as long as `plans_in_force` would find the same.
select md5(coalesce(string_agg(version.id::text, ',' order by version.id), ''))
from plan_versions version
where version.state <> 'draft' and version.valid @> coalesce(%(at)s::timestamptz, now())
  and (version.withdrawn_at is null or version.withdrawn_at > coalesce(%(at)s::timestamptz, now()))

-- name: next_change
select min(bound) from plan_versions version,
    lateral (values (lower(version.valid)), (upper(version.valid)), (version.withdrawn_at)) as bounds (bound)
where version.state <> 'draft' and bound > coalesce(%(at)s::timestamptz, now()) and isfinite(bound)

-- name: above_townships
-- Nearest first: a district lies in the city.
select below.descendant_id, below.ancestor_id
from division_closure below
join divisions township on township.id = below.descendant_id and township.level = 'township'
where below.ancestor_id <> below.descendant_id
order by below.descendant_id, (select count(*) from division_closure up where up.descendant_id = below.ancestor_id) desc

-- name: places_below
-- The grids and villages of a township.
select place.id, place.level
from division_closure below join divisions place on place.id = below.descendant_id
where below.ancestor_id = %(township)s and place.level in ('village', 'grid')
order by place.id

-- name: plan
select plan.id, plan.code, plan.division_id, plan.is_template, level.level
from plans plan left join divisions level on level.id = plan.division_id
where plan.id = %(id)s

-- name: level_of
select level from divisions where id = %(id)s

-- name: plan_named
select id from plans where code = %(code)s and division_id is not distinct from %(division_id)s

-- name: may_edit
-- By the scope of the connection: a city's plan is for whoever sees all.
select coalesce((select sees_all()), false)
    or (plan.division_id is not null and plan.division_id in (select in_scope()))
from plans plan where plan.id = %(id)s

-- name: add_plan
insert into plans (code, division_id, is_template) values (%(code)s, %(division_id)s, %(is_template)s)
on conflict do nothing returning id

-- name: lock_plan
select id, code, division_id, is_template from plans where id = %(id)s for update

-- name: versions
select version.id, version.number, version.state, version.body, version.template_id, version.template_code,
       lower(version.valid) as since, upper(version.valid) as until, version.revise_by, version.note, version.author,
       version.recorded_at, version.published_at, version.published_by, version.withdrawn_at, version.withdrawn_by,
       version.withdrawn_why
from plan_versions version where version.plan_id = %(id)s order by version.number desc

-- name: write_draft
insert into plan_versions (plan_id, number, template_id, template_code, body, state, revise_by, note, author)
select %(plan_id)s, coalesce(max(number), 0) + 1, %(template_id)s, %(template_code)s, %(body)s, 'draft',
       %(revise_by)s::date, %(note)s, %(author)s
from plan_versions where plan_id = %(plan_id)s
on conflict (plan_id) where state = 'draft' do update set
    template_id = excluded.template_id, template_code = excluded.template_code, body = excluded.body,
    revise_by = excluded.revise_by, note = excluded.note, author = excluded.author, recorded_at = now()
returning id, number

-- name: drop_draft
delete from plan_versions where plan_id = %(plan_id)s and state = 'draft' returning id

-- name: drop_empty_plan
delete from plans where id = %(plan_id)s
  and not exists (select from plan_versions where plan_versions.plan_id = %(plan_id)s)
  and not exists (select from plan_versions where template_id = %(plan_id)s)

-- name: end_before
-- Of another version that would be in force at the same time: it ends when the new one begins.
update plan_versions set valid = tstzrange(lower(valid), %(since)s)
where plan_id = %(plan_id)s and state = 'published' and lower(valid) < %(since)s
  and valid && tstzrange(%(since)s, %(until)s)

-- name: take_place
-- Of one that was to begin later: it never does.
update plan_versions set state = 'withdrawn', withdrawn_at = %(at)s, withdrawn_by = %(actor)s
where plan_id = %(plan_id)s and state = 'published' and valid && tstzrange(%(since)s, %(until)s)

-- name: publish
update plan_versions set
    state = 'published', valid = tstzrange(%(since)s, %(until)s), revise_by = %(revise_by)s::date,
    published_at = %(at)s, published_by = %(actor)s
where id = %(id)s and state = 'draft'
returning number

-- name: withdraw
update plan_versions set
    state = 'withdrawn', withdrawn_at = %(at)s, withdrawn_by = %(actor)s, withdrawn_why = %(why)s
where plan_id = %(plan_id)s and state = 'published' and (upper_inf(valid) or upper(valid) > %(at)s)
returning number

-- name: heirs
-- Versions in force that inherit from a plan, directly.
select version.id, version.plan_id, plan.code, plan.division_id, version.body
from plan_versions version join plans plan on plan.id = version.plan_id
where version.state = 'published' and version.valid @> %(at)s
  and (version.template_id = %(plan_id)s
       or (%(is_citys)s and version.template_code = (select code from plans where id = %(plan_id)s)))

-- name: template
-- The version of a plan that is in force, with what it inherits from.
select plan.id as plan_id, plan.code, version.template_id, version.template_code, version.body
from plan_versions version join plans plan on plan.id = version.plan_id
where version.state = 'published' and version.valid @> %(at)s and plan.id = %(id)s

-- name: citys_plan
select id from plans where code = %(code)s and division_id is null

-- name: templates
-- What may be inherited from: published plans of the city and of divisions around.
select plan.id, plan.code, plan.division_id, plan.is_template, version.body ->> 'name' as name
from plan_versions version join plans plan on plan.id = version.plan_id
where version.state = 'published' and version.valid @> %(at)s
  and (plan.division_id is null or plan.is_template
       or exists (select from divisions where divisions.id = plan.division_id and divisions.level <> 'township'))
order by plan.division_id nulls first, plan.code

-- name: listed
-- The plans that are seen, each with its draft and the version that is in force or was last.
with seen as (
    select plan.id, plan.code, plan.division_id, plan.is_template,
           draft.id as draft_id, draft.body as draft_body, draft.template_id as draft_template,
           draft.template_code as draft_code, draft.recorded_at as draft_at,
           told.id as version_id, told.number, told.state, told.body, told.template_id, told.template_code,
           lower(told.valid) as since, upper(told.valid) as until, told.revise_by, told.withdrawn_at,
           case
               when told.state = 'withdrawn' then 'withdrawn'
               when told.id is null then 'draft'
               when lower(told.valid) > %(at)s then 'to_come'
               when upper(told.valid) <= %(at)s then 'over'
               else 'in_force'
           end as stands
    from plans plan
    left join plan_versions draft on draft.plan_id = plan.id and draft.state = 'draft'
    left join lateral (
        select * from plan_versions version
        where version.plan_id = plan.id and version.state <> 'draft'
        order by version.state = 'published' and version.valid @> %(at)s::timestamptz desc,
                 version.state = 'published' and lower(version.valid) > %(at)s desc, version.number desc
        limit 1) told on true
), named as (
    select seen.*, coalesce(
        seen.draft_body ->> 'name', seen.body ->> 'name',
        (select above.body ->> 'name' from plan_versions above
         where above.plan_id = coalesce(seen.draft_template, seen.template_id) and above.state = 'published'
           and above.valid @> %(at)s::timestamptz limit 1)) as name
    from seen
)
select named.*, division.code as division_code, division.name as division_name
from named
left join lateral (
    select code, name from division_versions
    where division_versions.division_id = named.division_id and upper_inf(recorded)
    order by valid @> %(at)s::timestamptz desc, lower(valid) desc nulls last limit 1) division on true
where (%(within)s::integer is null or named.division_id in (
           select descendant_id from division_closure where ancestor_id = %(within)s
           union all select ancestor_id from division_closure where descendant_id = %(within)s and %(around)s)
       or (%(around)s and named.division_id is null))
  and (%(whose)s = '' or (%(whose)s = 'city' and named.division_id is null)
       or exists (select from divisions where divisions.id = named.division_id and divisions.level = %(whose)s))
  and (%(q)s = '' or position(lower(%(q)s) in lower(concat_ws(' ', named.code, named.name, division.name))) > 0)
  and (%(state)s = '' or (%(state)s = 'draft' and named.draft_id is not null) or named.stands = %(state)s)
  and (not %(due)s or (named.stands = 'in_force' and named.revise_by <= %(due_by)s::date))
  and (%(after)s::integer is null or named.id > %(after)s)
order by named.id
limit %(most)s

-- name: is_around
select exists (select from division_closure where ancestor_id = %(division)s and descendant_id = any(%(divisions)s))
    or exists (select from division_closure where descendant_id = %(division)s and ancestor_id = any(%(divisions)s))

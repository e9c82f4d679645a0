-- name: divisions_by_code
select version.code, division.id
from divisions division
join division_versions version on version.division_id = division.id
    and version.valid @> %(at)s and upper_inf(version.recorded)
where version.code = any(%(codes)s) and division.level = any(%(levels)s)
  and (%(everywhere)s or division.id in (
        select descendant_id from division_closure where ancestor_id = any(%(divisions)s::integer[])))

-- name: known_references
select details.reference_blind, resident.id, lower(resident.valid),
       %(everywhere)s or resident.division_id in (
            select descendant_id from division_closure where ancestor_id = any(%(divisions)s::integer[]))
from resident_details details join residents resident on resident.id = details.resident_id
where details.reference_blind = any(%(blinds)s)

-- name: lock_records
select pg_advisory_xact_lock(hashtext('shijing_records'))

-- name: kept_record
select division_id, valid from residents
where id = %(id)s and erased_at is null
  and (%(everywhere)s or division_id in (
        select descendant_id from division_closure where ancestor_id = any(%(divisions)s::integer[])))
for update

-- name: change_resident
update residents
set division_id = %(division)s, kind = %(kind)s, needs = %(needs)s, valid = tstzrange(%(since)s, %(until)s)
where id = %(id)s

-- name: change_details
-- Of the fields that are named; the others stay.
update resident_details
set name = case when 'name' = any(%(fields)s::text[]) then %(name)s::bytea else name end,
    address = case when 'address' = any(%(fields)s::text[]) then %(address)s::bytea else address end,
    phone = case when 'phone' = any(%(fields)s::text[]) then %(phone)s::bytea else phone end,
    note = case when 'note' = any(%(fields)s::text[]) then %(note)s::bytea else note end,
    reference = case when 'reference' = any(%(fields)s::text[]) then %(reference)s::bytea else reference end,
    reference_blind = case when 'reference' = any(%(fields)s::text[]) then %(blind)s::bytea else reference_blind end
where resident_id = %(id)s

-- name: put_residents
insert into residents (id, division_id, kind, needs, valid)
select id, division_id, kind, string_to_array(needs, ','), tstzrange(since, until)
from unnest(%(ids)s::uuid[], %(divisions)s::integer[], %(kinds)s::text[], %(needs)s::text[],
            %(since)s::timestamptz[], %(until)s::timestamptz[])
    as given (id, division_id, kind, needs, since, until)
on conflict (id) do update
    set division_id = excluded.division_id, kind = excluded.kind, needs = excluded.needs, valid = excluded.valid

-- name: put_details
insert into resident_details (resident_id, name, address, phone, note, reference, reference_blind)
select * from unnest(%(ids)s::uuid[], %(name)s::bytea[], %(address)s::bytea[], %(phone)s::bytea[],
                     %(note)s::bytea[], %(reference)s::bytea[], %(blinds)s::bytea[])
on conflict (resident_id) do update
    set name = excluded.name, address = excluded.address, phone = excluded.phone, note = excluded.note,
        reference = excluded.reference, reference_blind = excluded.reference_blind

-- name: resident
select id, division_id, kind, needs, valid from residents where id = %(id)s

-- name: record
select resident.id, resident.division_id, resident.kind, resident.needs, resident.valid, resident.erased_at,
       details.name, details.address, details.phone, details.note
from residents resident left join resident_details details on details.resident_id = resident.id
where resident.id = %(id)s

-- name: add_opening
insert into record_openings (id, resident_id, actor, at, reason, audit_seq)
values (%(id)s, %(resident)s, %(actor)s, %(at)s, %(reason)s, %(audit_seq)s)

-- name: openings
select opening.id, opening.resident_id, opening.actor, opening.at, opening.reason, opening.audit_seq,
       resident.division_id, entry.details ->> 'reason_proof' as proof
from record_openings opening
join residents resident on resident.id = opening.resident_id
left join audit entry on entry.seq = opening.audit_seq and entry.details ->> 'opening' = opening.id::text
where (%(resident)s::uuid is null or opening.resident_id = %(resident)s)
  and (%(actor)s::uuid is null or opening.actor = %(actor)s)
  and (%(divisions)s::integer[] is null or resident.division_id = any(%(divisions)s))
  and (%(within)s::integer is null or resident.division_id in (
        select descendant_id from division_closure where ancestor_id = %(within)s))
  and (%(since)s::timestamptz is null or opening.at >= %(since)s)
  and (%(until)s::timestamptz is null or opening.at < %(until)s)
  and (%(before)s::bigint is null or opening.audit_seq < %(before)s)
order by opening.audit_seq desc limit %(most)s

-- name: looks
-- Without the words of the reasons: those are opened one page at a time, and that is an act.
select opening.id, opening.resident_id, opening.actor, opening.at, opening.audit_seq, resident.division_id
from record_openings opening
join residents resident on resident.id = opening.resident_id
where (%(actor)s::uuid is null or opening.actor = %(actor)s)
  and (%(within)s::integer is null or resident.division_id in (
        select descendant_id from division_closure where ancestor_id = %(within)s))
  and (%(since)s::timestamptz is null or opening.at >= %(since)s)
  and (%(until)s::timestamptz is null or opening.at < %(until)s)
  and (%(before)s::bigint is null or opening.audit_seq < %(before)s)
order by opening.audit_seq desc limit %(most)s

-- name: residents_in
-- In force, and (`to_come`) from a time to come on.
with recursive down (id) as (
    select %(division)s::integer
    union
    select version.division_id from down
    join division_versions version
      on version.parent_id = down.id and version.valid @> %(at)s and upper_inf(version.recorded)
)
select resident.id, resident.division_id, resident.kind, resident.needs, resident.valid
from residents resident
where resident.division_id in (select id from down) and resident.erased_at is null
  and (resident.valid @> %(at)s or %(to_come)s and lower(resident.valid) > %(at)s)
order by resident.division_id, resident.kind, resident.id limit %(most)s

-- name: counts_by_kind
with recursive down (id) as (
    select %(division)s::integer
    union
    select version.division_id from down
    join division_versions version
      on version.parent_id = down.id and version.valid @> %(at)s and upper_inf(version.recorded)
)
select kind, count(*) from residents
where division_id in (select id from down) and valid @> %(at)s group by kind

-- name: counts_by_need
with recursive down (id) as (
    select %(division)s::integer
    union
    select version.division_id from down
    join division_versions version
      on version.parent_id = down.id and version.valid @> %(at)s and upper_inf(version.recorded)
)
select need, count(*) from residents, unnest(needs) as need
where division_id in (select id from down) and valid @> %(at)s group by need

-- Of every division of a level that has any; each resident counts in the one that theirs is, or lies in.
-- name: counts_of_level
with recursive up (start, id) as (
    select distinct division_id, division_id from residents where valid @> %(at)s
    union
    select up.start, version.parent_id from up
    join division_versions version
      on version.division_id = up.id and version.valid @> %(at)s and upper_inf(version.recorded)
    where version.parent_id is not null
)
select up.id, resident.kind, count(*)
from up
join divisions division on division.id = up.id and division.level = %(level)s
join residents resident on resident.division_id = up.start and resident.valid @> %(at)s
group by up.id, resident.kind

-- name: end_term
update residents set valid = tstzrange(lower(valid), %(at)s)
where id = %(id)s and lower(valid) < %(at)s and (upper_inf(valid) or upper(valid) > %(at)s)
returning division_id

-- Where to look from: the divisions of a scope, or what lies right below one of them; all that a page counts by.
-- name: places_below
select division.id, version.code, version.name, division.level
from divisions division
join division_versions version on version.division_id = division.id
     and version.valid @> %(at)s and upper_inf(version.recorded)
where case when %(division)s::integer is not null then version.parent_id = %(division)s
           when %(everywhere)s then version.parent_id is null
           else division.id = any(%(roots)s::integer[]) end
order by version.code

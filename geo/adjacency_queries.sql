-- name: bordering_boundaries
select b.id, b.division_id, d.level, b.geometry
from boundary_versions b join divisions d on d.id = b.division_id
where upper_inf(b.recorded) and d.level <> 'city'
order by b.id

-- name: bordering_boundaries_of
select b.id, b.division_id, d.level, b.geometry
from boundary_versions b join divisions d on d.id = b.division_id
where upper_inf(b.recorded) and d.level <> 'city' and b.valid && tstzrange(%(effective)s, null)
  and b.division_id = any(array(
      select unnest(%(divisions)s::integer[])
      union
      select other_id from division_touches where division_id = any(%(divisions)s) and upper_inf(recorded)))
order by b.id

-- name: create_borders
create temp table borders (first_id bigint not null, second_id bigint not null, shared_m double precision not null)
on commit drop

-- name: copy_borders
copy borders (first_id, second_id, shared_m) from stdin

-- name: create_wanted_touches
-- Both orders; a pair holds for as long as both boundaries do. Times with one length that follow on each other are one.
create temp table wanted_touches on commit drop as
select d.level, a.division_id, b.division_id as other_id, pair.shared_m, unnest(range_agg(a.valid * b.valid)) as valid
from (select first_id, second_id, shared_m from borders
      union all select second_id, first_id, shared_m from borders) pair
join boundary_versions a on a.id = pair.first_id
join boundary_versions b on b.id = pair.second_id and b.valid && a.valid
join divisions d on d.id = a.division_id
group by d.level, a.division_id, b.division_id, pair.shared_m

-- name: close_touches
update division_touches t set recorded = tstzrange(lower(t.recorded), %(recorded)s)
where upper_inf(t.recorded)
  and not exists (select from wanted_touches w where (w.division_id, w.other_id, w.shared_m, w.valid)
                                                   = (t.division_id, t.other_id, t.shared_m, t.valid))

-- name: only_touches_of
delete from wanted_touches where not (division_id = any(%(divisions)s) or other_id = any(%(divisions)s))

-- name: create_touches_before
-- What is believed of these pairs so far, cut off at the date of effect, and joined with what begins there: times of one
-- pair with one length that follow on each other are one row.
create temp table touches_before on commit drop as
with ours as (
    select t.level, t.division_id, t.other_id, t.shared_m, t.valid from division_touches t
    where upper_inf(t.recorded) and t.division_id = any(%(divisions)s)
    union
    select t.level, t.other_id, t.division_id, t.shared_m, t.valid from division_touches t
    where upper_inf(t.recorded) and t.division_id = any(%(divisions)s)
), whole as (
    select level, division_id, other_id, shared_m,
           unnest(tstzmultirange(valid) - tstzmultirange(tstzrange(%(effective)s, null))) as valid
    from ours
    union all
    select level, division_id, other_id, shared_m, valid * tstzrange(%(effective)s, null) from wanted_touches
)
select level, division_id, other_id, shared_m, unnest(range_agg(valid)) as valid
from whole group by level, division_id, other_id, shared_m

-- name: add_touches_before
with gone as (delete from wanted_touches), done as (select count(*) from touches_before)
insert into wanted_touches select touches_before.* from touches_before, done

-- name: drop_touches_before
drop table touches_before

-- name: close_touches_of
update division_touches t set recorded = tstzrange(lower(t.recorded), %(recorded)s)
where upper_inf(t.recorded)
  and (division_id, other_id) in (
      select division_id, other_id from division_touches
      where division_id = any(%(divisions)s) and upper_inf(recorded)
      union
      select other_id, division_id from division_touches
      where division_id = any(%(divisions)s) and upper_inf(recorded))
  and not exists (select from wanted_touches w where (w.division_id, w.other_id, w.shared_m, w.valid)
                                                   = (t.division_id, t.other_id, t.shared_m, t.valid))

-- name: open_touches
insert into division_touches (level, division_id, other_id, shared_m, valid, recorded)
select w.level, w.division_id, w.other_id, w.shared_m, w.valid, tstzrange(%(recorded)s, null)
from wanted_touches w
where not exists (select from division_touches t
                  where upper_inf(t.recorded) and (w.division_id, w.other_id, w.shared_m, w.valid)
                                                = (t.division_id, t.other_id, t.shared_m, t.valid))

-- name: drop_touches
drop table borders, wanted_touches

-- name: touches_missing
select exists (select from boundary_versions) and not exists (select from division_touches)

-- name: touching
select division_id, other_id, shared_m from division_touches
where division_id = any(%(divisions)s) and valid @> %(at)s::timestamptz
  and case when %(recorded)s::timestamptz is null then upper_inf(recorded)
           else recorded @> %(recorded)s::timestamptz end
order by division_id, other_id

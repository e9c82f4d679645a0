-- name: bordering_boundaries
select b.id, b.division_id, d.level, b.geometry
from boundary_versions b join divisions d on d.id = b.division_id
where upper_inf(b.recorded) and d.level <> 'city'
order by b.id

-- name: create_borders
create temp table borders (first_id bigint not null, second_id bigint not null, shared_m double precision not null)
on commit drop

-- name: copy_borders
copy borders (first_id, second_id, shared_m) from stdin

-- name: create_wanted_touches
-- Both orders; a pair holds for as long as both boundaries do.
create temp table wanted_touches on commit drop as
select distinct d.level, a.division_id, b.division_id as other_id, pair.shared_m, a.valid * b.valid as valid
from (select first_id, second_id, shared_m from borders
      union all select second_id, first_id, shared_m from borders) pair
join boundary_versions a on a.id = pair.first_id
join boundary_versions b on b.id = pair.second_id and b.valid && a.valid
join divisions d on d.id = a.division_id

-- name: close_touches
update division_touches t set recorded = tstzrange(lower(t.recorded), %(recorded)s)
where upper_inf(t.recorded)
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

-- Drafts of boundaries. `at` is an instant in the world, `recorded` one of the database's knowledge (null: now).

-- name: lock_draft
-- Whoever changes a draft has it alone until the commit.
select from boundary_drafts where id = %(draft)s for update

-- name: drafts
select d.id, d.root_id, d.level, d.title, d.note, d.state, d.revision, d.cursor, d.base_at, d.base_recorded,
       d.republishes, d.opened_by, d.opened_at, d.submitted_by, d.submitted_at, d.reviewed_by, d.reviewed_at,
       d.review_note, d.effective, d.reason, d.published_by, d.published_at, d.recorded, d.filed_by, d.filed_at,
       d.filed_as, coalesce((select max(seq) from boundary_draft_steps s where s.draft_id = d.id), 0) as steps
from boundary_drafts d
where (%(draft)s::uuid is null or d.id = %(draft)s) and (%(root)s::integer is null or d.root_id = %(root)s)
  and (%(state)s::text is null or d.state = %(state)s)
order by d.opened_at desc, d.id
limit %(most)s

-- name: open_draft
insert into boundary_drafts (root_id, level, title, note, base_at, base_recorded, republishes, opened_by, opened_at)
values (%(root)s, %(level)s, %(title)s, %(note)s, %(base_at)s, %(base_recorded)s, %(republishes)s, %(actor)s, %(now)s)
returning id

-- name: move_draft
update boundary_drafts set revision = %(revision)s, cursor = %(cursor)s where id = %(draft)s

-- name: rebase_draft
update boundary_drafts
set base_at = %(base_at)s, base_recorded = %(base_recorded)s, revision = %(revision)s, cursor = %(cursor)s
where id = %(draft)s

-- name: open_again
-- What was said of it was said of another state.
update boundary_drafts
set state = 'draft', submitted_by = null, submitted_at = null, reviewed_by = null, reviewed_at = null, review_note = ''
where id = %(draft)s

-- name: discard_draft
update boundary_drafts set state = 'withdrawn' where id = %(draft)s

-- name: base_root
-- Level by level and not by recursion, and polygons by themselves: nothing that a wrong estimate makes quadratic.
select v.division_id, v.parent_id, v.code, v.name, v.kind, v.households, d.level
from division_versions v join divisions d on d.id = v.division_id
where v.division_id = %(root)s and v.valid @> %(at)s::timestamptz
  and v.recorded @> coalesce(%(recorded)s, 'infinity'::timestamptz)

-- name: base_children
select v.division_id, v.parent_id, v.code, v.name, v.kind, v.households, d.level
from division_versions v join divisions d on d.id = v.division_id
where v.parent_id = any(%(parents)s) and v.valid @> %(at)s::timestamptz
  and v.recorded @> coalesce(%(recorded)s, 'infinity'::timestamptz)
order by v.code, v.division_id

-- name: base_polygons
select b.division_id, b.geometry, b.derived from boundary_versions b
where b.division_id = any(%(ids)s) and b.valid @> %(at)s::timestamptz
  and b.recorded @> coalesce(%(recorded)s, 'infinity'::timestamptz)

-- name: base_marks
-- Of each polygon a word that differs where it does.
select b.division_id, md5(b.geometry), b.derived from boundary_versions b
where b.division_id = any(%(ids)s) and b.valid @> %(at)s::timestamptz
  and b.recorded @> coalesce(%(recorded)s, 'infinity'::timestamptz)
order by b.division_id

-- name: draft_units
-- In one statement with the revision: both are of the same instant.
select d.revision, d.base_recorded, u.unit, u.about, u.geometry
from boundary_drafts d left join boundary_draft_units u on u.draft_id = d.id
where d.id = %(draft)s

-- name: taken_steps
select step_id, seq from boundary_draft_steps where draft_id = %(draft)s and step_id = any(%(ids)s)

-- name: step_of
select step from boundary_draft_steps where draft_id = %(draft)s and step_id = %(id)s

-- name: drop_undone
delete from boundary_draft_steps where draft_id = %(draft)s and seq > %(cursor)s

-- name: add_step
insert into boundary_draft_steps (draft_id, seq, step_id, kind, step, made_by, made_at)
values (%(draft)s, %(seq)s, %(id)s, %(kind)s, %(step)s::jsonb, %(actor)s, %(now)s)

-- name: add_changes
insert into boundary_draft_changes (draft_id, seq, unit, before, before_wkb, after, after_wkb)
select %(draft)s, %(seq)s, unit, before::jsonb, before_wkb, after::jsonb, after_wkb
from unnest(%(units)s::text[], %(before)s::text[], %(before_wkb)s::bytea[], %(after)s::text[], %(after_wkb)s::bytea[])
     as changed (unit, before, before_wkb, after, after_wkb)

-- name: set_units
insert into boundary_draft_units (draft_id, unit, about, geometry)
select draft_id, unit, after, after_wkb from boundary_draft_changes where draft_id = %(draft)s and seq = %(seq)s
on conflict (draft_id, unit) do update set about = excluded.about, geometry = excluded.geometry

-- name: set_units_back
-- What no earlier step changed is again as the base has it.
with back as (
    select c.unit, c.before, c.before_wkb, exists (
               select from boundary_draft_changes e
               where e.draft_id = c.draft_id and e.unit = c.unit and e.seq < c.seq) as was_changed
    from boundary_draft_changes c where c.draft_id = %(draft)s and c.seq = %(seq)s
), untouched as (
    delete from boundary_draft_units u using back
    where u.draft_id = %(draft)s and u.unit = back.unit and not back.was_changed
)
insert into boundary_draft_units (draft_id, unit, about, geometry)
select %(draft)s, unit, before, before_wkb from back where was_changed
on conflict (draft_id, unit) do update set about = excluded.about, geometry = excluded.geometry

-- name: changes_of_step
select unit, before, before_wkb, after, after_wkb from boundary_draft_changes
where draft_id = %(draft)s and seq = %(seq)s

-- name: units_of_steps
select distinct unit from boundary_draft_changes where draft_id = %(draft)s and seq = any(%(seqs)s)

-- name: history
select s.seq, s.step_id as id, s.kind, s.step, s.made_by, s.made_at, s.seq <= d.cursor as in_force,
       coalesce((select array_agg(c.unit order by c.unit) from boundary_draft_changes c
                 where c.draft_id = s.draft_id and c.seq = s.seq), '{}') as units
from boundary_draft_steps s join boundary_drafts d on d.id = s.draft_id
where s.draft_id = %(draft)s order by s.seq desc limit %(most)s

-- name: steps_in_force
select s.seq, s.step_id as id, s.step, s.made_by, s.made_at,
       (select coalesce(array_agg(c.unit order by c.unit), '{}') from boundary_draft_changes c
        where c.draft_id = s.draft_id and c.seq = s.seq and c.before is null) as made
from boundary_draft_steps s join boundary_drafts d on d.id = s.draft_id and s.seq <= d.cursor
where s.draft_id = %(draft)s order by s.seq

-- name: forget_steps
delete from boundary_draft_steps where draft_id = %(draft)s

-- name: forget_units
delete from boundary_draft_units where draft_id = %(draft)s

-- name: one_taker_of_locks
select pg_advisory_xact_lock(hashtext('boundary_locks'))

-- name: renew_lock
update boundary_locks set until = %(until)s
where draft_id = %(draft)s and held_by = %(actor)s and until > %(now)s
returning root_id, draft_id, held_by, taken_at, until

-- name: drop_overlapping_locks
-- Those that are over, and one's own on another draft: who goes there has left here.
delete from boundary_locks l
where (l.until <= %(now)s or l.held_by = %(actor)s)
  and (l.root_id = %(root)s or exists (
      select from division_closure c
      where c.ancestor_id = l.root_id and c.descendant_id = %(root)s
         or c.ancestor_id = %(root)s and c.descendant_id = l.root_id))

-- name: overlapping_locks
-- Of each draft the lock that stands: its own, else that of one that it overlaps with.
select distinct on (d.id) d.id as of_draft, l.root_id, l.draft_id, l.held_by, l.taken_at, l.until
from boundary_drafts d
join boundary_locks l on l.until > %(now)s
     and (l.root_id = d.root_id or exists (
         select from division_closure c
         where c.ancestor_id = l.root_id and c.descendant_id = d.root_id
            or c.ancestor_id = d.root_id and c.descendant_id = l.root_id))
where d.id = any(%(drafts)s)
order by d.id, l.draft_id = d.id desc, l.taken_at

-- name: take_lock
insert into boundary_locks (root_id, draft_id, held_by, taken_at, until)
values (%(root)s, %(draft)s, %(actor)s, %(now)s, %(until)s)
returning root_id, draft_id, held_by, taken_at, until

-- name: release_lock
delete from boundary_locks where draft_id = %(draft)s and (%(actor)s::uuid is null or held_by = %(actor)s)

-- name: roots
-- Divisions as they are called now, or were called last.
select distinct on (v.division_id) v.division_id, v.name, v.code, d.level
from division_versions v join divisions d on d.id = v.division_id
where v.division_id = any(%(roots)s) and upper_inf(v.recorded)
order by v.division_id, v.valid @> %(now)s::timestamptz desc, lower(v.valid) desc nulls last

-- name: sensors_under
select p.lon, p.lat
from sensor_places p
where upper_inf(p.recorded) and p.valid @> now() and p.lon is not null
  and (%(everywhere)s or exists (
      select from sensor_divisions t
      where t.sensor_id = p.sensor_id and t.division_id = %(root)s and upper_inf(t.recorded) and t.valid @> now()))
order by p.id

-- name: changes_in_a_year
-- Each instant at which a version of a division was recorded, but for the first.
select changed.division_id, count(*)
from (
    select division_id, lower(recorded) as at from boundary_versions where division_id = any(%(ids)s)
    union
    select division_id, lower(recorded) from division_versions where division_id = any(%(ids)s)
) changed
where changed.at > now() - interval '1 year'
  and changed.at > (select min(lower(first.recorded)) from boundary_versions first
                    where first.division_id = changed.division_id)
group by changed.division_id

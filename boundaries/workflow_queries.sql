-- The way of a draft: submitted, reviewed by somebody else, published, filed; or withdrawn.

-- name: is_right_over_parent
-- Whether a scope (ids of divisions) holds what the root lies in, by today's map: a township's drafts are reviewed by
-- its district. A root without a parent is the city: only who may everywhere.
select exists (
    select from division_versions root
    join division_closure held on held.descendant_id = root.parent_id
    where root.division_id = %(root)s and upper_inf(root.recorded) and root.valid @> now()
      and held.ancestor_id = any(%(scope)s::integer[]))

-- name: has_drawn
select exists (select from boundary_draft_steps where draft_id = %(draft)s and made_by = %(actor)s)

-- name: submit
update boundary_drafts
set state = 'submitted', submitted_by = %(actor)s, submitted_at = %(now)s, note = %(note)s, reviewed_by = null,
    reviewed_at = null
where id = %(draft)s

-- name: withdraw
update boundary_drafts
set state = 'withdrawn', withdrawn_by = %(actor)s, withdrawn_at = %(now)s, reason = %(reason)s
where id = %(draft)s

-- name: review
update boundary_drafts
set state = %(state)s, reviewed_by = %(actor)s, reviewed_at = %(now)s, review_note = %(note)s
where id = %(draft)s

-- name: file
update boundary_drafts set state = 'filed', filed_by = %(actor)s, filed_at = %(now)s, filed_as = %(filed_as)s
where id = %(draft)s

-- name: release_lock
delete from boundary_locks where draft_id = %(draft)s

-- name: publish
update boundary_drafts
set state = 'published', published_by = %(actor)s, published_at = %(recorded)s, recorded = %(recorded)s,
    effective = %(effective)s, reason = %(reason)s
where id = %(draft)s

-- name: draw_on
update boundary_drafts set base_at = %(at)s where id = %(draft)s

-- name: append
insert into audit (actor, act, subject, division_id, details)
values (%(actor)s, %(act)s, %(subject)s, %(division_id)s, %(details)s)
returning seq

-- name: entries_after
select seq, at, actor, act, subject, division_id, details::text as details, prev, hash
from audit where seq > %(seq)s order by seq

-- name: entry
select seq, at, actor, act, subject, division_id, details::text as details, prev, hash
from audit where seq = %(seq)s

-- name: count
select count(*) from audit

-- name: list
-- Without `most`, all.
select seq, at, actor, act, subject, division_id, details
from audit
where (%(act)s::text is null or act = %(act)s or starts_with(act, %(act)s || '.'))
  and (%(actor)s::uuid is null or actor = %(actor)s)
  and (%(subject)s::text is null or subject = %(subject)s)
  and (%(division_id)s::integer is null or division_id = %(division_id)s)
  and (%(within)s::integer is null or division_id in (
        select descendant_id from division_closure where ancestor_id = %(within)s))
  and (%(since)s::timestamptz is null or at >= %(since)s)
  and (%(until)s::timestamptz is null or at < %(until)s)
  and (%(before)s::bigint is null or seq < %(before)s)
order by seq desc limit %(most)s

-- name: lock_seals
select pg_advisory_xact_lock(hashtext('shijing_audit_seals'))

-- name: seals
select seq, hash, at, key_id, mac from audit_seals order by seq, id

-- name: last_seal
select seq, hash, at, key_id, mac from audit_seals order by seq desc, id desc limit 1

-- name: add_seal
insert into audit_seals (seq, hash, at, key_id, mac)
values (%(seq)s, %(hash)s, %(at)s, %(key_id)s, %(mac)s)

-- name: last_number
select coalesce(max(seq), 0) from audit

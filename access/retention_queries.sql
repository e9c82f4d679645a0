-- name: erase_access_log
with gone as (delete from access_log where at < %(before)s returning 1) select count(*) from gone

-- name: left_access_log
select count(*) from access_log where at < %(before)s

-- name: erase_sessions
with gone as (delete from sessions where expires_at < %(before)s returning 1) select count(*) from gone

-- name: left_sessions
select count(*) from sessions where expires_at < %(before)s

-- name: erase_sign_in_links
with gone as (delete from sign_in_links where expires_at < %(before)s returning 1) select count(*) from gone

-- name: left_sign_in_links
select count(*) from sign_in_links where expires_at < %(before)s

-- Also what was said when they were opened: it may name the person.
-- name: erase_residents
with over as (
    select id from residents where upper(valid) < %(before)s and erased_at is null for update
), gone as (
    delete from resident_details where resident_id in (select id from over)
), silent as (
    update record_openings set reason = null where reason is not null and resident_id in (select id from over)
), marked as (
    update residents set erased_at = %(now)s where id in (select id from over) returning 1
)
select count(*) from marked

-- name: left_residents
select count(*) from residents
where upper(valid) < %(before)s
  and (exists (select from resident_details where resident_id = residents.id)
       or exists (select from record_openings where resident_id = residents.id and reason is not null))

-- name: erase_opening_reasons
with gone as (
    update record_openings set reason = null where at < %(before)s and reason is not null returning 1
)
select count(*) from gone

-- name: left_opening_reasons
select count(*) from record_openings where at < %(before)s and reason is not null

-- name: lock
select pg_advisory_xact_lock(hashtext('shijing_retention'))

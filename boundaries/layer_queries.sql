-- name: put_upload
insert into layer_uploads (account_id, name, content, sent_at)
values (%(account)s, %(name)s, %(content)s, %(now)s)
returning id

-- name: drop_old_uploads
delete from layer_uploads where sent_at < %(before)s

-- name: drop_more_uploads
-- Beyond so many of one account the oldest go.
delete from layer_uploads where account_id = %(account)s and id not in (
    select id from layer_uploads where account_id = %(account)s order by sent_at desc, id limit %(most)s)

-- name: upload
select id, name, content, sent_at, draft_id from layer_uploads
where id = %(id)s and account_id = %(account)s and sent_at >= %(before)s

-- name: uploads
select id, name, length(content) as size, sent_at, draft_id from layer_uploads
where account_id = %(account)s and sent_at >= %(before)s order by sent_at desc, id

-- name: drop_upload
delete from layer_uploads where id = %(id)s and account_id = %(account)s

-- name: drafted_upload
update layer_uploads set draft_id = %(draft)s where id = %(id)s

-- name: erase_layer_uploads
with gone as (delete from layer_uploads where sent_at < %(before)s returning 1) select count(*) from gone

-- name: left_layer_uploads
select count(*) from layer_uploads where sent_at < %(before)s

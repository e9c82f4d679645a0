-- The second factor, and what waits for it.

-- name: begin_setup
insert into factor_setups (account_id, secret, expires_at) values (%(account)s, %(secret)s, %(expires)s)
on conflict (account_id) do update set secret = excluded.secret, expires_at = excluded.expires_at

-- name: setup
select secret from factor_setups where account_id = %(account)s and expires_at > %(now)s

-- name: end_setup
delete from factor_setups where account_id = %(account)s or expires_at <= %(now)s

-- name: set_second_factor
update accounts set totp_secret = %(secret)s, totp_step = %(step)s where id = %(id)s

-- name: use_code
-- A code is taken once: whoever comes second with it finds it used.
update accounts set totp_step = %(step)s
where id = %(id)s and (totp_step is null or totp_step < %(step)s)
returning id

-- name: forget_recovery_codes
delete from recovery_codes where account_id = %(account)s

-- name: add_recovery_code
insert into recovery_codes (account_id, code_hash, made_at) values (%(account)s, %(hash)s, %(now)s)

-- name: use_recovery_code
update recovery_codes set used_at = %(now)s
where account_id = %(account)s and code_hash = %(hash)s and used_at is null
returning account_id

-- name: recovery_left
select count(*) from recovery_codes where account_id = %(account)s and used_at is null

-- name: forget_old_tickets
delete from pending_sign_ins where expires_at <= %(now)s

-- name: add_ticket
insert into pending_sign_ins (ticket_hash, account_id, way, onward, expires_at)
values (%(hash)s, %(account)s, %(way)s, %(onward)s, %(expires)s)

-- name: ticket
-- Of an account that nobody has locked meanwhile.
select pending_sign_ins.account_id, pending_sign_ins.way, pending_sign_ins.onward
from pending_sign_ins join accounts on accounts.id = account_id
where ticket_hash = %(hash)s and expires_at > %(now)s and accounts.locked_at is null

-- name: use_ticket
delete from pending_sign_ins where ticket_hash = %(hash)s returning account_id

-- name: forget_old_logins
delete from oidc_logins where expires_at <= %(now)s

-- name: add_login
insert into oidc_logins (state_hash, browser_hash, nonce, verifier, redirect_uri, onward, language, expires_at)
values (%(state)s, %(browser)s, %(nonce)s, %(verifier)s, %(redirect_uri)s, %(onward)s, %(language)s, %(expires)s)

-- name: use_login
-- Once, and by the browser that was sent.
delete from oidc_logins where state_hash = %(state)s and browser_hash = %(browser)s and expires_at > %(now)s
returning nonce, verifier, redirect_uri, onward, language

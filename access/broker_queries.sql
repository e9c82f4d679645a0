-- Accounts of the MQTT broker.

-- name: add_account
insert into broker_accounts (name, role, hash, note) values (%(name)s, %(role)s, %(hash)s, %(note)s)
on conflict (name) do nothing
returning id

-- name: rotate_account
update broker_accounts set hash = %(hash)s, rotated_at = now() where name = %(name)s returning id

-- name: lock_account
update broker_accounts set locked_at = coalesce(locked_at, now()), lock_reason = %(reason)s
where name = %(name)s returning id

-- name: unlock_account
update broker_accounts set locked_at = null, lock_reason = '' where name = %(name)s returning id

-- name: accounts
-- With the devices that a gateway speaks for besides itself, as the registry has them.
select a.id, a.name, a.role, a.hash, a.note, a.created_at, a.rotated_at, a.locked_at, a.lock_reason,
       coalesce(array_agg(d.name order by d.name) filter (where d.name is not null), '{}') as devices
from broker_accounts a
left join devices d on a.role = 'gateway' and d.gateway = a.name and d.name <> a.name
group by a.name
order by a.name

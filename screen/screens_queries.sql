-- Named screens, and what a desk sends them.

-- name: say_here
-- A screen says what it shows.
insert into screens (name, account_id, divisions, address, seen_at)
values (%(name)s, %(account)s, %(divisions)s, %(address)s, %(now)s)
on conflict (account_id, name) do update
    set divisions = excluded.divisions, address = excluded.address, seen_at = excluded.seen_at
returning id, ordered, driven_at;

-- name: screens_since
select id, name, divisions, address, seen_at from screens where seen_at > %(since)s order by name, id;

-- name: drive
-- Told to whom listens; true where another desk drove it before, or nobody for a while.
with before as (
    select id, driven_by is distinct from %(by)s or driven_at is null or driven_at < %(since)s as begins
    from screens where id = %(screen)s for update
), driven as (
    update screens set driven_by = %(by)s, driven_at = %(now)s, ordered = %(address)s from before where screens.id = before.id
)
select begins from before;

-- name: tell_screen
select log_live_event('screen', jsonb_build_object('screen', %(screen)s::bigint, 'address', %(address)s::text));

-- name: forget_screens
delete from screens where seen_at < %(before)s;

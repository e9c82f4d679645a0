-- Screens that have a name of their own, so that a desk can drive them: what each shows, and when it said so.

create table screens (
    id          bigint generated always as identity primary key,
    name        text not null check (length(name) between 1 and 40),
    account_id  uuid not null references accounts,  -- who is signed in there
    divisions   integer[],                          -- what it may be shown; null: everything
    address     text not null,                      -- the query of its page's address, without the question mark
    seen_at     timestamptz not null,               -- by the server's clock, as the next
    driven_by   uuid references actors,             -- by whose desk last
    driven_at   timestamptz,
    ordered     text,                               -- the address that it was sent last, for one that was away
    unique (account_id, name)
);

alter table live_events
    drop constraint live_events_kind_check,
    add check (kind in
        ('alert', 'run', 'incident', 'warning', 'rules', 'ledger', 'divisions', 'clock', 'task', 'event', 'screen'));

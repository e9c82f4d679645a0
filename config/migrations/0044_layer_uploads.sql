-- Layers that somebody sent and has not made a draft of yet: kept for a day, for whoever sent them, and shown to no
-- other. Only the server's own role reads this table, never that of the pages' readers.

create table layer_uploads (
    id         uuid primary key default gen_random_uuid(),
    account_id uuid not null references accounts on delete cascade,
    name       text not null check (name <> '' and length(name) <= 200),
    content    bytea not null,
    sent_at    timestamptz not null,
    draft_id   uuid references boundary_drafts on delete set null  -- what was made of it last
);
create index on layer_uploads (account_id, sent_at);
create index on layer_uploads (sent_at);

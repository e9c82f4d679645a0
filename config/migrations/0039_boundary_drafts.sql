-- Drafts of boundaries. A draft edits the divisions of one level under one root as a coverage; it changes nothing of
-- what is in force until it is published, in one transaction (boundaries/publish.py).

create table boundary_drafts (
    id            uuid primary key default gen_random_uuid(),
    root_id       integer not null references divisions,   -- all divisions of `level` under it are the draft's
    level         text not null check (level in ('district', 'township', 'village', 'grid', 'microgrid')),
    title         text not null check (title ~ '\S' and length(title) <= 120),
    note          text not null default '' check (length(note) <= 2000),
    state         text not null default 'draft' check (state in
                      ('draft', 'submitted', 'returned', 'approved', 'published', 'filed', 'withdrawn')),
    revision      integer not null default 0,               -- counts every change, undo and redo among them
    cursor        integer not null default 0,               -- steps in force: those with seq <= cursor
    base_at       timestamptz not null,                     -- the instant in the world that the base was read for
    base_recorded timestamptz not null,                     -- and what the database knew then
    republishes   uuid references boundary_drafts,          -- a roll-back: whose former state this one brings back
    opened_by     uuid not null references actors,
    opened_at     timestamptz not null default now(),
    submitted_by  uuid references actors,
    submitted_at  timestamptz,
    reviewed_by   uuid references actors,
    reviewed_at   timestamptz,
    review_note   text not null default '' check (length(review_note) <= 2000),
    effective     timestamptz,                              -- since when it holds in the world
    reason        text not null default '' check (length(reason) <= 2000),
    published_by  uuid references actors,
    published_at  timestamptz,
    recorded      timestamptz,                              -- the `recorded` instant of the versions that it wrote
    filed_by      uuid references actors,
    filed_at      timestamptz,
    filed_as      text not null default '' check (length(filed_as) <= 200),
    check (state not in ('submitted', 'approved', 'published', 'filed') or submitted_by is not null),
    check (state not in ('approved', 'published', 'filed') or reviewed_by is not null),
    -- Another person reviews, not the one who drew or submitted it.
    check (reviewed_by is null or reviewed_by <> submitted_by),
    check ((state in ('published', 'filed')) = (published_at is not null)),
    check ((published_at is null) = (recorded is null)),
    check (published_at is null or effective is not null),
    check ((state = 'filed') = (filed_at is not null))
);
create index on boundary_drafts (root_id, state);

-- What was done, in order, each with the whole of what it changed before and after: undo returns the very bytes.
-- A step taken after an undo deletes what was undone.
create table boundary_draft_steps (
    draft_id  uuid not null references boundary_drafts on delete cascade,
    seq       integer not null check (seq > 0),
    step_id   uuid not null,                                -- made by the page: a step sent again is taken once
    kind      text not null,
    step      jsonb not null,                               -- as it was asked for
    made_by   uuid not null references actors,
    made_at   timestamptz not null default now(),
    primary key (draft_id, seq),
    unique (draft_id, step_id)
);

-- One unit as it was before and as it is after a step; null: it was not, or is no longer.
create table boundary_draft_changes (
    draft_id   uuid not null,
    seq        integer not null,
    unit       text not null,
    before     jsonb,                                       -- code, name, parent, division, households …
    before_wkb bytea,
    after      jsonb,
    after_wkb  bytea,
    primary key (draft_id, seq, unit),
    foreign key (draft_id, seq) references boundary_draft_steps on delete cascade,
    check (num_nulls(before, before_wkb) <> 1 and num_nulls(after, after_wkb) <> 1),
    check (num_nulls(before, after) < 2)
);
create index on boundary_draft_changes (draft_id, unit, seq);

-- The draft's own state: units that differ from the base, or are gone. All others are as the base has them.
create table boundary_draft_units (
    draft_id   uuid not null references boundary_drafts on delete cascade,
    unit       text not null,                               -- 'd' and the division's id, or 'n' and a number for a new one
    about      jsonb,                                       -- null: gone
    geometry   bytea,                                       -- WKB, CGCS2000 lon/lat
    primary key (draft_id, unit),
    check ((about is null) = (geometry is null))
);

-- One editor at a time for a root and all above and below it; kept while they work.
create table boundary_locks (
    root_id    integer primary key references divisions,
    draft_id   uuid not null unique references boundary_drafts on delete cascade,
    held_by    uuid not null references actors,
    taken_at   timestamptz not null default now(),
    until      timestamptz not null
);

grant select on boundary_drafts, boundary_draft_steps, boundary_draft_changes, boundary_draft_units, boundary_locks
    to shijing_web;
alter table boundary_drafts enable row level security;
alter table boundary_draft_steps enable row level security;
alter table boundary_draft_changes enable row level security;
alter table boundary_draft_units enable row level security;
alter table boundary_locks enable row level security;
create policy scope on boundary_drafts for select to shijing_web
    using ((select sees_all()) or root_id = any(array(select in_scope())));
create policy scope on boundary_draft_steps for select to shijing_web
    using (exists (select from boundary_drafts where id = draft_id));
create policy scope on boundary_draft_changes for select to shijing_web
    using (exists (select from boundary_drafts where id = draft_id));
create policy scope on boundary_draft_units for select to shijing_web
    using (exists (select from boundary_drafts where id = draft_id));
-- That a root is locked is seen by whoever may draw around it.
create policy scope on boundary_locks for select to shijing_web
    using ((select sees_all()) or root_id = any(array(select around_scope())));

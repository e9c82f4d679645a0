-- Grid networks that were generated and that nobody has adopted yet: beside what is in force, never in it.

create table boundary_proposals (
    id          uuid primary key default gen_random_uuid(),
    township_id integer not null references divisions,
    seed        bigint not null check (seed >= 0),
    settings    jsonb not null,
    inputs      text not null,                 -- a hash of all that it was made from: the same is not made again
    grids       integer not null check (grids > 0),
    quality     jsonb not null,                -- the figures of geo/generate_quality.py
    lines_shown text not null default '',      -- what has to stand beside the map, where lines were used
    made_at     timestamptz not null default now(),
    draft_id    uuid references boundary_drafts,  -- who adopted it goes on there; null: it is proposed, no more
    adopted_at  timestamptz,
    check ((draft_id is null) = (adopted_at is null))
);
-- One at a time that waits for a planner: another one takes its place.
create unique index boundary_proposals_waiting on boundary_proposals (township_id) where draft_id is null;
create index on boundary_proposals (township_id);

create table boundary_proposed_grids (
    proposal_id uuid not null references boundary_proposals on delete cascade,
    number      integer not null check (number > 0),  -- from the north-west to the south-east
    code        text not null check (code ~ '^[0-9]{15}$'),
    name        text not null check (name <> ''),
    households  integer not null check (households >= 0),
    area_m2     double precision not null check (area_m2 > 0),
    geometry    bytea not null,                -- WKB Polygon, CGCS2000, lon/lat
    primary key (proposal_id, number)
);

grant select on boundary_proposals, boundary_proposed_grids to shijing_web;
alter table boundary_proposals enable row level security;
alter table boundary_proposed_grids enable row level security;
create policy scope on boundary_proposals for select to shijing_web
    using ((select sees_all()) or township_id = any(array(select in_scope())));
create policy scope on boundary_proposed_grids for select to shijing_web
    using (exists (select from boundary_proposals where id = proposal_id));

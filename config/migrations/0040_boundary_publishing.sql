-- Review, publishing and what follows from it (boundaries/workflow.py, publish.py, takeover.py; docs/boundaries.md).

-- Where sensors belong has a version. A pipeline judges with placements that it holds in memory, so each of its
-- transactions first looks whether they are still those of this row, FOR SHARE: then whoever changes them waits for it,
-- and it for whoever is changing them. Every batch lies wholly before a change or wholly after it.
create table placement (
    one     boolean primary key default true check (one),
    version bigint not null default 0
);
insert into placement default values;
create function placement_moves() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtext('placement'));
    update placement set version = version + 1;
    return null;
end $$;
create trigger placement_moves after insert or update or delete on sensor_divisions
    for each statement execute function placement_moves();

-- A version that holds from "now" on begins later than its transaction did: the closure is of the moment when it is
-- written, and not of the one when the transaction began (0021).
create or replace function refresh_division_closure() returns void language sql as $$
    with recursive below (ancestor_id, descendant_id) as (
        select id, id from divisions
        union
        select below.ancestor_id, version.division_id
        from below join division_versions version
          on version.parent_id = below.descendant_id and upper_inf(version.recorded)
             and version.valid @> statement_timestamp()
    ), gone as (
        delete from division_closure
        where not exists (select from below where below.ancestor_id = division_closure.ancestor_id
                          and below.descendant_id = division_closure.descendant_id)
    )
    insert into division_closure select * from below on conflict do nothing
$$;

-- A published draft takes over at its date of effect: what is not told by ranges of time (alerts, runs, scopes) is
-- brought along then, once. Null: not yet.
alter table boundary_drafts
    add taken_over_at timestamptz,
    add looked_after_at timestamptz,  -- and once more a moment later: what had read the former map, and wrote after it
    add withdrawn_by  uuid references actors,
    add withdrawn_at  timestamptz,
    add check (taken_over_at is null or taken_over_at >= effective),
    add check (published_by <> submitted_by),
    add check (withdrawn_at is null or state = 'withdrawn');
create index boundary_drafts_due on boundary_drafts (effective)
    where published_at is not null and taken_over_at is null;

-- Nobody reviews or publishes what they opened, drew or submitted themselves, whatever the program says.
create function another_reviews() returns trigger language plpgsql as $$
declare
    decider uuid;
begin
    foreach decider in array array_remove(array[new.reviewed_by, new.published_by], null) loop
        if decider in (new.opened_by, new.submitted_by)
           or exists (select from boundary_draft_steps where draft_id = new.id and made_by = decider) then
            raise exception 'whoever drew or submitted a draft does not review or publish it'
                using errcode = 'restrict_violation', hint = 'let another person of the level above do it';
        end if;
    end loop;
    return new;
end $$;
create trigger another_reviews before insert or update of reviewed_by, published_by on boundary_drafts
    for each row when (new.reviewed_by is not null or new.published_by is not null)
    execute function another_reviews();

-- What was reviewed is what is published: from its submission on nothing of a draft's content changes.
create function only_drafts_change() returns trigger language plpgsql as $$
begin
    if exists (select from boundary_drafts
               where id = coalesce(new.draft_id, old.draft_id) and state not in ('draft', 'returned')) then
        raise exception 'the draft was submitted: what is reviewed no longer changes'
            using errcode = 'restrict_violation', hint = 'withdraw it, or let it be returned';
    end if;
    return coalesce(new, old);
end $$;
create trigger only_drafts_change before insert or update or delete on boundary_draft_units
    for each row execute function only_drafts_change();
create trigger only_drafts_change before insert or update or delete on boundary_draft_steps
    for each row execute function only_drafts_change();

-- What became of what: which draft a lineage row is of, how much of the land of `from_id` went to `to_id`, and how much
-- that is of the land of `to_id`.
alter table division_lineage
    add draft_id    uuid references boundary_drafts,
    add share       double precision check (share > 0 and share <= 1),
    add share_of_to double precision check (share_of_to > 0 and share_of_to <= 1);
create index on division_lineage (draft_id) where draft_id is not null;

-- An open alert follows its subject: alerts.township_id and grid_id say where that is now, or was at the alert's end;
-- the places that it had before are here, the first of them that of opened_at.
create table alert_places (
    id            bigint generated always as identity primary key,
    alert_id      bigint not null references alerts,
    from_township integer references divisions,
    from_grid     integer references divisions,
    to_township   integer references divisions,
    to_grid       integer references divisions,
    at            timestamptz not null,        -- since when, by the clock that alerts go by
    draft_id      uuid references boundary_drafts,   -- null: found out of place, and put right
    recorded_at   timestamptz not null default now(),
    check ((from_township, from_grid) is distinct from (to_township, to_grid))
);
create index on alert_places (alert_id, id);
create trigger append_only before update or delete on alert_places
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on alert_places
    for each statement execute function refuse_rewriting();

-- A run follows its township, too. Where the one that it comes to has a run of the same plan open, both go on.
alter table plan_runs add moved_from integer references divisions;
drop index one_open_run;
create unique index one_open_run on plan_runs (plan_id, township_id, exercise, moved_from) nulls not distinct
    where state in ('proposed', 'open');

-- Whatever else went from one division to another with a draft: opaque numbers of rows, and from where to where.
create table boundary_follows (
    id          bigint generated always as identity primary key,
    draft_id    uuid not null references boundary_drafts,
    kind        text not null check (kind in ('run', 'run_grid', 'assignment', 'event', 'resident', 'suppression',
                    'holding', 'shift', 'organisation', 'role', 'token')),
    subject     text not null,
    from_id     integer not null references divisions,
    to_id       integer references divisions,  -- null: it stays, somebody has to decide
    recorded_at timestamptz not null default now()
);
create index on boundary_follows (draft_id, kind);
create trigger append_only before update or delete on boundary_follows
    for each row execute function refuse_rewriting();

grant select on alert_places, boundary_follows to shijing_web;
alter table alert_places enable row level security;
create policy scope on alert_places for select to shijing_web
    using ((select sees_all()) or exists (select from alerts where alerts.id = alert_id));
alter table boundary_follows enable row level security;
create policy scope on boundary_follows for select to shijing_web
    using (exists (select from boundary_drafts where id = draft_id));

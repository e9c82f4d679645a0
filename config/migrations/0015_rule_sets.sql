-- The rules in force as versions that are never rewritten: the newest row is in force, who put it there and why.
-- Without a row the files that are shipped with the program are.

create table rule_sets (
    id              bigint generated always as identity primary key,
    -- File name → its whole text, comments included: what an author reads again is what was written.
    files           jsonb not null check (jsonb_typeof(files) = 'object' and files <> '{}'),
    origin          text not null check (origin in ('shipped', 'author')),
    put_in_force_at timestamptz not null default now(),
    actor           uuid,                      -- null: the program itself kept the shipped files before the first change
    note            text not null default '',
    check (origin = 'shipped' or (actor is not null and note <> ''))
);

create trigger append_only before update or delete on rule_sets
    for each row execute function refuse_rewriting();
create trigger append_only_at_all before truncate on rule_sets
    for each statement execute function refuse_rewriting();
create trigger rule_sets_changed after insert on rule_sets
    for each statement execute function notify_statement('shijing_rules');

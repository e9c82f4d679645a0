-- What the library knows of its plans beyond 0034: templates that start nothing by themselves, plans that inherit from
-- one that came with the program, and who published or withdrew what.

alter table plans
    add is_template boolean not null default false;  -- a form for others: it starts nothing by itself

alter table plan_versions
    -- Instead of template_id: the city's plan of that code, of the library or of the files that came with the program.
    add template_code text check (template_code ~ '^\S{1,60}$'),
    add check (template_id is null or template_code is null),
    add published_at  timestamptz,
    add published_by  uuid,                          -- null: by command
    add withdrawn_at  timestamptz,                   -- from then on it is not in force, whatever `valid` says
    add withdrawn_by  uuid,
    add withdrawn_why text not null default '',
    add check ((state = 'withdrawn') = (withdrawn_at is not null));
create unique index one_draft on plan_versions (plan_id) where state = 'draft';
create index on plan_versions (revise_by) where state = 'published';

-- Nothing that was published is changed: it ends, or is withdrawn.
create function keep_published_plans() returns trigger language plpgsql as $$
begin
    if old.state = 'draft' then
        return case tg_op when 'DELETE' then old else new end;
    end if;
    if tg_op = 'DELETE'
        or (old.plan_id, old.number, old.template_id, old.template_code, old.body, old.revise_by, old.published_at)
            is distinct from
           (new.plan_id, new.number, new.template_id, new.template_code, new.body, new.revise_by, new.published_at)
        or new.state = 'draft' or (old.state = 'withdrawn' and new.state <> 'withdrawn')
        or lower(new.valid) <> lower(old.valid) or not new.valid <@ old.valid then
        raise exception 'version % of plan % was published: withdraw it, or publish another one', old.number, old.plan_id
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger keep_published before update or delete on plan_versions
    for each row execute function keep_published_plans();

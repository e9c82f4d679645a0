-- A run is over, its term has passed: who was called and answered, and what people wrote and took, is forgotten; that
-- it was done, when, and in which place stays. (dispatch/forget.py)

alter table plan_runs add forgotten_at timestamptz;
create index runs_to_forget on plan_runs (ended_at) where state in ('declined', 'terminated', 'reviewed');

-- A call whose person is forgotten stays a call: several of one assignment may then name nobody.
alter table calls
    add forgotten boolean not null default false,
    add answered  boolean,                     -- whether they answered; noted when they are forgotten
    drop constraint calls_assignment_id_person_id_key;
create unique index one_call_of_person on calls (assignment_id, person_id) nulls not distinct where not forgotten;

-- The one change that these rows know: that what is personal in them goes, once their run is marked as forgotten.
create function only_forgets() returns trigger language plpgsql as $$
declare
    emptied boolean := false;
    run     bigint;
begin
    if tg_op = 'UPDATE' and tg_table_name = 'answers' then
        run := (select run_id from assignments where id = new.assignment_id);
        emptied := to_jsonb(new) - array['person_id', 'actor', 'result']
                   = to_jsonb(old) - array['person_id', 'actor', 'result']
                   and (new.person_id is null or new.person_id = old.person_id)
                   and new.actor in (old.actor, '00000000-0000-0000-0000-000000000000')
                   and (new.result is null or new.result = old.result);
    elsif tg_op = 'UPDATE' then
        run := new.run_id;
        emptied := to_jsonb(new) - array['reason', 'detail'] = to_jsonb(old) - array['reason', 'detail']
                   and new.reason in (old.reason, '');
    end if;
    if emptied and exists (select from plan_runs where id = run and forgotten_at is not null) then
        return new;
    end if;
    raise exception '% is append-only: what happened is not rewritten, write what happened next', tg_table_name
        using errcode = 'restrict_violation';
end $$;
drop trigger append_only on run_acts;
create trigger append_only before update or delete on run_acts for each row execute function only_forgets();
drop trigger append_only on answers;
create trigger append_only before update or delete on answers for each row execute function only_forgets();

-- What of an act's detail says nothing of a person: numbers, yes and no, and short words of ours; no id, no free text.
create function without_people(detail jsonb) returns jsonb language plpgsql immutable parallel safe as $$
begin
    return case jsonb_typeof(detail)
        when 'object' then coalesce(
            (select jsonb_object_agg(key, without_people(value)) from jsonb_each(detail)), '{}'::jsonb)
        when 'array' then coalesce(
            (select jsonb_agg(without_people(value) order by place)
             from jsonb_array_elements(detail) with ordinality as item (value, place)), '[]'::jsonb)
        when 'string' then case
            when detail #>> '{}' ~ '^[a-z0-9_.:+-]{0,40}$'
                 and detail #>> '{}' !~ '^[0-9a-f]{8}-[0-9a-f]{4}-' and detail #>> '{}' !~ '[0-9]{7}'
            then detail else 'null'::jsonb end
        else detail end;
end $$;

-- Whether anything personal of a run is there.
create function has_personal(run bigint) returns boolean language sql stable as $$
    select exists (select from plan_runs where id = run and reason <> '')
        or exists (select from assignments join tasks on tasks.id = assignments.task_id
                   where assignments.run_id = run
                     and (assignments.person_id is not null
                          or assignments.result is not null and assignments.result <> all(tasks.results)))
        or exists (select from calls join assignments on assignments.id = calls.assignment_id
                   where assignments.run_id = run and (calls.person_id is not null or not calls.forgotten))
        or exists (select from deliveries join calls on calls.id = deliveries.call_id
                   join assignments on assignments.id = calls.assignment_id
                   where assignments.run_id = run and deliveries.detail <> '')
        or exists (select from answers join assignments on assignments.id = answers.assignment_id
                   join tasks on tasks.id = assignments.task_id
                   where assignments.run_id = run
                     and (answers.person_id is not null or answers.actor <> '00000000-0000-0000-0000-000000000000'
                          or answers.result is not null and answers.result <> all(tasks.results)))
        or exists (select from run_acts
                   where run_id = run and (reason <> '' or detail <> without_people(detail)))
        or exists (select from tasks
                   where run_id = run and added_by is not null and (what <> '—' or evidence is not null))
        or exists (select from attachments
                   left join answers on answers.key = attachments.answer_key
                   left join assignments on assignments.id = answers.assignment_id
                   where coalesce(attachments.run_id, assignments.run_id) = run)
$$;

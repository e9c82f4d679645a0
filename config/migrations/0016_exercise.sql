-- Whether this database is an exercise: wholly, or not at all. No row: not decided yet, which the first
-- process that works on it does (config/exercise.py).

create table instance (
    exercise  boolean not null,
    marked_at timestamptz not null default now(),
    only_one  boolean primary key default true check (only_one)
);

-- The mark of real operation is taken back only while nothing was ever received; that of an exercise never.
create function guard_mark() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and (tg_op <> 'UPDATE' or old.exercise or not new.exercise) then
        raise exception 'the mark of an instance is not taken away: use another database'
            using errcode = 'restrict_violation';
    end if;
    if exists (select from alerts where exercise <> new.exercise)
       or exists (select from plan_runs where exercise <> new.exercise)
       or exists (select from incidents where exercise <> new.exercise)
       or (new.exercise and exists (select from readings)) then
        raise exception 'this database holds what is % an exercise: use another database',
            case when new.exercise then 'not' else 'of' end using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger guarded before insert or update or delete on instance
    for each row execute function guard_mark();
create trigger guarded_at_all before truncate on instance
    for each statement execute function refuse_rewriting();

create function is_exercise() returns boolean language sql stable as $$
    select coalesce((select exercise from instance), false)
$$;

-- No row of an exercise can lack the mark, whoever writes it and whatever was forgotten; none of a real
-- instance can have it.
create function carry_mark() returns trigger language plpgsql as $$
declare
    drill boolean := (select exercise from instance);
begin
    if drill then
        new.exercise := true;
    elsif new.exercise and not drill then
        raise exception 'this database is no exercise: % takes nothing of one', tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger carries_mark before insert or update of exercise on alerts
    for each row execute function carry_mark();
create trigger carries_mark before insert or update of exercise on plan_runs
    for each row execute function carry_mark();
create trigger carries_mark before insert or update of exercise on incidents
    for each row execute function carry_mark();

create function mark_live_event() returns trigger language plpgsql as $$
begin
    if is_exercise() then
        new.payload := new.payload || '{"exercise": true}';
    end if;
    return new;
end $$;
create trigger carries_mark before insert on live_events
    for each row execute function mark_live_event();

-- What has been received so far, by a program that knew no exercises, is real.
insert into instance (exercise)
select false where exists (select from alerts where not exercise) or exists (select from readings);

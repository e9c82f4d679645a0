-- Rubbish must not fill the disk: beyond a cap no sample is kept, only how often it came (ingest/quarantine.py).

-- `counted`: one row stands for all that no sample of is kept; it cannot be put through again.
alter table quarantine
    drop constraint quarantine_state_check,
    add constraint quarantine_state_check check (state in ('held', 'requested', 'released', 'counted'));
create index quarantine_of_topic on quarantine (md5(topic), reason) where state <> 'counted';

-- How many rows of each partition there are, and of how many bytes: counting them anew would cost every batch.
create table quarantine_kept (
    partition   text primary key,
    entries     bigint not null,
    bytes       bigint not null
) with (fillfactor = 50);
insert into quarantine_kept
select partition, count(*), sum(length(payload) + octet_length(topic) + octet_length(detail)) from quarantine group by 1;

create function count_quarantine() returns trigger language plpgsql as $$
begin
    insert into quarantine_kept as k (partition, entries, bytes)
    select partition, sign * count(*), sign * sum(length(payload) + octet_length(topic) + octet_length(detail))
    from changed, (values (case tg_op when 'DELETE' then -1 else 1 end)) as way (sign)
    group by partition, sign order by partition
    on conflict (partition) do update set entries = k.entries + excluded.entries, bytes = k.bytes + excluded.bytes;
    return null;
end $$;
create trigger count_more after insert on quarantine
    referencing new table as changed for each statement execute function count_quarantine();
create trigger count_fewer after delete on quarantine
    referencing old table as changed for each statement execute function count_quarantine();

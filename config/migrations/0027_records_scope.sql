-- What the pages may read, in the scope of whoever asks (0021). Details are no page's: access/records.py opens
-- one at a time, as the owner, and writes that down first.
grant select on residents, record_openings, audit, access_log to shijing_web;
alter table residents enable row level security;
create policy scope on residents for select to shijing_web
    using ((select sees_all()) or division_id in (select in_scope()));
alter table record_openings enable row level security;
create policy scope on record_openings for select to shijing_web
    using ((select sees_all()) or exists (select from residents where residents.id = resident_id));
alter table audit enable row level security;
create policy scope on audit for select to shijing_web
    using ((select sees_all()) or division_id in (select in_scope()));
alter table access_log enable row level security;  -- it tells of no place
create policy scope on access_log for select to shijing_web using ((select sees_all()));

-- The scope of people (0023), cheaper where one row is looked at: whoever is of an organisation in the scope is told
-- by that first; all who hold, serve or stand in there from elsewhere are gathered only for those that are not.
-- What is seen is the same: people_in_scope() has all that these ask first.
drop policy scope on people;
create policy scope on people for select to shijing_web
    using ((select sees_all()) or organisation_id in (select organisations_in_scope())
           or id in (select people_in_scope()));
drop policy scope on person_terms;
create policy scope on person_terms for select to shijing_web
    using ((select sees_all()) or organisation_id in (select organisations_in_scope())
           or person_id in (select people_in_scope()));
drop policy scope on absences;
create policy scope on absences for select to shijing_web
    using ((select sees_all()) or organisation_id in (select organisations_in_scope())
           or person_id in (select people_in_scope()));

-- By the divisions of the scope and their index, not by all that is held in the city.
alter function people_in_scope() set enable_seqscan = off;
alter function staff_in_scope() set enable_seqscan = off;

-- What the figures of a time are looked up by (screen/figures_queries.sql): tasks by when somebody was called, however
-- many runs there ever were; and the silence alerts that stood, among all others.
create index on assignments (called_at);
create index silence_alerts on alerts (opened_at) where kind = 'silence';

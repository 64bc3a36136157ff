-- Who may read what: contract/marts.md, "Roles". Safe to run again.
-- Rights on the tables travel with the schemas when a build is published; use of marts_next is granted to nobody.
-- Of the marts chiso_unit reads the rows of its units (dbt/macros/own_units.sql), and so do its members.
grant usage on schema marts to chiso_analyst, chiso_bi, chiso_unit;
grant usage on schema set_aside to chiso_analyst;
grant select on all tables in schema set_aside to chiso_analyst;
alter default privileges in schema marts grant select on tables to chiso_analyst, chiso_bi;
alter default privileges in schema marts_next grant select on tables to chiso_analyst, chiso_bi;
-- What personal.row holds is read with the key of personal.py only; the role has no login and no members.
grant usage on schema personal to chiso_personal;
grant select on personal.row to chiso_personal;

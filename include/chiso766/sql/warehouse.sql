-- Schemas, bookkeeping tables and conversions of the warehouse; safe to run again.

create schema if not exists convert;    -- text of an export -> value
create schema if not exists load;       -- one unlogged table per file being loaded
create schema if not exists ops;        -- what ran, what came, what was built
create schema if not exists raw;        -- every accepted row version, by source
create schema if not exists set_aside;  -- rows that broke a rule
create schema if not exists marts;      -- what people read
create schema if not exists marts_next; -- the next build, unpublished
create schema if not exists history;    -- what was published each night
create schema if not exists personal;   -- what is kept encrypted only, if anything
create schema if not exists intermediate;      -- the tables behind the marts, swapped with them
create schema if not exists intermediate_next;

-- What a load of an earlier version left when it was cut off: a stage was a table then, and is a view now.
do $$
declare
    stage regclass;
begin
    for stage in
        select oid from pg_class
        where relnamespace = 'load'::regnamespace and relkind = 'r' and relname like 'stage\_%'
    loop
        execute format('drop table %s', stage);
    end loop;
end
$$;

-- Local time of one of the forms of contract/exports.md ("Formats"); null: not a time.
create or replace function convert.to_time(value text) returns timestamp
language plpgsql immutable strict parallel safe as $$
declare
    canonical text := case
        when value ~ '^[0-9]{14}$' then
            substr(value, 1, 4) || '-' || substr(value, 5, 2) || '-' || substr(value, 7, 2) || ' '
            || substr(value, 9, 2) || ':' || substr(value, 11, 2) || ':' || substr(value, 13, 2)
        when value ~ '^[0-9]{8}$' then
            substr(value, 1, 4) || '-' || substr(value, 5, 2) || '-' || substr(value, 7, 2)
        when value ~ '^[0-9]{2}/[0-9]{2}/[0-9]{4}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$' then
            substr(value, 7, 4) || '-' || substr(value, 4, 2) || '-' || substr(value, 1, 2) || substr(value, 11)
        when value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?)?$' then
            value
        when value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
            value
    end;
begin
    -- PostgreSQL reads 24:00:00 and :60 as the next day and minute; an export that says so is wrong.
    if canonical is null
        or substr(canonical, 12, 2) = '24'
        or substr(canonical, 18, 2) = '60'
        or not pg_input_is_valid(canonical, 'timestamptz')
    then
        return null;
    end if;
    if canonical ~ '(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' and length(canonical) > 10 then
        return canonical::timestamptz at time zone 'Asia/Ho_Chi_Minh';
    end if;
    return canonical::timestamp;
end
$$;

-- As to_time, but a day without a time is its last second (a result promised for a day is due until it ends).
create or replace function convert.to_due_time(value text) returns timestamp
language sql immutable strict parallel safe
return case
    when length(value) in (8, 10) then convert.to_time(value) + interval '23:59:59'
    else convert.to_time(value)
end;

-- The functions below are not strict, so that a query takes them in instead of calling them per value.
-- A plain number, decimal point or comma, not negative; null: not such a number.
create or replace function convert.to_number(value text) returns numeric
language sql immutable parallel safe
return case
    when value ~ '^([0-9]{1,100}([.,][0-9]{1,100})?|-0+([.,]0+)?)$' then replace(value, ',', '.')::numeric
end;

-- A listed whole number by value (9, 09 and 9.0 are equal); null: not such a number.
create or replace function convert.to_code(value text) returns integer
language sql immutable parallel safe
return case
    when value ~ '^[0-9]{1,9}$' then value::integer
    when value ~ '^[0-9]{1,9}[.,]0+$' then substring(value from '^[0-9]+')::integer
end;

-- A time as a part of a key, to the second unless more is given.
create or replace function convert.to_key(value timestamp) returns text
language sql immutable parallel safe
return replace(to_char(value, 'YYYY-MM-DD HH24:MI:SS.US'), '.000000', '');

-- A text as one of several parts of a key: no two keys come out as the same text.
create or replace function convert.to_key(value text) returns text
language sql immutable parallel safe
return replace(replace(value, '\', '\\'), '|', '\|');

-- The unit's code, with which the code of a dossier begins: all but its last two parts; null: no such code.
create or replace function convert.to_unit_code(dossier_code text) returns text
language sql immutable parallel safe
return nullif(
    left(
        dossier_code, -2 - length(split_part(dossier_code, '-', -1)) - length(split_part(dossier_code, '-', -2))
    ),
    ''
);

-- A key that an index can hold.
create or replace function convert.to_row_key(value text) returns text
language sql immutable parallel safe
return case when octet_length(value) <= 1000 then value else md5(value) end;

-- Of all that a version of a row says; it only depends on the values, with the settings of this project's sessions.
create or replace function convert.to_content_hash(content record) returns uuid
language plpgsql immutable parallel safe as $$
begin
    return md5(content::text)::uuid;
end
$$;

-- The sources that are expected every night; optional ones are not missed.
create table if not exists ops.source (
    source text primary key,
    is_optional boolean not null,
    position integer not null
);

-- Export days that were run; the newest one decides the as-of moment of the marts. What comes for a day
-- after it, or a later one, was checked is late.
create table if not exists ops.night (
    export_day date primary key,
    is_checked boolean not null default false,
    first_run_at timestamptz not null default clock_timestamp()
);

-- Files received, by content; the bytes are in the landing area under their SHA-256.
create table if not exists ops.file (
    file_id bigint generated always as identity primary key,
    export_day date not null,
    source text not null,
    file_name text not null collate "C",
    sha256 text not null,
    bytes bigint not null,
    received_at timestamptz not null default clock_timestamp()
);
-- What was replaced and then comes again as it was is a file of its own again.
alter table ops.file drop constraint if exists file_export_day_source_file_name_sha256_key;
create index if not exists file_name on ops.file (export_day, source, file_name, file_id);

-- How a place (a connection; empty: the drop folder) showed a file when it was last taken. Version null: it could
-- change unnoticed. A row whose file is gone says nothing.
create table if not exists ops.sighting (
    export_day date not null,
    source text not null,
    origin text not null,
    file_name text not null collate "C",
    version text,
    file_id bigint not null,
    primary key (export_day, source, origin, file_name)
);

-- What could not be fetched for an export day, from which place (as in ops.sighting).
-- source null: of none in particular.
create table if not exists ops.fetch_failure (
    export_day date not null,
    source text,
    origin text,
    sentence text not null
);
-- Warehouses of before failures were told by place lack it.
alter table ops.fetch_failure add column if not exists origin text;
create index if not exists fetch_failure_day on ops.fetch_failure (export_day);

-- The loads of a file; a file is loaded again when an earlier one of its source came late.
create table if not exists ops.load (
    load_id bigint generated always as identity primary key,
    file_id bigint not null references ops.file,
    state text not null check (state in ('loaded', 'refused')),
    refusal text,
    rows_read bigint not null default 0,
    rows_accepted bigint not null default 0,
    rows_set_aside bigint not null default 0,
    rows_changed bigint not null default 0,
    is_late boolean not null,
    warnings text,
    loaded_at timestamptz not null default clock_timestamp(),
    check (rows_read = rows_accepted + rows_set_aside),
    check ((state = 'refused') = (refusal is not null))
);
create index if not exists load_file on ops.load (file_id, load_id);
-- Rows set aside that this load left open, and that were not open before: a later file of the source may heal them.
alter table ops.load add column if not exists rows_opened bigint not null default 0;
-- The places in the source's suite, from 0, of the expectations that rows of the file did not meet (data_docs.py).
alter table ops.load add column if not exists failed_expectations integer[] not null default '{}';

-- Days whose files were asked to be loaded again from the landing area, by run of the first step. A file of such a
-- day whose newest load is not after after_load_id has its turn still to come.
create table if not exists ops.reload (
    run_id text primary key,
    export_day date not null,
    reason text not null,
    after_load_id bigint not null,
    asked_at timestamptz not null default clock_timestamp()
);
create index if not exists reload_day on ops.reload (export_day);

-- Landed files whose retention is over, written down before their bytes are deleted. file_id null: bytes that no file
-- was registered of. deleted_at null: they are of a newer file, too, or are still to be deleted (purge.py).
create table if not exists ops.purge (
    file_id bigint unique references ops.file,
    sha256 text not null,
    night date not null,
    decided_at timestamptz not null default clock_timestamp(),
    deleted_at timestamptz,
    unique nulls not distinct (sha256, file_id)
);

-- Builds of the marts, and how far each came.
create table if not exists ops.build (
    build_id bigint generated always as identity primary key,
    as_of_day date not null,
    last_load_id bigint not null,
    state text not null check (state in ('building', 'built', 'published', 'failed')),
    error text,
    started_at timestamptz not null default clock_timestamp(),
    built_at timestamptz,
    published_at timestamptz
);

-- State and time of each model and test of a build.
create table if not exists ops.build_node (
    build_id bigint not null references ops.build,
    node text not null,
    state text not null,
    seconds numeric not null,
    message text,
    primary key (build_id, node)
);

-- Rows that broke a rule, each once, under the first rule of contract/exports.md ("What bad input gets").
create table if not exists set_aside.row (
    load_id bigint not null references ops.load,
    source text not null,
    export_day date not null,
    file_name text not null collate "C",
    line integer not null,
    rule text not null,
    field text,
    value text,
    row_key text,
    unit_code text,
    primary key (load_id, line)
);
-- The load that brought the corrected row; null: still open.
alter table set_aside.row add column if not exists healed_load_id bigint references ops.load;
create index if not exists row_to_heal on set_aside.row (source, row_key) where healed_load_id is null;
create index if not exists row_healed on set_aside.row (healed_load_id) where healed_load_id is not null;
-- For a while this name was of an index by key.
do $$
begin
    if exists (select from pg_indexes where indexname = 'row_open' and indexdef like '%(source, row_key)%') then
        drop index set_aside.row_open;
    end if;
end
$$;
create index if not exists row_open on set_aside.row (source, export_day) where healed_load_id is null;

-- What fct_indicator said of a key from a publication on, until the next row of the key; status null: the key is gone.
create table if not exists history.indicator_version (
    build_id bigint not null references ops.build,
    profile text not null,
    unit_code text not null,
    period_type text not null,
    period_start date not null,
    indicator_code text not null,
    numerator numeric,
    denominator numeric,
    ratio numeric,
    score numeric(6, 2),
    max_score numeric(6, 2),
    status text,
    primary key (unit_code, period_type, period_start, profile, indicator_code, build_id)
);

create or replace function history.refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception 'history is never rewritten';
end
$$;

create or replace trigger is_never_rewritten
before update or delete or truncate on history.indicator_version
for each statement execute function history.refuse_change();

-- Whose rows an account of chiso_unit reads. What a session can set, such as a parameter or its role, decides nothing:
-- asked is by the account that logged in.
create table if not exists ops.unit_reader (
    reader text not null,
    unit_code text not null,
    primary key (reader, unit_code)
);

create or replace function ops.own_units() returns text[]
language sql stable parallel safe security definer set search_path = pg_catalog, pg_temp
return (
    select coalesce(array_agg(unit_reader.unit_code), '{}')
    from ops.unit_reader
    where unit_reader.reader = session_user
);

-- Within the function the current user is its owner, who wrote the marts.
create or replace function ops.reads_all_units() returns boolean
language sql stable parallel safe security definer set search_path = pg_catalog, pg_temp
return pg_has_role(session_user, current_user, 'member')
or pg_has_role(session_user, 'chiso_analyst', 'member')
or pg_has_role(session_user, 'chiso_bi', 'member');

-- What left the warehouse as a file (file_export.py). ended_at null: it failed, was cut off, or is being written.
create table if not exists ops.file_export (
    export_id bigint generated always as identity primary key,
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    account text not null,
    role text not null,
    command text not null,
    content text not null,
    path text not null,
    row_count bigint
);

-- The keys that pseudonyms were made with, by the hash of a constant text (key_chain.py); no row: there are none yet.
create table if not exists ops.pseudonym_key (
    is_only boolean primary key default true check (is_only),
    fingerprint text not null
);

-- Personal fields, encrypted by a key that is not here (personal.py): those of the newest file that had any of a thing.
create table if not exists personal.row (
    source text not null,
    row_key text not null,
    load_id bigint not null,
    export_day date not null,
    file_name text not null collate "C",
    sealed text not null,
    primary key (source, row_key)
);

-- Who was shown personal fields, written before they are. account: of the machine.
create table if not exists ops.personal_reading (
    reading_id bigint generated always as identity primary key,
    code text not null,
    reason text not null,
    account text not null,
    database_account text not null default session_user,
    read_at timestamptz not null default clock_timestamp()
);

create or replace trigger is_never_rewritten
before update or delete or truncate on ops.personal_reading
for each statement execute function history.refuse_change();

-- Personal fields that went with the files that brought them.
create table if not exists ops.personal_purge (
    night date not null,
    source text not null,
    export_day date not null,
    rows bigint not null,
    purged_at timestamptz not null default clock_timestamp()
);

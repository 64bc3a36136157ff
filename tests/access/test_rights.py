"""Who may do what in the databases, tried from outside by every account with its password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chiso766 import database
from chiso766.errors import ChisoError

from .conftest import OF_ANOTHER_UNIT, STRANGER

READERS = ("chiso_analyst", "chiso_bi", "chiso_unit", OF_ANOTHER_UNIT)
# Everything: of its owner. reads: tables and views. –: not even to be entered.
RIGHTS = """
schema             chiso_etl   chiso_analyst  chiso_bi  chiso_unit  chiso_unit_mot
marts              everything  reads          reads     reads       reads
marts_next         everything  –              –         –           –
set_aside          everything  reads          –         –           –
raw                everything  –              –         –           –
staging            everything  –              –         –           –
intermediate       everything  –              –         –           –
intermediate_next  everything  –              –         –           –
history            everything  –              –         –           –
ops                everything  –              –         –           –
load               everything  –              –         –           –
convert            everything  –              –         –           –
law                everything  –              –         –           –
reference          everything  –              –         –           –
personal           everything  –              –         –           –
"""
# A role's own database, and no other.
DATABASES = {
    "chiso": {"chiso_etl", *READERS},
    "airflow": {"airflow"},
    "superset": {"superset"},
    "postgres": set(),
    "template1": set(),
}
ACCOUNTS = ("chiso_etl", *READERS, "airflow", "superset", STRANGER)
OTHERS = ("chiso_etl", *READERS, "airflow", "superset")
WRITES = ("insert", "update", "delete", "truncate", "references", "trigger", "maintain")


def rights() -> dict[str, dict[str, str]]:
    """Schema -> role -> what it may do there."""
    head, *lines = (line.split() for line in RIGHTS.strip().splitlines())
    return {schema: dict(zip(head[1:], words, strict=True)) for schema, *words in lines}


CASES = [(schema, role) for schema, of in rights().items() for role in of]


def relations(admin: psycopg.Connection, schema: str, kinds: str) -> list[str]:
    found = admin.execute(
        "select oid::regclass::text from pg_class where relnamespace = %s::regnamespace"
        " and relkind = any(string_to_array(%s, null)) order by 1",
        [schema, kinds],
    )
    return [name for (name,) in found]


def may(connection: psycopg.Connection, statement: str) -> bool:
    """Whether a statement is allowed; what it changed is taken back."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.RaiseException:
        return True  # allowed, but nobody rewrites the history
    return True


def test_every_schema_has_its_line(admin: psycopg.Connection) -> None:
    schemas = admin.execute(
        "select nspname from pg_namespace where nspname !~ '^pg_'"
        " and nspname not in ('information_schema', 'public')"
    )
    assert {name for (name,) in schemas} == rights().keys()
    in_public = admin.execute(
        "select (select count(*) from pg_class where relnamespace = 'public'::regnamespace)"
        " + (select count(*) from pg_proc where pronamespace = 'public'::regnamespace)"
    )
    assert in_public.fetchone() == (0,)


@pytest.mark.parametrize(("database_name", "allowed"), DATABASES.items())
def test_every_account_enters_its_own_database_alone(
    installation: Path, database_name: str, allowed: set[str]
) -> None:
    for role in ACCOUNTS:
        url = database.embedded_url(role, database_name)
        if role in allowed:
            database.open_url(url).close()
        else:
            with pytest.raises(ChisoError, match="Không kết nối được"):
                database.open_url(url)


@pytest.mark.parametrize(("schema", "role"), CASES)
def test_an_account_may_do_what_the_table_says(
    admin: psycopg.Connection, schema: str, role: str
) -> None:
    """Every table and sequence by what the server knows, one of each kind by statements."""
    right = rights()[schema][role]
    reads, owns = right in ("reads", "everything"), right == "everything"
    tables = relations(admin, schema, "rvmpf")
    # Two schemas are empty most of the time: before the first build of a night, and between loads.
    assert tables or schema in ("load", "convert", "marts_next", "intermediate_next")
    known = admin.execute(
        "select name, array(select kind from unnest(%(kinds)s::text[]) as kind"
        " where has_table_privilege(%(role)s, name, kind))"
        " from unnest(%(tables)s::text[]) as name"
        " where has_schema_privilege(%(role)s, %(schema)s, 'usage')",
        {"kinds": ["select", *WRITES], "role": role, "tables": tables, "schema": schema},
    )
    wanted = ["select", *WRITES] if owns else ["select"]
    assert dict(known.fetchall()) == dict.fromkeys(tables if reads else [], wanted)
    for sequence in relations(admin, schema, "S"):
        assert owns or not has_right(admin, "sequence", role, schema, sequence)
    with database.connect(role, autocommit=True) as connection:
        assert may(connection, f"create table {schema}.of_mine (x int)") is owns
        assert may(connection, f"create function {schema}.of_mine() returns int return 1") is owns
        assert may(connection, f"create view {schema}.of_mine as select 1") is owns
        for view in relations(admin, schema, "v")[:1]:
            assert may(connection, f"select * from {view} limit 1") is reads
        for table in relations(admin, schema, "rp")[:1]:
            assert may(connection, f"select * from {table} limit 1") is reads
            for statement in (
                f"insert into {table} overriding system value select * from {table} where false",
                f"delete from {table} where false",
                f"truncate {table} cascade",
                f"lock table {table} in access exclusive mode",
                f"create index on {table} ((1))",
                f"alter table {table} disable row level security",
                f"drop table {table} cascade",
                f"comment on table {table} is 'x'",
            ):
                assert may(connection, statement) is owns, statement
        for sequence in relations(admin, schema, "S")[:1]:
            assert may(connection, f"select nextval('{sequence}')") is owns


def has_right(admin: psycopg.Connection, kind: str, role: str, schema: str, name: str) -> bool:
    row = admin.execute(
        f"select has_schema_privilege(%(role)s, %(schema)s, 'usage')"
        f" and has_{kind}_privilege(%(role)s, %(name)s, 'usage, select, update')".encode(),
        {"role": role, "schema": schema, "name": name},
    ).fetchone()
    assert row is not None
    return bool(row[0])


@pytest.mark.parametrize("role", READERS)
def test_no_function_of_the_warehouse_can_be_called_by_a_reader(
    admin: psycopg.Connection, role: str
) -> None:
    functions = admin.execute(
        "select pg_proc.oid::regprocedure::text, nspname from pg_proc"
        " join pg_namespace as schema on schema.oid = pronamespace"
        " where nspname !~ '^pg_' and nspname <> 'information_schema'"
    ).fetchall()
    assert len(functions) > 10
    for function, schema in functions:
        assert not has_right_to_call(admin, role, schema, function), function
    with database.connect(role, autocommit=True) as connection:
        for call in ("ops.own_units()", "ops.reads_all_units()", "convert.to_number('1')"):
            assert not may(connection, f"select {call}")


def has_right_to_call(admin: psycopg.Connection, role: str, schema: str, function: str) -> bool:
    row = admin.execute(
        "select has_schema_privilege(%s, %s, 'usage')"
        " and has_function_privilege(%s, %s, 'execute')",
        [role, schema, role, function],
    ).fetchone()
    assert row is not None
    return bool(row[0])


def test_no_account_has_an_attribute_or_a_role_that_opens_more(admin: psycopg.Connection) -> None:
    strong = admin.execute(
        "select rolname from pg_roles where rolname <> %s and (rolsuper or rolcreaterole or"
        " rolcreatedb or rolreplication or rolbypassrls)",
        [database.SUPERUSER],
    )
    assert strong.fetchall() == []
    belongs = admin.execute(
        "select member::regrole::text, roleid::regrole::text, set_option, admin_option"
        " from pg_auth_members where member::regrole::text !~ '^(pg_|postgres$)'"
    )
    assert belongs.fetchall() == [(OF_ANOTHER_UNIT, database.OF_UNITS, False, False)]


TRICKS = (
    "copy (select 1) to program 'cat'",
    "copy (select 1) to '/tmp/chiso_trom'",
    "select pg_read_file('postgresql.conf')",
    "select pg_read_binary_file('pg_hba.conf')",
    "select pg_ls_dir('.')",
    "select pg_stat_file('postgresql.conf')",
    "select * from pg_ls_logdir()",
    "select * from pg_hba_file_rules",
    "select lo_import('/etc/passwd')",
    "select lo_export(1, '/tmp/chiso_trom')",
    "select rolpassword from pg_authid",
    "select * from pg_statistic",
    "select * from pg_user_mapping",
    "create function pg_temp.cua_toi() returns int language c as 'libc', 'getpid'",
    "create role chiso_them superuser",
    "create database chiso_them",
    "create tablespace them location '/tmp'",
    "create table public.cua_toi (x int)",
    "alter system set log_connections = 'off'",
    "set log_statement = 'none'",
    "set log_disconnections = off",
    "set session authorization postgres",
    "set role postgres",
    "set role pg_read_all_data",
    "set role pg_write_all_data",
    "set role pg_execute_server_program",
    "grant pg_read_all_data to current_user",
    "alter role current_user superuser",
    "alter role current_user createrole",
    "alter role current_user bypassrls",
    "alter role current_user set log_statement = 'none'",
    "alter role chiso_etl password 'x'",
    "alter role airflow rename to chiso_khac",
    "select pg_reload_conf()",
    "select pg_rotate_logfile()",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    "create publication trom for all tables",
    "create event trigger trom on ddl_command_start execute function now()",
    "drop owned by chiso_etl",
    "reassign owned by chiso_etl to current_user",
)
OF_THE_OWNER = {"create table public.cua_toi (x int)", "drop owned by chiso_etl"}
OF_THE_OWNER |= {"reassign owned by chiso_etl to current_user", "alter role chiso_etl password 'x'"}


@pytest.mark.parametrize("role", ["chiso_etl", *READERS])
def test_the_server_s_files_accounts_and_settings_are_closed(
    admin: psycopg.Connection, role: str
) -> None:
    with database.connect(role, autocommit=True) as connection:
        for trick in TRICKS:
            if role == "chiso_etl" and trick in OF_THE_OWNER:
                continue  # it is his own
            with pytest.raises(psycopg.Error) as refused:
                connection.execute(trick.encode())
            assert refused.value.sqlstate in NOT_ALLOWED, (trick, refused.value)


# Insufficient privilege; a setting that only a superuser changes, or that nobody changes now.
NOT_ALLOWED = {"42501", "55P02"}


@pytest.mark.parametrize(
    ("role", "other"),
    [(role, other) for role in READERS for other in OTHERS if role != other],
)
def test_no_reader_becomes_another(admin: psycopg.Connection, role: str, other: str) -> None:
    with database.connect(role, autocommit=True) as connection:
        for statement in (
            f"set role {other}",
            f"set session authorization {other}",
            f"grant {other} to {role}",
            f"alter role {other} password 'của tôi'",
            f"set role {other}; alter role {other} password 'của tôi'",
        ):
            assert not may(connection, statement), statement


@pytest.fixture
def asking(admin: psycopg.Connection) -> Iterator[str]:
    """A query that the owner of the warehouse is running, and what it names."""
    planted = "hoi-rieng-4711"
    with database.connect() as owner:
        owner.execute(f"select '{planted}'".encode())
        yield planted


@pytest.mark.parametrize("role", [*READERS])
def test_nobody_sees_what_the_owner_asks(asking: str, role: str) -> None:
    with database.connect(role) as connection:
        queries = connection.execute(
            "select query from pg_stat_activity where usename = 'chiso_etl'"
        ).fetchall()
    assert queries
    assert not [query for (query,) in queries if asking in query]


def test_an_account_of_a_unit_from_before_is_kept_from_becoming_another(
    admin: psycopg.Connection,
) -> None:
    from chiso766 import server

    admin.execute(f"grant chiso_unit to {OF_ANOTHER_UNIT} with set true".encode())
    with database.connect(OF_ANOTHER_UNIT) as connection:
        assert may(connection, "set role chiso_unit")
    server.start()
    with database.connect(OF_ANOTHER_UNIT) as connection:
        assert not may(connection, "set role chiso_unit")

"""chiso_unit and its members read the rows of their own units only, whatever they try."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import yaml
from psycopg import sql

from chiso766 import database, settings, unit_reader
from chiso766.errors import ChisoError

HOME, OTHER = "H24.999", "H24.101"
PROJECT = yaml.safe_load((settings.PROJECT_ROOT / "dbt" / "dbt_project.yml").read_text())
ABOUT_NO_UNIT = set(PROJECT["vars"]["marts_of_no_unit"])

# Tells every value that it is given; so cheap that the planner would ask it first.
TELL = """
    create function pg_temp.tell(value text) returns boolean language plpgsql cost 0.0001 as
    $$ begin raise notice '%', value; return true; end $$
"""
# As an operator whose planning asks it about the commonest values.
TELLING_OPERATOR = """
    create function pg_temp.told(value text, other text) returns boolean language plpgsql as
    $$ begin raise notice '%', value; return true; end $$;
    create operator pg_temp.=== (
        function = pg_temp.told, leftarg = text, rightarg = text, restrict = eqsel
    )
"""


@pytest.fixture
def reader(owner: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with database.connect(database.OF_UNITS, autocommit=True) as connection:
        yield connection


@pytest.fixture
def told(reader: psycopg.Connection) -> list[str]:
    """What functions and operators of the reader's own were told."""
    values: list[str] = []
    reader.add_notice_handler(lambda notice: values.append(notice.message_primary or ""))
    reader.execute(TELL)
    reader.execute(TELLING_OPERATOR.encode())
    values.clear()
    return values


def marts(owner: psycopg.Connection) -> dict[str, list[str]]:
    """The text columns of each mart, unit_code first where the mart is about units."""
    rows = owner.execute(
        "select relname, coalesce(array_agg(attname::text order by attname <> 'unit_code', attnum)"
        " filter (where atttypid = 'text'::regtype), '{}')"
        " from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0"
        " where relnamespace = 'marts'::regnamespace and relkind in ('r', 'v') group by relname"
    )
    return dict(rows.fetchall())


def marts_of_units(owner: psycopg.Connection) -> dict[str, list[str]]:
    return {mart: columns for mart, columns in marts(owner).items() if mart not in ABOUT_NO_UNIT}


def rows_of(connection: psycopg.Connection, mart: str, unit: str = "") -> tuple[int, str]:
    """Number and fingerprint of the rows of a mart, or of one unit's."""
    condition = sql.SQL("where unit_code = {}").format(unit) if unit else sql.SQL("")
    query = sql.SQL(
        "select count(*), md5(string_agg(mart::text, ',' order by mart::text))"
        " from marts.{} as mart {}"
    ).format(sql.Identifier(mart), condition)
    [rows] = connection.execute(query).fetchall()
    return rows  # type: ignore[return-value]


def test_each_mart_shows_a_unit_its_own_rows_and_all_of_them(
    owner: psycopg.Connection, reader: psycopg.Connection
) -> None:
    for mart, columns in marts_of_units(owner).items():
        assert columns[0] == "unit_code", f"{mart}: of which unit are its rows?"
        assert rows_of(reader, mart) == rows_of(owner, mart, HOME), mart
    for mart in ("fct_dossier", "fct_indicator", "indicator_evidence", "dossier_worklist"):
        count, _ = rows_of(owner, mart, OTHER)
        assert count > 0, f"{mart} holds nothing that had to be hidden"


def test_what_is_about_no_unit_everybody_reads(
    owner: psycopg.Connection, reader: psycopg.Connection
) -> None:
    assert marts(owner).keys() >= ABOUT_NO_UNIT
    for mart in ABOUT_NO_UNIT:
        assert rows_of(reader, mart) == rows_of(owner, mart), mart


def test_analysts_read_all_units(owner: psycopg.Connection) -> None:
    for role in ("chiso_analyst", "chiso_bi"):
        with database.connect(role) as connection:
            for mart in ("fct_dossier", "fct_indicator", "dossier_worklist", "unit_ranking"):
                assert rows_of(connection, mart) == rows_of(owner, mart), (role, mart)


def test_a_function_of_the_query_is_told_nothing_of_other_units(
    owner: psycopg.Connection, reader: psycopg.Connection, told: list[str]
) -> None:
    for mart, columns in marts_of_units(owner).items():
        for column in columns:
            names = {"mart": sql.Identifier(mart), "column": sql.Identifier(column)}
            own = owner.execute(
                sql.SQL("select distinct {column} from marts.{mart} where unit_code = %s").format(
                    **names
                ),
                [HOME],
            ).fetchall()
            for condition in ("pg_temp.tell({column})", "{column} operator(pg_temp.===) 'x'"):
                told.clear()
                query = "select 1 from marts.{mart} where " + condition
                reader.execute(sql.SQL(query).format(**names))
                reader.execute(sql.SQL("explain " + query).format(**names))
                own_values = {"<NULL>" if value is None else value for (value,) in own}
                assert set(told) <= own_values, (mart, column)
    reader.execute("select 1 from marts.fct_dossier where pg_temp.tell(dossier_code)")
    assert told, "the function tells nothing of its own unit either"


@pytest.mark.parametrize(
    "attempt",
    [
        "set role chiso_etl",
        "set role chiso_analyst",
        "set session authorization chiso_analyst",
        "set session_authorization = 'chiso_etl'",
        "grant chiso_analyst to chiso_unit",
        "alter role chiso_unit bypassrls",
        "alter table marts.fct_indicator disable row level security",
        "drop policy own_units on marts.fct_indicator",
        "create policy mine on marts.fct_indicator using (true)",
        "create or replace view marts.fct_dossier as select 1",
        "create table marts.mine (x int)",
        "create schema mine",
        "insert into ops.unit_reader values ('chiso_unit', 'H24.101')",
        "update marts.fct_indicator set unit_code = 'H24.999'",
        "delete from marts.fct_scorecard",
        "select ops.own_units()",
        "select * from ops.unit_reader",
        "select currval('ops.build_build_id_seq')",
        "select * from pg_statistic",
        "select * from pg_authid",
        "select table_to_xml('intermediate.int_dossier', true, true, '')",
        "select pg_read_file('postgresql.conf')",
        "copy marts.fct_scorecard to program 'cat'",
        "set row_security = off; select * from marts.fct_indicator",
    ],
)
def test_what_would_open_more_is_refused(reader: psycopg.Connection, attempt: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(attempt.encode())


@pytest.mark.parametrize(
    "attempt",
    [
        "set chiso.units = 'H24.101'",
        "set chiso.unit_code = 'H24.101'",
        "set application_name = 'chiso_etl'",
        "set role chiso_unit",
        "set row_security = off",
        "set search_path = pg_temp, marts",
        "create temp table unit_reader as select 'chiso_unit' as reader, 'H24.101' as unit_code",
        "create function pg_temp.own_units() returns text[] return array['H24.101']",
        "set enable_seqscan = off; set enable_indexscan = off; set debug_parallel_query = on",
    ],
)
def test_what_a_session_may_set_shows_no_more(reader: psycopg.Connection, attempt: str) -> None:
    reader.execute(attempt.encode())
    for mart in ("fct_dossier", "indicator_evidence"):
        [(units,)] = reader.execute(
            f"select array_agg(distinct unit_code) from marts.{mart}".encode()
        )
        assert units == [HOME]
    if "row_security" not in attempt:  # then a table refuses to be read at all, as tested above
        [(units,)] = reader.execute("select array_agg(distinct unit_code) from marts.fct_indicator")
        assert units == [HOME]


def test_other_ways_to_the_rows_end_at_the_same_ones(reader: psycopg.Connection) -> None:
    for mart in ("fct_dossier", "fct_indicator", "dossier_worklist"):
        [(text,)] = reader.execute(
            f"select string_agg(to_jsonb(mart)::text, '') from marts.{mart} as mart".encode()
        )
        assert HOME in text
        assert OTHER not in text
        reader.execute(f"create temp table copy_of_{mart} as table marts.{mart}".encode())
        [(units,)] = reader.execute(
            f"select array_agg(distinct unit_code) from copy_of_{mart}".encode()
        )
        assert units == [HOME]
    with reader.cursor().copy("copy (select * from marts.fct_petition) to stdout") as rows:
        assert OTHER not in b"".join(bytes(row) for row in rows).decode()
    [(known,)] = reader.execute(
        "select count(*) from pg_stats where schemaname not in ('pg_catalog', 'information_schema')"
        " and tablename <> all(%s)",
        [list(ABOUT_NO_UNIT)],
    )
    assert known == 0


def test_everything_outside_the_marts_is_closed(
    owner: psycopg.Connection, reader: psycopg.Connection
) -> None:
    behind = owner.execute(
        "select pg_class.oid::regclass::text from pg_class join pg_namespace as schema"
        " on schema.oid = relnamespace where relkind in ('r', 'v', 'm', 'p', 'S')"
        " and nspname not in ('marts', 'pg_catalog', 'information_schema')"
        " and nspname not like 'pg\\_t%'"
    ).fetchall()
    assert len(behind) > 100
    for (name,) in behind:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(f"select * from {name} limit 1".encode())


@pytest.fixture
def as_administrator(owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """CHISO_DATABASE_URL names an account that may make roles."""
    url = database.embedded_url(database.SUPERUSER, str(owner.info.dbname))
    monkeypatch.setenv("CHISO_DATABASE_URL", url)


def units_seen_by(role: str) -> list[str]:
    with database.connect(role) as connection:
        [(units,)] = connection.execute(
            "select array_agg(distinct unit_code order by unit_code) from marts.fct_dossier"
        )
        [(same,)] = connection.execute(
            "select array_agg(distinct unit_code order by unit_code) from marts.dossier_worklist"
        )
    assert units == same
    return units  # type: ignore[no-any-return]


def test_an_account_reads_the_units_that_the_command_names(
    as_administrator: None, capsys: pytest.CaptureFixture[str]
) -> None:
    unit_reader.run("hai_phuong", [OTHER, HOME])
    said = capsys.readouterr().out
    assert "chiso_unit_hai_phuong chỉ đọc số liệu của H24.101, H24.999" in said
    assert database.password("chiso_unit_hai_phuong") not in said
    assert units_seen_by("chiso_unit_hai_phuong") == [OTHER, HOME]

    unit_reader.run("hai_phuong", [OTHER])
    assert units_seen_by("chiso_unit_hai_phuong") == [OTHER]
    assert units_seen_by(database.OF_UNITS) == [HOME]

    unit_reader.run("hai_phuong", [])
    with pytest.raises(ChisoError, match="Không có mật khẩu của chiso_unit_hai_phuong"):
        database.connect("chiso_unit_hai_phuong")


def test_an_account_without_a_unit_reads_no_row(
    as_administrator: None, owner: psycopg.Connection
) -> None:
    unit_reader.run("tam", [OTHER])
    owner.execute("delete from ops.unit_reader where reader = 'chiso_unit_tam'")
    assert units_seen_by("chiso_unit_tam") is None
    unit_reader.run("tam", [])


@pytest.mark.parametrize(
    ("name", "units", "sentence"),
    [
        ("Nhị Chiểu", [HOME], "Tên tài khoản “Nhị Chiểu” không dùng được"),
        ("a; drop", [HOME], "không dùng được"),
        ("phuong", [HOME, "H99.1"], "Không có đơn vị H99.1 trong danh mục đơn vị"),
        ("phuong", [HOME], "Tài khoản chiso_etl không được tạo hay xóa vai trò"),
    ],
)
def test_a_refused_account_gets_a_sentence_and_no_rights(
    owner: psycopg.Connection, name: str, units: list[str], sentence: str
) -> None:
    with pytest.raises(ChisoError, match=sentence):
        unit_reader.run(name, units)
    assert owner.execute("select distinct reader from ops.unit_reader").fetchall() == [
        (database.OF_UNITS,)
    ]

"""The whole way on a real PostgreSQL, from exports to published marts, seen from the marts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from chiso766 import database
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.publish import page_path, publish_reports
from chiso766.sample import write_sample

LAST = date(2026, 11, 3)
NIGHTS = [LAST - timedelta(days=number) for number in (3, 2, 1, 0)]
MISSING = NIGHTS[2]
TABLES = (
    "dim_unit",
    "dim_procedure",
    "dim_indicator",
    "dim_date",
    "fct_dossier",
    "fct_petition",
    "fct_indicator",
    "fct_indicator_by_procedure",
    "fct_group_score",
    "fct_scorecard",
    "indicator_evidence",
    "portal_score",
    "portal_reconciliation",
    "portal_difference",
    "unit_ranking",
    "dossier_worklist",
    "petition_worklist",
    "improvement_plan",
    "improvement_evidence",
    "improvement_limit",
    "score_forecast",
    "score_forecast_indicator",
    "dim_report_period",
    "report_06a",
    "report_06b",
    "report_digitisation",
    "report_petition",
    "report_dossier",
    "plan_target",
    "plan_task",
    "procedure_bottleneck",
    "inspection_list",
)
# Views of the bookkeeping, which goes on.
LIVE = ("data_status", "fct_indicator_daily", "set_aside_status")


def run_nights(*nights: date) -> None:
    for night in nights:
        fetch_day(night)
        check_day(night)
    build_marts()
    open_gate()
    publish_reports()


def fingerprints(connection: psycopg.Connection) -> dict[str, str]:
    """A hash of the rows of every mart that a build makes, but for how a row came (``load_id``)."""
    marts = {}
    for table in TABLES:
        # the home unit's evidence is enough; that of all is a million rows
        only = "where unit_code = 'H24.999'" if table == "indicator_evidence" else ""
        [(marts[table],)] = connection.execute(
            "select md5(string_agg(line, chr(10) order by line)) from ("
            f" select (to_jsonb(mart) - 'load_id')::text as line from marts.{table} as mart {only}"
            ") as lines".encode()
        ).fetchall()
    return marts


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "exports"
    write_sample(directory, units=3, dossiers=150, days=4, seed=5, last_day=LAST)
    return directory


@pytest.fixture(scope="module")
def marts(warehouse: Path, exports: Path) -> Iterator[psycopg.Connection]:
    """The marts after four nights, each of which came in time."""
    shutil.copytree(exports, warehouse, dirs_exist_ok=True)
    run_nights(*NIGHTS)
    with database.connect(autocommit=True) as connection:
        yield connection


def test_a_night_that_is_run_twice_changes_nothing(marts: psycopg.Connection) -> None:
    before = fingerprints(marts)
    versions = marts.execute("select count(*) from raw.dossiers").fetchone()
    run_nights(LAST)
    assert fingerprints(marts) == before
    assert marts.execute("select count(*) from raw.dossiers").fetchone() == versions


def test_after_a_second_publication_an_account_of_a_unit_reads_its_own_rows(
    marts: psycopg.Connection,
) -> None:
    published = marts.execute("select count(*) from ops.build where state = 'published'")
    assert published.fetchone() == (2,)
    with database.connect(database.OF_UNITS) as reader:
        for table in ("fct_indicator", "fct_dossier", "unit_ranking", "indicator_evidence"):
            units = reader.execute(f"select distinct unit_code from marts.{table}".encode())
            assert units.fetchall() == [("H24.999",)], table


def test_the_night_fills_every_mart(marts: psycopg.Connection) -> None:
    empty = [
        table
        for table in TABLES
        if not marts.execute(f"select 1 from marts.{table} limit 1".encode()).fetchone()
    ]
    assert empty == []


def test_every_unit_and_period_has_24_indicators_six_groups_and_a_total(
    marts: psycopg.Connection,
) -> None:
    shapes = marts.execute(
        "select distinct indicators, groups, group_sum = total_score from"
        " (select unit_code, period_type, period_start, profile, count(*) as indicators"
        "  from marts.fct_indicator group by 1, 2, 3, 4) as i"
        " join (select unit_code, period_type, period_start, profile, count(*) as groups,"
        "  sum(score) as group_sum from marts.fct_group_score group by 1, 2, 3, 4) as g"
        "  using (unit_code, period_type, period_start, profile)"
        " join marts.fct_scorecard using (unit_code, period_type, period_start, profile)"
    ).fetchall()
    assert shapes == [(24, 6, True)]
    units, periods, cards = marts.execute(
        "select (select count(*) from marts.dim_unit),"
        " (select count(*) from intermediate.int_period),"
        " (select count(*) from marts.fct_scorecard)"
    ).fetchone() or (0, 0, 0)
    assert cards == units * periods * 2 > 0


def test_the_evidence_counts_what_the_indicator_counts(marts: psycopg.Connection) -> None:
    differing = marts.execute(
        "select indicator_code, unit_code, period_type, period_start from marts.fct_indicator"
        " left join (select indicator_code, unit_code, period_type, period_start,"
        "  count(*) as things, count(*) filter (where in_numerator) as things_in"
        "  from marts.indicator_evidence group by 1, 2, 3, 4) as evidence"
        " using (indicator_code, unit_code, period_type, period_start)"
        " where profile = 'portal-2026' and indicator_code not in ('1.4', '2.2', '4.6')"
        " and (numerator, denominator) <> (coalesce(things_in, 0), coalesce(things, 0))"
    ).fetchall()
    assert differing == []


def test_the_points_lost_add_up_to_what_is_missing(marts: psycopg.Connection) -> None:
    rows = marts.execute(
        "select max_score - coalesce(score, 0), sum(points_lost) from marts.fct_indicator"
        " join marts.indicator_evidence"
        " using (indicator_code, unit_code, period_type, period_start)"
        " where profile = 'portal-2026' and not in_numerator"
        " group by indicator_code, unit_code, period_type, period_start, max_score, score"
    ).fetchall()
    assert rows
    assert all(abs(missing - lost) < Decimal("0.005") for missing, lost in rows)


def test_every_mart_and_column_is_described_in_vietnamese(marts: psycopg.Connection) -> None:
    undescribed = marts.execute(
        "select relname, attname from pg_class join pg_attribute on attrelid = pg_class.oid"
        " where relnamespace = 'marts'::regnamespace and relkind in ('r', 'v')"
        " and attnum >= 0 and not attisdropped"
        " and coalesce(col_description(attrelid, attnum), '') = ''"
        " union all select relname, '' from pg_class where relnamespace = 'marts'::regnamespace"
        " and relkind in ('r', 'v') and coalesce(obj_description(oid, 'pg_class'), '') = ''"
    ).fetchall()
    assert undescribed == []
    names = marts.execute(
        "select relname from pg_class where relnamespace = 'marts'::regnamespace"
        " and relkind in ('r', 'v')"
    ).fetchall()
    assert {name for (name,) in names} == {*TABLES, *LIVE}


def test_the_page_shows_the_published_total_and_no_draft_is_left(marts: psycopg.Connection) -> None:
    row = marts.execute(
        "select total_score from marts.fct_scorecard where unit_code = 'H24.999'"
        " and period_type = 'month' and period_start = '2026-11-01' and profile = 'portal-2026'"
    ).fetchone()
    assert row is not None
    page = page_path().read_text(encoding="utf-8")
    assert f"<strong>{str(row[0]).replace('.', ',')}</strong> / 100 điểm" in page
    assert not list(page_path().parent.glob("*.draft"))


@pytest.mark.parametrize("role", database.READERS)
def test_readers_read_the_marts_and_nothing_behind_them(
    marts: psycopg.Connection, role: str
) -> None:
    with database.connect(role, autocommit=True) as reader:
        for table in (*TABLES, *LIVE):
            reader.execute(f"select * from marts.{table} limit 1".encode())
        for closed in ("raw.dossiers", "ops.load", "marts_next.fct_dossier"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"select * from {closed} limit 1".encode())


def test_a_failed_build_leaves_yesterdays_marts_and_data_status_says_so(
    marts: psycopg.Connection,
) -> None:
    before = fingerprints(marts)
    marts.execute("alter table raw.dossiers rename to dossiers_out_of_reach")
    try:
        with pytest.raises(ChisoError, match="stg_dossiers"):
            build_marts()
        with pytest.raises(ChisoError, match="không được công bố"):
            open_gate()
    finally:
        marts.execute("alter table raw.dossiers_out_of_reach rename to dossiers")
    assert fingerprints(marts) == before
    warned = marts.execute(
        "select count(*) from marts.data_status where export_day = %s"
        " and warning like '%%Lần dựng số liệu gần nhất bị lỗi%%'",
        [LAST],
    ).fetchone()
    assert warned is not None
    assert warned[0] > 0


def test_a_day_that_was_missing_and_is_delivered_later_gives_the_same_marts(
    marts: psycopg.Connection, exports: Path, warehouse: Path
) -> None:
    expected = fingerprints(marts)
    history = "alter table history.indicator_version {} trigger is_never_rewritten"
    marts.execute(history.format("disable").encode())
    marts.execute(
        "truncate ops.load, ops.file, ops.night, ops.build, set_aside.row, raw.units,"
        " raw.procedures, raw.unit_procedures, raw.online_services, raw.announcements,"
        " raw.national_counts, raw.dossiers, raw.petitions, raw.ratings, raw.tasks, raw.documents,"
        " raw.surveys cascade"
    )
    marts.execute(history.format("enable").encode())
    shutil.rmtree(warehouse / MISSING.isoformat())
    run_nights(*NIGHTS)
    missed = marts.execute(
        "select bool_and(is_missing), count(warning) > 0 from marts.data_status"
        " where export_day = %s and source in ('dossiers', 'petitions')",
        [MISSING],
    ).fetchone()
    assert missed == (True, True)
    assert fingerprints(marts) != expected
    shutil.copytree(exports / MISSING.isoformat(), warehouse / MISSING.isoformat())
    run_nights(MISSING)
    assert fingerprints(marts) == expected
    late = marts.execute(
        "select bool_and(is_late) from marts.data_status where export_day = %s and files > 0",
        [MISSING],
    ).fetchone()
    assert late == (True,)


def test_dossiers_of_an_unknown_unit_are_named_until_the_unit_comes(
    marts: psycopg.Connection, warehouse: Path
) -> None:
    day = LAST + timedelta(days=1)
    stray = warehouse / day.isoformat() / "dossiers" / "la.csv"
    stray.parent.mkdir(parents=True)
    stray.write_text(
        "MaHoSo,MaTTHC,TrangThaiHoSo,NgayTiepNhan\nH24.555-261104-1,1.000001,4,20261104080000\n",
        encoding="utf-8",
    )
    run_nights(day)
    asked = "select warning from marts.data_status where source = 'dossiers' and export_day = %s"
    assert "H24.555" in (marts.execute(asked, [day]).fetchone() or [""])[0]
    unit = warehouse / day.isoformat() / "units" / "moi.csv"
    unit.parent.mkdir()
    unit.write_text("MaDonVi,Cap,MaDonViCha\nH24.555,xa,H24\n", encoding="utf-8")
    run_nights(day)
    assert marts.execute(asked, [day]).fetchone() == (None,)

"""The assets fit together and fit the marts: what a chart asks for is what the warehouse has."""

from __future__ import annotations

import importlib.util
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jinja2
import psycopg
import pytest

from chiso766 import database, superset
from chiso766.period import Period

from .conftest import UNIT, assets

DATASETS, CHARTS, DASHBOARDS = assets("datasets"), assets("charts"), assets("dashboards")
OF_UUID = {dataset["uuid"]: name for name, dataset in DATASETS.items()}
COLUMNS_OF_THE_GRID = 12

_spec = importlib.util.spec_from_file_location("sql_words", superset.BI / "sql_words.py")
assert _spec
assert _spec.loader
sql_words = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sql_words)


def sql_of(dataset: str) -> str:
    """As Superset runs it: in brackets, so that it can be asked like a table."""
    template = jinja2.Template(DATASETS[dataset]["sql"])
    return f"({template.render(sql_words.words(UNIT))}) as shown"


def ask(query: str) -> list[tuple[Any, ...]]:
    with database.connect("chiso_bi") as connection:
        return connection.execute(query.encode()).fetchall()


def one(query: str) -> Any:
    [[value]] = ask(query)
    return value


def columns(dataset: str) -> set[str]:
    return {column["column_name"] for column in DATASETS[dataset]["columns"]}


def metrics(dataset: str) -> set[str]:
    return {metric["metric_name"] for metric in DATASETS[dataset]["metrics"]}


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_names_the_columns_that_its_query_gives(nights: Path, name: str) -> None:
    with database.connect("chiso_bi") as connection:
        found = connection.execute(f"select * from {sql_of(name)} limit 0".encode()).description
    assert found is not None
    types = psycopg.adapters.types
    given = {column.name: types[column.type_code].name for column in found}
    kinds = {
        "TEXT": {"text"},
        "DATE": {"date"},
        "TIMESTAMP": {"timestamp"},
        "NUMERIC": {"numeric"},
        "INTEGER": {"int4", "int8"},
        "BIGINT": {"int8"},
    }
    said = {column["column_name"]: kinds[column["type"]] for column in DATASETS[name]["columns"]}
    assert list(given) == list(said)
    assert [column for column in given if given[column] not in said[column]] == []


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_has_rows_of_the_home_unit_and_its_metrics_can_be_counted(
    nights: Path, name: str
) -> None:
    counted = ", ".join(metric["expression"] for metric in DATASETS[name]["metrics"])
    [values] = ask(f"select {counted} from {sql_of(name)} where unit_code = '{UNIT}'")
    assert None not in values


@pytest.mark.parametrize("name", DATASETS)
def test_every_column_and_metric_has_a_vietnamese_name(name: str) -> None:
    for each in DATASETS[name]["columns"] + DATASETS[name]["metrics"]:
        assert each["verbose_name"]
        assert "_" not in each["verbose_name"]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_asks_for_what_its_dataset_has(name: str) -> None:
    chart = CHARTS[name]
    dataset = OF_UUID[chart["dataset_uuid"]]
    params = chart["params"]
    assert params["viz_type"] == chart["viz_type"]
    asked = {
        *params.get("all_columns", []),
        *params.get("groupby", []),
        *(json.loads(order)[0] for order in params.get("order_by_cols", [])),
        *(each["subject"] for each in params["adhoc_filters"]),
        *params.get("column_config", {}),
        *([params["x_axis"]] if "x_axis" in params else []),
    }
    assert asked <= columns(dataset)
    counted = {*params.get("metrics", []), *([params["metric"]] if "metric" in params else [])}
    assert counted <= metrics(dataset)
    assert asked | counted
    if "x_axis_sort" in params:
        assert params["x_axis_sort"] in {params["x_axis"], *counted}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_shows_a_chart_once_and_no_row_is_too_wide(name: str) -> None:
    position = DASHBOARDS[name]["position"]
    rows = [position[row]["children"] for row in position["GRID_ID"]["children"]]
    shown = [position[chart]["meta"] for row in rows for chart in row]
    titles = {chart["uuid"]: chart["slice_name"] for chart in CHARTS.values()}
    assert len({meta["uuid"] for meta in shown}) == len(shown)
    assert [meta["sliceName"] for meta in shown] == [titles[meta["uuid"]] for meta in shown]
    for row in rows:
        assert sum(position[chart]["meta"]["width"] for chart in row) == COLUMNS_OF_THE_GRID
    for key, part in position.items():
        if key.startswith(("ROW", "CHART")):
            assert key in position[part["parents"][-1]]["children"]


def test_every_chart_is_on_a_dashboard() -> None:
    shown = {
        part["meta"]["uuid"]
        for dashboard in DASHBOARDS.values()
        for name, part in dashboard["position"].items()
        if name.startswith("CHART")
    }
    assert shown == {chart["uuid"] for chart in CHARTS.values()}


@pytest.mark.parametrize("name", DASHBOARDS)
def test_unit_period_and_profile_can_be_chosen(name: str) -> None:
    filters = DASHBOARDS[name]["metadata"]["native_filter_configuration"]
    chosen = {}
    for each in filters:
        [target] = each["targets"]
        dataset = OF_UUID[target["datasetUuid"]]
        assert target["column"]["name"] in columns(dataset)
        assert each.get("sortMetric") in {None, *metrics(dataset)}
        chosen[target["column"]["name"]] = each["name"]
    assert chosen == {"unit_label": "Đơn vị", "period_name": "Kỳ", "profile": "Bộ quy tắc"}


def test_a_filter_reaches_every_dataset_that_knows_what_is_chosen() -> None:
    """By the name of the column; the day's work is of no period, ranking and plan of no profile."""
    knows = {
        column: {name for name in DATASETS if column in columns(name)}
        for column in ("unit_label", "period_name", "profile")
    }
    assert knows["unit_label"] == set(DATASETS)
    assert set(DATASETS) - knows["period_name"] == {"viec_can_lam"}
    assert set(DATASETS) - knows["profile"] == {"viec_can_lam", "phuong_an", "xep_hang"}


def test_no_two_assets_are_taken_for_one_another() -> None:
    uuids = [
        asset["uuid"]
        for kind in ("databases", "datasets", "charts", "dashboards")
        for asset in assets(kind).values()
    ]
    assert len(set(uuids)) == len(uuids)
    [warehouse] = assets("databases").values()
    assert {dataset["database_uuid"] for dataset in DATASETS.values()} == {warehouse["uuid"]}


@pytest.mark.parametrize(
    "period",
    [
        Period("month", date(2026, 1, 1)),
        Period("month", date(2026, 11, 1)),
        *(Period("quarter", date(2026, month, 1)) for month in (1, 4, 7, 10)),
        Period("year", date(2026, 1, 1)),
    ],
)
def test_a_period_is_named_as_everywhere_else(nights: Path, period: Period) -> None:
    name = sql_words.words(UNIT)["period_name"]("shown")
    rows = f"(values ('{period.type}', date '{period.start}'))"
    values = f"{rows} as shown (period_type, period_start)"
    assert one(f"select {name} from {values}") == period.label


def test_the_newest_month_comes_before_the_quarter_and_year_that_begin_with_it(
    nights: Path,
) -> None:
    order = sql_words.words(UNIT)["period_order"]("shown")
    values = (
        "(values ('year', date '2026-01-01'), ('month', date '2026-01-01'),"
        " ('month', date '2025-12-01'), ('quarter', date '2026-01-01'))"
        " as shown (period_type, period_start)"
    )
    found = ask(f"select period_type, period_start from {values} order by {order} desc")
    newest = date(2026, 1, 1)
    assert found[:3] == [("month", newest), ("quarter", newest), ("year", newest)]


def test_the_home_unit_is_offered_first_whatever_its_code_holds() -> None:
    expression = sql_words.words("O'Hara")["home_first"]("unit")
    assert expression == "case when unit.unit_code = 'O''Hara' then 0 else 1 end"


MONTH = (
    f"unit_code = '{UNIT}' and period_type = 'month' and period_start = '2026-11-01'"
    " and profile = 'portal-2026'"
)


def test_the_total_is_that_of_the_scorecard_on_every_chart(nights: Path) -> None:
    total = one(f"select total_score from marts.fct_scorecard where {MONTH}")
    assert total > 0
    assert one(f"select total_score from {sql_of('bang_diem')} where {MONTH}") == total
    assert one(f"select sum(score) from {sql_of('diem_nhom')} where {MONTH}") == total
    assert one(f"select sum(score) from {sql_of('chi_so')} where {MONTH}") == total
    nightly = f"select total_score from {sql_of('diem_moi_dem')} where {MONTH} order by as_of_day"
    assert [night for (night,) in ask(nightly)][-1] == total
    assert len(ask(nightly)) == 2


def test_what_is_lost_and_what_is_scored_make_the_maximum(nights: Path) -> None:
    lost = f"select sum(score) + sum(lacking), sum(max_score) from {sql_of('diem_nhom')}"
    [(sum_of_parts, maximum)] = ask(f"{lost} where {MONTH}")
    assert sum_of_parts == maximum == Decimal(100)
    groups = ask(f"select group_code from {sql_of('diem_nhom')} where {MONTH} order by group_name")
    assert [code for (code,) in groups] == ["CKMB", "TDGQ", "ONLINE", "TTTT", "MDSH", "MDHL"]


def test_the_ranking_is_of_the_units_that_the_unit_is_ranked_with(nights: Path) -> None:
    which = f"unit_code = '{UNIT}' and period_type = 'month' and period_start = '2026-11-01'"
    [(rank, rank_of)] = ask(f"select rank, rank_of from marts.unit_ranking where {which}")
    rows = ask(f"select rank, peer_name from {sql_of('xep_hang')} where {which}")
    assert len(rows) == rank_of > 1
    assert [place for place, name in rows if name.startswith("▶ ")] == [rank]


def test_the_work_list_has_every_open_dossier_and_petition_once(nights: Path) -> None:
    listed = ask(f"select code from {sql_of('viec_can_lam')}")
    there = ask(
        "select dossier_code from marts.dossier_worklist"
        " union all select petition_code from marts.petition_worklist"
    )
    assert there
    assert sorted(listed) == sorted(there)


def test_the_work_list_begins_with_what_is_due_today_and_ends_with_what_has_time(
    nights: Path,
) -> None:
    of_home = f"select urgency_name from {sql_of('viec_can_lam')} where unit_code = '{UNIT}'"
    urgencies = [urgency for (urgency,) in ask(f"{of_home} order by place")]
    assert len(set(urgencies)) > 1
    assert urgencies == sorted(urgencies)


def test_what_does_not_apply_is_not_among_what_is_lost(nights: Path) -> None:
    lost = f"select indicator_code, points_lost, note from {sql_of('chi_so')} where {MONTH}"
    found = {code: (points, note) for code, points, note in ask(lost)}
    assert found["3.1"] == (None, "không áp dụng cho cấp này")
    assert found["2.2"] == (None, "không tính điểm")
    assert found["2.1"][0] is not None


def test_the_words_of_the_interface_keep_their_gaps() -> None:
    pack = json.loads((superset.BI / "vi.json").read_text(encoding="utf-8"))
    words = pack["locale_data"]["superset"]
    assert words.pop("")["lang"] == "vi"
    for english, vietnamese in words.items():
        gaps = re.findall(r"%[sd(]", english)
        assert [re.findall(r"%[sd(]", form) for form in vietnamese] == [gaps] * len(vietnamese)
        assert all(vietnamese)

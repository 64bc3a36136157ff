"""An answer of the portal becomes rows whole, or is refused with a sentence."""

from __future__ import annotations

import copy
import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chiso766 import settings
from chiso766.readers import portal_answer, reading
from chiso766.readers.export import Refused
from chiso766.sources import SOURCES

from ..deliveries import GOOD, written
from .answers import (
    AGENCY,
    CITY,
    ENDPOINTS,
    GROUP_SCORES,
    LISTED,
    TREES,
    WARD,
    answer,
    listed_unit,
    metric,
    ok,
    result,
    tree_unit,
)

Row = dict[str, Any]
Read = Callable[..., list[Row]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The rows of an answer in a file of this name, keys that tell nothing left out."""

    def read(given: Any, name: str) -> list[Row]:
        path = tmp_path / "file"
        path.write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
        with reading(path, name, SOURCES["portal_scores"]) as export:
            rows = [row for _, row in export.lines]
        assert None not in rows
        return [{k: v for k, v in row.items() if v is not None} for row in rows if row]

    return read


def numbers(rows: list[Row], unit: str = WARD) -> dict[str, Row]:
    """What the rows say of a unit, by metric."""
    told = ("numerator", "denominator", "ratio", "score", "max_score")
    return {
        row["metric"]: {name: row[name] for name in told if name in row}
        for row in rows
        if row["unit_code"] == unit
    }


# --- the shapes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "group"),
    [
        ("transparency", "GROUP_CKMB"),
        ("handling-satisfaction", "GROUP_MDHL"),
        ("dossier-digitized", "GROUP_MDSH"),
    ],
)
def test_listed_metrics_are_rows_and_so_is_the_group_of_every_unit_the_root_too(
    read: Read, endpoint: str, group: str
) -> None:
    rows = read(answer(endpoint), f"{endpoint}_2026-11.json")

    figures = {"numerator": 1943, "denominator": 2018, "ratio": Decimal("96.28")}
    figures |= {"score": Decimal("5.78"), "max_score": 6}
    expected = dict.fromkeys(LISTED[endpoint], figures)
    expected[group] = {"score": Decimal("15.38"), "max_score": 18}
    assert numbers(rows) == numbers(rows, CITY) == expected
    assert {(row["source"], row["period"], row["unit_name"]) for row in rows} == {
        (endpoint, "2026-11", "UBND phường Nhị Chiểu")
    }


def test_an_overview_that_is_no_unit_is_passed_over(read: Read) -> None:
    for overview in (None, listed_unit("transparency", departmentCode=None), {"totalScore": 1}):
        given = ok({"overview": overview, "evaluation": [listed_unit("transparency")]})
        rows = read(given, "transparency_2026.json")
        assert {row["unit_code"] for row in rows} == {WARD}


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (
            "dvc-progress-tree",
            {
                "totalOnTime / totalReceived": (2050, 2228),
                "avgProcessingDays": "2.16",
                "GROUP_TDGQ": "18.4",
            },
        ),
        (
            "provide-online-tree",
            {
                "(partialCount + fullCount) / authorityCount": (52, 56),
                "onlineDossierCount / onlineServiceTotal": (158, 286),
                "channelOnlineSum / channelTotalSum": (1439, 2000),
                "GROUP_ONLINE": "8.21",
            },
        ),
        (
            "formality-online-payment-tree",
            {
                "totalFeeDossierFormality / totalFeeFormality": (52, 61),
                "totalDossierOnlineFormalityPaymentSuccess / totalFeeFormality": (48, 61),
                "totalDossierOnlinePaymentSuccess / totalDossierFinancialObligation": (823, 1166),
                "GROUP_TTTT": "8.2",
            },
        ),
    ],
)
def test_the_counts_of_a_tree_are_taken_as_they_are(
    read: Read, endpoint: str, expected: Row
) -> None:
    rows = read(answer(endpoint), f"{endpoint}_2026-Q4_1.json")

    told: Row = {}
    for code, value in expected.items():
        if isinstance(value, tuple):
            told[code] = {"numerator": value[0], "denominator": value[1]}
        else:
            told[code] = {"ratio" if code == "avgProcessingDays" else "score": Decimal(value)}
    assert numbers(rows) == numbers(rows, CITY) == told
    assert {row["unit_code"]: row["unit_level"] for row in rows} == {
        CITY: "PROVINCE",
        WARD: "COMMUNE",
    }


def test_the_metrics_are_those_of_the_law(read: Read) -> None:
    with (settings.PROJECT_ROOT / "dbt/seeds/law/indicators.csv").open(encoding="utf-8") as file:
        codes = {row["portal_code"] for row in csv.DictReader(file)}
    for endpoint in TREES:
        rows = read(answer(endpoint), f"{endpoint}_2026.json")
        assert {row["metric"] for row in rows if not row["metric"].startswith("GROUP_")} <= codes


def test_results_are_totals_and_for_provinces_the_groups(read: Read) -> None:
    given = ok([result(), result(CITY, childGroup=None, groupScores=GROUP_SCORES)])
    rows = read(given, "service-results_2026_2.json")

    assert numbers(rows) == {"TOTAL": {"score": Decimal("79.97")}}
    assert numbers(rows, CITY) == {
        "TOTAL": {"score": Decimal("79.97")},
        "GROUP_CKMB": {"score": Decimal("15.38")},
        "GROUP_TDGQ": {"score": Decimal("18.4")},
        "GROUP_ONLINE": {"score": Decimal("8.21")},
        "GROUP_MDSH": {"score": Decimal("15.11")},
        "GROUP_MDHL": {"score": Decimal("14.67")},
        "GROUP_TTTT": {"score": 8},
    }
    assert [row.get("unit_level") for row in rows[:2]] == ["COMMUNE", None]


def test_results_may_be_a_parent_and_its_children(read: Read) -> None:
    given = ok({"parent": result(CITY), "children": [result(AGENCY, childGroup="AGENCY")]})
    rows = read(given, "service-results_2026-year.json")
    assert [(row["unit_code"], row["period"]) for row in rows] == [
        (CITY, "2026-year"),
        (AGENCY, "2026-year"),
    ]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_unknown_keys_fail_nothing(read: Read, endpoint: str) -> None:
    given = answer(endpoint)
    plain = read(given, f"{endpoint}_2026.json")
    given |= {"traceId": "x", "total": [1]}
    units = given["data"] if isinstance(given["data"], list) else []
    if not units:
        given["data"]["page"] = {"total": "?"}
        units = given["data"].get("children") or given["data"]["evaluation"]
    units[0]["rank"] = "thứ nhất"
    assert read(given, f"{endpoint}_2026.json") == plain


@pytest.mark.parametrize("data", [[], {"parent": None, "children": []}])
def test_a_page_behind_the_last_holds_no_rows(read: Read, data: Any) -> None:
    assert read(ok(data), "service-results_2026_3.json") == []


# --- null ------------------------------------------------------------------------------------


def test_null_stays_null_and_where_all_is_null_there_is_no_row(read: Read) -> None:
    nothing = dict.fromkeys(("numerator", "denominator", "ratio", "score"))
    metrics = [
        metric("PUBLISH_ON_TIME", **nothing),
        metric("PUBLIC_CONTENT_FULL", numerator=None, ratio=None),
        {"code": "DOSSIER_SYNC"},
    ]
    unit = listed_unit("transparency", metrics=metrics, totalScore=None)
    rows = read(ok({"overview": None, "evaluation": [unit]}), "transparency_2026.json")
    assert numbers(rows) == {
        "PUBLIC_CONTENT_FULL": {"denominator": 2018, "score": Decimal("5.78"), "max_score": 6}
    }


def test_a_sum_with_a_part_that_is_null_is_null(read: Read) -> None:
    other = {key: None for key in TREES["provide-online-tree"] if key != "authorityCount"}
    units = [
        tree_unit("provide-online-tree", CITY, fullCount=0),
        tree_unit("provide-online-tree", **(other | {"partialCount": 31})),
    ]
    rows = read(ok({"parent": units[0], "children": units[1:]}), "provide-online-tree_2026.json")
    three_one = "(partialCount + fullCount) / authorityCount"
    assert numbers(rows, CITY)[three_one] == {"numerator": 31, "denominator": 56}
    assert numbers(rows) == {three_one: {"denominator": 56}}


# --- refused ---------------------------------------------------------------------------------


def changed(endpoint: str, change: Callable[[Any], object]) -> Any:
    given = copy.deepcopy(answer(endpoint, (WARD, AGENCY)))
    change(given["data"])
    return given


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (b"", "không phải một tài liệu JSON trọn vẹn"),
        (b"<html>", "không phải một tài liệu JSON trọn vẹn"),
        (json.dumps(answer("transparency")).encode()[:-9], "không phải một tài liệu JSON trọn vẹn"),
        (b'"OK"', "không phải một đối tượng JSON"),
        (answer("transparency") | {"code": "ERROR"}, "code khác OK"),
        ({"data": answer("transparency")["data"]}, "code khác OK"),
        (ok(None), "data trống"),
        ({"code": "OK"}, "data trống"),
        (ok([]), "không có data.overview"),
        (ok("x"), "không có data.overview"),
        (ok({"evaluation": []}), "không có data.overview"),
        (ok({"overview": None, "evaluation": None}), "data.evaluation không phải một mảng"),
        (ok({"overview": None, "evaluation": [None]}), "data.evaluation không phải một mảng"),
        (ok({"parent": {}, "children": []}), "không có data.overview"),
    ],
)
def test_an_answer_of_no_known_shape_is_refused(read: Read, given: Any, problem: str) -> None:
    with pytest.raises(Refused, match=rf"^Tệp transparency_2026\.json .*{problem}.*: .*hãy "):
        read(given, "transparency_2026.json")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (ok({"children": []}), "không có data.parent"),
        (ok([]), "không có data.parent"),
        (ok({"parent": None}), "data.children không phải một mảng"),
        (ok({"parent": [], "children": []}), "data.parent không phải một mảng"),
        (ok({"overview": None, "evaluation": []}), "không có data.parent"),
    ],
)
def test_a_tree_of_another_shape_is_refused(read: Read, given: Any, problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        read(given, "dvc-progress-tree_2026.json")


@pytest.mark.parametrize(
    "name",
    [
        "transparency.json",
        "transparency_.json",
        "transparency_2026-13.json",
        "transparency_2026-Q5.json",
        "transparency_0026.json",
        "transparency_11-2026.json",
        "transparency-2026_2026.json",
        "minh-bach_2026.json",
        "2026_transparency.json",
        "_2026.json",
    ],
)
def test_a_name_without_endpoint_or_period_is_refused(read: Read, name: str) -> None:
    with pytest.raises(Refused, match=r"hãy đặt tên <bảng>_<kỳ>\.json"):
        read(answer("transparency"), name)


@pytest.mark.parametrize("value", [None, "", "  ", 24, {}])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_unit_without_its_code_refuses_the_answer(read: Read, endpoint: str, value: Any) -> None:
    given = changed(endpoint, lambda data: _units(data)[1].update(departmentCode=value))
    with pytest.raises(Refused, match="có chỗ thiếu departmentCode"):
        read(given, f"{endpoint}_2026.json")


@pytest.mark.parametrize("value", [None, {}, "x", [None]])
def test_metrics_that_are_no_list_refuse_the_answer(read: Read, value: Any) -> None:
    given = changed("transparency", lambda data: _units(data)[1].update(metrics=value))
    with pytest.raises(Refused, match="metrics không phải một mảng đối tượng"):
        read(given, "transparency_2026.json")


NUMBERS = [
    ("transparency", ["numerator", "denominator", "ratio", "score", "maxScore"]),
    ("transparency", ["totalScore", "totalMaxScore"]),
    *((endpoint, list(counts)) for endpoint, counts in TREES.items()),
    ("service-results", ["totalScore"]),
]
EVERY_NUMBER = [(endpoint, key) for endpoint, keys in NUMBERS for key in keys]


@pytest.mark.parametrize("value", ["12", "", True, [], {}, -1, -0.01, 1e15])
@pytest.mark.parametrize(("endpoint", "key"), EVERY_NUMBER)
def test_a_number_that_is_none_or_negative_refuses_the_answer(
    read: Read, endpoint: str, key: str, value: Any
) -> None:
    given = changed(endpoint, lambda data: _owner(_units(data)[1], key).update({key: value}))
    with pytest.raises(Refused, match=f"có {key} (không phải là số|âm hoặc quá lớn)"):
        read(given, f"{endpoint}_2026.json")


# What else an answer tells stands for itself: without it the rest is still true.
NEEDED = [
    *(("transparency", key) for key in ("numerator", "denominator", "score")),
    *(
        (endpoint, key)
        for endpoint, counts in TREES.items()
        for key in counts
        if key not in ("totalScore", "avgProcessingDays")
    ),
    ("service-results", "totalScore"),
]


@pytest.mark.parametrize(("endpoint", "key"), NEEDED)
def test_a_key_that_is_gone_everywhere_refuses_and_one_that_is_gone_somewhere_is_null(
    read: Read, endpoint: str, key: str
) -> None:
    def lose(data: Any, places: slice) -> None:
        units = _units(data)
        if isinstance(data, dict):
            units = [data.get("overview") or data["parent"], *units]
        for unit in units[places]:
            for each in unit.get("metrics", []) if key not in unit else [unit]:
                each.pop(key)
            unit.pop(key, None)

    name = f"{endpoint}_2026.json"
    assert read(changed(endpoint, lambda data: lose(data, slice(1))), name)
    with pytest.raises(Refused, match=f"không có {key} ở đơn vị nào"):
        read(changed(endpoint, lambda data: lose(data, slice(None))), name)


def test_an_overview_without_metrics_is_no_fault(read: Read) -> None:
    whole, without = changed("transparency", len), changed("transparency", len)
    without["data"]["overview"].pop("metrics")
    rows = read(without, "transparency_2026.json")
    assert len(rows) == len(read(whole, "transparency_2026.json")) - len(LISTED["transparency"])


@pytest.mark.parametrize("scores", ["x", [1], GROUP_SCORES | {"CKMB": "cao"}, {"CKMB": 1}])
def test_group_scores_that_are_none_refuse_the_answer(read: Read, scores: Any) -> None:
    with pytest.raises(Refused, match=r"groupScores|CKMB|TDGQ"):
        read(ok([result(groupScores=scores)]), "service-results_2026.json")


def test_results_whose_codes_were_renamed_are_no_rows_of_a_table(read: Read) -> None:
    unit = result()
    unit["deptCode"] = unit.pop("departmentCode")
    with pytest.raises(Refused, match="departmentCode"):
        read(ok([unit]), "service-results_2026.json")


def test_an_answer_larger_than_any_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(answer("transparency")).encode()
    monkeypatch.setattr(portal_answer, "LARGEST", len(content))
    assert read(content, "transparency_2026.json")
    with pytest.raises(Refused, match="quá lớn"):
        read(content + b" ", "transparency_2026.json")


def _units(data: Any) -> list[Any]:
    return data if isinstance(data, list) else data.get("children") or data["evaluation"]


def _owner(unit: Row, key: str) -> Row:
    return unit if key in unit else unit["metrics"][0]


# --- rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["so_lieu.json", "transparency_2026-11.json"])
def test_rows_are_read_as_rows_whatever_their_name_and_size(
    read: Read, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = GOOD["portal_scores"]
    message = written("a.json", [row])
    bare = json.dumps([row]).encode()
    with_mark = b"\xef\xbb\xbf" + message
    for content in (message, bare, with_mark):
        assert read(content, name) == [row]
    monkeypatch.setattr(portal_answer, "LARGEST", 200)
    for content in (message, bare, with_mark):
        assert read(content, name) == [row]


def test_broken_rows_are_refused_with_the_place_where_they_break(read: Read) -> None:
    content = written("a.json", [GOOD["portal_scores"]])
    with pytest.raises(Refused, match="sau phần tử thứ 1"):
        read(content[:-1], "a.json")

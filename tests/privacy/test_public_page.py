"""What may leave the Centre has no count under five, and none that follows from what it shows."""

from __future__ import annotations

import re
from datetime import date
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso766 import public_page
from chiso766.build import build_marts
from chiso766.database import connect
from chiso766.gate import open_gate
from chiso766.public_page import OTHERS, Field, shown
from chiso766.publish import publish_reports

from ..deliveries import DOSSIER, GOOD, deliver, load_days

NIGHT = date(2026, 12, 1)
# Procedure, its field, dossiers in time and late in November.
DONE = (
    ("1.000001", "HT", "Hộ tịch", 12, 6),
    ("1.000002", "HT", "Hộ tịch", 1, 0),
    ("1.000003", "DD", "Đất đai", 7, 0),
    ("1.000004", "TN", "Tôn giáo", 2, 0),
    ("1.000005", "VH", "Văn hóa", 9, 1),
)


def test_fields_without_small_counts_are_shown_as_they_are() -> None:
    fields = [Field("A", 5, 0), Field("B", 40, 7)]
    assert shown(fields) == [fields[1], fields[0]]
    assert shown([]) == []


def test_a_field_with_a_small_count_is_shown_with_others_only() -> None:
    large, middle = Field("Lớn", 50, 10), Field("Vừa", 8, 0)
    assert shown([large, middle, Field("Nhỏ", 3, 0)]) == [large, Field(OTHERS, 11, 0)]
    assert shown([large, middle, Field("A", 4, 0), Field("B", 1, 0)]) == [
        large,
        middle,
        Field(OTHERS, 5, 0),
    ]
    # Few late ones are small, too, and not known by their difference from all.
    assert shown([large, middle, Field("C", 90, 1)]) == [Field(OTHERS, 148, 11)]


def test_nothing_is_shown_where_even_all_together_is_small() -> None:
    assert shown([Field("A", 40, 1), Field("B", 3, 2)]) == []


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12))
def test_no_count_is_small_and_no_dossier_is_lost(counts: list[tuple[int, int]]) -> None:
    fields = [Field(f"L{number}", *pair) for number, pair in enumerate(counts)]
    rows = shown(fields)
    for row in rows:
        assert all(count == 0 or count >= 5 for count in (row.in_time, row.late, row.dossiers))
        assert row in fields or row.name == OTHERS
    if rows:
        assert sum(row.in_time for row in rows) == sum(field.in_time for field in fields)
        assert sum(row.late for row in rows) == sum(field.late for field in fields)
    else:
        small = (sum(of) for of in zip(*counts, strict=True))
        assert not counts or any(0 < count < 5 for count in small)


@pytest.fixture(scope="module")
def page(warehouse: Path) -> str:
    """The public page of a night in December."""
    deliver("units", "a.json", [GOOD["units"]], NIGHT)
    procedures = [
        GOOD["procedures"] | {"MaTTHC": code, "MaLinhVuc": field, "TenLinhVuc": name}
        for code, field, name, *_ in DONE
    ]
    deliver("procedures", "a.json", procedures, NIGHT)
    lines = chain.from_iterable(
        [(code, "20261123")] * in_time + [(code, "20261119")] * late
        for code, _, _, in_time, late in DONE
    )
    dossiers = [
        DOSSIER
        | {
            "MaHoSo": f"H24.999-261110-{number:04}",
            "MaTTHC": code,
            "NgayTiepNhan": "20261110083000",
            "NgayHenTra": due,
            "DanhSachHoSoBoSung": [],
        }
        for number, (code, due) in enumerate(lines)
    ]
    of_december = dossiers[0] | {
        "MaHoSo": "H24.999-261201-0001",
        "NgayTiepNhan": "20261201083000",
        "NgayHenTra": "20261205",
        "NgayKetThucXuLy": "20261201160000",
        "NgayTra": "20261201160000",
    }
    deliver("dossiers", "a.json", [*dossiers, of_december], NIGHT)
    load_days(NIGHT)
    build_marts()
    open_gate()
    publish_reports()
    return public_page.page_path().read_text(encoding="utf-8")


def cells(page: str) -> list[list[str]]:
    """The rows of the table of fields."""
    table = page.split('id="linh-vuc"')[1]
    return [
        re.findall(r">([^<>]+)</t[hd]>", row)
        for row in re.findall(r"<tr>(.*?)</tr>", table)
        if "<td" in row
    ]


def test_the_page_shows_the_month_by_field_without_small_counts(page: str) -> None:
    assert cells(page) == [[OTHERS, "38", "31", "7"]]


def test_only_a_month_that_has_ended_is_shown(page: str) -> None:
    """The running month would show from one night to the next what a single dossier did."""
    assert "Tháng 11/2026 ·" in page
    assert "12/2026 ·" not in page
    with connect() as connection:
        ended = public_page.write(connection, date(2026, 11, 30))
        assert ended is not None
        assert cells(ended) == cells(page)
        assert public_page.write(connection, date(2026, 11, 29)) is None


def test_the_page_names_no_dossier_and_asks_for_nothing(page: str) -> None:
    assert "H24.999-" not in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/", "")
    for text in ("Hộ tịch", "Tôn giáo", "./chiso"):
        assert text not in page

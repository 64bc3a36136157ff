"""Two settings say how returned dossiers, and those that wait for a supplement, are counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook

from chiso766 import report
from chiso766.build import build_marts
from chiso766.gate import open_gate

from ..deliveries import DOSSIER, GOOD, Row, deliver, load_days, select

CUT_OFF, NEXT_DAY = date(2026, 11, 14), date(2026, 11, 15)


def dossier(number: int, status: str, **change: object) -> Row:
    """Received on 20 October and due on the 30th; with nothing else."""
    bare = dict.fromkeys(DOSSIER, "") | {
        "MaHoSo": f"H24.999-261020-000{number}",
        "MaTTHC": "1.004227",
        "TrangThaiHoSo": status,
        "NgayTiepNhan": "20261020080000",
        "NgayHenTra": "20261030",
    }
    return bare | change


def requests(*times: tuple[str, str]) -> list[Row]:
    return [{"NgayBoSung": asked, "NgayTiepNhanBoSung": arrived} for asked, arrived in times]


@pytest.fixture(scope="module")
def marts(warehouse: Path) -> Iterator[None]:
    """Of the day after the cut-off, made from the tables of the one before."""
    rows = [
        dossier(1, "7", NgayKetThucXuLy="20261025090000"),
        dossier(2, "8", NgayTra="20261102100000"),
        dossier(3, "3", NgayTuChoi="20261030090000"),
        dossier(4, "5", DanhSachHoSoBoSung=requests(("20261026080000", ""))),
        dossier(
            5,
            "5",
            DanhSachHoSoBoSung=requests(
                ("20261022080000", "20261023080000"), ("20261026080000", "")
            ),
        ),
        dossier(6, "5", DanhSachHoSoBoSung=requests(("20261102080000", ""))),
        dossier(7, "9", NgayKetThucXuLy="20261025090000"),
    ]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_REPORT_RETURNED", "left_out")
        environment.setenv("CHISO_REPORT_AWAITED", "in_progress")
        deliver("units", "u.json", [GOOD["units"]], CUT_OFF)
        deliver("dossiers", "d.json", rows, CUT_OFF)
        for day in (CUT_OFF, NEXT_DAY):
            load_days(day)
            build_marts()  # what is not published is what the next build goes on from
        open_gate()
        yield


def form(period_start: str) -> Row:
    [row] = select(
        "select received, carried_over, settled, settled_early, in_progress_in_time,"
        " in_progress_overdue from marts.report_06a where unit_code = 'H24.999'"
        " and period_type = 'month' and period_start = %s",
        period_start,
    )
    return row


def test_returned_dossiers_are_left_out_and_awaited_ones_are_in_progress(marts: None) -> None:
    """4 was asked in time, 6 after its due time, 5 twice."""
    assert form("2026-10-15") == {
        "received": 4,
        "carried_over": 0,
        "settled": 1,
        "settled_early": 1,
        "in_progress_in_time": 1,
        "in_progress_overdue": 2,
    }


def test_awaited_ones_are_carried_over_into_a_new_period_until_the_supplement_arrives(
    marts: None,
) -> None:
    [kept] = select("select count(*) > 0 as is_kept from intermediate.int_changed_dossier")
    assert kept["is_kept"]
    assert form("2026-11-15") == {
        "received": 3,
        "carried_over": 3,
        "settled": 0,
        "settled_early": 0,
        "in_progress_in_time": 1,
        "in_progress_overdue": 2,
    }


def test_marts_and_forms_say_how_it_was_counted(marts: None, tmp_path: Path) -> None:
    found = select("select distinct returned_as, awaited_as from marts.dim_report_period")
    assert found == [{"returned_as": "left_out", "awaited_as": "in_progress"}]
    path = tmp_path / "06a.xlsx"
    report.run("06a", "H24.999", "2026-11", path)
    said = {row[0] for row in load_workbook(path).active.iter_rows(values_only=True)}
    assert {
        "Ghi chú: Không tính hồ sơ dừng xử lý, rút, từ chối sau khi tiếp nhận.",
        "Ghi chú: Hồ sơ đang chờ bổ sung lần đầu tính là đang giải quyết.",
    } <= said

"""Three mornings of a ward with planted personal data, and a browser to look at their pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from psycopg.rows import dict_row
from selenium import webdriver

from chiso766 import database
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.publish import page_path, publish_reports
from chiso766.sample import write_sample

from .. import chromium
from ..deliveries import DOSSIER, GOOD, deliver

FIRST, SECOND, NEXT_MONTH = date(2026, 11, 29), date(2026, 11, 30), date(2026, 12, 1)
UNIT = "H24.999"
PLANTED = (
    "Nguyễn Thị Mẫu Cán Bộ",
    "Trần Văn Người Dân",
    "030190000001",
    "0912345678",
    "nguoidan@vidu.vn",
    "đơn xin xác nhận riêng tư",
)
# What each page is compared with: the month's rows of these marts, as they were then.
MARTS = {
    "fct_scorecard": "profile = 'portal-2026'",
    "fct_group_score": "profile = 'portal-2026'",
    "fct_indicator": "profile = 'portal-2026'",
    "indicator_evidence": "not in_numerator",
    "unit_ranking": "true",
    "improvement_plan": "true",
    "dossier_worklist": None,
    "petition_worklist": None,
}


@dataclass(frozen=True)
class Morning:
    """A page as it was published, and the home unit's rows of the marts that morning."""

    path: Path
    marts: dict[str, list[dict[str, Any]]]

    @property
    def tree(self) -> html.HtmlElement:
        return html.fromstring(self.path.read_text(encoding="utf-8"))

    @property
    def text(self) -> str:
        return " ".join(self.tree.text_content().split())


@dataclass(frozen=True)
class Mornings:
    """``again``: the second night published a second time; ``out_of_reach``: its target is."""

    first: Morning
    second: Morning
    again: Morning
    out_of_reach: Morning
    next_month: Morning


@pytest.fixture(scope="module")
def mornings(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Mornings:
    folder = tmp_path_factory.mktemp("mornings")
    write_sample(
        warehouse / "sample", units=3, dossiers=300, days=4, seed=5, last_day=NEXT_MONTH, dirt=0.01
    )
    for day in (warehouse / "sample").iterdir():
        shutil.move(day, warehouse / day.name)
    _plant()
    fetch_day(date(2026, 11, 28))
    check_day(date(2026, 11, 28))
    first = _morning(folder / "first.html", FIRST)
    second = _morning(folder / "second.html", SECOND)
    again = _morning(folder / "again.html", SECOND)
    with database.connect() as connection:  # as if all that work were not enough
        connection.execute(
            "update marts.improvement_plan set cumulative_rank = cumulative_rank + 1"
        )
    out_of_reach = _published(folder / "out_of_reach.html", SECOND)
    next_month = _morning(folder / "next_month.html", NEXT_MONTH)
    return Mornings(first, second, again, out_of_reach, next_month)


def _plant() -> None:
    """Personal data where exports have it, in things that the page lists: they are open."""
    official, person, number, phone, mail, matter = PLANTED
    dossier = DOSSIER | {
        "MaHoSo": f"{UNIT}-261130-9001",
        "NguoiXuLy": official,
        "ChuHoSo": person,
        "SoGiayToChuHoSo": number,
        "SoDienThoai": phone,
        "Email": mail,
        "TrichYeuHoSo": matter,
        "TrangThaiHoSo": "4",
        "NgayTiepNhan": "20261130083000",
        "NgayHenTra": "20261201",
        "NgayKetThucXuLy": "",
        "NgayTra": "",
        "DanhSachHoSoBoSung": [],
    }
    petition = GOOD["petitions"] | {
        "MaPAKN": "PA-9001",
        "NgayGui": "20261127080000",
        "NgayChuyenDen": "20261127080000",
        "NgayTiepNhan": "20261127090000",
        "NguoiGui": person,
        "SoDienThoai": phone,
        "TieuDe": matter,
        "NoiDung": f"{person} {number}",
        "NgayYeuCauBoSung": "",
        "NgayTuChoi": "",
        "NgayTraLoi": "",
        "NgayCongKhai": "",
    }
    deliver("dossiers", "planted.json", [dossier], SECOND)
    deliver("petitions", "planted.json", [petition], FIRST)


def _morning(kept: Path, night: date) -> Morning:
    fetch_day(night)
    check_day(night)
    build_marts()
    open_gate()
    return _published(kept, night)


def _published(kept: Path, night: date) -> Morning:
    publish_reports()
    shutil.copy(page_path(), kept)
    month = night.replace(day=1)
    with database.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        marts = {}
        for mart, which in MARTS.items():
            of_month = f"period_type = 'month' and period_start = '{month}' and {which}"
            query = f"select * from marts.{mart} where unit_code = '{UNIT}'"
            query += f" and {of_month}" if which else ""
            marts[mart] = cursor.execute(query.encode()).fetchall()
    return Morning(kept, marts)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """A browser for the pages of all mornings."""
    chrome = chromium.started()
    chrome.set_script_timeout(600)  # no test is about time
    yield chrome
    chrome.quit()

"""Two published nights, the second one twice, and a third that was only loaded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from chiso766.build import build_marts
from chiso766.gate import open_gate

from ..deliveries import DOSSIER, GOOD, Row, deliver, load_days

FIRST, SECOND, THIRD = date(2026, 11, 18), date(2026, 11, 19), date(2026, 12, 1)


@pytest.fixture(scope="module")
def nights(warehouse: Path) -> None:
    _deliver_first()
    _publish(FIRST)
    _deliver_second()
    _publish(SECOND)
    # A file of the first day that comes late; the first night did not know it.
    deliver("dossiers", "late.json", [_dossier(9, NgayTiepNhan="20261102080000")], FIRST)
    load_days(FIRST)
    _publish(SECOND)
    deliver("dossiers", "d.json", [_dossier(10, NgayTiepNhan="20261130080000")], THIRD)
    load_days(THIRD)


def _publish(day: date) -> None:
    load_days(day)
    build_marts()
    open_gate()


def _dossier(number: int, **change: object) -> Row:
    """Received, unfinished and due in December, synchronised, at the desk; with nothing else."""
    bare = dict.fromkeys(DOSSIER, "") | {
        "MaHoSo": f"H24.999-261101-000{number}",
        "MaTTHC": "1.004227",
        "KenhThucHien": "1",
        "TrangThaiHoSo": "4",
        "NgayTiepNhan": "20261102080000",
        "NgayHenTra": "20261215",
        "DaDongBo": "1",
    }
    return bare | change


def _done(number: int, **change: object) -> Row:
    finished = {"TrangThaiHoSo": "9", "NgayKetThucXuLy": "20261112080000"}
    return _dossier(number, **(finished | change))


def _petition(name: str, sent: str, **change: object) -> Row:
    bare = dict.fromkeys(GOOD["petitions"], "") | {"MaPAKN": name, "MaDonVi": "H24.999"}
    return bare | {"NgayGui": sent} | change


def _deliver_first() -> None:
    units = [GOOD["units"], {"MaDonVi": "H24", "TenDonVi": "Hải Phòng", "Cap": "tinh"}]
    deliver("units", "u.json", units, FIRST)
    deliver("procedures", "p.json", [GOOD["procedures"]], FIRST)
    deliver("online_services", "s.json", [GOOD["online_services"]], FIRST)
    deliver("national_counts", "n.json", [GOOD["national_counts"] | {"SoHoSoTiepNhan": 8}], FIRST)
    dossiers = [
        _dossier(1),
        _dossier(2, NgayHenTra="20261119120000"),
        _done(3, DaDongBo="0"),
        _dossier(4),
        _done(5),
        _done(6),
    ]
    deliver("dossiers", "d.json", dossiers, FIRST)
    petitions = [
        _petition("PA-1", "20261029080000"),  # + 15 working days: 19 November
        _petition("PA-2", "20261110080000"),
    ]
    deliver("petitions", "k.json", petitions, FIRST)


def _deliver_second() -> None:
    """What happens on the second day: one cause each."""
    request = {"NgayBoSung": "20261119080000"}
    dossiers = [
        _done(
            1,
            NgayKetThucXuLy="20261119090000",
            DanhSachGiayToKetQua=[{"DuongDanTepTinKetQua": "x"}],
        ),
        _done(3, DaDongBo="1"),
        _dossier(4, TrangThaiHoSo="5", DanhSachHoSoBoSung=[request, request]),
        _dossier(7, NgayTiepNhan="20261119080000", KenhThucHien="2", MaDVC="DVC-1"),
    ]
    deliver("dossiers", "d.json", dossiers, SECOND)
    rating = {
        "MaHoSo": _done(5)["MaHoSo"],
        "NgayDanhGia": "20261119090000",
        "MucDo": "khong_hai_long",
    }
    deliver("ratings", "r.json", [rating], SECOND)
    petitions = [
        _petition("PA-2", "20261110080000", NgayTuChoi="20261119080000"),
        _petition("PA-3", "20261119080000", MaHoSo=_done(6)["MaHoSo"]),
    ]
    deliver("petitions", "k.json", petitions, SECOND)
    deliver("procedures", "p.json", [GOOD["procedures"] | {"MaTTHC": "2.000815"}], SECOND)
    announcement = GOOD["announcements"] | {"NgayHieuLuc": "20261110", "NgayCongKhai": "20261105"}
    deliver("announcements", "a.json", [announcement], SECOND)
    deliver("national_counts", "n.json", [GOOD["national_counts"] | {"SoHoSoTiepNhan": 12}], SECOND)

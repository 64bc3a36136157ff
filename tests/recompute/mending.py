"""A world in which everything that is still mendable was done, in the first second after A."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import date, timedelta
from typing import NamedTuple

from .exports import Row, to_time
from .indicators import CONTENT, Counts, Period, World

_SAID_AT = {"petitions": "NgayGui", "ratings": "NgayDanhGia"}


class Mending(NamedTuple):
    """A piece of work of a unit: the action, and the thing that it is done on."""

    unit: str
    action: str
    kind: str
    thing: str
    procedure: str


class Mended:
    """The world as it stands one second after A, with the work done at A."""

    def __init__(self, world: World, work: Collection[Mending]) -> None:
        self.read = world.read
        self._world, self._work = world, work
        self._done_at = world.as_of.strftime("%Y%m%d%H%M%S")
        self._actions: dict[str, set[str]] = defaultdict(set)
        for one in work:
            self._actions[one.thing].add(one.action)
        self._counts: dict[tuple[str, Period], Counts] = {}
        self._mended = World(self, world.as_of + timedelta(seconds=1))

    def counts(self, unit: str, period: Period) -> Counts:
        if (unit, period) not in self._counts:
            self._counts[unit, period] = self._mended.counts(unit, period)
        return self._counts[unit, period]

    def newest(self, source: str) -> list[Row]:
        rows = self._world.newest(source)
        if source in _SAID_AT:  # what citizens say from A on is not known yet
            return [row for row in rows if self._is_before(row[_SAID_AT[source]])]
        if source == "dossiers":
            return [self._dossier(row) for row in rows] + self._new_dossiers()
        if source == "procedures":
            return [self._procedure(row) for row in rows]
        return rows + self._new_services() if source == "online_services" else rows

    def pulls(self) -> list[tuple[date, Row]]:
        return self._world.pulls()

    def _is_before(self, text: str | None) -> bool:
        moment = to_time(text)
        return moment is not None and moment < self._world.as_of

    def _dossier(self, row: Row) -> Row:
        for action in self._actions[row["MaHoSo"]]:
            done = self._taken_in if action == "take_in_supplement" else _DONE[action]
            row = row | done(row)
        return row

    def _taken_in(self, row: Row) -> Row:
        """Every supplement that has not come before A comes at A."""
        arrival = "NgayTiepNhanBoSung"
        return {
            "DanhSachHoSoBoSung": [
                one if self._is_before(one.get(arrival)) else one | {arrival: self._done_at}
                for one in row.get("DanhSachHoSoBoSung", [])
            ]
        }

    def _new_dossiers(self) -> list[Row]:
        """One that a citizen files and pays online, for every service or procedure in need."""
        return [
            {
                "MaHoSo": f"{one.unit}-999999-{number}",
                "MaTTHC": one.procedure,
                "MaDVC": one.thing if one.kind == "service" else "",
                "KenhThucHien": "2",
                "TrangThaiHoSo": "2",
                "NgayTiepNhan": self._done_at,
                "TaiKhoanDuocXacThucVoiVNeID": "1",
                **_pay(Row()),
            }
            for number, one in enumerate(self._work)
            if one.action == "use_service"
        ]

    def _procedure(self, row: Row) -> Row:
        if "complete_procedure" not in self._actions[row["MaTTHC"]]:
            return row
        return row | {name: row.get(name) or "0" for name in CONTENT}

    def _new_services(self) -> list[Row]:
        return [
            {
                "MaDVC": f"new {number}",
                "MaTTHC": one.procedure,
                "MucDo": "toan_trinh",
                "TrangThai": "cong_khai",
                "MaDonVi": one.unit,
            }
            for number, one in enumerate(self._work)
            if one.action == "provide_service"
        ]


def _pay(row: Row) -> Row:
    """Who pays online has a fee line of what was paid."""
    lines = row.get("DanhSachLePhi", [])
    return {"DuocThanhToanTrucTuyen": "1", "DanhSachLePhi": [*lines, {"Gia": "8000"}]}


def _component(row: Row, **part: str) -> Row:
    return {"TaiLieuNop": [*row.get("TaiLieuNop", []), part]}


def _result(row: Row) -> Row:
    results = row.get("DanhSachGiayToKetQua", [])
    link = {"MaKetQua": "KQ", "DuongDanTepTinKetQua": "https://kho.example/1"}
    return {"DanhSachGiayToKetQua": [*results, link]}


_DONE: dict[str, Callable[[Row], Row]] = {
    "synchronise": lambda row: {"DaDongBo": "1"},
    "pay_online": _pay,
    "attach_result": _result,
    "attach_file": lambda row: _component(row, DuongDanTaiTepTin="https://kho.example/2"),
    "reuse_data": lambda row: _component(row, DuocTaiSuDung="1"),
    "use_data_store": lambda row: _component(row, DuocLayTuKhoDMQG="1"),
    "use_population_data": lambda row: {"TaiKhoanDuocXacThucVoiVNeID": "1"},
}

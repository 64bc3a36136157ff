"""Which system exports what, and in which format.

One-stop systems differ from unit to unit, land dossiers come from the land register's software,
linked and vertical ones from the ministries'. So a night holds every text format of the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chiso766.sample.dossier import Life
from chiso766.sample.outbox import Item
from chiso766.sample.units import Unit
from chiso766.sample.working_hours import day_text


def vietnamese_time(time: str) -> str:
    """dd/MM/yyyy[ HH:mm:ss] of yyyyMMdd[HHmmss]."""
    day = f"{time[6:8]}/{time[4:6]}/{time[:4]}"
    return f"{day} {time[8:10]}:{time[10:12]}:{time[12:]}" if len(time) > 8 else day


def iso_time(time: str) -> str:
    """yyyy-MM-dd[ HH:mm:ss] of yyyyMMdd[HHmmss]."""
    day = f"{time[:4]}-{time[4:6]}-{time[6:8]}"
    return f"{day} {time[8:10]}:{time[10:12]}:{time[12:]}" if len(time) > 8 else day


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How a system writes a source: file name, format and habits of its texts.

    ``message_unit``: the national message's unit, empty for a bare array. ``time_text``: how a
    table's times are written, None for yyyyMMddHHmmss. ``is_daily``: sent even if nothing changed.
    """

    source: str
    stem: str
    ending: str
    delimiter: str = ","
    time_text: Callable[[str], str] | None = None
    has_byte_order_mark: bool = False
    has_vietnamese_titles: bool = False
    is_decomposed: bool = False
    message_unit: str = ""
    is_daily: bool = False

    def file_name(self, night: int) -> str:
        return f"{self.stem}_{day_text(night)}{self.ending}"


_LAND = Layout(
    source="dossiers",
    stem="hoso_datdai",
    ending=".csv",
    delimiter=";",
    time_text=vietnamese_time,
    has_byte_order_mark=True,
    has_vietnamese_titles=True,
)
_LINKED = Layout("dossiers", "hoso_lienthong", ".jsonl")
_ONE_STOP = (
    Layout("dossiers", "hoso_motcua_a", ".jsonl.gz"),
    Layout("dossiers", "hoso_motcua_b", ".csv.gz"),
    Layout("dossiers", "hoso_motcua_c", ".json", is_decomposed=True),
    Layout("dossiers", "hoso_motcua_d", ".csv", delimiter="\t", time_text=iso_time),
)
_OTHERS = {
    layout.source: layout
    for layout in (
        Layout(
            source="petitions",
            stem="pakn",
            ending=".csv",
            delimiter=";",
            time_text=vietnamese_time,
            has_byte_order_mark=True,
            has_vietnamese_titles=True,
            is_daily=True,
        ),
        Layout("ratings", "danhgia", ".csv.gz", time_text=iso_time, is_daily=True),
        Layout("procedures", "tthc", ".json", is_decomposed=True),
        Layout("online_services", "dvc", ".csv.gz"),
        Layout("announcements", "qdcb", ".csv", delimiter=";", time_text=vietnamese_time),
        Layout("national_counts", "baocao", ".json"),
        Layout("units", "donvi", ".csv", has_byte_order_mark=True),
        Layout("unit_procedures", "donvi_tthc", ".csv", delimiter="\t"),
    )
}


class Layouts:
    """The layout of every item of a night."""

    def __init__(self, units: Sequence[Unit], home_unit: str, first_night: int) -> None:
        others = [unit.code for unit in units if unit.code != home_unit]
        self._one_stop = {
            code: _ONE_STOP[number % len(_ONE_STOP)] for number, code in enumerate(others)
        }
        stem = f"hoso_motcua_{home_unit}"
        self._first_night = first_night
        self._home_full = Layout("dossiers", stem, ".jsonl.gz")
        self._home = Layout("dossiers", stem, ".json", message_unit=home_unit, is_daily=True)

    def of(self, source: str, item: Item, night: int) -> Layout:
        if not isinstance(item, Life):
            return _OTHERS[source]
        if item.procedure.field.system == "land":
            return _LAND
        if item.procedure.field.system == "linked":
            return _LINKED
        if item.unit.code in self._one_stop:
            return self._one_stop[item.unit.code]
        return self._home_full if night == self._first_night else self._home

    def daily(self, night: int) -> list[Layout]:
        """Those that send a file every night, the home ward's full one aside."""
        home = [] if night == self._first_night else [self._home]
        return home + [layout for layout in _OTHERS.values() if layout.is_daily]

"""Which system exports what, and in which format.

One-stop systems differ from unit to unit, land dossiers come from the land register's software,
linked and vertical ones from the ministries', feedback and ratings from systems older than Unicode.
So a sample holds every format of the contract but the binary ``.xls``, which no kept library
writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from chiso766.readers.old_fonts import FONTS
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


def decomposed(text: str) -> str:
    """Letters and marks apart, as Apple's systems write them."""
    return normalize("NFD", text)


_TONES = "\u0300\u0301\u0303\u0309\u0323"


def tones_apart(text: str) -> str:
    """The tone behind its letter, as Windows-1258 needs it: ế is ê and an acute."""
    return "".join(map(_tone_apart, text))


def _tone_apart(letter: str) -> str:
    marks = normalize("NFD", letter)
    tone = "".join(mark for mark in marks if mark in _TONES)
    return normalize("NFC", marks.replace(tone, "")) + tone if tone else letter


# The letters of TCVN3 stand in the places of Western ones.
_TCVN3 = str.maketrans({FONTS["TCVN3"](chr(code)): chr(code) for code in range(0xA1, 0xFF)})


def in_tcvn3(text: str) -> str:
    """Text for the TCVN3 fonts, which have no capitals with a tone."""
    return text.translate(_TCVN3)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How a system writes a source: file name, format and habits of its texts.

    ``message_unit``: the national message's unit, empty for a bare array. ``time_text``: how a
    table's times are written, None for yyyyMMddHHmmss. ``spelling``: applied to all text before it
    is encoded. ``is_daily``: sent even if nothing changed. Of spreadsheets, ``heading``: the line
    above the table; ``serials``: times that are typed dates, not texts; ``grouped``: numbers that
    are texts like 1.234 and 62,5, not typed.
    """

    source: str
    stem: str
    ending: str
    delimiter: str = ","
    time_text: Callable[[str], str] | None = None
    has_byte_order_mark: bool = False
    has_vietnamese_titles: bool = False
    encoding: str = "utf-8"
    spelling: Callable[[str], str] | None = None
    message_unit: str = ""
    is_daily: bool = False
    heading: str = ""
    serials: frozenset[str] = frozenset()
    grouped: frozenset[str] = frozenset()

    @property
    def is_sheet(self) -> bool:
        return self.ending in (".xlsx", ".xls")

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
    Layout("dossiers", "hoso_motcua_c", ".json", spelling=decomposed),
    Layout("dossiers", "hoso_motcua_d", ".csv", delimiter="\t", time_text=iso_time),
)
_OTHERS = {
    layout.source: layout
    for layout in (
        Layout(
            source="petitions",
            stem="pakn",
            ending=".csv",
            delimiter="\t",
            time_text=vietnamese_time,
            has_byte_order_mark=True,
            has_vietnamese_titles=True,
            encoding="utf-16-le",
            is_daily=True,
        ),
        Layout(
            source="ratings",
            stem="danhgia",
            ending=".csv.gz",
            time_text=iso_time,
            has_vietnamese_titles=True,
            encoding="cp1252",
            spelling=in_tcvn3,
            is_daily=True,
        ),
        Layout("procedures", "tthc", ".json", spelling=decomposed),
        Layout("online_services", "dvc", ".csv.gz"),
        Layout(
            source="announcements",
            stem="qdcb",
            ending=".csv",
            delimiter=";",
            time_text=vietnamese_time,
            has_vietnamese_titles=True,
            encoding="cp1258",
            spelling=tones_apart,
        ),
        Layout(
            source="national_counts",
            stem="baocao",
            ending=".xlsx",
            has_vietnamese_titles=True,
            heading="TÌNH HÌNH TIẾP NHẬN HỒ SƠ THEO ĐƠN VỊ",
            grouped=frozenset({"SoHoSoTiepNhan"}),
        ),
        Layout("units", "donvi", ".csv", has_byte_order_mark=True),
        Layout("unit_procedures", "donvi_tthc", ".csv", delimiter="\t"),
        Layout(
            source="documents",
            stem="vanbandi",
            ending=".xls",
            time_text=vietnamese_time,
            has_vietnamese_titles=True,
            heading="SỔ VĂN BẢN ĐI",
        ),
        Layout(
            source="surveys",
            stem="khaosat",
            ending=".xlsx",
            has_vietnamese_titles=True,
            heading="KẾT QUẢ KHẢO SÁT MỨC ĐỘ HÀI LÒNG",
            serials=frozenset({"NgayKhaoSat"}),
        ),
        Layout(
            source="tasks",
            stem="nhiemvu",
            ending=".xlsx",
            time_text=vietnamese_time,
            has_vietnamese_titles=True,
            heading="TIẾN ĐỘ THỰC HIỆN NHIỆM VỤ",
            serials=frozenset({"HanHoanThanh"}),
            grouped=frozenset({"TyLe"}),
        ),
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

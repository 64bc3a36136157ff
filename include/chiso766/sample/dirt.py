"""Bad input on request: rows that break a rule, broken files, duplicates, late corrections.

Everything planted is written down in a manifest, so that a test can say what must have been found.
A broken row mostly comes again, correct, some nights later; a broken file is sent again that day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import cast

import msgspec

from chiso766.sample.layouts import Layout
from chiso766.sample.outbox import Item, Outbox, Row
from chiso766.sample.streams import stream
from chiso766.sample.surveys import QUESTIONS
from chiso766.sample.units import PROVINCE
from chiso766.sample.working_hours import DAY, moment_text
from chiso766.sample.write import ExportFile, TextFile, is_table

Spoil = Callable[[Row, Random], tuple[str, str] | None]
"""Spoils a row in place; gives the field and its value, or None where the row has no such thing."""

DUPLICATES = 0.25  # for each broken row
CORRECTIONS = 0.25
NEVER_HEALED = 0.1
LONGEST_HEALING = 4  # nights
LARGEST_BROKEN_FILE = 1 << 20
STREAMS = ("documents", "surveys", "tasks")  # whose dirt leaves that of the others where it is
SENT_AGAIN = "_gui_lai"
UNREADABLE = "unreadable_line"
_BAD_TIMES = ("20260231083000", "19991231235959", "20991231083000", "hôm qua", "2026-13-01")


class Dirt:
    """Writes rows into files, a share of them broken, and remembers which."""

    def __init__(self, share: float, seed: int, outbox: Outbox, last_night: int, home: str) -> None:
        self._share = share
        self._random = stream(seed, "dirt")
        self._streams = {source: stream(seed, "dirt", source) for source in STREAMS}
        self._outbox = outbox
        self._last = last_night
        self._spared = (home, PROVINCE)  # without these two units there is no scorecard
        self._turns = {source: list(spoils) for source, spoils in _SPOILS.items()}
        self._planted: dict[str, list[Row]] = {
            kind: [] for kind in ("rows", "files", "duplicates", "corrections")
        }

    def write(self, file: ExportFile, night: int, item: Item, row: Row) -> None:
        """Write the row of an item: mostly as it is, else broken, twice, or with a mistake."""
        chance = self._random_of(file.layout.source).random() / self._share
        if chance < 1 and self._write_broken(file, night, item, row):
            return
        if 1 + DUPLICATES <= chance < 1 + DUPLICATES + CORRECTIONS:
            self._write_mistaken(file, night, item, row)
            return
        file.write(row)
        if 1 <= chance < 1 + DUPLICATES:
            self._note("duplicates", file, night, file.write(row), row)

    def breaks_next_file(self, source: str) -> bool:
        return self._random_of(source).random() < self._share

    def break_file(self, layout: Layout, night: int, broken: Path, sent_again: Path) -> None:
        """Leave the file as it arrived before it was sent again."""
        with sent_again.open("rb") as good:
            head = good.read(LARGEST_BROKEN_FILE)
        if layout.ending.endswith(".gz"):
            kind, content = "truncated_gzip", head[: len(head) * 3 // 5]
        elif layout.ending == ".json":
            kind, content = "truncated_json", head[: len(head) * 3 // 5]
        elif layout.is_sheet:
            kind, content = "truncated_sheet", head[: len(head) * 3 // 5]
        else:
            middle = len(head) // 2
            # No encoding of tables has this byte alone; one that takes bytes by two is out of step.
            kind, content = "not_utf_8", head[:middle] + b"\x90" + head[middle:]
        broken.write_bytes(content)
        self._planted["files"].append(
            {
                "day": _iso(night),
                "source": layout.source,
                "file": broken.name,
                "kind": kind,
                "sent_again": sent_again.name,
            }
        )

    def write_manifest(self, path: Path) -> None:
        """Write what was planted: one JSON object with four lists."""
        content = msgspec.json.encode({"share": self._share, **self._planted})
        path.write_bytes(msgspec.json.format(content, indent=1) + b"\n")

    def _write_broken(self, file: ExportFile, night: int, item: Item, row: Row) -> bool:
        """Break the rule whose turn it is among those the row can break; False: there is none."""
        source = file.layout.source
        if source == "units" and row["MaDonVi"] in self._spared:
            return False
        turns = self._turns[source]
        random = self._random_of(source)
        for turn, (rule, spoil) in enumerate(turns):
            broken = dict(row)
            spoilt = spoil(broken, random)
            place = file.write(broken) if spoilt else None
            if rule == UNREADABLE:
                place = self._write_unreadable(file, broken)
            if place:
                turns.append(turns.pop(turn))
                entry = self._note("rows", file, night, place, row)
                field, value = spoilt or (None, "")
                entry |= {"rule": rule, "field": field}
                entry["value"] = file.as_written(field, value) if field else value
                entry["healed_on"] = self._heal(source, night, item)
                return True
        return False

    def _write_unreadable(self, file: ExportFile, row: Row) -> int | None:
        """Write a line that cannot be read; None where the format has no lines of its own."""
        if not isinstance(file, TextFile) or file.layout.ending == ".json":
            return None
        if not is_table(file.layout):
            text = file.encoded(row).decode()
            return file.append(text[: len(text) * 2 // 3].encode())
        lists = [field for field, value in row.items() if isinstance(value, list) and value]
        if lists and self._random.random() < 0.5:
            row[lists[0]] = '[{"'
            return file.write(row)
        return file.append(file.encoded(row) + 3 * file.layout.delimiter.encode() + b"x")

    def _heal(self, source: str, night: int, item: Item) -> str | None:
        random = self._random_of(source)
        healed = night + random.randint(1, LONGEST_HEALING)
        if random.random() < NEVER_HEALED or healed > self._last:
            return None
        self._outbox.add(source, healed, item)
        return _iso(healed)

    def _write_mistaken(self, file: ExportFile, night: int, item: Item, row: Row) -> None:
        """A wrong channel breaks no rule; the right one comes some nights later."""
        healed = night + self._random_of(file.layout.source).randint(1, LONGEST_HEALING)
        if file.layout.source != "dossiers" or healed > self._last:
            file.write(row)
            return
        wrong = "3" if row["KenhThucHien"] != "3" else "1"
        place = file.write(row | {"KenhThucHien": wrong})
        self._outbox.add(file.layout.source, healed, item)
        entry = self._note("corrections", file, night, place, row)
        entry |= {"field": "KenhThucHien", "value": wrong, "healed_on": _iso(healed)}

    def _random_of(self, source: str) -> Random:
        return self._streams.get(source, self._random)

    def _note(self, kind: str, file: ExportFile, night: int, place: int, row: Row) -> Row:
        key = [str(row[field]) for field in file.spec.key]
        entry: Row = {
            "day": _iso(night),
            "source": file.layout.source,
            "file": file.path.name,
            "line": place,
            "key": key,
        }
        self._planted[kind].append(entry)
        return entry


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _one_of(*values: tuple[str, str]) -> Spoil:
    """Give one of the fields its value."""

    def spoil(row: Row, random: Random) -> tuple[str, str] | None:
        field, value = random.choice(values)
        row[field] = value
        return field, value

    return spoil


def _bad_code(row: Row, random: Random) -> tuple[str, str] | None:
    code = str(row["MaHoSo"])
    unit, day, number = code.rsplit("-", 2)
    row["MaHoSo"] = broken = random.choice(
        (code.replace("-", "/"), f"{unit}-{day[1:]}-{number}", f"{unit}-{day}-{number}A", number)
    )
    return "MaHoSo", broken


def _bad_time(*fields: str) -> Spoil:
    """Give one of the times that are there a value that cannot be meant."""

    def spoil(row: Row, random: Random) -> tuple[str, str] | None:
        given = [field for field in fields if row[field]]
        if not given:
            return None
        field = random.choice(given)
        row[field] = time = random.choice(_BAD_TIMES)
        return field, time

    return spoil


def _received_after_done(row: Row, random: Random) -> tuple[str, str] | None:
    if not row["NgayTiepNhan"] or not row["NgayKetThucXuLy"]:
        return None
    done = date.fromisoformat(str(row["NgayKetThucXuLy"])[:8]).toordinal()
    row["NgayTiepNhan"] = received = moment_text((done + random.randint(1, 3)) * DAY + 30_000)
    return "NgayTiepNhan", received


def _bad_amount(row: Row, random: Random) -> tuple[str, str] | None:
    fees = cast(list[Row], row["DanhSachLePhi"])
    if not fees:
        return None
    amount = random.choice(("-8000", "tám nghìn"))
    row["DanhSachLePhi"] = [fees[0] | {"Gia": amount}, *fees[1:]]
    return "Gia", amount


def _nothing(row: Row, random: Random) -> tuple[str, str] | None:
    del row, random  # an unreadable line is made of the row's bytes
    return None


_SPOILS: dict[str, tuple[tuple[str, Spoil], ...]] = {
    "dossiers": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("MaHoSo", ""), ("MaHoSo", "  "))),
        ("bad_code", _bad_code),
        ("missing_procedure", _one_of(("MaTTHC", ""))),
        (
            "unknown_status",
            _one_of(("TrangThaiHoSo", "11"), ("TrangThaiHoSo", ""), ("TrangThaiHoSo", "Đã xong")),
        ),
        (
            "unknown_value",
            _one_of(
                ("KenhThucHien", "7"),
                ("HinhThuc", "5"),
                ("DaDongBo", "2"),
                ("DuocThanhToanTrucTuyen", "9"),
                ("TaiKhoanDuocXacThucVoiVNeID", "có"),
            ),
        ),
        (
            "bad_time",
            _bad_time("NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra"),
        ),
        ("received_after_done", _received_after_done),
        ("bad_number", _bad_amount),
    ),
    "petitions": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("MaPAKN", ""), ("MaDonVi", ""))),
        ("unknown_value", _one_of(("PhanLoai", "khen_ngoi"))),
        ("bad_time", _bad_time("NgayGui", "NgayTiepNhan", "NgayTraLoi", "NgayCongKhai")),
        ("missing_time", _one_of(("NgayGui", ""))),
        ("bad_number", _one_of(("LuotThich", "-1"), ("LuotKhongThich", "nhiều"))),
    ),
    "ratings": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("MaHoSo", ""))),
        ("unknown_value", _one_of(("MucDo", "binh_thuong"))),
        ("bad_time", _bad_time("NgayDanhGia")),
        ("missing_time", _one_of(("NgayDanhGia", ""))),
    ),
    "procedures": (
        ("missing_key", _one_of(("MaTTHC", ""))),
        (
            "unknown_value",
            _one_of(
                ("TrangThai", "dang_soan"), ("CapThucHien", "xa;huyen"), ("DoiTuong", "ai_cung")
            ),
        ),
        ("bad_number", _one_of(("Phi", "-5000"), ("LePhi", "miễn phí"), ("ThoiHan", "năm"))),
    ),
    "online_services": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("MaDVC", ""))),
        ("unknown_value", _one_of(("MucDo", "muc_4"), ("TrangThai", "tam_dung"))),
    ),
    "announcements": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("SoQuyetDinh", ""), ("MaTTHC", ""), ("MaDonVi", ""))),
        ("unknown_value", _one_of(("LoaiCongBo", "thay_the"))),
        ("bad_time", _bad_time("NgayQuyetDinh", "NgayHieuLuc", "NgayCongKhai")),
    ),
    "national_counts": (
        ("missing_key", _one_of(("MaDonVi", ""))),
        ("bad_number", _one_of(("SoHoSoTiepNhan", "-3"), ("SoHoSoTiepNhan", "chưa có"))),
    ),
    "documents": (
        ("missing_key", _one_of(("SoKyHieu", ""), ("NgayBanHanh", ""), ("MaDonVi", ""))),
        ("unknown_value", _one_of(("GuiDienTu", "2"), ("KySoCaNhan", "có"), ("KySoCoQuan", "9"))),
        ("bad_time", _bad_time("NgayBanHanh")),
    ),
    "surveys": (
        ("missing_key", _one_of(("MaPhieu", ""))),
        ("unknown_value", _one_of(*((question, "6") for question in QUESTIONS))),
        ("bad_time", _bad_time("NgayKhaoSat")),
    ),
    "tasks": (
        ("missing_key", _one_of(("MaNhiemVu", ""), ("MaDonVi", ""))),
        ("bad_time", _bad_time("HanHoanThanh", "NgayHoanThanh")),
        ("bad_number", _one_of(("TyLe", "-5"), ("TyLe", "một nửa"))),
    ),
    "units": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("MaDonVi", ""))),
        ("unknown_value", _one_of(("Cap", "huyen"))),
    ),
    "unit_procedures": (
        (UNREADABLE, _nothing),
        ("missing_key", _one_of(("MaDonVi", ""), ("MaTTHC", ""))),
    ),
}

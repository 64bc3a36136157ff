"""Spreadsheets that were made to do harm are refused, or read, within bounded memory and time."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import psutil
import pytest

from chiso766.readers import reading, sheet, xls
from chiso766.readers.export import Refused
from chiso766.sources import SOURCES

from .workbooks import archive, html, raw_row, raw_xlsx
from .workbooks import xls as make_xls

HEADER = ["STT", "Mã đơn vị", "Tên đơn vị", "Cấp"]
TOP = raw_row(1, *HEADER) + raw_row(2, "1", "H24", "x", "xa")
READ = "1 rows"
BOMB = "cấu trúc bất thường"
MB = 1 << 20
LETTERS = "Z" * 999
REFERENCE = '<c t="s"><v>0</v></c>'

DOCTYPE = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
    <!ENTITY c SYSTEM "file:///etc/passwd">]>"""


def page(inside: str) -> bytes:
    return html([HEADER, [1, "H24", "x", inside]])


def part(name: str, inside: str) -> bytes:
    return raw_xlsx(TOP, more={name: f"{DOCTYPE}{inside}".encode()})


def many_sheets() -> bytes:
    references = '<sheet name="x" r:id="r"/>' * 9000
    relation = '<Relationship Id="r" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
    return raw_xlsx(
        TOP,
        more={
            "xl/workbook.xml": f'<w xmlns:r="r">{references}</w>'.encode(),
            "xl/_rels/workbook.xml.rels": f"<r>{relation}</r>".encode(),
        },
    )


def understated() -> bytes:
    """A sheet whose directory entry says it is small."""
    content = bytearray(raw_xlsx(TOP + " " * MB))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        member = file.getinfo("xl/worksheets/sheet1.xml")
    size = struct.pack("<I", member.file_size)
    return bytes(content).replace(size, struct.pack("<I", 100))


HOSTILE: dict[str, tuple[str, Callable[[], bytes], str]] = {
    # name of the case: name of the file, content, what comes of it
    "zip bomb": ("a.xlsx", lambda: raw_xlsx(TOP + " " * (66 * MB)), BOMB),
    "size understated": ("a.xlsx", lambda: understated(), "cắt cụt"),
    "many members": ("a.xlsx", lambda: archive({str(n): b"" for n in range(10_001)}), BOMB),
    "entities in the sheet": (
        "a.xlsx",
        lambda: part("xl/worksheets/sheet1.xml", "<x>&b;</x>"),
        BOMB,
    ),
    "entities in the strings": ("a.xlsx", lambda: part("xl/sharedStrings.xml", "<x>&b;</x>"), BOMB),
    "entities in the styles": ("a.xlsx", lambda: part("xl/styles.xml", "<x>&b;</x>"), BOMB),
    "entities in the workbook": ("a.xlsx", lambda: part("xl/workbook.xml", "<x>&c;</x>"), BOMB),
    "entities in the relations": ("a.xlsx", lambda: part("_rels/.rels", "<x>&c;</x>"), BOMB),
    "a row beyond the last": ("a.xlsx", lambda: raw_xlsx(TOP + '<row r="1048577"/>'), BOMB),
    "a row far beyond": ("a.xlsx", lambda: raw_xlsx(TOP + '<row r="999999999999"/>'), BOMB),
    "the last cell": (
        "a.xlsx",
        lambda: raw_xlsx(TOP + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        READ,
    ),
    "a title in the last column": (
        "a.xlsx",
        lambda: raw_xlsx(TOP.replace("</row>", '<c r="XFD1" t="str"><v>x</v></c></row>', 1)),
        READ,
    ),
    "a column beyond the last": ("a.xlsx", lambda: raw_xlsx('<row><c r="XFE1"/></row>'), BOMB),
    "a column far beyond": ("a.xlsx", lambda: raw_xlsx(f'<row><c r="{LETTERS}1"/></row>'), BOMB),
    "wide rows": (
        "a.xlsx",
        lambda: raw_xlsx(TOP + ('<row><c r="XFD1" t="n"><v>1</v></c></row>' * 50_000)),
        READ,
    ),
    "a row of many cells": ("a.xlsx", lambda: raw_xlsx(f"{TOP}<row>{'<c/>' * 20_000}</row>"), BOMB),
    "a row of many values": (
        "a.xlsx",
        lambda: raw_xlsx(f"{TOP}<row>{'<c><v>1</v></c>' * 20_000}</row>"),
        BOMB,
    ),
    "merged cells": (
        "a.xlsx",
        lambda: raw_xlsx(
            TOP + "</sheetData>" + '<mergeCell ref="A1:B1"/>' * 100_000 + "<sheetData>"
        ),
        READ,
    ),
    "styles": (
        "a.xlsx",
        lambda: raw_xlsx(TOP, styles="<cellXfs>" + '<xf numFmtId="14"/>' * 100_000 + "</cellXfs>"),
        READ,
    ),
    "shared strings": ("a.xlsx", lambda: raw_xlsx(TOP, strings=["<t>x</t>"] * 100_000), READ),
    "a long shared string": ("a.xlsx", lambda: raw_xlsx(TOP, strings=[f"<t>{'x' * MB}</t>"]), BOMB),
    "a long text many times in a row": (
        "a.xlsx",
        lambda: raw_xlsx(f"{TOP}<row>{REFERENCE * 10_000}</row>", strings=[f"<t>{'x' * 9999}</t>"]),
        BOMB,
    ),
    "cells over many rows": (
        "a.xls",
        lambda: html([HEADER]).replace(
            b"</table>", b"<tr><td colspan=16000 rowspan=100000>x</td></tr>" + b"<tr></tr>" * 9000
        ),
        "bất thường",
    ),
    "a long cell": ("a.xlsx", lambda: raw_xlsx(TOP + raw_row(3, "x" * (17 * MB))), BOMB),
    "a long tag": ("a.xlsx", lambda: raw_xlsx(TOP + '<row x="' + "x" * 3 * MB + '"/>'), BOMB),
    "a long comment": ("a.xlsx", lambda: raw_xlsx(f"{TOP}<!--{'x' * 3 * MB}-->"), BOMB),
    "deep elements": ("a.xlsx", lambda: raw_xlsx(TOP + "<x>" * 100_000), BOMB),
    "one sheet many times": ("a.xlsx", lambda: many_sheets(), "hơn 200"),
    "long titles": ("a.xlsx", lambda: raw_xlsx(raw_row(1, "a" * 9 * MB) * 3 + TOP), "tiêu đề"),
    "an unknown compression": (
        "a.xlsx",
        lambda: archive({"_rels/.rels": b"<x/>"}, zipfile.ZIP_LZMA),
        BOMB,
    ),
    "deep HTML": ("a.xls", lambda: page("<div>" * 100_000), BOMB),
    "tables in tables": ("a.xls", lambda: page("<table><tr><td>" * 100_000), BOMB),
    "many tables": (
        "a.xls",
        lambda: page("</table>" + "<table><tr><td>x</table>" * 9000),
        "hơn 200",
    ),
    "a wide merged cell": ("a.xls", lambda: page("<tr><td colspan=999999999999999>x"), READ),
    "wide merged cells": ("a.xls", lambda: page("<tr><td colspan=16384>x<td colspan=2>y"), BOMB),
    "a high merged cell": (
        "a.xls",
        lambda: page("<tr><td colspan=16384 rowspan=999999999>x" + "<tr><td>y" * 2),
        BOMB,
    ),
    "a row of many HTML cells": ("a.xls", lambda: page("<tr>" + "<td>" * 100_000), BOMB),
    "a long HTML cell": ("a.xls", lambda: page("x" * (17 * MB)), BOMB),
    "entities in HTML": ("a.xls", lambda: f"{DOCTYPE}{page('&b;').decode()}".encode(), READ),
    "links of HTML": ("a.xls", lambda: page('<iframe src="file:///etc/passwd"></iframe>'), READ),
}


# Reads every file that it is given, as units, and prints what came of each and its peak memory.
PROGRAM = """
import json, re, sys
from pathlib import Path
from chiso766.readers import reading
from chiso766.readers.export import Refused
from chiso766.sources import SOURCES

outcomes = []
for path in map(Path, sys.argv[1:]):
    try:
        with reading(path, path.name, SOURCES["units"]) as export:
            outcomes.append(f"{sum(1 for _ in export.lines)} rows")
    except Refused as refused:
        outcomes.append(str(refused))
[peak] = re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([outcomes, int(peak) >> 10]))
"""


def read_in_a_process(paths: list[Path]) -> tuple[list[str], int]:
    """What came of each file, and the most memory that was taken, in MB."""
    command = [sys.executable, "-c", PROGRAM, *map(str, paths)]
    printed = subprocess.run(command, check=True, capture_output=True, timeout=300).stdout
    outcomes, peak = json.loads(printed)
    return outcomes, peak


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], int]:
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for number, (name, content, _) in enumerate(HOSTILE.values()):
        paths.append(folder / f"{number}_{name}")
        paths[-1].write_bytes(content())
    outcomes, peak = read_in_a_process(paths)
    return dict(zip(HOSTILE, outcomes, strict=True)), peak


@pytest.mark.parametrize("case", HOSTILE)
def test_what_comes_of_a_hostile_file(hostile: tuple[dict[str, str], int], case: str) -> None:
    assert HOSTILE[case][2] in hostile[0][case]


def test_hostile_files_take_little_memory(hostile: tuple[dict[str, str], int]) -> None:
    assert hostile[1] < 300


def test_a_text_that_many_cells_refer_to_counts_for_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sheet, "_LARGEST_TEXT", MB)
    row = '<row><c><v>1</v></c><c t="str"><v>H24</v></c><c t="s"><v>0</v></c></row>'
    path = tmp_path / "landed"
    path.write_bytes(raw_xlsx(TOP + row * 200, strings=[f"<t>{'x' * 10_000}</t>"]))

    with (
        pytest.raises(Refused, match="quá nhiều chữ"),
        reading(path, "a.xlsx", SOURCES["units"]) as export,
    ):
        assert sum(1 for _ in export.lines) > 100


# --- .xls: what xlrd builds is bounded by its process ----------------------------------------


def swollen_xls(strings: int, runs: int) -> bytes:
    """Strings with runs of fonts, each of which takes thirty times its bytes in memory."""
    text = struct.pack("<HBH", 1, 8, runs) + b"x" + b"\1\0\1\0" * runs
    table = struct.pack("<ii", strings, strings) + text
    records = [(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)), (0xFC, table)]
    records += [(0x3C, text)] * (strings - 1)
    records += [(0x0A, b"")]
    return b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in records)


@pytest.mark.parametrize(("limit", "value"), [("_MEMORY", 150 * MB), ("_SECONDS", 1)])
def test_an_xls_that_swells_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str, value: int
) -> None:
    monkeypatch.setattr(xls, limit, value)
    path = tmp_path / "landed"
    path.write_bytes(swollen_xls(4000, 2000))

    with (
        pytest.raises(Refused, match="giới hạn bộ nhớ và thời gian"),
        reading(path, "a.xls", SOURCES["units"]),
    ):
        pass


def test_a_reader_that_is_left_early_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_bytes(make_xls({"x": [HEADER, *([n, f"H{n}", "x", "xa"] for n in range(9000))]}))

    with reading(path, "a.xls", SOURCES["units"]) as export:
        next(export.lines)
        export.lines.close()  # type: ignore[attr-defined]

    assert not [each for each in psutil.Process().children() if "xls_process" in each.cmdline()[-3]]


# --- memory does not grow with the rows ------------------------------------------------------


def large(name: str, rows: int) -> bytes:
    cells = ([n, f"H{n % 9}", "x" * 200, "xa"] for n in range(rows))
    if name == "a.xlsx":
        return raw_xlsx(
            TOP + "".join(raw_row(n + 3, *map(str, row)) for n, row in enumerate(cells))
        )
    return make_xls({f"{part}": [HEADER, *islice(cells, rows // 4)] for part in range(4)})


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, name: str) -> None:
    peaks = []
    for rows in (1000, 40_000):
        path = tmp_path / f"{rows}_{name}"
        path.write_bytes(large(name, rows))
        [outcome], peak = read_in_a_process([path])
        assert outcome.endswith("rows")
        peaks.append(peak)

    assert peaks[1] - peaks[0] < 15

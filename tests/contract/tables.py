"""Tables as source systems export them: CSV, workbooks, HTML saved as a workbook, and what spoils
them. Written without the readers' code, so that the two cannot share a fault."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import openpyxl
import xlwt
from openpyxl.utils import get_column_letter

from ..deliveries import Row

Grid = Sequence[Sequence[Any]]
# First row, first column, last row, last column of cells that are one; all from 0.
Merge = tuple[int, int, int, int]

NUMBERS = {
    *("ThoiHan", "Phi", "LePhi", "LuotThich", "LuotKhongThich", "TyLe"),
    *("Nam", "Thang", "SoHoSoTiepNhan"),
    *("Cau1", "Cau2"),
    *("numerator", "denominator", "ratio", "score", "max_score"),
}


@dataclass(frozen=True)
class Formula:
    """A cell that is worked out; ``value`` is what the workbook remembers of it."""

    text: str
    value: Any


def fields_of(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(field for row in rows for field in row))


def plain(rows: list[Row], titles: dict[str, str] | None = None) -> Grid:
    """A header of field names, or of titles, and a line per row, every cell a text."""
    fields = fields_of(rows)
    header = [(titles or {}).get(field, field) for field in fields]
    return [header, *([_text(row.get(field)) for field in fields] for row in rows)]


def vendor_sheet(rows: list[Row], titles: dict[str, str] | None = None) -> tuple[Grid, list[Merge]]:
    """The layout of provincial systems: titles above, STT, (1)(2)(3), a total at the end."""
    fields = fields_of(rows)
    width = len(fields) + 1
    blank = [None] * (width - 1)
    grid = [
        ["ỦY BAN NHÂN DÂN PHƯỜNG NHỊ CHIỂU", *blank],
        ["DANH SÁCH CHI TIẾT", *blank],
        ["Từ ngày 01/11/2026 đến ngày 20/11/2026", *blank],
        [None, *blank],
        ["STT", *((titles or {}).get(field, field) for field in fields)],
        [f"({place})" for place in range(1, width + 1)],
        *(
            [place, *(typed(field, row.get(field)) for field in fields)]
            for place, row in enumerate(rows, 1)
        ),
        ["Tổng cộng", *blank[:-1], len(rows)],
    ]
    last = len(grid) - 1
    merges = [(line, 0, line, width - 1) for line in (0, 1, 2)]
    return grid, [*merges, (last, 0, last, max(width - 2, 0))]


def typed(field: str, value: Any) -> Any:
    """A number as a workbook holds it; everything else as text."""
    if field in NUMBERS and value:
        return float(str(value).replace(",", "."))
    return _text(value)


def _text(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def comma_separated(grid: Grid, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(grid)
    return text.getvalue().encode(encoding)


def xlsx(
    grid: Grid, merges: Iterable[Merge] = (), *, from_1904: bool = False, inline: bool = False
) -> bytes:
    """A workbook with its texts in a list of their own, as Excel saves them, or in the cells."""
    book = openpyxl.Workbook()
    if from_1904:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    remembered = {}
    for line, row in enumerate(grid, 1):
        for column, value in enumerate(row, 1):
            if isinstance(value, Formula):
                remembered[f"{get_column_letter(column)}{line}"] = value.value
                sheet.cell(line, column, value.text)
            elif value is not None and value != "":
                sheet.cell(line, column, value)
                if isinstance(value, str):  # a text may begin with =
                    sheet.cell(line, column).data_type = "s"
    for first, left, last, right in merges:
        sheet.merge_cells(
            start_row=first + 1, start_column=left + 1, end_row=last + 1, end_column=right + 1
        )
    content = io.BytesIO()
    book.save(content)
    written = _remembering(content.getvalue(), remembered)
    return written if inline else _with_shared_texts(written)


def _remembering(book: bytes, values: dict[str, Any]) -> bytes:
    """The workbook as a spreadsheet program saves it: with the formulas' last results."""

    def change(sheet: bytes) -> bytes:
        text = sheet.decode()
        for place, value in values.items():
            kind = ' t="str"' if isinstance(value, str) else ""
            result = html.escape(str(value), quote=False)
            text, found = re.subn(
                rf'<c r="{place}"([^>]*?)(?: t="\w+")?><f>(.*?)</f><v ?/?>(?:</v>)?</c>',
                lambda cell, k=kind, r=result, p=place: (
                    f'<c r="{p}"{cell[1]}{k}><f>{cell[2]}</f><v>{r}</v></c>'
                ),
                text,
            )
            assert found == 1, place
        return text.encode()

    return with_part(book, "xl/worksheets/sheet1.xml", change) if values else book


_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _with_shared_texts(book: bytes) -> bytes:
    """The workbook with its texts moved out of the cells (openpyxl leaves them there)."""
    texts: list[str] = []

    def shared(cell: re.Match[str]) -> str:
        texts.append(cell[2])
        return f'<c r="{cell[1]}" t="s"><v>{len(texts) - 1}</v></c>'

    def change(sheet: bytes) -> bytes:
        cell = r'<c r="(\w+)" t="inlineStr"><is>(.*?)</is></c>'
        return re.sub(cell, shared, sheet.decode(), flags=re.DOTALL).encode()

    def add(line: str, end: str) -> Any:
        return lambda part: part.replace(end.encode(), f"{line}{end}".encode())

    book = with_part(book, "xl/worksheets/sheet1.xml", change)
    kind = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_SPREADSHEET}'
    book = with_part(book, "[Content_Types].xml", add(f'{kind}.sharedStrings+xml"/>', "</Types>"))
    relation = f'<Relationship Id="texts" Type="{_RELATIONS}/sharedStrings" Target="sharedStrings'
    relations = "xl/_rels/workbook.xml.rels"
    book = with_part(book, relations, add(f'{relation}.xml"/>', "</Relationships>"))
    items = "".join(f"<si>{text}</si>" for text in texts)
    content = io.BytesIO(book)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr(
            "xl/sharedStrings.xml",
            f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{items}</sst>',
        )
    return content.getvalue()


def with_part(book: bytes, part: str, change: Any) -> bytes:
    """The workbook with one of its parts changed."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def xls(grid: Grid, merges: Iterable[Merge] = (), *, from_1904: bool = False) -> bytes:
    content = io.BytesIO()
    _xls_book(grid, merges, from_1904=from_1904).save(content)
    return content.getvalue()


def _xls_book(grid: Grid, merges: Iterable[Merge], *, from_1904: bool = False) -> xlwt.Workbook:
    book = xlwt.Workbook()
    book.dates_1904 = from_1904
    sheet = book.add_sheet("Sheet1")
    merged = {(first, left): (last, right) for first, left, last, right in merges}
    for line, row in enumerate(grid):
        for column, value in enumerate(row):
            style = xlwt.Style.default_style
            if isinstance(value, Formula):
                value = xlwt.Formula(value.text.removeprefix("="))
            if isinstance(value, date):
                style = xlwt.easyxf(
                    num_format_str="dd/mm/yyyy hh:mm:ss"
                    if isinstance(value, datetime)
                    else "dd/mm/yyyy"
                )
            if value is None or value == "":
                continue
            if (line, column) in merged:
                last, right = merged[line, column]
                sheet.write_merge(line, last, column, right, value, style)
            else:
                sheet.write(line, column, value, style)
    return book


def protected_xls(grid: Grid) -> bytes:
    """A workbook of Excel 97 that says it is encrypted."""
    stream = _xls_book(grid, ()).get_biff_data()
    first = 4 + struct.unpack_from("<H", stream, 2)[0]
    file_pass = struct.pack("<HH", 0x2F, 54) + struct.pack("<HHH", 1, 1, 1) + bytes(range(48))
    content = io.BytesIO()
    xlwt.CompoundDoc.XlsDoc().save(content, stream[:first] + file_pass + stream[first:])
    return content.getvalue()


def html_table(grid: Grid, merges: Iterable[Merge] = (), encoding: str = "utf-8") -> bytes:
    """What web systems save as .xls; numbers stand in it as people read them."""
    spans = {(first, left): (last, right) for first, left, last, right in merges}
    covered = {
        (line, column)
        for (first, left), (last, right) in spans.items()
        for line in range(first, last + 1)
        for column in range(left, right + 1)
    } - spans.keys()
    lines = []
    for line, row in enumerate(grid):
        cells = []
        for column, value in enumerate(row):
            if (line, column) in covered:
                continue
            last, right = spans.get((line, column), (line, column))
            down = f' rowspan="{last - line + 1}"' if last > line else ""
            across = f' colspan="{right - column + 1}"' if right > column else ""
            cells.append(f"<td{down}{across}>{html.escape(shown(value))}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    page = (
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>'
        f'<meta http-equiv="Content-Type" content="text/html; charset={encoding}"></head>'
        f'<body><table border="1">\n{chr(10).join(lines)}\n</table></body></html>'
    )
    return page.encode(encoding)


def shown(value: Any) -> str:
    """A cell as a Vietnamese spreadsheet shows it."""
    if isinstance(value, Formula):
        return shown(value.value)
    if isinstance(value, float):
        return f"{value:,.10f}".translate(str.maketrans(",.", ".,")).rstrip("0").rstrip(",")
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M:%S}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    return "" if value is None else str(value)


# --- encodings of the time before Unicode -----------------------------------------------------

# In the order of their codes; the capitals that TCVN3 has come last.
_LETTERS = "ăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵĂÂÊÔƠƯĐ"
_TCVN3_CODES = bytes.fromhex(
    "a8a9aaabacadaeb5b6b7b8b9bbbcbdbec6c7c8c9cacbcccecfd0d1d2d3d4d5d6d7d8dcdddedfe1e2e3e4e5e6e7e8"
    "e9eaebecedeeeff1f2f3f4f5f6f7f8f9fafbfcfdfea1a2a3a4a5a6a7"
)
_TCVN3 = dict(zip(_LETTERS, _TCVN3_CODES, strict=True))


def tcvn3(text: str) -> bytes:
    """Text in TCVN3 (ABC), whose capitals with a tone exist in fonts only."""
    return bytes(_TCVN3.get(letter, ord(letter)) for letter in text)


# VNI writes a letter and then its marks: the tone alone, or with the roof or breve of the letter.
_VNI_TONES = {"\u0301": "ù", "\u0300": "ø", "\u0309": "û", "\u0303": "õ", "\u0323": "ï"}
_VNI_ROOF = {"": "â", "\u0301": "á", "\u0300": "à", "\u0309": "å", "\u0303": "ã", "\u0323": "ä"}
_VNI_BREVE = {"": "ê", "\u0301": "é", "\u0300": "è", "\u0309": "ú", "\u0303": "ü", "\u0323": "ë"}
_VNI_WHOLE = dict(zip("íìỉĩịỵđơư", "íìæóòîñôö", strict=True))


def vni(text: str) -> bytes:
    """Text in VNI-Windows."""
    return "".join(_vni_letter(letter) for letter in text).encode("cp1252")


def _vni_letter(letter: str) -> str:
    if letter.lower() in _VNI_WHOLE:
        whole = _VNI_WHOLE[letter.lower()]
        return whole.upper() if letter.isupper() else whole
    base, *marks = unicodedata.normalize("NFD", letter)
    if not marks:
        return letter
    tone = "".join(mark for mark in marks if mark in _VNI_TONES)
    if "\u0302" in marks:
        mark = _VNI_ROOF[tone]
    elif "\u0306" in marks:
        mark = _VNI_BREVE[tone]
    else:  # ơ and ư have a sign of their own, to which the tone is added
        base = {"o\u031b": "ô", "u\u031b": "ö"}.get(base.lower() + marks[0], base)
        mark = _VNI_TONES[tone]
    return base.upper() + mark.upper() if letter.isupper() else base + mark


def windows_1258(text: str, *, composed: bool = False) -> bytes:
    """Text in Windows-1258: tones follow the letter, or stand in it where the code page can."""
    encoded = bytearray()
    for letter in text:
        base, *marks = unicodedata.normalize("NFD", letter)
        tones = [mark for mark in marks if mark in _VNI_TONES]
        whole = unicodedata.normalize("NFC", base + "".join(m for m in marks if m not in tones))
        try:
            encoded += letter.encode("cp1258") if composed or not tones else b""
            if not composed and tones:
                encoded += (whole + "".join(tones)).encode("cp1258")
        except UnicodeEncodeError:
            encoded += (whole + "".join(tones)).encode("cp1258")
    return bytes(encoded)


# --- what spoils a file -----------------------------------------------------------------------

MEBIBYTE = 1 << 20


def deflated_blanks(before: bytes, mebibytes: int, after: bytes = b"") -> Iterator[bytes]:
    """A raw deflate stream of much white space: blocks that follow a full flush can be repeated."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    yield squeeze.compress(before) + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(b" " * MEBIBYTE) + squeeze.flush(zlib.Z_FULL_FLUSH)
    yield block * mebibytes
    yield squeeze.compress(after) + squeeze.flush(zlib.Z_FINISH)


def gzip_bomb(before: bytes, mebibytes: int) -> bytes:
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    size = (len(before) + mebibytes * MEBIBYTE) % (1 << 32)
    return head + b"".join(deflated_blanks(before, mebibytes)) + struct.pack("<II", 0, size)


def zip_bomb(book: bytes, part: str, mebibytes: int) -> bytes:
    """A workbook one part of which unpacks to gibibytes, and says so."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name), zipfile.ZIP_DEFLATED)
        data = old.read(part)
        body = data.index(b"<sheetData>") + len(b"<sheetData>")
        packed = b"".join(deflated_blanks(data[:body], mebibytes, data[body:]))
        new.writestr(part, packed, zipfile.ZIP_STORED)
        entry = new.getinfo(part)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.file_size = len(data) + mebibytes * MEBIBYTE
    whole = bytearray(content.getvalue())
    # The local header was written as stored; the directory at the end has been written right.
    struct.pack_into("<H", whole, entry.header_offset + 8, zipfile.ZIP_DEFLATED)
    struct.pack_into("<I", whole, entry.header_offset + 22, entry.file_size)
    return bytes(whole)


def ole_container(streams: dict[str, bytes]) -> bytes:
    """A compound file (OLE) with these streams, each of 4,096 bytes or more."""
    sector = 512
    data, entries, chains = b"", [], []
    for name, content in streams.items():
        assert len(content) >= 4096
        start, count = len(data) // sector, -(-len(content) // sector)
        chains += [*range(start + 1, start + count), 0xFFFFFFFE]
        entries.append(_ole_entry(name, 2, start, len(content)))
        data += content.ljust(count * sector, b"\0")
    entries = [_ole_entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1), *entries]
    for place in range(1, len(entries) - 1):  # each stream's right neighbour is the next
        entry = bytearray(entries[place])
        struct.pack_into("<I", entry, 72, place + 1)
        entries[place] = bytes(entry)
    directory_start = len(data) // sector
    directory = b"".join(entries).ljust(-(-len(entries) // 4) * sector, b"\0")
    count = len(directory) // sector
    chains += [*range(directory_start + 1, directory_start + count), 0xFFFFFFFE]
    fat_at = len(chains)
    chains.append(0xFFFFFFFD)
    assert len(chains) <= 128
    fat = struct.pack("<128I", *chains, *[0xFFFFFFFF] * (128 - len(chains)))
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<9I", 0, 1, directory_start, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
        + struct.pack("<109I", fat_at, *[0xFFFFFFFF] * 108)
    )
    return header + data + directory + fat


def _ole_entry(name: str, kind: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )

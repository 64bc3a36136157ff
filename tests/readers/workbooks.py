"""Makes the spreadsheets that the tests read: good ones with libraries, strange ones by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import openpyxl
import xlwt

Rows = Sequence[Sequence[Any]]

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def xlsx(sheets: Mapping[str, Rows], *, hidden: Sequence[str] = ()) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def xls(sheets: Mapping[str, Rows], *, hidden: Sequence[str] = (), is_1904: bool = False) -> bytes:
    workbook = xlwt.Workbook(encoding="utf-8")
    workbook.dates_1904 = is_1904
    styles = {
        datetime: xlwt.easyxf(num_format_str="dd/mm/yyyy hh:mm:ss"),
        date: xlwt.easyxf(num_format_str="dd/mm/yyyy"),
    }
    for name, rows in sheets.items():
        sheet = workbook.add_sheet(name)
        sheet.visibility = int(name in hidden)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is not None:
                    sheet.write(at, column, cell, styles.get(type(cell), xlwt.Style.default_style))
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def html(rows: Rows) -> bytes:
    lines = ("".join(f"<td>{'' if cell is None else cell}</td>" for cell in row) for row in rows)
    return f"<html><body><table><tr>{'</tr><tr>'.join(lines)}</tr></table></body></html>".encode()


def raw_xlsx(
    data: str,
    *,
    strings: Sequence[str] = (),
    styles: str = "",
    book: str = "",
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook of one sheet whose ``<sheetData>`` holds ``data``, as Excel would lay it out.

    ``strings``: what stands in each ``<si>``; ``book``: before ``<sheets>``; ``more``: further
    members of the archive, or others in place of these.
    """
    kinds = {"worksheet": "worksheets/sheet1", "sharedStrings": "sharedStrings", "styles": "styles"}
    relations = "".join(
        f'<Relationship Id="r{kind}" Type="{_OFFICE}/{kind}" Target="{target}.xml"/>'
        for kind, target in kinds.items()
    )
    items = "".join(f"<si>{string}</si>" for string in strings)
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r"'
        f' Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{relations}'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{book}<sheets>'
        '<sheet name="Hồ sơ" sheetId="1" r:id="rworksheet"/></sheets></workbook>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{items}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData>'
        "</worksheet>",
    }
    return archive({name: (_XML + xml).encode() for name, xml in parts.items()} | (more or {}))


def archive(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression, compresslevel=1) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return content.getvalue()


def raw_row(number: int, *cells: str) -> str:
    """``<row>`` with inline texts."""
    texts = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{texts}</row>'

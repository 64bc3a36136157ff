"""A file that cannot be read is refused in one sentence; the rest of the day goes on."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from ..deliveries import DAY, deliver, load_days, loads, newest, select, set_aside
from . import tables
from .rows import assert_one_sentence, counts, keyed, load_of, stored

ROWS = [keyed("units", number) for number in range(1, 60)]
GRID, MERGES = tables.vendor_sheet(ROWS)
XLSX = tables.xlsx(GRID, MERGES)
XLS = tables.xls(GRID, MERGES)
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
MESSAGE = json.dumps({"service": "DongBoHoSoMC", "data": ROWS}, ensure_ascii=False).encode()
CSV = tables.comma_separated(tables.plain(ROWS))
SHEET = "xl/worksheets/sheet1.xml"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 4
WORD = tables.ole_container({"WordDocument": bytes(5000), "1Table": bytes(5000)})
DOCX = tables.with_part(XLSX, SHEET, lambda data: data).replace(b"xl/w", b"wo/w")

ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    + "]>"
)
OUTSIDE_ENTITY = '<!DOCTYPE x [<!ENTITY a11 SYSTEM "file:///etc/hostname">]>'


def with_entities(doctype: str) -> bytes:
    def change(sheet: bytes) -> bytes:
        text = sheet.decode()
        body = text.index("<worksheet")
        cell = '<row r="900"><c r="A900" t="inlineStr"><is><t>&a11;</t></is></c></row></sheetData>'
        return (text[:body] + doctype + text[body:].replace("</sheetData>", cell)).encode()

    return tables.with_part(XLSX, SHEET, change)


REFUSED: dict[str, bytes] = {
    # of another type than its name says, or of a type that nobody reads
    "anh.csv": PNG,
    "anh.xlsx": PNG,
    "tai_lieu.xlsx": PDF,
    "tai_lieu.xls": PDF,
    "tai_lieu.json": PDF,
    "tai_lieu.csv": PDF,
    "tai_lieu.pdf": PDF,
    "tai_lieu.docx": DOCX,
    "word.xls": WORD,
    "bang.csv.gz": CSV,
    "dong.jsonl.gz": LINES,
    "macro.xlsm": XLSX,
    "nen.zip": DOCX,
    "khong_duoi": LINES,
    "trang.json": b"<html><body>Dang nhap</body></html>",
    "van_ban.json": "không phải JSON".encode(),
    "so.json": b"5",
    "chuoi.json": b'"MaDonVi"',
    "zip.xlsx": tables.with_part(XLSX, SHEET, lambda data: b""),
    "van_ban.xlsx": "không phải bảng tính".encode(),
    "rong.xlsx": b"",
    "rong.xls": b"",
    "rong.json": b"",
    "rong.csv.gz": b"",
    # cut off
    "cut.json": MESSAGE[:-20],
    "cut_mang.json": json.dumps(ROWS).encode()[:-1],
    "cut.jsonl.gz": gzip.compress(LINES)[:-10],
    "cut_nua.jsonl.gz": gzip.compress(LINES)[:60],
    "cut.csv.gz": gzip.compress(CSV)[:-10],
    "cut.xlsx": XLSX[: len(XLSX) // 2],
    "cut_cuoi.xlsx": XLSX[:-30],
    "cut.xls": XLS[: len(XLS) // 3],
    "hong.csv.gz": gzip.compress(CSV)[:-8] + b"\0" * 8,
    "hong.xlsx": tables.with_part(XLSX, SHEET, lambda data: data[: len(data) // 2]),
    # behind a password
    "mat_khau.xlsx": tables.ole_container(
        {"EncryptionInfo": bytes(4096), "EncryptedPackage": bytes(range(256)) * 40}
    ),
    "mat_khau.xls": tables.protected_xls(GRID),
    # without a header
    "khong_tieu_de.csv": b"1,2,3\n4,5,6\n",
    "tieu_de_la.csv": "Cột một,Cột hai\nx,y\n".encode(),
    "khong_tieu_de.xlsx": tables.xlsx([["a", "b"], [1, 2], [3, 4]]),
    "tieu_de_la.xlsx": tables.xlsx([["STT", "Cột một", "Cột hai"], [1, "x", "y"]]),
    "khong_tieu_de.xls": tables.xls([["a", "b"], [1, 2], [3, 4]]),
    "trang_khong_tieu_de.xls": tables.html_table([["a", "b"], ["1", "2"]]),
    "trang_khong_bang.xls": b"<html><body><p>Het phien lam viec</p></body></html>",
    "bang_trong.xlsx": tables.xlsx([]),
    # in a wrong encoding
    "ma_hoa.json": MESSAGE.replace("Phường".encode(), b"Ph\xff\xfe\xfdng"),
    # bombs
    "bom.xlsx": tables.zip_bomb(XLSX, SHEET, 1200),
    "bom.csv.gz": tables.gzip_bomb(b"MaDonVi,TenDonVi\nH24.00001,", 1024),
    "mang.json.gz": gzip.compress(MESSAGE),
    "thuc_the.xlsx": with_entities(ENTITIES),
    "thuc_the_ngoai.xlsx": with_entities(OUTSIDE_ENTITY),
}
# A word that the sentence needs for a person to know what is wrong.
SAYS = {
    "mat_khau.xlsx": "mật khẩu",
    "mat_khau.xls": "mật khẩu",
    "khong_tieu_de.csv": "tiêu đề",
    "khong_tieu_de.xlsx": "tiêu đề",
}
GOOD = {"a_truoc.jsonl": 901, "khong_tieu_de_2.json": 902, "zz_sau.xlsx": 903}


@pytest.fixture(scope="module")
def landing(world: Path) -> Path:
    for file_name, content in REFUSED.items():
        deliver("units", file_name, content)
    for file_name, number in GOOD.items():
        row = keyed("units", number)
        if file_name.endswith(".xlsx"):
            deliver("units", file_name, tables.xlsx(*tables.vendor_sheet([row])))
        else:
            deliver("units", file_name, [row])
    deliver("unit_procedures", "sau.csv", [keyed("unit_procedures", 904)])
    load_days()
    return world


@pytest.mark.parametrize("file_name", REFUSED)
def test_it_is_refused_in_one_vietnamese_sentence_that_names_it(
    landing: Path, file_name: str
) -> None:
    load = load_of(file_name)
    assert load["state"] == "refused"
    assert_one_sentence(load["refusal"], file_name)
    assert (load["rows_read"], load["rows_accepted"], load["rows_set_aside"]) == (0, 0, 0)


@pytest.mark.parametrize(("file_name", "word"), SAYS.items())
def test_the_sentence_says_what_is_wrong(landing: Path, file_name: str, word: str) -> None:
    assert word in load_of(file_name)["refusal"].lower()


def test_no_row_of_a_refused_file_is_taken_or_set_aside(landing: Path) -> None:
    assert {row["madonvi"] for row in newest("units").values()} == {
        f"H24.{number:05}" for number in GOOD.values()
    }
    assert not set_aside()


@pytest.mark.parametrize("file_name", GOOD)
def test_the_days_other_files_go_on(landing: Path, file_name: str) -> None:
    assert counts(file_name) == (1, 1, 0)
    assert stored("units", GOOD[file_name]) is not None


def test_the_days_other_sources_go_on(landing: Path) -> None:
    assert stored("unit_procedures", 904) is not None


@pytest.mark.parametrize("file_name", REFUSED)
def test_every_byte_received_stays_in_the_landing_area_under_its_sha_256(
    landing: Path, file_name: str
) -> None:
    digest = hashlib.sha256(REFUSED[file_name]).hexdigest()
    assert load_of(file_name)["sha256"] == digest
    landed = [
        path
        for path in landing.rglob("*")
        if path.is_file() and digest in path.relative_to(landing).as_posix().replace("/", "")
    ]
    assert [path.read_bytes() for path in landed] == [REFUSED[file_name]]


def test_every_file_of_the_day_is_accounted_for(landing: Path) -> None:
    assert {load["file_name"] for load in loads()} == {*REFUSED, *GOOD, "sau.csv"}


def test_what_was_refused_is_read_when_it_comes_again_whole(landing: Path) -> None:
    deliver("units", "cut.json", [keyed("units", 905)])
    load_days(DAY)

    assert load_of("cut.json")["state"] == "loaded"
    assert stored("units", 905) is not None
    assert select(
        "select 1 from ops.load join ops.file using (file_id)"
        " where file_name = 'cut.json' and state = 'refused'"
    )

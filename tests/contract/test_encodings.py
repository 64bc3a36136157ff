"""Tables in the encodings that Vietnamese systems have written, and letters in any Unicode form."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from ..deliveries import Row, deliver, load_days, newest
from . import tables
from .rows import counts, key, stored

# All letters of the language occur; capitals with a tone do not, for TCVN3 has none.
NAMES = (
    "Đăng ký khai sinh có yếu tố nước ngoài",
    "Thủ tục chứng thực bản sao từ bản chính giấy tờ, văn bản",
    "Cấp giấy chứng nhận quyền sử dụng đất lần đầu",
    "Xác nhận tình trạng hôn nhân; đăng ký lại kết hôn",
    "Hỗ trợ kinh phí mai táng cho đối tượng bảo trợ xã hội",
    "Giải quyết chế độ trợ cấp ưu đãi đối với thương binh",
    "Thẩm định, phê duyệt hồ sơ mời thầu xây dựng cơ sở hạ tầng",
    "Đề nghị cấp phép sửa chữa, cải tạo nhà ở riêng lẻ",
    "Trích lục bản đồ địa chính, chuyển mục đích sử dụng",
    "Kiểm tra sổ hộ khẩu, nghĩa vụ quân sự của người dũng cảm",
    "Đổi giấy phép vận tải thủy nội địa ở bến phà, tàu kéo",
    "Khuyến nghị lưỡng lự, ngã rẽ, mỹ thuật, kỹ nghệ, xẻ gỗ, kẽ hở",
)
CAPITALS = "ỦY BAN NHÂN DÂN PHƯỜNG NHỊ CHIỂU, ĐỒNG HỶ"
TITLES = {"MaDonVi": "Mã đơn vị", "TenDonVi": "Tên đơn vị", "MaDonViCha": "Đơn vị cấp trên"}
SHORT = "phường nhị chiểu"
LONG = 3000  # rows without a mark before the first one with some
FIELDS = {field: field for field in TITLES}


def decomposed(text: str) -> bytes:
    return unicodedata.normalize("NFD", text).encode()


def composed_1258(text: str) -> bytes:
    return tables.windows_1258(text, composed=True)


def little_endian(text: str) -> bytes:
    return b"\xff\xfe" + text.encode("utf-16-le")


def big_endian(text: str) -> bytes:
    return b"\xfe\xff" + text.encode("utf-16-be")


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-8 decomposed": decomposed,
    "UTF-16 little endian": little_endian,
    "UTF-16 big endian": big_endian,
    "Windows-1258": tables.windows_1258,
    "Windows-1258 composed": composed_1258,
    "TCVN3": tables.tcvn3,
    "VNI": tables.vni,
}
# Encoding, titles or field names, delimiter; the file has a row per name.
CASES = [
    (encoding, titles, delimiter)
    for encoding in ENCODINGS
    for titles, delimiter in (("titles", ";"), ("fields", ","), ("titles", "\t"))
    if delimiter != "\t" or encoding.startswith("UTF-16")
]
WITH_CAPITALS = [encoding for encoding in ENCODINGS if encoding != "TCVN3"]


def rows_of(place: int) -> list[Row]:
    encoding = CASES[place][0]
    return [
        {
            "MaDonVi": key("units", 100 * place + number),
            "TenDonVi": name,
            "MaDonViCha": CAPITALS if encoding in WITH_CAPITALS else "",
        }
        for number, name in enumerate(NAMES)
    ]


def file_name(place: int) -> str:
    return f"bang{place:02}.csv"


@pytest.fixture(scope="module", autouse=True)
def _delivered(world: Path) -> None:
    (world / "aliases").mkdir()
    (world / "aliases" / "phuong.csv").write_text(
        "source,title,field\n"
        + "".join(f"units,{title},{field}\n" for field, title in TITLES.items())
    )
    for place, (encoding, titles, delimiter) in enumerate(CASES):
        grid = tables.plain(rows_of(place), TITLES if titles == "titles" else FIELDS)
        text = tables.comma_separated(grid, delimiter).decode()
        deliver("units", file_name(place), ENCODINGS[encoding](text))
    for number, (encoding, encode) in enumerate(ENCODINGS.items()):
        row = "H24.{},{}\n"
        few = "MaDonVi,TenDonVi\n" + row.format(80000 + number, SHORT)
        deliver("units", f"ngan_{number}.csv", encode(few))
        if not encoding.startswith("UTF-16"):
            filler = "".join(row.format(f"F{n}", f"Don vi so {n}") for n in range(LONG))
            late = "MaDonVi,TenDonVi\n" + filler + row.format(81000 + number, SHORT)
            deliver("units", f"dai_{number}.csv", encode(late))
    whole = {"MaDonVi": "H24.90001", "TenDonVi": unicodedata.normalize("NFD", CAPITALS)}
    deliver("units", "tach.jsonl", json.dumps(whole, ensure_ascii=False).encode() + b"\n")
    deliver("units", "thoat.json", json.dumps([whole | {"MaDonVi": "H24.90002"}]).encode())
    sheet = tables.vendor_sheet([whole | {"MaDonVi": "H24.90003"}])
    deliver("units", "tach.xlsx", tables.xlsx(*sheet))
    load_days()


@pytest.mark.parametrize(
    "place", [pytest.param(place, id=" ".join(case)) for place, case in enumerate(CASES)]
)
def test_an_encoding_is_recognised_and_its_text_stored_in_composed_letters(place: int) -> None:
    assert counts(file_name(place)) == (len(NAMES), len(NAMES), 0)
    found = newest("units")
    for number, name in enumerate(NAMES):
        row = found[key("units", 100 * place + number)]
        assert row["tendonvi"] == name
        assert row["madonvicha"] == (CAPITALS if CASES[place][0] in WITH_CAPITALS else None)


@pytest.mark.parametrize(
    "number", [90001, 90002, 90003], ids=["JSON", "JSON of escapes", "workbook"]
)
def test_decomposed_letters_of_any_format_are_stored_composed(number: int) -> None:
    row = stored("units", number)
    assert row is not None
    assert row["tendonvi"] == CAPITALS

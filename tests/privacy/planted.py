"""Personal data as exports have it, planted where it belongs and where nobody expects it."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile, is_zipfile

from chiso766.sources import SOURCES, Kind

from ..deliveries import DOSSIER, GOOD, Row, written

OFFICIAL = "Nguyễn Thị Mẫu Cán Bộ"
PLANTED = (
    OFFICIAL,
    "Trần Văn Người Dân",
    "030190000001",
    "0912345678",
    "nguoidan@vidu.vn",
    "Tổ dân phố Mười Chín",
    "đơn xin xác nhận riêng tư",
    "to-khai-Tran-Van-Nguoi-Dan.pdf",
    "token-bi-mat-4711",
)


def personal(source: str) -> Row:
    """Planted texts in every personal field of the source, and where nobody expects them."""
    fields: Row = {
        name: PLANTED[1 + number % 6] for number, name in enumerate(sorted(SOURCES[source].dropped))
    }
    fields |= {
        name: OFFICIAL for name, kind in SOURCES[source].fields.items() if kind is Kind.HASHED
    }
    return fields | {
        "SODIENTHOAI": PLANTED[3],
        "email": PLANTED[4],
        "HoTenNguoiNop": PLANTED[1],
        "SoCCCD": PLANTED[2],
        "LienLac": {"DiaChi": PLANTED[5], "SoDienThoai": [PLANTED[3]], "Kenh": "zalo"},
        "BoPhan": [{"HoVaTen": PLANTED[1]}],
    }


def dossier() -> Row:
    file = {
        "TenTepDinhKem": PLANTED[7],
        "DuongDanTaiTepTin": f"https://kho.example/{PLANTED[7]}?t={PLANTED[8]}",
        "MaKetQuaThayThe": PLANTED[2],
        "NguoiNop": PLANTED[1],
    }
    result = {
        "TenGiayTo": PLANTED[1],
        "MaKetQua": PLANTED[2],
        "DuongDanTepTinKetQua": f"https://kho.example/{PLANTED[8]}",
    }
    supplement = {"HoSoBoSungId": "1", "NgayBoSung": "20261120", "NoiDungBoSung": PLANTED[6]}
    return DOSSIER | {
        "TaiLieuNop": [file],
        "DanhSachGiayToKetQua": [result],
        "DanhSachHoSoBoSung": [supplement],
    }


def rows_of(source: str) -> list[Row]:
    good = (dossier() if source == "dossiers" else GOOD[source]) | personal(source)
    return [
        good,
        good | dict.fromkeys(SOURCES[source].key),
        good | dict.fromkeys(SOURCES[source].items, "[hỏng " + PLANTED[1]),
    ]


def files_of(source: str) -> dict[str, bytes]:
    """File name -> content: all that was planted, also in files that cannot be read."""
    broken = '{"MaHoSo": "' + " ".join(PLANTED) + '"'
    too_many = [*GOOD[source].values(), *PLANTED]
    header = ",".join(GOOD[source])
    return {
        "dot1.json": written("dot1.json", rows_of(source)),
        "dot1.csv": written("dot1.csv", rows_of(source)),
        "hong.jsonl": broken.encode(),
        "hong.json": f"[{broken}".encode(),
        "hong.csv": ",".join(PLANTED).encode(),
        "ngoac.csv": f'{header}\n"{PLANTED[1]}'.encode(),
        "thua.csv": f"{header}\n{','.join(map(str, too_many))}".encode(),
        "ma.jsonl": f'{{"MaHoSo": "{PLANTED[1]}"}}'.encode("utf-16"),
    }


def found_in(content: str | bytes) -> list[str]:
    """What was planted and is there; of a ZIP (a spreadsheet, a document), in what it holds."""
    if isinstance(content, str):
        return [planted for planted in PLANTED if planted in content]
    if is_zipfile(BytesIO(content)):
        with ZipFile(BytesIO(content)) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    return [planted for planted in PLANTED if planted.encode() in content]

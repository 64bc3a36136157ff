"""What reading a large file of each format takes: ``python -m benchmarks.memory --rows 500000``.

Writes dossiers into a temporary folder, a file per format, and reads each as the night does, in a
process of its own. Limits: 512 MB for CSV and JSON, 1.5 GB for spreadsheets.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import IO, Any

import openpyxl
import xlwt

from chiso766.readers import reading
from chiso766.sources import SOURCES

_DOSSIERS = SOURCES["dossiers"]
_FIELDS = list(_DOSSIERS.fields)
_ROWS_OF_XLS = 65_536  # on a sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--formats", nargs="*", default=list(_WRITERS), choices=list(_WRITERS))
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        _read(arguments.read)
        return
    print(f"{'file':<14}{'MB':>8}{'rows':>10}{'seconds':>10}{'peak MB':>10}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.formats:
            path = Path(folder) / name
            _WRITERS[name](path, arguments.rows)
            command = [sys.executable, "-m", "benchmarks.memory", "--read", str(path)]
            read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(f"{name:<14}{path.stat().st_size >> 20:>8}{read}", end="", flush=True)
            path.unlink()


def _read(path: Path) -> None:
    """Print rows, seconds and the peak of this process and of one that it starts, in MB."""
    start = time.monotonic()
    with reading(path, path.name.removeprefix("html_"), _DOSSIERS) as export:
        rows = sum(1 for _, row in export.lines if row)
    seconds = time.monotonic() - start
    # What getrusage says of this process counts the one that started it.
    [own] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    peak = int(own) + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"{rows:>10}{seconds:>10.1f}{peak >> 10:>10}")


def _row(number: int) -> dict[str, str]:
    day = f"202611{number % 28 + 1:02}"
    components = [
        {
            "TenTepDinhKem": f"to_khai_{number}_{part}.pdf",
            "DuongDanTaiTepTin": f"https://kho.example/tep/{number:09}/{part}",
            "DuocSoHoa": str(part % 2),
            "DuocTaiSuDung": "0",
        }
        for part in range(2)
    ]
    results = [{"MaKetQua": f"KQ{number}", "DuongDanTepTinKetQua": f"https://kho.example/{number}"}]
    return dict.fromkeys(_FIELDS, "") | {
        "MaHoSo": f"H24.{number % 114:03}-{day[2:]}-{number:06}",
        "MaTTHC": f"1.{number % 300:06}",
        "TenTTHC": f"Thủ tục đăng ký số {number % 300} theo quy định của pháp luật hiện hành",
        "MaLinhVuc": f"LV{number % 40}",
        "TenLinhVuc": f"Lĩnh vực số {number % 40}",
        "KenhThucHien": str(number % 3 + 1),
        "NgayNopHoSo": f"{day}080000",
        "NgayTiepNhan": f"{day}08{number % 60:02}{number // 60 % 60:02}",
        "NgayHenTra": f"{day}170000",
        "TrangThaiHoSo": "4",
        "HinhThuc": str(number % 2),
        "DonViXuLy": f"Phòng chuyên môn {number % 12}",
        "NguoiXuLy": f"Cán bộ {number % 500}",
        "HoSoCoThanhPhanSoHoa": "1",
        "MaXaChuHoSo": f"{10_000 + number % 114}",
        "DSKetNoiCSDL": '[{"MaCSDL": "7"}]',
        "TaiLieuNop": json.dumps(components),
        "DanhSachGiayToKetQua": json.dumps(results),
    }


def _write_csv(path: Path, rows: int) -> None:
    with _text(path) as file:
        writer = csv.DictWriter(file, _FIELDS)
        writer.writeheader()
        writer.writerows(map(_row, range(rows)))


def _write_lines(path: Path, rows: int) -> None:
    with _text(path) as file:
        file.writelines(json.dumps(_row(number)) + "\n" for number in range(rows))


def _write_message(path: Path, rows: int) -> None:
    with _text(path) as file:
        file.write('{"service": "DongBoHoSoMC", "madonvi": "H24", "data": [')
        file.writelines(", " * (number > 0) + json.dumps(_row(number)) for number in range(rows))
        file.write("]}")


def _write_html(path: Path, rows: int) -> None:
    with _text(path) as file:
        file.write("<html><body><table>")
        for cells in _sheet(0, rows):
            file.write(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>\n")
        file.write("</table></body></html>")


def _write_xlsx(path: Path, rows: int) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Hồ sơ")
    for cells in _sheet(0, rows):
        sheet.append(cells)
    workbook.save(path)


def _write_xls(path: Path, rows: int) -> None:
    workbook = xlwt.Workbook(encoding="utf-8")
    for first in range(0, rows, _ROWS_OF_XLS - 1):
        sheet = workbook.add_sheet(f"Từ {first + 1}")
        cells_of_rows = _sheet(first, min(rows, first + _ROWS_OF_XLS - 1))
        for at, cells in enumerate(cells_of_rows):
            for column, cell in enumerate(cells):
                sheet.write(at, column, cell)
        sheet.flush_row_data()
    workbook.save(str(path))


def _sheet(first: int, last: int) -> Iterator[list[str]]:
    yield ["STT", *_FIELDS]
    for number in range(first, last):
        yield [str(number + 1), *_row(number).values()]


def _text(path: Path) -> IO[Any]:
    if path.suffix == ".gz":
        return gzip.open(path, "wt", encoding="utf-8", newline="", compresslevel=1)
    return path.open("w", encoding="utf-8", newline="")


_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "a.csv": _write_csv,
    "a.csv.gz": _write_csv,
    "a.jsonl": _write_lines,
    "a.jsonl.gz": _write_lines,
    "a.json": _write_message,
    "a.xlsx": _write_xlsx,
    "a.xls": _write_xls,
    "html_a.xls": _write_html,
}

if __name__ == "__main__":
    main()

"""connectors.csv: one line per source and connection; a wrong line is named and stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.errors import ChisoError
from chiso766.fetch import fetch_day

from ..deliveries import DAY, GOOD, deliver, select
from .conftest import Declare

pytestmark = pytest.mark.usefixtures("empty_warehouse", "airflow")

HEADER = "source,connection,path\n"


def configure(content: str | bytes) -> Path:
    table = settings.make_private(settings.load().home) / "connectors.csv"
    table.write_bytes(content.encode() if isinstance(content, str) else content)
    return table


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("units,kho", "có 2 cột: hãy ghi ba cột source,connection,path"),
        ("units,kho,x/{day},y", "có 4 cột"),
        ("don_vi,kho,x/{day}", "không có nguồn tên này"),
        ("units,,x/{day}", "mã kết nối không hợp lệ"),
        ("units,..,x/{day}", "mã kết nối không hợp lệ"),
        ("units,a/b,x/{day}", "mã kết nối không hợp lệ"),
        ("portal_scores,cong_dvcqg,x/{day}", "chỉ để hỏi điểm của Cổng DVCQG"),
        ("units,kho,x/", "phải có {day}"),
        ("units,kho,x/{day}/{ngay}", "dấu ngoặc nhọn"),
        ("units,kho,x/{day}/{", "dấu ngoặc nhọn"),
        ("units,kho,x/{day}}", "dấu ngoặc nhọn"),
    ],
)
def test_a_wrong_line_is_named(line: str, sentence: str) -> None:
    deliver("units", "a.csv", [GOOD["units"]])
    table = configure(f"{HEADER}\n{line}\n")

    with pytest.raises(ChisoError) as failed:
        fetch_day(DAY)

    assert str(failed.value).startswith(f"Tệp {table}, dòng 3: ")
    assert sentence in str(failed.value)
    assert select("select count(*) from ops.file") == [{"count": 1}]


def test_a_second_line_of_a_source_with_the_same_connection_is_named() -> None:
    configure(f"{HEADER}units,kho,x/{{day}}\nunits,kho,y/{{day}}\n")

    with pytest.raises(ChisoError, match="dòng 3: nguồn này đã có một dòng với kết nối này"):
        fetch_day(DAY)


def test_titles_that_are_wrong_or_missing_are_named() -> None:
    configure("units,kho,x/{day}\n")

    with pytest.raises(ChisoError, match="dòng 1: hãy ghi tên cột source,connection,path"):
        fetch_day(DAY)


@pytest.mark.parametrize("content", [HEADER.encode("utf-16"), b'source,"connection\n'])
def test_a_file_that_is_no_csv_is_said(content: bytes) -> None:
    deliver("units", "a.csv", [GOOD["units"]])
    configure(content)

    with pytest.raises(ChisoError, match="hãy lưu lại dưới dạng CSV bằng UTF-8"):
        fetch_day(DAY)

    assert select("select count(*) from ops.file") == [{"count": 1}]


def test_no_lines_are_fine_with_a_byte_order_mark_too() -> None:
    configure(b"\xef\xbb\xbf" + HEADER.encode() + b"\n")

    fetch_day(DAY)


@pytest.mark.parametrize(
    ("connection", "path", "sentence"),
    [
        ({"conn_type": "postgres", "host": "x"}, "x/{day}", "thuộc loại không dùng được"),
        ({"conn_type": "sftp"}, "x/{day}", "thiếu host, login"),
        ({"conn_type": "sftp", "host": "x", "login": "y"}, "x/{day}/{page}", "hãy bỏ {page}"),
        ({"conn_type": "http"}, "x/{day}", "thiếu host"),
        ({"conn_type": "aws"}, "x/{day}", "thiếu login, password"),
        (
            {"conn_type": "aws", "login": "a", "password": "b", "extra": {"endpoint_url": "x y"}},
            "x/{day}",
            "endpoint_url hoặc region_name không hợp lệ",
        ),
        (
            {"conn_type": "https", "host": "x", "extra": {"ca_file": "/khong-co"}},
            "x/{day}",
            "tệp không đọc được (/khong-co)",
        ),
        (
            {"conn_type": "https", "host": "x", "extra": {"ca_file": __file__}},
            "x/{day}",
            "ca_file",
        ),
        (
            {"conn_type": "sftp", "host": "x", "login": "y", "extra": {"key_file": "/khong-co"}},
            "x/{day}",
            "tệp không đọc được (/khong-co)",
        ),
    ],
)
def test_a_connection_that_cannot_be_used_is_named(
    declare: Declare, connection: dict[str, object], path: str, sentence: str
) -> None:
    declare("units", "kho", path, connection)

    with pytest.raises(ChisoError) as failed:
        fetch_day(DAY)

    assert "kho" in str(failed.value)
    assert sentence in str(failed.value)


def test_a_connection_that_airflow_does_not_know_is_named() -> None:
    configure(f"{HEADER}units,khong_co,x/{{day}}\n")

    with pytest.raises(ChisoError, match=r"Không có kết nối khong_co .*AIRFLOW_CONN_KHONG_CO"):
        fetch_day(DAY)

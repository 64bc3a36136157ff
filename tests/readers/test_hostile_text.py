"""Text files made to exhaust memory or time are refused or set aside within bounds."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import chiso766.readers as readers
from chiso766.readers import csv_table, json_lines, json_message, reading
from chiso766.readers.export import LONGEST_ROW, Export, Line, Refused
from chiso766.rows import Tidy
from chiso766.sources import SOURCES, Source

UNITS = SOURCES["units"]
MB = 1 << 20
Reader = Callable[[io.BufferedReader, Source], Export]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))


class Repeated(io.RawIOBase):
    """A file of ``head``, the same piece many times, and ``tail``, without its bytes anywhere."""

    def __init__(self, head: bytes, piece: bytes, size: int, tail: bytes = b"") -> None:
        self._piece = piece * (MB // len(piece))
        self._parts = [head, *[self._piece] * (size // len(self._piece)), tail]
        self._ends = []
        self._size = 0
        for part in self._parts:
            self._size += len(part)
            self._ends.append(self._size)
        self._at = 0
        self.consumed = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        for part, end in zip(self._parts, self._ends, strict=True):
            if self._at < end:
                start = self._at - (end - len(part))
                given = part[start : start + len(buffer)]
                buffer[: len(given)] = given
                self._at += len(given)
                self.consumed += len(given)
                return len(given)
        return 0


def lines(reader: Reader, file: Repeated) -> list[Line]:
    """What is read, asserting that memory stays bounded; raises ``Refused``."""
    tracemalloc.start()
    try:
        return list(reader(io.BufferedReader(file), UNITS).lines)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 256 * MB


def refusal(reader: Reader, file: Repeated) -> str:
    with pytest.raises(Refused) as refused:
        lines(reader, file)
    return str(refused.value)


# --- lines, cells and values without an end -------------------------------------------------


@pytest.mark.parametrize("piece", [b"x", b"x,", b'""', b"\0", "ệ".encode()])
@pytest.mark.parametrize("head", [b"MaDonVi,Cap\nH24,xa\nH25,", b'MaDonVi,Cap\nH24,xa\nH25,"'])
def test_a_csv_row_without_an_end_refuses_the_file(head: bytes, piece: bytes) -> None:
    file = Repeated(head, piece, 4 * LONGEST_ROW)

    assert "dòng quá dài, ở dòng 3" in refusal(csv_table.read, file)


@pytest.fixture
def short_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest row is one that tracing the memory of its many parts does not take seconds."""
    monkeypatch.setattr(csv_table, "LONGEST_ROW", MB)


@pytest.mark.usefixtures("short_rows")
def test_a_quoted_cell_of_short_lines_without_an_end_refuses_the_file() -> None:
    file = Repeated(b'MaDonVi,Cap\nH24,"', b"seven b\n", 2 * MB)

    assert "dòng quá dài, ở dòng 2" in refusal(csv_table.read, file)


@pytest.mark.usefixtures("short_rows")
def test_a_row_of_many_cells_over_many_lines_without_an_end_refuses_the_file() -> None:
    file = Repeated(b"MaDonVi,Cap\n", b'"a\nb",', 2 * MB)

    assert "dòng quá dài, ở dòng 2" in refusal(csv_table.read, file)


@pytest.mark.parametrize("head", [b"", b"MaDonVi,", b'"'])
@pytest.mark.parametrize("piece", [b"x", b"x,", b"\0", b" "])
def test_a_header_without_an_end_refuses_the_file(head: bytes, piece: bytes) -> None:
    sentence = refusal(csv_table.read, Repeated(head, piece, 40 * MB))

    assert "dòng đầu" in sentence


def test_a_header_of_very_many_columns_refuses_the_file() -> None:
    file = Repeated(b"MaDonVi," + b"a," * 20_000 + b"\n", b"H24\n", MB)

    assert "có 20002 cột ở dòng đầu" in refusal(csv_table.read, file)


@pytest.mark.parametrize("piece", [b"\n", b"\r\n", b",\n", b" ,\t\n"])
def test_blank_lines_without_an_end_refuse_the_file(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(csv_table, "_MOST_BLANK_LINES", 10_000)
    file = Repeated(b"MaDonVi,Cap\nH24,xa\n", piece, MB)

    assert "dòng trống liền nhau, từ dòng 3" in refusal(csv_table.read, file)


def test_blank_lines_before_the_header_refuse_the_file() -> None:
    assert "dòng đầu" in refusal(csv_table.read, Repeated(b"", b"\n", 40 * MB, b"MaDonVi\nH24\n"))


def test_blank_lines_of_a_sheet_that_was_saved_whole_are_none() -> None:
    file = Repeated(b"MaDonVi,Cap\nH24,xa\n", b",\n", 2 * MB, b"H25,xa\n")

    rows = csv_table.read(io.BufferedReader(file), UNITS).lines

    assert [line for line, _ in rows] == [2, 3 + MB]


@pytest.mark.parametrize("piece", [b"x", b"[", b'{"a":', b'"', b"\\", b" ", b"\0", b"9", b"\xff"])
def test_a_json_line_without_an_end_is_unreadable_and_the_next_is_read(piece: bytes) -> None:
    file = Repeated(b'{"a": "1"}\n{"a": ', piece, 3 * LONGEST_ROW, b'\n{"a": "3"}\n')

    assert lines(json_lines.read, file) == [(1, {"a": "1"}), (2, None), (3, {"a": "3"})]


def test_a_last_json_line_without_an_end_is_unreadable() -> None:
    file = Repeated(b'{"a": "1"}\n', b"x", 2 * LONGEST_ROW)

    assert lines(json_lines.read, file) == [(1, {"a": "1"}), (2, None)]


def test_a_json_line_of_the_longest_length_is_read() -> None:
    content = b'{"a": "' + b"x" * (LONGEST_ROW - 10) + b'"}\n'
    file = Repeated(content + b" " + content, b"\n", 0)

    (_, first), (_, second) = lines(json_lines.read, file)

    assert len(content) == LONGEST_ROW
    assert first is not None
    assert second is None


@pytest.mark.parametrize("piece", [b"x", b"[", b'{"a":', b'"a" ', b"\\", b"9", b"[1,", b"\0"])
@pytest.mark.parametrize("start", [b"", b'"'])
def test_a_json_value_without_an_end_refuses_the_file_and_is_not_read_on(
    start: bytes, piece: bytes
) -> None:
    file = Repeated(b'{"data": [{"a": "1"}, ' + start, piece, 20 * LONGEST_ROW)

    sentence = refusal(json_message.read, file)

    assert "sau phần tử thứ 1" in sentence
    assert file.consumed <= 3 * LONGEST_ROW


def test_blanks_between_json_values_are_stepped_over() -> None:
    file = Repeated(b'[{"a": "1"}', b" \r\n\t", 2 * LONGEST_ROW, b', {"a": "2"}]')

    assert lines(json_message.read, file) == [(1, {"a": "1"}), (2, {"a": "2"})]


# --- gzip -----------------------------------------------------------------------------------


@pytest.fixture
def bomb(tmp_path: Path) -> Iterator[Path]:
    """A gzip of many parts that are each a thousand times larger unpacked."""
    path = tmp_path / "landed"
    path.write_bytes(gzip.compress(b"MaDonVi\n") + gzip.compress(bytes(8 * MB)) * 60)
    return path


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
def test_a_gzip_that_unpacks_to_far_more_than_it_is_is_refused(bomb: Path, name: str) -> None:
    with (
        pytest.raises(Refused, match=r"Tệp a\..* khi giải nén lớn hơn 200 lần.*\."),
        reading(bomb, name, UNITS) as export,
    ):
        list(export.lines)


@pytest.mark.parametrize(("filling", "is_read"), [(600, True), (6_000, False)])
def test_a_gzip_of_an_export_is_far_from_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filling: int, is_read: bool
) -> None:
    monkeypatch.setattr(readers, "_ALWAYS_UNPACKED", MB)
    path = tmp_path / "landed"
    rows = [f"H24.{n * 7919 % 100_003},{'x' * filling}\n" for n in range(3_000_000 // filling)]
    path.write_bytes(gzip.compress(("MaDonVi,TenDonVi\n" + "".join(rows)).encode()))

    try:
        with reading(path, "a.csv.gz", UNITS) as export:
            count = sum(1 for _ in export.lines)
    except Refused:
        count = 0

    assert count == (len(rows) if is_read else 0)


# --- values ---------------------------------------------------------------------------------


def test_long_texts_of_many_rows_are_not_remembered() -> None:
    tidy = Tidy(SOURCES["dossiers"], (b"secret",))
    tracemalloc.start()
    for row in range(100):
        tidy.columns({"NguoiXuLy": f"{row}" * MB, f"{row}" * MB: "x"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 32 * MB


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e99999999999999999999", "1e99999999999999999999"),
        ("-1.5E-99999999999999999999", "-1.5E-99999999999999999999"),
        ("1e999999", Decimal("1e999999")),
        ('"\\u0000\\ud800"', "\0\ufffd"),
    ],
)
def test_absurd_values_of_json_are_values(tmp_path: Path, written: str, value: object) -> None:
    path = tmp_path / "landed"
    path.write_text(f'{{"a": {written}}}\n')

    with reading(path, "a.jsonl", UNITS) as export:
        assert list(export.lines) == [(1, {"a": value})]


def test_a_line_separator_of_unicode_ends_no_line(tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_bytes('\ufeff{"a": "x\u2028y\x85z"}\r\n{"a": "2"}\r\n{"a": "3'.encode())

    with reading(path, "a.jsonl", UNITS) as export:
        assert list(export.lines) == [(1, {"a": "x\u2028y\x85z"}), (2, {"a": "2"}), (3, None)]


def test_nul_bytes_of_a_csv_are_part_of_its_values(tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_bytes(b"MaDonVi,TenDonVi\nH\x0024,\0\nH25,x\n")

    with reading(path, "a.csv", UNITS) as export:
        rows = list(export.lines)

    assert rows[0] == (2, {"MaDonVi": "H\x0024", "TenDonVi": "\0"})
    assert rows[1] == (3, {"MaDonVi": "H25", "TenDonVi": "x"})


# --- what Excel writes ----------------------------------------------------------------------


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_first_line_may_name_the_delimiter(tmp_path: Path, first: str) -> None:
    path = tmp_path / "landed"
    path.write_bytes(f"{first}\r\nMaDonVi;TenDonVi,x\r\nH24;a\r\n".encode())

    with reading(path, "a.csv", UNITS) as export:
        assert list(export.lines) == [(3, {"MaDonVi": "H24", "TenDonVi,x": "a"})]
        assert "dấu chấm phẩy" in export.form


def test_a_header_may_begin_with_a_column_without_a_title(tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_bytes(b"\n\tMaDonVi\tCap\n1\tH24\txa\n")

    with reading(path, "a.csv", UNITS) as export:
        assert list(export.lines) == [(3, {"MaDonVi": "H24", "Cap": "xa"})]


def test_a_cell_too_many_is_unreadable_even_where_it_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_bytes(b"MaDonVi,TenDonVi,Cap\nH24,a name, with a comma,\nH25,x,\n")

    with reading(path, "a.csv", UNITS) as export:
        assert list(export.lines) == [
            (2, None),
            (3, {"MaDonVi": "H25", "TenDonVi": "x", "Cap": ""}),
        ]

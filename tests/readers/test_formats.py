"""What each format is read as, and when a file is refused (contract/exports.md, "Formats")."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso766.readers import json_message, reading
from chiso766.readers.export import Line, Refused
from chiso766.sources import SOURCES

UNITS = SOURCES["units"]
NAMES = ("a.json", "a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))


class Files:
    """Writes bytes under a name and reads them as an export of units."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str, content: bytes) -> list[Line]:
        path = self._folder / "landed"
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return self.read_path(path, name)

    def read_path(self, path: Path, name: str) -> list[Line]:
        with reading(path, name, UNITS) as export:
            return list(export.lines)

    def refusal(self, name: str, content: bytes) -> str:
        with pytest.raises(Refused) as refused:
            self.read(name, content)
        return str(refused.value)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_read_with_and_without_a_byte_order_mark(
    files: Files, name: str, bom: bytes
) -> None:
    plain = {
        "a.json": '{"service": "x", "madonvi": "H24", "data": [{"MaDonVi": "H24", "Cap": "tỉnh"}]}',
        "a.jsonl": '{"MaDonVi": "H24", "Cap": "tỉnh"}',
        "a.csv": "MaDonVi,Cap\nH24,tỉnh",
    }[name.removesuffix(".gz")]

    [(_, row)] = files.read(name, bom + plain.encode())

    assert row == {"MaDonVi": "H24", "Cap": "tỉnh"}


# --- JSON -----------------------------------------------------------------------------------


def test_a_bare_array_is_read_as_the_message_is(files: Files) -> None:
    assert files.read("a.json", b'[{"a": "1"}, {"a": "2"}]') == [(1, {"a": "1"}), (2, {"a": "2"})]


def test_members_around_data_are_stepped_over(files: Files) -> None:
    content = b'{"x": [{"data": [1]}], "y": "]}", "data": [{"a": "1"}], "z": {"data": []}}'

    assert files.read("a.json", content) == [(1, {"a": "1"})]


def test_elements_that_are_no_objects_are_unreadable_at_their_place(files: Files) -> None:
    content = b'[{"a": "1"}, 2, [3], null, "x]", {"a": "6"}]'

    assert [line for line, row in files.read("a.json", content) if row is None] == [2, 3, 4, 5]


@pytest.mark.parametrize("content", [b"[]", b'{"data": [ ]}'])
def test_an_empty_array_is_no_rows(files: Files, content: bytes) -> None:
    assert files.read("a.json", content) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n",
        b'{"data": [{"a": 1}',
        b'{"data": [{"a": 1}]',
        b'[{"a": 1},]',
        b'[{"a": 1} {"a": 2}]',
        b'[{"a": 1}] [',
        b'[{"a": NaN}]',
        b'[{"a": Infinity}]',
        b'[{"a": 01}]',
        b"[{'a': 1}]",
        b'"text"',
        b"<html></html>",
        b'{"data": ' + b"[" * 100_000,
    ],
)
def test_a_document_that_is_not_whole_json_is_refused(files: Files, content: bytes) -> None:
    assert "không phải một tài liệu JSON trọn vẹn" in files.refusal("a.json", content)


def test_the_refusal_of_a_document_says_after_which_element_it_is_broken(files: Files) -> None:
    content = b'[{"a": 1}, {"a": 2}, {"a": }]'

    assert "sau phần tử thứ 2" in files.refusal("a.json", content)


@pytest.mark.parametrize("content", [b"{}", b'{"error": "x"}', b'{"data": null}', b'{"data": {}}'])
def test_a_message_without_an_array_is_refused(files: Files, content: bytes) -> None:
    assert "mảng" in files.refusal("a.json", content)


def test_a_broken_json_line_is_unreadable_and_the_next_is_read(files: Files) -> None:
    content = b'{"a": "1"}\n{"a": \n[1]\n\n   \r\n{"a": NaN}\n{"a": "7"}'

    assert files.read("a.jsonl", content) == [
        (1, {"a": "1"}),
        (2, None),
        (3, None),
        (6, None),
        (7, {"a": "7"}),
    ]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1.010010", Decimal("1.010010")),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('"cắt \\ud83d"', "cắt �"),
        ('"\\\\ud83d \\ud83d\\ude00"', "\\ud83d 😀"),
        ('"e\\u0302"', "e\u0302"),
        ("null", None),
    ],
)
def test_values_keep_what_was_written(files: Files, name: str, written: str, value: Any) -> None:
    content = f'{{"a": {written}}}'
    whole = content if name == "a.jsonl" else f"[{content}]"

    assert files.read(name, whole.encode()) == [(1, {"a": value})]


def test_of_a_name_given_twice_the_last_value_counts(files: Files) -> None:
    assert files.read("a.jsonl", b'{"a": "1", "a": "2"}') == [(1, {"a": "2"})]


@pytest.mark.parametrize("number", ["9" * 5000, "1" + "0" * 400])
def test_absurd_numbers_do_not_stop_the_lines_after_them(files: Files, number: str) -> None:
    lines = files.read("a.jsonl", f'{{"a": {number}}}\n{{"a": "2"}}'.encode())

    assert lines[1] == (2, {"a": "2"})


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    elements=st.lists(values, max_size=6),
    around=st.dictionaries(st.text(max_size=4).filter(lambda name: name != "data"), values),
    chunk=st.integers(1, 40),
    is_ascii=st.booleans(),
    indent=st.sampled_from([None, 1]),
)
def test_elements_are_cut_from_any_document_as_a_parser_would(
    elements: list[Any],
    around: dict[str, Any],
    chunk: int,
    is_ascii: bool,
    indent: int | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / "document"
    document = json.dumps(around | {"data": elements}, ensure_ascii=is_ascii, indent=indent)
    path.write_bytes(document.encode())
    with pytest.MonkeyPatch.context() as small:
        small.setattr(json_message, "_CHUNK", chunk)
        lines = Files(path.parent).read_path(path, "a.json")

    assert lines == [
        (place, element if isinstance(element, dict) else None)
        for place, element in enumerate(elements, 1)
    ]


# --- CSV ------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_under_which_the_header_makes_sense(
    files: Files, delimiter: str
) -> None:
    content = f"MaDonVi{delimiter}TenDonVi\nH24{delimiter}Hải Phòng".encode()

    assert files.read("a.csv", content) == [(2, {"MaDonVi": "H24", "TenDonVi": "Hải Phòng"})]


def test_rows_stand_at_their_first_physical_line(files: Files) -> None:
    content = b'\r\nMaDonVi,TenDonVi\r\nH24,"hai\r\ndong"\r\n\r\n,\r\nH25,x\r\n'

    assert [line for line, _ in files.read("a.csv", content)] == [3, 7]


def test_a_header_may_have_line_breaks_in_its_titles(files: Files) -> None:
    content = 'Mã đơn vị,"Tên\nđơn vị"\nH24,Hải Phòng'.encode()

    assert files.read("a.csv", content) == [(3, {"MaDonVi": "H24", "TenDonVi": "Hải Phòng"})]


def test_cells_missing_at_the_end_of_a_line_are_not_given(files: Files) -> None:
    assert files.read("a.csv", b"MaDonVi,TenDonVi,Cap\nH24") == [(2, {"MaDonVi": "H24"})]


def test_a_row_with_more_cells_than_the_header_is_unreadable(files: Files) -> None:
    content = b"MaDonVi,Cap\nH24,tinh,x\nH25,xa"

    assert files.read("a.csv", content) == [(2, None), (3, {"MaDonVi": "H25", "Cap": "xa"})]


def test_a_header_alone_is_no_rows(files: Files) -> None:
    assert files.read("a.csv", b"MaDonVi,Cap\n") == []


@pytest.mark.parametrize("content", [b'MaDonVi,Cap\nH24,"xa\nH25,xa', b'MaDonVi,Cap\nH24,"x"a\n'])
def test_quotes_that_do_not_pair_refuse_the_file(files: Files, content: bytes) -> None:
    assert "ở dòng 2" in files.refusal("a.csv", content)


@pytest.mark.parametrize("content", ["", "\n\n", "Trần Thị B,0912345678\nx,y"])
def test_a_table_without_a_header_is_refused_without_naming_its_values(
    files: Files, content: str
) -> None:
    sentence = files.refusal("a.csv", content.encode())

    assert "MaDonVi" in sentence
    assert "Trần" not in sentence
    assert "0912345678" not in sentence


def test_the_refusal_of_a_header_names_the_titles_that_were_recognised(files: Files) -> None:
    assert "chỉ nhận ra TenDonVi, Cap" in files.refusal("a.csv", b"TenDonVi,Cap\nx,xa")


# --- every format ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.xml", "a.json.gz", "a", "a.csv.zip", "a.pdf"])
def test_other_kinds_of_files_are_refused(files: Files, name: str) -> None:
    assert name in files.refusal(name, b"MaDonVi\nH24")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["für Größe".encode("cp1252"), b"\xff\xfeM\x00a\x00"])
def test_another_encoding_is_refused_with_line_and_byte(
    files: Files, name: str, text: bytes
) -> None:
    beginning = {"json": b'[{"MaDonVi": "', "jsonl": b'{"MaDonVi": "', "csv": b"MaDonVi\nH24\n"}
    start = beginning[name.removesuffix(".gz").split(".")[1]]

    sentence = files.refusal(name, start + text)

    assert "không phải UTF-8" in sentence
    assert f"dòng {start.count(10) + 1}, byte " in sentence


def test_an_encoding_that_goes_wrong_late_is_found_too(files: Files) -> None:
    content = b"MaDonVi\n" + b"H24\n" * 100_000 + b"\xff\n"

    assert "dòng 100002, byte 1" in files.refusal("a.csv", content)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
@pytest.mark.parametrize("damage", ["cut", "plain", "garbage behind"])
def test_a_damaged_gzip_is_refused(files: Files, tmp_path: Path, name: str, damage: str) -> None:
    content = gzip.compress(b"MaDonVi\n" + b"".join(b"%d\n" % n for n in range(9999)))
    damaged = {"cut": content[:-100], "plain": b"MaDonVi\n", "garbage behind": content + b"x"}
    path = tmp_path / "landed"
    path.write_bytes(damaged[damage])

    with pytest.raises(Refused, match="gzip"):
        files.read_path(path, name)


def test_the_ending_of_a_name_counts_in_any_case(files: Files) -> None:
    assert files.read("DON_VI.CSV", b"MaDonVi\nH24") == [(2, {"MaDonVi": "H24"})]

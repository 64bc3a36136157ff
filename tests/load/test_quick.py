"""The quick way of plain rows comes out as the careful one does, whatever a file holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from chiso766.copied import NULL, Copied, Times
from chiso766.copied import _code as code
from chiso766.copied import _number as number
from chiso766.quick import copied_lines
from chiso766.readers import reading
from chiso766.readers.export import Refused
from chiso766.rows import LONGEST_KEY, Tidy
from chiso766.sample import write_sample
from chiso766.sources import SOURCES, Source

from ..deliveries import DOSSIER, GOOD, select, written
from ..fuzz.corpus import WRITERS
from ..fuzz.mutate import spoil_bytes, spoil_values

KEYS = (b"0" * 32,)
ENDINGS = (".jsonl", ".csv")


def copied(path: Path, name: str, source: Source, is_quick: bool) -> tuple[list[Any], ...]:
    """The rows as COPY would get them, lists as their content, and what is said about the file."""
    tidy, rows, end = Tidy(source, KEYS), [], ""
    copied = Copied(source)
    try:
        with reading(path, name, source) as export:
            ways = export if is_quick else replace(export, cut=None)
            rows = [comparable(line) for line in copied_lines(ways, tidy, copied)]
    except Refused as refused:
        end = str(refused)
    except UnicodeError as error:
        end = type(error).__name__
    said = [sorted(names) for names in (tidy.unknown, tidy.withheld, tidy.odd_lists)]
    return rows, [end], said


def comparable(line: str) -> list[Any]:
    """The columns of a line; objects of JSON without regard to their order."""
    assert line.endswith("\n")
    return [_content(column) for column in line[:-1].split("\t")]


def _content(column: str) -> Any:
    try:
        return json.loads(column.replace("\\\\", "\\")) if column[:1] == "[" else column
    except ValueError:
        return column  # a text that begins like a list


def assert_same(path: Path, name: str, source: str) -> None:
    assert copied(path, name, SOURCES[source], True) == copied(path, name, SOURCES[source], False)


def test_the_exports_of_a_sample_with_its_dirt(tmp_path: Path) -> None:
    write_sample(
        tmp_path, units=6, dossiers=300, days=3, seed=1, last_day=date(2026, 11, 20), dirt=0.1
    )
    files = [
        path for path in tmp_path.glob("*/*/*") if ".jsonl" in path.name or ".csv" in path.name
    ]
    assert len(files) > 10
    for path in files:
        if path.parent.name in SOURCES:
            assert_same(path, path.name, path.parent.name)


@pytest.mark.parametrize("form", [form for form in WRITERS if form.startswith(("lines", "csv"))])
def test_spoilt_files(form: str, tmp_path: Path) -> None:
    random = Random(form)
    ending, write = WRITERS[form]
    path = tmp_path / "landed"
    for _ in range(300):
        source = random.choice(list(GOOD))
        rows = [dict(GOOD[source]) for _ in range(random.randint(1, 6))]
        path.write_bytes(
            write(spoil_values(random, rows))
            if random.random() < 0.6
            else spoil_bytes(random, write(rows), write(rows))
        )
        assert_same(path, f"a{ending}", source)


LISTS: list[Any] = [
    [], [{}], {}, "", " ", "[]", "[{}]", "{}", None, 5, "5", True, [None], ["7"], [[{}]], "[",
    [{"DuocSoHoa": 1}], [{"DuocSoHoa": 1.0}], [{"DuocSoHoa": True}], [{"DuocSoHoa": None}],
    [{"duocsohoa": "1"}], [{"DuocSoHoa": " 1\u00a0"}], [{"DuocSoHoa": "a\0b"}], [{"DuocSoHoa": []}],
    [{"DuongDanTaiTepTin": " "}], [{"DuongDanTaiTepTin": "\0"}], [{"DuongDanTaiTepTin": 0}],
    [{"DuongDanTaiTepTin": None}], [{"DuongDanTaiTepTin": "x"}], [{"TenTepDinhKem": {"a": [1.5]}}],
    [{"Gia": 10**25}, {"Gia": -0.0}, {"Gia": "1\\2\t3\n"}],
    [{"TenPhiLePhi": "Le\u0302\u0323 phi\u0301"}],
    [{"La": "1"}], [{"DuocSoHoa": "1", "DuongDanTaiTepTin": "a"}] * 3,
]  # fmt: skip
VALUES: list[Any] = [
    "", " ", "\u00a0", "\0", "a\0b", " a ", "a\\b", "a\tb", "a\nb", "\\N", "Kha\u0301ch", "é",
    0, 7, -1, 1.5, 10**30, True, None, {}, [], "20261120083000", "20261120", "20/11/2026",
    "20/11/2026 08:30",
    "2026-11-20T08:30:00", "2026-11-20T08:30:00.5", "2026-11-20 08:30+07:00", "20260229000000",
    "20261120240000", "20261120236000", "20261120 08:30", "2026-11-20 8:3", "20/11/2026T08:30",
    "1", "01", "1.0", "1,00", "1.5", "-0", "1e3", "9" * 101, "x" * (LONGEST_KEY + 1),
    "x" * LONGEST_KEY, " " * LONGEST_KEY + "x", "é" * LONGEST_KEY,
]  # fmt: skip


def edges(source: str) -> Iterator[dict[str, Any]]:
    good = GOOD[source]
    for field in SOURCES[source].fields:
        for value in LISTS if field in SOURCES[source].items else VALUES:
            yield good | {field: value}
    for name in ("la", "MAHOSO", "CCCD", "HoTen", next(iter(good)).lower()):
        yield good | {name: "x"}
    yield dict(list(good.items())[:2])
    yield {}


@pytest.mark.parametrize("source", GOOD)
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_field_at_its_edges(source: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / "landed"
    for number_of_row, row in enumerate(edges(source)):
        rows = [GOOD[source], row] if number_of_row % 2 else [row, GOOD[source], row]
        path.write_bytes(written(f"a{ending}", rows))
        assert_same(path, f"a{ending}", source)


@pytest.mark.parametrize(
    "line",
    [
        b"null", b"[]", b"5", b'"', b"{", b"{} {}", b'{"MaHoSo": 01}', b'{"MaHoSo": "\\ud800"}',
        b'{"MaHoSo": "a", "MaHoSo": "b"}', b'{"MaHoSo": 1, "MaHoSo": []}', b'{"ChuHoSo": "\xff"}',
        b'{"GhiChu": ' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"ChuHoSo": 1e999999}', b"\xff",
    ],
)  # fmt: skip
def test_lines_that_are_no_objects(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "landed"
    good = json.dumps(DOSSIER).encode()
    path.write_bytes(b"\n".join([good, line, b"", good]))
    assert_same(path, "a.jsonl", "dossiers")


@pytest.mark.parametrize("row", ["x", "x,1.0", "x,1.0,,", "x,,,,", ",,,", "", '"x\ny",2', 'x",2'])
def test_rows_of_another_length_than_the_header(row: str, tmp_path: Path) -> None:
    path = tmp_path / "landed"
    path.write_text(f"MaHoSo,MaTTHC,STT,Cột lạ\nx,1.0,1,\n{row}\nx,1.0,1,y\n")
    assert_same(path, "a.csv", "dossiers")


def test_plain_rows_are_not_left_to_the_careful_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "landed"
    for ending in ENDINGS:
        path.write_bytes(written(f"a{ending}", [DOSSIER] * 3))
        with monkeypatch.context() as fault:
            fault.delattr(Tidy, "columns")
            [rows, *_] = copied(path, f"a{ending}", SOURCES["dossiers"], True)
        assert len(rows) == 3


DAYS = [
    "20261120",
    "2026-11-20",
    "20/11/2026",
    "20260229",
    "2028-02-29",
    "31/04/2026",
    "00000101",
    "0001-01-01",
    "99991231",
    "2026-13-01",
    "20261100",
    "1/1/2026",
    "2026/11/20",
]
CLOCKS = [
    "",
    "083000",
    " 08:30",
    " 08:30:59",
    "T08:30",
    "T23:59:59",
    " 24:00",
    " 23:60",
    "240000",
    "235960",
    "T08:30:00.123456789",
    "T08:30:00Z",
    " 08:30+07:00",
    " 08:30:0",
    " ",
    "T",
]
NUMBERS = [
    "0",
    "7",
    "007",
    "1.50",
    "1,50",
    "0.0",
    "1.",
    ".5",
    "-1",
    "-0",
    "+1",
    "1e3",
    "٣",
    "1.2.3",
    "9" * 9,
    "9" * 10,
    "9" * 100,
    "9" * 101,
    "1." + "0" * 100,
    "9.0",
    "09",
    "9,000",
    " 9",
]


@pytest.mark.usefixtures("empty_warehouse")
@pytest.mark.parametrize(
    ("convert", "function", "texts"),
    [
        (Times("00:00:00"), "to_time", [day + clock for day in DAYS for clock in CLOCKS]),
        (Times("23:59:59"), "to_due_time", [day + clock for day in DAYS for clock in CLOCKS]),
        (code, "to_code", NUMBERS),
        (number, "to_number", NUMBERS),
    ],
)
def test_what_is_converted_is_what_the_database_makes_of_it(
    convert: Any, function: str, texts: list[str]
) -> None:
    types = {"to_code": "integer", "to_number": "numeric"}
    converted = [convert(text) for text in texts]
    rows = select(
        f"select text, own::{types.get(function, 'timestamp')}::text as own,"
        f" convert.{function}(text)::text as its"
        " from unnest(%s::text[], %s::text[]) as given (text, own)",
        texts,
        converted,
    )
    assert sum(text is not None for text in converted) > 5
    for row in rows:
        if function == "to_number" and row["its"]:
            row["its"] = row["its"].rstrip("0").rstrip(".") if "." in row["its"] else row["its"]
        assert row["own"] in (None, row["its"]), row["text"]


def test_a_time_is_written_as_it_is_converted() -> None:
    times = Times("23:59:59")
    write = times.writer(lambda _: "other")
    for text in [day + clock for day in DAYS for clock in CLOCKS]:
        value = times(text)
        assert write(text) == (f"{text}\t{value}" if value and len(text) == 14 else "other")
    assert write("") == write(None) == f"{NULL}\t{NULL}"

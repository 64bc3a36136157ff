"""What ``./chiso sql --csv`` writes is not run by the spreadsheet program that opens it."""

from __future__ import annotations

import csv
import io

import pytest

from ..conftest import Chiso

pytestmark = pytest.mark.usefixtures("postgres")


def asked(chiso: Chiso, query: str) -> list[list[str]]:
    done = chiso("sql", "--csv", query)
    assert done.returncode == 0, done.stderr
    return list(csv.reader(io.StringIO(done.stdout, newline="")))


def test_texts_that_begin_like_a_formula_come_after_an_apostrophe_and_numbers_as_they_are(
    chiso: Chiso,
) -> None:
    given = ["=1+1", "+84", "-5", "@x", r"\t=1", r"\r=1", "a=1", " =1", "''=1", "", "50%"]
    texts = ", ".join(f"({number}, E'{text}')" for number, text in enumerate(given))
    _, *rows = asked(chiso, f"select n, t from (values {texts}) as t(n, t) order by n")
    written = [row[1] for row in rows]
    assert written[:5] == ["'=1+1", "'+84", "'-5", "'@x", "'\t=1"]
    assert written[5] == "'\n=1"  # the pipe is read as text, which makes a line break of \r
    assert written[6:] == ["a=1", " =1", "'=1", "", "50%"]
    assert asked(chiso, "select -5 as n, -0.5 as m, '-1 day'::interval as i, null::text as t") == [
        ["n", "m", "i", "t"],
        ["-5", "-0.5", "-1 days", ""],
    ]


@pytest.mark.parametrize("type_name", ["text", "varchar", "char(4)", "name", "pg_catalog.unknown"])
def test_every_type_of_text_is_neutralised(chiso: Chiso, type_name: str) -> None:
    value = "'=1+1'" if "unknown" in type_name else f"'=1+1'::{type_name}"
    assert asked(chiso, f"select {value} as v") == [["v"], ["'=1+1"]]


def test_two_columns_of_one_name_and_the_order_of_rows_stay(chiso: Chiso) -> None:
    query = "select n as a, 'x{}' || n as a from generate_series(1, 3) as n order by n desc"
    assert asked(chiso, query) == [["a", "a"], ["3", "x{}3"], ["2", "x{}2"], ["1", "x{}1"]]

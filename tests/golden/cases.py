"""The golden cases as files: what goes in, what must come out, and how the two are compared."""

from __future__ import annotations

import csv
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = dict[str, str]

FOLDER = Path(__file__).parent
LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")
ANYTHING = "*"
# Ratios are written with six decimals.
TOLERANCE = Decimal("0.000001")
PERIOD = ("unit_code", "period_type", "period_start")
KEYS = {
    "fct_dossier": ("dossier_code",),
    "fct_petition": ("petition_code",),
    "fct_indicator": ("profile", *PERIOD, "indicator_code"),
    "fct_indicator_by_procedure": ("profile", *PERIOD, "indicator_code", "procedure_code"),
    "fct_group_score": ("profile", *PERIOD, "group_code"),
    "fct_scorecard": ("profile", *PERIOD),
    "indicator_evidence": (*PERIOD, "indicator_code", "evidence_kind", "evidence_key"),
    "portal_score": (*PERIOD, "portal_code", "pulled_on"),
    "portal_reconciliation": (*PERIOD, "indicator_code"),
    "portal_difference": (*PERIOD, "indicator_code", "evidence_kind", "evidence_key"),
    "unit_ranking": PERIOD,
    "dossier_worklist": ("dossier_code",),
    "petition_worklist": ("petition_code",),
    "improvement_evidence": (*PERIOD, "action", "evidence_kind", "evidence_key"),
    "improvement_limit": (*PERIOD, "indicator_code"),
    "report_06a": (*PERIOD, "field_code"),
    "report_06b": (*PERIOD, "field_code"),
    "report_digitisation": (*PERIOD, "field_code"),
    "report_petition": (*PERIOD, "category"),
    "report_dossier": (*PERIOD, "dossier_code"),
    "plan_target": (*PERIOD, "item_code"),
    "plan_task": ("unit_code", "task_code"),
    "procedure_bottleneck": (*PERIOD, "procedure_code", "step"),
    "inspection_list": ("dossier_code", "reason"),
}


@dataclass(frozen=True)
class Case:
    """One folder: its exports by day and source, and the rows the marts must (not) hold."""

    number: str
    name: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def indicator(self) -> str:
        return self.folder.name.partition("_")[0]

    @property
    def nights(self) -> list[str]:
        return sorted(day.name for day in self._exports.iterdir())

    @property
    def warehouse(self) -> str:
        """Cases with the same last export day share a warehouse; those in alone/ have their own."""
        return self.name if self.name.startswith("alone/") else self.nights[-1]

    @property
    def _exports(self) -> Path:
        return self.folder / "exports"

    def drop_into(self, exports: Path) -> None:
        """Copy the exports; the number keeps the cases' file names apart."""
        for file in self._exports.glob("*/*/*"):
            source = exports / file.parent.relative_to(self._exports)
            source.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, source / f"{self.number}_{file.name}")

    def differences(self, connection: psycopg.Connection) -> list[str]:
        """One line per cell, row or absence that is not as expected."""
        found = []
        for mart, expected in self._tables("expected"):
            found += _compare(mart, expected, self._marts_rows(connection, mart))
        for mart, unwanted in self._tables("absent"):
            found += _present(mart, unwanted, self._marts_rows(connection, mart))
        return found

    def _tables(self, kind: str) -> Iterator[tuple[str, list[Row]]]:
        for file in sorted(self.folder.glob(f"{kind}*.csv")):
            mart = file.stem.removeprefix(kind).removeprefix("_") or "fct_indicator"
            yield mart, read_csv(file)

    def _marts_rows(self, connection: psycopg.Connection, mart: str) -> list[dict[str, Any]]:
        query = sql.SQL("select * from marts.{} where unit_code ~ %s").format(sql.Identifier(mart))
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, [rf"^G{self.number}(\.|$)"]).fetchall()


def read_csv(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def index() -> list[tuple[str, str]]:
    """The number and folder of every case, as INDEX.md lists them."""
    lines = (FOLDER / "INDEX.md").read_text(encoding="utf-8")
    return re.findall(r"^- (\d{3}) \[`(.+?)`\]", lines, re.MULTILINE)


def all_cases() -> list[Case]:
    return [Case(number, name) for number, name in index()]


def _compare(mart: str, expected: list[Row], got: list[dict[str, Any]]) -> list[str]:
    key = KEYS[mart]
    by_key = defaultdict(list)
    for row in got:
        by_key[tuple(_shown(row[column]) for column in key)].append(row)
    lines = []
    for row in expected:
        place = f"{mart} " + " ".join(row[column] for column in key)
        rows = by_key[tuple(row[column] for column in key)]
        if len(rows) != 1:
            lines.append(f"{place}: expected 1 row, got {len(rows)}")
            continue
        for column, value in row.items():
            if not _equal(value, rows[0][column]):
                seen = _shown(rows[0][column])
                lines.append(f"{place}: {column}: expected {value!r}, got {seen!r}")
    return lines


def _present(mart: str, unwanted: list[Row], got: list[dict[str, Any]]) -> list[str]:
    return [
        f"{mart}: expected no row, got {row}"
        for row in unwanted
        if any(all(_equal(value, seen[column]) for column, value in row.items()) for seen in got)
    ]


def _equal(expected: str, got: Any) -> bool:
    if expected == ANYTHING:
        return True
    if isinstance(got, Decimal | float | int) and not isinstance(got, bool) and expected:
        return abs(Decimal(expected) - Decimal(got)) <= TOLERANCE
    return expected == _shown(got)


def _shown(value: Any) -> str:
    """A value of the marts as the expectations write it.

    Local time, empty for null, the words of a list in alphabetical order.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return " ".join(sorted(value))
    return str(value)

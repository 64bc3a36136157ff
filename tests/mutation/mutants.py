"""The mutants of the dbt project: one comparison, word or number of its SQL changed, or one cell of
its law.

Beside every place of the SQL that can be changed a copy of the project gets a marker, ``/*m17*/``,
so that the project is compiled once and a mutant is made in the compiled text.
"""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from psycopg import sql

# What tells of the bookkeeping, of the history, the forecast, what is kept from build to build and
# who reads what, and a copy of a table: no rule of the law in them. What the settings of the
# reports change is not compiled unless they are set: tests/reports sets them.
LEFT_OUT = (
    "citus.sql",
    "data_status.sql",
    "dim_date.sql",
    "fct_indicator_daily.sql",
    "hash_joins.sql",
    "int_changed_dossier.sql",
    "int_dossier_moment.sql",
    "int_dossier_sum.sql",
    "int_received_file.sql",
    "int_report_sum.sql",
    "int_set_aside_rule.sql",
    "int_source.sql",
    "int_unknown_unit.sql",
    "int_volume.sql",
    "kept.sql",
    "likely_share.sql",
    "only_in_its_build.sql",
    "own_units.sql",
    "report_settings.sql",
    "set_aside_status.sql",
)

_LITERAL = r"(?:'[^']*'|\d+)"
_LIST = rf"{_LITERAL}(?:\s*,\s*{_LITERAL})+"
_TOKEN = re.compile(
    rf"""
    (?P<passed> \{{\#.*?\#\}} | \{{\{{.*?\}}\}} | \{{%.*?%\}} | --[^\n]* | '(?:[^']|'')*' | "[^"]*"
        | ::numeric\(\d+,\ \d+\) | ->> | @> | \b(?:group\ by|limit)\s+[\d, ]+ )
    | (?P<list> (?:\bin\s*\(|\barray\[) \s* {_LIST} )
    | (?P<null> \bis\s+not\s+null\b | \bis\s+null\b )
    | (?P<comparison> <= | >= | <> | < | > | = )
    | (?P<number> \b\d+(?:\.\d+)?\b )
    | (?P<word> \b[a-z_]+\b )
    | (?P<bracket> [()] )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "="}
_WORDS = {
    "and": ("and or", "or"),
    "or": ("and or", "and"),
    "not": ("not", ""),
    "least": ("extreme", "greatest"),
    "greatest": ("extreme", "least"),
    "min": ("extreme", "max"),
    "max": ("extreme", "min"),
    "bool_or": ("extreme", "bool_and"),
    "bool_and": ("extreme", "bool_or"),
    "true": ("truth", "false"),
    "false": ("truth", "true"),
    "desc": ("order", "asc"),
}


@dataclass(frozen=True)
class Place:
    """Where a mutant is: a file of the project, its line, and that line's text."""

    file: str
    line: int
    text: str


@dataclass(frozen=True)
class SqlMutant:
    """``old``, at the marker, becomes ``new``."""

    kind: str
    place: Place
    marker: str
    old: str
    new: str

    @property
    def change(self) -> str:
        return f"{self.old} → {self.new or 'nothing'}"

    def applied(self, query: str) -> str:
        assert f"{self.marker}{self.old}" in query
        return query.replace(f"{self.marker}{self.old}", self.new)


@dataclass(frozen=True)
class SeedMutant:
    """One cell of a seed becomes another, or its row is dropped (``column`` is empty)."""

    kind: str
    place: Place
    seed: str
    row: dict[str, str]
    column: str = ""
    new: str = ""

    @property
    def change(self) -> str:
        if not self.column:
            return "row dropped"
        return f"{self.column} {self.row[self.column] or 'empty'} → {self.new}"

    def statement(self, schema: str) -> sql.Composed:
        """What makes the mutant in the warehouse; the row is known by all its cells."""
        table = sql.Identifier(schema, self.seed)
        row = sql.SQL(" and ").join(
            sql.SQL("{} is not distinct from {}").format(sql.Identifier(name), value or None)
            for name, value in self.row.items()
        )
        if not self.column:
            return sql.SQL("delete from {} where {}").format(table, row)
        return sql.SQL("update {} set {} = {} where {}").format(
            table, sql.Identifier(self.column), self.new, row
        )


Mutant = SqlMutant | SeedMutant


def marked_copy(project: Path, copy: Path) -> list[SqlMutant]:
    """Copy the project with a marker at every place of its SQL; returns the mutants."""
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("target", "logs"))
    mutants: list[SqlMutant] = []
    files = [*copy.glob("macros/**/*.sql"), *copy.glob("models/**/*.sql")]
    for path in sorted(file for file in files if not _is_left_out(file)):
        text, marked, end = path.read_text(encoding="utf-8"), "", 0
        for kind, start, old, new in _changes(text):
            marker = f"/*m{len(mutants)}*/"
            line = text.count("\n", 0, start)
            place = Place(
                path.relative_to(copy).as_posix(), line + 1, text.split("\n")[line].strip()
            )
            mutants.append(SqlMutant(kind, place, marker, old, new))
            marked += text[end:start] + marker
            end = start
        path.write_text(marked + text[end:], encoding="utf-8")
    return mutants


def _is_left_out(path: Path) -> bool:
    return path.name in LEFT_OUT or path.name.startswith("why") or "forecast" in path.name


def _changes(text: str) -> Iterator[tuple[str, int, str, str]]:
    """Kind, position, old and new text of every change."""
    depth, ranges = 0, []  # the brackets that are open, and those at each open "between"
    for token in _TOKEN.finditer(text):
        kind, start, old = token.lastgroup or "", token.start(), token.group()
        if kind == "bracket":
            depth += 1 if old == "(" else -1
        elif kind == "list":
            yield from _dropped_values(old, start)
            depth += old.startswith("in")
        elif kind == "null":
            yield kind, start, old, "is null" if "not" in old else "is not null"
        elif kind == "comparison":
            yield kind, start, old, _COMPARISONS[old]
        elif kind == "number":
            yield kind, start, old, str(Decimal(old) + 1)
        elif old == "between":
            ranges.append(depth)
            # Days and whole numbers: without its end a range begins one later.
            yield "comparison", start, old, "between 1 +"
        elif old == "and" and ranges and ranges[-1] == depth:
            ranges.pop()
            yield "comparison", start, old, "and -1 +"
        elif old in _WORDS:
            name, new = _WORDS[old]
            yield name, start, old, new


def _dropped_values(values: str, start: int) -> Iterator[tuple[str, int, str, str]]:
    """Every value of a list in turn gives its place to another one."""
    found = list(re.finditer(_LITERAL, values))
    for place, value in enumerate(found):
        yield "list", start + value.start(), value.group(), found[place - 1].group()


def seed_mutants(project: Path) -> list[SeedMutant]:
    """Every maximum, target, zero rule, kind of scoring, limit, rating and day off changed."""
    return [
        mutant
        for seed, changes in _SEED_CHANGES.items()
        for mutant in _mutants_of_seed(project, seed, changes)
    ]


_SEED_CHANGES = {
    "scoring_rules": ("max_score", "target_ratio", "zero_denominator", "scoring"),
    "working_day_limits": ("working_days",),
    "ratings": ("min_score",),
    "holidays": ("",),
}
_ZERO_RULES = ("absent", "zero", "full")
_SCORINGS = ("ratio", "constant", "not_applicable", "unscored")


def _mutants_of_seed(project: Path, seed: str, columns: tuple[str, ...]) -> Iterator[SeedMutant]:
    [path] = project.glob(f"seeds/**/{seed}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for line, row in enumerate(rows, start=2):
        place = Place(path.relative_to(project).as_posix(), line, ",".join([*row.values()][:4]))
        dropped = SeedMutant("day off", place, seed, row)
        for column in columns:
            if not column:
                yield dropped
            for new in _other_values(column, row.get(column, "")):
                yield replace(dropped, kind=column, column=column, new=new)


def _other_values(column: str, value: str) -> Iterator[str]:
    if column == "max_score":
        yield str(int(value) + 1)
    elif column == "target_ratio" and value:
        yield "0.95" if value == "1" else f"{float(value) + 0.05:g}"
    elif column in ("working_days", "min_score"):
        yield from (str(int(value) + 1), str(int(value) - 1))
    elif column == "zero_denominator":
        yield from (one for one in _ZERO_RULES if one != value)
    elif column == "scoring":
        yield from (one for one in _SCORINGS if one != value)

"""The dbt project compiled once, its models then run as plain SQL: the marts in a second.

compiled = Compiled()
with connect() as connection:  # to a warehouse in which ``build_marts()`` has loaded the seeds
    compiled.build(connection, date(2026, 12, 31))
    connection.execute("select ... from marts.fct_indicator")  # on the same connection
    connection.rollback()
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from dbt.cli.main import dbtRunner

from chiso766 import settings

PROJECT = settings.PROJECT_ROOT / "dbt"
_DATABASE = "compiled_for_any_database"
# Stand in the compiled models for the arguments of a build.
_AS_OF_DAY = "the as-of day"
_LAST_LOAD_ID = 766_766_766_766_766
EVERY_LOAD = 2**63 - 1


@dataclass(frozen=True)
class Model:
    """A model's query over the live schemas, and what it reads: models and seeds, by name."""

    name: str
    schema: str
    is_view: bool
    query: str
    needs: frozenset[str]
    after: tuple[str, ...]
    """What a full table needs: its indexes, and its columns without nulls."""

    @property
    def relation(self) -> str:
        return f'{self.schema}."{self.name}"'

    def statements(self) -> Iterator[str]:
        """What drops it, with the views over it, and makes it anew."""
        kind = "view" if self.is_view else "table"
        yield f"drop {kind} if exists {self.relation} cascade"
        yield f"create {kind} {self.relation} as {self.query}"
        yield from self.after
        if not self.is_view:
            yield f"analyze {self.relation}"


@dataclass(frozen=True)
class DataTest:
    """A data test of the project: its query finds the rows that break it."""

    name: str
    query: str
    needs: frozenset[str]


class Compiled:
    """The models in the order of their dependencies, and the data tests, as dbt compiled them.

    Compiling asks no database and takes about six seconds; a build in a small warehouse about one.
    """

    def __init__(self, project: Path = PROJECT) -> None:
        nodes = _compile(project)
        models = {node.name: _model(node) for node in nodes if node.resource_type == "model"}
        order = TopologicalSorter({name: one.needs for name, one in models.items()}).static_order()
        self.models = {name: models[name] for name in order if name in models}
        self.data_tests = [
            DataTest(node.name, _query(node), _needs(node))
            for node in nodes
            if node.resource_type == "test"
        ]

    def build(
        self,
        connection: psycopg.Connection,
        as_of_day: date,
        first: Collection[str] | None = None,
        last_load_id: int = EVERY_LOAD,
    ) -> None:
        """Build the models into ``staging``, ``intermediate`` and ``marts``; commits nothing.

        With ``first``, names of models or seeds, only these and what reads them, directly or not;
        a seed itself is never loaded: its rows are those that the warehouse holds.
        """
        with connection.cursor() as cursor:
            for schema in {model.schema for model in self.models.values()}:
                cursor.execute(f"create schema if not exists {schema}".encode())
            for name in self.models if first is None else self.downstream(first):
                for statement in self.models[name].statements():
                    cursor.execute(as_of(statement, as_of_day, last_load_id))

    def downstream(self, first: Collection[str]) -> list[str]:
        """The models among the names, and all that read one of the names, in order."""
        found = set(first)
        for model in self.models.values():
            if model.needs & found:
                found.add(model.name)
        return [name for name in self.models if name in found]


def as_of(query: str, as_of_day: date, last_load_id: int = EVERY_LOAD) -> bytes:
    """The statement for the end of an export day, on what was loaded through ``last_load_id``."""
    dated = query.replace(_AS_OF_DAY, as_of_day.isoformat())
    return dated.replace(str(_LAST_LOAD_ID), str(last_load_id)).encode()


def _compile(project: Path) -> list[Any]:
    variables = {"as_of_day": _AS_OF_DAY, "last_load_id": _LAST_LOAD_ID}
    with TemporaryDirectory() as target, _no_database():
        done = dbtRunner().invoke(
            [
                "compile",
                "--project-dir",
                str(project),
                "--profiles-dir",
                str(project),
                "--target-path",
                target,
                "--log-path",
                target,
                "--vars",
                json.dumps(variables),
                "--no-partial-parse",
                "--no-populate-cache",
                "--no-introspect",
                "--log-level",
                "none",
            ]
        )
    assert done.success, done.exception or done.result
    return [one.node for one in done.result.results]


@contextmanager
def _no_database() -> Iterator[None]:
    """What dbt/profiles.yml asks for; nothing is there."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("HOST", "USER", "PASSWORD", "DATABASE"):
            environment.setenv(f"CHISO_DBT_{name}", _DATABASE)
        environment.setenv("CHISO_DBT_PORT", "1")
        yield


def _model(node: Any) -> Model:
    schema = node.schema.removesuffix("_next")
    relation = f'{schema}."{node.name}"'
    return Model(
        node.name,
        schema,
        node.config.materialized == "view",
        _query(node),
        _needs(node),
        (*_indexes(relation, node), *_not_null(relation, node)),
    )


def _query(node: Any) -> str:
    query: str = node.compiled_code.replace(f'"{_DATABASE}".', "")
    return query.replace('"intermediate_next"', "intermediate").replace('"marts_next"', "marts")


def _needs(node: Any) -> frozenset[str]:
    """Models and seeds; their names are the last part of dbt's."""
    return frozenset(
        one.split(".")[2] for one in node.depends_on.nodes if one.startswith(("model.", "seed."))
    )


def _indexes(relation: str, node: Any) -> Iterator[str]:
    for index in node.config.get("indexes") or []:
        unique = "unique " if index.get("unique") else ""
        yield f"create {unique}index on {relation} ({', '.join(index['columns'])})"


def _not_null(relation: str, node: Any) -> Iterator[str]:
    for column in node.columns.values():
        if any(one.type == "not_null" for one in column.constraints):
            yield f"alter table {relation} alter column {column.name} set not null"

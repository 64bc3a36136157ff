"""Warehouses that hold exports, in which a mutant is built and compared, and never stays."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chiso766 import database, server, warehouse
from chiso766.build import run_dbt
from chiso766.sources import SOURCES

from ..compiled import EVERY_LOAD, Compiled, Model, as_of
from ..deliveries import load_days
from ..golden.cases import KEYS, Case, all_cases
from ..law import test_calendar, test_seeds
from ..recompute.compare import compare
from ..recompute.edges import Edges
from ..recompute.exports import Exports
from ..recompute.indicators import World
from ..recompute.tables import Recomputed
from .mutants import Mutant, SeedMutant

# A comparison turned round can make a join of everything with everything.
LONGEST = "20s"

# What is different in the marts, seen by a test: its name; the units are those whose rows changed.
Judge = Callable[[psycopg.Connection, Collection[str]], str]
Fingerprint = dict[Any, Any]


class Warehouse:
    """A warehouse built without any mutant, and the test that compares it."""

    def __init__(
        self,
        name: str,
        url: str,
        compiled: Compiled,
        judge: Judge,
        last_load_id: int = EVERY_LOAD,
    ) -> None:
        self.name, self._compiled, self._judge = name, compiled, judge
        self._last_load_id = last_load_id
        self._connection = database.open_url(url)
        [(self._as_of_day,)] = self._connection.execute(
            "select file.export_day from ops.file as file"
            " inner join ops.load as load on load.file_id = file.file_id"
            " where load.load_id <= %s order by load.load_id desc limit 1",
            [last_load_id],
        ).fetchall()
        compiled.build(self._connection, self._as_of_day, last_load_id=last_load_id)
        self._connection.commit()
        self._in_order = list(_marts_early(compiled))
        self._before = {one.name: self._fingerprint(one) for one in self._in_order}
        self._connection.rollback()

    def killer(self, mutant: Mutant) -> str:
        """What notices the mutant, as "kind: name"; empty if nothing does.

        "broken" is a mutant that cannot be built. Data tests and tests of the law are asked last.
        """
        with self._connection.transaction(force_rollback=True):
            self._connection.execute(f"set local statement_timeout = '{LONGEST}'".encode())
            if isinstance(mutant, SeedMutant):
                return self._killer_of_seed(mutant)
            queries = {
                model.name: mutant.applied(model.query)
                for model in self._in_order
                if mutant.marker in model.query
            }
            return self._killer_of(set(), queries)

    def differences(self) -> str:
        """What is different although nothing was changed."""
        everything = {unit for units in self._before.values() for unit in units}
        with self._connection.transaction(force_rollback=True):
            return self._judge(self._connection, everything)

    def _killer_of_seed(self, mutant: SeedMutant) -> str:
        [schema] = self._connection.execute(
            "select table_schema from information_schema.tables"
            " where table_schema in ('law', 'reference') and table_name = %s",
            [mutant.seed],
        ).fetchall()
        assert self._connection.execute(mutant.statement(*schema)).rowcount == 1
        return self._killer_of({mutant.seed}, {}) or _law_test(self._connection)

    def _killer_of(self, changed: set[str], queries: dict[str, str]) -> str:
        """Build what changes, the marts as soon as may be, until something is noticed."""
        changed = set(changed)
        for model in self._in_order:
            if model.name not in queries and not model.needs & changed:
                continue
            try:
                self._fill(model, queries.get(model.name))
                units = self._changed_units(model)
            except psycopg.Error as error:
                return f"broken: {model.name} {type(error).__name__}"
            if units:
                changed.add(model.name)
            if model.name in KEYS or model.name.startswith("dim_"):
                noticed = units and self._judge(self._connection, units)
                if noticed:
                    return noticed
        return self._failing_data_test(changed)

    def _fill(self, model: Model, query: str | None) -> None:
        """Its rows anew; the table stays, so that the views over it do."""
        if not model.is_view:
            self._connection.execute(f"truncate {model.relation}".encode())
            self._run(f"insert into {model.relation} {query or model.query}")
            self._connection.execute(f"analyze {model.relation}".encode())
        elif query is not None:
            self._run(f"create or replace view {model.relation} as {query}")

    def _run(self, statement: str) -> None:
        self._connection.execute(as_of(statement, self._as_of_day, self._last_load_id))

    def _changed_units(self, model: Model) -> set[Any]:
        before, now = self._before[model.name], self._fingerprint(model)
        return {unit for unit in before.keys() | now.keys() if before.get(unit) != now.get(unit)}

    def _fingerprint(self, model: Model) -> Fingerprint:
        """A sum over the rows by the first part of their unit's code."""
        relation = model.relation
        columns = self._connection.execute(f"select * from {relation} limit 0".encode())
        names = [column.name for column in columns.description or ()]
        unit = "split_part(unit_code, '.', 1)" if "unit_code" in names else "''"
        query = f"select {unit}, sum(hash_record_extended(t, 0)) from {relation} as t group by 1"
        return dict(self._connection.execute(query.encode()).fetchall())

    def _failing_data_test(self, changed: set[str]) -> str:
        for test in self._compiled.data_tests:
            if test.needs & changed:
                query = as_of(test.query, self._as_of_day, self._last_load_id)
                if self._connection.execute(query).fetchone():
                    return f"data test: {test.name}"
        return ""


def _marts_early(compiled: Compiled) -> Iterator[Model]:
    """The models in an order in which the marts that the tests compare come as soon as may be."""
    seen: set[str] = set()

    def with_needs(name: str) -> Iterator[Model]:
        model = compiled.models.get(name)
        if model is not None and name not in seen:
            seen.add(name)
            for need in sorted(model.needs):
                yield from with_needs(need)
            yield model

    for name in (*KEYS, *compiled.models):
        yield from with_needs(name)


def _law_test(connection: psycopg.Connection) -> str:
    """The first test of the seeds that fails."""
    with connection.cursor(row_factory=dict_row) as cursor:
        for module in (test_seeds, test_calendar):
            for name, test in vars(module).items():
                if name.startswith("test_"):
                    try:
                        test(cursor)
                    except AssertionError:
                        return f"law test: {name}"
    return ""


@contextmanager
def server_with_the_law(home: Path) -> Iterator[None]:
    """A server whose warehouse holds the seeds and nothing else: the template of the others."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        environment.setenv("CHISO_DATABASE_URL", "")
        server.start()
        try:
            warehouse.prepare()
            seeded = run_dbt(["seed"], date(2026, 1, 1), 0)
            assert seeded.success, seeded.exception
            yield
        finally:
            server.stop()


def golden_warehouses(compiled: Compiled, home: Path) -> Iterator[Warehouse]:
    """Every golden case; those with the same last night in parts, which are built sooner."""
    by_warehouse = defaultdict(list)
    for case in all_cases():
        if case.sources <= set(SOURCES):
            by_warehouse[case.warehouse].append(case)
    for name, cases in by_warehouse.items():
        exports = _dropped(name, cases, home)
        _loaded(exports)
        by_indicator = defaultdict(list)
        for case in cases:
            by_indicator[case.indicator].append(case)
        for indicator, part in by_indicator.items():
            url = _new_database(f"{_database(exports)}_{_database(indicator)}", _database(exports))
            _keep_only([case.number for case in part], url)
            yield Warehouse(f"{name} {indicator}", url, compiled, _expects(part))


def golden_warehouse(cases: Sequence[Case], compiled: Compiled, home: Path) -> Warehouse:
    """Some golden cases with the same last night."""
    return Warehouse("golden", _loaded(_dropped("golden", cases, home)), compiled, _expects(cases))


def _dropped(name: str, cases: Sequence[Case], home: Path) -> Path:
    exports = home / "exports" / name
    for case in cases:
        case.drop_into(exports)
    return exports


def _expects(cases: Sequence[Case]) -> Judge:
    by_unit = {f"G{case.number}": case for case in cases}

    def judge(connection: psycopg.Connection, units: Collection[str]) -> str:
        for unit in sorted(by_unit.keys() & units):
            if by_unit[unit].differences(connection):
                return f"golden: {by_unit[unit].name}"
        return ""

    return judge


def _keep_only(numbers: Sequence[str], url: str) -> None:
    """Leave the rows of these cases, and of those that make the first period what it was."""
    with database.open_url(url) as connection:
        first = connection.execute(
            "select left(file_name, 3) from ("
            " select file_name, ngaygui as happened_at from raw.petitions union all"
            " select file_name, coalesce(ngaytiepnhan, ngaynophoso) from raw.dossiers"
            ") as thing order by happened_at limit 3"
        ).fetchall()
        kept = [*numbers, *(number for (number,) in first)]
        for source in SOURCES:
            query = f"delete from raw.{source} where left(file_name, 3) <> all(%s)"
            connection.execute(query.encode(), [kept])


def recomputed_warehouse(seed: int, last_day: date, compiled: Compiled, home: Path) -> Warehouse:
    """Exports in which everything happens at the edges, judged by the second reading."""
    exports = home / "exports" / f"edges {seed}"
    Edges(seed, last_day).write(exports)
    url = _loaded(exports)
    return Warehouse(exports.name, url, compiled, _reads(exports, url))


def past_warehouse(compiled: Compiled, home: Path) -> Warehouse:
    """A past night as it was known when its last file was read, judged by the second reading.

    That file is the first of its source; a later day came before it, and an earlier day's file a
    second time, changed; a file of the day itself came after it. Of another source the only file
    was broken.
    """
    exports, known, late = (home / "exports" / name for name in ("past", "known", "late"))
    edges = Edges(7, date(2026, 7, 2))
    edges.write(exports)
    first, second, third = (exports / day.isoformat() for day in edges.days)
    shutil.rmtree(second)
    second.mkdir()
    (first / "announcements").rename(second / "announcements")
    shutil.rmtree(first / "online_services")
    (first / "online_services").mkdir()
    (first / "online_services" / "broken.json").write_text("[{")
    shutil.copytree(third / "dossiers", late / second.name / "dossiers")
    url = _loaded(exports, (first, third))
    sent_again = first / "dossiers" / "d.jsonl"
    sent_again.write_text(
        sent_again.read_text().replace('"KenhThucHien": "2"', '"KenhThucHien": "1"')
    )
    _load(url, exports, (first, second))
    shutil.copytree(first, known / first.name)
    shutil.copytree(second, known / second.name)
    with database.open_url(url) as connection:
        [(last_load_id,)] = connection.execute("select max(load_id) from ops.load").fetchall()
    _load(url, late, (second,))
    return Warehouse("past", url, compiled, _reads(known, url), last_load_id)


def _reads(exports: Path, url: str) -> Judge:
    own = Recomputed(_second_reading(url, exports))

    def judge(connection: psycopg.Connection, units: Collection[str]) -> str:
        try:
            groups = compare(own, connection).groups
        except AssertionError:  # rows that have one key
            return "recomputation: keys"
        return f"recomputation: {min(groups)}" if groups else ""

    return judge


def _second_reading(url: str, exports: Path) -> World:
    with database.open_url(url) as connection:
        set_aside = connection.execute(
            "select export_day, source, file_name, line from set_aside.row"
        ).fetchall()
    read = Exports(exports, frozenset(set_aside))
    return World(read, datetime.combine(read.days[-1] + timedelta(days=1), time()))


def _loaded(exports: Path, days: Sequence[Path] = ()) -> str:
    """A new warehouse with the exports in it, by default in the order of their days."""
    url = _new_database(_database(exports), database.WAREHOUSE)
    _load(url, exports, days or sorted(exports.iterdir()))
    return url


def _load(url: str, exports: Path, days: Sequence[Path]) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_DATABASE_URL", url)
        environment.setenv("CHISO_EXPORTS", str(exports))
        load_days(*(date.fromisoformat(day.name) for day in days))


def _database(exports: Path | str) -> str:
    """A name for the database of a folder."""
    return re.sub(r"\W", "_", Path(exports).name)


def _new_database(name: str, template: str) -> str:
    """A copy of a warehouse; its address."""
    admin_url = database.embedded_url(database.SUPERUSER, "postgres")
    with database.open_url(admin_url, autocommit=True) as admin:
        # Great Expectations keeps its connections, which a template must not have.
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [template]
        )
        server.create_database(admin, name, database.OWNER, template=f'"{template}"')
    return database.embedded_url(database.OWNER, name)

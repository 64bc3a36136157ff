"""The pseudonymisation key is replaced: every pseudonym follows, nothing else changes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from chiso766 import kept, key_chain, reload, rotate, settings
from chiso766.build import build_marts
from chiso766.build_lock import build_lock
from chiso766.database import connect
from chiso766.gate import open_gate
from chiso766.privacy import hashed
from chiso766.sample import write_sample

from ..deliveries import load_days, select
from .children import killed_at_every_moment

LAST = date(2026, 11, 27)
FIRST, BEFORE_LAST = LAST - timedelta(days=2), LAST - timedelta(days=1)
PSEUDONYMS = ("official_key", "nguoixuly")
# What tells when something was done.
BOOKKEEPING = ("data_status", "set_aside_status", "fct_indicator_daily")

Rows = dict[str, list[str]]


@pytest.fixture(scope="module")
def published(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nights of a small sample with dirt, in a home of their own; both copies are filled."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(tmp_path_factory.mktemp("key") / "home"))
        write_sample(warehouse, units=1, dossiers=60, days=3, seed=3, dirt=0.05, last_day=LAST)
        for folder in warehouse.glob("*/portal_scores"):  # without others there is no plan to find
            shutil.rmtree(folder)
        shutil.rmtree(warehouse / str(LAST) / "units")  # a changed unit has everything made anew
        load_days(FIRST, BEFORE_LAST)
        for _ in range(2):
            publish()
        yield


def publish() -> None:
    build_marts()
    open_gate()


def rows_of(connection: psycopg.Connection, *schemas: str) -> Rows:
    """Table or view -> its rows as texts, in their order; where none names an official, a hash.

    The hash of a row's content is another one, and left out.
    """
    names = connection.execute(
        "select relnamespace::regnamespace || '.' || quote_ident(relname), exists ("
        " select from pg_attribute where attrelid = class.oid and attname = any(%s))"
        " from pg_class as class where relnamespace::regnamespace::text = any(%s)"
        " and relkind in ('r', 'v') and not relname = any(%s)",
        [list(PSEUDONYMS), list(schemas), list(BOOKKEEPING)],
    ).fetchall()
    return {
        name: _texts(connection, name) if has_officials else _hash(connection, name)
        for name, has_officials in names
    }


def _texts(connection: psycopg.Connection, name: str) -> list[str]:
    query = f"select (to_jsonb(each) - 'content_hash')::text from {name} as each"
    return sorted(text for (text,) in connection.execute(query.encode()))


def _hash(connection: psycopg.Connection, name: str) -> list[str]:
    query = f"select to_json(md5(string_agg(md5(e::text), '' order by md5(e::text)))) from {name} e"
    [(found,)] = connection.execute(query.encode())
    return [json.dumps({"hash": found})]


def everything() -> Rows:
    with connect() as connection:
        live = ("marts", "intermediate", "marts_next", "intermediate_next")
        return rows_of(connection, "raw", "set_aside", "ops", "history", *live)


def renamed(rows: Rows, names: dict[str, str]) -> Rows:
    """The rows with other pseudonyms; only those that stand in an own field are such."""

    def of(text: str) -> str:
        row = json.loads(text)
        return json.dumps({name: names.get(str(value), value) for name, value in row.items()})

    return {name: sorted(map(of, texts)) for name, texts in rows.items()}


def differing(before: Rows, after: Rows) -> list[str]:
    """The names of tables that are not the same."""
    return [name for name in before | after if before.get(name) != after.get(name)]


def pseudonyms() -> set[str]:
    found = select("select distinct nguoixuly from raw.dossiers where nguoixuly is not null")
    return {row["nguoixuly"] for row in found}


def in_use() -> tuple[bytes, ...]:
    with connect() as connection:
        return key_chain.in_use(connection)


def test_everything_is_as_before_but_for_the_names_of_officials(
    published: None, capsys: pytest.CaptureFixture[str]
) -> None:
    before, old = everything(), pseudonyms()
    assert old

    rotate.run("key")

    assert f"{len(old)} người xử lý" in capsys.readouterr().out
    *_, added = settings.load().secret_keys
    new = {each: hashed(each, [added]) for each in old}
    assert len(set(new.values())) == len(old)  # nobody became somebody else
    after = everything()
    for rows in (before, after):
        del rows["ops.pseudonym_key"]
    assert differing(renamed(before, new), renamed(after, {})) == []
    assert pseudonyms() == set(new.values())
    of_models = [name for name, rows in after.items() if any("official_key" in r for r in rows)]
    assert len(of_models) >= 5  # the published copy and the kept one


def test_no_old_pseudonym_is_left_in_any_table_or_statistic(published: None) -> None:
    with connect() as connection:
        connection.execute("analyze raw.dossiers")
    old = pseudonyms()

    rotate.run("key")

    tables = select(
        "select format('%%I.%%I', schemaname, tablename) as name from pg_tables"
        " where schemaname not in ('pg_catalog', 'information_schema')"
    )
    for name in [*(row["name"] for row in tables), "pg_stats"]:
        found = "".join(row["row"] for row in select(f"select e::text as row from {name} as e"))
        assert not [each for each in old if each in found], name


def test_the_same_files_loaded_again_change_nothing(published: None) -> None:
    """So their content is compared with what the new chain makes of the names in them."""
    rotate.run("key")
    [before] = select("select count(*) from raw.dossiers")

    for day in (FIRST, BEFORE_LAST):
        reload.ask_reload(day, "thử khóa mới", f"{day} {len(settings.load().secret_keys)}")
    load_days(BEFORE_LAST)

    assert select("select count(*) from raw.dossiers") == [before]
    [again] = select("select sum(rows_read) as rows from ops.load where rows_changed = 0")
    assert again["rows"] > before["count"]


def test_a_full_build_after_it_makes_the_marts_of_before(published: None) -> None:
    with connect() as connection:
        before, old = rows_of(connection, "marts"), pseudonyms()
    used = len(in_use())

    rotate.run("key")
    with build_lock() as connection:
        kept.forget(connection)
    publish()

    added = settings.load().secret_keys[used:]
    new = {each: hashed(each, added) for each in old}
    with connect() as connection:
        after = rows_of(connection, "marts")
    assert differing(renamed(before, new), renamed(after, {})) == []


def test_the_next_night_goes_on_from_the_kept_tables(published: None) -> None:
    """And ends where a build of everything ends."""
    publish()
    rotate.run("key")
    load_days(LAST)
    publish()
    [changed] = select("select count(*) from intermediate.int_changed_dossier")
    [all_] = select("select count(*) from intermediate.int_dossier")
    assert 0 < changed["count"] < all_["count"]
    with connect() as connection:
        by_kept = rows_of(connection, "marts")
    with build_lock() as connection:
        kept.forget(connection)
    publish()
    with connect() as connection:
        assert differing(by_kept, rows_of(connection, "marts")) == []


def test_a_rotation_killed_anywhere_is_all_old_or_all_new_and_can_be_run_again(
    published: None,
) -> None:
    first, length = pseudonyms(), len(in_use())
    lengths = set()
    for moment in killed_at_every_moment(lambda: rotate.run("key")):
        chain = settings.load().secret_keys
        used = in_use()
        lengths.add(len(chain) - len(used))
        expected = {hashed(each, used[length:]) for each in first}
        with connect() as connection:
            for table in ("intermediate.int_dossier", "intermediate_next.int_dossier"):
                found = connection.execute(f"select distinct official_key from {table}".encode())
                assert {key for (key,) in found if key} <= expected, moment
        assert pseudonyms() == expected, moment
    assert lengths == {0, 1}  # some were killed before the file was written, some behind it
    assert in_use() == settings.load().secret_keys


def test_a_rotation_waits_for_the_load_that_is_at_work(published: None) -> None:
    before, chain = pseudonyms(), settings.load().secret_keys
    with connect(autocommit=True) as night:
        night.execute("select pg_advisory_lock(%s)", [reload.LOAD_LOCK])
        waiting = subprocess.Popen(
            [sys.executable, "-P", "-m", "chiso766", "rotate", "key"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert waiting.stderr
        assert "chờ" in waiting.stderr.readline()
        assert (pseudonyms(), settings.load().secret_keys) == (before, chain)
    said, complaints = waiting.communicate()
    assert waiting.returncode == 0, complaints
    assert "Đã băm lại" in said
    assert pseudonyms().isdisjoint(before)

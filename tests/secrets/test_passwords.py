"""The passwords of the database are replaced: the new ones open it, the old ones nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chiso766 import database, passwords, server, settings
from chiso766.errors import ChisoError

from .children import killed_at_every_moment

OF_A_UNIT = f"{database.OF_UNITS}_thu"
ROLES = {
    *(database.SUPERUSER, database.OWNER, database.AIRFLOW, database.SUPERSET, OF_A_UNIT),
    *database.READERS,
}
DATABASES = {
    database.SUPERUSER: "postgres",
    database.AIRFLOW: database.AIRFLOW,
    database.SUPERSET: database.SUPERSET,
}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a server of its own, and every kind of role; its log shows every statement."""
    home = tmp_path_factory.mktemp("passwords") / "home"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(home))
        server.start()
        server.add_database(database.SUPERSET)
        admin = database.embedded_url(database.SUPERUSER, "postgres")
        with database.open_url(admin, autocommit=True) as connection:
            connection.execute("alter system set log_statement = 'all'")
            connection.execute("alter system set fsync = off")  # a kill is no loss of power
            connection.execute("select pg_reload_conf()")
        server.make_unit_reader(OF_A_UNIT)
        yield home
        server.stop()


def opens(role: str, password: str) -> bool:
    name = DATABASES.get(role, database.WAREHOUSE)
    url = database.with_login(database.embedded_url(role, name), role, password)
    try:
        database.open_url(url).close()
    except ChisoError:
        return False
    return True


def logged(home: Path) -> str:
    return "".join(path.read_text() for path in (home / "logs").glob("postgresql-*.log"))


def test_every_role_has_another_password_and_the_old_one_opens_nothing(own_server: Path) -> None:
    before = database.passwords()
    assert set(before) == ROLES

    assert set(passwords.renew()) == ROLES

    after = database.passwords()
    assert set(after) == ROLES
    for role in ROLES:
        assert opens(role, after[role]), role
        assert not opens(role, before[role]), role


def test_a_session_that_is_open_stays(own_server: Path) -> None:
    with database.connect() as connection:
        passwords.renew()
        assert connection.execute("select 1").fetchone() == (1,)


def test_the_server_is_told_verifiers_only(own_server: Path) -> None:
    before = database.passwords()
    passwords.renew()
    server.make_unit_reader(f"{OF_A_UNIT}_2")
    log = logged(own_server)
    assert "SCRAM-SHA-256$" in log  # so the statements are there
    assert f'create role "{OF_A_UNIT}_2"' in log
    for password in (*before.values(), *database.passwords().values()):
        assert password not in log
    server.drop_unit_reader(f"{OF_A_UNIT}_2")
    admin = database.embedded_url(database.SUPERUSER, "postgres")
    with database.open_url(admin) as connection:
        kept = connection.execute(
            "select rolpassword from pg_authid where rolname = any(%s)", [list(ROLES)]
        ).fetchall()
    assert len(kept) == len(ROLES)
    assert all(verifier.startswith("SCRAM-SHA-256$4096:") for (verifier,) in kept)


def test_a_change_killed_anywhere_is_made_for_all_roles_or_for_none(own_server: Path) -> None:
    outcomes = set()
    for moment in killed_at_every_moment(passwords.renew):
        before = database.passwords()
        server.start()
        after = database.passwords()
        outcomes.add({after[role] == before[role] for role in ROLES}.pop())
        for role in ROLES:
            assert opens(role, after[role]), (moment, role)
            assert (after[role] == before[role]) == (after["airflow"] == before["airflow"])
        left = sorted(path.name for path in own_server.glob("passwords*"))
        assert left == ["passwords.json"], moment
    assert outcomes == {True, False}


def test_a_change_that_was_cut_off_is_settled_by_the_next_one_too(own_server: Path) -> None:
    before = database.passwords()
    proposed = own_server / "passwords.next.json"
    settings.write_private(proposed, json.dumps(before | {database.OWNER: "nobody knows it"}))
    passwords.renew()
    assert not proposed.exists()
    assert opens(database.OWNER, database.password(database.OWNER))


def test_on_another_server_only_the_roles_made_there_are_changed(
    own_server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account in CHISO_DATABASE_URL is its administrator's."""
    before = database.passwords()
    given = database.embedded_url(database.SUPERUSER, database.WAREHOUSE)
    monkeypatch.setenv("CHISO_DATABASE_URL", given)
    changed = set(passwords.renew())
    assert changed == {*database.READERS, database.SUPERSET, OF_A_UNIT}
    after = database.passwords()
    assert {role for role in ROLES if after[role] != before[role]} == changed
    for role in changed:
        assert opens(role, after[role])


def test_an_account_that_may_not_is_told_so_and_nothing_changes(
    own_server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = database.passwords()
    given = database.embedded_url(database.OWNER, database.WAREHOUSE)
    with monkeypatch.context() as environment:
        environment.setenv("CHISO_DATABASE_URL", given)
        with pytest.raises(ChisoError, match=r"không được đổi mật khẩu.*hãy nhờ"):
            passwords.renew()
    server.start()
    assert database.passwords() == before
    assert all(opens(role, before[role]) for role in ROLES)
    assert [path.name for path in own_server.glob("passwords*")] == ["passwords.json"]

"""New passwords for the roles that this installation made: on the server and in the file.

The file cannot change in the same moment as the server. So the new passwords are written beside it
first, then set on the server for all roles in one transaction, then take the file's place. After a
change that was cut off the server says which of the two files holds.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from chiso766 import database, settings
from chiso766.errors import ChisoError

# Of the embedded server; another server has its own.
_OF_THE_SERVER = (database.SUPERUSER, database.OWNER, database.AIRFLOW)
# Who may not enter the warehouse, or does not have to, and the database of each.
_ELSEWHERE = {
    database.SUPERUSER: "postgres",
    database.AIRFLOW: database.AIRFLOW,
    database.SUPERSET: database.SUPERSET,
}


def renew() -> list[str]:
    """Give every role of this installation a new password; returns the roles.

    All of them or, where it fails or is cut off, none: see ``settle``. Sessions that are open stay.
    """
    given = settings.load().database_url
    admin = given or database.embedded_url(database.SUPERUSER, "postgres")
    with database.password_lock():
        settle()
        with database.open_url(admin) as connection:
            there = {role for (role,) in connection.execute("select rolname from pg_roles")}
            proposed = {
                role: database.new_password()
                for role in database.passwords()
                if role in there and not (given and role in _OF_THE_SERVER)
            }
            database.keep_passwords(_proposed_file(), database.passwords() | proposed)
            _set_all(connection, proposed)
        os.replace(_proposed_file(), database.passwords_file())
    return list(proposed)


def _set_all(connection: psycopg.Connection, proposed: dict[str, str]) -> None:
    try:
        for role, password in proposed.items():
            set_password(connection, "alter role {role} password {verifier}", role, password)
    except psycopg.errors.InsufficientPrivilege as error:
        raise ChisoError(
            f"Tài khoản {connection.info.user} không được đổi mật khẩu của {', '.join(proposed)}:"
            " hãy nhờ người quản trị máy chủ đổi, rồi ghi mật khẩu mới vào"
            f" {database.passwords_file()}."
        ) from error


def settle() -> None:
    """After a change that was cut off, keep the passwords that the server knows.

    The server runs, and the caller holds ``database.password_lock``.
    """
    if not _proposed_file().exists():
        return
    proposed, known = json.loads(_proposed_file().read_text()), database.passwords()
    changed = [role for role in proposed if proposed[role] != known.get(role)]
    if any(_opens(role, proposed[role]) for role in changed):
        os.replace(_proposed_file(), database.passwords_file())
    elif any(_opens(role, known[role]) for role in changed if role in known):
        _proposed_file().unlink()


def set_password(
    connection: psycopg.Connection, statement: LiteralString, role: str, password: str
) -> None:
    """Run a statement on ``{role}`` that sets ``{verifier}`` as its password.

    By a verifier the server recognises the password without knowing it; statements may get into
    its log.
    """
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL(statement).format(
            role=sql.Identifier(role), verifier=sql.Literal(verifier.decode())
        )
    )


def _opens(role: str, password: str) -> bool:
    there = urlsplit(database.warehouse_url(role))
    place = there._replace(path=f"/{_ELSEWHERE[role]}") if role in _ELSEWHERE else there
    try:
        database.open_url(database.with_login(urlunsplit(place), role, password)).close()
    except ChisoError:
        return False
    return True


def _proposed_file() -> Path:
    return database.passwords_file().with_name("passwords.next.json")

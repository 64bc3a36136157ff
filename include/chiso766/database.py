"""Connections to the warehouse and to Airflow's metadata."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from chiso766 import settings
from chiso766.errors import ChisoError

WAREHOUSE = "chiso"
AIRFLOW = "airflow"
OWNER = "chiso_etl"
OF_UNITS = "chiso_unit"
READERS = ("chiso_analyst", "chiso_bi", OF_UNITS)
SUPERUSER = "postgres"
SUPERSET = "superset"


def connect(role: str = OWNER, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection to the warehouse as ``role``."""
    return open_url(warehouse_url(role), autocommit)


def open_url(url: str, autocommit: bool = False) -> psycopg.Connection:
    """Open a connection whose local time is Vietnam's."""
    try:
        return psycopg.connect(
            url,
            autocommit=autocommit,
            connect_timeout=10,
            application_name="chiso766",
            options=f"-c TimeZone={settings.TIMEZONE}",
        )
    except psycopg.OperationalError as error:
        raise ChisoError(
            f"Không kết nối được cơ sở dữ liệu {without_password(url)}: hãy chạy ./chiso up,"
            " hoặc kiểm tra CHISO_DATABASE_URL."
        ) from error


def warehouse_url(role: str = OWNER) -> str:
    """The warehouse's ``postgresql://`` address, password included, as ``role``."""
    given = settings.load().database_url
    if given is None:
        return embedded_url(role, WAREHOUSE)
    if role == OWNER:
        return given
    return _with_login(given, role, password(role))


def airflow_url() -> str:
    """The address of Airflow's metadata database."""
    current = settings.load()
    if current.airflow_database_url:
        return current.airflow_database_url
    if current.database_url:
        return urlunsplit(urlsplit(current.database_url)._replace(path=f"/{AIRFLOW}"))
    return embedded_url(AIRFLOW, AIRFLOW)


def superset_url() -> str:
    """The address of Superset's metadata database, as the role of the same name."""
    given = settings.load().database_url
    if given is None:
        return embedded_url(SUPERSET, SUPERSET)
    there = urlsplit(given)._replace(path=f"/{SUPERSET}")
    return _with_login(urlunsplit(there), SUPERSET, password(SUPERSET))


def embedded_url(role: str, database: str) -> str:
    """The address of a database of the embedded server."""
    port_file = embedded_folder() / "port"
    if not port_file.exists():
        raise ChisoError("PostgreSQL nhúng chưa được khởi tạo: hãy chạy ./chiso up.")
    port = port_file.read_text().strip()
    return f"postgresql://{role}:{password(role)}@127.0.0.1:{port}/{database}"


def embedded_folder() -> Path:
    """Where the embedded server keeps its data, port and passwords."""
    return settings.load().home / "postgres"


def password(role: str) -> str:
    """The password of a role that this installation made."""
    try:
        return str(json.loads(passwords_file().read_text())[role])
    except (FileNotFoundError, KeyError) as error:
        raise ChisoError(
            f"Không có mật khẩu của {role} trong {passwords_file()}: hãy thêm vào tệp đó mật khẩu"
            " mà người quản trị máy chủ cơ sở dữ liệu đã đặt."
        ) from error


def make_passwords(*roles: str) -> None:
    """Make a password for each role that has none yet."""
    path = passwords_file()
    known = json.loads(path.read_text()) if path.exists() else {}
    missing = [role for role in roles if role not in known]
    if missing:
        known |= {role: secrets.token_urlsafe(24) for role in missing}
        settings.write_private(path, json.dumps(known, indent=1))


def forget_password(role: str) -> None:
    """Take the password of a role out of the file."""
    known = json.loads(passwords_file().read_text())
    if known.pop(role, None):
        settings.write_private(passwords_file(), json.dumps(known, indent=1))


def without_password(url: str) -> str:
    """An address fit to be shown: who, where and which database."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.username}@{parts.hostname}{port}{parts.path}"


def passwords_file() -> Path:
    """Where the passwords of the roles are kept."""
    return settings.load().home / "passwords.json"


def _with_login(url: str, role: str, secret: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(secret)}@{place}"))

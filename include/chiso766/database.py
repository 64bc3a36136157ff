"""Connections to the warehouse and to Airflow's metadata."""

from __future__ import annotations

import json
import secrets
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from chiso766 import settings
from chiso766.errors import ChisoError
from chiso766.locks import exclusive

WAREHOUSE = "chiso"
AIRFLOW = "airflow"
OWNER = "chiso_etl"
OF_UNITS = "chiso_unit"
READERS = ("chiso_analyst", "chiso_bi", OF_UNITS)
OF_PERSONAL = "chiso_personal"  # without a login
OF_SET_ASIDE = ("chiso_analyst",)
"""Who reads the rows set aside."""
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
        raise ChisoError(_why_not(url, str(error))) from error


def _why_not(url: str, said: str) -> str:
    """What libpq said of a connection that it could not make, in one sentence."""
    place = without_password(url)
    if "certificate" in said or "SSL error" in said:
        return (
            f"Chứng thư TLS của máy chủ cơ sở dữ liệu {place} không được chấp nhận theo chứng thư"
            f" CA {tls(url).get('sslrootcert', '(mặc định)')}: hãy nhờ người quản trị máy chủ cấp"
            " đúng tệp CA và đúng tên máy chủ, rồi sửa CHISO_DATABASE_URL."
        )
    if "no encryption" in said:
        return (
            f"Máy chủ cơ sở dữ liệu {place} chỉ nhận kết nối có mã hóa: hãy thêm"
            " ?sslmode=verify-full&sslrootcert=/đường/dẫn/ca.pem vào CHISO_DATABASE_URL."
        )
    return (
        f"Không kết nối được cơ sở dữ liệu {place}: hãy chạy ./chiso up, hoặc kiểm tra"
        " CHISO_DATABASE_URL."
    )


def tls(url: str) -> dict[str, str]:
    """What an address says of TLS: libpq's parameters ``sslmode``, ``sslrootcert`` and so on."""
    given = conninfo_to_dict(url)
    return {name: str(value) for name, value in given.items() if name.startswith("ssl")}


def warehouse_url(role: str = OWNER) -> str:
    """The warehouse's ``postgresql://`` address, password included, as ``role``."""
    given = settings.load().database_url
    if given is None:
        return embedded_url(role, WAREHOUSE)
    if role == OWNER:
        return given
    return with_login(given, role, password(role))


def airflow_url() -> str:
    """The address of Airflow's metadata database."""
    current = settings.load()
    if current.airflow_database_url:
        return current.airflow_database_url
    if current.database_url:
        return in_database(current.database_url, AIRFLOW)
    return embedded_url(AIRFLOW, AIRFLOW)


def superset_url() -> str:
    """The address of Superset's metadata database, as the role of the same name."""
    given = settings.load().database_url
    if given is None:
        return embedded_url(SUPERSET, SUPERSET)
    return with_login(in_database(given, SUPERSET), SUPERSET, password(SUPERSET))


def maintenance_url() -> str:
    """The address from which databases are made and renamed, as who may do so."""
    given = settings.load().database_url
    if given is None:
        return embedded_url(SUPERUSER, "postgres")
    return in_database(given, "postgres")


def in_database(url: str, name: str) -> str:
    """The same server and account, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


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
        return passwords()[role]
    except (FileNotFoundError, KeyError) as error:
        raise ChisoError(
            f"Không có mật khẩu của {role} trong {passwords_file()}: hãy thêm vào tệp đó mật khẩu"
            " mà người quản trị máy chủ cơ sở dữ liệu đã đặt."
        ) from error


def passwords() -> dict[str, str]:
    """Role -> its password."""
    return dict(json.loads(passwords_file().read_text()))


def make_passwords(*roles: str) -> None:
    """Make a password for each role that has none yet."""
    with password_lock():
        known = passwords() if passwords_file().exists() else {}
        missing = [role for role in roles if role not in known]
        if missing:
            keep_passwords(passwords_file(), known | {role: new_password() for role in missing})


def forget_password(role: str) -> None:
    """Take the password of a role out of the file."""
    with password_lock():
        known = passwords()
        if known.pop(role, None):
            keep_passwords(passwords_file(), known)


def new_password() -> str:
    """A password that nobody guesses."""
    return secrets.token_urlsafe(24)


def keep_passwords(path: Path, known: dict[str, str]) -> None:
    """Write passwords, role -> password, into a file; the caller holds ``password_lock``."""
    settings.write_private(path, json.dumps(known, indent=1))


def password_lock() -> AbstractContextManager[None]:
    """Held by who changes passwords, in the file or on the server."""
    return exclusive(settings.load().home / "run" / "passwords.lock")


def without_password(url: str) -> str:
    """An address fit to be shown: who, where and which database."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.username}@{parts.hostname}{port}{parts.path}"


def passwords_file() -> Path:
    """Where the passwords of the roles are kept."""
    return settings.load().home / "passwords.json"


def with_login(url: str, role: str, secret: str) -> str:
    """An address with another login."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(secret)}@{place}"))

"""Superset, the BI tool in the box, which reads the marts as ``chiso_bi``.

Its packages are in an environment of their own (requirements-superset.txt), so it is run, never
imported. What it shows is in ``bi/assets``; its settings are ``bi/superset_config.py``.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path
from urllib.request import urlopen

from chiso766 import database, server, settings
from chiso766.errors import ChisoError

NAME = "superset"
USER = "chiso"
FIRST_PORT = 8768
DASHBOARD = "diem-766"
BI = settings.PROJECT_ROOT / "bi"
PYTHON = settings.PROJECT_ROOT / ".venv-superset" / "bin" / "python"

# One process with threads: what it counts and keeps in memory is the same for every request.
SERVER = (
    "-m",
    "gunicorn",
    "--worker-class=gthread",
    "--threads=8",
    "--timeout=90",
    "--no-control-socket",  # it would be one for all installations of an account
)
APPLICATION = "superset.app:create_app()"
# What it inherits: nothing of chiso766's own, whose variables hold the secrets of Airflow.
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "TZ")
_PATIENCE_S = 30
_IMPORT_TIMEOUT_S = 900  # the first makes some hundred tables


def write_settings() -> None:
    """Make its database and login, and the file of addresses and secrets that its programs read."""
    server.add_database(database.SUPERSET)
    path = settings_file()
    kept = json.loads(path.read_text()) if path.exists() else {}
    given = {
        "secret_key": kept.get("secret_key") or secrets.token_urlsafe(48),
        "metadata_url": _for_sqlalchemy(database.superset_url()),
        "warehouse_url": _for_sqlalchemy(database.warehouse_url("chiso_bi")),
        "home_unit": settings.load().unit,
    }
    settings.write_private(path, json.dumps(given, indent=1) + "\n")
    if not login_file().exists():
        login = {USER: secrets.token_urlsafe(12)}
        settings.write_private(login_file(), json.dumps(login) + "\n")


def import_assets(log: Path) -> None:
    """Bring its database to this version and the assets into it; what it says goes to ``log``."""
    if not PYTHON.exists():
        raise ChisoError("Chưa cài Superset trên máy này: hãy chạy ./chiso up --bi.")
    try:
        with open(log, "a") as output:
            subprocess.run(
                [PYTHON, BI / "prepare.py"],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=True,
                timeout=_IMPORT_TIMEOUT_S,
            )
    except subprocess.SubprocessError as error:
        raise ChisoError(f"Superset không nhận được bảng điều khiển: hãy xem {log}.") from error


def command() -> list[str]:
    """What serves it on this machine."""
    return [str(PYTHON), *SERVER, f"--bind=127.0.0.1:{port()}", APPLICATION]


def environment() -> dict[str, str]:
    """What its programs are started with."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    # As in the image: what lies in the current folder must not be taken for Python's packages.
    return inherited | variables() | {"PYTHONSAFEPATH": "1"}


def variables() -> dict[str, str]:
    """The variables that its programs need."""
    return {
        "CHISO_SUPERSET": str(folder()),
        "SUPERSET_HOME": str(folder()),
        "SUPERSET_CONFIG_PATH": str(BI / "superset_config.py"),
    }


def folder() -> Path:
    """Superset's own folder."""
    return settings.load().home / "superset"


def forget_login() -> None:
    """Let the next start make a new password of ``USER``."""
    login_file().unlink(missing_ok=True)


def login_file() -> Path:
    """Where the password of ``USER`` is kept."""
    return folder() / "login.json"


def settings_file() -> Path:
    """Where the addresses and secrets are that its programs read."""
    return folder() / "settings.json"


def port() -> int:
    """The port on this machine; chosen when it is first started, see ``keep_port``."""
    kept = folder() / "port"
    return int(kept.read_text()) if kept.exists() else FIRST_PORT


def keep_port(port: int) -> None:
    """Decide the port on this machine."""
    settings.write_private(folder() / "port", f"{port}\n")


def address() -> str:
    """Where it is on this machine."""
    return f"http://127.0.0.1:{port()}"


def hint() -> str:
    """Where its dashboard is and how to log in."""
    return (
        f"{address()}/superset/dashboard/{DASHBOARD}/, tên đăng nhập {USER}, mật khẩu trong tệp"
        f" {login_file()}"
    )


def is_healthy() -> bool:
    """Whether its server on this machine answers."""
    try:
        with urlopen(f"{address()}/health", timeout=_PATIENCE_S):
            return True
    except OSError:
        return False


def _for_sqlalchemy(url: str) -> str:
    return "postgresql+psycopg2://" + url.partition("://")[2]

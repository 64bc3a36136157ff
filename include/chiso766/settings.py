"""Settings: environment variables, or lines in ``.env``; ``.env.example`` documents each."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from chiso766.errors import ChisoError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
TIMEZONE = "Asia/Ho_Chi_Minh"
SHORTEST_SECRET = 32


@dataclass(frozen=True)
class Settings:
    """What an installation may decide; paths are absolute."""

    home: Path
    exports: Path
    unit: str
    population_database_code: str
    target_rank: int
    database_url: str | None = field(repr=False)
    airflow_database_url: str | None = field(repr=False)
    given_secret_key: str | None = field(repr=False)
    project_root: Path = PROJECT_ROOT
    timezone: str = TIMEZONE

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def secret_key(self) -> bytes:
        """The pseudonymisation key: CHISO_SECRET_KEY, else a file made at first use."""
        if self.given_secret_key is None:
            return _kept_secret(self.home / "secret.key")
        if len(self.given_secret_key) < SHORTEST_SECRET:
            raise ChisoError(
                f"CHISO_SECRET_KEY ngắn hơn {SHORTEST_SECRET} ký tự: hãy đặt một khóa dài hơn,"
                " hoặc bỏ dòng đó đi để hệ thống tự tạo khóa."
            )
        return self.given_secret_key.encode()


def load() -> Settings:
    """Read the settings; the environment wins over ``.env`` in the project's root."""
    given = {
        name: value
        for name, value in (dotenv_values(PROJECT_ROOT / ".env") | os.environ).items()
        if name.startswith("CHISO_") and value
    }
    home = _absolute(given.get("CHISO_HOME", ".chiso"))
    return Settings(
        home=home,
        exports=_absolute(given.get("CHISO_EXPORTS", str(home / "exports"))),
        unit=given.get("CHISO_UNIT", "H24.999"),
        population_database_code=given.get("CHISO_POPULATION_DATABASE_CODE", "7"),
        target_rank=_rank(given.get("CHISO_TARGET_RANK", "20")),
        database_url=given.get("CHISO_DATABASE_URL"),
        airflow_database_url=given.get("CHISO_AIRFLOW_DATABASE_URL"),
        given_secret_key=given.get("CHISO_SECRET_KEY"),
    )


def write_private(path: Path, content: str) -> None:
    """Write a file only its owner may read, whole or not at all."""
    make_private(path.parent)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise


def make_private(folder: Path) -> Path:
    """Make a folder (and its parents) that only its owner may enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _rank(text: str) -> int:
    if not re.fullmatch("0*[1-9][0-9]{0,5}", text):
        raise ChisoError(
            f"CHISO_TARGET_RANK “{text}” không phải là một thứ hạng: hãy đặt một số nguyên từ 1,"
            " ví dụ 20."
        )
    return int(text)


def _absolute(path: str) -> Path:
    return (PROJECT_ROOT / Path(path).expanduser()).resolve()


def _kept_secret(path: Path) -> bytes:
    if not path.exists():
        make_private(path.parent)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        write_private(draft, secrets.token_hex(32))
        with suppress(FileExistsError):  # of two first runs at once, one key stays
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()

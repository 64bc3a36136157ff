"""Settings: environment variables, or lines in ``.env``; ``.env.example`` documents each."""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from dotenv import dotenv_values

from chiso766.errors import ChisoError

PROJECT_ROOT = Path(__file__).resolve().parents[2]
TIMEZONE = "Asia/Ho_Chi_Minh"
SHORTEST_SECRET = 32
# As the states of the rule book (2.1) have it; or not counted.
RETURNED = ("settled", "left_out")
# As the states of the rule book (2.1) have it; or in progress until the supplement arrives.
AWAITED = ("settled", "in_progress")
_VARIABLE = re.compile("(CHISO|AIRFLOW)_[A-Z0-9_]+")
_BUCKET = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(/[\w.-]+)*/?)")


@dataclass(frozen=True)
class Settings:
    """What an installation may decide; paths are absolute."""

    home: Path
    exports: Path
    unit: str
    population_database_code: str
    target_rank: int
    report_returned: str
    """How dossiers that were returned stand in the official reports: a word of RETURNED."""
    report_awaited: str
    """How those that wait for their first supplement stand there: a word of AWAITED."""
    landing: tuple[str, str] | None
    """Bucket and prefix of the object store; None: a folder of ``home``."""
    retention_days: int
    """How many days after its export day a landed file is kept."""
    keep_personal: bool
    """Whether personal fields are kept in the encrypted table, instead of nowhere."""
    backups: Path | None
    """Where each night leaves a backup; None: another's server, and nobody said where."""
    is_on_citus: bool
    """Whether the warehouse is the coordinator of Citus, and spreads dossiers over its workers."""
    database_url: str | None = field(repr=False)
    airflow_database_url: str | None = field(repr=False)
    given_secret_key: str | None = field(repr=False)
    given_personal_key: str | None = field(repr=False)
    ui_password: str | None = field(repr=False)
    notify_email: tuple[str, ...]
    """Who is written to when a night needs a person; nobody by default."""
    smtp_url: str | None = field(repr=False)
    notify_webhook: str | None = field(repr=False)
    metrics: str | None
    """The OpenTelemetry collector (http[s]://host:port) that nights are measured for."""
    project_root: Path = PROJECT_ROOT
    timezone: str = TIMEZONE

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def secret_key_file(self) -> Path:
        """Where the chain of keys is kept that CHISO_SECRET_KEY does not give."""
        return self.home / "secret.key"

    @property
    def secret_keys(self) -> tuple[bytes, ...]:
        """The chain of pseudonymisation keys, oldest first: CHISO_SECRET_KEY, else a file made at
        first use.

        Several machines must be given one: each would make its own.
        """
        if self.given_secret_key is not None:
            return _chain(self.given_secret_key, "CHISO_SECRET_KEY")
        if self.landing:
            raise ChisoError(
                "CHISO_LANDING là kho đối tượng dùng chung nhưng thiếu CHISO_SECRET_KEY: hãy"
                " đặt cùng một khóa cho mọi máy, nếu không một người sẽ có nhiều mã băm."
            )
        key = kept_secret(self.secret_key_file, secrets.token_hex(SHORTEST_SECRET))
        return _chain(key, str(self.secret_key_file))

    def add_secret_key(self) -> None:
        """Put a new key at the end of the chain in the file."""
        chain = [*self.secret_keys, secrets.token_hex(SHORTEST_SECRET).encode()]
        write_private(self.secret_key_file, b",".join(chain).decode())


def load() -> Settings:
    """Read the settings; the environment wins over files of CHISO_SECRETS, these over ``.env``."""
    given = chosen()
    home = _absolute(given.get("CHISO_HOME", ".chiso"))
    return Settings(
        home=home,
        exports=_absolute(given.get("CHISO_EXPORTS", str(home / "exports"))),
        unit=given.get("CHISO_UNIT", "H24.999"),
        population_database_code=given.get("CHISO_POPULATION_DATABASE_CODE", "7"),
        target_rank=_rank(given.get("CHISO_TARGET_RANK", "20")),
        report_returned=_word("CHISO_REPORT_RETURNED", given, RETURNED),
        report_awaited=_word("CHISO_REPORT_AWAITED", given, AWAITED),
        landing=_bucket(given["CHISO_LANDING"]) if "CHISO_LANDING" in given else None,
        retention_days=_days(given.get("CHISO_RETENTION_DAYS", "90")),
        keep_personal=_switch("CHISO_KEEP_PERSONAL", given.get("CHISO_KEEP_PERSONAL", "0")),
        backups=_backups(given, home),
        is_on_citus=_switch("CHISO_CITUS", given.get("CHISO_CITUS", "0")),
        database_url=_with_password(
            given.get("CHISO_DATABASE_URL"), given.get("CHISO_DATABASE_PASSWORD")
        ),
        airflow_database_url=given.get("CHISO_AIRFLOW_DATABASE_URL"),
        given_secret_key=given.get("CHISO_SECRET_KEY"),
        given_personal_key=given.get("CHISO_PERSONAL_KEY"),
        ui_password=given.get("CHISO_UI_PASSWORD"),
        notify_email=tuple(
            address.strip()
            for address in given.get("CHISO_NOTIFY_EMAIL", "").split(",")
            if address.strip()
        ),
        smtp_url=given.get("CHISO_SMTP_URL"),
        notify_webhook=given.get("CHISO_NOTIFY_WEBHOOK"),
        metrics=given.get("CHISO_METRICS"),
    )


def chosen() -> dict[str, str]:
    """What is set, by name, known or not; an empty value is "not given"."""
    written = dotenv_values(PROJECT_ROOT / ".env")
    return {
        name: value
        for name, value in (written | secret_files() | os.environ).items()
        if name.startswith("CHISO_") and value
    }


def secret_files() -> dict[str, str]:
    """Variable -> value of the files of CHISO_SECRETS: each is named as the variable it holds."""
    folder = os.environ.get("CHISO_SECRETS")
    if not folder:
        return {}
    try:
        files = [path for path in Path(folder).iterdir() if _VARIABLE.fullmatch(path.name)]
        return {path.name: path.read_text(encoding="utf-8").strip() for path in files}
    except (OSError, UnicodeDecodeError) as error:
        raise ChisoError(
            f"Không đọc được thư mục bí mật {folder} ({type(error).__name__}): hãy kiểm tra"
            " CHISO_SECRETS và quyền đọc các tệp trong đó."
        ) from error


def write_private(path: Path, content: str) -> None:
    """Write a file only its owner may read, whole or not at all; it is on the disk afterwards."""
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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def kept_secret(path: Path, proposed: str) -> str:
    """The secret in a file; at its first use that is the proposed one."""
    if not path.exists():
        make_private(path.parent)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        write_private(draft, proposed)
        with suppress(FileExistsError):  # of two first runs at once, one key stays
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


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


def _days(text: str) -> int:
    if not re.fullmatch("0*[1-9][0-9]{0,4}", text):
        raise ChisoError(
            f"CHISO_RETENTION_DAYS “{text}” không phải là một số ngày: hãy đặt một số nguyên từ 1,"
            " ví dụ 90."
        )
    return int(text)


def _backups(given: dict[str, str], home: Path) -> Path | None:
    """The embedded server is backed up by itself; another one's administrator may do it."""
    if "CHISO_BACKUPS" in given:
        return _absolute(given["CHISO_BACKUPS"])
    return None if "CHISO_DATABASE_URL" in given else home / "backups"


def _switch(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise ChisoError(f"{name} “{text}” không phải là 0 hay 1: hãy đặt 1 để bật, 0 để tắt.")
    return text == "1"


def _word(name: str, given: dict[str, str], words: tuple[str, ...]) -> str:
    """One of the words; the first where none is given."""
    word = given.get(name, words[0])
    if word not in words:
        raise ChisoError(f"{name} “{word}” không đúng: hãy đặt {' hoặc '.join(words)}.")
    return word


def _bucket(address: str) -> tuple[str, str]:
    """Bucket and prefix of ``s3://bucket/prefix``."""
    found = _BUCKET.fullmatch(address)
    if found is None:
        raise ChisoError(
            f"CHISO_LANDING “{address}” không phải là địa chỉ kho đối tượng: hãy ghi"
            " s3://tên-bucket/thư-mục, hoặc bỏ trống để lưu vào CHISO_HOME."
        )
    return found["bucket"], found["prefix"].strip("/")


def _with_password(url: str | None, password: str | None) -> str | None:
    """The address with a password that is kept apart from it, unless it names one itself."""
    if url is None or password is None:
        return url
    parts = urlsplit(url)
    if parts.password is not None:
        return url
    login, _, place = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{login}:{quote(password, safe='')}@{place}"))


def _absolute(path: str) -> Path:
    return (PROJECT_ROOT / Path(path).expanduser()).resolve()


def _chain(text: str, place: str) -> tuple[bytes, ...]:
    keys = [key.strip() for key in text.split(",")]
    if any(len(key) < SHORTEST_SECRET for key in keys):
        raise ChisoError(
            f"{place} có khóa ngắn hơn {SHORTEST_SECRET} ký tự: hãy đặt khóa dài hơn (nhiều khóa"
            " cách nhau bằng dấu phẩy, khóa cũ trước), hoặc bỏ đi để hệ thống tự tạo khóa."
        )
    return tuple(key.encode() for key in keys)

"""What the connectors to other machines share: patience, drafts of files, downloads."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from time import sleep as pause
from typing import Any, BinaryIO, TypeVar

from chiso766 import settings
from chiso766.connectors.offered import StillChanging
from chiso766.errors import ChisoError
from chiso766.settings import make_private, write_private

T = TypeVar("T")

TIMEOUT_S = 30  # without a sign of life from the other side
LARGEST = 4 << 30  # bytes of one file
MOST_FILES = 10_000  # of one folder
_LONGEST_S = 3600  # of one line of connectors.csv
_PAUSES_S = (1, 4, 16)
_LONGEST_PAUSE_S = 120
_KEPT_EVERY = 64 << 20


class Interrupted(Exception):
    """The other side failed in passing: what happened, in Vietnamese, and when to come back."""

    def __init__(self, problem: str, wait_s: float = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.wait_s = wait_s


class GivenUp(ChisoError):
    """The other side does not answer as it should: asking for its other files is of no use."""


class Patience:
    """How long a line of ``connectors.csv`` may take, and how often it may try again."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._end = monotonic() + _LONGEST_S

    def check(self) -> None:
        """Raises ``GivenUp`` when the time is over."""
        if monotonic() > self._end:
            raise GivenUp(
                f"Kết nối {self._connection} chưa tải xong sau {_LONGEST_S // 60} phút: hãy kiểm"
                " tra đường truyền rồi chạy lại ngày này."
            )

    def insist(self, attempt: Callable[[], T]) -> T:
        """The attempt's result; after ``Interrupted`` again, a few times, later and later."""
        problem = ""
        for wait_s in (*_PAUSES_S, None):
            self.check()
            try:
                return attempt()
            except Interrupted as interrupted:
                problem, asked_s = interrupted.problem, interrupted.wait_s
            if wait_s is None or asked_s > _LONGEST_PAUSE_S:
                break
            pause(max(wait_s, asked_s))
        raise GivenUp(
            f"Kết nối {self._connection} không tải được ({problem}): hãy kiểm tra máy chủ và đường"
            " truyền rồi chạy lại ngày này."
        )


class Draft:
    """A file on its way, and a note of what it is a part of and how much is safely on the disk."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.path = folder / hashlib.sha256("\0".join(names).encode()).hexdigest()
        self._note = self.path.with_suffix(".json")
        self._version: str | None = None
        self.kept: dict[str, Any] = {}

    @contextmanager
    def writing(self, version: str | None) -> Iterator[BinaryIO]:
        """Open behind what is there of this version; None: of no version that could be trusted."""
        make_private(self.path.parent)
        self._version = version
        self.kept = self._read_note()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if version is None or self.kept.get("version") != version:
                self._note.unlink(missing_ok=True)  # before the bytes that it speaks of
                self.kept = {"size": 0}
            file.seek(self.kept["size"])
            file.truncate()
            yield file

    def keep(self, file: BinaryIO, **more: object) -> None:
        """What is written so far will be gone on with after any interruption."""
        file.flush()
        os.fsync(file.fileno())
        self.kept = {"version": self._version, "size": file.tell(), **more}
        write_private(self._note, json.dumps(self.kept))

    def remove(self) -> None:
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _read_note(self) -> dict[str, Any]:
        try:
            note = json.loads(self._note.read_bytes())
            is_whole = self.path.stat().st_size >= note["size"]
        except (FileNotFoundError, ValueError, KeyError):
            return {}
        return note if is_whole else {}


def drafts_of(source: str, connection: str) -> Path:
    """Where the drafts of a line of ``connectors.csv`` lie."""
    return settings.load().home / "unfinished" / f"{source}.{connection}"


def remove_drafts(source: str, connection: str) -> None:
    """All that the line offers was taken: what is left was given up at its origin."""
    shutil.rmtree(drafts_of(source, connection), ignore_errors=True)


@dataclass(frozen=True)
class RemoteFile:
    """``read``: the bytes from a place on; raises ``Interrupted`` or ``StillChanging``."""

    place: str
    size: int
    version: str | None
    read: Callable[[int], Iterator[bytes]]


@contextmanager
def downloaded(file: RemoteFile, draft: Draft, patience: Patience) -> Iterator[Path]:
    """The file's bytes, gone on with where they were interrupted; kept until the body succeeded."""
    check_size(file.size, file.place)
    patience.insist(lambda: _go_on(file, draft, patience))
    yield draft.path
    draft.remove()


def _go_on(file: RemoteFile, draft: Draft, patience: Patience) -> None:
    with draft.writing(file.version) as target:
        try:
            for chunk in file.read(target.tell()):
                patience.check()
                target.write(chunk)
                if target.tell() > file.size:
                    raise StillChanging
                if target.tell() - draft.kept["size"] >= _KEPT_EVERY:
                    draft.keep(target)
        finally:
            draft.keep(target)
        if target.tell() < file.size:
            raise Interrupted("bị cắt giữa chừng")


def check_size(size: int, place: str) -> None:
    """Raises ``ChisoError`` where a file is larger than any export."""
    if size > LARGEST:
        raise ChisoError(
            f"{place} lớn hơn {LARGEST >> 30} GiB nên không tải: hãy chia thành nhiều tệp nhỏ hơn."
        )


def too_many_files(connection: str) -> ChisoError:
    return ChisoError(
        f"Thư mục của kết nối {connection} có hơn {MOST_FILES} tệp: hãy kiểm tra đường dẫn, hoặc"
        " gộp các tệp."
    )


def refuse_certificate(connection: str, error: BaseException) -> None:
    """Raises ``GivenUp`` if a certificate lies behind the error: nothing lets it pass."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise GivenUp(
                f"Máy chủ của kết nối {connection} đưa ra chứng thư TLS không tin được"
                f" ({cause.verify_message}): hãy kiểm tra địa chỉ và chứng thư; chứng thư gốc nội"
                " bộ thì ghi đường dẫn vào ca_file trong phần extra của kết nối."
            ) from None
        cause = cause.__cause__ or cause.__context__

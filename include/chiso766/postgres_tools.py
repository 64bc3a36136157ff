"""PostgreSQL's own programs that copy a database out and in: ``pg_dump`` and ``pg_restore``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chiso766 import server, settings
from chiso766.errors import ChisoError

_DUMP, _RESTORE = "pg_dump", "pg_restore"
_FULL = b"No space left on device"
# Sentences of the programs; other lines, and what stands in quotation marks, may be values of rows.
_SENTENCE = re.compile(r"^pg_\w+: .*", re.MULTILINE)
_QUOTED = re.compile(r'"[^"]*"')


def dump(url: str, into: IO[bytes]) -> None:
    """Write all of a database, in PostgreSQL's "custom" format."""
    with _running(_DUMP, url, "--format=custom") as process:
        assert process.stdout is not None
        shutil.copyfileobj(process.stdout, into)


def refuse_unreadable(given: IO[bytes]) -> None:
    """Raise where these programs cannot read a dump; touches no database."""
    with _running(_RESTORE, None, "--list") as process:
        _feed(process, given)


def restore(given: IO[bytes], url: str) -> None:
    """Make all that a dump holds in an empty database; all of it belongs to who connects.

    Raises at the first error, and leaves what was made until then.
    """
    with _running(_RESTORE, url, "--exit-on-error", "--no-owner") as process:
        _feed(process, given)


def major_version() -> int:
    """Of the programs: they read servers of this version and older ones."""
    said = subprocess.run(
        [server.binary(_DUMP), "--version"], capture_output=True, text=True, check=True
    )
    return int(said.stdout.split()[-1].partition(".")[0])


def _feed(process: subprocess.Popen[bytes], given: IO[bytes]) -> None:
    """To whom ends before the last byte; whether that is a failure, its exit code says."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        shutil.copyfileobj(given, process.stdin)


@contextmanager
def _running(name: str, url: str | None, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program at work; raises if it fails, and ends it where the body raises."""
    environment = os.environ | {"LC_ALL": "C"}
    command = [server.binary(name), *options]
    if url is not None:
        place = {key: str(value) for key, value in conninfo_to_dict(url).items() if value}
        environment["PGPASSWORD"] = place.pop("password", "")  # on no command line
        command += ["--no-password", f"--dbname={make_conninfo(**place)}"]
        environment["LD_PRELOAD"] = _library_with_tls()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL if name == _DUMP else subprocess.PIPE,
            stdout=subprocess.PIPE if name == _DUMP else subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            process.communicate()
        if process.returncode:
            said.seek(0)
            raise _failure(name, said.read())


def _library_with_tls() -> str:
    """psycopg's libpq, to be used instead of the programs' own, which was built without TLS.

    Both are of PostgreSQL 18: requirements.txt pins the two packages.
    """
    package = find_spec("psycopg_binary")
    assert package is not None
    assert package.origin is not None
    [library] = Path(package.origin).parents[1].glob("psycopg_binary.libs/libpq-*")
    return str(library)


def _failure(name: str, said: bytes) -> ChisoError:
    if _FULL in said:
        return ChisoError(
            f"Ổ đĩa của máy chủ cơ sở dữ liệu đầy nên {name} không xong: hãy dọn bớt rồi chạy lại."
        )
    log = settings.make_private(settings.load().logs) / "backup.log"
    with log.open("a", encoding="utf-8") as file:
        for sentence in _SENTENCE.findall(said.decode(errors="replace")):
            file.write(_QUOTED.sub('"…"', sentence) + "\n")
    return ChisoError(
        f"Chương trình {name} của PostgreSQL không xong: hãy xem {log}, kiểm tra cơ sở dữ liệu bằng"
        " ./chiso doctor rồi chạy lại."
    )

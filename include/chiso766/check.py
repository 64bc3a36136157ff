"""Step 2: every landed file of the day is read and checked; its good rows become versions in raw.

A file is loaded whole or not at all, so a load that was cut off is simply run again. A file that
comes late changes what later files of its source meant; those are loaded again, in order, so that
any order of arrival ends in the same newest versions and in the same open rows set aside.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import date
from itertools import islice
from typing import Any

import psycopg
from cryptography.fernet import MultiFernet
from structlog.contextvars import bound_contextvars

from chiso766 import key_chain, landing, load, personal, settings, suites, waiting
from chiso766.copied import Copied
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.quick import copied_lines
from chiso766.readers import reading
from chiso766.readers.export import Refused
from chiso766.reload import LOAD_LOCK
from chiso766.rows import Tidy, text
from chiso766.sources import SOURCES, Source
from chiso766.waiting import File

logger = logging.getLogger(__name__)

_LINES_OF_A_BLOCK = 200
_MOST_NAMED = 10
_LONGEST_NAME = 60
# Codes of errors of a value that is too long, too deep or too wide for PostgreSQL.
_LIMIT_EXCEEDED = "54"

# Late: its day, or a later one, was checked before; a file that is loaded again stays what it was.
_START_LOAD = """
    insert into ops.load (file_id, state, refusal, is_late)
    select %(file_id)s, %(state)s, %(refusal)s, coalesce(
        (select is_late from ops.load where file_id = %(file_id)s order by load_id limit 1),
        exists (select from ops.night where is_checked and export_day >= %(export_day)s)
    )
    returning load_id
"""

_FINISH_LOAD = """
    update ops.load set rows_read = %(read)s, rows_accepted = %(read)s - %(aside)s,
        rows_set_aside = %(aside)s, rows_changed = %(changed)s, rows_opened = %(opened)s,
        warnings = %(warnings)s, failed_expectations = %(failed)s
    where load_id = %(load_id)s
"""


def check_day(day: date) -> None:
    """Load the files through this day that were not loaded yet, and again those that have to be.

    Again are loaded those that a late file changes, and those of days for which that was asked
    (``reload.py``). A file that cannot be read is refused (``ops.load``) and stops nothing. Raises
    ``ChisoError``, without any value of a row, where a load fails; what was loaded before stays;
    and before anything is loaded where the pseudonymisation key is another one (``key_chain.py``).
    """
    with connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [LOAD_LOCK])
        keys = key_chain.in_use(connection)
        cipher = personal.cipher(connection) if settings.load().keep_personal else None
        connection.execute("set search_path to load")  # the suites name a stage without schema
        for source in SOURCES.values():
            with bound_contextvars(source=source.name):
                while files := waiting.next_files(connection, source, day):
                    _load(_Together(connection, source, keys, cipher), files)
        connection.execute("update ops.night set is_checked = true where export_day = %s", [day])


def _load(together: _Together, files: list[File]) -> None:
    """Load files; of an error of the database, which may name values, only the code goes on."""
    try:
        together.load(files)
        return
    except psycopg.Error as error:
        code = error.sqlstate or type(error).__name__
    except OSError as error:
        raise ChisoError(
            f"Không đọc được {together.place} trong vùng lưu ({error.strerror}): hãy kiểm tra"
            " ổ đĩa rồi chạy lại ngày này."
        ) from error
    # Not in the handler: the error must not travel along as the context of this one.
    raise ChisoError(
        f"Không nạp được {together.place} (mã lỗi cơ sở dữ liệu {code}): hãy kiểm tra cơ sở"
        " dữ liệu rồi chạy lại ngày này."
    )


class _Together:
    """Files on their way: into one stage, checked at once, and each with its own transaction.

    Great Expectations takes a fifth of a second for a check, however few rows there are.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        source: Source,
        keys: Sequence[bytes],
        cipher: MultiFernet | None,
    ) -> None:
        self._connection = connection
        self._source = source
        self._keys = keys
        self._cipher = cipher
        self._file_name = ""

    @property
    def place(self) -> str:
        """The source and name of the file at work."""
        return f"{self._source.name}/{self._file_name}"

    def load(self, files: list[File]) -> None:
        """Load the first file and those after it, up to one whose turn has to come later."""
        self._file_name = files[0].file_name
        self._connection.execute(load.drop_stage(self._source).encode())
        self._connection.execute(load.create_stage(self._source).encode())
        staged = list(self._staged(files))
        self._connection.execute(load.analyze_files(self._source).encode())
        broken = suites.broken_rows(self._source) if staged else []
        for each in staged:
            self._file_name = each.file_name
            each.account(broken)
        self._connection.execute(load.drop_stage(self._source).encode())

    def _staged(self, files: list[File]) -> Iterator[_Load]:
        for file in files:
            self._file_name = file.file_name
            each = _Load(self._connection, self._source, self._keys, self._cipher, file)
            try:
                if not each.read():
                    continue
            except (OSError, ChisoError):
                if file is files[0]:
                    raise
                return  # first those before it; then its turn comes again
            if each.needs_the_others():
                each.remove()
                return
            if each.keep_older():
                yield each


class _Load:
    """One file: read into the stage, and in one transaction set_aside, raw and the counts.

    ``read``, ``keep_older`` and ``account`` refuse the file where they cannot do it, and raise
    where the machine or the database is to blame; the first two return whether it was not refused.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        source: Source,
        keys: Sequence[bytes],
        cipher: MultiFernet | None,
        file: File,
    ) -> None:
        self._connection = connection
        self._source = source
        self._file = file
        self._parameters: dict[str, Any] = asdict(file)
        self._tidy = Tidy(source, keys)
        self._cipher = cipher
        self._columns: frozenset[str] | None = None

    @property
    def file_name(self) -> str:
        return self._file.file_name

    def read(self) -> bool:
        return self._is_done(self._read)

    def needs_the_others(self) -> bool:
        """Whether it is a table that leaves out what a file read before it has to say first."""
        return self._columns is not None and bool(self._count(load.repeats_keys(self._source)))

    def remove(self) -> None:
        self._run(load.remove_file(self._source))

    def keep_older(self) -> bool:
        return self._is_done(self._keep_older)

    def account(self, broken: list[load.Broken]) -> None:
        def account() -> None:
            with self._connection.transaction():
                self._account(broken)

        self._is_done(account)

    def _is_done(self, step: Callable[[], None]) -> bool:
        try:
            step()
            return True
        except Refused as refused:
            sentence = str(refused)
        except (psycopg.DataError, UnicodeError) as error:
            sentence = self._unforeseen(error)
        except psycopg.OperationalError as error:
            if not (error.sqlstate or "").startswith(_LIMIT_EXCEEDED):
                raise
            sentence = self._unforeseen(error)
        self._refuse(sentence)
        return False

    def _read(self) -> None:
        """Read the file into the stage; whatever a hostile file breaks, it is only refused."""
        try:
            self._fill_stage()
            return
        except (ChisoError, psycopg.Error, OSError):
            raise
        except Exception as error:
            sentence = self._unforeseen(error)
        raise Refused(sentence)  # not in the handler: the error may hold values of the file

    def _keep_older(self) -> None:
        if self._columns is not None:
            self._parameters["columns"] = sorted({text(name) or "" for name in self._columns})
            self._run(load.keep_older(self._source, self._columns))

    def _unforeseen(self, error: Exception) -> str:
        """Why the file is refused; the error's place and kind go to the log, its text does not."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        kind = type(error).__name__
        logger.error("%s/%s: %s, %s", self._source.name, self._file.file_name, kind, place)
        return (
            f"Tệp {self._file.file_name} có nội dung mà phần mềm không xử lý được ({kind}): hãy"
            " xuất lại ở nguồn rồi gửi lại, hoặc gửi tệp cho người phụ trách phần mềm."
        )

    def _run(self, statement: str) -> int:
        """The number of rows that the statement wrote."""
        return self._connection.execute(statement.encode(), self._parameters).rowcount

    def _fill_stage(self) -> None:
        if self._file.came_too_late:
            raise Refused(
                f"Tệp {self._file.file_name} của ngày {self._file.export_day} đến khi tệp của các"
                " ngày sau đã bị xóa vì quá hạn lưu, nạp nó thì số liệu sẽ sai: hãy gửi các dòng đó"
                " trong tệp của một ngày mới."
            )
        self._run(load.next_file(self._source, self._file.file_id, self._file.export_day))
        is_sealed = self._cipher is not None
        statement = load.copy_into_stage(self._source, is_sealed).encode()
        copied = Copied(self._source)
        with (
            landing.opened(self._file.sha256) as path,
            reading(
                path, self._file.file_name, replace(self._source, reads_dropped=is_sealed)
            ) as export,
            self._connection.cursor().copy(statement) as copy,
        ):
            self._tidy.withheld.update(export.withheld)
            lines = (
                copied_lines(export, self._tidy, copied)
                if self._cipher is None
                else personal.sealed_lines(export, self._tidy, copied, self._cipher)
            )
            while block := "".join(islice(lines, _LINES_OF_A_BLOCK)):
                copy.write(block)
        if copied.has_unusual:
            self._run(load.convert_unusual(self._source))
        self._columns = export.columns

    def _refuse(self, sentence: str) -> None:
        with self._connection.transaction():
            self._start("refused", sentence)
            self._run(load.forget_set_aside())
            self.remove()
        with self._named_in_log():
            logger.warning("%s", sentence)

    def _account(self, broken: list[load.Broken]) -> None:
        # A table that was found empty when it was last analyzed is read in full for every row that
        # comes into it, unless that is forbidden.
        self._run("set local enable_seqscan = off")
        self._run(load.show_file(self._source, self._file.file_id))
        self._start("loaded", None)
        failed = [each.place for each in broken if self._count(load.number_broken(each))]
        aside = self._run(load.set_aside(self._source, broken)) if broken else 0
        known = self._run(load.keep_healed())
        self._run(load.forget_set_aside())
        read = self._count(f"select count(*) from {load.stage(self._source)}")
        changed = self._run(load.insert_versions(self._source))
        if self._cipher is not None:
            self._run(load.keep_personal(self._source))
        if aside:
            changed += self._run(load.restore_older(self._source))
        self._run(load.heal(self._source))
        self._run(load.heal_unidentified(self._source))
        opened = aside - known + self._run(load.open_again(self._source))
        self._parameters |= {
            "read": read,
            "aside": aside,
            "changed": changed,
            "opened": opened,
            "warnings": "\n".join(self._warnings()) or None,
            "failed": failed,
        }
        self._run(_FINISH_LOAD)
        with self._named_in_log():
            logger.info(
                "%s/%s: đọc %d dòng, để riêng %d, thay đổi %d.",
                self._source.name,
                self._file.file_name,
                read,
                aside,
                changed,
            )

    def _named_in_log(self) -> AbstractContextManager[None]:
        """Lines of the log name the load."""
        return bound_contextvars(load_id=self._parameters["load_id"])

    def _start(self, state: str, refusal: str | None) -> None:
        self._parameters |= {"state": state, "refusal": refusal}
        self._parameters["load_id"] = self._count(_START_LOAD)

    def _count(self, statement: str) -> int:
        cursor = self._connection.execute(statement.encode(), self._parameters)
        [(count,)] = cursor.fetchall()
        return int(count)

    def _warnings(self) -> Iterator[str]:
        """What looks odd though the rows are taken; names of columns and codes, nothing else."""
        if self._tidy.unknown:
            yield f"Cột lạ, được giữ nguyên: {_named(sorted(self._tidy.unknown))}."
        if self._tidy.withheld:
            yield (
                "Cột không được giữ vì có thể là dữ liệu cá nhân, trùng hoặc không tên:"
                f" {_named(sorted(self._tidy.withheld))}."
            )
        if self._tidy.odd_lists:
            yield (
                "Danh sách có phần tử không phải đối tượng, phần tử đó được bỏ qua:"
                f" {_named(sorted(self._tidy.odd_lists))}."
            )
        for oddity, condition in load.ODDITIES.get(self._source.name, {}).items():
            odd = self._count(f"select count(*) from {load.stage(self._source)} where {condition}")
            if odd:
                yield f"{oddity}: {odd} dòng."


def _named(names: list[str]) -> str:
    shown = ", ".join(_shown(name[:_LONGEST_NAME]) for name in names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} và {more} tên khác" if more > 0 else shown


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)

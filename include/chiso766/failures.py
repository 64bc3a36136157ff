"""What went wrong, in one Vietnamese sentence: for the terminal, the log of a step, a message."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import psycopg

from chiso766 import settings
from chiso766.errors import ChisoError

_ENDED_FROM_OUTSIDE = (
    "Bước bị dừng từ bên ngoài (máy chạy nó tắt hoặc hết bộ nhớ, hoặc có người dừng nó): hãy kiểm"
    " tra máy bằng ./chiso doctor rồi chạy lại."
)

_P = ParamSpec("_P")
_R = TypeVar("_R")

log = logging.getLogger(__name__)


def in_plain_words(step: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a step raise nothing but ``ChisoError``: Airflow logs texts of errors, which may be of
    the database and hold values of rows.
    """

    @functools.wraps(step)
    def run(*arguments: _P.args, **named: _P.kwargs) -> _R:
        try:
            return step(*arguments, **named)
        except ChisoError:
            raise
        except Exception as error:
            sentence = unexpected(error)
        raise ChisoError(sentence)  # not in the handler: the error must not travel along

    return run


def unexpected(error: Exception) -> str:
    """Keep where an error comes from in logs/errors.log; returns what to say about it."""
    path = settings.load().logs / "errors.log"
    # On a full disk, the sentence is the more needed.
    with suppress(OSError), open(settings.make_private(path.parent) / path.name, "a") as file:
        file.write(_places(error))
    if isinstance(error, psycopg.Error):
        code = error.sqlstate or type(error).__name__
        return (
            f"Cơ sở dữ liệu báo lỗi (mã {code}): hãy kiểm tra nó bằng ./chiso doctor rồi chạy lại;"
            f" nếu vẫn lỗi, hãy gửi tệp {path} cho người phụ trách phần mềm."
        )
    if isinstance(error, OSError) and error.filename:
        return (
            f"Không đọc hoặc ghi được {error.filename} ({error.strerror}): hãy kiểm tra quyền truy"
            f" cập và chỗ trống trên ổ đĩa rồi chạy lại; chi tiết ở {path}."
        )
    return (
        f"Lỗi ngoài dự kiến ({type(error).__name__}), không phải do dữ liệu hay cách dùng: hãy gửi"
        f" tệp {path} cho người phụ trách phần mềm."
    )


def _places(error: BaseException) -> str:
    """Kinds and places of an error and those before it; not their texts, which may hold values."""
    before = error.__cause__ or error.__context__
    own = "".join(traceback.format_tb(error.__traceback__))
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{_places(before) if before else ''}Traceback:\n{own}{kind}\n\n"


def cause(error: object) -> str:
    """Why a step failed; ``error``: what Airflow knows of it, no error of ours if it was ended."""
    return str(error) if isinstance(error, ChisoError) else _ENDED_FROM_OUTSIDE


def say_cause(context: Mapping[str, Any]) -> None:
    """Called by Airflow after a try that failed: the sentence ends the log, below the traceback."""
    log.error("%s", cause(context.get("exception")))

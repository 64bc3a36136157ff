"""What ./chiso doctor asks of Airflow: whether nights run by themselves, and its connections."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from chiso766 import airflow_env, connectors, database, system
from chiso766.errors import ChisoError
from chiso766.finding import Finding, broken, look

_PATIENCE_S = 5
_JOBS = {
    "SchedulerJob": "scheduler",
    "DagProcessorJob": "dag-processor",
    "TriggererJob": "triggerer",
}
_SSH = 22
_PORTS = {"http": 80, "https": 443}


def airflow() -> Iterator[Finding]:
    """Whether every component lives, and every DAG is read and not paused."""
    with database.open_url(database.airflow_url()) as connection:
        if connection.execute("select to_regclass('job')").fetchone() == (None,):
            yield look("Airflow chưa được chuẩn bị.", "Hãy chạy ./chiso up")
            return
        alive = {
            _JOBS[job]
            for (job,) in connection.execute(
                "select distinct job_type from job where state = 'running' and job_type = any(%s)"
                " and latest_heartbeat > clock_timestamp() - interval '2 minutes'",
                [list(_JOBS)],
            )
        }
        unread = connection.execute("select filename from import_error order by 1").fetchall()
        paused = connection.execute("select dag_id from dag where is_paused order by 1").fetchall()
    yield from _components(alive)
    for (path,) in unread:
        yield broken(
            f"Airflow không đọc được tệp {path}.",
            f"Hãy xem nhật ký trong {airflow_env.log_folder()}; nếu đã sửa tệp đó, hãy lấy lại bản"
            " của phần mềm (git checkout dags).",
        )
    for (dag,) in paused:
        yield broken(
            f"DAG {dag} đang tạm dừng nên đêm không đi hết.",
            f"Hãy bật lại công tắc của {dag} trong giao diện Airflow ({system.ui_address()}).",
        )


def _components(alive: set[str]) -> Iterator[Finding]:
    """``alive``: those that lately wrote so in Airflow's metadata, from whichever machine."""
    here = {name for name in system.COMPONENTS if system.component(name)}
    if not alive and not here:
        yield look("Airflow đã dừng nên đêm không tự chạy.", "Hãy chạy ./chiso up")
        return
    missing = set(_JOBS.values()) - alive
    if here:
        missing |= set(system.COMPONENTS) - here
    if missing:
        yield broken(
            f"Airflow thiếu {', '.join(sorted(missing))}.",
            "Hãy chạy ./chiso up để khởi động lại (container: docker compose up --detach).",
        )


def connections() -> Iterator[Finding]:
    """Whether what connectors.csv names is declared in Airflow, and answers."""
    lines, problems = connectors.lines()
    for problem in problems:
        yield broken(problem, "Hãy sửa dòng đó; các dòng khác vẫn được dùng.")
    if not lines:
        return
    airflow_env.apply()
    for name in sorted({line.connection for line in lines}):
        try:
            place = _place(next(line for line in lines if line.connection == name))
        except ChisoError as error:
            yield broken(str(error), "Đêm vẫn chạy với những gì nhận được từ nơi khác.")
            continue
        try:
            socket.create_connection(place, timeout=_PATIENCE_S).close()
        except OSError as error:
            yield broken(
                f"Kết nối {name}: {place[0]}, cổng {place[1]} không trả lời"
                f" ({error.strerror or type(error).__name__}).",
                "Hãy kiểm tra địa chỉ, cổng trong kết nối đó của Airflow, và mạng, tường lửa.",
            )


def _place(line: connectors.Line) -> tuple[str, int]:
    """Host and port of the server behind a line."""
    from chiso766.connectors.http import address_of  # httpx takes its time

    connection = connectors.connection_of(line)
    if connection.conn_type in ("sftp", "ssh"):
        return connection.host or "", connection.port or _SSH
    if connection.conn_type == "aws":
        address = connection.extra_dejson.get("endpoint_url") or "https://s3.amazonaws.com"
    else:
        address = address_of(connection)
    url = urlsplit(address)
    return url.hostname or "", url.port or _PORTS[url.scheme]

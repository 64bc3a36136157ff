"""A collector hears what each night was like; without one nothing is sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from chiso766 import airflow_env, database, metrics
from chiso766.sources import SOURCES

from ..homes import other_home
from ..privacy.planted import PLANTED, found_in

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
UNIT = {"MaDonVi": "H24.999", "TenDonVi": "UBND phường Nhị Chiểu", "Cap": "xa"}
UNKNOWN_LEVEL = UNIT | {"MaDonVi": "H24.998", "Cap": "thôn"}
DOSSIER = {
    "MaHoSo": "H24.999-261118-0001",
    "MaTTHC": "2.000815",
    "KenhThucHien": "2",
    "NgayTiepNhan": "20261118080000",
    "NgayHenTra": "20261120170000",
    "TrangThaiHoSo": "2",
}


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP metrics (``/v1/metrics``) and keeps the newest point of each gauge."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        if self.path == "/v1/metrics":
            self.server.paths.append(self.path)
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        for point in metric.gauge.data_points:
                            tags = {each.key: each.value.string_value for each in point.attributes}
                            key = (metric.name, *tags.values())
                            self.server.gauges[key] = point.as_double or float(point.as_int)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def collector() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.gauges, server.paths, server.bodies = {}, [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module", autouse=True)
def nights(
    tmp_path_factory: pytest.TempPathFactory, chiso: Callable[..., Any], collector: Any
) -> Iterator[None]:
    """A night of a home of the module's own, measured."""
    home = tmp_path_factory.mktemp("metrics") / "home"
    with other_home(home) as environment:
        environment.setenv("NO_PROXY", "127.0.0.1")
        try:
            address = f"http://127.0.0.1:{collector.server_address[1]}"
            deliver(home / "exports", "units", [UNIT, UNKNOWN_LEVEL])
            people = dict.fromkeys(sorted(SOURCES["dossiers"].dropped), PLANTED[1])
            people["NguoiXuLy"] = PLANTED[0]
            deliver(home / "exports", "dossiers", [DOSSIER | people])
            done = chiso("nightly", str(DAY), CHISO_METRICS=address)
            assert done.returncode == 0, done.stderr
            yield
        finally:
            chiso("down")


def deliver(exports: Path, source: str, rows: list[dict[str, str]]) -> None:
    folder = exports / DAY.isoformat() / source
    folder.mkdir(parents=True)
    (folder / f"{source}.json").write_text(json.dumps(rows, ensure_ascii=False))


def test_rows_lags_durations_and_scores_of_the_night_arrive(collector: Any) -> None:
    told = collector.gauges
    assert told["airflow.chiso.rows_read", "units"] == 2
    assert told["airflow.chiso.rows_accepted", "units"] == 1
    assert told["airflow.chiso.rows_set_aside", "units"] == 1
    assert told["airflow.chiso.lag_days", "units"] == 0
    assert told["airflow.chiso.files", "ratings"] == 0
    assert ("airflow.chiso.lag_days", "ratings") not in told
    assert told["airflow.chiso.build_seconds",] > 0
    with database.connect() as connection:
        [(score,)] = connection.execute(
            "select total_score from marts.fct_scorecard where unit_code = 'H24.999'"
            " and period_type = 'month' and period_start = '2026-11-01'"
            " and profile = 'portal-2026'"
        ).fetchall()
        scores = [each for each in metrics.of_night(connection, DAY) if each.name == "total_score"]
    assert told["airflow.chiso.total_score", "month"] == float(score)
    assert [each.tags["period_type"] for each in scores] == ["month", "quarter", "year"]


def test_nothing_of_a_person_is_measured(collector: Any) -> None:
    sent = b"".join(collector.bodies)
    assert b"rows_read" in sent
    assert found_in(sent) == []


def test_a_day_without_a_file_lags(collector: Any) -> None:
    with database.connect() as connection:
        connection.execute("insert into ops.night (export_day) values (%s)", [NEXT])
        measured = metrics.of_night(connection, NEXT)
        connection.rollback()
    lags = [each for each in measured if each.name == "lag_days"]
    assert lags == [
        metrics.Metric("lag_days", 1, {"source": each}) for each in ("dossiers", "units")
    ]


def test_nothing_is_sent_by_default(collector: Any) -> None:
    assert not [name for name in airflow_env.variables() if "METRICS" in name or "OTEL" in name]
    before = len(collector.paths)
    assert before > 0
    metrics.send(DAY)
    assert len(collector.paths) == before


def test_a_collector_that_is_gone_fails_nothing(chiso: Callable[..., Any]) -> None:
    done = chiso("nightly", str(DAY), CHISO_METRICS="http://127.0.0.1:1")
    assert done.returncode == 0, done.stderr

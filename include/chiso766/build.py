"""Step 3, build: dbt builds and tests the next marts, as of the newest night; unpublished yet."""

from __future__ import annotations

import json
import os
from datetime import date
from urllib.parse import unquote, urlsplit

import psycopg
from dbt.artifacts.schemas.results import NodeResult
from dbt.cli.main import dbtRunner, dbtRunnerResult

from chiso766 import improvement, kept, parsed, settings
from chiso766.build_lock import build_lock
from chiso766.database import tls, warehouse_url
from chiso766.errors import ChisoError


def build_marts() -> None:
    """Build ``marts_next`` as of the newest export day that was run, and test it."""
    with build_lock() as connection:
        as_of_day = _newest_night(connection)
        build_id, last_load_id = _begin(connection, as_of_day)
        rules = kept.rules(connection, last_load_id)
        since = kept.take(connection, rules)
        result = run_dbt(["build"], as_of_day, last_load_id, since=since, build_id=build_id)
        failures = _record_nodes(connection, build_id, result)
        try:
            if not result.success:
                raise ChisoError(_failure_sentence(connection, as_of_day, failures))
            improvement.write_plans(connection)
            kept.leave(connection, as_of_day, last_load_id, rules)
        except ChisoError as error:
            connection.execute(
                "update ops.build set state = 'failed', error = %s where build_id = %s",
                [str(error), build_id],
            )
            raise
        connection.execute(
            "update ops.build set state = 'built', built_at = clock_timestamp()"
            " where build_id = %s",
            [build_id],
        )


def _newest_night(connection: psycopg.Connection) -> date:
    row = connection.execute("select max(export_day) from ops.night").fetchone()
    if row is None or row[0] is None:
        raise ChisoError(
            "Chưa có đêm dữ liệu nào trong kho: hãy chạy ./chiso nightly NGÀY để nạp dữ liệu trước."
        )
    day: date = row[0]
    return day


def _begin(connection: psycopg.Connection, as_of_day: date) -> tuple[int, int]:
    with connection.transaction():
        # From here on no model of an earlier build is made (dbt/macros/only_in_its_build.sql).
        connection.execute("lock table ops.build in exclusive mode")
        [(build_id, last_load_id)] = connection.execute(
            "insert into ops.build (as_of_day, last_load_id, state)"
            " select %s, coalesce(max(load_id), 0), 'building' from ops.load"
            " returning build_id, last_load_id",
            [as_of_day],
        ).fetchall()
    return build_id, last_load_id


def run_dbt(
    command: list[str], as_of_day: date, last_load_id: int, **variables: object
) -> dbtRunnerResult:
    """Run dbt as of the end of an export day, on what was loaded through ``last_load_id``.

    ``variables``: those of ``dbt/dbt_project.yml`` besides the two and the settings.
    """
    current = settings.load()
    project = current.project_root / "dbt"
    given = variables | {
        "as_of_day": as_of_day.isoformat(),
        "last_load_id": last_load_id,
        "population_database_code": current.population_database_code,
        "target_rank": current.target_rank,
        "citus": current.is_on_citus,
        "report_returned": current.report_returned,
        "report_awaited": current.report_awaited,
    }
    os.environ |= _connection_variables()
    arguments = [
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
        "--target-path",
        str(current.home / "dbt"),
        "--log-path",
        str(current.logs),
        "--vars",
        json.dumps(given),
        # A seed that changed must be seen by everything that reads it.
        "--no-partial-parse",
        "--log-level",
        "none",
        "--log-level-file",
        "info",
    ]
    place = parsed.place(given)
    manifest = parsed.read(place)
    if manifest is None:
        result = dbtRunner().invoke(["parse", *arguments])
        if not result.success:
            return result
        manifest = result.result
        parsed.keep(place, manifest)
    return dbtRunner(manifest=manifest).invoke([*command, *arguments])


def _connection_variables() -> dict[str, str]:
    """The warehouse's address as dbt/profiles.yml reads it."""
    url = urlsplit(warehouse_url())
    encryption = tls(warehouse_url())
    return {
        "CHISO_DBT_HOST": url.hostname or "127.0.0.1",
        "CHISO_DBT_PORT": str(url.port or 5432),
        "CHISO_DBT_USER": unquote(url.username or ""),
        "CHISO_DBT_PASSWORD": unquote(url.password or ""),
        "CHISO_DBT_DATABASE": url.path.lstrip("/"),
        "CHISO_DBT_SSLMODE": encryption.get("sslmode", ""),
        "CHISO_DBT_SSLROOTCERT": encryption.get("sslrootcert", ""),
        "CHISO_DBT_SSLCERT": encryption.get("sslcert", ""),
        "CHISO_DBT_SSLKEY": encryption.get("sslkey", ""),
    }


def _record_nodes(
    connection: psycopg.Connection, build_id: int, result: dbtRunnerResult
) -> list[NodeResult]:
    """Keep the state and time of every model and test; returns those that failed."""
    nodes = getattr(result.result, "results", [])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.build_node (build_id, node, state, seconds, message)"
            " values (%s, %s, %s, %s, %s)",
            [
                (build_id, n.node.unique_id, n.status, n.execution_time, n.message or None)
                for n in nodes
            ],
        )
    return [node for node in nodes if node.status in ("error", "fail")]


def _failure_sentence(
    connection: psycopg.Connection, as_of_day: date, failures: list[NodeResult]
) -> str:
    faults = [fault for failed in failures if (fault := _fault(connection, failed))]
    if faults:
        return f"{min(faults)}, rồi chạy lại đêm đó; số liệu đã công bố vẫn giữ nguyên."
    where = ", ".join(failed.node.name for failed in failures[:5]) or "trước khi chạy mô hình nào"
    return (
        f"Dựng số liệu đến hết ngày {as_of_day:%d/%m/%Y} bị lỗi ở {where}: số liệu đã công bố vẫn"
        f" giữ nguyên, hãy xem {settings.load().logs / 'dbt.log'} rồi chạy lại đêm đó."
    )


def _fault(connection: psycopg.Connection, failed: NodeResult) -> str | None:
    """What a failed test says itself of a row that it found: its column ``sentence``, if any."""
    if failed.status != "fail":
        return None
    row = connection.execute(
        f"select to_jsonb(found) ->> 'sentence' from ({failed.node.compiled_code}\n) as found"
        " order by 1 limit 1".encode()
    ).fetchone()
    return row[0] if row else None

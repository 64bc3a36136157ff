"""What a night was like, in numbers for a monitoring system: rows, lags, durations, scores.

Sent through Airflow's own metrics (OpenTelemetry over HTTP), beside those of its steps and
schedulers, to the collector of CHISO_METRICS; off by default. Names begin with ``airflow.chiso.``.
"""

from __future__ import annotations

import logging
from datetime import date
from typing import LiteralString, NamedTuple

import psycopg

from chiso766 import database, settings
from chiso766.errors import ChisoError

_SOURCES: LiteralString = """
    select
        source,
        sum(files) filter (where export_day = %(day)s) as files,
        sum(rows_read) filter (where export_day = %(day)s) as rows_read,
        sum(rows_accepted) filter (where export_day = %(day)s) as rows_accepted,
        sum(rows_set_aside) filter (where export_day = %(day)s) as rows_set_aside,
        %(day)s - max(export_day) filter (where files > 0) as lag_days
    from marts.data_status
    where export_day <= %(day)s
    group by source order by source
"""
_BUILD: LiteralString = """
    select extract(epoch from built_at - started_at), extract(epoch from published_at - built_at)
    from ops.build where state = 'published' order by build_id desc limit 1
"""
_SCORES: LiteralString = """
    select score.period_type, score.total_score, place.own_rank
    from marts.fct_scorecard as score
    left join marts.unit_ranking as place
        on place.unit_code = score.unit_code and place.period_type = score.period_type
        and place.period_start = score.period_start
    where score.unit_code = %(unit)s and score.profile = 'portal-2026'
        and score.period_start = date_trunc(score.period_type, %(day)s::date)::date
    order by score.period_type
"""

log = logging.getLogger(__name__)


class Metric(NamedTuple):
    """A number that rises and falls; ``tags`` say of what."""

    name: str
    value: float
    tags: dict[str, str]


def send(day: date) -> None:
    """Send what the published night of an export day was like; what goes wrong fails nothing."""
    if settings.load().metrics is None:
        return
    from airflow.sdk.configuration import conf
    from airflow.sdk.observability import stats
    from airflow.sdk.observability.metrics import stats_utils
    from opentelemetry.metrics import get_meter_provider

    try:
        with database.connect() as connection:
            measured = of_night(connection, day)
    except (ChisoError, psycopg.Error) as error:
        why = type(error).__name__
        log.error("Không đo được đêm %s (%s): ./chiso doctor chỉ chỗ sai.", day, why)
        return
    # A night in the foreground is not started by Airflow's task runner, which would do this.
    stats.initialize(
        factory=stats_utils.get_stats_factory(),
        export_legacy_names=conf.getboolean("metrics", "legacy_names_on"),
    )
    for metric in measured:
        stats.gauge(f"chiso.{metric.name}", metric.value, tags=metric.tags)
    get_meter_provider().force_flush()  # type: ignore[attr-defined]


def of_night(connection: psycopg.Connection, day: date) -> list[Metric]:
    """The metrics of the night of an export day; lags are in days, durations in seconds."""
    metrics = []
    sources = connection.execute(_SOURCES, {"day": day})
    names = [column.name for column in sources.description or []]
    for source, *values in sources:
        for name, value in zip(names[1:], values, strict=True):
            if value is not None:  # a source that never came has no lag
                metrics.append(Metric(name, float(value), {"source": source}))
    for seconds in connection.execute(_BUILD):
        for name, value in zip(("build_seconds", "gate_seconds"), seconds, strict=True):
            metrics.append(Metric(name, float(value), {}))
    scores = connection.execute(_SCORES, {"day": day, "unit": settings.load().unit})
    for period_type, score, rank in scores:
        metrics.append(Metric("total_score", float(score), {"period_type": period_type}))
        if rank is not None:
            metrics.append(Metric("rank", float(rank), {"period_type": period_type}))
    return metrics

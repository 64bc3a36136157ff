"""The least work that brings a unit to its target place in a period, and the mart that says so."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import psycopg
from psycopg import sql

from chiso766 import points, settings, solver
from chiso766.errors import ChisoError
from chiso766.period import Period
from chiso766.points import Indicators
from chiso766.situation import Situation, in_points, situations
from chiso766.solver import Work

logger = logging.getLogger(__name__)

ACTIONS = {
    "synchronise": "Đồng bộ hồ sơ lên Cổng DVCQG",
    "pay_online": "Thu phí, lệ phí của hồ sơ bằng thanh toán trực tuyến",
    "attach_result": "Gắn kết quả điện tử vào hồ sơ",
    "attach_file": "Gắn tệp thành phần vào hồ sơ",
    "reuse_data": "Sử dụng lại dữ liệu số hóa cho hồ sơ",
    "use_data_store": "Lấy giấy tờ từ kho dữ liệu của công dân, hoặc đưa kết quả vào kho",
    "use_population_data": "Dùng tài khoản VNeID hoặc dữ liệu dân cư cho hồ sơ",
    "use_service": "Có thêm hồ sơ nộp trực tuyến cho dịch vụ, thủ tục chưa phát sinh",
    "take_in_supplement": "Tiếp nhận bổ sung của hồ sơ đang chờ",
    "complete_procedure": "Công khai đầy đủ nội dung của thủ tục",
    "provide_service": "Cung cấp dịch vụ công trực tuyến cho thủ tục",
}


_EVIDENCE = sql.SQL(
    "select evidence_key from marts.improvement_evidence where unit_code = {} and period_type = {}"
    " and period_start = {} and action = {} and effects = {} order by {}, position limit {}"
)
_INSERT = """
    insert into marts_next.improvement_plan (
        unit_code, period_type, period_start, step, indicator_code, action, units_of_work,
        points_gained, cumulative_score, cumulative_rank, evidence_link, effects, action_name
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Step:
    """So much of one kind of work, after the steps before it; scores in hundredths of a point.

    ``indicator_code``: of ``effects`` the indicator that gains most.
    """

    indicator_code: str
    action: str
    effects: tuple[str, ...]
    units_of_work: int
    points_gained: int
    cumulative_score: int
    cumulative_rank: int


def plan(situation: Situation, target_rank: int) -> list[Step]:
    """The steps of the least work to a place, or, where it is out of reach, as near as work leads.

    What is worth most per unit of work comes first. ``ChisoError`` where the solver gives up.
    """
    try:
        units = solver.cheapest(
            situation.indicators, situation.work, situation.lacking(target_rank)
        )
    except solver.Unsolved as error:
        raise ChisoError(
            f"Không tính được phương án tăng điểm của đơn vị {situation.unit_code} cho"
            f" {situation.period.label}, vì bộ giải dừng giữa chừng: hãy báo người phụ trách phần"
            " mềm; số liệu đã công bố vẫn giữ nguyên."
        ) from error
    return list(_in_order(situation, units))


def _in_order(situation: Situation, units: Sequence[int]) -> Iterator[Step]:
    waiting = _merged(situation.work, units)
    waits_for_results = _takes_files_after_results(situation.work, waiting)
    now = situation.indicators
    while waiting:
        possible = [
            one
            for one in waiting
            if not (one.action == "attach_file" and waits_for_results and _results_in(waiting))
        ]
        # Of equals the first one, as sorted.
        best = max(possible, key=lambda one: Fraction(_gain(now, one), one.things))
        waiting.remove(best)
        after = solver.done(now, [best], [best.things])
        yield _step(situation, best, now, after)
        now = after


def _merged(work: Sequence[Work], units: Sequence[int]) -> list[Work]:
    """What is to be done of each action and effects, whatever the variant, as ``things``."""
    sums: dict[tuple[str, tuple[str, ...]], int] = {}
    for one, number in zip(work, units, strict=True):
        if number:
            kind = (one.action, one.effects)
            sums[kind] = sums.get(kind, 0) + number
    return [Work(action, "", effects, number) for (action, effects), number in sorted(sums.items())]


def _takes_files_after_results(work: Sequence[Work], planned: Sequence[Work]) -> bool:
    """Whether more files are to be attached than there are dossiers that lack only the file."""
    only_file = sum(one.things for one in work if (one.action, one.variant) == ("attach_file", ""))
    return sum(one.things for one in planned if one.action == "attach_file") > only_file


def _results_in(planned: Sequence[Work]) -> bool:
    return any((one.action, one.effects) == ("attach_result", ("4.1",)) for one in planned)


def _gain(now: Indicators, work: Work) -> int:
    return points.gained(now, solver.done(now, [work], [work.things]))


def _step(situation: Situation, work: Work, before: Indicators, after: Indicators) -> Step:
    was, is_ = points.scores(before), points.scores(after)
    score = situation.total(after)
    return Step(
        indicator_code=max(work.effects, key=lambda code: is_.get(code, 0) - was.get(code, 0)),
        action=work.action,
        effects=work.effects,
        units_of_work=work.things,
        points_gained=points.gained(before, after),
        cumulative_score=score,
        cumulative_rank=situation.place(score),
    )


def evidence_query(situation: Situation, step: Step) -> str:
    """The query that lists what a step is to be done on, in the order in which to do it."""
    # Of a dossier that lacks both, the file counts once the result is there: take the same ones.
    order = sql.SQL("variant desc" if step.action == "attach_result" else "variant")
    return _EVIDENCE.format(
        situation.unit_code,
        situation.period.type,
        situation.period.start.isoformat(),
        step.action,
        "{" + ",".join(step.effects) + "}",
        order,
        step.units_of_work,
    ).as_string()


def write_plans(connection: psycopg.Connection) -> None:
    """Fill ``marts_next.improvement_plan`` for every unit and current period, anew.

    A unit that is at its target place (``CHISO_TARGET_RANK``), or has no own total, has no row;
    nor has one whose plan the solver gives up, which is logged.
    ``connection`` holds the build's lock.
    """
    target_rank = settings.load().target_rank
    periods = connection.execute(
        "select period_type, period_start from intermediate_next.int_current_period"
    ).fetchall()
    found = [
        (period, situation)
        for period in (Period(*each) for each in periods)
        for situation in situations(connection, period, "_next")
    ]
    with ThreadPoolExecutor(os.cpu_count()) as solvers:  # the solver works without Python's lock
        plans = solvers.map(partial(_planned, target_rank=target_rank), (one for _, one in found))
    rows = [
        (situation.unit_code, period.type, period.start, number, *_columns(situation, step))
        for (period, situation), steps in zip(found, plans, strict=True)
        for number, step in enumerate(steps, start=1)
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from marts_next.improvement_plan")
        cursor.executemany(_INSERT, rows)


def _planned(situation: Situation, target_rank: int) -> list[Step]:
    """No step where the plan is too hard: it must not keep the marts from being published."""
    try:
        return plan(situation, target_rank)
    except ChisoError as error:
        logger.warning("%s", error)
        return []


def _columns(situation: Situation, step: Step) -> tuple[object, ...]:
    return (
        step.indicator_code,
        step.action,
        step.units_of_work,
        in_points(step.points_gained),
        in_points(step.cumulative_score),
        step.cumulative_rank,
        evidence_query(situation, step),
        list(step.effects),
        ACTIONS[step.action],
    )

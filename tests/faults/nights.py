"""Two nights whose exports hold what a crash could spoil, and how one step of them is run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

from chiso766 import database, settings
from chiso766.build import build_marts
from chiso766.check import check_day
from chiso766.failures import in_plain_words
from chiso766.fetch import fetch_day
from chiso766.gate import open_gate
from chiso766.publish import publish_reports
from chiso766.report import make_official

from ..deliveries import DOSSIER, GOOD, Row, deliver
from .injection import END, Fault, Injection

FIRST = date(2026, 11, 13)
SECOND = FIRST + timedelta(days=1)  # a report month ends on it
_PATIENCE_S = 120


def _first_night() -> None:
    """Several sources and files, every format of the drop folder, dirt, a file that is refused."""
    units = [GOOD["units"], {"MaDonVi": "H24", "TenDonVi": "Hải Phòng", "Cap": "tinh"}]
    deliver("units", "u.json", units, FIRST)
    deliver("procedures", "p.csv", [GOOD["procedures"]], FIRST)
    bad = _dossier(3, NgayKetThucXuLy="20261101080000")
    deliver("dossiers", "b.json", [_dossier(1), _dossier(2), bad, _dossier(1)], FIRST)
    lines = [_dossier(4), _dossier(5, TrangThaiHoSo="99"), _dossier(6)]
    deliver("dossiers", "c.jsonl.gz", lines, FIRST)
    deliver("dossiers", "d.json", b'{"data": [{"MaHoSo": ', FIRST)
    deliver("petitions", "k.json", [GOOD["petitions"]], FIRST)


def _second_night() -> None:
    """Tables that leave columns out, a row that is healed, and for the first day: a late file that
    the table builds on, and another version of a file."""
    short = ("MaHoSo", "MaTTHC", "TrangThaiHoSo", "NgayTiepNhan")
    table = [{name: _dossier(number)[name] for name in short} for number in (1, 2, 5, 8, 9)]
    table[3]["NgayTiepNhan"] = "hôm qua"
    deliver("dossiers", "b.csv.gz", table, SECOND)
    deliver("ratings", "r.csv", [GOOD["ratings"]], SECOND)
    deliver("units", "u.json", [GOOD["units"] | {"TenDonVi": "Nhị Chiểu"}], SECOND)
    deliver("dossiers", "b2.json", [_dossier(1, KenhThucHien="1"), _dossier(9)], FIRST)
    deliver("dossiers", "b.json", [_dossier(2, KenhThucHien="3"), _dossier(3)], FIRST)


# Received in the report month, a month before the dossier that other tests share.
_RECEIVED: Row = json.loads(json.dumps(DOSSIER).replace('"202611', '"202610'))


def _dossier(number: int, **change: object) -> Row:
    return _RECEIVED | {"MaHoSo": f"H24.999-261019-{number:04}"} | change


@dataclass(frozen=True)
class Step:
    """``deliver``: what came since the step before."""

    name: str
    run: Callable[[], None]
    deliver: Callable[[], None] | None = None


LOADING = (
    Step("fetch", lambda: fetch_day(FIRST), _first_night),
    Step("check", lambda: check_day(FIRST)),
    Step("fetch the second", lambda: fetch_day(SECOND), _second_night),
    Step("check the second", lambda: check_day(SECOND)),
)
OF_A_NIGHT = 2
# As the DAGs run them: whatever happens is said in one sentence.
BUILD = Step("build", in_plain_words(build_marts))
GATE = Step("gate", in_plain_words(open_gate))
PUBLISH = Step("publish", in_plain_words(publish_reports))
REPORT = Step("report", in_plain_words(lambda: make_official(SECOND)))
_STEPS = {step.name: step for step in (*LOADING, BUILD, GATE, PUBLISH, REPORT)}


def start(step: Step, fault: Fault | None = None) -> int:
    """Run a step in a child of this process; returns its process id.

    Its exit code: 0, 1 where the step raised, -9 where it was killed.
    """
    child = os.fork()
    if not child:
        _run(step, fault)
    return child


def _run(step: Step, fault: Fault | None) -> NoReturn:
    signal.alarm(_PATIENCE_S)  # one that hangs is killed, and its exit code says so
    try:
        injection = Injection(settings.load().home, fault)
        injection.install()
        error = sentence = ""
        try:
            step.run()
            injection.happens(END)
        except BaseException as raised:
            error, sentence = type(raised).__name__, str(raised)
            raise
        finally:
            note = {"events": injection.events, "is_done": injection.is_done, "error": error}
            note["sentence"] = sentence
            _note_file().write_text(json.dumps(note))
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def wait(child: int) -> int:
    """The exit code of a child; 0 also where it merely stopped."""
    status = os.waitpid(child, os.WUNTRACED)[1]
    return 0 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)


def run(step: Step, fault: Fault | None = None) -> int:
    _note_file().unlink(missing_ok=True)
    return wait(start(step, fault))


def publish(fault: Fault | None = None) -> int:
    return start_apart(PUBLISH, fault).wait()


def start_apart(step: Step, fault: Fault | None = None) -> subprocess.Popen[bytes]:
    """Run a step in a Python of its own.

    What builds and what draws charts has threads: where a test before did so, a fork of that
    process would wait for them for ever.
    """
    given = [fault.act, str(fault.number), fault.event] if fault else []
    _note_file().unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.faults.nights", step.name, *given]
    return subprocess.Popen(command, cwd=settings.PROJECT_ROOT)


def note() -> dict[str, Any]:
    """What the last step that was run, and not killed, counted (``Injection``), raised and said."""
    return dict(json.loads(_note_file().read_text()))


def _note_file() -> Path:
    return settings.load().home / "counted.json"


def until_it_waits_or_ends(child: int) -> None:
    """Until a process waits for the lock of another one; without locks it comes to its end."""
    with database.connect(autocommit=True) as connection:
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            waiting = connection.execute(
                "select from pg_locks where locktype = 'advisory' and not granted"
            ).fetchone()
            if waiting is not None:
                return


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    act, number, event = given or ("", "0", "")
    _run(_STEPS[name], Fault(act, int(number), event) if act else None)

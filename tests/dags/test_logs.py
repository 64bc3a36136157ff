"""What a night logs is lines of JSON: each names its step and day, that of a file its load."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chiso766 import airflow_env, settings
from chiso766.sources import SOURCES

from ..deliveries import DAY, GOOD, deliver, select
from ..homes import other_home
from ..privacy.planted import files_of, found_in

NEXT_DAY = DAY + timedelta(days=1)
STEPS = ("fetch", "check", "build", "gate", "publish")

Line = dict[str, Any]


@pytest.fixture(scope="module")
def night(
    tmp_path_factory: pytest.TempPathFactory, chiso: Callable[..., Any]
) -> Iterator[dict[str, list[Line]]]:
    """Step -> the lines of its logs, of two days full of files, some of which cannot be read."""
    with other_home(tmp_path_factory.mktemp("logs") / "home"):
        try:
            for source in SOURCES:
                for name, content in files_of(source).items():
                    deliver(source, name, content)
            changed = [GOOD["units"] | {"TenDonVi": "Phường Nhị Chiểu mới"}]
            deliver("units", "dot2.json", changed, NEXT_DAY)
            deliver("ratings", "hong.json", b"{", NEXT_DAY)
            done = chiso("nightly", str(DAY), "--to", str(NEXT_DAY))
            assert done.returncode == 0, done.stderr
            yield {step: list(lines_of(step)) for step in STEPS}
        finally:
            chiso("down")


def logs_of(step: str) -> list[Path]:
    return list((airflow_env.log_folder() / f"dag_id={step}").rglob("attempt=1.log"))


def lines_of(step: str) -> Iterator[Line]:
    for path in logs_of(step):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def test_the_line_of_a_load_names_its_step_day_source_and_load(
    night: dict[str, list[Line]],
) -> None:
    said = [
        (line["load_id"], line["source"], line["day"], line["step"], line["level"])
        for line in night["check"]
        if "load_id" in line
    ]
    loads = select(
        "select load_id, source, export_day, state from ops.load join ops.file using (file_id)"
    )
    level = {"loaded": "info", "refused": "warning"}
    assert {load["state"] for load in loads} == level.keys()
    assert sorted(said) == sorted(
        (load["load_id"], load["source"], str(load["export_day"]), "check", level[load["state"]])
        for load in loads
    )


def test_the_line_of_a_refused_file_is_the_sentence_that_the_load_keeps(
    night: dict[str, list[Line]],
) -> None:
    said = {line["load_id"]: line["event"] for line in night["check"] if "load_id" in line}
    refused = select("select load_id, refusal from ops.load where state = 'refused'")
    assert {load["load_id"]: load["refusal"] for load in refused}.items() <= said.items()


@pytest.mark.parametrize(
    ("step", "days"),
    [
        *((step, [DAY, NEXT_DAY]) for step in ("fetch", "check")),
        *((step, [NEXT_DAY]) for step in ("build", "gate", "publish")),
    ],
)
def test_the_lines_of_a_step_name_it_and_its_export_day(
    night: dict[str, list[Line]], step: str, days: list[date]
) -> None:
    ended = [line for line in night[step] if line["event"].startswith("Done. Returned value")]
    assert sorted((line["step"], line["day"]) for line in ended) == [
        (step, str(day)) for day in days
    ]
    for path in logs_of(step):
        named = [line.get("day") for line in map(json.loads, path.read_text().splitlines())]
        begin = next(number for number, day in enumerate(named) if day)
        assert set(named[begin:]) == {named[begin]}


def test_a_line_between_the_steps_is_about_none_of_them(night: dict[str, list[Line]]) -> None:
    lines = (settings.load().logs / "nightly.log").read_text().splitlines()
    about = [json.loads(line) for line in lines if line.startswith("{")]
    assert about
    assert not [line for line in about if line.keys() & {"step", "day", "source", "load_id"}]


def test_every_line_has_its_moment_in_utc_and_its_level(night: dict[str, list[Line]]) -> None:
    for line in (line for lines in night.values() for line in lines):
        assert line["timestamp"].endswith("Z")
        assert line["level"] in ("debug", "info", "warning", "error", "critical")


def test_no_log_of_a_step_holds_what_was_planted(night: dict[str, list[Line]]) -> None:
    read = [path for step in STEPS for path in logs_of(step)]
    assert len(read) >= 7
    for path in read:
        assert found_in(path.read_bytes()) == [], path


def test_the_runbook_finds_the_lines_of_a_day_of_a_source_and_of_a_load(
    night: dict[str, list[Line]],
) -> None:
    text = (settings.PROJECT_ROOT / "docs" / "van-hanh.md").read_text(encoding="utf-8")
    [of_day, of_source, of_load] = re.findall("^grep .*$", text, re.MULTILINE)
    [a_load, *_] = select("select load_id from ops.load join ops.file using (file_id)")
    known = {".chiso": str(settings.load().home), "2026-11-22": str(DAY)}
    known |= {"1234": str(a_load["load_id"])}
    lines = [line for lines in night.values() for line in lines if line.get("day") == str(DAY)]
    expected = {
        of_day: lines,
        of_source: [line for line in lines if line.get("source") == "dossiers"],
        of_load: [line for line in lines if line.get("load_id") == a_load["load_id"]],
    }
    for command, wanted in expected.items():
        for example, here in known.items():
            command = command.replace(example, here)
        found = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True)
        told = [json.loads(line) for line in found.stdout.splitlines()]
        assert told
        assert sorted(told, key=str) == sorted(wanted, key=str), command

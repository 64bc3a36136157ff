"""The suites and the field specifications hold each other: nothing is checked by halves."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chiso766.load import RULES
from chiso766.sources import SOURCES, Kind
from chiso766.suites import FOLDER

# contract/exports.md, "What bad input gets": which values a listed text may have.
LISTED_TEXTS = {
    "petitions": {"PhanLoai"},
    "ratings": {"MucDo"},
    "procedures": {"CapThucHien", "TrangThai", "DoiTuong", "DonViThoiHan"},
    "online_services": {"MucDo", "TrangThai"},
    "announcements": {"LoaiCongBo"},
    "units": {"Cap"},
}


def expectations(source: str) -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / f"{source}.json").read_text())["expectations"])


def named_fields(source: str, rule: str) -> set[str]:
    """The fields that the source's expectations of a rule name, those in their own SQL too."""
    named = set()
    for expectation in expectations(source):
        if expectation["meta"]["rule"] == rule:
            query = expectation["kwargs"].get("unexpected_rows_query", "")
            named |= set(re.findall(r"'([A-Z]\w+)'", query)) | {expectation["meta"].get("field")}
    return named - {None}


def fields_of_kind(source: str, *kinds: Kind) -> set[str]:
    items = [item for fields in SOURCES[source].items.values() for item in fields.items()]
    return {name for name, kind in [*SOURCES[source].fields.items(), *items] if kind in kinds}


def test_every_rule_is_checked_and_no_other() -> None:
    assert {each["meta"]["rule"] for source in SOURCES for each in expectations(source)} == set(
        RULES
    )


def test_every_source_has_one_suite_of_its_name() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(SOURCES)
    for source in SOURCES:
        assert json.loads((FOLDER / f"{source}.json").read_text())["name"] == source


@pytest.mark.parametrize("source", SOURCES)
def test_a_line_that_cannot_be_read_breaks_the_first_rule_of_every_suite(source: str) -> None:
    assert expectations(source)[0]["meta"] == {"rule": "unreadable_line"}


@pytest.mark.parametrize("source", SOURCES)
def test_every_key_field_must_be_given(source: str) -> None:
    checked = named_fields(source, "missing_key") | named_fields(source, "missing_time")
    assert set(SOURCES[source].key) - SOURCES[source].blank_key <= checked


@pytest.mark.parametrize("source", SOURCES)
def test_every_time_is_checked(source: str) -> None:
    assert named_fields(source, "bad_time") == fields_of_kind(source, Kind.TIME, Kind.DUE_TIME)


@pytest.mark.parametrize("source", SOURCES)
def test_every_number_is_checked(source: str) -> None:
    assert named_fields(source, "bad_number") == fields_of_kind(source, Kind.NUMBER)


@pytest.mark.parametrize("source", SOURCES)
def test_every_listed_value_is_checked(source: str) -> None:
    checked = named_fields(source, "unknown_value") | named_fields(source, "unknown_status")
    assert checked == fields_of_kind(source, Kind.CODE) | LISTED_TEXTS.get(source, set())

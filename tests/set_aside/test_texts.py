"""What people read about rows set aside stands in the seeds, for every rule, source and field."""

from __future__ import annotations

import csv
import re

from chiso766.load import RULES
from chiso766.settings import PROJECT_ROOT
from chiso766.sources import SOURCES, Kind

LONGEST_SHEET_NAME = 31


def seed(name: str) -> list[dict[str, str]]:
    path = PROJECT_ROOT / "dbt" / "seeds" / "reference" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_rule_is_explained_in_the_order_in_which_it_is_named() -> None:
    assert [(row["position"], row["rule"]) for row in seed("set_aside_rules")] == [
        (str(position), rule) for position, rule in enumerate(RULES, 1)
    ]


def test_the_name_of_a_rule_can_be_that_of_a_sheet() -> None:
    names = [row["rule_name"] for row in seed("set_aside_rules")]
    assert len(set(names)) == len(names)
    assert all(len(name) <= LONGEST_SHEET_NAME for name in names)
    assert not any(re.search(r"[\[\]:*?/\\]", name) for name in names)


def test_every_source_has_a_vietnamese_name() -> None:
    assert SOURCES.keys() <= {row["source"] for row in seed("sources")}


def test_every_field_that_a_rule_can_name_has_a_meaning() -> None:
    explained = {(row["source"], row["field"]) for row in seed("source_fields")}
    fields = {
        (source.name, field)
        for source in SOURCES.values()
        for field in [
            *source.fields,
            *(f for items in source.items.values() for f, kind in items.items() if ruled(kind)),
        ]
    }
    assert fields <= explained


def ruled(kind: Kind) -> bool:
    return kind in (Kind.CODE, Kind.NUMBER, Kind.TIME, Kind.DUE_TIME)

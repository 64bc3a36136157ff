"""Every indicator has its counting file, rules and golden cases; no file lacks an indicator."""

import csv
from pathlib import Path

ROOT = Path(__file__).parents[2]
INDICATORS = ROOT / "dbt" / "models" / "indicators"
PLAN_ITEMS = ROOT / "dbt" / "models" / "plan_items"


def law(name: str) -> list[dict[str, str]]:
    with (ROOT / "dbt" / "seeds" / "law" / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def file_of(row: dict[str, str]) -> Path:
    stem = "indicator_" + row["indicator_code"].replace(".", "_")
    return INDICATORS / row["group_code"] / f"{stem}.sql"


def test_each_indicator_is_counted_in_the_file_that_bears_its_code():
    expected = {file_of(row) for row in law("indicators")}
    assert set(INDICATORS.glob("*/*.sql")) == expected
    assert len(expected) == 24


def test_the_first_lines_say_grain_and_clause():
    for row in law("indicators"):
        grain, clause, *_ = file_of(row).read_text(encoding="utf-8").splitlines()
        assert grain.startswith("-- One row per ")
        assert clause.startswith(f"-- Decision 766, indicator {row['indicator_code']}: ")


def test_each_plan_item_is_an_indicator_or_counted_in_the_file_that_bears_its_code():
    own = [row["item_code"] for row in law("plan_items") if not row["indicator_code"]]
    assert {path.stem for path in PLAN_ITEMS.glob("*.sql")} == {f"plan_item_{code}" for code in own}
    for code in own:
        text = (PLAN_ITEMS / f"plan_item_{code}.sql").read_text(encoding="utf-8")
        grain, item, *_ = text.splitlines()
        assert grain.startswith("-- One row per ")
        assert item.startswith(f"-- Plan item {code}")
        assert f"'{code}' as item_code" in text


def test_each_model_says_its_grain_first():
    for path in (ROOT / "dbt" / "models").rglob("*.sql"):
        assert path.read_text(encoding="utf-8").startswith("-- One row"), path


def test_each_indicator_has_a_rule_for_every_profile_and_level():
    codes = {row["indicator_code"] for row in law("indicators")}
    for profile in {row["profile"] for row in law("scoring_rules")}:
        for level in ("commune", "agency", "province"):
            ruled = {
                row["indicator_code"]
                for row in law("scoring_rules")
                if row["profile"] == profile and row["unit_level"] == level
            }
            assert ruled == codes, (profile, level)


def test_each_indicator_has_at_least_four_golden_cases():
    golden = ROOT / "tests" / "golden"
    for row in law("indicators"):
        cases = list(golden.glob(f"{row['indicator_code']}_*/expected*.csv"))
        assert len(cases) >= 4, row["indicator_code"]


def test_each_plan_item_that_is_counted_has_a_golden_case():
    defended = set()
    for file in (ROOT / "tests" / "golden").glob("**/expected_plan_target.csv"):
        with file.open(encoding="utf-8") as rows:
            defended |= {row["item_code"] for row in csv.DictReader(rows) if row["numerator"]}
    assert defended == {row["item_code"] for row in law("plan_items")}

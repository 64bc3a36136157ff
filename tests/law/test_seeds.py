"""What the law's seeds must say, by the rule book; that they are well formed is tested by dbt."""

from __future__ import annotations

from typing import Any

import psycopg

Row = dict[str, Any]

# Profiles and rules that come later are none of the rule book's.
OF_THE_RULE_BOOK = """(
    select * from law.scoring_rules
    where profile in ('portal-2026', 'decision-766-text')
        and date '2026-12-31' between valid_from and valid_to
) as rule inner join law.indicators using (indicator_code)"""
GROUP_MAXIMA = {"CKMB": 18, "TDGQ": 20, "ONLINE": 12, "TTTT": 10, "MDSH": 22, "MDHL": 18}


def test_there_are_24_indicators_and_21_are_scored(seeds: psycopg.Connection[Row]) -> None:
    [row] = seeds.execute(
        f"""select count(distinct indicator_code) as all_of_them,
            count(distinct indicator_code) filter (where max_score > 0) as scored
        from {OF_THE_RULE_BOOK}"""
    )
    assert row == {"all_of_them": 24, "scored": 21}


def test_each_group_has_its_maximum_in_every_profile_and_level(
    seeds: psycopg.Connection[Row],
) -> None:
    rows = seeds.execute(
        f"""select profile, unit_level, group_code, sum(max_score) as maximum
        from {OF_THE_RULE_BOOK}
        group by profile, unit_level, group_code"""
    ).fetchall()
    assert len(rows) == 2 * 3 * len(GROUP_MAXIMA)
    assert {(row["group_code"], row["maximum"]) for row in rows} == set(GROUP_MAXIMA.items())


def test_a_unit_below_a_province_can_reach_98_points(seeds: psycopg.Connection[Row]) -> None:
    rows = seeds.execute(
        f"""select profile, unit_level, sum(max_score) as reachable from {OF_THE_RULE_BOOK}
        where scoring <> 'not_applicable' group by profile, unit_level"""
    ).fetchall()
    assert {(row["unit_level"], row["reachable"]) for row in rows} == {
        ("commune", 98),
        ("agency", 98),
        ("province", 100),
    }


def test_the_two_profiles_differ_in_4_2_and_4_6_only(seeds: psycopg.Connection[Row]) -> None:
    rows = seeds.execute(
        f"""select indicator_code from {OF_THE_RULE_BOOK}
        group by indicator_code, unit_level
        having count(
            distinct (scoring, max_score, target_ratio, zero_denominator, valid_from, valid_to)
        ) > 1"""
    )
    assert {row["indicator_code"] for row in rows} == {"4.2", "4.6"}

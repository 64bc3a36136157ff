"""A day whose rows are far from those of days like it is named, and a source that sent nothing."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

import pytest

from chiso766.database import connect

from ..deliveries import select

pytestmark = pytest.mark.usefixtures("no_nights")

MONDAY = date(2026, 11, 16)
NATIONAL_DAY = date(2026, 9, 2)  # a Wednesday
WORKING_SATURDAY = date(2026, 8, 22)

UNUSUAL = "select * from marts_next.data_status where warning like '%%khác thường%%'"

_SHA256 = count()


def sent(
    day: date, rows: int, name: str = "a.csv", source: str = "dossiers", refusal: str | None = None
) -> None:
    """Write down that a file came and was read, or refused."""
    with connect() as connection:
        run(day)
        [(file_id,)] = connection.execute(
            "insert into ops.file (export_day, source, file_name, sha256, bytes)"
            " values (%s, %s, %s, %s, 1) returning file_id",
            [day, source, name, str(next(_SHA256))],
        ).fetchall()
        connection.execute(
            "insert into ops.load (file_id, state, refusal, rows_read, rows_accepted, is_late)"
            " values (%s, %s, %s, %s, %s, false)",
            [file_id, "refused" if refusal else "loaded", refusal, rows, rows],
        )


def run(day: date) -> None:
    with connect() as connection:
        connection.execute(
            "insert into ops.night (export_day) values (%s) on conflict do nothing", [day]
        )


def weeks_before(day: date, *rows: int) -> None:
    """What came on the same weekday of the weeks before, the oldest first."""
    for weeks, number in zip(range(len(rows), 0, -1), rows, strict=True):
        sent(day - timedelta(weeks=weeks), number)


def days_before(day: date, *rows: int, working: bool) -> None:
    """What came on the days off, or the working days, before a day; the newest first."""
    days = select(
        "select day from intermediate_next.int_calendar where day < %s and is_working_day = %s"
        " order by day desc limit %s",
        day,
        working,
        len(rows),
    )
    for each, number in zip(days, rows, strict=True):
        sent(each["day"], number)


def warning(day: date, source: str = "dossiers") -> str | None:
    [row] = select(
        "select warning from marts_next.data_status where export_day = %s and source = %s",
        day,
        source,
    )
    return row["warning"]


def test_the_sentence_says_count_expectation_and_threshold() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    sent(MONDAY, 12)
    assert warning(MONDAY) == (
        "Số dòng 12 khác thường: các thứ Hai làm việc trước đó thường có khoảng 80 dòng,"
        " ngưỡng từ 40 đến 160"
    )


@pytest.mark.parametrize(("rows", "warned"), [(39, True), (40, False), (160, False), (161, True)])
def test_the_threshold_is_half_and_double_and_belongs_to_what_is_usual(
    rows: int, warned: bool
) -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    sent(MONDAY, rows)
    assert (warning(MONDAY) is not None) == warned


@pytest.mark.parametrize(("rows", "warned"), [(0, False), (12, False), (13, True)])
def test_a_few_rows_more_or_less_are_chance(rows: int, warned: bool) -> None:
    weeks_before(MONDAY, 2, 2, 2, 2)
    sent(MONDAY, rows)
    assert (warning(MONDAY) is not None) == warned


@pytest.mark.parametrize(
    ("before", "rows", "warned"),
    [
        ([85, 104, 125, 146, 165], 20, False),  # median 125; distances 40 21 0 21 40, median 21
        ([85, 104, 125, 146, 165], 19, True),
        ([0, 20, 40, 60, 80], 140, False),  # median 40; distances 40 20 0 20 40, median 20
        ([0, 20, 40, 60, 80], 141, True),
    ],
)
def test_where_days_differ_much_the_threshold_is_wider(
    before: list[int], rows: int, warned: bool
) -> None:
    weeks_before(MONDAY, *before)
    sent(MONDAY, rows)
    assert (warning(MONDAY) is not None) == warned


def test_three_days_of_its_kind_are_too_few_to_expect_anything() -> None:
    weeks_before(MONDAY, 80, 80, 80)
    sent(MONDAY, 5000)
    assert warning(MONDAY) is None


def test_a_first_full_dump_neither_warns_nor_spoils_what_is_expected() -> None:
    weeks_before(MONDAY, 5000, 80, 82, 78)
    sent(MONDAY, 79)
    assert select(UNUSUAL) == []
    sent(MONDAY, 121, name="b.csv")  # 200 in all
    assert "khoảng 81 dòng, ngưỡng từ 40 đến 162" in (warning(MONDAY) or "")


def test_twelve_days_of_its_kind_are_looked_at_and_none_before() -> None:
    weeks_before(MONDAY, *[5000] * 13, *[80] * 12)
    sent(MONDAY, 5000)
    assert "khoảng 80 dòng" in (warning(MONDAY) or "")


def test_other_weekdays_do_not_count() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    weeks_before(MONDAY + timedelta(days=1), 500, 500, 500, 500)
    sent(MONDAY, 80)
    assert warning(MONDAY) is None


def test_other_sources_do_not_count() -> None:
    for weeks in range(1, 5):
        sent(MONDAY - timedelta(weeks=weeks), 80)
    sent(MONDAY, 500, source="petitions")
    assert warning(MONDAY, "petitions") is None


def test_a_saturday_compares_with_saturdays() -> None:
    saturday = MONDAY + timedelta(days=5)
    weeks_before(saturday, 3, 3, 3, 3)
    weeks_before(saturday + timedelta(days=1), 90, 90, 90, 90)
    sent(saturday, 90)
    assert "các thứ Bảy nghỉ trước đó thường có khoảng 3 dòng, ngưỡng từ 0 đến 13" in (
        warning(saturday) or ""
    )


def test_a_holiday_compares_with_other_days_off() -> None:
    weeks_before(NATIONAL_DAY, 80, 80, 80, 80)
    days_before(NATIONAL_DAY, 4, 4, 4, 4, working=False)
    sent(NATIONAL_DAY, 4)
    assert warning(NATIONAL_DAY) is None
    sent(NATIONAL_DAY, 76, name="b.csv")
    assert "các ngày nghỉ trước đó thường có khoảng 4 dòng" in (warning(NATIONAL_DAY) or "")


def test_a_holiday_is_no_history_of_its_weekday() -> None:
    wednesday = NATIONAL_DAY + timedelta(weeks=1)
    weeks_before(wednesday, 80, 80, 80, 4)
    sent(wednesday, 500)
    assert warning(wednesday) is None  # three ordinary Wednesdays
    sent(wednesday - timedelta(weeks=5), 80)
    assert "các thứ Tư làm việc trước đó thường có khoảng 80 dòng" in (warning(wednesday) or "")


def test_a_working_saturday_compares_with_other_working_days() -> None:
    weeks_before(WORKING_SATURDAY, 4, 4, 4, 4)
    days_before(WORKING_SATURDAY, 80, 80, 80, 80, working=True)
    sent(WORKING_SATURDAY, 80)
    assert warning(WORKING_SATURDAY) is None
    sent(WORKING_SATURDAY, 420, name="b.csv")
    assert "các ngày làm việc trước đó thường có khoảng 80 dòng" in (
        warning(WORKING_SATURDAY) or ""
    )


def test_what_comes_for_later_days_changes_no_warning() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    sent(MONDAY, 12)
    said = warning(MONDAY)
    for weeks in range(1, 9):
        sent(MONDAY + timedelta(weeks=weeks), 12)
    assert warning(MONDAY) == said


def test_a_late_file_of_an_earlier_day_counts() -> None:
    weeks_before(MONDAY, 80, 80, 80)
    sent(MONDAY, 12)
    assert warning(MONDAY) is None
    sent(MONDAY - timedelta(weeks=4), 80)
    assert warning(MONDAY) is not None


def test_of_a_file_sent_again_only_the_last_sending_counts_though_all_rows_were_read() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    sent(MONDAY, 100)
    sent(MONDAY, 100)
    assert warning(MONDAY) is None
    sent(MONDAY, 1500)
    assert (warning(MONDAY) or "").startswith(
        "Số dòng 1.500 (mỗi tệp tính lần gửi cuối) khác thường: "
    )
    [row] = select(
        "select files, rows_read, rows_accepted, rows_set_aside from marts_next.data_status"
        " where export_day = %s and source = 'dossiers'",
        MONDAY,
    )
    assert tuple(row.values()) == (3, 1700, 1700, 0)


def test_of_a_refused_file_only_the_refusal_is_said_and_it_is_no_history() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    sent(MONDAY, 0, refusal="Tệp bị hỏng.")
    assert warning(MONDAY) == "Tệp bị hỏng."
    next_monday = MONDAY + timedelta(weeks=1)
    sent(next_monday, 12)
    assert "khoảng 80 dòng" in (warning(next_monday) or "")


def test_a_file_refused_when_sent_again_leaves_what_was_read_before() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    sent(MONDAY, 80)
    sent(MONDAY, 0, refusal="Tệp bị hỏng.")
    assert warning(MONDAY) == "Tệp bị hỏng."


def test_a_source_that_sent_nothing_is_named_once_and_a_day_without_it_is_no_history() -> None:
    weeks_before(MONDAY, 80, 80, 80, 80)
    run(MONDAY)
    assert warning(MONDAY) == "Không nhận được tệp nào của nguồn Hồ sơ"
    assert warning(MONDAY, "petitions") == ("Không nhận được tệp nào của nguồn Phản ánh, kiến nghị")
    assert warning(MONDAY, "unit_procedures") is None  # optional
    next_monday = MONDAY + timedelta(weeks=1)
    sent(next_monday, 12)
    assert "khoảng 80 dòng" in (warning(next_monday) or "")


def test_every_source_is_shown_with_its_vietnamese_name() -> None:
    run(MONDAY)
    unnamed = "select source from marts_next.data_status where source_name is null"
    assert select(unnamed) == []


def test_the_first_publication_that_knew_a_load_is_named() -> None:
    sent(MONDAY, 1)
    [row] = select("select max(load_id) as load_id from ops.load")
    load_id = row["load_id"]
    with connect() as connection:
        for hour, day, last_load_id, state in (
            (1, MONDAY - timedelta(days=1), load_id - 1, "published"),
            (2, MONDAY, load_id - 1, "published"),
            (3, MONDAY, load_id, "failed"),
            (4, MONDAY, load_id, "published"),
            (5, MONDAY + timedelta(days=1), load_id + 1, "published"),
        ):
            connection.execute(
                "insert into ops.build (as_of_day, last_load_id, state, published_at)"
                " values (%s, %s, %s, case when %s = 'published'"
                " then timestamptz '2026-11-17' + make_interval(hours => %s) end)",
                [day, last_load_id, state, state, hour],
            )
    hours = {
        row["source"]: row["hour"]
        for row in select(
            "select source, extract(hour from built_at)::integer as hour"
            " from marts_next.data_status"
        )
    }
    assert (hours["dossiers"], hours["petitions"]) == (4, 2)  # petitions sent nothing


def test_what_could_not_be_fetched_is_said_with_its_source_and_of_no_source_with_each() -> None:
    run(MONDAY)
    with connect() as connection:
        connection.execute(
            "insert into ops.fetch_failure (export_day, source, sentence)"
            " values (%(day)s, 'ratings', 'Hỏng một.'),"
            " (%(day)s, null, 'Hỏng hai.')",
            {"day": MONDAY},
        )

    rows = select(
        "select source, warning from marts_next.data_status where export_day = %s", MONDAY
    )

    warnings = {row["source"]: row["warning"] for row in rows}
    assert len(rows) == len(warnings)
    assert warnings["ratings"].startswith("Hỏng hai.; Hỏng một.; ")
    assert warnings["dossiers"].startswith("Hỏng hai.; Không nhận được tệp")

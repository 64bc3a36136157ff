"""The official reports of a sample: their sums, their layout, and what is kept when made again."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import psycopg
import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from chiso766 import period as periods
from chiso766 import publish, report, report_brief, report_period
from chiso766.build import build_marts
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.gate import open_gate
from chiso766.report_forms import CAUSES, FORMS, fill
from chiso766.sample import write_sample

from ..deliveries import load_days, select

HOME, PROVINCE = "H24.999", "H24"
CUT_OFF = date(2026, 11, 14)
PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")

needs_libreoffice = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed on this machine"
)

Chiso = Callable[..., Any]


@pytest.fixture(scope="module")
def marts(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The marts of the night on which report month 11 ended."""
    days = [CUT_OFF - timedelta(days=number) for number in (2, 1, 0)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_HOME", str(tmp_path_factory.mktemp("home")))
        write_sample(
            warehouse, units=2, dossiers=120, days=len(days), seed=5, last_day=CUT_OFF, dirt=0.0
        )
        load_days(*days)
        build_marts()
        open_gate()
        yield


@pytest.fixture
def connection(marts: None) -> Iterator[psycopg.Connection]:
    """Whose changes of the marts are undone after the test."""
    with connect() as connection:
        yield connection
        connection.rollback()


def test_every_form_of_every_unit_and_period_has_the_sums_of_the_marts(
    connection: psycopg.Connection,
) -> None:
    sums = {
        (unit, kind, start): int(received)
        for unit, kind, start, received in connection.execute(
            "select unit_code, period_type, period_start, sum(received) from marts.report_06a"
            " group by 1, 2, 3"
        )
    }
    units = [unit for (unit,) in connection.execute("select unit_code from marts.dim_unit")]
    with_dossiers = 0
    for period in report_period.known(connection):
        for unit in units if period.period_type == "month" else [HOME, PROVINCE]:
            filled = {name: fill(form, connection, unit, period) for name, form in FORMS.items()}
            key = (unit, period.period_type, period.period_start)
            total = filled["06a"].total
            assert total["received"] == sums.get(key, 0)
            assert filled["so-hoa"].total["dossiers"] == total["received"]
            late = total["settled_late"] + total["in_progress_overdue"]
            assert filled["06b"].total["late"] == late == len(filled["tre-han"].rows)
            with_dossiers += total["received"] > 0
    assert with_dossiers > len(report_period.known(connection))


def test_the_dossiers_behind_a_form_are_those_it_counts(connection: psycopg.Connection) -> None:
    apart = connection.execute(
        """
        select *
        from (
            select unit_code, period_type, period_start, field_code, count(*) as received,
                count(*) filter (where inflow = 'carried_over') as carried_over,
                count(*) filter (where outcome = 'early') as settled_early
            from marts.report_dossier group by 1, 2, 3, 4
        ) as listed
        full join marts.report_06a as form
            using (unit_code, period_type, period_start, field_code)
        where (listed.received, listed.carried_over, listed.settled_early)
            is distinct from (form.received, form.carried_over, form.settled_early)
        """
    )
    assert apart.fetchall() == []


@pytest.mark.parametrize(
    ("kind", "code", "label"),
    [
        ("month", "2026-01", "Tháng 1/2026"),
        ("quarter", "2026-Q4", "Quý IV/2026"),
        ("half_year", "2026-H1", "6 tháng đầu năm 2026"),
        ("year", "2026", "Năm 2026"),
    ],
)
def test_a_form_names_its_period(
    connection: psycopg.Connection, kind: str, code: str, label: str
) -> None:
    assert replace(month(connection), period_type=kind, period_code=code).label == label


@pytest.mark.parametrize(
    ("name", "more", "sentence"),
    [
        ("06a", ["received"], r"cột \(3\) khác \(4\) \+ \(5\) \+ \(6\)"),
        ("06a", ["settled"], r"cột \(7\) khác \(8\) \+ \(9\) \+ \(10\)"),
        ("06a", ["in_progress"], r"cột \(11\) khác \(12\) \+ \(13\)"),
        ("06a", ["received", "carried_over"], r"cột \(3\) khác \(7\) \+ \(11\)"),
        ("06b", ["handling"], r"cột \(3\) khác \(6\) \+ \(7\)"),
        ("pakn", ["received", "carried_over"], r"cột \(3\) khác \(6\) \+ \(9\)"),
    ],
)
def test_a_form_whose_columns_do_not_agree_is_refused(
    connection: psycopg.Connection, name: str, more: list[str], sentence: str
) -> None:
    rows = fill(FORMS[name], connection, HOME, month(connection)).rows
    assert rows
    changed = [rows[0] | {column: rows[0][column] + 1 for column in more}, *rows[1:]]
    form = replace(FORMS[name], rows=lambda *_: changed)
    with pytest.raises(ChisoError, match=sentence):
        fill(form, connection, HOME, month(connection))


# The workbook


@pytest.fixture(scope="module")
def workbook(marts: None, chiso: Chiso, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All forms of the home unit in report month 11."""
    path = tmp_path_factory.mktemp("reports") / "tat-ca.xlsx"
    done = chiso("report", "tat-ca", "--unit", HOME, "--period", "2026-11", "-o", str(path))
    assert (done.returncode, done.stdout) == (0, f"Đã ghi {path}.\n"), done.stderr
    return path


def test_form_06a_has_its_title_block_and_its_13_columns(workbook: Path) -> None:
    sheet = load_workbook(workbook, data_only=True)["II.06a"]
    said = texts(sheet)
    assert {
        "Biểu số II.06a/VPCP/KSTT\nBan hành theo Thông tư số 01/2020/TT-VPCP",
        "Kỳ báo cáo: Tháng 11/2026",
        "(Từ ngày 15/10/2026 đến ngày 14/11/2026)",
        "THỦ TRƯỞNG ĐƠN VỊ",
    } <= said
    assert any(
        "UBND Phường Nhị Chiểu\nĐơn vị nhận báo cáo:\nThành phố Hải Phòng" in t for t in said
    )
    [numbers] = [row for row in sheet.iter_rows(values_only=True) if row[0] == "(1)"]
    assert numbers == (
        *("(1)", "(2)", "(3)=(4)+(5)+(6)", "(4)", "(5)", "(6)", "(7)=(8)+(9)+(10)", "(8)", "(9)"),
        *("(10)", "(11)=(12)+(13)", "(12)", "(13)"),
    )
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)


def test_a_form_whose_prescribed_layout_is_not_known_says_so(workbook: Path) -> None:
    sheets = load_workbook(workbook)
    assert sheets.sheetnames == [form.sheet for form in FORMS.values()]
    own = {sheet.title for sheet in sheets if "Mẫu nội bộ" in str(sheet["A1"].value)}
    assert own == {form.sheet for form in FORMS.values()} - {"II.06a"}


def test_sums_are_formulas_with_their_values(workbook: Path) -> None:
    formulas, values = load_workbook(workbook), load_workbook(workbook, data_only=True)
    total = total_row(formulas["II.06a"])
    shown = total_row(values["II.06a"])
    assert all(str(cell.value).startswith("=") for cell in total[2:])
    counted = select(
        "select sum(received)::int as received, sum(received_online)::int as online,"
        " sum(settled)::int as settled, sum(in_progress_overdue)::int as overdue"
        f" from marts.report_06a where unit_code = '{HOME}' and period_start = '2026-10-15'"
        " and period_type = 'month'"
    )[0]
    assert counted["received"] > 0
    assert (shown[2].value, shown[3].value) == (counted["received"], counted["online"])
    assert (shown[6].value, shown[12].value) == (counted["settled"], counted["overdue"])


@needs_libreoffice
def test_libreoffice_computes_the_same_sums(workbook: Path, tmp_path: Path) -> None:
    """Without the values that were written it has to compute every formula."""
    bare = tmp_path / "bare.xlsx"
    load_workbook(workbook).save(bare)
    computed = load_workbook(converted(bare, "xlsx", tmp_path / "computed"), data_only=True)
    written = load_workbook(workbook, data_only=True)
    formulas = 0
    for sheet in load_workbook(workbook):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    formulas += 1
                    theirs = computed[sheet.title][cell.coordinate].value
                    ours = written[sheet.title][cell.coordinate].value
                    assert theirs == (pytest.approx(ours) if isinstance(ours, float) else ours)
    assert formulas > 50


def test_the_list_names_day_and_cause_of_each_late_dossier(workbook: Path) -> None:
    listed = select(
        "select dossier_code, due_at::date as due, cause from marts.report_dossier"
        f" where unit_code = '{HOME}' and period_type = 'month' and period_start = '2026-10-15'"
        " and outcome in ('late', 'open_overdue')"
    )
    assert listed
    rows = {row[1]: row for row in load_workbook(workbook)["Hồ sơ quá hạn"].values if row[1]}
    for one in listed:
        row = rows[one["dossier_code"]]
        assert (row[5].date(), row[9], row[10]) == (one["due"], CAUSES[one["cause"]], "")


def test_the_same_marts_give_the_same_bytes(workbook: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.xlsx"
    report.run("tat-ca", None, "2026-11", again)
    assert again.read_bytes() == workbook.read_bytes()


def test_a_period_that_is_not_over_and_one_without_dossiers_say_so(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "report.xlsx"
    report.run("06a", HOME, "2026-Q4", path)
    assert any(
        text.startswith("Ghi chú: Số liệu tạm tính đến hết ngày 14/11/2026")
        for text in texts(load_workbook(path).active)
    )
    [empty] = select(
        "select unit_code from marts.dim_unit where unit_level = 'commune' and unit_code not in"
        " (select unit_code from marts.report_06a) limit 1"
    )
    report.run("06a", empty["unit_code"], "2026-11", path)
    sheet = load_workbook(path, data_only=True).active
    assert "Không phát sinh" in texts(sheet)
    assert {cell.value for cell in total_row(sheet)[2:]} == {0}


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (("06a", HOME, "2026-13", "x.xlsx"), "Không có số liệu của kỳ báo cáo"),
        (("06a", "H99", "2026-11", "x.xlsx"), "Không có đơn vị H99"),
        (("06a", HOME, "2026-11", "x.docx"), r"đuôi \.xlsx"),
        (("06a", HOME, "2026-11", "khong/co/x.xlsx"), "Không ghi được báo cáo"),
        (("tom-tat", HOME, "2026-11", "khong/co/x.docx"), "Không ghi được báo cáo"),
        (("tom-tat", HOME, "2026-H1", "x.docx"), "Kỳ “2026-H1” không đúng"),
    ],
)
def test_what_cannot_be_reported_is_said_in_one_sentence(
    marts: None, tmp_path: Path, asked: tuple[str, str, str, str], sentence: str
) -> None:
    form, unit, period, name = asked
    with pytest.raises(ChisoError, match=sentence) as said:
        report.run(form, unit, period, tmp_path / name)
    assert len(str(said.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_form_that_is_not_known_is_refused(chiso: Chiso) -> None:
    done = chiso("report", "07", "--period", "2026-11", "-o", "x.xlsx")
    assert done.returncode != 0
    assert "không hiểu giá trị của BIỂU" in done.stderr


# The brief


@pytest.fixture
def brief(connection: psycopg.Connection) -> report_brief.Brief:
    november = periods.parse("2026-11")
    return report_brief.read(connection, HOME, november, "Thành phố Hải Phòng")


def test_the_brief_says_score_place_change_and_what_to_do(
    connection: psycopg.Connection, brief: report_brief.Brief, tmp_path: Path
) -> None:
    [(score, rank)] = connection.execute(
        "select card.total_score, place.rank from marts.fct_scorecard as card"
        " join marts.unit_ranking as place using (unit_code, period_type, period_start)"
        f" where profile = 'portal-2026' and unit_code = '{HOME}'"
        " and period_type = 'month' and period_start = '2026-11-01'"
    )
    said = text_of(brief, tmp_path)
    assert f"Tổng điểm {str(score).replace('.', ',')}/100" in said
    assert f"Thứ hạng {rank}/" in said
    assert "Thay đổi so với tháng 10/2026" in said
    assert "hồ sơ trễ hạn hoặc đang quá hạn" in said
    assert "hồ sơ đang quá hạn; giữ đúng hạn" in said


def test_a_score_that_did_not_exist_counts_0_in_what_moved(
    brief: report_brief.Brief, tmp_path: Path
) -> None:
    [row] = [one for one in brief.card.indicators if one["indicator_code"] == "2.1"]
    assert brief.before is not None
    now = replace(brief.card, indicators=[row | {"score": Decimal(7)}])
    before = replace(brief.before, indicators=[row | {"score": None}])
    said = text_of(replace(brief, card=now, before=before), tmp_path)
    assert f"Tăng nhiều nhất: 2.1 {row['indicator_name']} (+7,00)." in said


@pytest.mark.parametrize(
    ("gap", "sentence"),
    [
        ("0.00", "Không có việc nào khác cần làm để giữ thứ hạng mục tiêu."),
        ("2.50", "Chưa có phương án nâng điểm cho kỳ này."),
    ],
)
def test_without_a_plan_the_brief_says_whether_one_is_needed(
    brief: report_brief.Brief, tmp_path: Path, gap: str, sentence: str
) -> None:
    assert brief.standing is not None
    standing = brief.standing | {"gap_to_target_rank": Decimal(gap)}
    assert sentence in text_of(replace(brief, standing=standing, steps=[]), tmp_path)


@needs_libreoffice
def test_the_longest_brief_is_one_page(brief: report_brief.Brief, tmp_path: Path) -> None:
    longest = max(brief.card.indicators, key=lambda row: len(row["indicator_name"]))
    scores = [Decimal(9), Decimal(1)] * len(brief.card.indicators)
    assert brief.before is not None
    indicators = [longest | {"indicator_code": str(n)} for n in range(6)] + [
        row for row in brief.card.indicators if row["indicator_code"] == "2.1"
    ]
    moved = [row | {"score": score} for row, score in zip(indicators, scores, strict=False)]
    were = [row | {"score": Decimal(5)} for row in moved]
    step = {
        "action_name": "Lấy giấy tờ từ kho dữ liệu của công dân, hoặc đưa kết quả vào kho",
        "units_of_work": 1234,
        "points_gained": Decimal("1.23"),
        "effects": "3.2,3.5a,3.5b,4.5a,4.5b",
    }
    full = replace(
        brief,
        card=replace(brief.card, indicators=moved),
        before=replace(brief.before, indicators=were),
        late=[{"field_name": "Môi trường, tài nguyên nước, khoáng sản", "dossiers": 1234}] * 5,
        urgent={"overdue": 1234, "today": 1234, "3_days": 1234},
        steps=[step] * report_brief._STEPS,
    )
    report_brief.write(tmp_path / "brief.docx", full)
    pdf = converted(tmp_path / "brief.docx", "pdf", tmp_path)
    assert len(PAGE.findall(pdf.read_bytes())) == 1


# On the cut-off day


def test_on_the_cut_off_day_every_unit_gets_its_reports_and_the_leadership_its_brief(
    marts: None,
) -> None:
    folder = publish.page_path().parent / "official" / "2026-11"
    units = [row["unit_code"] for row in select("select unit_code from marts.dim_unit")]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHISO_UNIT", PROVINCE)
        written = report.make_official(CUT_OFF)
        assert {path.name for path in written} == {f"{unit}.xlsx" for unit in units} | {"H24.docx"}
        assert {path.parent for path in written} == {folder}
    assert report.make_official(CUT_OFF) == [folder / f"{HOME}.docx"]  # of another home unit
    assert report.make_official(CUT_OFF) == []


def test_a_report_made_again_with_other_content_keeps_the_version_before(marts: None) -> None:
    report.make_official(CUT_OFF)
    path = publish.page_path().parent / "official" / "2026-11" / f"{HOME}.xlsx"
    before = path.read_bytes()
    more = (
        "update intermediate.int_report_sum set dossiers = dossiers + {0}, received_online ="
        " received_online + {0}, settled_early = settled_early + {0}"
        f" where unit_code = '{HOME}' and period_type = 'month'"
    )
    for number in (1, 2):
        with connect() as connection:
            connection.execute(more.format(number).encode())
        assert report.make_official(CUT_OFF) == [path]
    first, second = (path.with_stem(f"{HOME}_ban-{number}") for number in (1, 2))
    assert first.read_bytes() == before
    assert len({before, second.read_bytes(), path.read_bytes()}) == 3
    with connect() as connection:
        connection.execute(more.format(-3).encode())


@pytest.mark.parametrize("days", [-1, 1])
def test_on_another_day_nothing_is_made(
    marts: None, caplog: pytest.LogCaptureFixture, days: int
) -> None:
    with caplog.at_level("INFO"):
        assert report.make_official(CUT_OFF + timedelta(days=days)) == []
    assert "không phải ngày chốt số liệu" in caplog.text


def test_without_the_marts_of_the_cut_off_day_it_is_tried_again_later(marts: None) -> None:
    with pytest.raises(ChisoError, match=r"chưa có ngày 14/12/2026"):
        report.make_official(date(2026, 12, 14))


def text_of(brief: report_brief.Brief, folder: Path) -> str:
    """The text of the brief as a Word document."""
    report_brief.write(folder / "brief.docx", brief)
    with ZipFile(folder / "brief.docx") as parts:
        return re.sub("<[^>]+>", "", parts.read("word/document.xml").decode())


def month(connection: psycopg.Connection) -> report_period.ReportPeriod:
    return report_period.parse(connection, "2026-11")


def texts(sheet: Worksheet) -> set[str]:
    return {str(value) for row in sheet.iter_rows(values_only=True) for value in row if value}


def total_row(sheet: Worksheet) -> tuple[Any, ...]:
    [row] = [row for row in sheet.iter_rows() if row[0].value == "Tổng số"]
    return row


def converted(path: Path, kind: str, folder: Path) -> Path:
    """The file as LibreOffice writes it in another format."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(folder),
            str(path),
        ],
        check=True,
        capture_output=True,
    )
    return folder / f"{path.stem}.{kind}"

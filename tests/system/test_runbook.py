"""The runbook says what to do about every message, every warning and every check."""

from __future__ import annotations

import re

from chiso766 import settings

RUNBOOK = (settings.PROJECT_ROOT / "docs" / "van-hanh.md").read_text(encoding="utf-8")
MARTS = settings.PROJECT_ROOT / "dbt" / "models" / "marts"
NOTIFY = settings.PROJECT_ROOT / "include" / "chiso766" / "notify.py"
# Read, not imported: with it comes Airflow, before the tests have said which.
DOCTOR = settings.PROJECT_ROOT / "include" / "chiso766" / "doctor.py"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, its head left out."""
    section = RUNBOOK.split(f"## {heading}")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_message_is_explained() -> None:
    subjects = re.findall(r'f"Ngày \{day\}: (.*?)"', NOTIFY.read_text(encoding="utf-8"))
    assert len(subjects) == 3
    explained = [row[0].strip("`") for row in rows("Thông báo")]
    assert [re.sub(r"\{.*?\}", "…", subject) for subject in subjects] == explained


def test_every_warning_of_the_data_is_explained() -> None:
    text = (MARTS / "data_status.sql").read_text(encoding="utf-8")
    warnings = re.findall(r"'([^']*(?:nhận được|khác thường|danh mục|bị lỗi)[^']*)'", text)
    assert len(warnings) == 4
    explained = " ".join(row[0] for row in rows("Cảnh báo trong mục số liệu"))
    for warning in warnings:
        words = re.split("[;:,]", warning.strip())[0].strip()
        assert words in explained, warning


def test_every_check_of_the_doctor_is_explained() -> None:
    checks = re.findall(r'^    "(.*?)": doctor_', DOCTOR.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(checks) == 19
    checks.insert(0, "Cài đặt")
    assert [row[0] for row in rows("Từng mục")] == checks


def test_no_row_leaves_open_what_to_do() -> None:
    for heading in ("Thông báo", "Cảnh báo trong mục số liệu", "Từng mục", "Sự cố"):
        assert all(all(row) for row in rows(heading)), heading

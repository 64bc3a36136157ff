"""./chiso doctor: finds the usual mistakes of an installation, and says what to do about each.

It changes and starts nothing. It may read the clock: it is about now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from chiso766 import doctor_airflow, doctor_machine, doctor_warehouse, failures, server, settings
from chiso766.errors import ChisoError
from chiso766.finding import Check, Finding, Level, broken

_OF_THE_MACHINE: dict[str, Check] = {
    "Python và các gói": doctor_machine.packages,
    "Tên các cài đặt": doctor_machine.names_of_settings,
    "Ổ đĩa": doctor_machine.disks,
    "Quyền truy cập": doctor_machine.permissions,
    "Thư mục giao nhận": doctor_machine.exports,
    "Cổng mạng": doctor_machine.ports,
    "Lịch làm việc": doctor_machine.calendar,
    "Thông báo": doctor_machine.notifications,
    "Cơ sở dữ liệu": doctor_warehouse.is_there,
}
_OF_THE_DATABASE: dict[str, Check] = {
    "Máy chủ cơ sở dữ liệu": doctor_warehouse.server,
    "Vai trò và quyền": doctor_warehouse.roles,
    "Khóa băm": doctor_warehouse.pseudonym_key,
    "Đồng hồ": doctor_warehouse.clock,
    "Đơn vị": doctor_warehouse.unit,
    "Dữ liệu": doctor_warehouse.freshness,
    "Sao lưu": doctor_warehouse.backups,
    "Hạn lưu tệp": doctor_warehouse.retention,
    "Airflow": doctor_airflow.airflow,
    "Kết nối": doctor_airflow.connections,
}


def run(as_json: bool) -> int:
    """Print every finding, and the checks that have none; returns 1 if anything is broken."""
    findings = dict(_findings())
    if as_json:
        _print_json(findings)
    else:
        _print_lines(findings)
    return int(any(each.level == Level.BROKEN for of in findings.values() for each in of))


def _findings() -> Iterator[tuple[str, list[Finding]]]:
    """Check -> what it found. What cannot be asked because something else is broken is left out."""
    try:
        settings.load()
    except ChisoError as error:
        yield "Cài đặt", [broken(str(error), "Hãy sửa dòng đó trong .env rồi chạy lại lệnh này.")]
        return
    for name, check in _OF_THE_MACHINE.items():
        yield name, _found(check)
    if server.is_running():
        for name, check in _OF_THE_DATABASE.items():
            yield name, _found(check)


def _found(check: Check) -> list[Finding]:
    try:
        return list(check())
    except ChisoError as error:
        sentence = str(error)
    except Exception as error:  # the others are still asked
        sentence = failures.unexpected(error)
    return [broken(sentence, "Hãy làm như câu trên rồi chạy lại lệnh này.")]


def _print_json(findings: dict[str, list[Finding]]) -> None:
    rows = [{"check": name} | asdict(each) for name, of in findings.items() for each in of]
    print(json.dumps(rows, ensure_ascii=False, indent=1))


def _print_lines(findings: dict[str, list[Finding]]) -> None:
    for name, of in findings.items():
        if not of:
            print(f"ổn       {name}")
        for each in of:
            print(f"{each.level:<8} {name}: {each.what} {each.todo}")

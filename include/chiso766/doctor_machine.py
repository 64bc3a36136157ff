"""What ./chiso doctor asks of this machine and its files."""

from __future__ import annotations

import csv
import difflib
import os
import re
import shutil
from collections.abc import Iterator
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from chiso766 import (
    airflow_env,
    connectors,
    database,
    notify,
    page_server,
    personal,
    requirements,
    server,
    settings,
    superset,
    system,
)
from chiso766.errors import ChisoError
from chiso766.finding import Finding, broken, look
from chiso766.sources import SOURCES

_GB = 1 << 30
# A night of a city needs less than one; a new month of a ward less than the other.
_LEAST_FREE, _LITTLE_FREE = 1 * _GB, 5 * _GB
_MOST_NAMED = 5
_PREFIX = "CHISO_"
_SETTING = re.compile(rf"^#?{_PREFIX}([A-Z_]+)=", re.MULTILINE)
_SECRET = re.compile("KEY|PASSWORD|SMTP_URL|WEBHOOK|DATABASE_URL")
# Made by the software itself, or for its tests.
_INNER = ("CHISO_DBT_", "CHISO_TEST_")
# Ways in which people write a day, as year, month, day.
_DAYS = (
    re.compile(r"(?P<d>\d\d?)[-./_ ](?P<m>\d\d?)[-./_ ](?P<y>\d{4})"),
    re.compile(r"(?P<y>\d{4})[-./_ ]?(?P<m>\d\d?)[-./_ ]?(?P<d>\d\d?)"),
)
# From here on next year's days off are announced.
_ANNOUNCED_FROM_MONTH = 11


def today() -> date:
    """Today in Vietnam."""
    return datetime.now(ZoneInfo(settings.TIMEZONE)).date()


def packages() -> Iterator[Finding]:
    """Whether what is installed is what the lock says."""
    wrong = []
    for wanted in requirements.locked(requirements.RUN):
        if wanted.marker and not wanted.marker.evaluate():
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            found = "không có"
        if found not in wanted.specifier:
            wrong.append(f"{wanted.name} {found} (cần {wanted.specifier})")
    if wrong:
        yield broken(
            f"Các gói đã cài khác {requirements.RUN} ở {len(wrong)} gói: {_some(wrong)}.",
            "Hãy xóa thư mục .venv rồi chạy lại ./chiso, nó tự cài lại đúng các gói.",
        )


def names_of_settings() -> Iterator[Finding]:
    """Whether a setting is misspelt: it would be passed over without a word."""
    known = set(_SETTING.findall((settings.PROJECT_ROOT / ".env.example").read_text()))
    for name in sorted(settings.chosen()):
        if name.removeprefix(_PREFIX) in known or name.startswith(_INNER):
            continue
        what = f"Không có cài đặt nào tên {name}, nên dòng đó không có tác dụng."
        near = difflib.get_close_matches(name.removeprefix(_PREFIX), known, 1)
        if near:
            todo = f"Có phải là {_PREFIX}{near[0]}? Hãy sửa trong .env (mẫu: .env.example)."
            yield broken(what, todo)
        else:
            yield look(what, "Hãy bỏ đi, hoặc tìm tên đúng trong .env.example.")


def disks() -> Iterator[Finding]:
    """Whether there is room for nights to come."""
    current = settings.load()
    seen = set()
    places = {"CHISO_HOME": current.home, "CHISO_EXPORTS": current.exports}
    if current.backups:
        places["CHISO_BACKUPS"] = current.backups
    for name, folder in places.items():
        place = next(each for each in (folder, *folder.parents) if each.exists())
        free = shutil.disk_usage(place).free
        if free >= _LITTLE_FREE or (disk := place.stat().st_dev) in seen:
            continue
        seen.add(disk)
        say = look if free >= _LEAST_FREE else broken
        yield say(
            f"Ổ đĩa của {name} ({folder}) chỉ còn {free / _GB:.1f} GB trống.",
            "Hãy dọn bớt hoặc nới ổ đĩa: cần ít nhất 1 GB để một đêm chạy xong, nên có 5 GB.",
        )


def permissions() -> Iterator[Finding]:
    """Whether secrets are closed to others, and what is kept is open to this account."""
    home = settings.load().home
    if not home.exists():
        return
    secrets = [settings.load().secret_key_file, database.passwords_file()]
    secrets += [personal.keys_file(), airflow_env.login_file(), airflow_env.keys_file()]
    secrets += [superset.login_file(), superset.settings_file()]
    written = settings.PROJECT_ROOT / ".env"
    if any(value and _SECRET.search(name) for name, value in dotenv_values(written).items()):
        secrets.append(written)
    for path in (home, *secrets):
        if path.exists() and path.stat().st_mode & 0o077:
            mode = "700" if path.is_dir() else "600"
            yield broken(
                f"Tài khoản khác trên máy đọc được {path}, nơi giữ mật khẩu hoặc khóa.",
                f"Hãy chạy chmod {mode} {path}",
            )
    # PostgreSQL's folder may be of an account of its own.
    strange = [
        path
        for path in (home, *sorted(home.iterdir()))
        if path.name != database.embedded_folder().name and path.stat().st_uid != os.geteuid()
    ]
    if strange:
        yield broken(
            f"Một tài khoản khác đã tạo {_some([str(path) for path in strange])}.",
            f"Hãy luôn chạy ./chiso bằng một tài khoản; chuyển chủ bằng chown -R {os.geteuid()}"
            f" {home} (trừ {database.embedded_folder().name}), với quyền quản trị máy.",
        )


def exports() -> Iterator[Finding]:
    """Whether the drop folder is where the systems leave their exports, and as they should."""
    folder = settings.load().exports
    if not folder.is_dir():
        if not connectors.lines()[0]:
            yield broken(
                f"Không có thư mục giao nhận {folder}.",
                "Hãy tạo nó, hoặc sửa CHISO_EXPORTS trong .env cho đúng thư mục mà các hệ thống đặt"
                " tệp xuất.",
            )
        return
    if not os.access(folder, os.R_OK | os.X_OK):
        yield broken(
            f"Không đọc được thư mục giao nhận {folder}.",
            "Hãy cấp quyền đọc thư mục đó cho tài khoản đang chạy ./chiso.",
        )
        return
    entries = sorted(folder.iterdir())
    if not any(_is_day(entry.name) for entry in entries):
        yield look(
            f"Thư mục giao nhận {folder} chưa có ngày nào.",
            "Hãy đặt tệp vào <thư mục>/<ngày>/<nguồn>/, ví dụ 2026-11-22/dossiers/.",
        )
    for entry in entries:
        if _is_day(entry.name):
            yield from _day_folder(entry)
        elif not entry.name.startswith("."):
            yield _misnamed_day(entry)


def _is_day(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False


def _misnamed_day(entry: Path) -> Finding:
    found = next((match for way in _DAYS if (match := way.fullmatch(entry.name))), None)
    todo = "Hãy đổi tên thành ngày xuất dữ liệu, dạng NĂM-THÁNG-NGÀY, ví dụ 2026-11-22."
    if found:
        name = f"{found['y']}-{int(found['m']):02}-{int(found['d']):02}"
        todo = f"Hãy đổi tên thành {name}." if _is_day(name) else todo
    return broken(f"{entry} không phải thư mục của một ngày, nên không được đọc.", todo)


def _day_folder(day: Path) -> Iterator[Finding]:
    if date.fromisoformat(day.name) > today():
        yield look(
            f"{day} là của một ngày chưa đến.",
            "Hãy kiểm tra ngày xuất dữ liệu và đổi tên thư mục nếu sai.",
        )
    if not os.access(day, os.R_OK | os.X_OK):
        yield broken(f"Không đọc được {day}.", "Hãy cấp quyền đọc cho tài khoản chạy ./chiso.")
        return
    for entry in sorted(day.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_file():
            yield broken(
                f"{entry} nằm ngoài thư mục của nguồn, nên không được đọc.",
                f"Hãy chuyển nó vào thư mục của nguồn, ví dụ {day / 'dossiers'}.",
            )
        elif entry.name not in SOURCES:
            near = difflib.get_close_matches(entry.name.lower(), SOURCES, 1)
            hint = f"Có phải là {near[0]}? " if near else ""
            yield broken(
                f"{entry} không mang tên của nguồn nào, nên không được đọc.",
                f"{hint}Hãy đổi tên thành một trong: {', '.join(SOURCES)}.",
            )


def ports() -> Iterator[Finding]:
    """Whether others have taken the ports where people look for the system."""
    if system.component("api-server"):
        return
    for name, port in (("Airflow", airflow_env.api_port()), ("trang báo cáo", page_server.port())):
        if not server.is_free(port) and not system.component(system.PAGE):
            yield look(
                f"Cổng {port} của {name} đang bị chương trình khác dùng.",
                "./chiso up sẽ chọn cổng khác và in địa chỉ mới; hoặc hãy dừng chương trình đó.",
            )


def calendar() -> Iterator[Finding]:
    """Whether the days off of this year and the next are known: deadlines count on them."""
    path = settings.PROJECT_ROOT / "dbt" / "seeds" / "reference" / "holidays.csv"
    with open(path, encoding="utf-8", newline="") as file:
        rows = [(each["day"], each["source"]) for each in csv.DictReader(file)]
    yield from calendar_of(rows, today())


def calendar_of(rows: list[tuple[str, str]], now: date) -> Iterator[Finding]:
    """``rows``: day off and its legal reference, which says where it is only expected yet."""
    add = "Hãy thêm dòng vào dbt/seeds/reference/holidays.csv, hoặc cập nhật phần mềm."
    of_this_year = [reference for day, reference in rows if day.startswith(f"{now.year}-")]
    if not of_this_year:
        yield broken(f"Chưa có ngày nghỉ của năm {now.year}: mọi thời hạn bị tính sai.", add)
    elif any("dự kiến" in reference for reference in of_this_year):
        yield look(f"Ngày nghỉ của năm {now.year} còn là dự kiến.", add)
    has_next = any(day.startswith(f"{now.year + 1}-") for day, _ in rows)
    if now.month >= _ANNOUNCED_FROM_MONTH and not has_next:
        yield look(f"Chưa có ngày nghỉ của năm {now.year + 1}.", add)


def notifications() -> Iterator[Finding]:
    """Whether messages would arrive, as far as that can be asked without sending one."""
    current = settings.load()
    if current.notify_email:
        try:
            notify.mail_server(current.smtp_url).close()
        except (ChisoError, OSError, ValueError) as error:
            why = str(error) if isinstance(error, ChisoError) else type(error).__name__
            yield broken(
                f"Thư thông báo không gửi được: {why}.".replace("..", "."),
                "Hãy kiểm tra CHISO_SMTP_URL trong .env: địa chỉ, cổng, tài khoản, mật khẩu.",
            )
    elif current.smtp_url:
        yield look(
            "Có CHISO_SMTP_URL nhưng không có CHISO_NOTIFY_EMAIL, nên không ai được báo.",
            "Hãy đặt CHISO_NOTIFY_EMAIL là địa chỉ của người phụ trách.",
        )
    hook = urlsplit(current.notify_webhook or "https://khong-dat")
    if hook.scheme not in connectors.HTTP or not hook.hostname:
        yield broken(
            "CHISO_NOTIFY_WEBHOOK không phải là một địa chỉ web.",
            "Hãy dán trọn địa chỉ mà hệ thống trò chuyện cho, bắt đầu bằng https://.",
        )


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} và {more} mục khác" if more > 0 else shown

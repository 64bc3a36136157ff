"""What ./chiso doctor asks of the database: its server, who may read, how fresh the data is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import LiteralString
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg

from chiso766 import backup, database, key_chain, sample_home, settings, system
from chiso766 import server as embedded
from chiso766.deadline import morning_after
from chiso766.errors import ChisoError
from chiso766.finding import Finding, broken, look

_OLDEST_VERSION = 16
_CLOCK_TOLERANCE = timedelta(minutes=2)
# A source that came on that many days comes regularly; without a file for that long it has stopped.
_REGULAR_DAYS = 5
_SILENCE = timedelta(days=7)
# Each night leaves a backup; one night may fail.
_OLDEST_BACKUP = timedelta(days=2)
# A night, or the step that purges, may fail once.
_LONGEST_OVERDUE = timedelta(days=2)
# Without these nothing can be counted; they have to come once.
_NEEDED = {"units": "Đơn vị hành chính", "procedures": "Danh mục thủ tục hành chính"}

_SERVER: LiteralString = """
    select
        current_setting('server_version_num')::integer / 10000,
        current_setting('server_encoding'),
        lower('ĐƯỜNG') = 'đường',
        exists (
            select from pg_db_role_setting as setting
            inner join pg_database as own on own.oid = setting.setdatabase
            where own.datname = current_database() and setting.setrole = 0
                and lower(array_to_string(setting.setconfig, ' ')) like %s
        )
"""
_LOGS = ("log_connections", "log_disconnections", "log_statement của chiso_analyst")
_LOGGED: LiteralString = """
    select
        current_setting('log_connections') not in ('off', ''),
        current_setting('log_disconnections') = 'on',
        exists (
            select from pg_roles
            where rolname = 'chiso_analyst' and 'log_statement=all' = any(rolconfig)
        )
"""
# Schema -> who may enter it.
_MAY_READ = {
    "marts": database.READERS,
    "set_aside": ("chiso_analyst",),
    "raw": (),
    "personal": (),
    "marts_next": (),
}
_SOURCES: LiteralString = """
    select
        file.source,
        max(file.export_day) as newest_day,
        count(distinct file.export_day) as days
    from ops.file
    inner join ops.load on load.file_id = file.file_id and load.state = 'loaded'
    group by file.source order by file.source
"""
_REFUSED: LiteralString = """
    select count(*) from ops.file
    inner join lateral (
        select load.state from ops.load
        where load.file_id = file.file_id order by load.load_id desc limit 1
    ) as newest on newest.state = 'refused'
    where file.export_day = (select max(night.export_day) from ops.night)
"""

_OVERDUE: LiteralString = """
    select count(*) from ops.file
    left join ops.purge on purge.file_id = file.file_id
    where purge.file_id is null
        and file.export_day < (select max(night.export_day) from ops.night) - %s
"""


def is_there() -> Iterator[Finding]:
    """Whether the database answers; all that is asked of it else depends on that."""
    if embedded.is_running():
        return
    if settings.load().database_url is not None:
        database.connect().close()  # raises and says why
    elif not database.embedded_folder().exists():
        yield look("Hệ thống chưa được khởi động lần nào.", "Hãy chạy ./chiso demo hoặc ./chiso up")
    else:
        yield look("PostgreSQL đã dừng nên không ai đọc được số liệu.", "Hãy chạy ./chiso up")


def server() -> Iterator[Finding]:
    """Whether the server is new enough and speaks Vietnamese."""
    with database.connect() as connection:
        pattern = f"%timezone={settings.TIMEZONE.lower()}%"
        [row] = connection.execute(_SERVER, [pattern]).fetchall()
        name = connection.info.dbname
        yield from _sessions(connection)
    version, encoding, knows_letters, has_local_time = row
    if version < _OLDEST_VERSION:
        yield broken(
            f"Máy chủ là PostgreSQL {version}.", f"Hãy nâng lên bản {_OLDEST_VERSION} trở lên."
        )
    if encoding != "UTF8" or not knows_letters:
        yield broken(
            f"Cơ sở dữ liệu {name} không dùng bảng mã UTF-8 hoặc không biết chữ tiếng Việt.",
            f"Hãy tạo lại: create database {name} template template0 encoding 'UTF8'"
            " locale_provider icu icu_locale 'vi'.",
        )
    if not has_local_time:
        yield look(
            f"Người đọc cơ sở dữ liệu {name} thấy giờ quốc tế, không phải giờ Việt Nam.",
            f"Hãy chạy: alter database {name} set timezone to '{settings.TIMEZONE}'.",
        )
    url = database.warehouse_url()
    if not _is_here(url) and database.tls(url).get("sslmode") != "verify-full":
        yield look(
            f"Kết nối tới {database.without_password(url)} không mã hóa, hoặc không kiểm chứng thư"
            " của máy chủ.",
            "Hãy thêm ?sslmode=verify-full&sslrootcert=/đường/dẫn/ca.pem vào CHISO_DATABASE_URL.",
        )


def _is_here(url: str) -> bool:
    """Whether a server is on this machine: nothing of what is said to it leaves the machine."""
    host = urlsplit(url).hostname
    return host in (None, "localhost", "::1") or str(host).startswith("127.")


def _sessions(connection: psycopg.Connection) -> Iterator[Finding]:
    """Whether the server logs who comes in, and what is asked of the rows set aside."""
    [logged] = connection.execute(_LOGGED).fetchall()
    missing = [setting for setting, is_set in zip(_LOGS, logged, strict=True) if not is_set]
    if missing:
        yield look(
            f"Máy chủ cơ sở dữ liệu không ghi nhật ký phiên làm việc: thiếu {', '.join(missing)}.",
            "Máy chủ nhúng: hãy chạy ./chiso down rồi ./chiso up; máy chủ khác: hãy nhờ người quản"
            " trị đặt như deploy/README.md.",
        )


def roles() -> Iterator[Finding]:
    """Whether the readers can log in, and read what they shall and nothing else."""
    for role in database.READERS:
        try:
            database.connect(role).close()
        except ChisoError as error:
            yield broken(
                f"{role} không đăng nhập được: {error}",
                f"Hãy chạy ./chiso up để tạo vai trò còn thiếu; nếu mật khẩu đã đổi, hãy ghi mật"
                f" khẩu đúng vào {database.passwords_file()}.",
            )
    with database.connect() as connection:
        for schema, readers in _MAY_READ.items():
            for role in database.READERS:
                yield from _right(connection, role, schema, role in readers)


def _right(
    connection: psycopg.Connection, role: str, schema: str, shall: bool
) -> Iterator[Finding]:
    row = connection.execute(
        "select has_schema_privilege(role.oid, namespace.oid, 'usage')"
        " from pg_roles as role cross join pg_namespace as namespace"
        " where role.rolname = %s and namespace.nspname = %s",
        [role, schema],
    ).fetchone()
    if row is None or row[0] == shall:
        return
    if shall:
        yield broken(
            f"{role} không được đọc schema {schema}.",
            f"Hãy chạy: grant usage on schema {schema} to {role}.",
        )
    else:
        yield broken(
            f"{role} vào được schema {schema}, nơi không dành cho người đọc.",
            f"Hãy chạy: revoke usage on schema {schema} from {role}, public.",
        )


def pseudonym_key() -> Iterator[Finding]:
    """Whether the pseudonymisation key is the one that the warehouse was written with."""
    with database.connect() as connection:
        [(is_prepared,)] = connection.execute("select to_regclass('ops.pseudonym_key') is not null")
        if not is_prepared or key_chain.fingerprint(connection) is None:
            return
        used = key_chain.in_use(connection)  # raises and says what to do
    if used != settings.load().secret_keys:
        yield look(
            "Có khóa băm mới nhưng mã đã lưu chưa được băm lại bằng khóa đó.",
            "Hãy chạy ./chiso rotate key",
        )


def clock() -> Iterator[Finding]:
    """Whether this machine's clock is right, by the database's and by what it wrote before."""
    with database.connect() as connection:
        [(there,)] = connection.execute("select clock_timestamp()").fetchall()
        [(newest,)] = (
            connection.execute("select max(started_at) from ops.build").fetchall()
            if _has_ledger(connection)
            else [(None,)]
        )
    here = datetime.now(UTC)
    todo = "Hãy bật đồng bộ giờ (timedatectl set-ntp true): đêm chạy và cảnh báo theo đồng hồ này."
    if abs(there - here) > _CLOCK_TOLERANCE:
        yield broken(f"Đồng hồ máy này lệch đồng hồ cơ sở dữ liệu {abs(there - here)}.", todo)
    if newest and newest > here + _CLOCK_TOLERANCE:
        yield broken("Đồng hồ máy này chạy lùi: lần dựng số liệu gần nhất ở tương lai.", todo)


def unit() -> Iterator[Finding]:
    """Whether the home unit is one of the units that the exports name."""
    current = settings.load()
    if sample_home.marker(current.home).exists():
        return
    if "CHISO_UNIT" not in settings.chosen():
        yield look(
            f"Chưa đặt CHISO_UNIT nên đơn vị là {current.unit}.",
            "Hãy ghi mã đơn vị của mình vào .env: phần đứng trước mã hồ sơ.",
        )
    with database.connect() as connection:
        if not _is_published(connection):
            return
        units = connection.execute("select unit_code, unit_name from marts.dim_unit order by 1")
        names: dict[str, str] = dict(units.fetchall())
    if current.unit not in names:
        some = ", ".join(f"{code} ({name})" for code, name in list(names.items())[:5])
        yield broken(
            f"CHISO_UNIT là {current.unit}, không có trong danh mục đơn vị đã nhận.",
            "Hãy sửa .env cho đúng mã, hoặc gửi nguồn units có mã đó. Đã nhận:"
            f" {some or 'chưa có'}.",
        )


def freshness() -> Iterator[Finding]:
    """Whether last night was published, and every source still comes."""
    with database.connect() as connection:
        if not _has_ledger(connection):
            return
        [(night,)] = connection.execute("select max(export_day) from ops.night").fetchall()
        if night is None:
            yield look(
                "Chưa chạy đêm nào.", "Hãy chạy ./chiso nightly NGÀY với ngày đã có tệp xuất."
            )
            return
        yield from _sources(connection, night)
        [(refused,)] = connection.execute(_REFUSED).fetchall()
        if refused:
            yield look(
                f"Ngày {night} có {refused} tệp bị từ chối vì không đọc được.",
                "Hãy xem lý do ở mục số liệu của trang báo cáo và gửi lại các tệp đó.",
            )
        if not sample_home.marker(settings.load().home).exists():
            yield from _nights(connection)


def _sources(connection: psycopg.Connection, night: date) -> Iterator[Finding]:
    came = {name: (day, days) for name, day, days in connection.execute(_SOURCES)}
    for source, name in _NEEDED.items():
        if source not in came:
            yield broken(
                f"Chưa từng nhận được nguồn {source} ({name}), nên không đếm được gì.",
                f"Hãy đặt tệp vào <thư mục giao nhận>/<ngày>/{source}/ rồi chạy ./chiso nightly.",
            )
    for source, (day, days) in came.items():
        if days >= _REGULAR_DAYS and night - day > _SILENCE:
            yield look(
                f"Nguồn {source} không có tệp nào từ ngày {day}.",
                "Hãy hỏi nơi xuất nguồn đó; tệp gửi bù vào đúng thư mục ngày vẫn được nhận.",
            )


def _nights(connection: psycopg.Connection) -> Iterator[Finding]:
    missed = system.missed_days(connection)
    if missed:
        yield look(
            f"Chưa chạy {len(missed)} ngày, từ {missed[0]} đến {missed[-1]}.",
            f"Hãy chạy ./chiso nightly {missed[0]} --to {missed[-1]}",
        )
    [(newest,)] = connection.execute(
        "select max(as_of_day) from ops.build where state = 'published'"
    ).fetchall()
    now = datetime.now(ZoneInfo(settings.TIMEZONE))
    due = now.date() - timedelta(days=1)
    if now < morning_after(due):  # last night may still be under way
        due -= timedelta(days=1)
    if newest is None or newest < due:
        stands = f"mới có đến hết ngày {newest}" if newest else "chưa có"
        yield broken(
            f"Số liệu đã công bố {stands}, lẽ ra đến hết ngày {due}.",
            f"Hãy chạy ./chiso nightly {due}",
        )
    row = connection.execute(
        "select state, error from ops.build order by build_id desc limit 1"
    ).fetchone()
    if row and row[0] == "failed":
        yield broken(f"Lần dựng số liệu gần nhất bị lỗi: {row[1]}", "Hãy làm như câu đó nói.")


def retention() -> Iterator[Finding]:
    """Whether landed files go when their retention is over."""
    kept = timedelta(days=settings.load().retention_days)
    with database.connect() as connection:
        if not _has_ledger(connection):
            return
        [(overdue,)] = connection.execute(_OVERDUE, [kept + _LONGEST_OVERDUE]).fetchall()
    if overdue:
        yield look(
            f"{overdue} tệp trong sổ nhận quá hạn lưu {kept.days} ngày mà chưa được xóa.",
            "Hãy xem DAG purge trong Airflow: bật lại nếu bị tạm dừng, đọc dòng cuối của nhật ký"
            " nếu đỏ.",
        )


def backups() -> Iterator[Finding]:
    """Whether a backup was made lately, once there is something to lose."""
    current = settings.load()
    if current.backups is None or sample_home.marker(current.home).exists():
        return
    with database.connect() as connection:
        if not _has_ledger(connection):
            return
        [(first,)] = connection.execute("select min(published_at) from ops.build").fetchall()
    newest = backup.newest(current.backups)
    here = ZoneInfo(settings.TIMEZONE)
    since = datetime.fromtimestamp(newest.stat().st_mtime, here) if newest else first
    if since is None or datetime.now(UTC) - since < _OLDEST_BACKUP:
        return
    stands = f"cũ từ {since:%d/%m/%Y}" if newest else "chưa có"
    yield broken(
        f"Bản sao lưu trong {current.backups} {stands}.",
        "Hãy xem DAG backup trong Airflow; sao lưu ngay bằng ./chiso backup TỆP.",
    )


def _has_ledger(connection: psycopg.Connection) -> bool:
    [(found,)] = connection.execute("select to_regclass('ops.build') is not null")
    return bool(found)


def _is_published(connection: psycopg.Connection) -> bool:
    [(found,)] = connection.execute("select to_regclass('marts.dim_unit') is not null")
    return bool(found)

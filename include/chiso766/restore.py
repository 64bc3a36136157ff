"""``./chiso restore``: the warehouse as a backup has it, in the place of the one that is there.

It is made in a database beside, brought to this version and looked at there; then both change names
in one transaction. Whatever ends it before that leaves the warehouse as it was, and a database that
the next restore clears away.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from zipfile import ZipFile

import psycopg
from packaging.version import Version
from psycopg import sql

from chiso766 import (
    backup,
    backup_file,
    database,
    key_chain,
    personal,
    postgres_tools,
    server,
    settings,
    terminal,
    warehouse,
)
from chiso766.backup_file import DUMP, Manifest
from chiso766.build_lock import build_lock
from chiso766.errors import ChisoError
from chiso766.landing import landing_path
from chiso766.reload import LOAD_LOCK

# Any number that nothing else locks: two restores must not make the same database.
_RESTORE_LOCK = 766_000_007
_TRIES = 5

_HAS_TABLES: LiteralString = """
    select exists (
        select from pg_class
        inner join pg_namespace as namespace on namespace.oid = pg_class.relnamespace
        where pg_class.relkind in ('r', 'p')
            and namespace.nspname <> 'information_schema' and namespace.nspname !~ '^pg_'
    )
"""
_LOCALE: LiteralString = """
    select
        pg_get_userbyid(known.datdba), pg_encoding_to_char(known.encoding),
        known.datcollate, known.datctype,
        case known.datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end,
        coalesce(to_jsonb(known) ->> 'datlocale', to_jsonb(known) ->> 'daticulocale')
    from pg_database as known where known.datname = %s
"""
_RIGHTS: LiteralString = """
    select
        granted.privilege_type,
        case when granted.grantee <> 0 then pg_get_userbyid(granted.grantee) end
    from pg_database as known
    cross join aclexplode(coalesce(known.datacl, acldefault('d', known.datdba))) as granted
    where known.datname = %s and granted.grantee <> known.datdba
"""
_KEPT_FILES: LiteralString = """
    select distinct file.sha256 from ops.file
    left join ops.purge on purge.file_id = file.file_id
    where purge.file_id is null
"""


def run(path: Path, replace: bool) -> None:
    """Restore a backup; ``replace``: also where the warehouse holds something, which then goes."""
    backup.refuse_citus()
    saying = terminal.working(
        terminal.console(), "Khôi phục kho dữ liệu (sau bước đang chạy, nếu có)…"
    )
    with saying, backup_file.checked(path) as (manifest, archive):
        with archive.open(DUMP) as dump:
            postgres_tools.refuse_unreadable(dump)
        server.start()
        with (
            database.open_url(database.maintenance_url(), autocommit=True) as admin,
            _saying_what_is_not_allowed(admin),
        ):
            _refuse_unfit(admin, path, manifest)
            _restore(admin, manifest, archive, replace)
    stands = f"số liệu đã công bố đến hết ngày {manifest.day}" if manifest.day else "chưa công bố"
    print(f"Đã khôi phục kho dữ liệu như lúc {manifest.made_at} ({stands}).")
    for sentence in _missing():
        print(sentence)


def _restore(
    admin: psycopg.Connection, manifest: Manifest, archive: ZipFile, replace: bool
) -> None:
    [(is_alone,)] = admin.execute("select pg_try_advisory_lock(%s)", [_RESTORE_LOCK]).fetchall()
    if not is_alone:
        raise ChisoError("Đang có lệnh khôi phục khác chạy: hãy đợi nó xong rồi chạy lại.")
    with build_lock() as connection:  # no step of a night is half done, and none begins
        connection.execute("select pg_advisory_lock(%s)", [LOAD_LOCK])
        name = connection.info.dbname
        if connection.info.user != manifest.owner:
            raise ChisoError(
                f"Kho dữ liệu trong bản sao lưu là của tài khoản {manifest.owner}, ở đây là của"
                f" {connection.info.user}: hãy đặt CHISO_DATABASE_URL với tài khoản"
                f" {manifest.owner}."
            )
        if not replace and _holds_something(connection):
            raise ChisoError(
                f"Cơ sở dữ liệu {name} đang có dữ liệu, khôi phục sẽ thay tất cả: hãy sao lưu nó"
                " trước, rồi chạy lại với --replace."
            )
        draft, replaced = f"{name}_restoring", f"{name}_replaced"
        _drop(admin, draft, replaced)
        try:
            _make_beside(admin, name, draft)
            _fill(database.in_database(database.warehouse_url(), draft), manifest, archive)
            connection.close()  # nobody may be in what changes its name
            _swap(admin, name, draft, replaced)
        except BaseException:
            _drop(admin, draft)
            raise
    _drop(admin, replaced)


def _refuse_unfit(admin: psycopg.Connection, path: Path, manifest: Manifest) -> None:
    """Raise where what the backup needs is not here; nothing was touched yet."""
    own = backup.software_version()
    if Version(manifest.software) > Version(own):
        raise ChisoError(
            f"{path} do chiso766 {manifest.software} ghi, ở đây là {own}: hãy cập nhật phần mềm rồi"
            " chạy lại."
        )
    [(postgres,)] = admin.execute("select current_setting('server_version_num')::integer / 10000")
    if manifest.postgres > postgres:
        raise ChisoError(
            f"{path} là của PostgreSQL {manifest.postgres}, máy chủ ở đây là bản {postgres}: hãy"
            " khôi phục vào máy chủ cùng bản hoặc mới hơn."
        )
    [(missing,)] = admin.execute(
        "select string_agg(named.role, ', ') from unnest(%s::text[]) as named (role)"
        " where named.role not in (select rolname from pg_roles)",
        [manifest.roles],
    )
    if missing:
        raise ChisoError(
            f"Máy chủ thiếu vai trò được cấp quyền trong {path}: {missing}; hãy tạo (create role)"
            " rồi chạy lại."
        )
    room = shutil.disk_usage(database.embedded_folder()).free if _is_embedded() else manifest.size
    if room < manifest.size:
        raise ChisoError(
            f"Ổ đĩa của {database.embedded_folder()} còn {room / 2**20:.0f} MB, kho dữ liệu cần"
            f" {manifest.size / 2**20:.0f} MB bên cạnh kho đang có: hãy dọn bớt rồi chạy lại."
        )


def _is_embedded() -> bool:
    return settings.load().database_url is None


def _holds_something(connection: psycopg.Connection) -> bool:
    """Whether a night was run, or the database is of something else."""
    [(is_warehouse,)] = connection.execute("select to_regclass('ops.night') is not null")
    query = "select exists (select from ops.night)" if is_warehouse else _HAS_TABLES
    [(holds,)] = connection.execute(query)
    return bool(holds)


def _make_beside(admin: psycopg.Connection, name: str, draft: str) -> None:
    """An empty database like the one that it will replace: owner, letters, who may enter it."""
    [(owner, *letters, provider, locale)] = admin.execute(_LOCALE, [name]).fetchall()
    encoding, collate, ctype = letters
    statement = sql.SQL(
        "create database {} owner {} template template0 encoding {} lc_collate {} lc_ctype {}"
        f" locale_provider {provider}"
    ).format(
        sql.Identifier(draft), sql.Identifier(owner), *map(sql.Literal, (encoding, collate, ctype))
    )
    if locale is not None:
        statement += sql.SQL(f" {provider}_locale {{}}").format(sql.Literal(locale))
    admin.execute(statement)
    server.close_and_set_clock(admin, draft)
    for right, role in admin.execute(_RIGHTS, [name]).fetchall():
        to = sql.SQL("public") if role is None else sql.Identifier(role)
        grant = sql.SQL(f"grant {right} on database {{}} to {{}}")
        admin.execute(grant.format(sql.Identifier(draft), to))


def _fill(url: str, manifest: Manifest, archive: ZipFile) -> None:
    """Restore the dump into an empty database, look at it, and bring it to this version."""
    with archive.open(DUMP) as dump:
        postgres_tools.restore(dump, url)
    with database.open_url(url) as connection:
        [(day,)] = connection.execute(
            "select max(as_of_day)::text from ops.build where state = 'published'"
        ).fetchall()
        if (warehouse.version(connection), day) != (manifest.warehouse, manifest.day):
            raise ChisoError(
                "Kho vừa khôi phục không khớp với điều bản sao lưu ghi về nó, nên không được dùng:"
                " hãy dùng một bản sao lưu khác."
            )
        warehouse.complete(connection)
        readers = connection.execute("select distinct reader from ops.unit_reader").fetchall()
    for (reader,) in readers:
        server.make_unit_reader(reader)
    with database.open_url(url, autocommit=True) as connection:
        connection.execute("analyze")


def _swap(admin: psycopg.Connection, name: str, draft: str, replaced: str) -> None:
    """Give the new one the name of the other, which nobody may be using at that moment."""
    for _ in range(_TRIES):
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = any(%s)",
            [[name, draft]],
        )
        try:
            with admin.transaction():
                _rename(admin, name, replaced)
                _rename(admin, draft, name)
        except psycopg.errors.ObjectInUse:  # PostgreSQL waited five seconds for them to leave
            continue
        return
    raise ChisoError(
        f"Luôn có chương trình nối vào {name} nên không thay được nó; kho dữ liệu vẫn như cũ: hãy"
        " chạy ./chiso down, dừng các công cụ báo cáo rồi chạy lại."
    )


def _rename(admin: psycopg.Connection, name: str, to: str) -> None:
    statement = sql.SQL("alter database {} rename to {}")
    admin.execute(statement.format(sql.Identifier(name), sql.Identifier(to)))


def _drop(admin: psycopg.Connection, *names: str) -> None:
    for name in names:
        statement = sql.SQL("drop database if exists {} with (force)")
        admin.execute(statement.format(sql.Identifier(name)))


@contextmanager
def _saying_what_is_not_allowed(admin: psycopg.Connection) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ChisoError(
            f"Tài khoản {admin.info.user} không được tạo hay đổi tên cơ sở dữ liệu, hoặc không được"
            " ngắt kết nối của người khác; kho dữ liệu vẫn như cũ: hãy nhờ người quản trị máy chủ"
            " cấp quyền createdb và pg_signal_backend."
        ) from error


def _missing() -> Iterator[str]:
    """What a backup does not hold, and is not here either."""
    current = settings.load()
    for is_right in (key_chain.in_use, personal.refuse_other_key):
        try:
            with database.connect() as connection:
                is_right(connection)
        except ChisoError as error:
            yield str(error)
    if current.landing is None:
        with database.connect() as connection:
            files = connection.execute(_KEPT_FILES).fetchall()
        absent = sum(not landing_path(sha256).exists() for (sha256,) in files)
        if absent:
            yield (
                f"Vùng lưu thiếu {absent} tệp mà kho dữ liệu đã nhận, nên chưa nạp lại được các tệp"
                f" đó: hãy chép thư mục landing của máy cũ vào {current.home}."
            )

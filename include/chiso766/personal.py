"""The encrypted table: personal fields for those few who must ask a citizen back, if they are kept.

``CHISO_KEEP_PERSONAL`` decides whether they are; by default nothing is. Each row's fields are one
ciphertext (Fernet), made before the first write to the database, by a key that the database never
sees. Whoever reads one leaves a line in ``ops.personal_reading`` first. Rows go with the landed
files that brought them (``purge.py``).
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import psycopg
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from chiso766 import settings
from chiso766.copied import Copied, escaped
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.names import on_one_line
from chiso766.quick import careful_line
from chiso766.readers.export import Export
from chiso766.rows import Tidy, Unreadable, parsed, text
from chiso766.sources import Source

# A number of an identity paper, which may stand in a free text: 9 or 12 digits.
_IDENTITY = re.compile(r"(?<!\d)\d(?:[ .]?\d){8}(?:(?:[ .]?\d){3})?(?!\d)")
_MASKED = "[số giấy tờ]"
# A telephone number without its zero, as Excel leaves it, has 9 digits, too.
_NUMBERS = frozenset({"SoDienThoai", "Fax"})

_NOTE = """
    insert into ops.personal_reading (code, reason, account) values (%s, %s, %s)
"""
# A rating has no code of its own but its dossier's.
_OF_THING = """
    select source, export_day, sealed from personal.row
    where source in ('dossiers', 'petitions') and row_key = convert.to_row_key(%(code)s)
        or source = 'ratings' and starts_with(row_key, convert.to_key(%(code)s) || '|')
    order by source, row_key
"""


def keys_file() -> Path:
    """Where the keys are kept that CHISO_PERSONAL_KEY does not give."""
    return settings.load().home / "personal.key"


def cipher(connection: psycopg.Connection) -> MultiFernet:
    """What seals and opens the rows; its key is made at first use.

    Raises ``ChisoError`` where it is not the key of the rows that are kept, or of no form that can
    be used.
    """
    refuse_other_key(connection)
    return _cipher(_keys())


def refuse_other_key(connection: psycopg.Connection) -> None:
    """Raise ``ChisoError`` where rows are kept and the key is lost or another one."""
    row = connection.execute("select sealed from personal.row limit 1").fetchone()
    if row is None:
        return
    if settings.load().given_personal_key is None and not keys_file().exists():
        raise ChisoError(
            f"Mất tệp khóa {keys_file()} của dữ liệu cá nhân đang được giữ: hãy chép lại tệp đó từ"
            " nơi cất giữ rồi chạy lại."
        )
    try:
        _cipher(_keys()).decrypt(row[0])
    except InvalidToken:
        raise ChisoError(
            f"Khóa trong {_place()} không phải là khóa đã mã hóa dữ liệu cá nhân đang được giữ: hãy"
            " đặt lại khóa đúng rồi chạy lại."
        ) from None


def sealed_lines(export: Export, tidy: Tidy, copied: Copied, cipher: MultiFernet) -> Iterator[str]:
    """The lines for COPY of all rows of a file, each with its sealed fields at its end."""
    for number, row in export.lines:
        line = careful_line(number, row, tidy, copied)
        fields = _fields(tidy.source, row or {})
        sealed = cipher.encrypt(msgspec.json.encode(fields)).decode() if fields else None
        yield f"{line[:-1]}\t{escaped(sealed)}\n"


def read(code: str, reason: str) -> list[str]:
    """What is kept of a dossier or petition, as lines for people; that it was read is kept, too.

    Raises ``ChisoError`` where no reason is given, or the key is not the right one.
    """
    why = on_one_line(reason)
    if not why:
        raise ChisoError("Lý do xem đang trống: hãy ghi vì sao cần xem, trong một câu.")
    with connect(autocommit=True) as connection:
        connection.execute(_NOTE, [code, why, pwd.getpwuid(os.geteuid()).pw_name])
        rows = connection.execute(_OF_THING, {"code": code}).fetchall()
        if not rows:
            return [f"Không giữ dữ liệu cá nhân nào của {code}."]
        found = cipher(connection)
    lines = []
    for source, day, sealed in rows:
        lines.append(f"{source} {code}, theo tệp ngày {day}:")
        fields: dict[str, str] = msgspec.json.decode(found.decrypt(sealed))
        lines += [f"  {field}: {on_one_line(value)}" for field, value in fields.items()]
    return lines


def renew_key(connection: psycopg.Connection) -> int:
    """Seal every row with a new key and forget the old one; returns the number of rows.

    Cut off at any moment the rows can be opened, and it can be run again. A given chain of keys has
    to begin with the new one already.
    """
    keys = _keys()
    if len(keys) == 1:
        if settings.load().given_personal_key is not None:
            raise ChisoError(
                "CHISO_PERSONAL_KEY được đặt từ bên ngoài: hãy thêm vào trước nó một khóa mới và"
                " một dấu phẩy trên mọi máy, khởi động lại, rồi chạy lại lệnh này."
            )
        keys = [Fernet.generate_key().decode(), *keys]
        settings.write_private(keys_file(), ",".join(keys))
    both = cipher(connection)
    with connection.transaction():
        rows = connection.execute("select source, row_key, sealed from personal.row").fetchall()
        with connection.cursor() as cursor:
            cursor.executemany(
                "update personal.row set sealed = %s where (source, row_key) = (%s, %s)",
                [(both.rotate(sealed).decode(), *key) for *key, sealed in rows],
            )
    connection.execute("vacuum personal.row")
    if settings.load().given_personal_key is None:
        settings.write_private(keys_file(), keys[0])
    return len(rows)


def _place() -> str:
    given = settings.load().given_personal_key
    return str(keys_file()) if given is None else "CHISO_PERSONAL_KEY"


def _keys() -> list[str]:
    """The newest first."""
    current = settings.load()
    given = current.given_personal_key
    if given is None:
        if current.landing:
            raise ChisoError(
                "CHISO_LANDING là kho đối tượng dùng chung nhưng thiếu CHISO_PERSONAL_KEY: hãy đặt"
                " cùng một khóa cho mọi máy, hoặc đặt CHISO_KEEP_PERSONAL=0."
            )
        given = settings.kept_secret(keys_file(), Fernet.generate_key().decode())
    return [key.strip() for key in given.split(",")]


def _cipher(keys: list[str]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ChisoError(
            f"{_place()} có khóa không đúng dạng (44 ký tự base64): hãy đặt khóa do Fernet tạo,"
            " hoặc bỏ đi để hệ thống tự tạo khóa."
        ) from None


def _fields(source: Source, row: Mapping[str, object]) -> dict[str, str]:
    """The personal fields that are given, without numbers of identity papers."""
    kept = {name.lower(): name for name in source.dropped - source.identity}
    items = {name.lower(): name for name in source.items} if source.dropped_items else {}
    fields = {}
    for given_name, value in row.items():
        if name := kept.get(given_name.lower()):
            said = _said(value)
        elif name := items.get(given_name.lower()):
            said = _said(_dropped_of_items(source, value))
        else:
            continue
        if said:
            fields[name] = said if name in _NUMBERS else _IDENTITY.sub(_MASKED, said)
    return fields


def _dropped_of_items(source: Source, value: object) -> list[dict[str, object]]:
    try:
        given = parsed(value) if isinstance(value, str) else value
    except Unreadable:
        return []
    listed = given if isinstance(given, list) else [given]
    found = [
        {name: item[name] for name in source.dropped_items if item.get(name)}
        for item in listed
        if isinstance(item, dict)
    ]
    return [item for item in found if item]


def _said(value: object) -> str | None:
    """A single value as its text, any other as JSON."""
    try:
        return text(value)
    except Unreadable:
        return msgspec.json.encode(value).decode() if value else None

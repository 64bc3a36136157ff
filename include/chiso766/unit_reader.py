"""Accounts that read the marts of some units only: members of the role ``chiso_unit``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg

from chiso766 import database, scorecard, server
from chiso766.errors import ChisoError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def run(name: str, units: Sequence[str]) -> None:
    """Let the account ``chiso_unit_<name>`` read exactly these units; without any it is removed."""
    if not _NAME.fullmatch(name):
        raise ChisoError(
            f"Tên tài khoản “{name}” không dùng được: hãy đặt tên bằng chữ thường không dấu, chữ"
            " số và dấu gạch dưới, bắt đầu bằng chữ, tối đa 40 ký tự."
        )
    role = f"{database.OF_UNITS}_{name}"
    with database.connect() as connection:
        scorecard.newest_day(connection)  # before the first publication no unit is known
        _refuse_unknown(connection, units)
        connection.execute("delete from ops.unit_reader where reader = %s", [role])
        connection.cursor().executemany(
            "insert into ops.unit_reader values (%s, %s)", [(role, unit) for unit in set(units)]
        )
        if units:
            server.make_unit_reader(role)
        else:
            server.drop_unit_reader(role)
    if not units:
        print(f"Đã xóa tài khoản {role}.")
        return
    address = database.without_password(database.warehouse_url(role))
    print(f"Tài khoản {role} chỉ đọc số liệu của {', '.join(sorted(set(units)))}:")
    print(f"postgresql://{address} (mật khẩu trong tệp {database.passwords_file()})")


def _refuse_unknown(connection: psycopg.Connection, units: Sequence[str]) -> None:
    unknown = connection.execute(
        "select string_agg(asked.unit_code, ', ') from unnest(%s::text[]) as asked (unit_code)"
        " where asked.unit_code not in (select unit_code from marts.dim_unit)",
        [list(units)],
    ).fetchone()
    if unknown and unknown[0]:
        raise ChisoError(
            f"Không có đơn vị {unknown[0]} trong danh mục đơn vị: hãy xem lại mã bằng"
            ' ./chiso sql "select unit_code, unit_name from marts.dim_unit".'
        )

"""Which keys the warehouse's pseudonyms were made with, and how they follow a chain that grew.

The chain is given (``settings.Settings.secret_keys``); how much of it is in use the warehouse says
itself, by the hash of a constant text. So nothing has to change in two places at once: a key that
was added is not used before every stored pseudonym was hashed with it, which is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from chiso766 import load, settings
from chiso766.errors import ChisoError
from chiso766.privacy import hashed
from chiso766.sources import SOURCES

# Not a name that anybody could have.
_CONSTANT = "766:khóa"
# What the models call a pseudonym.
_MODELLED = "official_key"
_MODELLED_TABLES = """
    select namespace.nspname, class.relname
    from pg_attribute as attribute
    inner join pg_class as class on class.oid = attribute.attrelid and class.relkind = 'r'
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where attribute.attname = %s and not attribute.attisdropped
    order by namespace.nspname, class.relname
"""
_RENAME = f"""
    update {{}} set {_MODELLED} = %(renamed)s::jsonb ->> {_MODELLED} where {_MODELLED} is not null
"""


def in_use(connection: psycopg.Connection) -> tuple[bytes, ...]:
    """The keys, oldest first, that a name is hashed with; those that were added come behind them.

    A warehouse without pseudonyms takes the whole chain. Raises ``ChisoError`` where the chain is
    not the one that its pseudonyms were made with. To be asked under the lock of loading.
    """
    current = settings.load()
    known = fingerprint(connection)
    if known is None:
        # Before the warehouse said by which keys it was written, there was but one.
        used = current.secret_keys[:1] if _has_pseudonyms(connection) else current.secret_keys
        _remember(connection, used)
        return used
    is_ours = current.given_secret_key is None and current.landing is None
    if is_ours and not current.secret_key_file.exists():
        raise ChisoError(
            f"Mất tệp khóa băm {current.secret_key_file}: hãy chép lại tệp đó từ bản sao lưu rồi"
            " chạy lại; không có nó thì một người sẽ có hai mã băm."
        )
    keys = current.secret_keys
    for length in range(1, len(keys) + 1):
        if hashed(_CONSTANT, keys[:length]) == known:
            return keys[:length]
    place = current.secret_key_file if is_ours else "CHISO_SECRET_KEY"
    raise ChisoError(
        f"Khóa băm trong {place} không phải là khóa mà kho dữ liệu đã được ghi bằng: hãy đặt lại"
        " khóa đúng (từ bản sao lưu, hoặc chuỗi khóa mới nhất sau ./chiso rotate key) rồi chạy lại."
    )


def fingerprint(connection: psycopg.Connection) -> str | None:
    """What the warehouse says of the keys in use; None where it holds no pseudonyms yet."""
    row = connection.execute("select fingerprint from ops.pseudonym_key").fetchone()
    return row[0] if row else None


def _has_pseudonyms(connection: psycopg.Connection) -> bool:
    any_ = " union all ".join(
        f"select from raw.{source.name} where {field} is not null"
        for source in SOURCES.values()
        for field in load.hashed_fields(source)
    )
    [(found,)] = connection.execute(f"select exists ({any_})".encode())
    return bool(found)


def _remember(connection: psycopg.Connection, keys: Sequence[bytes]) -> None:
    connection.execute(
        "insert into ops.pseudonym_key (fingerprint) values (%s)"
        " on conflict (is_only) do update set fingerprint = excluded.fingerprint",
        [hashed(_CONSTANT, keys)],
    )


class Rehashing:
    """Bring every pseudonym of the warehouse from the keys in use to the whole chain.

    All that is written is one transaction, which the caller holds. ``tables``: those with
    pseudonyms, in their order; each is hashed by ``rehash``.
    """

    def __init__(self, connection: psycopg.Connection, keys: Sequence[bytes], used: int) -> None:
        self._connection = connection
        self._keys = keys
        sources = [source for source in SOURCES.values() if load.hashed_fields(source)]
        for source in sources:  # what a load left that was cut off
            connection.execute(load.drop_stage(source).encode())
        modelled = connection.execute(_MODELLED_TABLES, [_MODELLED]).fetchall()
        names = [sql.Identifier(*name).as_string() for name in modelled]
        self._statements = {f"raw.{source.name}": load.rename(source) for source in sources}
        self._statements |= {name: _RENAME.format(name) for name in names}
        columns = [
            (f"raw.{each.name}", field) for each in sources for field in load.hashed_fields(each)
        ]
        columns += [(name, _MODELLED) for name in names]
        self._renamed = {old: hashed(old, keys[used:]) for old in self._pseudonyms(columns)}

    @property
    def tables(self) -> list[str]:
        return list(self._statements)

    @property
    def people(self) -> int:
        return len(self._renamed)

    def rehash(self, table: str) -> None:
        """Give the rows of a table their new pseudonyms."""
        given = {"renamed": Jsonb(self._renamed)}
        self._connection.execute(self._statements[table].encode(), given)

    def finish(self) -> None:
        """From the end of the transaction on the whole chain is in use."""
        _remember(self._connection, self._keys)

    def _pseudonyms(self, columns: list[tuple[str, str]]) -> list[str]:
        every = " union ".join(f"select {column} from {table}" for table, column in columns)
        found = self._connection.execute(every.encode())
        return [pseudonym for (pseudonym,) in found if pseudonym is not None]

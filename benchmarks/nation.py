"""A nation around the sample's city: its rows again under the codes of other provinces.

The other provinces have the newest versions of a share of the city's dossiers and ratings, and all
of its petitions, units and announcements; the national catalogues are shared. Keys and hashes are
made as a load makes them, so that a build takes them like any others.
"""

from __future__ import annotations

from chiso766.database import connect
from chiso766.sources import SOURCES

MEASURED = "H24"
_MULTIPLIED = (
    "units",
    "unit_procedures",
    "online_services",
    "announcements",
    "national_counts",
    "dossiers",
    "petitions",
    "ratings",
)
# The province's code, as the beginning of a unit's or dossier's or as a part of a key.
_CODE = r"(^|[|.])H24(?=[.|-]|$)"
_FIELDS_WITH_CODE = {"MaHoSo", "MaDonVi", "MaDonViCha", "MaPAKN", "MaPAKNTruoc"}


def multiply(provinces: int, times: float) -> None:
    """Add provinces up to ``provinces``, with ``times`` the city's dossiers in all of them.

    Provinces that are there already stay as they are; an interrupted call adds none.
    """
    codes = [f"H{number:02}" for number in range(1, provinces + 2)]
    others = [code for code in codes if code != MEASURED][: provinces - 1]
    share = (times - 1) / len(others)
    with connect() as connection:
        known = {code for (code,) in connection.execute("select row_key from raw.units")}
        missing = [code for code in others if code not in known]
        for source in _MULTIPLIED if missing else ():
            connection.execute(_newest(source, share).encode())
            for code in missing:
                connection.execute(_copy(source).encode(), {"code": code, "old": _CODE})
            connection.execute(f"drop table newest; analyze raw.{source}".encode())


def _newest(source: str, share: float) -> str:
    """The newest version of each row that names the city, of dossiers a share of them."""
    chosen = f"row_key ~ '{_CODE}'"
    if "MaHoSo" in SOURCES[source].key:
        chosen += f" and abs(hashtext(MaHoSo)::bigint) % 1000 < {1000 * share:.0f}"
    return f"""
        create temporary table newest as
        select distinct on (row_key) * from raw.{source} where {chosen}
        order by row_key, export_day desc, file_name desc, load_id desc, line desc"""


def _copy(source: str) -> str:
    fields = SOURCES[source].fields
    renamed = ", ".join(
        f"{_renamed(field)} as {field}" if field in _FIELDS_WITH_CODE else field for field in fields
    )
    names = ", ".join(fields)
    return f"""
        insert into raw.{source}
            (row_key, load_id, export_day, file_name, line, content_hash, extra, {names})
        select row_key, load_id, export_day, file_name, line,
            md5(row(extra, {names})::text)::uuid, extra, {names}
        from (
            select {_renamed("row_key")} as row_key, load_id, export_day, file_name, line, extra,
                {renamed}
            from newest
        ) as other"""


def _renamed(column: str) -> str:
    return f"regexp_replace({column}, %(old)s, '\\1' || %(code)s)"

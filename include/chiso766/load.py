"""The SQL by which one file goes from its stage into ``raw`` and ``set_aside``, per source.

Files that are checked together stand in the unlogged table ``load.files_<source>``. The stage
``load.stage_<source>`` is a view of them: of all while they are checked, then of one after another.
A field that is no text stands there twice, as given (``<field>_given``) and as its value. What is
given but cannot be read has the value -1 or -infinity, which no rule accepts.
Parameters of the statements: ``load_id``, ``file_id``, ``export_day``, ``file_name``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from chiso766.sources import Kind, Source

# The order in which a row's rules are named (contract/exports.md, "What bad input gets").
RULES = (
    "unreadable_line",
    "missing_key",
    "bad_code",
    "missing_procedure",
    "unknown_status",
    "unknown_value",
    "bad_time",
    "missing_time",
    "received_after_done",
    "bad_number",
)

# What looks odd in a row that is taken all the same.
ODDITIES = {
    "dossiers": {"MaXaChuHoSo không gồm 5 chữ số": "MaXaChuHoSo !~ '^[0-9]{5}$'"},
}

_VALUES = {
    Kind.CODE: "coalesce(convert.to_code({0}), -1)",
    Kind.NUMBER: "coalesce(trim_scale(convert.to_number({0})), -1)",
    Kind.TIME: "coalesce(convert.to_time({0}), '-infinity')",
    Kind.DUE_TIME: "coalesce(convert.to_due_time({0}), '-infinity')",
}
_KEYS = {
    Kind.TEXT: "convert.to_key({0})",
    Kind.PERIOD: "convert.to_key(regexp_replace({0}, '-year$', ''))",
    Kind.NUMBER: "nullif({0}, -1)::text",
    Kind.TIME: "convert.to_key(nullif({0}, '-infinity'))",
}
# The newest version of a row is the first one in this order.
_NEWEST = "version.export_day desc, version.file_name desc, version.load_id desc, version.line desc"
# The loads of what came under this file's name, before it or as itself.
_LOADS_OF_NAME = """array(
    select load_id from ops.load join ops.file using (file_id)
    where (export_day, file_name) = (%(export_day)s, %(file_name)s) and file_id {} %(file_id)s
)"""
# Before this file; a file that was sent again comes after what it was before. Asked of arrays, as
# are all tables beside that of the versions: on Citus those are elsewhere.
_BEFORE = f"""(
    (version.export_day, version.file_name) < (%(export_day)s, %(file_name)s)
    or version.load_id = any({_LOADS_OF_NAME.format("<")})
)"""
# This file and what is before it.
_NOT_AFTER = f"""(
    (version.export_day, version.file_name) < (%(export_day)s, %(file_name)s)
    or version.load_id = any({_LOADS_OF_NAME.format("<=")})
)"""
# The loads of this file before this one.
_OLDER_LOADS = (
    "(select load_id from ops.load where file_id = %(file_id)s and load_id < %(load_id)s)"
)


@dataclass(frozen=True)
class Broken:
    """The rows that break a rule: ``query`` selects their line, field and value as given.

    ``place``: of the expectation that they fail, in the suite, from 0.
    """

    rule: str
    place: int
    query: str


def stage(source: Source) -> str:
    return f"load.stage_{source.name}"


def _files(source: Source) -> str:
    return f"load.files_{source.name}"


def given(source: Source, field: str) -> str:
    """The stage's column of a field as given."""
    return f"{field}_given" if source.fields[field] in _VALUES else field


def create_stage(source: Source) -> str:
    """Make an empty stage."""
    columns = [
        "file_id bigint not null",
        "line integer not null",
        "unreadable boolean",
        "extra jsonb",
        "personal text",
        *(line for field in source.fields for line in _stage_columns(source, field)),
        f"row_key text generated always as (convert.to_row_key({_row_key(source)})) stored",
        "export_day date not null",
        "content_hash uuid generated always as"
        f" (convert.to_content_hash({_content(source)})) stored",
    ]
    if source.is_spread:
        columns.append(f"unit_code text generated always as ({unit_code(source)}) stored")
    return (
        f"create unlogged table {_files(source)} ({', '.join(columns)});"
        f"create index on {_files(source)} (file_id);"
        f"create view {stage(source)} as select * from {_files(source)}"
    )


def next_file(source: Source, file_id: int, export_day: date) -> str:
    """Let the rows that come now be those of a file."""
    return (
        f"alter table {_files(source)} alter column file_id set default {file_id},"
        f" alter column export_day set default '{export_day.isoformat()}'"
    )


def analyze_files(source: Source) -> str:
    """Have their checks and joins planned for as many rows as there are."""
    return f"analyze {_files(source)} (file_id, line)"


def remove_file(source: Source) -> str:
    """Take a file out of those that are checked together."""
    return f"delete from {_files(source)} where file_id = %(file_id)s"


def repeats_keys(source: Source) -> str:
    """Whether a file and one before it among those that are checked together share a key."""
    return f"""
        select exists (
            select from {_files(source)} as this join {_files(source)} as other using (row_key)
            where this.file_id = %(file_id)s and other.file_id <> %(file_id)s
        )"""


def show_file(source: Source, file_id: int) -> str:
    """Let the stage hold the rows of one file from now on."""
    return (
        f"create or replace view {stage(source)} as"
        f" select * from {_files(source)} where file_id = {file_id}"
    )


def _content(source: Source, renamed: Mapping[str, str] | None = None) -> str:
    """What makes a version of a row differ from the one before it.

    ``renamed``: field -> what stands for it.
    """
    fields = ", ".join((renamed or {}).get(field, field) for field in source.fields)
    return f"row(export_day, extra, {fields})" if source.by_day else f"row(extra, {fields})"


def hashed_fields(source: Source) -> list[str]:
    """The fields of which only a pseudonym is stored."""
    return [field for field, kind in source.fields.items() if kind is Kind.HASHED]


def rename(source: Source) -> str:
    """Give every version its new pseudonyms, and the hash that a load computes with them.

    Parameter: ``renamed``, each pseudonym that is stored -> the new one, as JSON.
    """
    new = {field: f"(%(renamed)s::jsonb ->> {field})" for field in hashed_fields(source)}
    values = ", ".join(f"{field} = {value}" for field, value in new.items())
    return (
        f"update raw.{source.name} set {values},"
        f" content_hash = convert.to_content_hash({_content(source, new)})"
        f" where {' or '.join(f'{field} is not null' for field in new)}"
    )


def drop_stage(source: Source) -> str:
    """Drop the stage of loads that are done, or were cut off."""
    return f"drop table if exists {_files(source)} cascade"


def _stage_columns(source: Source, field: str) -> list[str]:
    column = f"{field} {source.fields[field].sql_type}"
    return [f"{given(source, field)} text", column] if _is_converted(source, field) else [column]


def _is_converted(source: Source, field: str) -> bool:
    return source.fields[field] in _VALUES


def _row_key(source: Source) -> str:
    """The business key as one text; null where a part of it is not known."""
    if len(source.key) == 1:
        return source.key[0]
    parts = []
    for field in source.key:
        part = _KEYS[source.fields[field]].format(field)
        parts.append(f"coalesce({part}, '')" if field in source.blank_key else part)
    return " || '|' || ".join(parts)


def _kept(source: Source) -> list[str]:
    """The columns of the stage that a version keeps beside those of every source."""
    return [*source.fields, "unit_code"] if source.is_spread else [*source.fields]


def copy_into_stage(source: Source, with_personal: bool) -> str:
    """Takes the lines of ``copied.Copied``, or those of ``personal.Seal``."""
    columns = [column for field in source.fields for column in _pair(source, field)]
    if with_personal:
        columns.append("personal")
    return f"copy {_files(source)} (line, unreadable, extra, {', '.join(columns)}) from stdin"


def convert_unusual(source: Source) -> str:
    """Convert what ``copied.Copied`` left: given, but without a value."""
    left = {
        field: f"{given(source, field)} is not null and {field} is null"
        for field in source.fields
        if _is_converted(source, field)
    }
    values = ", ".join(
        f"{field} = case when {is_left} then"
        f" {_VALUES[source.fields[field]].format(given(source, field))} else {field} end"
        for field, is_left in left.items()
    )
    return (
        f"update {_files(source)} set {values}"
        f" where file_id = %(file_id)s and ({' or '.join(left.values())})"
    )


def _pair(source: Source, field: str) -> tuple[str, ...]:
    """The columns of a field in the stage: as given, and its value."""
    return (given(source, field), field) if _is_converted(source, field) else (field,)


def keep_older(source: Source, columns: frozenset[str]) -> str:
    """Fill what a table has no column for from the row's version before this file.

    Contract: "in a table a column that is absent leaves the older value". Further parameter:
    ``columns``, the columns the table has.
    """
    absent = [field for field in source.fields if field not in columns and field not in source.key]
    # As texts already there: how a time is written depends on the session, which Citus takes in no
    # update.
    texts = {given(source, field): field for field in absent if _is_converted(source, field)}
    columns_of_older = ["version.*", *(f"version.{texts[name]}::text as {name}" for name in texts)]
    fields = [f"{column} = older.{column}" for column in [*absent, *texts]]
    extra = (
        "extra = nullif(coalesce(older.extra, '{}') - %(columns)s::text[]"
        " || coalesce(stage.extra, '{}'), '{}')"
    )
    return f"""
        with older as materialized (
            select distinct on (row_key) {", ".join(columns_of_older)}
            from {stage(source)} as same join raw.{source.name} as version using (row_key)
            where same.file_id = %(file_id)s and {_BEFORE}
            order by row_key, {_NEWEST}
        )
        update {_files(source)} as stage set {", ".join([extra, *fields])}
        from older
        where stage.file_id = %(file_id)s and stage.row_key = older.row_key
            {"" if absent else "and older.extra is not null"}"""


def number_broken(broken: Broken) -> str:
    """Select 1 if a row of the stage breaks the rule, else 0."""
    return f"select exists(select from ({broken.query}) as broken)::integer"


def set_aside(source: Source, broken: Iterable[Broken]) -> str:
    """Name every broken row once, under its first rule and the first field that breaks it."""
    found = " union all ".join(
        f"select line, field, value, '{each.rule}' as rule, {RULES.index(each.rule)} as rank"
        f" from ({each.query}) as broken (line, field, value)"
        for each in broken
    )
    fields = ", ".join(f"'{field}'" for field in source.fields)
    unit = unit_code(source)
    return f"""
        insert into set_aside.row (load_id, source, export_day, file_name, line, rule, field,
            value, row_key, unit_code)
        select distinct on (line) %(load_id)s, '{source.name}', %(export_day)s, %(file_name)s,
            line, found.rule, found.field, found.value, stage.row_key, {unit}
        from ({found}) as found join {stage(source)} as stage using (line)
        order by line, found.rank, array_position(array[{fields}], found.field), found.field,
            found.value"""


def unit_code(source: Source) -> str:
    """The unit of a row of the stage; ``MaHoSo`` without its last two parts."""
    return "convert.to_unit_code(MaHoSo)" if source.unit == "MaHoSo" else source.unit


def keep_healed() -> str:
    """Rows that this file's load before set aside for the same reason stay open, or healed.

    Writes as many rows as were set aside before already.
    """
    return f"""
        update set_aside.row as aside set healed_load_id = older.healed_load_id
        from set_aside.row as older
        where aside.load_id = %(load_id)s
            and older.load_id in {_OLDER_LOADS}
            and older.line = aside.line
            and older.rule = aside.rule
            and older.field is not distinct from aside.field
            and older.row_key is not distinct from aside.row_key"""


def forget_set_aside() -> str:
    """Of a file that is loaded again the rows set aside are those of its newest load."""
    return f"delete from set_aside.row where load_id in {_OLDER_LOADS}"


def heal(source: Source) -> str:
    """Close the rows that were set aside before, and that this file gives correctly."""
    return f"""
        update set_aside.row as aside set healed_load_id = %(load_id)s
        from ({_good_keys(source)}) as good, ops.load
        where aside.source = '{source.name}'
            and aside.healed_load_id is null
            and load.load_id = aside.load_id
            and {_is_corrected(source)}"""


def open_again(source: Source) -> str:
    """Open the rows that a load before healed, and that this file does not give correctly now."""
    return f"""
        update set_aside.row as aside set healed_load_id = null
        from ops.load
        where aside.healed_load_id in {_OLDER_LOADS}
            and load.load_id = aside.load_id
            and {_is_identified(source)}
            and not exists (
                select from ({_good_keys(source)}) as good where {_is_corrected(source)}
            )"""


def heal_unidentified(source: Source) -> str:
    """Close what nothing but the file itself, sent again under its name, can correct."""
    return f"""
        update set_aside.row as aside set healed_load_id = %(load_id)s
        from ops.load
        where aside.source = '{source.name}'
            and aside.healed_load_id is null
            and aside.export_day = %(export_day)s
            and aside.file_name = %(file_name)s
            and load.load_id = aside.load_id
            and load.file_id < %(file_id)s
            and not coalesce({_is_identified(source)}, false)"""


def _good_keys(source: Source) -> str:
    """The keys of this file's good rows and the last line where each stands."""
    return f"""
        select row_key, max(line) as line from {stage(source)} as staged
        where {_good("staged")} group by row_key"""


def _is_corrected(source: Source) -> str:
    """Whether the row ``aside`` of the load ``load`` is before ``good``, whose key is its own."""
    return f"""good.row_key = aside.row_key
            and {_is_identified(source)}
            and (
                (aside.export_day, aside.file_name, load.file_id)
                < (%(export_day)s, %(file_name)s, %(file_id)s)
                or load.file_id = %(file_id)s and aside.line < good.line
            )"""


def _is_identified(source: Source) -> str:
    """Whether a row that was set aside will have the same key when it is corrected."""
    key = ", ".join(f"'{field}'" for field in source.key)
    return f"(aside.row_key is not null and aside.field <> all (array[{key}]))"


def insert_versions(source: Source) -> str:
    """Add the last good row of every key, where it differs from the version just before it."""
    fields = ", ".join(_kept(source))
    return f"""
        with newest as materialized (
            select distinct on (row_key) row_key, version.content_hash
            from {stage(source)} as stage join raw.{source.name} as version using (row_key)
            where {_NOT_AFTER}
            order by row_key, {_NEWEST}
        )
        insert into raw.{source.name}
            (row_key, load_id, export_day, file_name, line, content_hash, extra, {fields})
        select row_key, %(load_id)s, export_day, %(file_name)s, line, content_hash, extra, {fields}
        from {stage(source)} as stage
        where line in (
            select max(line) from {stage(source)} as good where {_good("good")} group by row_key
        )
        and not exists (
            select from newest
            where newest.row_key = stage.row_key and newest.content_hash = stage.content_hash
        )"""


def keep_personal(source: Source) -> str:
    """Keep the sealed fields of the last good row of every key, unless a later file's are."""
    return f"""
        insert into personal.row as kept (source, row_key, load_id, export_day, file_name, sealed)
        select '{source.name}', row_key, %(load_id)s, export_day, %(file_name)s, personal
        from {stage(source)} as stage
        where personal is not null and line in (
            select max(line) from {stage(source)} as good where {_good("good")} group by row_key
        )
        on conflict (source, row_key) do update set load_id = excluded.load_id,
            export_day = excluded.export_day, file_name = excluded.file_name,
            sealed = excluded.sealed
        where (kept.export_day, kept.file_name) <= (excluded.export_day, excluded.file_name)"""


def restore_older(source: Source) -> str:
    """For rows that this file gave before and that are now set aside: the older version again.

    It happens where a late file changed what ``keep_older`` fills; had it come in time, the row
    would have been set aside then, and the older good version would stand.
    """
    fields = ", ".join(_kept(source))
    older_fields = ", ".join(f"older.{field}" for field in _kept(source))
    return f"""
        with bad as (
            select row_key, max(line) as line from {stage(source)} as staged
            where row_key is not null group by row_key having not bool_or({_good("staged")})
        ),
        known as materialized (
            select version.*,
                version.load_id = any(array(
                    select load_id from ops.load where file_id = %(file_id)s
                )) as is_of_file
            from bad join raw.{source.name} as version using (row_key)
            where {_NOT_AFTER}
        ),
        newest as (
            select distinct on (row_key) row_key, content_hash, is_of_file
            from known as version order by row_key, {_NEWEST}
        ),
        older as (
            select distinct on (row_key) * from known as version
            where not is_of_file order by row_key, {_NEWEST}
        )
        insert into raw.{source.name}
            (row_key, load_id, export_day, file_name, line, content_hash, extra, {fields})
        select bad.row_key, %(load_id)s, %(export_day)s, %(file_name)s, bad.line,
            older.content_hash, older.extra, {older_fields}
        from bad
        join newest on newest.row_key = bad.row_key and newest.is_of_file
        join older on older.row_key = bad.row_key and older.content_hash <> newest.content_hash"""


def _good(alias: str) -> str:
    return (
        "not exists (select from set_aside.row as aside"
        f" where aside.load_id = %(load_id)s and aside.line = {alias}.line)"
    )

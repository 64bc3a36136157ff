"""Runs the Great Expectations suite of a source on its stage and says which rows are broken.

A suite (``expectations/<source>.json``) is plain GX 1.24. ``meta`` of an expectation names the rule
that a failing row breaks, and the field unless the expectation's own SQL does: such SQL returns
``line``, ``field`` and ``value``.
"""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from chiso766 import settings
from chiso766.database import warehouse_url
from chiso766.errors import ChisoError
from chiso766.load import Broken, given, stage
from chiso766.sources import Source

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.datasource.fluent import PostgresDatasource

FOLDER = settings.PROJECT_ROOT / "expectations"

# The failed expectations' own queries select all failing rows; results list 20 or 200 of them.
_QUERIES = {
    "result_format": "BOOLEAN_ONLY",
    "return_unexpected_index_query": True,
    "unexpected_index_column_names": ["line"],
}


def broken_rows(source: Source) -> list[Broken]:
    """The rules that rows of the stage break; empty where all is well."""
    stage_batch = _batch_definition(warehouse_url(), source.name)
    failed = _failed(stage_batch, suite(source.name), "BOOLEAN_ONLY")
    if not failed:
        return []
    again = great_expectations().ExpectationSuite(
        name=source.name, expectations=[result.expectation_config for result in failed]
    )
    return [_broken(source, result) for result in _failed(stage_batch, again, _QUERIES)]


@cache
def suite(source_name: str) -> ExpectationSuite:
    """The suite as its file says it."""
    content = json.loads((FOLDER / f"{source_name}.json").read_text(encoding="utf-8"))
    for place, expectation in enumerate(content["expectations"]):
        expectation["meta"]["place"] = place
        if expectation["type"] == "unexpected_rows_expectation":
            expectation["type"] = "counted_rows_expectation"
    return great_expectations().ExpectationSuite(**content)


def _failed(definition: BatchDefinition[Any], suite: ExpectationSuite, form: Any) -> list[Any]:
    """The results that are not a success; an expectation that could not be run stops the load."""
    results = definition.get_batch().validate(suite, result_format=form).results
    for result in results:
        if result.exception_info.get("raised_exception", True):
            raise ChisoError(
                f"Không chạy được quy tắc {result.expectation_config.type} của bộ {suite.name}:"
                " hãy xem lại tệp trong thư mục expectations và kết nối cơ sở dữ liệu."
            )
    return [result for result in results if not result.success]


def _broken(source: Source, result: Any) -> Broken:
    """Selects all rows of a failed expectation, with the field's value as it was given."""
    expectation = result.expectation_config
    rule, field = expectation.meta["rule"], expectation.meta.get("field")
    place = expectation.meta["place"]
    if own_query := expectation.kwargs.get("unexpected_rows_query"):
        return Broken(rule, place, own_query.format(batch=stage(source)))
    lines = result.result["unexpected_index_query"].rstrip(";")
    named = f"'{field}', {given(source, field)}" if field else "null, null"
    return Broken(
        rule,
        place,
        f"select line, {named} from {stage(source)}"
        f" where line in (select line from ({lines}) as failed)",
    )


@cache
def _batch_definition(url: str, source_name: str) -> BatchDefinition[Any]:
    asset = _warehouse(url).add_table_asset(source_name, table_name=f"stage_{source_name}")
    return asset.add_batch_definition_whole_table("stage")


@cache
def _warehouse(url: str) -> PostgresDatasource:
    # Its connection must hold no transaction: the stage is dropped when the file is done. A table
    # is named to it without a schema, and so are the stages in its queries. Its name is a number:
    # the same address may come again with another password.
    return _context().data_sources.add_postgres(
        str(len(_context().data_sources.all())),
        connection_string=url.replace("postgresql://", "postgresql+psycopg://", 1),
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "pool_pre_ping": True,
            "connect_args": {"options": "-c search_path=load"},
        },
    )


@cache
def _context() -> EphemeralDataContext:
    context = great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


@cache
def great_expectations() -> ModuleType:
    """Imported at first use: it takes seconds, which no step should pay that does not use it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    module = import_module("great_expectations")
    import_module("chiso766.counted_rows")
    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # hundreds of lines a file
    return module

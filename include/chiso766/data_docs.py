"""The data docs of Great Expectations: what is accepted, and what the newest night did not meet.

They hold the suites and, of each source, which expectations rows of the day's files did not meet
(``ops.load``): no row, no value of one, no number of rows.
"""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from chiso766 import file_export, settings, suites
from chiso766.sources import SOURCES

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.data_context import EphemeralDataContext

_SITE = "chiso766"

# A file that could not be read was not checked.
_CHECKED = """
    select source, count(distinct file_id), array_remove(array_agg(distinct place), null)
    from (
        select distinct on (file_id) file_id, source, state, failed_expectations
        from ops.load join ops.file using (file_id)
        where export_day = %s order by file_id, load_id desc
    ) as newest
    left join unnest(failed_expectations) as failed (place) on true
    where state = 'loaded' group by source order by source
"""
# What a rule says to people, and what a field is called.
_SENTENCES = "select rule, rule_name || ': ' || what_is_wrong from reference.set_aside_rules"
_MEANINGS = "select source || '.' || field, meaning from reference.source_fields"


def folder() -> Path:
    """Where they lie; ``index.html`` is the first page."""
    return settings.load().home / "reports" / "quy_tac_tiep_nhan"


def write(connection: psycopg.Connection, day: date) -> None:
    """Write the pages of all suites, and of each source of which files of that export day came.

    The pages of the day before stay until the new ones are complete. The connection reads ``ops``
    and ``reference``. Raises ``OSError`` where there is no room.
    """
    draft = folder().with_suffix(".draft")  # on the same disk
    shutil.rmtree(draft, ignore_errors=True)
    context = _context(draft)
    sentences: dict[str, str] = dict(connection.execute(_SENTENCES).fetchall())
    meanings: dict[str, str] = dict(connection.execute(_MEANINGS).fetchall())
    described = {source: _described(source, sentences, meanings) for source in SOURCES}
    for suite in described.values():
        context.suites.add(suite)
    for source, files, failed in connection.execute(_CHECKED, [day]):
        _add_check(context, described[source], day, files, failed)
    context.build_data_docs(site_names=[_SITE])
    with file_export.recorded("publish", f"quy tắc tiếp nhận ngày {day}", folder()):
        shutil.rmtree(folder(), ignore_errors=True)
        draft.rename(folder())


def _context(place: Path) -> EphemeralDataContext:
    """A context of its own: that of the checks holds the stages and no site."""
    context = suites.great_expectations().get_context(mode="ephemeral")
    site = {
        "class_name": "SiteBuilder",
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(place),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "show_how_to_buttons": False,
    }
    context.add_data_docs_site(_SITE, site)
    return context


def _described(
    source: str, sentences: dict[str, str], meanings: dict[str, str]
) -> ExpectationSuite:
    """The suite of a source; an expectation says its rule, and its field, in Vietnamese."""
    expectations = [each.configuration for each in suites.suite(source).expectations]
    for each in expectations:
        rule, field = each.meta["rule"], each.meta.get("field")
        about = f"{field} ({meanings[f'{source}.{field}']}) – " if field else ""
        each.description = f"{about}{sentences[rule]}"
    return suites.great_expectations().ExpectationSuite(name=source, expectations=expectations)


def _add_check(
    context: EphemeralDataContext, suite: ExpectationSuite, day: date, files: int, failed: list[int]
) -> None:
    """What came of the files of a day, in the form of a validation by Great Expectations."""
    core = import_module("great_expectations.core")
    identifiers = import_module("great_expectations.data_context.types.resource_identifiers")
    results = [
        core.ExpectationValidationResult(
            success=place not in failed,
            expectation_config=each.configuration,
            result={},
        )
        for place, each in enumerate(suite.expectations)
    ]
    run = core.RunIdentifier(run_name=day.isoformat(), run_time=datetime.combine(day, time(), UTC))
    met = len(results) - len(failed)
    outcome = core.ExpectationSuiteValidationResult(
        success=not failed,
        suite_name=suite.name,
        results=results,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": met,
            "unsuccessful_expectations": len(failed),
            "success_percent": 100 * met / len(results),
        },
        meta={
            "great_expectations_version": suites.great_expectations().__version__,
            "run_id": run.to_json_dict(),
            "active_batch_definition": {"data_asset_name": f"{suite.name}: {files} tệp"},
        },
    )
    key = identifiers.ValidationResultIdentifier(
        expectation_suite_identifier=identifiers.ExpectationSuiteIdentifier(suite.name),
        run_id=run,
        batch_identifier=suite.name,
    )
    context.validation_results_store.set(key, outcome)

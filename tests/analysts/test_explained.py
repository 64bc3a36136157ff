"""What analysts find: descriptions, example queries, metrics, pages that explain the data."""

from __future__ import annotations

import html
import json
import re
from datetime import date
from pathlib import Path

import psycopg
import pytest
from dbt.contracts.graph.manifest import Manifest
from psycopg import sql

from chiso766 import data_dictionary, data_docs, database, parsed, settings, suites
from chiso766.build import run_dbt
from chiso766.sources import SOURCES

QUERIES = sorted((settings.PROJECT_ROOT / "docs" / "queries").glob("*.sql"))
VIETNAMESE = re.compile(
    "[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.I
)
DAY = date(2026, 11, 3)


@pytest.mark.parametrize("schema", ["marts", "set_aside", "ops"])
def test_every_table_and_column_is_described_in_vietnamese(
    owner: psycopg.Connection, schema: str
) -> None:
    described = owner.execute(
        "select relname, attname, coalesce(col_description(attrelid, attnum), '')"
        " from pg_class join pg_attribute on attrelid = pg_class.oid"
        " where relnamespace = %(schema)s::regnamespace and relkind in ('r', 'v')"
        " and attnum > 0 and not attisdropped"
        " union all select relname, '', coalesce(obj_description(oid, 'pg_class'), '')"
        " from pg_class where relnamespace = %(schema)s::regnamespace and relkind in ('r', 'v')",
        {"schema": schema},
    ).fetchall()
    assert described
    assert [row for row in described if not VIETNAMESE.search(row[2])] == []


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_an_example_query_asks_in_vietnamese_and_analysts_get_rows(
    owner: psycopg.Connection, path: Path
) -> None:
    question, query = path.read_text(encoding="utf-8").split("\n", 1)
    assert question.startswith("-- ")
    assert question.endswith("?")
    assert VIETNAMESE.search(question)
    with database.connect("chiso_analyst") as analyst:
        assert analyst.execute(query.encode()).fetchall()


@pytest.fixture(scope="module")
def manifest(owner: psycopg.Connection) -> Manifest:
    """The dbt project as dbt parses it."""
    result = run_dbt(["parse"], DAY, 0)
    assert result.success
    assert isinstance(result.result, Manifest)
    return result.result


def test_the_measures_and_dimensions_of_the_semantic_layer_can_be_asked_of_the_marts(
    owner: psycopg.Connection, manifest: Manifest
) -> None:
    functions = {"sum": "sum", "average": "avg"}
    assert manifest.semantic_models
    for model in manifest.semantic_models.values():
        assert model.node_relation is not None
        table = sql.Identifier("marts", model.node_relation.alias)
        grouped = [*model.dimensions, *model.entities]
        asked = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(sql.SQL(each.expr or each.name) for each in grouped), table
        )
        with database.connect("chiso_analyst") as analyst:
            analyst.execute(sql.SQL("{} limit 1").format(asked))
            for measure in model.measures:
                [(value,)] = analyst.execute(
                    sql.SQL("select {}({}) from {}").format(
                        sql.SQL(functions[measure.agg.value]),
                        sql.SQL(measure.expr or measure.name),
                        table,
                    )
                ).fetchall()
                assert value is not None, measure.name


def test_each_metric_is_made_of_measures_or_metrics_that_are_there(manifest: Manifest) -> None:
    measures = {
        measure.name for model in manifest.semantic_models.values() for measure in model.measures
    }
    metrics = {metric.name for metric in manifest.metrics.values()}
    for metric in manifest.metrics.values():
        assert VIETNAMESE.search(metric.label), metric.name
        assert VIETNAMESE.search(metric.description), metric.name
        assert {each.name for each in metric.input_measures} <= measures
        assert {each.name for each in metric.input_metrics} <= metrics
        assert metric.input_measures or metric.input_metrics, metric.name
    used = {each.name for metric in manifest.metrics.values() for each in metric.input_measures}
    assert used == measures
    [spine] = [node for node in manifest.nodes.values() if getattr(node, "time_spine", None)]
    assert spine.name == "dim_date"


def test_the_data_dictionary_is_one_page_of_the_published_tables(
    owner: psycopg.Connection,
) -> None:
    page = data_dictionary.page_path().read_text(encoding="utf-8")
    for word in ("unit_ranking", "in_time_share", "Đơn vị hành chính"):
        assert json.dumps(word).strip('"') in page
    # as dbt quotes a relation, within JSON
    assert r"\"marts\".\"fct_dossier\"" in page
    assert r"\"marts_next\"." not in page
    assert '"type": "VIEW", "schema": "marts", "name": "fct_dossier"' in page
    assert database.password(database.OWNER) not in page


def test_the_data_dictionary_is_kept_while_the_project_is_the_same(
    owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = data_dictionary.page_path()
    written = page.stat().st_ino
    data_dictionary.write(DAY)
    assert page.stat().st_ino == written
    monkeypatch.setattr(parsed, "files_digest", lambda: "another project")
    data_dictionary.write(DAY)
    assert page.stat().st_ino != written


def test_the_data_docs_show_each_suite_and_the_checks_of_the_night(
    owner: psycopg.Connection,
) -> None:
    folder = data_docs.folder()
    assert (folder / "index.html").is_file()
    for source in SOURCES:
        assert (folder / "expectations" / f"{source}.html").is_file()
    sources = owner.execute(
        "select distinct source from ops.load join ops.file using (file_id)"
        " where export_day = %s and state = 'loaded'",
        [DAY],
    ).fetchall()
    shown = [path.stem for path in (folder / "validations").rglob("*.html")]
    assert sorted(shown) == sorted(source for (source,) in sources)


def test_a_check_shows_the_expectations_that_failed_in_vietnamese(
    owner: psycopg.Connection,
) -> None:
    rules = owner.execute(
        "select source, array_agg(distinct rule) from set_aside.row"
        " where export_day = %s group by source order by source",
        [DAY],
    ).fetchall()
    assert rules, "nothing was broken, nothing is tested"
    source, broken = rules[0]
    [page] = (data_docs.folder() / "validations").rglob(f"{source}.html")
    plain = re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))
    text = re.sub(r"\s+", " ", html.unescape(plain))
    assert "Status: Failed" in text
    sentences = owner.execute(
        "select rule, rule_name || ': ' || what_is_wrong from reference.set_aside_rules"
    ).fetchall()
    for rule, sentence in sentences:
        in_suite = any(each.meta["rule"] == rule for each in suites.suite(source).expectations)
        assert (sentence in text) == in_suite, rule
        assert in_suite or rule not in broken


def test_every_part_of_the_data_docs_is_rendered(
    owner: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    data_docs.write(owner, DAY)
    failures = [record for record in caplog.records if record.levelname == "ERROR"]
    assert failures == []


def test_an_expectation_fails_where_a_row_of_the_file_is_set_aside_for_it(
    owner: psycopg.Connection,
) -> None:
    loads = owner.execute(
        "select source, failed_expectations, array_remove(array_agg(distinct rule), null)"
        " from ops.load join ops.file using (file_id)"
        " left join set_aside.row using (load_id, source)"
        " where state = 'loaded' group by load_id, source"
    ).fetchall()
    assert any(failed for _, failed, _ in loads)
    for source, failed, rules in loads:
        expectations = suites.suite(source).expectations
        assert {expectations[place].meta["rule"] for place in failed} >= set(rules), source
        assert bool(failed) == bool(rules)


def test_the_pages_hold_no_value_of_a_row(owner: psycopg.Connection) -> None:
    values = owner.execute(
        "select dossier_code from marts.fct_dossier union select petition_code from"
        " marts.fct_petition union select official_key from marts.fct_dossier union"
        " select file_name from ops.file union select value from set_aside.row"
        " where length(value) > 8"
    ).fetchall()
    pages = [data_dictionary.page_path(), *data_docs.folder().rglob("*.html")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert len(values) > 100
    assert [value for (value,) in values if value and value in text] == []

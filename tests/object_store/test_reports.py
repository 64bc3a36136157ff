"""The reports in the store are those of the machine that published last."""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from chiso766 import data_dictionary, data_docs, publish, report, settings

from ..connectors.servers import S3Server

DAY = "2026-11-20"


def written(home: Path, environment: pytest.MonkeyPatch, day: str, **sheets: str) -> None:
    """What a machine's home holds when it has written the reports of a day."""
    environment.setenv("CHISO_HOME", str(home))
    folder = settings.make_private(home / "reports" / "dong_de_rieng")
    for name, content in sheets.items():
        settings.write_private(folder / DAY / f"{name}.xlsx", content)
        settings.write_private(folder / DAY / ".da_ghi.json", "{}")
    shutil.rmtree(data_docs.folder(), ignore_errors=True)  # they are made anew each night
    settings.write_private(data_docs.folder() / f"{day}.html", "quy tắc")
    settings.write_private(data_dictionary.page_path(), "từ điển")
    pages = (folder.parent / f"scorecard-{day}.html", folder.parent / "scorecard.html")
    for page in pages:
        page.write_text(f"{day} {home.name}")
    publish._share(pages)


def shared(store: S3Server) -> dict[str, str]:
    keys = store_keys(store)
    got = {key: store.client.get_object(Bucket=store.bucket, Key=key) for key in keys}
    return {
        key.removeprefix("chiso/"): answer["Body"].read().decode() for key, answer in got.items()
    }


def test_the_last_machine_that_published_decides(
    store: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    written(first, monkeypatch, "2026-11-20", H24="một", khac="hai")
    written(second, monkeypatch, "2026-11-21", H24="ba")  # the other sheet's rows were corrected
    assert shared(store) == {
        "reports/scorecard.html": "2026-11-21 second",
        "reports/scorecard-2026-11-20.html": "2026-11-20 first",
        "reports/scorecard-2026-11-21.html": "2026-11-21 second",
        f"reports/dong_de_rieng/{DAY}/H24.xlsx": "ba",
        "reports/quy_tac_tiep_nhan/2026-11-21.html": "quy tắc",
        "reports/tu_dien_du_lieu.html": "từ điển",
    }
    written(second, monkeypatch, "2026-11-20")  # that night again
    (first / "reports" / "dong_de_rieng" / DAY / "khac.xlsx").unlink()
    written(first, monkeypatch, "2026-11-22", H24="bốn")  # its page of the 20th is out of date
    assert shared(store)["reports/scorecard-2026-11-20.html"] == "2026-11-20 second"
    assert shared(store)[f"reports/dong_de_rieng/{DAY}/H24.xlsx"] == "bốn"


def test_a_machine_alone_keeps_its_reports_to_itself(
    store: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_LANDING", "")
    written(tmp_path, monkeypatch, "2026-11-20", H24="một")
    assert shared(store) == {}


def made(home: Path, environment: pytest.MonkeyPatch, content: str) -> None:
    """An official report of a machine that has an empty home."""
    environment.setenv("CHISO_HOME", str(home))
    folder = settings.make_private(publish.page_path().parent / "official" / "2026-11")

    def write(path: Path) -> None:
        with ZipFile(path, "w") as parts:
            parts.writestr("xl/sheet.xml", content)

    report._bring(folder)
    report._replace(folder / "H24.xlsx", report._Report("H24", None, write))
    publish.share(folder.iterdir())


def test_an_official_report_made_again_elsewhere_keeps_the_version_before(
    store: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "first", monkeypatch, "một")
    made(tmp_path / "second", monkeypatch, "một")
    made(tmp_path / "third", monkeypatch, "hai")
    assert set(store_keys(store)) == {
        "chiso/reports/official/2026-11/H24.xlsx",
        "chiso/reports/official/2026-11/H24_ban-1.xlsx",
    }


def store_keys(store: S3Server) -> list[str]:
    found = store.client.list_objects_v2(Bucket=store.bucket, Prefix="chiso/reports/")
    return [item["Key"] for item in found.get("Contents", [])]

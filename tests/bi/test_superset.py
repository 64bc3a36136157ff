"""A real Superset, with the assets brought in, asked over its API and looked at in a browser."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from chiso766 import database, settings, superset, system
from chiso766.errors import ChisoError
from chiso766.scorecard import decimal_comma

from .. import chromium
from ..privacy.planted import found_in
from .conftest import NIGHTS, UNIT, assets

pytestmark = pytest.mark.skipif(
    not os.environ.get("CHISO_TEST_SUPERSET"),
    reason="installs Superset, takes minutes: CHISO_TEST_SUPERSET=1 ./chiso test tests/bi",
)

DESKTOP, PHONE = (1440, 4600), (390, 9000)  # tall: what is out of sight is not drawn
PATIENCE_S = 300


@pytest.fixture(scope="module")
def running(nights: Path) -> Iterator[Path]:
    """The home beside which Superset runs, installed as ./chiso up --bi installs it."""
    loader = SourceFileLoader("launcher", str(settings.PROJECT_ROOT / "chiso"))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    launcher = module_from_spec(spec)
    loader.exec_module(launcher)
    python = launcher.python_for_superset()
    launcher.make_sure(launcher.Environment(".venv-superset", *python), launcher.SUPERSET_LIST)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW__CORE__FERNET_KEY", "of Airflow alone")
        system.up_bi()
    yield nights
    system.down()


@pytest.fixture(scope="module")
def api(running: Path) -> Iterator[httpx.Client]:
    """A client that is logged in."""
    with httpx.Client(base_url=superset.address(), timeout=120) as client:
        login = {**credentials(), "provider": "db"}
        answer = client.post("/api/v1/security/login", json=login).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        token = client.get("/api/v1/security/csrf_token/").raise_for_status().json()["result"]
        client.headers.update({"X-CSRFToken": token, "Referer": superset.address()})
        yield client


def credentials() -> dict[str, str]:
    [(user, password)] = json.loads(superset.login_file().read_text()).items()
    return {"username": user, "password": password}


@pytest.fixture(scope="module")
def browser(running: Path) -> Iterator[Any]:
    """A browser, logged in through the form."""
    chrome = chromium.started()
    chrome.get(f"{superset.address()}/login/")
    for field, value in credentials().items():
        wait(chrome).until(lambda page, name=field: page.find_elements("id", name))
        chrome.find_element("id", field).send_keys(value)
    chrome.find_element("css selector", "button[type=submit]").click()
    wait(chrome).until(lambda page: "/login" not in page.current_url)
    yield chrome
    chrome.quit()


def wait(chrome: Any) -> Any:
    from selenium.webdriver.support.wait import WebDriverWait

    return WebDriverWait(chrome, PATIENCE_S)


def test_it_listens_on_loopback_only_and_its_files_are_private(running: Path) -> None:
    main = system.component(superset.NAME)
    assert main is not None
    listening = {
        connection.laddr.ip
        for process in [main, *main.children(recursive=True)]
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    for path in (superset.login_file(), superset.folder() / "settings.json"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_no_secret_is_on_its_command_line(running: Path) -> None:
    given = json.loads((superset.folder() / "settings.json").read_text())
    secrets = [credentials()["password"], given["secret_key"], database.password("chiso_bi")]
    lines = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    assert not [line for line in lines if any(secret in line for secret in secrets)]


def test_it_is_given_none_of_the_variables_of_the_rest(running: Path) -> None:
    main = system.component(superset.NAME)
    assert main is not None
    ours = {name for name in main.environ() if name.startswith(("CHISO_", "AIRFLOW", "PYTHON"))}
    assert ours == {"CHISO_SUPERSET", "PYTHONSAFEPATH"}


def test_only_its_password_opens_it(running: Path) -> None:
    for password in ("admin", "chiso", ""):
        login = {"username": superset.USER, "password": password, "provider": "db"}
        answer = httpx.post(f"{superset.address()}/api/v1/security/login", json=login)
        assert answer.status_code in (400, 401)
    assert httpx.get(f"{superset.address()}/api/v1/chart/").status_code == 401


def test_status_names_its_address_and_where_the_password_is(running: Path) -> None:
    [line] = [line for line in system.status() if line.startswith("Superset")]
    assert superset.address() in line
    assert str(superset.login_file()) in line
    assert credentials()["password"] not in line


def test_all_assets_were_brought_in(api: httpx.Client) -> None:
    for kind, name in (
        ("chart", "slice_name"),
        ("dashboard", "dashboard_title"),
        ("dataset", "table_name"),
    ):
        found = api.get(f"/api/v1/{kind}/", params={"q": "(page_size:100)"}).raise_for_status()
        wanted = {asset[name] for asset in assets(f"{kind}s").values()}
        assert {each[name] for each in found.json()["result"]} == wanted


def test_it_reads_as_chiso_bi_and_can_neither_write_nor_see_more(api: httpx.Client) -> None:
    [warehouse] = api.get("/api/v1/database/").raise_for_status().json()["result"]

    def run(sql: str) -> httpx.Response:
        body = {"database_id": warehouse["id"], "sql": sql, "schema": "marts"}
        return api.post("/api/v1/sqllab/execute/", json=body)

    connection = api.get(f"/api/v1/database/{warehouse['id']}/connection").raise_for_status()
    assert "://chiso_bi:XXXXXXXXXX@" in connection.json()["result"]["sqlalchemy_uri"]
    [row] = run("select count(*) as units from dim_unit").raise_for_status().json()["data"]
    assert row["units"] > 0
    for refused in ("delete from dim_unit", "create table t ()"):
        assert run(refused).status_code >= 400
    closed = {"raw": "dossiers", "set_aside": "dossiers", "ops": "build", "personal": "row"}
    for schema, table in closed.items():
        answer = run(f"select * from {schema}.{table}")
        assert answer.status_code >= 400
        assert f"permission denied for schema {schema}" in answer.text


def test_a_second_import_changes_nothing_and_keeps_what_people_made(api: httpx.Client) -> None:
    mine = {"dashboard_title": "Của tôi"}
    made = api.post("/api/v1/dashboard/", json=mine).raise_for_status().json()["id"]
    before = {
        chart["id"]
        for chart in api.get("/api/v1/chart/", params={"q": "(page_size:100)"}).json()["result"]
    }
    superset.import_assets(settings.load().logs / "superset-prepare.log")
    after = {
        chart["id"]
        for chart in api.get("/api/v1/chart/", params={"q": "(page_size:100)"}).json()["result"]
    }
    assert before == after
    assert api.get(f"/api/v1/dashboard/{made}").raise_for_status()
    api.delete(f"/api/v1/dashboard/{made}").raise_for_status()


@pytest.mark.parametrize(
    ("slug", "seen_as", "size"),
    [("diem-766", "", DESKTOP), ("diem-766-dien-thoai", "?standalone=2", PHONE)],
)
def test_a_dashboard_shows_the_figures_of_the_marts(
    browser: Any, slug: str, seen_as: str, size: tuple[int, int], tmp_path: Path
) -> None:
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("performance")
    browser.get(f"{superset.address()}/superset/dashboard/{slug}/{seen_as}")
    titles = titles_on(slug)
    answers = answers_of_charts(browser, len(titles))
    screenshot = Path(os.environ.get("CHISO_TEST_SCREENSHOTS") or tmp_path) / f"{slug}.png"
    browser.save_screenshot(str(screenshot))
    assert len(answers) == len(titles)
    for answer in answers.values():
        [result] = answer["result"]
        assert result["error"] is None
        assert result["rowcount"] > 0, answer
    text = browser.find_element("tag name", "body").text
    assert found_in(text + json.dumps(answers, ensure_ascii=False)) == []
    for title in titles:
        assert title in text
    with database.connect("chiso_bi") as connection:
        [total] = connection.execute(
            "select total_score from marts.fct_scorecard where unit_code = %s"
            " and period_type = 'month' and period_start = '2026-11-01'"
            " and profile = 'portal-2026'",
            [UNIT],
        ).fetchone() or [None]
    assert total is not None
    assert decimal_comma(total, 2) in text
    if size == DESKTOP:  # a telephone has the filters behind a button, and no menu
        lines = set(text.splitlines())
        assert {"Tháng 11/2026", "portal-2026"} <= lines
        assert {"Trang đầu", "Bảng điều khiển", "Biểu đồ", "Bộ dữ liệu", "Cài đặt"} <= lines
    # The page is as wide as the screen: no one has to push it sideways, or to enlarge it.
    widths = browser.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
    assert widths[0] == width
    assert widths[1] <= width
    assert "Unexpected error" not in text
    assert nights_of_the_trend(answers) == set(NIGHTS)


def nights_of_the_trend(answers: dict[str, Any]) -> set[date]:
    """The days that its axis has; Superset shows the moments of an answer in UTC."""
    results = [answer["result"][0] for answer in answers.values()]
    [trend] = [result for result in results if result["colnames"][0] == "as_of_day"]
    moments = [datetime.fromtimestamp(row["as_of_day"] / 1000, UTC) for row in trend["data"]]
    assert {moment.hour for moment in moments} == {0}
    return {moment.date() for moment in moments}


def titles_on(dashboard: str) -> list[str]:
    """The titles of its charts."""
    position = assets("dashboards")[dashboard]["position"]
    return [part["meta"]["sliceName"] for name, part in position.items() if "CHART" in name]


def answers_of_charts(chrome: Any, wanted: int) -> dict[str, Any]:
    """Chart -> the newest answer to its question, once all have asked; only our host is asked."""
    asked: dict[str, str] = {}
    finished: set[str] = set()
    of_others: dict[str, str] = {}

    def all_are_there(_: Any) -> bool:
        for entry in chrome.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            parameters = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith((superset.address(), "data:", "blob:")):
                    of_others[parameters["requestId"]] = url
                if "/api/v1/chart/data" in url and "slice_id" in url:
                    asked[url.partition("slice_id")[2][:9]] = parameters["requestId"]
            elif message["method"] == "Network.loadingFinished":
                finished.add(parameters["requestId"])
            elif parameters.get("blockedReason") == "csp":
                # The page has a picture that would count its readers: it may not be asked for.
                of_others.pop(parameters["requestId"], None)
        return len(asked) >= wanted and set(asked.values()) <= finished

    wait(chrome).until(all_are_there)
    assert of_others == {}
    return {
        chart: json.loads(
            chrome.execute_cdp_cmd("Network.getResponseBody", {"requestId": request})["body"]
        )
        for chart, request in asked.items()
    }


def test_where_it_ended_it_is_started_again_beside_what_took_its_port(running: Path) -> None:
    address, process = superset.address(), system.component(superset.NAME)
    assert process is not None
    system.up_bi()
    assert system.component(superset.NAME) == process
    process.terminate()
    process.wait(PATIENCE_S)
    assert "Superset: đã dừng; khởi động bằng ./chiso up --bi." in system.status()
    with socket.create_server(("127.0.0.1", superset.port())):
        system.up_bi()
    assert superset.address() != address
    assert superset.is_healthy()


def test_where_it_dies_at_its_start_a_sentence_names_its_log(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = system.component(superset.NAME)
    assert process is not None
    process.terminate()
    process.wait(PATIENCE_S)
    monkeypatch.setattr(superset, "APPLICATION", "superset.app:there_is_none()")
    with pytest.raises(ChisoError, match="superset không khởi động được: hãy xem"):
        system.up_bi()
    assert system.component(superset.NAME) is None


def test_where_its_database_cannot_be_reached_a_sentence_names_the_log(
    running: Path,
) -> None:
    given = superset.folder() / "settings.json"
    kept = given.read_text()
    broken = json.loads(kept) | {"metadata_url": "postgresql+psycopg2://x@127.0.0.1:1/x"}
    settings.write_private(given, json.dumps(broken))
    log = settings.load().logs / "superset-prepare.log"
    with pytest.raises(ChisoError, match="Superset không nhận được bảng điều khiển: hãy xem"):
        superset.import_assets(log)
    assert "Connection refused" in log.read_text()
    settings.write_private(given, kept)

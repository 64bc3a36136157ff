"""The morning page: what it says is what the marts say, and leads to what was counted.

And in a real browser: offline, on a phone, on paper, by keyboard, read aloud. In one file, so that
its nights are run once.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from axe_core_python.base import AXE_SCRIPT
from selenium.webdriver import ActionChains, Chrome, Keys

from chiso766 import database, morning_page, settings
from chiso766.scorecard import RATING_NAMES, decimal_comma

from .conftest import PLANTED, UNIT, Morning, Mornings

LARGEST = 2_000_000
DBT = settings.PROJECT_ROOT / "dbt"
WITHOUT_EVIDENCE = {"1.4", "2.2", "4.6"}  # another system's count; hours; no counts
PHONE, DESKTOP = 360, 1280
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
A4 = (595, 842)
MOST_PAGES = 6

# The contrast of every text with what lies behind it: below 4.5, or 3 where it is large (WCAG AA).
LOW_CONTRAST = """
const number = text => text.match(/[\\d.]+/g).map(Number);
const light = rgb => {
  const linear = c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const [r, g, b] = rgb.map(c => linear(c / 255));
  return .2126 * r + .7152 * g + .0722 * b;
};
const behind = element => {
  for (let one = element; one; one = one.parentElement) {
    const color = number(getComputedStyle(one).backgroundColor);
    if (color.length < 4 || color[3] > 0) return color.slice(0, 3);
  }
  return [255, 255, 255];
};
const low = [], seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
let texts = 0;
while (seen.nextNode()) {
  const element = seen.currentNode.parentElement, style = getComputedStyle(element);
  if (!seen.currentNode.data.trim() || !element.getClientRects().length) continue;
  if (element.closest('desc, style')) continue;
  texts += 1;
  const color = number(element.closest('svg') ? style.fill : style.color).slice(0, 3);
  const [one, other] = [light(color), light(behind(element))];
  const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) low.push([seen.currentNode.data.trim(), ratio]);
}
return [texts, low];
"""


def number(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", ".").replace("−", "-"))


def points(text: str) -> Decimal:
    """Of “79,97 / 100” the first number; none is 0."""
    first = text.split("/")[0].strip()
    return Decimal() if first == "–" else number(first)


def one(morning: Morning, path: str) -> Any:
    [found] = morning.tree.xpath(path)
    return found


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


def test_it_is_one_file_that_mail_takes(mornings: Mornings) -> None:
    content = mornings.second.path.read_bytes()
    assert len(content) < LARGEST
    assert b"<script" not in content
    assert set(re.findall(rb"(?:src|href)=\"(?!#)([^\"]*)\"", content)) == {b"data:,"}


def test_score_rating_and_place_come_first(mornings: Mornings) -> None:
    [card] = mornings.second.marts["fct_scorecard"]
    [ranking] = mornings.second.marts["unit_ranking"]
    first = mornings.second.tree.xpath("//main/section")[0]
    assert (
        words(first.find_class("total")[0]) == f"{decimal_comma(card['total_score'], 2)} / 100 điểm"
    )
    assert words(first.find_class("rating")[0]) == RATING_NAMES[card["rating"]]
    assert f"Xếp thứ {ranking['own_rank']} trong {ranking['rank_of']} xã" in words(first)


def test_groups_and_indicators_show_their_counts_and_scores(mornings: Mornings) -> None:
    for group in mornings.second.marts["fct_group_score"]:
        head = one(mornings.second, f"//h3[@id='nhom-{group['group_code']}']/span")
        assert points(words(head)) == group["score"]
    for row in mornings.second.marts["fct_indicator"]:
        code = row["indicator_code"]
        said = one(mornings.second, f"//details[@id='cs-{code}']/summary")
        if row["max_score"]:
            assert points(words(said.find_class("points")[0])) == (row["score"] or 0)
        if row["denominator"] is not None:
            counts = words(said.find_class("counts")[0]).split(" / ")
            assert [number(count) for count in counts] == [row["numerator"], row["denominator"]]


def test_the_evidence_of_an_indicator_is_all_that_is_missing_from_it(mornings: Mornings) -> None:
    evidence = mornings.second.marts["indicator_evidence"]
    for row in mornings.second.marts["fct_indicator"]:
        code = row["indicator_code"]
        captions = mornings.second.tree.xpath(f"//details[@id='cs-{code}']//caption")
        stated = [re.search(r": ([\d.]+) ", words(caption)) for caption in captions]
        things = sum(number(found[1]) for found in stated if found)
        assert things == sum(one["indicator_code"] == code for one in evidence), code
        if code not in WITHOUT_EVIDENCE:
            assert things == row["denominator"] - row["numerator"], code
        listed = mornings.second.tree.xpath(f"//details[@id='cs-{code}']//tbody/tr/th/text()")
        assert set(listed) <= {one["evidence_key"] for one in evidence}


def test_the_command_below_a_list_shows_all_of_it(
    mornings: Mornings, chiso: Callable[..., Any]
) -> None:
    """As of the newest page, for the warehouse goes on."""
    evidence = mornings.next_month.marts["indicator_evidence"]
    [code] = {row["indicator_code"] for row in evidence if row["indicator_code"] == "1.3"}
    command = words(one(mornings.next_month, f"//details[@id='cs-{code}']//code"))
    program, *arguments = shlex.split(command)
    assert program == "./chiso"
    done = chiso(*arguments, "--csv")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()[1:]
    assert len(rows) == sum(row["indicator_code"] == code for row in evidence)


def test_every_command_of_the_page_runs(mornings: Mornings, chiso: Callable[..., Any]) -> None:
    commands = {words(code) for code in mornings.next_month.tree.xpath("//main//code")}
    queries = [shlex.split(line)[1:] for line in commands if line.startswith("./chiso sql")]
    assert queries
    # One process for all of them: each is read only, and starting takes longer than asking.
    together = " union all ".join(f"select count(*) from ({query}) as q" for _, query in queries)
    done = chiso("sql", together)
    assert done.returncode == 0, done.stderr


def test_the_change_is_that_of_the_marts_and_its_causes_lead_from_count_to_count(
    mornings: Mornings,
) -> None:
    def scores(morning: Morning) -> dict[str, Decimal]:
        rows = morning.marts["fct_indicator"]
        return {row["indicator_code"]: row["score"] or Decimal() for row in rows}

    before, now = scores(mornings.first), scores(mornings.second)
    wanted = {code: now[code] - before[code] for code in now if now[code] != before[code]}
    assert wanted
    rows = mornings.second.tree.xpath("//table[@class='changes']/tbody/tr")
    said = {words(row.find("th/a")).split()[0]: row for row in rows}
    assert {code: number(words(row[-1])) for code, row in said.items()} == wanted
    total = one(mornings.second, "//table[@class='changes']/tfoot//td[last()]")
    assert number(words(total)) == sum(wanted.values())
    for code, row in said.items():
        explained = re.findall(
            r"(được tính thêm|thành|không còn|không tính nữa)[^:(]*?(chưa )?đạt"
            r"[^(]*\((\d+)\):",
            "\n".join(map(words, row.find_class("codes"))),
            re.I,
        )
        counts = re.search(r"Đạt (\S+)/(\S+) → (\S+)/(\S+)\.", words(row))
        if counts is None:  # through 1.4 only
            assert code == "3.3"
            continue
        in_before, of_before, in_now, of_now = (number(count) for count in counts.groups())
        moved = {"numerator": Decimal(), "denominator": Decimal()}
        for way, not_, things in explained:
            sign = -1 if way.lower().startswith("không") else 1
            moved["numerator"] += 0 if not_ else sign * int(things)
            if way.lower() in ("được tính thêm", "không tính nữa"):
                moved["denominator"] += sign * int(things)
        assert moved["numerator"] == in_now - in_before, code
        if code != "1.4":
            assert moved["denominator"] == of_now - of_before, code


def test_the_first_morning_has_nothing_to_compare_with(mornings: Mornings) -> None:
    assert "Chưa có đêm nào trước đó trong tháng 11/2026 để so sánh" in mornings.first.text


def test_a_new_month_says_how_the_last_one_ended(mornings: Mornings) -> None:
    """As it is known now: December's first exports also change dossiers of November."""
    with database.connect() as connection:
        [(closed,)] = connection.execute(
            "select total_score from marts.fct_scorecard where profile = 'portal-2026'"
            " and unit_code = %s and period_type = 'month' and period_start = '2026-11-01'",
            [UNIT],
        )
    assert "Tháng 12/2026 mới bắt đầu" in mornings.next_month.text
    ended = f"Tháng 11/2026 khép lại với {decimal_comma(closed, 2)} điểm"
    assert ended in mornings.next_month.text


def test_a_night_that_is_published_again_still_compares_with_the_night_before(
    mornings: Mornings,
) -> None:
    """Its things are no longer there to be compared; the page says where they are to be had."""
    assert "đêm 29/11 → 30/11" in mornings.again.text
    assert "./chiso why --period 2026-11" in mornings.again.text
    second, again = (
        [words(row[-1]) for row in page.tree.xpath("//table[@class='changes']/tbody/tr")]
        for page in (mornings.second, mornings.again)
    )
    assert second == again


def test_todays_list_counts_what_is_open(mornings: Mornings) -> None:
    open_now = mornings.second.marts["dossier_worklist"]
    for urgency in ("today", "3_days", "overdue"):
        tile = one(mornings.second, f"//a[@href='#viec-{urgency}']/strong")
        assert number(words(tile)) == sum(row["urgency"] == urgency for row in open_now)
    petitions = one(mornings.second, "//a[@href='#viec-pakn']/strong")
    assert number(words(petitions)) == len(mornings.second.marts["petition_worklist"]) > 0


def test_the_plan_stands_there_step_by_step_and_says_where_it_leads(mornings: Mornings) -> None:
    caption = "//h3[@id='phuong-an']/following-sibling::table[1]/caption"
    steps = sorted(mornings.second.marts["improvement_plan"], key=lambda row: row["step"])
    for step in steps:
        assert f"{step['action_name']} {step['units_of_work']} việc" in mornings.second.text
    assert "để vào thứ 20" in words(one(mornings.second, caption))
    best = max(steps, key=lambda row: row["points_gained"])
    first = mornings.second.tree.xpath("//main/section")[0]
    assert f"+{decimal_comma(best['points_gained'], 2)}" in words(first)
    missed = words(one(mornings.out_of_reach, caption))
    assert "không thể vào thứ 20" in missed
    assert "xếp thứ 21" in missed


def test_no_personal_data_is_on_it(mornings: Mornings) -> None:
    content = mornings.second.path.read_text(encoding="utf-8")
    assert "H24.999-261130-9001" in content  # what they were planted in is there
    assert "PA-9001" in content
    assert [planted for planted in PLANTED if planted in content] == []
    keys = {row["official_key"] for row in mornings.second.marts["dossier_worklist"]} - {None}
    assert [key for key in keys if key in content] == []


def reasons_of_counting_files(kind: str = "") -> set[str]:
    """Why a thing is not in a numerator, by the files that count things of a kind."""
    found = set()
    for path in (DBT / "models/indicators").glob("*/*.sql"):
        counting = path.read_text()
        reason = re.search(r"as in_numerator,(.*?) as reason", counting, re.DOTALL)
        if reason and f"'{kind}" in counting:
            found |= set(re.findall(r"(?:^|then|else)\s+'(\w+)'", reason[1]))
    return found


def test_every_reason_of_the_evidence_has_a_name() -> None:
    """A reason that is added to a counting file must not break the page of the night."""
    of_states = {"late", "open_overdue"}
    without_evidence = {"no_certified_copies"}  # 4.6
    wanted = reasons_of_counting_files() | of_states
    assert set(morning_page.REASON_NAMES) == wanted - without_evidence


def test_every_word_of_the_work_list_has_a_name() -> None:
    """As ``int_open_thing_points.sql`` makes them of the reasons of dossiers."""
    words = {"not_synchronised": "synchronisation", "not_paid_online": "online_payment"}
    wanted = {
        words.get(reason, reason.removeprefix("no_"))
        for reason in reasons_of_counting_files("dossier")
        if reason in words or reason.startswith("no_")
    }
    assert set(morning_page.MISSING_NAMES) == wanted


@pytest.fixture(params=["second", "next_month"])
def page(request: pytest.FixtureRequest, mornings: Mornings, browser: Chrome) -> Chrome:
    """The browser at a page, as wide as a desktop's window."""
    browser.get_log("performance")
    browser.get_log("browser")
    width(browser, DESKTOP)
    browser.get(getattr(mornings, request.param).path.as_uri())
    return browser


def width(browser: Chrome, pixels: int) -> None:
    size = {"width": pixels, "height": 800, "deviceScaleFactor": 1, "mobile": pixels == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def asked(browser: Chrome) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def test_it_opens_offline_without_an_error(page: Chrome) -> None:
    assert [url for url in asked(page) if not url.startswith(("file:", "data:"))] == []
    assert page.get_log("browser") == []


@pytest.mark.parametrize("pixels", [PHONE, DESKTOP])
def test_nothing_has_to_be_scrolled_sideways(page: Chrome, pixels: int) -> None:
    width(page, pixels)
    page.execute_script(OPEN_ALL)
    assert page.execute_script("return document.documentElement.scrollWidth") <= pixels


def test_headings_go_down_step_by_step(page: Chrome) -> None:
    levels = page.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3, h4')].map(h => +h.tagName[1])"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_every_link_has_its_target_and_every_name_is_used_once(page: Chrome) -> None:
    names = page.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(names) == len(set(names))
    links = page.execute_script(
        "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
    )
    assert {link for link in links if link.removeprefix("#") not in names} == set()


def test_every_text_stands_out_from_its_ground(page: Chrome) -> None:
    page.execute_script(OPEN_ALL)
    texts, low = page.execute_script(LOW_CONTRAST)
    assert texts > 100
    assert low == []


def test_the_keyboard_reaches_every_link_and_unfolds_every_part(page: Chrome) -> None:
    visible = page.execute_script(
        "window.wanted = [...document.querySelectorAll('a, summary')]"
        ".filter(e => e.checkVisibility({contentVisibilityAuto: true})); return wanted.length"
    )
    reached = []
    for _ in range(visible):
        ActionChains(page).send_keys(Keys.TAB).perform()
        reached.append(page.execute_script("return wanted.indexOf(document.activeElement)"))
    assert sorted(reached) == list(range(visible))
    page.execute_script("document.querySelector('summary').focus()")
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert page.execute_script("return document.querySelector('details').open")
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert page.execute_script(outline) == "solid"


def test_every_chart_is_told_in_words_and_stands_in_a_table_beside_it(page: Chrome) -> None:
    charts = page.execute_script(
        "return [...document.querySelectorAll('svg')].map(svg => [svg.getAttribute('role'),"
        " document.getElementById(svg.getAttribute('aria-labelledby')).textContent,"
        " svg.closest('figure').querySelectorAll('tbody tr').length])"
    )
    assert len(charts) == 2
    for role, text, rows in charts:
        assert role == "img"
        assert re.search(r"^Biểu đồ .*\d", text)
        assert rows > 0


def test_tables_say_what_they_hold(page: Chrome) -> None:
    assert page.execute_script("return document.documentElement.lang") == "vi"
    assert (
        page.execute_script(
            "return [...document.querySelectorAll('table')].filter(t => !t.caption).length"
        )
        == 0
    )
    assert (
        page.execute_script(
            "return [...document.querySelectorAll('th')].filter(h => !h.scope).length"
        )
        == 0
    )


def test_it_prints_on_a_few_sheets_of_a4(page: Chrome) -> None:
    printed = page.execute_cdp_cmd(
        "Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True}
    )
    content = base64.b64decode(printed["data"])
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert 1 <= len(boxes) <= MOST_PAGES
    assert {(round(float(wide)), round(float(high))) for wide, high in boxes} == {A4}


def test_axe_finds_nothing_to_object_to(page: Chrome) -> None:
    page.execute_script(OPEN_ALL)
    page.execute_script(AXE_SCRIPT)
    # Contrast has its own test, which takes a moment and not a minute.
    found = page.execute_async_script(
        "axe.run({rules: {'color-contrast': {enabled: false}}}).then(found =>"
        " arguments[0](found.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)])))"
    )
    assert found == []

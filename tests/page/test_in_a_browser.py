"""The morning page in a real browser: offline, on a phone, on paper, by keyboard, read aloud."""

from __future__ import annotations

import base64
import json
import re
from itertools import pairwise

import pytest
from axe_core_python.base import AXE_SCRIPT
from selenium.webdriver import ActionChains, Chrome, Keys

from .conftest import Mornings

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
    found = page.execute_async_script(
        "axe.run().then(found => arguments[0](found.violations.map(v =>"
        " [v.id, v.nodes.slice(0, 3).map(n => n.html)])))"
    )
    assert found == []

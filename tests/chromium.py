"""Debian's Chromium without a screen; what it asks the network for, and says, is logged."""

from __future__ import annotations

import os
import shutil

import pytest
from selenium import webdriver


def started() -> webdriver.Chrome:
    """The browser, to be quit; skips the test where it is not installed."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("Chromium and its driver are not installed (packages: .ci/run)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # it refuses to run as root with it
    return webdriver.Chrome(options, webdriver.ChromeService(driver))

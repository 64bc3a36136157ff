"""The interface's words in ``vi.json``, compiled for what Superset's server says: its menu."""

from __future__ import annotations

import json
import os
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

PACK = Path(__file__).resolve().parent / "vi.json"


def translations() -> Path:
    """The folder in which the server looks for them."""
    return Path(os.environ["SUPERSET_HOME"]) / "translations"


def compile_for_server() -> None:
    """Make the file that gettext reads."""
    catalog = Catalog(locale="vi")
    words = json.loads(PACK.read_text(encoding="utf-8"))["locale_data"]["superset"]
    del words[""]  # says which language it is
    for english, [vietnamese] in words.items():
        catalog.add(english, vietnamese)
    folder = translations() / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "messages.mo", "wb") as file:
        write_mo(file, catalog)

"""What is installed may be used: each package's licence is listed, and none asks for our own code.

The list is of Python 3.11; newer ones take other versions of a few packages.

``PYTHONPATH=include python -m tests.supply.test_licences`` writes the list anew.
"""

from __future__ import annotations

import csv
import re
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from chiso766 import requirements

LIST = Path(__file__).parents[2] / "licences.csv"
COLUMNS = ["package", "licence"]
# Words of licences under which a program may use a package without being put under the same one.
FREE = re.compile(
    "MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|CC0|Mozilla|MPL|LGPL|Lesser"
    "|Artistic"
)


def licences() -> list[dict[str, str]]:
    """Of each package installed from the lists: the licence that its metadata names."""
    packages = {
        package.name
        for name in ("requirements-bootstrap.txt", "requirements-dev.txt")
        for package in requirements.locked(name)
        if package.marker is None or package.marker.evaluate()
    }
    return [{"package": name, "licence": licence(name)} for name in sorted(packages)]


def licence(package: str) -> str:
    fields = metadata(package)
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in fields.get_all("Classifier") or []
        if text.startswith("License ::")
    ]
    # By get: where another package has put its own reader of metadata in place, [] raises.
    named = fields.get("License-Expression") or "; ".join(classifiers) or fields.get("License", "")
    return str(named).partition("\n")[0]


def listed() -> dict[str, str]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["package"]: row["licence"] for row in csv.DictReader(file)}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the list is of Python 3.11")
def test_the_list_names_the_licence_of_every_package() -> None:
    known = listed()
    for row in licences():
        assert known.get(row["package"]) == row["licence"], row["package"]


def test_each_licence_lets_a_program_use_the_package() -> None:
    assert [row for row in listed().items() if not FREE.search(row[1])] == []


if __name__ == "__main__":
    with LIST.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(licences())

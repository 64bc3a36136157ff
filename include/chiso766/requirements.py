"""The hash-locked lists of packages that the launcher installs from."""

from __future__ import annotations

import re

from packaging.requirements import Requirement

from chiso766 import settings

RUN = "requirements.txt"
# The second holds those of RUN and of the image packages; Superset has an environment of its own.
ALL = ("requirements-bootstrap.txt", "requirements-dev.txt", "requirements-superset.txt")


def locked(name: str) -> list[Requirement]:
    """The packages of a list, each with its exact version, also those for other machines."""
    text = (settings.PROJECT_ROOT / name).read_text(encoding="utf-8")
    return [Requirement(line) for line in re.findall(r"^[a-z0-9].*==[^\\\n]*", text, re.MULTILINE)]

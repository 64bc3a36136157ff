"""dbt's project as dbt has parsed it, kept from build to build.

Parsing takes four seconds. What dbt itself keeps for that is void at every change of a variable,
and each night has its own day; here only the variables count that parsing depends on.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder
from dbt.version import __version__

from chiso766 import settings

# Variables that decide what is built and where. All others stand in the text of models, which dbt
# renders when it runs them; of `since` and `why` only whether they are given decides.
_DECIDES_IF_GIVEN = ("since", "why")
_DECIDES = ("rebuild_schema", "published", "citus")


def place(variables: Mapping[str, object]) -> Path:
    """Where the project is kept as parsed with these variables, for the present warehouse."""
    given = [variables.get(name) is not None for name in _DECIDES_IF_GIVEN]
    values = [variables.get(name) for name in _DECIDES]
    key = repr((given, values, os.environ["CHISO_DBT_DATABASE"], __version__))
    name = f"{files_digest()[:16]}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.msgpack"
    return settings.load().home / "dbt" / "parsed" / name


def read(path: Path) -> Manifest | None:
    """The project that is kept there; None if none is."""
    if not path.exists():
        return None
    return Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)


def keep(path: Path, manifest: Manifest) -> None:
    """Keep a parsed project; those of other files of the project are gone for good."""
    path.parent.mkdir(exist_ok=True)
    for other in path.parent.iterdir():
        if not other.name.startswith(path.name.split("-")[0]):
            other.unlink()
    draft = path.with_suffix(".draft")
    draft.write_bytes(manifest.to_msgpack(extended_mashumaro_encoder))
    os.replace(draft, path)


def files_digest() -> str:
    """A fingerprint of every model, macro, test, seed and setting of the dbt project."""
    project = settings.load().project_root / "dbt"
    digest = hashlib.sha256()
    for path in sorted(project.rglob("*")):
        if path.suffix in (".sql", ".csv", ".yml"):
            digest.update(f"{path.relative_to(project)}\n".encode() + path.read_bytes())
    return digest.hexdigest()

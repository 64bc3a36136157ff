"""The newcomer's guide can be followed: its commands exist, and its first night is a real one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chiso766 import cli, settings

DOCS = settings.PROJECT_ROOT / "docs"
VIETNAMESE, ENGLISH = DOCS / "bat-dau.md", DOCS / "getting-started.md"


def commands(guide: Path) -> list[str]:
    """The lines of a guide's shell blocks, in their order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", guide.read_text(), re.MULTILINE | re.DOTALL)
    return "".join(blocks).splitlines()


def of_chiso(guide: Path) -> list[list[str]]:
    return [shlex.split(line)[1:] for line in commands(guide) if line.startswith("./chiso ")]


@pytest.mark.parametrize("arguments", of_chiso(VIETNAMESE), ids=" ".join)
def test_every_command_is_one_with_these_options(arguments: list[str]) -> None:
    assert callable(cli.parser().parse_args(arguments).run)


def test_both_languages_say_the_same_commands_settings_and_tables() -> None:
    def told(guide: Path) -> tuple[list[str], list[str], int]:
        text = guide.read_text()
        said = [line for line in commands(guide) if not line.startswith("git clone")]
        return said, re.findall(r"CHISO_[A-Z_]+", text), text.count("\n|")

    assert told(VIETNAMESE) == told(ENGLISH)


def test_every_setting_is_one_and_every_link_leads_somewhere() -> None:
    known = set(re.findall(r"CHISO_[A-Z_]+", (settings.PROJECT_ROOT / ".env.example").read_text()))
    for guide in (VIETNAMESE, ENGLISH):
        text = guide.read_text()
        assert set(re.findall(r"CHISO_[A-Z_]*[A-Z]", text)) <= known
        assert all((DOCS / link).exists() for link in re.findall(r"\]\((.*?)\)", text))
        assert f"docs/{guide.name}" in (settings.PROJECT_ROOT / "README.md").read_text()


def test_a_newcomer_gets_a_scorecard_from_own_exports(
    postgres: None, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps 4 and 5, as they stand there."""
    monkeypatch.setenv("CHISO_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.setenv("CHISO_UNIT", "H24.999")
    launcher = tmp_path / "chiso"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m chiso766 "$@"\n')
    launcher.chmod(0o755)
    lines = commands(VIETNAMESE)
    first = next(number for number, line in enumerate(lines) if line.startswith("mkdir"))
    last = lines.index("./chiso scorecard")
    followed = "\n".join(["set -e", *lines[first : last + 1]])
    done = subprocess.run(
        ["bash", "-c", followed], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Đã công bố số liệu đến hết ngày 2026-11-22." in done.stdout
    assert "UBND phường Nhị Chiểu – Tháng 11/2026" in done.stdout
    # The one dossier was submitted online and finished in time.
    assert re.search(r"2\.1 .* 1 │ +1 │ +100,0 %", done.stdout)

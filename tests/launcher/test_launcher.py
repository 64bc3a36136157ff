"""./chiso makes its environment once and whole, from the locked lists, or says what is wrong."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chiso766 import settings

LAUNCHER = settings.PROJECT_ROOT / "chiso"
OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}

# Instead of the package, which needs everything: says how it was called and what is installed.
PROGRAM = """
import importlib.util, json, sys
found = [name for name in ("iniconfig", "pluggy") if importlib.util.find_spec(name)]
print(json.dumps([sys.argv[1:], found]))
"""


def locked(name: str) -> str:
    """The lines of the development list for a small package without dependencies."""
    text = (settings.PROJECT_ROOT / "requirements-dev.txt").read_text()
    [lines] = re.findall(rf"^{name}==(?:.*\\\n)*.*\n", text, re.M)
    return str(lines)


def checkout(root: Path) -> Path:
    """A checkout with the real launcher and lists of one and of two packages."""
    root.mkdir()
    shutil.copy(LAUNCHER, root)
    shutil.copy(settings.PROJECT_ROOT / "requirements-bootstrap.txt", root)
    (root / "requirements.txt").write_text(locked("pluggy"))
    (root / "requirements-dev.txt").write_text(locked("pluggy") + locked("iniconfig"))
    package = root / "include" / "chiso766"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM)
    return root


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "chiso"), *arguments],
        env=clean_environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = checkout(tmp_path_factory.mktemp("launcher") / "nơi cài đặt")
    done = run(root, "status", "--x", PYTHONDONTWRITEBYTECODE="1")
    assert (done.returncode, done.stdout) == (0, '[["status", "--x"], ["pluggy"]]\n'), done.stderr
    assert "Lần chạy đầu" in done.stderr
    return root


def site_packages(root: Path) -> Path:
    [folder] = (root / ".venv" / "lib").glob("python3*/site-packages")
    return folder


def test_what_is_installed_is_compiled_even_where_python_is_told_not_to(installed: Path) -> None:
    assert list((site_packages(installed) / "pluggy" / "__pycache__").glob("*.pyc"))


def test_the_second_run_installs_nothing_and_needs_no_network(installed: Path) -> None:
    done = run(installed, "status", **OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_package_of_the_current_folder_is_not_taken_for_ours(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chiso766.py").write_text("raise SystemExit('wrong one')")
    monkeypatch.chdir(tmp_path)
    assert run(installed, "status").returncode == 0


def test_tests_need_the_larger_list_and_it_serves_every_command(installed: Path) -> None:
    root = installed
    done = run(root, "test")
    assert (done.returncode, done.stdout) == (0, '[["test"], ["iniconfig", "pluggy"]]\n')
    assert "Danh sách gói đã đổi" in done.stderr
    done = run(root, "status", **OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_superset_gets_an_environment_of_its_own_when_it_is_asked_for(tmp_path: Path) -> None:
    root = checkout(tmp_path / "root")
    (root / "requirements-superset.txt").write_text(locked("iniconfig"))
    done = run(root, "up")
    assert done.returncode == 0
    assert not (root / ".venv-superset").exists()
    done = run(root, "up", "--bi", **OFFLINE)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Không tải được các gói Python: hãy kiểm tra mạng" in done.stderr
    assert ".venv-superset/install.log" in done.stderr
    done = run(root, "up", "--bi")
    assert (done.returncode, done.stdout) == (0, '[["up", "--bi"], ["pluggy"]]\n'), done.stderr
    assert ".venv-superset" in done.stderr
    [packages] = (root / ".venv-superset").glob("lib/python3*/site-packages")
    assert (packages / "iniconfig").exists()
    assert not (packages / "pluggy").exists()
    assert not (packages / "chiso766.pth").exists()
    done = run(root, "up", "--bi", **OFFLINE)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupted_installation_is_made_anew(installed: Path) -> None:
    (installed / ".venv" / "chiso-stamp").unlink()
    shutil.rmtree(site_packages(installed) / "pluggy")  # uv would think it is there
    done = run(installed, "status")
    assert (done.returncode, done.stdout) == (0, '[["status"], ["pluggy"]]\n')


def test_a_moved_checkout_gets_a_new_environment(installed: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.copytree(installed, moved, symlinks=True)
    done = run(moved, "status")
    assert done.returncode == 0, done.stderr
    assert (site_packages(moved) / "chiso766.pth").read_text() == f"{moved}/include\n"


def test_two_first_runs_at_once_install_once(tmp_path: Path) -> None:
    root = checkout(tmp_path / "root")
    both = [
        subprocess.Popen(
            [sys.executable, str(root / "chiso"), "status"],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("Lần chạy đầu" in errors for _, errors in said) == [False, True]


def test_a_package_that_is_not_the_locked_one_is_refused(installed: Path, tmp_path: Path) -> None:
    root = checkout(tmp_path / "root")
    changed = re.sub(r"sha256:\w{4}", "sha256:0000", locked("pluggy"))
    (root / "requirements.txt").write_text(changed)
    done = run(root, "status")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Không tải được các gói Python")
    assert done.stdout == ""
    assert not (root / ".venv" / "chiso-stamp").exists()


def test_without_a_network_one_sentence_says_what_to_check(tmp_path: Path) -> None:
    root = checkout(tmp_path / "root")
    done = run(root, "status", **OFFLINE)
    assert done.returncode == 1
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("Không tải được các gói Python: hãy kiểm tra mạng")
    assert "Traceback" not in done.stderr


def test_a_python_that_is_too_old_is_told_so(tmp_path: Path) -> None:
    root = checkout(tmp_path / "root")
    text = (root / "chiso").read_text()
    demanding = text.replace(
        "OLDEST, NEWEST = (3, 11), (3, 13)", "OLDEST, NEWEST = (3, 98), (3, 99)"
    )
    assert demanding != text
    (root / "chiso").write_text(demanding)
    done = run(root, "status")
    assert done.returncode == 1
    assert re.fullmatch(r"Cần Python từ 3\.11 đến 3\.13 nhưng .*: hãy cài .*\.\n", done.stderr)
    ast.parse(text, feature_version=(3, 6))  # an old Python must be able to read it


def test_a_python_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    root = checkout(tmp_path / "root")
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, str(root / "chiso"), "status"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr.splitlines()[-1]


LISTS = (
    "requirements.txt",
    "requirements-cluster.txt",
    "requirements-dev.txt",
    "requirements-bootstrap.txt",
    "requirements-superset.txt",
)


@pytest.mark.parametrize("name", LISTS)
def test_every_package_is_locked_by_version_and_hash_and_no_host_is_named(name: str) -> None:
    text = (settings.PROJECT_ROOT / name).read_text()
    packages = re.findall(r"^[^\s\\][^\n\\]*(?:\\\n[^\n\\]*)*", text, re.M)
    assert packages
    for package in packages:
        assert re.match(r"[\w.-]+==[\w.]+", package), package
        assert "--hash=sha256:" in package, package
    assert "://" not in text
    assert "--index" not in text


def test_each_list_is_the_one_before_and_more() -> None:
    """What runs on one machine, in the image, in the tests: the same versions everywhere."""
    runs, cluster, development = (
        set(re.findall(r"^\S+==\S+", (settings.PROJECT_ROOT / name).read_text(), re.M))
        for name in LISTS[:3]
    )
    assert runs < cluster < development


@pytest.mark.parametrize(
    "name",
    ["requirements", "requirements-cluster", "requirements-dev", "requirements-superset"],
)
def test_everything_that_is_asked_for_is_locked(name: str) -> None:
    asked = (settings.PROJECT_ROOT / f"{name}.in").read_text()
    names = re.findall(r"^([a-z][\w-]*)", asked, re.M)
    lock = (settings.PROJECT_ROOT / f"{name}.txt").read_text()
    assert [name for name in names if not re.search(rf"^{name}==", lock, re.M)] == []

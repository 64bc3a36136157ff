"""docker-compose.yml cannot be run here; what it names must exist."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from chiso766 import airflow_env, settings, system

ROOT = settings.PROJECT_ROOT
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def test_it_has_the_database_every_component_of_airflow_and_one_image() -> None:
    assert set(SERVICES) == {"postgres", "init", *system.COMPONENTS}
    assert {service["build"] for service in OURS.values()} == {"."}
    assert len({service["image"] for service in OURS.values()}) == 1


@pytest.mark.parametrize("name", system.COMPONENTS)
def test_each_component_runs_the_command_that_up_runs(name: str) -> None:
    module, *command = OURS[name]["command"][1:]
    assert OURS[name]["command"][0] == "-m"
    assert hasattr(importlib.import_module(module), "apply")
    assert command == system.COMPONENTS[name]


@pytest.mark.parametrize("name", system.COMPONENTS)
def test_airflow_has_the_command_and_its_options(name: str, airflow: None) -> None:
    from airflow.cli import cli_parser

    arguments = cli_parser.get_parser().parse_args(system.COMPONENTS[name])
    assert isinstance(arguments, argparse.Namespace)


def test_init_calls_what_exists() -> None:
    option, code = SERVICES["init"]["command"]
    assert option == "-c"
    [imported, call] = ast.parse(code).body
    assert isinstance(imported, ast.ImportFrom)
    assert isinstance(call, ast.Expr)
    assert hasattr(importlib.import_module(str(imported.module)), imported.names[0].name)


def test_the_containers_find_each_other() -> None:
    for service in OURS.values():
        environment = service["environment"]
        assert "@postgres:5432/chiso" in environment["CHISO_DATABASE_URL"]
        execution = environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        assert execution == f"http://api-server:{environment['AIRFLOW__API__PORT']}/execution/"
    port = OURS["api-server"]["environment"]["AIRFLOW__API__PORT"]
    assert OURS["api-server"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"http://localhost:{port}/api/v2/" in OURS["api-server"]["healthcheck"]["test"][-1]
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "chiso"


def test_every_service_waits_for_one_that_exists() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[needed]


def test_settings_reach_the_program_under_their_names(airflow: None) -> None:
    known = set(airflow_env.variables()) | set(
        re.findall(r"CHISO_\w+", (ROOT / "include/chiso766/settings.py").read_text())
    )
    for service in OURS.values():
        assert set(service["environment"]) <= known


def test_every_secret_comes_from_the_environment_and_is_documented() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    asked_for = set(re.findall(r"\$\{(\w+)", text))
    documented = set(re.findall(r"^#(CHISO_\w+)=", (ROOT / ".env.example").read_text(), re.M))
    assert asked_for <= documented
    for line in text.splitlines():
        if re.search("password|secret", line, re.I) and ":" in line and "#" not in line:
            assert "${" in line, line


def test_the_same_settings_keep_rows_out_of_the_log() -> None:
    from chiso766.server import CONFIGURATION

    options = [option for option in SERVICES["postgres"]["command"] if "=" in option]
    for option in options:
        name, value = option.split("=")
        assert re.search(f"^{name} = '?{value}'?$", CONFIGURATION, re.M), option
    assert len(options) == 4


def test_every_volume_is_declared_and_every_path_of_the_image_is_made() -> None:
    mounted = [volume.split(":") for s in SERVICES.values() for volume in s.get("volumes", [])]
    named = {source for source, *_ in mounted if not source.startswith(("$", ".", "/"))}
    assert named == set(COMPOSE["volumes"])
    home = next(iter(OURS.values()))["environment"]["CHISO_HOME"]
    assert f"ENV CHISO_HOME={home}" in DOCKERFILE
    assert f"chown chiso:chiso /app {home}" in DOCKERFILE
    python = ast.literal_eval(re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.M)[0])[0]
    assert OURS["api-server"]["healthcheck"]["test"][1] == python
    workdir = re.findall(r"^WORKDIR (.*)$", DOCKERFILE, re.M)[0]
    assert python == f"{workdir}/.venv/bin/python"


def test_the_image_is_made_by_the_launcher_with_a_python_it_accepts() -> None:
    [run] = re.findall(r"^RUN (\./.*)$", DOCKERFILE, re.M)
    assert (ROOT / shlex.split(run)[0]).stat().st_mode & 0o111
    [version] = re.findall(r"^FROM python:3\.(\d+)-slim$", DOCKERFILE, re.M)
    assert 11 <= int(version) <= 13


def test_nothing_secret_or_made_gets_into_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".venv", ".git", ".chiso*"} <= set(ignored)


def test_every_setting_is_documented_with_its_default(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text()
    used = set(re.findall(r'"(CHISO_\w+)"', (ROOT / "include/chiso766/settings.py").read_text()))
    documented = set(re.findall(r"^#(CHISO_\w+)=", example, re.M))
    assert used <= documented
    assert documented - used == {"CHISO_DATABASE_PASSWORD"}

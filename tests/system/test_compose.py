"""docker-compose.yml cannot be run here; it must be valid, and what it names must exist."""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from chiso766 import airflow_env, settings, superset, system

ROOT = settings.PROJECT_ROOT
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("build") == "."}
ONCE = ["init", "superset-init"]
STAYING = {name: service for name, service in SERVICES.items() if name not in ONCE}
OF_AIRFLOW = [*system.COMPONENTS, "worker"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
SETTINGS = (ROOT / "include/chiso766/settings.py").read_text()
# What Docker Compose itself, the image or other programs in it read.
OF_OTHERS = {"HOME", "TZ"}
ONLY_FOR_COMPOSE = {
    "CHISO_ADDRESS",
    "CHISO_API_URL",
    "CHISO_CONFIGURATION",
    "CHISO_EXECUTOR",
    "COMPOSE_PROFILES",
}


def test_it_is_valid_against_the_compose_specification() -> None:
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_it_has_the_database_every_component_of_airflow_and_one_image() -> None:
    others = {"postgres", "backup", system.PAGE, "redis", "worker", superset.NAME}
    assert set(SERVICES) == {*ONCE, *system.COMPONENTS, *others}
    assert set(OURS) == {*ONCE, system.PAGE, *OF_AIRFLOW}
    assert len({service["image"] for service in OURS.values()}) == 1


def test_workers_and_their_queue_are_started_in_the_cluster_only() -> None:
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    of_others = {"superset", "superset-init"}
    assert {name for name, of in profiles.items() if of} - of_others == {"redis", "worker"}
    assert profiles["redis"] == profiles["worker"] == ["cluster"]
    executor = OURS["scheduler"]["environment"][airflow_env.EXECUTOR]
    assert executor == f"${{CHISO_EXECUTOR:-{airflow_env.ON_ONE_MACHINE}}}"


def test_workers_share_nothing_but_what_they_are_given() -> None:
    """Their home is a volume that each container has for itself; all else is read only."""
    home, *given = OURS["worker"]["volumes"]
    assert home == OURS["worker"]["environment"]["CHISO_HOME"]
    for volume in given:
        assert volume["read_only"] if isinstance(volume, dict) else volume.endswith(":ro")


@pytest.mark.parametrize("name", system.COMPONENTS)
def test_each_component_runs_the_command_that_up_runs(name: str) -> None:
    assert OURS[name]["command"] == ["airflow", *system.COMPONENTS[name]]


@pytest.mark.parametrize("name", OF_AIRFLOW)
def test_airflow_has_the_command_and_its_options(
    name: str, airflow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.cli import cli_parser

    if name == "worker":  # a command of its executor
        monkeypatch.setenv(airflow_env.EXECUTOR, "CeleryExecutor")
        cli_parser = importlib.reload(cli_parser)
        cli_parser.get_parser.cache_clear()
    arguments = cli_parser.get_parser().parse_args(OURS[name]["command"][1:])
    assert isinstance(arguments, argparse.Namespace)


def test_the_page_is_served_where_it_is_published_and_its_service_may_only_read() -> None:
    page = SERVICES[system.PAGE]
    *python, module = page["entrypoint"]
    assert python == ["/app/.venv/bin/python", "-m"]
    assert importlib.util.find_spec(module)
    host, port = page["command"]
    assert host == "0.0.0.0"
    assert page["ports"] == [f"${{CHISO_ADDRESS:-127.0.0.1}}:{port}:{port}"]
    assert f":{port}/health" in page["healthcheck"]["test"][-1]
    assert page["volumes"] == ["data:/data:ro"]
    assert page["secrets"] == ["s3_credentials"]


def test_superset_is_started_in_bi_only_and_runs_what_up_runs() -> None:
    service = SERVICES[superset.NAME]
    assert service["profiles"] == SERVICES["superset-init"]["profiles"] == ["bi"]
    assert service["ports"] == ["${CHISO_ADDRESS:-127.0.0.1}:8088:8088"]
    assert ":8088/health" in service["healthcheck"]["test"][-1]
    *_, prepare, serve = (ROOT / "bi/serve.sh").read_text().splitlines()
    assert shlex.split(prepare) == ["python", "bi/prepare.py"]
    options = [*superset.SERVER, "--bind=0.0.0.0:8088", superset.APPLICATION]
    assert shlex.split(serve) == ["exec", "python", *options]


def test_superset_is_given_its_own_folder_and_nothing_else() -> None:
    service = SERVICES[superset.NAME]
    [volume] = service["volumes"]
    home = OURS["superset-init"]["environment"]["CHISO_HOME"]
    [shared] = [each for each in OURS["superset-init"]["volumes"] if each == f"data:{home}"]
    assert shared.partition(":")[0] == volume["source"]
    assert volume["volume"]["subpath"] == superset.folder().name
    assert volume["read_only"]
    assert "secrets" not in service
    environment = service["environment"]
    assert environment["CHISO_SUPERSET"] == volume["target"]
    assert set(environment) - OF_OTHERS == set(superset.variables())


def test_supersets_image_has_its_list_its_files_and_the_account_of_the_other() -> None:
    service = SERVICES[superset.NAME]
    dockerfile = ROOT / service["build"]["dockerfile"]
    text = dockerfile.read_text()
    for copied in re.findall(r"^COPY --chown=chiso:chiso (\S+) \S+$", text, re.M):
        assert (ROOT / copied).exists()
    assert "-r requirements-superset.txt" in text
    [user] = re.findall(r"useradd .*--uid (\d+) chiso", text)
    assert service["user"] == f"{user}:{user}" == OURS["init"]["user"]
    [version] = re.findall(r"^FROM python:3\.(\d+)-slim$", text, re.M)
    launcher = (ROOT / "chiso").read_text()
    [newest] = re.findall(r"^NEWEST_FOR_SUPERSET = \(3, (\d+)\)", launcher, re.M)
    assert 11 <= int(version) <= int(newest)
    [workdir] = re.findall(r"^WORKDIR (.*)$", text, re.M)
    config = Path(service["environment"]["SUPERSET_CONFIG_PATH"])
    assert (ROOT / config.relative_to(workdir)).exists()
    [command] = re.findall(r"^CMD (.*)$", text, re.M)
    assert (ROOT / ast.literal_eval(command)[-1]).exists()


@pytest.mark.parametrize("name", ONCE)
def test_init_calls_what_exists(name: str) -> None:
    *python, code = SERVICES[name]["command"]
    assert python == ["python", "-c"]
    [imported, call] = ast.parse(code).body
    assert isinstance(imported, ast.ImportFrom)
    assert isinstance(call, ast.Expr)
    assert hasattr(importlib.import_module(str(imported.module)), imported.names[0].name)


def test_the_containers_find_each_other() -> None:
    for service in OURS.values():
        environment = service["environment"]
        assert environment["CHISO_DATABASE_URL"].endswith("@postgres:5432/chiso}")
        execution = environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
        port = environment["AIRFLOW__API__PORT"]
        assert execution == f"${{CHISO_API_URL:-http://api-server:{port}}}/execution/"
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    here = "${CHISO_ADDRESS:-127.0.0.1}"
    assert published == {
        "postgres": [f"{here}:5432:5432"],
        "api-server": [f"{here}:{port}:{port}"],
        "page": [f"{here}:8081:8081"],
        "redis": [f"{here}:6379:6379"],
        "superset": [f"{here}:8088:8088"],
    }
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "chiso"
    made = (ROOT / "deploy/make-secrets.sh").read_text()
    assert "@redis:6379/" in made


def test_every_service_waits_for_one_that_exists() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[needed]
            assert set(SERVICES[needed].get("profiles", [])) <= set(service.get("profiles", []))


def test_every_service_that_stays_has_a_health_check() -> None:
    parts = {"metadatabase", "scheduler", "dag_processor", "triggerer"}
    for name, service in STAYING.items():
        kind, *check = service["healthcheck"]["test"]
        if kind == "CMD" and name in OF_AIRFLOW:
            assert check[:2] == ["python", "-m"]
            assert importlib.util.find_spec(check[2])
            assert check[3] in parts


def test_the_health_check_of_a_worker_names_what_exists() -> None:
    command = shlex.split(SERVICES["worker"]["healthcheck"]["test"][1])
    assert command[:2] == ["python", "-m"]
    assert importlib.util.find_spec(command[2])
    [module] = [each.removesuffix(".app") for each in command if each.endswith(".app")]
    assert importlib.util.find_spec(module)


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_or_may_write_or_take_more_than_is_said(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].partition(":")[0]) > 0
    assert re.fullmatch("[0-9]+[mg]", service["deploy"]["resources"]["limits"]["memory"])
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["restart"] == ("no" if name in ONCE else "unless-stopped")


def test_settings_reach_the_program_under_their_names(airflow: None) -> None:
    known = {
        *airflow_env.variables(),
        *re.findall(r"CHISO_\w+", SETTINGS),
        *re.findall(r"AWS_\w+", EXAMPLE),
        *OF_OTHERS,
    }
    for service in OURS.values():
        assert set(service["environment"]) <= known


def test_every_variable_is_documented() -> None:
    asked_for = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    documented = set(re.findall(r"^#(\w+)=", EXAMPLE, re.M))
    assert asked_for <= documented
    used = set(re.findall(r'"(CHISO_\w+)"', SETTINGS))
    assert used <= documented
    others = {name for name in documented - used if not name.startswith("AWS_")}
    assert others == ONLY_FOR_COMPOSE


def test_every_secret_is_a_file_that_is_made_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    script = str(ROOT / "deploy/make-secrets.sh")
    for _ in range(2):  # the second time it changes nothing
        subprocess.run(["sh", script, str(folder)], check=True)
        made = {path.name: path.read_text() for path in folder.iterdir()}
    declared = {name: Path(of["file"]) for name, of in COMPOSE["secrets"].items()}
    assert all(path == Path("secrets") / name for name, path in declared.items())
    assert set(made) == set(declared)
    asked_for = {name for service in SERVICES.values() for name in service.get("secrets", [])}
    assert asked_for == set(declared)
    variables = {name for name in declared if re.fullmatch("[A-Z0-9_]+", name)}
    known = {airflow_env.BROKER, *airflow_env.SHARED_KEYS.values()}
    assert variables <= known | set(re.findall(r"CHISO_\w+", SETTINGS))
    mounted = set(re.findall(r"/run/secrets/([\w.]+)", FILE.read_text()))
    mounted |= set(re.findall(r"/run/secrets/([\w.]+)", (ROOT / "deploy/redis.conf").read_text()))
    assert mounted <= set(declared)


def test_a_key_is_added_behind_those_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "secrets"
    monkeypatch.setenv("CHISO_SECRETS", str(folder))
    monkeypatch.delenv("CHISO_SECRET_KEY")
    script = str(ROOT / "deploy/make-secrets.sh")
    subprocess.run(["sh", script, str(folder)], check=True)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    chain = settings.load().secret_keys
    subprocess.run(["sh", script, str(folder), "new-key"], check=True)
    assert settings.load().secret_keys[:-1] == chain
    assert settings.load().secret_keys[-1] not in chain
    after = {path.name: path.read_text() for path in folder.iterdir()}
    assert {name for name in before if after[name] != before[name]} == {"CHISO_SECRET_KEY"}
    assert after.keys() == before.keys()


def test_no_secret_is_in_the_file_itself() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|TOKEN", name):
                assert str(value).startswith("/run/secrets")
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value))


def test_postgresql_has_the_settings_of_the_embedded_one() -> None:
    from chiso766.server import CONFIGURATION

    embedded = _settings(CONFIGURATION)
    there = _settings((ROOT / "deploy/postgresql.conf").read_text())
    differs = {"listen_addresses", "dynamic_shared_memory_type", "logging_collector"}
    for name in embedded.keys() & there.keys() - differs:
        assert there[name] == embedded[name], name
    of_its_files = {name for name in embedded if name.startswith("log_") and "file" in name}
    of_its_place = {"port", "unix_socket_directories", "cluster_name", "log_directory"}
    rotation = {"log_truncate_on_rotation", "log_rotation_age", "log_rotation_size"}
    assert embedded.keys() - there.keys() == of_its_place | of_its_files | rotation
    assert "config_file=/etc/postgresql/postgresql.conf" in SERVICES["postgres"]["command"]


def _settings(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) = ([^#\n]*?) *(?:#.*)?$", text, re.M))


def test_postgresql_takes_its_settings(postgres: None) -> None:
    from chiso766 import database

    with database.connect() as connection:
        names = connection.execute("select lower(name) from pg_settings").fetchall()
    there = _settings((ROOT / "deploy/postgresql.conf").read_text())
    assert {(name.lower(),) for name in there} <= set(names)


def test_every_volume_is_declared_and_every_path_of_the_project_exists() -> None:
    named = set()
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            if isinstance(volume, dict) and volume["type"] == "volume":
                named.add(volume["source"])
            elif isinstance(volume, dict):
                path = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume["source"])
                assert (ROOT / path).exists(), path
            elif volume.startswith("./"):
                assert (ROOT / volume.partition(":")[0]).exists(), volume
            elif not volume.startswith(("/", "$")):
                named.add(volume.partition(":")[0])
    assert named == set(COMPOSE["volumes"])


def test_the_image_has_the_paths_and_the_account() -> None:
    home = OURS["worker"]["environment"]["CHISO_HOME"]
    assert f"ENV CHISO_HOME={home} " in DOCKERFILE
    assert f"chown chiso:chiso /app {home}" in DOCKERFILE
    [user] = re.findall(r"useradd .*--uid (\d+) chiso", DOCKERFILE)
    assert {service["user"] for service in OURS.values()} == {f"{user}:{user}"}
    *python, module = ast.literal_eval(re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.M)[0])
    workdir = re.findall(r"^WORKDIR (.*)$", DOCKERFILE, re.M)[0]
    assert python == [f"{workdir}/.venv/bin/python", "-m"]
    assert f"PATH={workdir}/.venv/bin:$PATH" in DOCKERFILE
    assert importlib.util.find_spec(module)


def test_the_image_is_made_by_the_launcher_with_a_python_it_accepts() -> None:
    [run] = re.findall(r"^RUN (\./(?:.*\\\n)*.*)$", DOCKERFILE, re.M)
    assert (ROOT / shlex.split(run)[0]).stat().st_mode & 0o111
    [listed] = re.findall(r"-r (\S+)", run)
    assert (ROOT / listed).exists()
    [version] = re.findall(r"^FROM python:3\.(\d+)-slim$", DOCKERFILE, re.M)
    assert 11 <= int(version) <= 13


def test_nothing_secret_or_made_gets_into_the_image_or_the_repository() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", ".venv", ".git", ".chiso*", "secrets"} <= set(ignored)
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()

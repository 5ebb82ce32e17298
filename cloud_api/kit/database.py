"""The database: one address for SQLite and PostgreSQL, and a session that commits in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}


def normalise_url(url: str, *, data_dir: Path) -> tuple[str, dict[str, Any]]:
    """The address for SQLAlchemy, and connect arguments.

    Takes addresses as Neon, Supabase and Heroku print them: ``postgres://`` and ``postgresql://`` become asyncpg,
    ``sslmode`` moves to asyncpg's ``ssl``, ``channel_binding`` goes. Statement caches are off, so that a transaction
    pooler (PgBouncer, Supabase, Neon) may stand between.

    Raises:
        ValueError: the address is of no known database.
    """
    if not url:
        return f"sqlite+aiosqlite:///{data_dir / 'wink-cloud.sqlite3'}", {}
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return f"sqlite+aiosqlite{url[len(parts.scheme) :]}", {}
    if parts.scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise ValueError(f"DATABASE_URL begins with {parts.scheme}://; use postgresql:// or leave it empty for SQLite.")
    query = dict(parse_qsl(parts.query))
    arguments: dict[str, Any] = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    mode = query.pop("sslmode", None)
    query.pop("channel_binding", None)
    if mode is not None:
        if mode not in _SSL_MODES:
            raise ValueError(f"sslmode={mode} is not known; use one of: {', '.join(sorted(_SSL_MODES))}.")
        arguments["ssl"] = mode
    clean = urlunsplit(("postgresql+asyncpg", parts.netloc, parts.path, urlencode(query), ""))
    return clean, arguments


class Database:
    """One engine. Every request gets its own connection and one transaction."""

    def __init__(self, url: str, *, data_dir: Path) -> None:
        self.url, arguments = normalise_url(url, data_dir=data_dir)
        self.is_sqlite = self.url.startswith("sqlite")
        if self.is_sqlite and (file := make_url(self.url).database):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        self.engine: AsyncEngine = create_async_engine(
            self.url, connect_args=arguments, pool_pre_ping=not self.is_sqlite
        )
        if self.is_sqlite:
            _prepare_sqlite(self.engine)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back on any error."""
        async with self.engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver's guess
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        # A reader that turns writer in the middle of a transaction fails at once under WAL: take the lock first.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

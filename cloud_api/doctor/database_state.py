"""The database: reachable, current, guarded, with the right roles, a right clock, and room for all workers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.doctor import judgements
from cloud_api.doctor.findings import Finding, broken, fine, warned
from cloud_api.kit.database import Database, normalise_url
from cloud_api.kit.logs import without_secrets
from cloud_api.migrations import is_current
from cloud_api.models import ServerState
from cloud_api.models.base import utc_now
from cloud_api.rollups.proof import STALE
from cloud_api.settings import CloudSettings, Mode
from cloud_api.tenancy.row_security import RowSecurityError, check_row_security

OLDEST_POSTGRESQL = 140000
NEWS_CHANNEL, NEWS_S = "wink_doctor", 5.0
_MIGRATE = "Run: wink-cloud migrate"


async def examine_database(settings: CloudSettings, *, workers: int) -> list[Finding]:
    """What the database says. Nothing is changed in it, and none is made."""
    if (file := _sqlite_file(settings)) is not None and not await asyncio.to_thread(file.is_file):
        return [fine("database", f"SQLite; {file} will be made at the first start.")]
    try:
        database = Database(
            settings.database_url, data_dir=settings.data_dir, direct_url=settings.database_direct_url, pool_size=1
        )
    except (ValueError, SQLAlchemyError) as error:
        return [broken("database", without_secrets(str(error)), "Set DATABASE_URL as the database service prints it.")]
    try:
        if database.is_sqlite:
            return await _examine_sqlite(database)
        return await _examine_postgresql(database, settings, workers=workers)
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", None) or error
        cure = "Check DATABASE_URL (host, user, password, sslmode) and that the database runs and lets this machine in."
        return [broken("database", f"cannot be used ({without_secrets(str(reason))}).", cure)]
    finally:
        await database.close()


def _sqlite_file(settings: CloudSettings) -> Path | None:
    try:
        url = make_url(normalise_url(settings.database_url, data_dir=settings.data_dir)[0])
    except (ValueError, SQLAlchemyError):
        return None
    return Path(url.database or "") if url.drivername.startswith("sqlite") else None


async def _examine_sqlite(database: Database) -> list[Finding]:
    async with database.begin(is_read=True) as connection:
        current = await connection.run_sync(is_current)
    words = f"SQLite at {make_url(database.url).database}."
    kept = fine("migrations", "current.") if current else fine("migrations", "will be made at the next start.")
    return [fine("database", words), kept]


async def _examine_postgresql(database: Database, settings: CloudSettings, *, workers: int) -> list[Finding]:
    async with database.begin(is_read=True) as connection:
        findings = [await _version(connection), _way(database)]
        findings.append(await _clock(connection))
        findings.append(await _connections(connection, workers=workers, pool_size=settings.pool_size))
        current = await _migrations(connection)
        findings.append(current)
    if not current.cure:
        async with database.begin(is_read=True) as connection:
            findings += await _role(connection, is_strict=settings.mode is Mode.PRODUCTION)
        findings.append(await _owner(database, is_strict=settings.mode is Mode.PRODUCTION))
        findings.append(await _news(database, workers=workers))
    return findings


async def _news(database: Database, *, workers: int) -> Finding:
    """Whether what one worker tells reaches the others: a pooler in ``DATABASE_DIRECT_URL`` swallows it in silence."""
    heard = asyncio.Event()
    cure = "Set DATABASE_DIRECT_URL to an address past any pooler: LISTEN needs a connection of its own."
    try:
        listening = await database.listening_connection()
        try:
            await listening.add_listener(NEWS_CHANNEL, lambda *_: heard.set())
            async with database.begin() as connection:
                await connection.execute(text("SELECT pg_notify(:c, '')"), {"c": NEWS_CHANNEL})
            await asyncio.wait_for(heard.wait(), NEWS_S)
        finally:
            await listening.close(timeout=2)
    except (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        words = f"what one worker tells does not reach the others ({type(error).__name__}): no live figures, no stills."
        return broken("news", words, cure) if workers > 1 else warned("news", words, cure)
    return fine("news", "what one worker tells reaches the others.")


async def _version(connection: AsyncConnection) -> Finding:
    number = int((await connection.execute(text("SHOW server_version_num"))).scalar_one())
    words = f"PostgreSQL {number // 10000}.{number % 10000}."
    if number < OLDEST_POSTGRESQL:
        return broken("database", words, "Use PostgreSQL 14 or newer.")
    return fine("database", words)


def _way(database: Database) -> Finding:
    """Whether somebody on the way could read along."""
    url = make_url(database.url)
    host = str(url.query.get("host") or url.host or "")
    if judgements.is_near(host) or database.app_ssl_mode in ("require", "verify-ca", "verify-full"):
        return fine("way to it", f"{'near' if judgements.is_near(host) else 'encrypted'}.")
    return broken("way to it", f"passwords and figures travel to {host} unprotected.", "Add ?sslmode=require.")


async def _clock(connection: AsyncConnection) -> Finding:
    before = utc_now()
    theirs = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    after = utc_now()
    offset_s = (theirs - before - (after - before) / 2).total_seconds()
    return judgements.judge_clock("the database", offset_s=offset_s)


async def _connections(connection: AsyncConnection, *, workers: int, pool_size: int) -> Finding:
    query = text(
        "SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int, "
        "(SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user), (SELECT sum(numbackends) FROM pg_stat_database)"
    )
    total, reserved, of_role, used = (await connection.execute(query)).one()
    limit = judgements.ConnectionLimit(total=total, reserved=reserved, of_role=of_role, used=int(used))
    return judgements.judge_connections(limit, workers=workers, pool_size=pool_size)


async def _migrations(connection: AsyncConnection) -> Finding:
    if not await connection.run_sync(is_current):
        return broken("migrations", "the schema is not current.", _MIGRATE)
    stale = select(col(ServerState.value)).where(col(ServerState.name) == STALE)
    if (await connection.execute(stale)).first() is not None:
        return broken("migrations", "figures are to be made anew.", _MIGRATE)
    return fine("migrations", "current.")


async def _role(connection: AsyncConnection, *, is_strict: bool) -> list[Finding]:
    try:
        await check_row_security(connection, is_strict=True)
    except RowSecurityError as error:
        words, _, cure = str(error).partition(". ")
        return [broken("role", f"{words}.", cure) if is_strict else warned("role", f"{words}.", cure)]
    name, owns = (await connection.execute(_OWNS)).one()
    if not owns:
        return [fine("role", f"'{name}' is plain, and row-level security stands on every table.")]
    words = f"'{name}' owns the tables: it may switch row-level security off."
    cure = "Make a plain role: wink-cloud create-app-role wink_app; use it in DATABASE_URL, this one in DATABASE_DIRECT_URL."
    return [broken("role", words, cure) if is_strict else warned("role", words, cure)]


async def _owner(database: Database, *, is_strict: bool) -> Finding:
    cure = "Set DATABASE_DIRECT_URL to the owner's address, past any pooler: migrations, upkeep and backups need it."
    try:
        async with database.begin(is_read=True, is_direct=True) as connection:
            name, owns = (await connection.execute(_OWNS)).one()
    except (OSError, SQLAlchemyError) as error:
        reason = without_secrets(str(getattr(error, "orig", None) or error))
        return broken("owner", f"DATABASE_DIRECT_URL cannot be used ({reason}).", cure)
    if owns:
        return fine("owner", f"'{name}' owns the tables.")
    words = f"'{name}' does not own the tables: upkeep and migrations fail."
    return broken("owner", words, cure) if is_strict else warned("owner", words, cure)


_OWNS = text(
    "SELECT current_user::text, coalesce((SELECT pg_has_role(current_user, c.relowner, 'USAGE') FROM pg_class c "
    "WHERE c.relname = 'events' AND c.relnamespace = current_schema()::regnamespace), false)"
)

"""The key that signs log-ins: the same in all workers, or a log-in at one would be nobody at the next."""

from __future__ import annotations

import os
import secrets

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from cloud_api.kit.database import Database, insert_for
from cloud_api.models import ServerState
from cloud_api.settings import CloudSettings, Mode

MIN_LENGTH = 32
_NAME = "signing_key"


class SigningKeyError(RuntimeError):
    """There is no key to sign with, or it is too weak."""


async def signing_key(settings: CloudSettings, database: Database) -> str:
    """The key: as set; else from a file (SQLite) or the database (PostgreSQL), where it is made at first use.

    Raises:
        SigningKeyError: it is too short; or production on PostgreSQL, and none is set.
    """
    given = settings.secret_key.get_secret_value()
    if given:
        if len(given) < MIN_LENGTH:
            raise SigningKeyError(f"WINK_SECRET_KEY is too short; use at least {MIN_LENGTH} random characters.")
        return given
    if database.is_sqlite:
        return _from_file(settings)
    if settings.mode is Mode.PRODUCTION:
        raise SigningKeyError(
            "WINK_SECRET_KEY is not set. Several workers must sign log-ins with one key: make one with "
            "'openssl rand -base64 48' and give it to all of them."
        )
    async with database.begin() as connection:
        return await _from_database(connection)


def _from_file(settings: CloudSettings) -> str:
    path = settings.data_dir / "secret.key"
    if not path.is_file():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


async def _from_database(connection: AsyncConnection) -> str:
    # Of several workers that start at once, the first one's key stands.
    made = insert_for(connection)(ServerState).values(name=_NAME, value=secrets.token_urlsafe(48))
    await connection.execute(made.on_conflict_do_nothing())
    found = await connection.execute(select(col(ServerState.value)).where(col(ServerState.name) == _NAME))
    return str(found.scalar_one())

"""The caretaker's round in a server that runs: upkeep, now and every few hours, by one worker at a time."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import AbstractAsyncContextManager

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloud_api.kit.background import beside
from cloud_api.kit.database import Database
from cloud_api.maintenance.upkeep import upkeep
from cloud_api.models.base import utc_now
from cloud_api.tenancy.transactions import maintenance

log = logging.getLogger(__name__)
EVERY_S = 6 * 3600.0
_LOCK = 0x57494E4B
"""The advisory lock of whoever is on the round ("WINK")."""


class Round:
    """A background task."""

    def __init__(self, database: Database, *, retention_days: int) -> None:
        self._database = database
        self._retention_days = retention_days

    def running(self) -> AbstractAsyncContextManager[None]:
        """While the block lasts."""
        return beside(self._go())

    async def _go(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S * random.uniform(0.9, 1.1))  # noqa: S311 - not a secret

    async def once(self) -> None:
        """One round, unless somebody else is on it."""
        try:
            async with maintenance(self._database) as connection:
                if not self._database.is_sqlite:
                    taken = await connection.execute(text("SELECT pg_try_advisory_xact_lock(:k)"), {"k": _LOCK})
                    if not taken.scalar_one():
                        return
                done = await upkeep(connection, now=utc_now(), retention_days=self._retention_days)
            log.info("upkeep: %s", done.words())
        except (DBAPIError, OSError) as error:
            log.error("upkeep failed (%s); is DATABASE_DIRECT_URL the owner's?", type(error).__name__)

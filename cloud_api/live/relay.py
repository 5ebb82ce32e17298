"""Carries news of changed figures between workers, by PostgreSQL's LISTEN and NOTIFY."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloud_api.kit.background import beside
from cloud_api.kit.database import Database
from cloud_api.live.broadcaster import Broadcaster

log = logging.getLogger(__name__)
CHANNEL = "wink_figures"
GATHER_S = 0.1
MAX_IDS = 150
"""Per notice: a payload ends at 8,000 bytes."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 15.0


class Relay:
    """One per worker. What is published here is told to the others; what they publish is told here.

    Notices are gathered for a moment and sent on their own, not in the transactions of uploads: transactions that
    notify wait for each other when they commit.
    """

    def __init__(self, database: Database, broadcaster: Broadcaster) -> None:
        self._database = database
        self._broadcaster = broadcaster
        self._own_name = secrets.token_hex(4)

    def running(self) -> AbstractAsyncContextManager[None]:
        """While the block lasts."""
        return beside(self._send_for_ever(), self._listen_for_ever())

    async def _send_for_ever(self) -> None:
        while True:
            ids = sorted(await self._broadcaster.outgoing())
            try:
                async with self._database.begin() as connection:
                    for start in range(0, len(ids), MAX_IDS):
                        told = json.dumps([self._own_name, *(str(i) for i in ids[start : start + MAX_IDS])])
                        await connection.execute(text("SELECT pg_notify(:c, :t)"), {"c": CHANNEL, "t": told})
            except (DBAPIError, OSError) as error:
                log.info("other workers were not told of new figures: %s", type(error).__name__)
            await asyncio.sleep(GATHER_S)

    async def _listen_for_ever(self) -> None:
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                connection = await self._database.listening_connection()
            except (OSError, asyncpg.PostgresError) as error:
                log.info("not listening to other workers: %s", type(error).__name__)
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
                continue
            wait_s = _FIRST_WAIT_S
            await self._listen(connection)

    async def _listen(self, connection: asyncpg.Connection[Any]) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, self._hear)
            # What was told while nobody listened is lost: pages ask anew for what they show.
            self._broadcaster.everything_may_have_changed()
            while not lost.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), 30)
                    return
                await connection.execute("SELECT 1")  # a connection that is silently dead is noticed
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return
        finally:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await connection.close(timeout=2)

    def _hear(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        name, *ids = json.loads(str(payload))
        if name != self._own_name:
            for store_id in ids:
                self._broadcaster.tell_own(UUID(store_id))

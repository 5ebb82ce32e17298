"""Carries news between workers, by PostgreSQL's LISTEN and NOTIFY."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from typing import Any, Protocol

import asyncpg

from cloud_api.kit.background import beside
from cloud_api.kit.database import Database

log = logging.getLogger(__name__)
GATHER_S = 0.1
_NOTIFY = "SELECT count(pg_notify($1::text, t)) FROM unnest($2::text[]) AS t"
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 15.0


class Carried(Protocol):
    """A kind of news. A notice is a text of less than 8,000 bytes, with the few that the relay puts before it."""

    @property
    def channel(self) -> str:
        """Its name in the database."""

    async def notices(self) -> list[str]:
        """What the others are to be told; waits until there is something."""

    def hear(self, notice: str) -> None:
        """What another worker told."""

    def missed(self) -> None:
        """Something may have been told while nobody listened."""


class Relay:
    """One per worker. What is told here is brought to the others; what they tell is heard here.

    Notices are gathered for a moment and sent on their own, not in the transactions of uploads: transactions that
    notify wait for each other when they commit.
    """

    def __init__(self, database: Database, *carried: Carried) -> None:
        self._database = database
        self._carried = carried
        self._own_name = secrets.token_hex(4)

    def running(self) -> AbstractAsyncContextManager[None]:
        """While the block lasts."""
        return beside(*(self._send_for_ever(kind) for kind in self._carried), self._listen_for_ever())

    async def _send_for_ever(self, kind: Carried) -> None:
        while True:
            notices = await kind.notices()
            try:
                # Ten times a second while uploads come: past SQLAlchemy, which costs several times as much.
                told = [f"{self._own_name} {notice}" for notice in notices]
                await self._database.fetch_row_at_once(_NOTIFY, kind.channel, told)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                # The error's own words may hold what was told.
                log.info("other workers were not told by %s: %s", kind.channel, type(error).__name__)
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
            for kind in self._carried:
                await connection.add_listener(kind.channel, partial(self._hear, kind))
                kind.missed()
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

    def _hear(self, kind: Carried, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        name, _, notice = str(payload).partition(" ")
        if name != self._own_name:
            kind.hear(notice)

"""Who may write now, and who comes back later: live events go before backlog, and nobody waits long."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import StrEnum

from cloud_api.kit.errors import CloudError

LIVE_WITHIN = timedelta(minutes=10)
PATIENCE_S = 5.0
"""How long a live upload waits for its place."""
_SOONEST_S, _SPREAD_S = 3, 20


class BusyError(CloudError):
    """Come back later."""

    status = 429

    def __init__(self) -> None:
        super().__init__("The cloud is busy; the events are safe where they are.")
        # Spread, so that ten thousand stores that were sent away together do not come back together.
        self.retry_after_s = _SOONEST_S + secrets.randbelow(_SPREAD_S)


class Lane(StrEnum):
    """Live: something in the batch has just happened. Backlog: it is all old."""

    LIVE = "live"
    BACKLOG = "backlog"


def lane_of(newest: datetime | None, *, now: datetime) -> Lane:
    """The lane of a batch whose newest event happened at ``newest`` (None: it is empty, a sign of life)."""
    return Lane.LIVE if newest is None or now - newest < LIVE_WITHIN else Lane.BACKLOG


class Admission:
    """``places`` uploads write at once. Backlog may hold three quarters of them, and never waits.

    Live uploads wait, up to ``PATIENCE_S`` and up to four per place. Bodies are read only while there is room for
    them at all: what is sent away costs neither memory nor parsing.
    """

    def __init__(self, places: int) -> None:
        self._free = asyncio.Semaphore(places)
        self._backlog_places = max(1, places * 3 // 4)
        self._most_waiting = 4 * places
        self._most_inside = 8 * places
        self._backlog = 0
        self._waiting = 0
        self._inside = 0

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """While a body is read and judged.

        Raises:
            BusyError
        """
        if self._inside >= self._most_inside:
            raise BusyError
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def writing(self, lane: Lane) -> AsyncIterator[None]:
        """While a batch is written.

        Raises:
            BusyError
        """
        if lane is Lane.BACKLOG:
            async with self._backlog_place():
                yield
            return
        await self._wait()
        try:
            yield
        finally:
            self._free.release()

    @asynccontextmanager
    async def _backlog_place(self) -> AsyncIterator[None]:
        if self._free.locked() or self._waiting or self._backlog >= self._backlog_places:
            raise BusyError
        self._backlog += 1
        await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
            self._backlog -= 1

    async def _wait(self) -> None:
        if self._waiting >= self._most_waiting:
            raise BusyError
        self._waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), PATIENCE_S)
        except TimeoutError:
            raise BusyError from None
        finally:
            self._waiting -= 1

"""Tells open pages that figures of a store have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID


class Broadcaster:
    """Within one process. A listener that is slow gets the newest state once, not every step of it."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._is_closed = False

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """A listener, as long as the page is open."""
        listener = Listener()
        self._listeners.add(listener)
        if self._is_closed:
            listener.close()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def publish(self, store_id: UUID) -> None:
        """Figures of this store have changed."""
        for listener in self._listeners:
            listener.tell(store_id)

    def close(self) -> None:
        """End all listeners, so that the server can stop."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self._changed: set[UUID] = set()
        self._news = asyncio.Event()
        self._is_closed = False

    def tell(self, store_id: UUID) -> None:
        """Note a change."""
        self._changed.add(store_id)
        self._news.set()

    def close(self) -> None:
        """No more news."""
        self._is_closed = True
        self._news.set()

    async def changes(self, *, heartbeat_s: float) -> AsyncIterator[set[UUID]]:
        """Sets of changed stores as they come; an empty set as a sign of life."""
        while not self._is_closed:
            try:
                await asyncio.wait_for(self._news.wait(), heartbeat_s)
            except TimeoutError:
                yield set()
                continue
            self._news.clear()
            changed, self._changed = self._changed, set()
            if changed:
                yield changed

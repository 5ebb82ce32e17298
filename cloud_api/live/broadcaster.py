"""Tells open pages that figures of a store have changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

MAX_OUTGOING = 10_000


class Broadcaster:
    """Within one process; ``outgoing`` is for a relay to the others.

    A listener that is slow gets the newest state once, not every step of it.
    """

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._is_closed = False
        self._outgoing: set[UUID] = set()
        self._has_outgoing = asyncio.Event()

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
        """Figures of this store have changed: tell own pages at once, other workers' by the relay."""
        self.tell_own(store_id)
        if len(self._outgoing) < MAX_OUTGOING:
            self._outgoing.add(store_id)
            self._has_outgoing.set()

    def tell_own(self, store_id: UUID) -> None:
        """Tell the pages of this process."""
        for listener in self._listeners:
            listener.tell(store_id)

    def everything_may_have_changed(self) -> None:
        """Tell all pages to ask anew."""
        for listener in self._listeners:
            listener.tell_all()

    async def outgoing(self) -> set[UUID]:
        """Stores to tell the other workers of; waits until there are some."""
        await self._has_outgoing.wait()
        self._has_outgoing.clear()
        taken, self._outgoing = self._outgoing, set()
        return taken

    def close(self) -> None:
        """End all listeners, so that the server can stop."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self._changed: set[UUID] = set()
        self._is_all = False
        self._news = asyncio.Event()
        self._is_closed = False

    def tell(self, store_id: UUID) -> None:
        """Note a change."""
        self._changed.add(store_id)
        self._news.set()

    def tell_all(self) -> None:
        """Note that anything may have changed."""
        self._is_all = True
        self._news.set()

    def close(self) -> None:
        """No more news."""
        self._is_closed = True
        self._news.set()

    async def changes(self, *, heartbeat_s: float, visible: set[UUID]) -> AsyncIterator[set[UUID]]:
        """Sets of changed stores among ``visible`` as they come; an empty set as a sign of life."""
        while not self._is_closed:
            try:
                await asyncio.wait_for(self._news.wait(), heartbeat_s)
            except TimeoutError:
                yield set()
                continue
            self._news.clear()
            changed = visible if self._is_all else self._changed & visible
            self._changed, self._is_all = set(), False
            if changed:
                yield changed

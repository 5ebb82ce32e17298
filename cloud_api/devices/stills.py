"""Still pictures, for as long as somebody looks: asked for by pages, sent by laptops, held in memory alone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col

from cloud_api.kit.background import beside
from cloud_api.kit.errors import ConflictError, InvalidError
from cloud_api.models import Store
from cloud_api.models.base import utc_now
from cloud_api.tenancy.principal import ForbiddenError
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.stills import MAX_STILL_BYTES, MAX_STILL_PX

ASK_LIFE = timedelta(seconds=75)
"""After the last look; laptops ask every 30 s or so."""
STILL_LIFE = timedelta(minutes=2)
MOST_STILLS = 500
SWEEP_S = 10.0
_START_OF_FRAME = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG and when it came."""

    jpeg: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody looks at a camera."""

    store_id: UUID
    camera_id: str


@dataclass(frozen=True, slots=True)
class Came:
    """A still of a camera has come."""

    store_id: UUID
    camera_id: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Forgotten:
    """All of a store is to be dropped."""

    store_id: UUID


News = Asked | Came | Forgotten


class StillBox:
    """What this process holds. The oldest go first when there are too many.

    ``tell`` is given what other processes must hear of: each look and each switching off; a picture only while
    somebody looks at its camera through another process. They give it to their ``hear``.
    """

    def __init__(self, *, tell: Callable[[News], None] = lambda _news: None) -> None:
        self._tell = tell
        self._asked: OrderedDict[Key, datetime] = OrderedDict()
        self._asked_elsewhere: OrderedDict[Key, datetime] = OrderedDict()
        self._held: OrderedDict[Key, Still] = OrderedDict()

    def running(self) -> AbstractAsyncContextManager[None]:
        """While the block lasts, what is too old goes, also where nobody asks for it any more."""
        return beside(self._sweep_for_ever())

    def ask(self, store_id: UUID, camera_id: str, *, now: datetime) -> bool:
        """Somebody looks; whether nobody did just before."""
        key = (store_id, camera_id)
        is_new = not self._is_asked(key, now)
        _note(self._asked, key, now)
        self._tell(Asked(store_id, camera_id))
        return is_new

    def wanted(self, store_id: UUID, *, now: datetime) -> tuple[str, ...]:
        """Cameras of a store that somebody looks at."""
        keys = self._asked.keys() | self._asked_elsewhere.keys()
        return tuple(sorted(key[1] for key in keys if key[0] == store_id and self._is_asked(key, now)))

    def put(self, store_id: UUID, camera_id: str, jpeg: bytes, *, now: datetime) -> None:
        """Hold what a laptop sent.

        Raises:
            ConflictError: nobody looks (any more); InvalidError: it is no small JPEG.
        """
        key = (store_id, camera_id)
        if not self._is_asked(key, now):
            raise ConflictError(
                "Nobody looks at this camera; send a still only when a heartbeat's answer asks for one."
            )
        width, height = jpeg_size(jpeg)
        if len(jpeg) > MAX_STILL_BYTES or max(width, height) > MAX_STILL_PX:
            raise InvalidError(f"A still has at most {MAX_STILL_BYTES} bytes and {MAX_STILL_PX} pixels a side.")
        self._hold(key, Still(jpeg, now))
        if _is_fresh(self._asked_elsewhere, key, now):
            self._tell(Came(store_id, camera_id, jpeg))

    def get(self, store_id: UUID, camera_id: str, *, now: datetime) -> Still | None:
        """The newest, if it is new enough."""
        self.sweep(now=now)
        return self._held.get((store_id, camera_id))

    def forget(self, store_id: UUID) -> None:
        """Drop all of a store, at once, in all processes."""
        self._forget(store_id)
        self._tell(Forgotten(store_id))

    def hear(self, news: News, *, now: datetime) -> None:
        """What another process told."""
        match news:
            case Asked(store_id, camera_id):
                _note(self._asked_elsewhere, (store_id, camera_id), now)
            case Came(store_id, camera_id, jpeg):
                if self._is_asked((store_id, camera_id), now):
                    self._hold((store_id, camera_id), Still(jpeg, now))
            case Forgotten(store_id):
                self._forget(store_id)

    def sweep(self, *, now: datetime) -> None:
        """Drop what is too old, or too much."""
        for key in [k for k, still in self._held.items() if now - still.at > STILL_LIFE]:
            self._held.pop(key)
        while len(self._held) > MOST_STILLS:
            self._held.popitem(last=False)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep(now=utc_now())

    def _hold(self, key: Key, still: Still) -> None:
        self._held[key] = still
        self._held.move_to_end(key)
        self.sweep(now=still.at)

    def _forget(self, store_id: UUID) -> None:
        for kept in (self._asked, self._asked_elsewhere, self._held):
            for key in [k for k in kept if k[0] == store_id]:
                kept.pop(key)

    def _is_asked(self, key: Key, now: datetime) -> bool:
        return _is_fresh(self._asked, key, now) or _is_fresh(self._asked_elsewhere, key, now)


def _note(asked: OrderedDict[Key, datetime], key: Key, now: datetime) -> None:
    asked[key] = now
    asked.move_to_end(key)
    while len(asked) > MOST_STILLS:
        asked.popitem(last=False)


def _is_fresh(asked: OrderedDict[Key, datetime], key: Key, now: datetime) -> bool:
    asked_at = asked.get(key)
    return asked_at is not None and now - asked_at <= ASK_LIFE


def jpeg_size(body: bytes) -> tuple[int, int]:
    """Width and height, from its header alone.

    Raises:
        InvalidError: it is no JPEG.
    """
    place = 2
    while body[:2] == b"\xff\xd8" and place + 9 <= len(body) and body[place] == 0xFF:
        if body[place + 1] in _START_OF_FRAME:
            return int.from_bytes(body[place + 7 : place + 9]), int.from_bytes(body[place + 5 : place + 7])
        place += 2 + max(2, int.from_bytes(body[place + 2 : place + 4]))
    raise InvalidError("A still is a JPEG.")


class StillSwitches(ScopedRepository):
    """Stores whose cameras may be looked at. Off unless somebody who runs the store switched it on."""

    async def on(self) -> set[UUID]:
        """Those in scope."""
        rows = await self._connection.execute(self._select(Store, col(Store.id)).where(col(Store.has_stills).is_(True)))
        return {row[0] for row in rows}

    async def switch(self, store_id: UUID, *, is_on: bool) -> None:
        """Switch it."""
        query = self._update(Store).where(col(Store.id) == store_id)
        await self._connection.execute(query.values(has_stills=is_on))


def must_be_on(store_id: UUID, on: set[UUID]) -> None:
    """Refuse pictures of a store that did not agree.

    Raises:
        ForbiddenError
    """
    if store_id not in on:
        raise ForbiddenError("Stills are switched off for this store: Settings, Privacy.")

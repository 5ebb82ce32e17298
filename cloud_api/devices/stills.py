"""Still pictures, for as long as somebody looks: asked for by pages, sent by laptops, held in memory alone."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import col

from cloud_api.kit.errors import ConflictError, InvalidError
from cloud_api.models import Store
from cloud_api.tenancy.principal import ForbiddenError
from cloud_api.tenancy.scoped_repository import ScopedRepository
from shared_models.stills import MAX_STILL_BYTES, MAX_STILL_PX

ASK_LIFE = timedelta(seconds=75)
"""After the last look; laptops ask every 30 s or so."""
STILL_LIFE = timedelta(minutes=2)
MOST_STILLS = 500
_START_OF_FRAME = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
Key = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG and when it came."""

    jpeg: bytes
    at: datetime


class StillBox:
    """What this process holds. The oldest go first when there are too many."""

    def __init__(self) -> None:
        self._asked: OrderedDict[Key, datetime] = OrderedDict()
        self._held: OrderedDict[Key, Still] = OrderedDict()

    def ask(self, store_id: UUID, camera_id: str, *, now: datetime) -> bool:
        """Somebody looks; whether nobody did just before."""
        key = (store_id, camera_id)
        is_new = not self._is_asked(key, now)
        self._asked[key] = now
        self._asked.move_to_end(key)
        while len(self._asked) > MOST_STILLS:
            self._asked.popitem(last=False)
        return is_new

    def wanted(self, store_id: UUID, *, now: datetime) -> tuple[str, ...]:
        """Cameras of a store that somebody looks at."""
        return tuple(
            sorted(
                camera for store, camera in self._asked if store == store_id and self._is_asked((store, camera), now)
            )
        )

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
        self._held[key] = Still(jpeg, now)
        self._held.move_to_end(key)
        self.sweep(now=now)

    def get(self, store_id: UUID, camera_id: str, *, now: datetime) -> Still | None:
        """The newest, if it is new enough."""
        self.sweep(now=now)
        return self._held.get((store_id, camera_id))

    def forget(self, store_id: UUID) -> None:
        """Drop all of a store, at once."""
        for kept in (self._asked, self._held):
            for key in [k for k in kept if k[0] == store_id]:
                kept.pop(key)

    def sweep(self, *, now: datetime) -> None:
        """Drop what is too old, or too much."""
        for key in [k for k, still in self._held.items() if now - still.at > STILL_LIFE]:
            self._held.pop(key)
        while len(self._held) > MOST_STILLS:
            self._held.popitem(last=False)

    def _is_asked(self, key: Key, now: datetime) -> bool:
        asked_at = self._asked.get(key)
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

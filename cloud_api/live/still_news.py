"""News of stills for other workers: who is looked at, what has come, what is to be forgotten; as notices of PostgreSQL.

A notice is in the database's memory until all workers have read it, is in no table, no log of changes, no backup and
no replica. It holds 8,000 bytes at most: a picture goes in pieces.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections import OrderedDict
from uuid import UUID

from cloud_api.devices.stills import Asked, Came, Forgotten, News, StillBox
from cloud_api.models.base import utc_now

PIECE = 7_000
"""Letters of base64 in one notice."""
MOST_OUTGOING = 500
MOST_PARTLY = 50
"""Pictures of which some pieces have come."""
Told = tuple[str, ...]


def packed(news: News, *, picture: str) -> list[str]:
    """Notices of at most 8,000 bytes; ``picture``: what tells its pieces from those of others."""
    match news:
        case Asked(store_id, camera_id):
            return [json.dumps(["asked", str(store_id), camera_id])]
        case Forgotten(store_id):
            return [json.dumps(["forgotten", str(store_id)])]
        case Came(store_id, camera_id, jpeg):
            letters = base64.b64encode(jpeg).decode()
            pieces = [letters[start : start + PIECE] for start in range(0, len(letters), PIECE)]
            of = [str(store_id), camera_id, picture, len(pieces)]
            return [json.dumps(["came", *of, n, piece]) for n, piece in enumerate(pieces)]


class Unpacking:
    """Puts pieces together; those of a picture that never becomes whole are dropped for newer ones."""

    def __init__(self) -> None:
        self._partly: OrderedDict[str, dict[int, str]] = OrderedDict()

    def read(self, notice: str) -> News | None:
        """What it tells; None: the rest of a picture has yet to come."""
        match json.loads(notice):
            case ["asked", store_id, camera_id]:
                return Asked(UUID(store_id), camera_id)
            case ["forgotten", store_id]:
                return Forgotten(UUID(store_id))
            case ["came", store_id, camera_id, picture, n_pieces, n, piece]:
                jpeg = self._whole(picture, n_pieces, n, piece)
                return Came(UUID(store_id), camera_id, jpeg) if jpeg is not None else None
            case _:
                return None  # of a newer program, while workers are changed over

    def _whole(self, picture: str, n_pieces: int, n: int, piece: str) -> bytes | None:
        pieces = self._partly.setdefault(picture, {})
        pieces[n] = piece
        while len(self._partly) > MOST_PARTLY:
            self._partly.popitem(last=False)
        if len(pieces) < n_pieces:
            return None
        self._partly.pop(picture, None)
        return base64.b64decode("".join(pieces[i] for i in range(n_pieces)))


class StillNews:
    """Between a box and a relay: ``note`` is what the box tells by."""

    channel = "wink_stills"

    def __init__(self) -> None:
        self.box = StillBox(tell=self._note)
        self._outgoing: OrderedDict[Told, News] = OrderedDict()
        self._has_outgoing = asyncio.Event()
        self._unpacking = Unpacking()

    async def notices(self) -> list[str]:
        """What the others are to be told; waits until there is something."""
        await self._has_outgoing.wait()
        self._has_outgoing.clear()
        taken, self._outgoing = self._outgoing, OrderedDict()
        return [notice for news in taken.values() for notice in packed(news, picture=secrets.token_hex(6))]

    def hear(self, notice: str) -> None:
        """One of theirs."""
        news = self._unpacking.read(notice)
        if news is not None:
            self.box.hear(news, now=utc_now())

    def missed(self) -> None:
        """Something was told while nobody listened: pages look anew every ten seconds, so nothing is to be done."""

    def _note(self, news: News) -> None:
        # Of a camera only the newest look and the newest picture are worth telling.
        key: Told = (type(news).__name__, str(news.store_id), getattr(news, "camera_id", ""))
        self._outgoing.pop(key, None)
        self._outgoing[key] = news
        while len(self._outgoing) > MOST_OUTGOING:
            self._outgoing.popitem(last=False)
        self._has_outgoing.set()

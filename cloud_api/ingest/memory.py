"""What a worker remembers for seconds, so that an upload does not ask the database the same again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud_api.auth.credentials import digest_of
from cloud_api.devices.edge_keys import device_of
from cloud_api.kit.database import Database
from cloud_api.tenancy.principal import EdgePrincipal

KEY_LIFE_S = 20.0
"""A revoked key is refused by all workers within this time."""
CAMERA_LIFE_S = 60.0
MAX_ENTRIES = 20_000


class IngestMemory:
    """Edge keys and cameras that were known a moment ago. Bounded: what was noted first goes first."""

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._keys: OrderedDict[str, tuple[float, EdgePrincipal]] = OrderedDict()
        self._cameras: OrderedDict[tuple[UUID, str], tuple[float, datetime]] = OrderedDict()
        self._timezones: OrderedDict[UUID, str] = OrderedDict()

    async def device_of(self, database: Database, key: str) -> EdgePrincipal:
        """The laptop that speaks with ``key``.

        Raises:
            UnknownKeyError
        """
        digest = digest_of(key)
        noted = self._keys.get(digest)
        if noted is not None and self._now_s() - noted[0] < KEY_LIFE_S:
            return noted[1]
        self._keys.pop(digest, None)
        found = await device_of(database, key)
        self._keys[digest] = (self._now_s(), found)
        _bound(self._keys)
        return found

    def timezone_of(self, store_id: UUID) -> str:
        """The store's time zone, as it was last; to be checked by whoever writes by it."""
        return self._timezones.get(store_id, "UTC")

    def note_timezone(self, store_id: UUID, timezone: str) -> None:
        """It has this one."""
        self._timezones[store_id] = timezone
        _bound(self._timezones)

    def unknown_cameras(self, store_id: UUID, first_seen: Mapping[str, datetime]) -> set[str]:
        """Those that were not noted lately, or that saw before what was noted: backlog comes after what is live."""
        now_s = self._now_s()
        noted = {c: self._cameras.get((store_id, c)) for c in first_seen}
        return {c for c, n in noted.items() if n is None or now_s - n[0] >= CAMERA_LIFE_S or first_seen[c] < n[1]}

    def note_cameras(self, store_id: UUID, first_seen: Mapping[str, datetime]) -> None:
        """They are in the registry, as seen at these moments or before."""
        for camera_id, at in first_seen.items():
            self._cameras.pop((store_id, camera_id), None)
            self._cameras[store_id, camera_id] = (self._now_s(), at)
        _bound(self._cameras)


def first_seen(seen: Iterable[tuple[str, datetime]]) -> dict[str, datetime]:
    """When each camera saw first, of all that was seen as (camera, moment)."""
    found: dict[str, datetime] = {}
    for camera_id, at in seen:
        if camera_id not in found or at < found[camera_id]:
            found[camera_id] = at
    return found


def _bound(entries: OrderedDict[Any, Any]) -> None:
    while len(entries) > MAX_ENTRIES:
        entries.popitem(last=False)

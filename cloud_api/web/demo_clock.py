"""The demo's time: it stands still at the moment up to which its figures were made up."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col

from cloud_api.models import EdgeDevice
from cloud_api.tenancy.scoped_repository import ScopedRepository

MADE_UP = "demo"
"""The version of laptops that do not exist."""


class DemoClock(ScopedRepository):
    """Of an organisation that is marked as a demo."""

    async def stands_at(self) -> datetime | None:
        """When its made-up laptops were heard last; None: it has none, or a real one beside them, and time goes on."""
        query = self._select(EdgeDevice, col(EdgeDevice.version), col(EdgeDevice.last_seen_at))
        found = [(row[0], row[1]) for row in await self._connection.execute(query)]
        if not found or any(version != MADE_UP for version, _at in found):
            return None
        return max((at for _version, at in found if at is not None), default=None)

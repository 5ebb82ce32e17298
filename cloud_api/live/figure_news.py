"""News of changed figures for other workers."""

from __future__ import annotations

import json
from uuid import UUID

from cloud_api.live.broadcaster import Broadcaster

MAX_IDS = 150
"""Per notice, which ends at 8,000 bytes."""


class FigureNews:
    """Between a broadcaster and a relay."""

    channel = "wink_figures"

    def __init__(self, broadcaster: Broadcaster) -> None:
        self._broadcaster = broadcaster

    async def notices(self) -> list[str]:
        """Stores with new figures; waits until there are some."""
        ids = sorted(await self._broadcaster.outgoing())
        return [json.dumps([str(i) for i in ids[start : start + MAX_IDS]]) for start in range(0, len(ids), MAX_IDS)]

    def hear(self, notice: str) -> None:
        """Tell the pages of this process."""
        for store_id in json.loads(notice):
            self._broadcaster.tell_own(UUID(store_id))

    def missed(self) -> None:
        """Pages ask anew for what they show."""
        self._broadcaster.everything_may_have_changed()

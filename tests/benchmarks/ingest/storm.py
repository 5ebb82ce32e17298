"""A reconnect storm, simulated: all stores come back at once after two days, each with its backlog.

The clock is virtual; the rule is that of ``cloud_api.ingest.admission``, with its own constants. How long a batch
takes to write is what the benchmark measured.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from typing import Any

from cloud_api.ingest.admission import _SOONEST_S, _SPREAD_S, PATIENCE_S, Lane

BACKLOG_EVENTS = 2 * 3000
"""Two days of a store with about 1,500 visitors a day."""
BATCH = 500
LIVE_EVERY_S = 30.0


class Storm:
    """All workers together as one server with ``places``, and stores that come, wait and come again."""

    def __init__(self, *, stores: int, places: int, backlog_batch_s: float, live_batch_s: float, seed: int) -> None:
        self._source = random.Random(seed)
        self._places = places
        self._takes_s = {Lane.LIVE: live_batch_s, Lane.BACKLOG: backlog_batch_s}
        self._left = dict.fromkeys(range(stores), BACKLOG_EVENTS // BATCH)
        self._events: list[tuple[float, int, str, Lane, int]] = []
        self._busy = self._backlog = self._n = 0
        self._waiting: deque[tuple[float, int]] = deque()
        self.now_s = self.drained_s = 0.0
        self.waits_s: list[float] = []
        self.refused = dict.fromkeys(Lane, 0)
        for store in range(stores):
            self._at(self._source.uniform(0, 5), "asks", Lane.BACKLOG, store)
            self._at(self._source.uniform(0, LIVE_EVERY_S), "asks", Lane.LIVE, store)

    @property
    def is_drained(self) -> bool:
        return not self._left

    def run(self, *, limit_s: float) -> None:
        """Until nothing is left to come."""
        while self._events and self.now_s < limit_s:
            self.now_s, _, what, lane, store = heapq.heappop(self._events)
            if what == "asks":
                self._ask(lane, store)
            else:
                self._end(lane, store)

    def _ask(self, lane: Lane, store: int) -> None:
        if lane is Lane.LIVE:
            if self._busy < self._places:
                self._begin(lane, store, waited_s=0.0)
            elif len(self._waiting) < 4 * self._places:
                self._waiting.append((self.now_s, store))
            else:
                self._refuse(lane, store)
        elif self._busy < self._places and not self._waiting and self._backlog < max(1, self._places * 3 // 4):
            self._begin(lane, store, waited_s=0.0)
        else:
            self._refuse(lane, store)

    def _begin(self, lane: Lane, store: int, *, waited_s: float) -> None:
        self._busy += 1
        self._backlog += lane is Lane.BACKLOG
        if lane is Lane.LIVE:
            self.waits_s.append(waited_s)
        self._at(self.now_s + self._takes_s[lane], "ends", lane, store)

    def _end(self, lane: Lane, store: int) -> None:
        self._busy -= 1
        if lane is Lane.BACKLOG:
            self._backlog -= 1
            self._left[store] -= 1
            if self._left[store]:
                self._at(self.now_s, "asks", lane, store)
            else:
                del self._left[store]
                self.drained_s = self.now_s
        elif self._left:
            self._at(self.now_s + LIVE_EVERY_S, "asks", lane, store)
        while self._waiting and self._busy < self._places:
            since_s, waiter = self._waiting.popleft()
            if self.now_s - since_s > PATIENCE_S:
                self._refuse(Lane.LIVE, waiter)
            else:
                self._begin(Lane.LIVE, waiter, waited_s=self.now_s - since_s)

    def _refuse(self, lane: Lane, store: int) -> None:
        self.refused[lane] += 1
        # The answer's Retry-After (rounded up by a second), and a tenth that the laptop adds.
        wait_s = (_SOONEST_S + self._source.randrange(_SPREAD_S) + 1) * (1 + 0.1 * self._source.random())
        self._at(self.now_s + wait_s, "asks", lane, store)

    def _at(self, moment_s: float, what: str, lane: Lane, store: int) -> None:
        self._n += 1
        heapq.heappush(self._events, (moment_s, self._n, what, lane, store))


def storm(
    *,
    stores: int,
    places: int = 8,
    backlog_batch_s: float = 0.08,
    live_batch_s: float = 0.01,
    limit_s: float = 86_400.0,
) -> dict[str, Any]:
    """Let ``stores`` come back at once; how long live events wait meanwhile, and when the last backlog is in."""
    found = Storm(stores=stores, places=places, backlog_batch_s=backlog_batch_s, live_batch_s=live_batch_s, seed=1)
    found.run(limit_s=limit_s)
    waits = sorted(found.waits_s)
    return {
        "stores": stores, "places": places, "backlog_batch_ms": backlog_batch_s * 1000,
        "live_batch_ms": live_batch_s * 1000, "backlog_events": stores * BACKLOG_EVENTS,
        "is_drained": found.is_drained, "all_in_after_min": round(found.drained_s / 60, 1),
        "live_uploads": len(waits),
        "live_refused_share": round(found.refused[Lane.LIVE] / (len(waits) + found.refused[Lane.LIVE]), 4),
        "live_wait_p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "live_wait_p99_ms": round(1000 * waits[int(len(waits) * 0.99)], 1),
        "backlog_refused_per_batch": round(found.refused[Lane.BACKLOG] / (stores * BACKLOG_EVENTS / BATCH), 2),
    }  # fmt: skip

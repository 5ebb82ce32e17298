"""How often a password may be tried: per account and per address, forgetting with time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

FREE_TRIES = 5
WINDOW_S = 300.0
MAX_KEYS = 50_000


class Throttle:
    """Counts failures in this process. Bounded: the keys unused for longest go first."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic, free_tries: int = FREE_TRIES) -> None:
        self._now = now
        self._free_tries = free_tries
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, *keys: str) -> float:
        """Seconds until another try is allowed for all ``keys``; 0: now."""
        return max((self._wait_s(key) for key in keys), default=0.0)

    def failed(self, *keys: str) -> None:
        """Note a wrong password."""
        for key in keys:
            self._failures.setdefault(key, []).append(self._now())
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def forgive(self, key: str) -> None:
        """Take back the newest failure of ``key``: it was none."""
        if self._failures.get(key):
            self._failures[key].pop()

    def succeeded(self, *keys: str) -> None:
        """Forget failures."""
        for key in keys:
            self._failures.pop(key, None)

    def _wait_s(self, key: str) -> float:
        now = self._now()
        recent = [t for t in self._failures.get(key, []) if now - t < WINDOW_S]
        if key in self._failures:
            self._failures[key] = recent
        if len(recent) < self._free_tries:
            return 0.0
        return max(0.0, recent[-self._free_tries] + WINDOW_S - now)

"""Time-ordered identifiers (UUID version 7, RFC 9562 section 5.7)."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_COUNTER_BITS = 12
_COUNTER_MAX = (1 << _COUNTER_BITS) - 1


class Uuid7Factory:
    """Mints UUIDv7 values that never run backwards within one process.

    ``rand_a`` is a counter seeded at random in each millisecond (RFC 9562 section 6.2, method 1),
    so that events minted in one millisecond sort in the order in which they happened. A wall clock
    that is set back does not move new ids before old ones.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_ms = -1
        self._counter = 0

    def __call__(self) -> UUID:
        """Mint one id. Thread-safe."""
        with self._lock:
            unix_ms, counter = self._next_tick(time.time_ns() // 1_000_000)
        random_62 = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
        return UUID(int=(unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random_62)

    def _next_tick(self, now_ms: int) -> tuple[int, int]:
        if now_ms > self._last_ms:
            self._last_ms = now_ms
            # The top bit stays clear: room for 2,048 ids before the counter runs over.
            self._counter = int.from_bytes(os.urandom(2)) & (_COUNTER_MAX >> 1)
        elif self._counter < _COUNTER_MAX:
            self._counter += 1
        else:
            self._last_ms += 1
            self._counter = 0
        return self._last_ms, self._counter


uuid7 = Uuid7Factory()

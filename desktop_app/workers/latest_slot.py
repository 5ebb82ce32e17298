"""A place for one value: the newest wins. Frames travel through it; events never do."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Thread-safe. ``dropped`` counts values that were overwritten before anybody took them."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._value: T | None = None
        self.dropped = 0

    def put(self, value: T) -> None:
        """Replace what is there."""
        with self._condition:
            if self._value is not None:
                self.dropped += 1
            self._value = value
            self._condition.notify_all()

    def take(self, *, timeout_s: float = 0.0) -> T | None:
        """Take the value out, waiting up to ``timeout_s`` for one."""
        with self._condition:
            if self._value is None and timeout_s > 0:
                self._condition.wait(timeout_s)
            value, self._value = self._value, None
            return value

"""Ending an FFmpeg call that waits for a silent camera, from another thread, at once.

FFmpeg asks its interrupt callback about ten times a second while it waits. PyAV's callback knows a time limit only, and
offers no way to say "now".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av.container.core

_LEAP_S = 1e6


class _LeapingTime:
    """Stands where PyAV's container core has the module ``time``. In a thread whose call was cut its clock leaps on.

    WORKAROUND: PyAV (18.1) asks ``time.monotonic()`` in its interrupt callback, in the thread that waits, and gives up
    once that is past the call's limit. Each question leaps further, so that a limit that begins after the cut is past as
    well. A guard test fails should a release ask another clock; reads would then end by their timeout, after 5 s.
    """

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def monotonic(self) -> float:
        """The monotonic clock, or a moment ever further ahead for a call that was cut."""
        mine = self._of_thread
        cut: threading.Event | None = getattr(mine, "cut", None)
        if cut is None or not cut.is_set():
            return time.monotonic()
        mine.leapt_s = getattr(mine, "leapt_s", 0.0) + _LEAP_S
        return time.monotonic() + float(mine.leapt_s)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    @contextmanager
    def watching(self, cut: threading.Event) -> Iterator[None]:
        """FFmpeg calls of this thread end with ``av.error.ExitError`` as soon as ``cut`` is set."""
        before = getattr(self._of_thread, "cut", None)
        self._of_thread.cut = cut
        try:
            yield
        finally:
            self._of_thread.cut = before


_clock = _LeapingTime()
av.container.core.time = _clock  # type: ignore[attr-defined]  # no part of what PyAV promises
interruptible = _clock.watching

"""The clocks. Durations are measured with ``monotonic_s``; stamps are ``utc_now``."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """What everything that needs the time is given, so that tests can own it."""

    def utc_now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never runs backwards."""

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` (0 or less: not at all)."""


class SystemClock:
    """The machine's own clocks, as they are."""

    def utc_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


def _sleepless() -> Callable[[], float]:
    """A monotonic clock that goes on while the machine sleeps.

    Python's own stands still then on Linux and macOS: an hour with the lid closed would be no time at all, its gap would
    be missing, and the wall clock would seem to have been set by an hour.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":
        return partial(time.clock_gettime, time.CLOCK_MONOTONIC)
    return time.monotonic


class SteadyClock:
    """A UTC clock that a step of the wall clock does not carry away at once.

    UTC is an anchor plus monotonic time. A difference to the wall clock of up to ``slack_s`` is ordinary
    discipline (NTP) and followed. A larger one is a *step*: somebody set the clock. (Sleep is none: both clocks go on.)
    It is believed only after it has stood for ``settle_s``, so that setting the clock back and forth moves
    no event to another hour, while a clock that was wrong at boot is corrected for good.
    """

    def __init__(
        self,
        *,
        slack_s: float = 2.0,
        settle_s: float = 60.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = _sleepless(),
    ) -> None:
        self._slack_s = slack_s
        self._settle_s = settle_s
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._offset_s = wall() - monotonic()
        self._stepped_to_s: float | None = None
        self._stepped_at_s = 0.0

    def utc_now(self) -> datetime:
        with self._lock:
            mono_s = self._monotonic()
            self._follow(wall_offset_s=self._wall() - mono_s, mono_s=mono_s)
            return datetime.fromtimestamp(mono_s + self._offset_s, UTC)

    def monotonic_s(self) -> float:
        return self._monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)

    def _follow(self, *, wall_offset_s: float, mono_s: float) -> None:
        if abs(wall_offset_s - self._offset_s) <= self._slack_s:
            self._offset_s = wall_offset_s
            self._stepped_to_s = None
        elif self._stepped_to_s is None or abs(wall_offset_s - self._stepped_to_s) > self._slack_s:
            self._stepped_to_s, self._stepped_at_s = wall_offset_s, mono_s
        elif mono_s - self._stepped_at_s >= self._settle_s:
            self._offset_s = wall_offset_s
            self._stepped_to_s = None


class ManualClock:
    """A clock that moves only when told to: the fake that passes where a Clock is asked for."""

    def __init__(self, start: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._mono_s = 1000.0

    def utc_now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._mono_s

    def sleep(self, seconds: float) -> None:
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass on both clocks."""
        self._now += timedelta(seconds=seconds)
        self._mono_s += seconds

    def set_wall(self, moment: datetime) -> None:
        """Step the wall clock alone, as an owner or NTP does."""
        self._now = moment

"""How many seconds of each quarter of an hour each camera saw: blindness is never shown as zero.

Quarters, because the hours of many countries begin at half past, some at a quarter past, the hours of UTC.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_app.services.live_view import LiveView
from desktop_app.services.whole_files import read_json, set_aside, write_whole

log = logging.getLogger(__name__)

MAX_STEP_S = 3.0
"""A longer step between analysed frames is blindness."""
KEEP = timedelta(days=45)


_QUARTER = timedelta(minutes=15)
_QUARTERS = 96


def _slot(moment: datetime) -> tuple[str, int]:
    """The day of UTC and the quarter of it, from 0, that ``moment`` lies in."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d}", moment.hour * 4 + moment.minute // 15


def _beginning(day: str, quarter: int) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00+00:00") + quarter * _QUARTER


class CoverageJournal:
    """Seen seconds per camera and quarter of an hour, kept in a small file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._is_new = False
        self._since: dict[str, str] = {}
        self._seen_s: dict[str, dict[str, list[float]]] = {}
        self._load()

    def record(self, view: LiveView) -> None:
        """Take one analysed frame."""
        frame = view.frame
        with self._lock:
            step_s = frame.at_s - self._last.get(view.camera_id, frame.at_s)
            self._last[view.camera_id] = frame.at_s
            if 0.0 < step_s <= MAX_STEP_S:
                day, quarter = _slot(frame.captured_at)
                quarters = self._seen_s.setdefault(view.camera_id, {}).setdefault(day, [0.0] * _QUARTERS)
                quarters[quarter] += step_s
                self._is_new = True

    def seen_s(self, camera_id: str, start: datetime, end: datetime) -> float:
        """Seconds seen in the quarters of an hour that begin in [start, end); both aware."""
        with self._lock:
            days = self._seen_s.get(camera_id, {})
            seen_s = 0.0
            at = start
            while at < end:
                day, quarter = _slot(at)
                seen_s += days[day][quarter] if day in days else 0.0
                at += _QUARTER
            return seen_s

    def note_cameras(self, camera_ids: Iterable[str], *, now: datetime) -> None:
        """There are these cameras; one that nobody has heard of is there since now, or since it saw something."""
        with self._lock:
            for camera_id in camera_ids:
                if camera_id not in self._since:
                    begun = min(self._first_seen(camera_id) or now, now)
                    self._since[camera_id] = begun.astimezone(UTC).isoformat(timespec="seconds")
                    self._is_new = True

    def _first_seen(self, camera_id: str) -> datetime | None:
        days = self._seen_s.get(camera_id, {})
        for day in sorted(days):
            for quarter, seen_s in enumerate(days[day]):
                if seen_s > 0.0:
                    return _beginning(day, quarter)
        return None

    def forget(self, camera_id: str) -> None:
        """The camera is gone; one that will be called the same is another."""
        with self._lock:
            self._is_new = self._since.pop(camera_id, None) is not None or self._is_new
            self._is_new = self._seen_s.pop(camera_id, None) is not None or self._is_new

    def since(self, camera_id: str) -> datetime | None:
        """Since when there is this camera; None: nobody knows."""
        with self._lock:
            told = self._since.get(camera_id)
        return datetime.fromisoformat(told) if told else None

    def save(self, *, now: datetime) -> None:
        """Write what is new; days older than ``KEEP`` go. A full disk is told in the log and tried again later."""
        with self._lock:
            if not self._is_new:
                return
            oldest, _ = _slot(now - KEEP)
            self._seen_s = {
                camera: {day: quarters for day, quarters in days.items() if day >= oldest}
                for camera, days in self._seen_s.items()
            }
            rounded = {
                camera: {day: [round(s, 1) for s in quarters] for day, quarters in days.items()}
                for camera, days in self._seen_s.items()
            }
            text = json.dumps({"version": 2, "seen_s": rounded, "since": self._since}, separators=(",", ":"))
            self._is_new = False
        try:
            write_whole(self._path, text)
        except OSError as error:
            log.info("coverage was not written: %s", error)
            self._is_new = True

    def _load(self) -> None:
        try:
            values = read_json(self._path)
            if values is None:
                return
            self._since = {str(c): datetime.fromisoformat(at).isoformat() for c, at in values.get("since", {}).items()}
            read = _read_hours if values["version"] == 1 else _read_quarters
            self._seen_s = {str(c): read(seen) for c, seen in values["seen_s"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            self._since = {}
            log.error("%s was damaged; it is kept as %s", self._path.name, set_aside(self._path).name)


def _read_quarters(days: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    found = {}
    for day, quarters in days.items():
        _beginning(day, 0)  # a key that is no day is damage
        if len(quarters) != _QUARTERS:
            raise ValueError(f"{len(quarters)} quarters of an hour on {day}")
        found[day] = [float(s) for s in quarters]
    return found


def _read_hours(hours: Mapping[str, float]) -> dict[str, list[float]]:
    """The first form of the file knew hours of UTC: each is spread over its quarters evenly."""
    found: dict[str, list[float]] = {}
    for hour, seen_s in hours.items():
        day, quarter = _slot(datetime.fromisoformat(f"{hour}:00+00:00"))
        quarters = found.setdefault(day, [0.0] * _QUARTERS)
        quarters[quarter : quarter + 4] = [float(seen_s) / 4] * 4
    return found

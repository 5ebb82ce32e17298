"""How many seconds of each hour each camera saw: counted while it runs, so that blindness is never shown as zero."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_app.services.live_view import LiveView
from desktop_app.services.whole_files import read_json, set_aside, write_whole

log = logging.getLogger(__name__)

MAX_STEP_S = 3.0
"""A longer step between analysed frames is blindness."""
KEEP = timedelta(days=45)


def _hour(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H}"


class CoverageJournal:
    """Seen seconds per camera and UTC hour, kept in a small file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._is_new = False
        self._since: dict[str, str] = {}
        self._seen_s: dict[str, dict[str, float]] = {}
        self._load()

    def record(self, view: LiveView) -> None:
        """Take one analysed frame."""
        frame = view.frame
        with self._lock:
            step_s = frame.at_s - self._last.get(view.camera_id, frame.at_s)
            self._last[view.camera_id] = frame.at_s
            if 0.0 < step_s <= MAX_STEP_S:
                hours = self._seen_s.setdefault(view.camera_id, {})
                hour = _hour(frame.captured_at)
                hours[hour] = hours.get(hour, 0.0) + step_s
                self._is_new = True

    def seen_s(self, camera_id: str, *, hour_at: datetime) -> float:
        """Seconds seen in the UTC hour that ``hour_at`` lies in."""
        with self._lock:
            return self._seen_s.get(camera_id, {}).get(_hour(hour_at), 0.0)

    def note_cameras(self, camera_ids: Iterable[str], *, now: datetime) -> None:
        """There are these cameras; one that nobody has heard of is there since now, or since it saw something."""
        with self._lock:
            for camera_id in camera_ids:
                if camera_id not in self._since:
                    first = min(self._seen_s.get(camera_id, {}), default=None)
                    begun = datetime.fromisoformat(f"{first}:00+00:00") if first else now
                    self._since[camera_id] = min(begun, now).astimezone(UTC).isoformat(timespec="seconds")
                    self._is_new = True

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
        """Write what is new; hours older than ``KEEP`` go. A full disk is told in the log and tried again later."""
        with self._lock:
            if not self._is_new:
                return
            oldest = _hour(now - KEEP)
            self._seen_s = {
                camera: {hour: s for hour, s in hours.items() if hour >= oldest}
                for camera, hours in self._seen_s.items()
            }
            rounded = {c: {h: round(s, 1) for h, s in hours.items()} for c, hours in self._seen_s.items()}
            text = json.dumps({"version": 1, "seen_s": rounded, "since": self._since})
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
            self._seen_s = {
                str(c): {str(h): float(s) for h, s in hours.items()} for c, hours in values["seen_s"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            self._since = {}
            log.error("%s was damaged; it is kept as %s", self._path.name, set_aside(self._path).name)

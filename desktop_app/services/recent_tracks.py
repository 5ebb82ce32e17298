"""The last minutes of people as they were tracked: where feet went, and what a line drawn now would have counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.zone_engine import ZoneCount, ZoneEngine
from desktop_app.services.live_view import LiveView
from shared_models.geometry import Point, Size
from shared_models.zones import Zone

KEEP_S = 600.0
MAX_STEP_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    at_s: float
    captured_at: datetime
    size_wh: Size
    tracked: TrackedDetections


@dataclass(frozen=True, slots=True)
class FootPath:
    """Where one track's feet went.

    Attributes:
        points: normalised, oldest first.
        height: of the person, as a share of the frame's height, median over the path.
        is_cut: the feet were at the lower frame edge at some time, so they may not have been seen.
    """

    track_id: int
    points: tuple[Point, ...]
    height: float
    is_cut: bool


@dataclass(frozen=True, slots=True)
class TryOut:
    """What zones would have counted over the last ``span_s`` seconds."""

    span_s: float
    counts: tuple[ZoneCount, ...]


class RecentTracks:
    """Remembers about ten minutes per camera. Thread-safe: written by the engine's thread, read by screens."""

    def __init__(self, *, keep_s: float = KEEP_S) -> None:
        self._keep_s = keep_s
        self._seen: dict[str, deque[_Seen]] = {}
        self._lock = threading.Lock()

    def record(self, view: LiveView) -> None:
        """Take one analysed frame's people; the picture itself is not kept."""
        frame = view.frame
        with self._lock:
            seen = self._seen.setdefault(view.camera_id, deque())
            if seen and not 0.0 < frame.at_s - seen[-1].at_s <= self._keep_s:
                seen.clear()  # another film, or a clock of its own
            seen.append(_Seen(frame.at_s, frame.captured_at, frame.size_wh, view.tracked))
            while frame.at_s - seen[0].at_s > self._keep_s:
                seen.popleft()

    def span_s(self, camera_id: str) -> float:
        """How far back memory goes."""
        seen = self._copy(camera_id)
        return seen[-1].at_s - seen[0].at_s if seen else 0.0

    def paths(self, camera_id: str) -> list[FootPath]:
        """Paths of confirmed tracks, oldest first."""
        raw: dict[int, list[tuple[Point, float, bool]]] = {}
        for seen in self._copy(camera_id):
            width, height = seen.size_wh
            tracked = seen.tracked
            for (left, top, right, bottom), track_id, sure in zip(
                tracked.xyxy.tolist(), tracked.tracker_id.tolist(), tracked.is_confirmed.tolist(), strict=True
            ):
                if sure:
                    feet = ((left + right) / 2 / width, min(1.0, bottom / height))
                    raw.setdefault(track_id, []).append((feet, (bottom - top) / height, bottom >= height * 0.994))
        return [_path(track_id, steps) for track_id, steps in raw.items()]

    def try_zones(self, camera_id: str, zones: Sequence[Zone]) -> TryOut | None:
        """Run the rules over what is remembered; None if nothing is. Takes up to a second: not in the window's thread."""
        seen = self._copy(camera_id)
        if not seen:
            return None
        engine = ZoneEngine(camera_id=camera_id, zones=zones, frame_wh=seen[-1].size_wh)
        for moment in seen:
            if moment.size_wh == seen[-1].size_wh:
                engine.update(moment.tracked, at_s=moment.at_s, occurred_at=moment.captured_at)
        engine.close(at_s=seen[-1].at_s, occurred_at=seen[-1].captured_at)
        return TryOut(seen[-1].at_s - seen[0].at_s, engine.counts())

    def _copy(self, camera_id: str) -> list[_Seen]:
        with self._lock:
            return list(self._seen.get(camera_id, ()))


def _path(track_id: int, steps: Sequence[tuple[Point, float, bool]]) -> FootPath:
    heights = sorted(height for _, height, _ in steps)
    return FootPath(
        track_id, tuple(p for p, _, _ in steps), heights[len(heights) // 2], any(cut for _, _, cut in steps)
    )

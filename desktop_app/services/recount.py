"""Counting again over kept foot paths: a line drawn today counts last month."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from desktop_app.domain.trajectory import Trajectory
from desktop_app.domain.walks import Sighting
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventDraft
from shared_models.geometry import Size
from shared_models.zones import Zone

MARK = {"recounted": True}
"""In the attributes of every event that a recount wrote."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The last frame that a run of the rules is known to have seen."""

    at_s: float
    occurred_at: datetime


def replayed(
    trajectories: Iterable[Trajectory], zones: Sequence[Zone], *, camera_id: str, frame_wh: Size, end: RunEnd | None
) -> Iterator[EventDraft]:
    """What the rules say of the foot paths of one run. ``end`` tells how long the camera saw after the last of them."""
    engine = ZoneEngine(camera_id=camera_id, zones=zones, frame_wh=frame_wh)
    at_s, occurred_at = 0.0, moment_of(0)
    for people in frames_of(trajectories):
        look = people[0].look
        at_s, occurred_at = look.at_ms / 1000, moment_of(look.stamp_ms)
        yield from engine.replay(people, at_s=at_s, occurred_at=occurred_at)
        engine.take_explanations()
        engine.take_paths()
    if end is not None and end.at_s > at_s:
        at_s, occurred_at = end.at_s, end.occurred_at
        yield from engine.replay([], at_s=at_s, occurred_at=occurred_at)
    yield from engine.close(at_s=at_s, occurred_at=occurred_at)


def frames_of(trajectories: Iterable[Trajectory]) -> Iterator[list[Sighting]]:
    """Sightings frame by frame, each frame's by track id. Paths are unpacked only when their time comes."""
    waiting = sorted(trajectories, key=lambda t: (t.first_frame, t.track_id))
    waiting.reverse()
    heap: list[tuple[int, int, int, list[Sighting]]] = []
    while waiting or heap:
        frame = min(heap[0][0] if heap else waiting[-1].first_frame, waiting[-1].first_frame if waiting else heap[0][0])
        while waiting and waiting[-1].first_frame <= frame:
            one = waiting.pop()
            heapq.heappush(heap, (one.first_frame, one.track_id, 0, one.sightings()))
        people: list[Sighting] = []
        while heap and heap[0][0] == frame:
            _, track_id, i, listed = heap[0]
            people.append(listed[i])
            if i + 1 < len(listed):
                heapq.heapreplace(heap, (listed[i + 1].look.frame, track_id, i + 1, listed))
            else:
                heapq.heappop(heap)
        yield people


def moment_of(stamp_ms: int) -> datetime:
    """The UTC moment of a stamp in milliseconds."""
    return datetime.fromtimestamp(stamp_ms / 1000, UTC)

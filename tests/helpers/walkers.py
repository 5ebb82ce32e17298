"""People as boxes, for tests of the rules: where somebody walks is written down, what is counted is asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, Size, to_norm
from shared_models.zones import LineZone, Zone

FRAME: Size = (1280, 720)
OPENED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WIDTH_PX, HEIGHT_PX = 80.0, 200.0


@dataclass(frozen=True)
class Person:
    """One box in one frame: feet (bottom centre) and size, clipped to the frame as a detector would."""

    track_id: int
    feet: Point
    height: float = HEIGHT_PX
    width: float = WIDTH_PX
    confirmed: bool = True

    def xyxy(self, frame_wh: Size) -> tuple[float, float, float, float]:
        x, y = self.feet
        return x - self.width / 2, y - self.height, x + self.width / 2, min(y, float(frame_wh[1]))


Frames = Sequence[Sequence[Person]]


def line(*points_px: Point, frame_wh: Size = FRAME, **fields: object) -> LineZone:
    return LineZone.model_validate({"zone_id": "door", "points": to_norm(points_px, frame_wh=frame_wh), **fields})


def boxes(people: Iterable[Person], *, frame_wh: Size = FRAME) -> TrackedDetections:
    listed = list(people)
    return TrackedDetections(
        np.array([p.xyxy(frame_wh) for p in listed], np.float32).reshape(-1, 4),
        np.full(len(listed), 0.9, np.float32),
        np.array([p.track_id for p in listed], np.int64),
        np.array([p.confirmed for p in listed], np.bool_),
    )


def run(
    frames: Frames,
    zones: Sequence[Zone],
    *,
    fps: float = 5.0,
    frame_wh: Size = FRAME,
    times: Sequence[float] | None = None,
) -> list[EventDraft]:
    """Everything that the rules say of these frames, the camera's stop included."""
    engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=frame_wh)
    drafts: list[EventDraft] = []
    at_s = 0.0
    for i, people in enumerate(frames):
        at_s = times[i] if times is not None else i / fps
        moment = OPENED_AT + timedelta(seconds=at_s)
        drafts += engine.update(boxes(people, frame_wh=frame_wh), at_s=at_s, occurred_at=moment)
    return drafts + engine.close(at_s=at_s, occurred_at=OPENED_AT + timedelta(seconds=at_s))


def in_out(drafts: Iterable[EventDraft], zone_id: str = "door") -> tuple[int, int]:
    types = [d.type for d in drafts if d.zone_id == zone_id]
    return types.count(EventType.FOOTFALL_IN), types.count(EventType.FOOTFALL_OUT)


def steps(start: Point, end: Point, count: int) -> list[Point]:
    """``count`` points from ``start`` to ``end``, both included."""
    return [
        (start[0] + (end[0] - start[0]) * i / (count - 1), start[1] + (end[1] - start[1]) * i / (count - 1))
        for i in range(count)
    ]


def walk(points: Iterable[Point], *, track_id: int = 1, height: float = HEIGHT_PX) -> list[list[Person]]:
    return [[Person(track_id, p, height, WIDTH_PX * height / HEIGHT_PX)] for p in points]

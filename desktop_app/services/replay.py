"""Replays: a film or a file of boxes through the same tracker and rules as a live camera, and a summary of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from desktop_app.domain.appearance import with_appearance
from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.mot_format import MotBox, MotError, MotFile, as_detections, as_tracked
from desktop_app.services.ports import CapturedFrame, Detector, SourceEnded, VideoSource
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Size
from shared_models.zones import Zone

REPLAY_CAMERA = "replay"
STARTED_AT = datetime(1970, 1, 1, tzinfo=UTC)
"""A replay has no clock of its own: its events are stamped by the film's time from here on."""
_STAYS = (EventType.DWELL, EventType.SHELF_INTERACTION, EventType.QUEUE_WAIT)
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class ReplayFrame:
    """One frame's people at its time in the film."""

    number: int
    at_s: float
    tracked: TrackedDetections


@dataclass(slots=True)
class ZoneSummary:
    """What a replay found in one zone."""

    in_count: int = 0
    out_count: int = 0
    dwell_s: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {"in": self.in_count, "out": self.out_count, "presences": len(self.dwell_s), "dwell_s": self.dwell_s}


def frames_of(source: VideoSource, *, every: int = 1) -> Iterator[CapturedFrame]:
    """Frames 1, 1 + every, ... of an open source until it ends."""
    while True:
        try:
            frame = source.read()
        except SourceEnded:
            return
        if frame.index % every == 0:
            yield frame


def detect_frames(
    source: VideoSource, detector: Detector, *, every: int = 1, progress: Progress
) -> Iterator[list[MotBox]]:
    """The boxes of each frame of an open source, without ids."""
    for frame in frames_of(source, every=every):
        progress(frame.index + 1)
        (found,) = detector.detect([frame.bgr()])
        yield _boxes(frame.index + 1, found.xyxy.tolist(), found.score.tolist(), [-1] * len(found))


def track_boxes(frames: Iterable[ReplayFrame]) -> list[MotBox]:
    """The boxes of all tracks that were confirmed at some time, from their first one on, in the order of frames."""
    by_track: dict[int, list[MotBox]] = {}
    confirmed: set[int] = set()
    for frame in frames:
        tracked = frame.tracked
        ids = tracked.tracker_id.tolist()
        for box in _boxes(frame.number, tracked.xyxy.tolist(), tracked.score.tolist(), ids):
            by_track.setdefault(box.track_id, []).append(box)
        confirmed.update(tracked.tracker_id[tracked.is_confirmed].tolist())
    return sorted((box for i in confirmed for box in by_track[i]), key=lambda box: (box.frame, box.track_id))


def track_source(
    source: VideoSource, detector: Detector, *, every: int = 1, progress: Progress
) -> Iterator[ReplayFrame]:
    """Detect and track an open source."""
    tracker = Tracker()
    first_s: float | None = None
    for frame in frames_of(source, every=every):
        progress(frame.index + 1)
        first_s = frame.at_s if first_s is None else first_s
        picture = frame.bgr()
        (found,) = detector.detect([picture])
        found = with_appearance(found, picture)
        at_s = frame.at_s - first_s
        yield ReplayFrame(frame.index + 1, at_s, tracker.update(found, at_s=at_s, frame_wh=frame.size_wh))


def track_file(boxes: MotFile, *, fps: float, frame_wh: Size, associate: bool, every: int = 1) -> Iterator[ReplayFrame]:
    """The frames of a file of boxes, by its own ids or, with ``associate``, by our tracker.

    Raises:
        MotError: ids are asked for that the file does not have.
    """
    if not associate and not boxes.has_ids:
        raise MotError("The file holds boxes without ids (-1); add --associate to have them linked.")
    tracker = Tracker()
    for number in range(1, boxes.last_frame + 1, every):
        listed = boxes.frames.get(number, [])
        at_s = (number - 1) / fps
        if associate:
            yield ReplayFrame(number, at_s, tracker.update(as_detections(listed), at_s=at_s, frame_wh=frame_wh))
        else:
            yield ReplayFrame(number, at_s, as_tracked(listed))


def count(frames: Iterable[ReplayFrame], zones: Sequence[Zone], *, frame_wh: Size) -> Iterator[EventDraft]:
    """Run the rules over ``frames``; everything they say, the end of the film included."""
    engine = ZoneEngine(camera_id=REPLAY_CAMERA, zones=zones, frame_wh=frame_wh)
    at_s = 0.0
    for frame in frames:
        at_s = frame.at_s
        yield from engine.update(frame.tracked, at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
        engine.take_paths()
    yield from engine.close(at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))


def summarise(drafts: Iterable[EventDraft], zones: Sequence[Zone]) -> dict[str, ZoneSummary]:
    """Figures per zone, zones without any event included."""
    summary = {zone.zone_id: ZoneSummary() for zone in zones}
    for draft in drafts:
        if draft.zone_id is None:
            continue
        zone = summary[draft.zone_id]
        if draft.type is EventType.FOOTFALL_IN:
            zone.in_count += 1
        elif draft.type is EventType.FOOTFALL_OUT:
            zone.out_count += 1
        elif draft.type in _STAYS and draft.value is not None:
            zone.dwell_s.append(draft.value)
    return summary


def _boxes(number: int, xyxy: list[list[float]], score: list[float], ids: list[int]) -> list[MotBox]:
    return [
        MotBox(number, track_id, left, top, right - left, bottom - top, sure)
        for (left, top, right, bottom), sure, track_id in zip(xyxy, score, ids, strict=True)
    ]

"""An audit's material: films counted by the rules, and the minutes of them that a person shall count."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from desktop_app.bootstrap.parts import open_detector, open_source
from desktop_app.bootstrap.past import drawn_zones, history_reader
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.audit import Audit, AuditBook, Mark, Window, choose, judge, windows_of
from desktop_app.services.ports import CapturedFrame, Detector, HistoryError, SourceEnded
from desktop_app.services.replay import STARTED_AT, track_source
from desktop_app.settings import EdgeSettings
from shared_models.clock import SystemClock
from shared_models.events import EventType
from shared_models.zones import CountedDirection, LineZone, Zone

_DIRECTION = {EventType.FOOTFALL_IN: CountedDirection.IN, EventType.FOOTFALL_OUT: CountedDirection.OUT}


@dataclass(frozen=True, slots=True)
class Material:
    """What a person is shown, and what the rules counted."""

    camera_id: str
    line: LineZone
    model: str
    windows: tuple[Window, ...]
    events: tuple[Mark, ...]

    def frames(self, window: Window) -> Iterator[tuple[float, CapturedFrame]]:
        """The frames of a window with their second of the film."""
        video = open_source(window.source, realtime=False)
        video.open()
        first_s: float | None = None
        try:
            while True:
                frame = video.read()
                first_s = frame.at_s if first_s is None else first_s
                at_s = frame.at_s - first_s
                if at_s >= window.end_s:
                    return
                if at_s >= window.start_s:
                    yield at_s, frame
        except SourceEnded:
            return
        finally:
            video.close()

    def judged(self, seen: Sequence[Window], keys: Sequence[Mark]) -> Audit:
        """The result, of the windows that a person saw to their end."""
        scores = judge(seen, keys=keys, events=self.events)
        return Audit(
            self.camera_id,
            self.line.zone_id,
            self.line.revision,
            self.model,
            SystemClock().utc_now(),
            tuple(seen),
            scores[CountedDirection.IN],
            scores[CountedDirection.OUT],
        )


def examine(
    camera_id: str,
    sources: Sequence[str],
    *,
    zone_id: str | None,
    config: Path | None,
    minutes: float,
    chance: random.Random,
    settings: EdgeSettings,
) -> Material:
    """Count the films and choose minutes of them.

    Raises:
        HistoryError: the camera or the line is not known.
        SourceError, DetectorError, ConfigError
    """
    zones = drawn_zones(history_reader(settings).runs(camera_id=camera_id), settings, config=config).get(camera_id, ())
    line = _line(camera_id, zones, zone_id)
    detector = open_detector(settings=settings)
    windows: list[Window] = []
    events: list[Mark] = []
    try:
        for source in sources:
            found, marks = _counted(source, detector, zones, line)
            windows += found
            events += marks
    finally:
        detector.close()
    chosen = tuple(choose(windows, minutes=minutes, chance=chance))
    return Material(camera_id, line, detector.name, chosen, tuple(events))


def keep(audit: Audit, *, settings: EdgeSettings) -> None:
    """Keep a result with the others."""
    AuditBook(settings.audits_path).add(audit)


def _line(camera_id: str, zones: Sequence[Zone], zone_id: str | None) -> LineZone:
    lines = {zone.zone_id: zone for zone in zones if isinstance(zone, LineZone)}
    if zone_id is None and len(lines) == 1:
        return next(iter(lines.values()))
    if zone_id is None or zone_id not in lines:
        known = ", ".join(lines) or "none"
        raise HistoryError(f"Name one line of camera '{camera_id}' with --zone; it has: {known}. A new one: --config.")
    return lines[zone_id]


def _counted(source: str, detector: Detector, zones: Sequence[Zone], line: LineZone) -> tuple[list[Window], list[Mark]]:
    video = open_source(source, realtime=False)
    size = video.open()
    engine = ZoneEngine(camera_id="audit", zones=zones, frame_wh=size)
    marks: list[Mark] = []
    presences: list[tuple[float, float]] = []
    at_s = 0.0
    try:
        for frame in track_source(video, detector, progress=lambda _: None):
            at_s = frame.at_s
            drafts = engine.update(frame.tracked, at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
            marks += [
                Mark(source, (d.occurred_at - STARTED_AT).total_seconds(), _DIRECTION[d.type])
                for d in drafts
                if d.zone_id == line.zone_id and d.type in _DIRECTION
            ]
            presences += [(r.looks[0].at_ms / 1000, r.looks[-1].at_ms / 1000) for r in engine.take_paths()]
    finally:
        video.close()
    drafts = engine.close(at_s=at_s, occurred_at=STARTED_AT)
    marks += [
        Mark(source, (d.occurred_at - STARTED_AT).total_seconds(), _DIRECTION[d.type])
        for d in drafts
        if d.zone_id == line.zone_id and d.type in _DIRECTION
    ]
    presences += [(r.looks[0].at_ms / 1000, r.looks[-1].at_ms / 1000) for r in engine.take_paths()]
    return windows_of(source, length_s=at_s, presences=presences), marks

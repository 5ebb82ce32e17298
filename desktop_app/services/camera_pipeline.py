"""One camera's way from boxes to events: track, count, and into the outbox before anybody sees them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from desktop_app.domain.appearance import with_appearance
from desktop_app.domain.detections import Detections
from desktop_app.domain.furniture import FurnitureWatch
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneCount, ZoneEngine
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import CapturedFrame, EventSink, History, HistoryPage, OutboxError, RunProgress
from desktop_app.services.running_figures import CountedSince, Days, RunningFigures
from desktop_app.services.store_times import laptops_time
from shared_models.cameras import Camera, Rotation
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, Size
from shared_models.zones import Zone

log = logging.getLogger(__name__)

RETRY_S = 2.0
"""How often events that wait in memory are tried again."""
KEEP_EVERY_S = 10.0
"""How often explanations and foot paths are handed in."""
KEEP_SOON_S = 1.0
"""The same after something was counted: an owner may ask at once why."""
MAX_UNSAVED = 100_000
"""Drafts kept in memory while the outbox takes none: days of a busy door."""


@dataclass(slots=True)
class _Analysis:
    """What belongs to one frame size; a camera that comes back at another one gets a new one."""

    frame_wh: Size
    camera: Camera
    tracker: Tracker
    engine: ZoneEngine
    furniture: FurnitureWatch = field(default_factory=FurnitureWatch)


class CameraPipeline:
    """Tracker and rules of one camera. Thread-safe: frames come from one thread, gaps from another.

    Args:
        camera_id: as in events.
        camera_for: gives the camera with normalised zones, once its frame size is known; may raise ConfigError.
        sink: takes events together with the counters.
        history: takes explanations and foot paths.
        days: when figures begin anew, asked at every frame.
        counted_since: what the events say of this camera, for figures that were kept by other days.
        rotation: how the camera's picture is turned; foot paths are of one rotation.
    """

    def __init__(
        self,
        camera_id: str,
        *,
        camera_for: Callable[[Size], Camera],
        sink: EventSink,
        history: History | None = None,
        days: Callable[[], Days] = laptops_time,
        counted_since: CountedSince | None = None,
        rotation: Rotation = 0,
    ) -> None:
        self.camera_id = camera_id
        self._camera_for = camera_for
        self._sink = sink
        self._history = history
        self._kept_s = float("-inf")
        self._has_news = False
        self._rotation = rotation
        self._running = RunningFigures(camera_id, days=days, load=sink.load_counters, counted_since=counted_since)
        self._tried_s = 0.0
        self._lock = Lock()
        self._analysis: _Analysis | None = None
        self._unsaved: list[EventDraft] = []
        self._last_at: tuple[float, datetime] | None = None
        self._final_counts: tuple[ZoneCount, ...] = ()

    def process(self, frame: CapturedFrame, detections: Detections) -> LiveView:
        """Track and count one frame.

        Raises:
            ConfigError: the zones do not fit the camera's picture.
        """
        with self._lock:
            analysis = self._analysis_for(frame)
            self._running.advance(analysis.engine, frame.captured_at, unsaved=self._unsaved)
            seen = with_appearance(detections, frame.bgr()) if len(detections) else detections
            tracked = analysis.tracker.update(seen, at_s=frame.at_s, frame_wh=frame.size_wh)
            drafts = analysis.engine.update(tracked, at_s=frame.at_s, occurred_at=frame.captured_at)
            analysis.furniture.observe(detections, at_s=frame.at_s)
            self._last_at = (frame.at_s, frame.captured_at)
            if drafts or (self._unsaved and frame.at_s - self._tried_s >= RETRY_S):
                self._tried_s = frame.at_s
                self._save(drafts)
            self._has_news = self._has_news or bool(drafts)
            if not 0 <= frame.at_s - self._kept_s < (KEEP_SOON_S if self._has_news else KEEP_EVERY_S):
                self._keep(analysis, run_at=analysis.engine.run_at)
            engine = analysis.engine
            return LiveView(
                self.camera_id, frame, tracked, analysis.camera.zones, engine.counts(), engine.is_busy_at_a_line
            )

    def record_gap(self, *, ended_at: datetime, duration_s: float, reason: str) -> None:
        """Note that the camera could not see for ``duration_s`` until ``ended_at`` (UTC)."""
        draft = EventDraft(
            type=EventType.CAMERA_GAP,
            camera_id=self.camera_id,
            occurred_at=ended_at,
            value=round(max(0.0, duration_s), 3),
            attributes={"reason": reason},
        )
        with self._lock:
            self._save([draft])

    def counts(self) -> tuple[ZoneCount, ...]:
        """Today's figures per zone; empty before the first frame, the last ones after ``close``."""
        with self._lock:
            return self._analysis.engine.counts() if self._analysis else self._final_counts

    def furniture(self) -> tuple[tuple[Point, ...], ...]:
        """Areas, in pixels, around what has not moved for minutes and lies in no ``ignore`` area yet."""
        with self._lock:
            if self._analysis is None:
                return ()
            analysis = self._analysis
            found = [f for f in analysis.furniture.found() if not analysis.engine.is_ignored(f.feet_px)]
            return tuple(f.ignore_area(frame_wh=analysis.frame_wh) for f in found)

    def apply_zones(self, zones: Sequence[Zone]) -> None:
        """An owner edited the zones: what is open is closed under the old revision, then the new zones count.

        Before the first frame there is nothing to change: ``camera_for`` will be asked.
        """
        with self._lock:
            analysis = self._analysis
            if analysis is None or self._last_at is None:
                return
            at_s, occurred_at = self._last_at
            drafts = analysis.engine.replace_zones(zones, at_s=at_s, occurred_at=occurred_at)
            analysis.camera = analysis.camera.model_copy(update={"zones": tuple(zones)})
            self._save(drafts)

    def follow_recount(self) -> None:
        """The camera's past was counted anew: the running figures follow now, not only at the next look for it."""
        with self._lock:
            if self._analysis is None:
                return
            self._running.follow_recount(self._analysis.engine, self._unsaved)
            try:
                self._sink.append([], counters=self._counters())
            except OutboxError as error:
                log.info("the new figures are kept with the next event: %s", error)

    def close(self) -> None:
        """Cut open presences at the last frame seen and save what is left."""
        with self._lock:
            if self._analysis is not None and self._last_at is not None:
                self._save(self._cut(self._analysis))
                self._final_counts = self._analysis.engine.counts()
                self._analysis = None

    def _analysis_for(self, frame: CapturedFrame) -> _Analysis:
        current = self._analysis
        if current is not None and current.frame_wh == frame.size_wh:
            return current
        if current is not None:
            self._save(self._cut(current))
        camera = current.camera if current is not None else self._camera_for(frame.size_wh)
        engine = ZoneEngine(camera_id=self.camera_id, zones=camera.zones, frame_wh=frame.size_wh)
        if current is not None:
            engine.restore_counters(current.engine.saved_counters())
        self._analysis = _Analysis(frame.size_wh, camera, Tracker(), engine)
        return self._analysis

    def _counters(self) -> dict[str, str]:
        return self._running.counters(self._analysis.engine) if self._analysis is not None else {}

    def _cut(self, analysis: _Analysis) -> list[EventDraft]:
        if self._last_at is None:
            return []
        at_s, occurred_at = self._last_at
        run_at = analysis.engine.run_at
        drafts = analysis.engine.close(at_s=at_s, occurred_at=occurred_at)
        self._keep(analysis, run_at=run_at, is_over=True)
        return drafts

    def _keep(self, analysis: _Analysis, *, run_at: datetime | None, is_over: bool = False) -> None:
        """Hand in what the rules say about themselves; nobody waits for it."""
        if self._last_at is None or run_at is None:
            return
        self._kept_s, last_at = self._last_at
        self._has_news = False
        explanations, paths = analysis.engine.take_explanations(), analysis.engine.take_paths()
        if self._history is None:
            return
        progress = RunProgress(
            self.camera_id,
            run_at,
            analysis.frame_wh,
            analysis.camera.zones,
            last_at + timedelta(milliseconds=1) if is_over else analysis.engine.paths_complete_until() or run_at,
            round(self._kept_s * 1000) / 1000,
            last_at,
            self._rotation,
        )
        self._history.put(HistoryPage(progress, tuple(explanations), tuple(paths)))

    def _save(self, drafts: Sequence[EventDraft]) -> None:
        waiting = [*self._unsaved, *drafts]
        if not waiting:
            return
        if self._analysis is not None:
            self._running.take(self._analysis.engine, drafts)
        try:
            self._sink.append(waiting, counters=self._counters())
        except OutboxError as error:
            if not self._unsaved:
                log.warning("events wait in memory: %s", error)
            # Heat maps go first, counts last.
            kept = [d for d in waiting if d.type is not EventType.HEATMAP]
            self._unsaved = kept[-MAX_UNSAVED:]
        else:
            self._unsaved = []


def remembered_size(sink: EventSink, *, camera_id: str, drawn_as: str) -> Size | None:
    """The frame size at which pixel zones were first read, if they are still drawn as ``drawn_as``.

    A camera that comes back at another resolution must not move a line that was written in pixels.
    """
    saved = sink.load_counters().get(f"frame/{camera_id}")
    if saved is None:
        return None
    value = json.loads(saved)
    if value["drawn_as"] != drawn_as:
        return None
    width, height = value["wh"]
    return int(width), int(height)


def remember_size(sink: EventSink, *, camera_id: str, drawn_as: str, frame_wh: Size) -> None:
    """Keep ``frame_wh`` for ``remembered_size``. A full disk only means that it is found out again."""
    try:
        sink.append([], counters={f"frame/{camera_id}": json.dumps({"drawn_as": drawn_as, "wh": frame_wh})})
    except OutboxError as error:
        log.info("frame size of %s not kept: %s", camera_id, error)

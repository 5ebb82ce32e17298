"""The running edge: all cameras, one detector, one outbox, one upload. Knows no Qt."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.config_document import ConfigError
from desktop_app.services.engine_view import CameraCondition, CameraStatus, CloudStatus, EngineStatus
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import CapturedFrame, Detector, VideoSource
from desktop_app.workers.camera_worker import CameraWorker, Gap
from desktop_app.workers.detector_worker import DetectorWorker
from desktop_app.workers.sync_worker import SyncWorker
from shared_models.clock import Clock
from shared_models.zones import Zone

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineCamera:
    """One camera's parts."""

    camera_id: str
    label: str
    target_fps: float
    source: VideoSource
    pipeline: CameraPipeline


class Engine:
    """Starts and stops everything, and answers screens (``EngineView``)."""

    def __init__(
        self, cameras: Sequence[EngineCamera], *, detector: Detector, sync: SyncWorker | None, clock: Clock
    ) -> None:
        self._cameras = {camera.camera_id: camera for camera in cameras}
        self._detector = detector
        self._sync = sync
        self._workers = {
            c.camera_id: CameraWorker(c.camera_id, c.source, clock=clock, on_gap=self._on_gap) for c in cameras
        }
        self._analysis = DetectorWorker(
            detector,
            {camera_id: worker.slot for camera_id, worker in self._workers.items()},
            target_fps={c.camera_id: c.target_fps for c in cameras},
            clock=clock,
            on_result=self._on_result,
        )
        self._views: dict[str, LiveView] = {}
        self._misdrawn: dict[str, str] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._lock = threading.Lock()
        self._final: EngineStatus | None = None

    def start(self) -> None:
        """Start all threads."""
        if self._sync is not None:
            self._sync.start()
        self._analysis.start()
        for worker in self._workers.values():
            worker.start()

    def stop(self, *, flush_s: float = 5.0) -> None:
        """Stop all threads: cameras first, then analysis; open presences are cut; what can be sent in time is sent."""
        for worker in self._workers.values():
            worker.ask_to_stop()
        for worker in self._workers.values():
            worker.stop()
        self._analysis.stop()
        for camera in self._cameras.values():
            camera.pipeline.close()
        self._final = self.status()
        if self._sync is not None:
            self._sync.stop(flush_s=flush_s)
        self._detector.close()

    def source_of(self, camera_id: str) -> VideoSource:
        """The source of one camera, for comparisons with its truth."""
        return self._cameras[camera_id].source

    @property
    def final_status(self) -> EngineStatus:
        """As ``status``, kept from the moment of the stop."""
        return self._final or self.status()

    @property
    def has_ended(self) -> bool:
        """All sources were films, and are over."""
        return all(worker.has_ended for worker in self._workers.values())

    def status(self) -> EngineStatus:
        """Everything at this moment."""
        return EngineStatus(tuple(self._camera_status(c) for c in self._cameras.values()), self._cloud_status())

    def latest(self, camera_id: str) -> LiveView | None:
        """The newest analysed frame with its overlay, or None before the first."""
        return self._views.get(camera_id)

    def on_view(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call ``callback(camera_id)`` at each new view; gives back how to unsubscribe."""
        with self._lock:
            self._listeners = [*self._listeners, callback]

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = [listener for listener in self._listeners if listener is not callback]

        return unsubscribe

    def apply_zones(self, camera_id: str, zones: Sequence[Zone]) -> None:
        """Count one camera by these zones from now on."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            camera.pipeline.apply_zones(zones)
            self._misdrawn.pop(camera_id, None)

    def _on_result(self, camera_id: str, frame: CapturedFrame, detections: Detections) -> None:
        try:
            self._views[camera_id] = self._cameras[camera_id].pipeline.process(frame, detections)
        except ConfigError as error:
            if camera_id not in self._misdrawn:
                log.warning("%s", error)
            self._misdrawn[camera_id] = "; ".join(m.words for m in error.mistakes)
            return
        for listener in self._listeners:
            listener(camera_id)

    def _on_gap(self, camera_id: str, gap: Gap) -> None:
        self._cameras[camera_id].pipeline.record_gap(
            ended_at=gap.ended_at, duration_s=gap.duration_s, reason=gap.reason
        )

    def _camera_status(self, camera: EngineCamera) -> CameraStatus:
        state = self._workers[camera.camera_id].state
        misdrawn = self._misdrawn.get(camera.camera_id)
        words = f"Its zones do not fit the picture: {misdrawn}" if misdrawn else (self._analysis.words or state.words)
        is_well = not misdrawn and not self._analysis.words
        return CameraStatus(
            camera.camera_id,
            camera.label,
            state.condition if is_well else CameraCondition.TROUBLE,
            words,
            state.since_at,
            self._analysis.rate(camera.camera_id),
            camera.pipeline.counts(),
        )

    def _cloud_status(self) -> CloudStatus:
        if self._sync is None:
            return CloudStatus(None, 0, 0, "No cloud: the store counts for itself.")
        state, depth = self._sync.state, self._sync.depth
        words = state.words or (f"{depth.pending} events wait." if depth.pending else "All events are in the cloud.")
        return CloudStatus(
            state.is_connected,
            depth.pending,
            depth.dead_letters,
            words,
            last_success_at=state.last_success_at,
            oldest_at=depth.oldest_at,
        )

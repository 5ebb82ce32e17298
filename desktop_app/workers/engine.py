"""The running edge: all cameras, one detector, one outbox, one upload. Knows no Qt."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.config_document import ConfigError
from desktop_app.services.engine_view import CameraCondition, CameraStatus, CloudStatus, EngineStatus
from desktop_app.services.input_size import InputSize
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import CapturedFrame, Detector, VideoSource
from desktop_app.workers.camera_worker import CameraWorker, Gap, stop_cameras
from desktop_app.workers.detector_worker import DetectorWorker
from desktop_app.workers.heartbeat_worker import BeatState, HeartbeatWorker
from desktop_app.workers.supervisor import Supervisor
from desktop_app.workers.sync_worker import SyncWorker
from desktop_app.workers.work_thread import WorkThread
from shared_models.clock import Clock
from shared_models.zones import Zone

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineCamera:
    """One camera's parts.

    Attributes:
        configuration: what it was made of, apart from its label, its rate and its input size: those can change while it
            runs. A camera whose configuration equals that of a running one is the same camera.
    """

    camera_id: str
    label: str
    target_fps: float
    source: VideoSource
    pipeline: CameraPipeline
    configuration: object = None
    input_size: InputSize = InputSize.AUTOMATIC

    def is_as(self, other: EngineCamera) -> bool:
        """Whether this one can go on as ``other`` without a restart."""
        return self is other or (self.configuration is not None and self.configuration == other.configuration)


class Engine:
    """Starts and stops everything, and answers screens (``EngineView``). A supervisor starts again what dies."""

    def __init__(
        self, cameras: Sequence[EngineCamera], *, detector: Detector, sync: SyncWorker | None, clock: Clock
    ) -> None:
        self._clock = clock
        self._cameras: dict[str, EngineCamera] = {}
        self._workers: dict[str, CameraWorker] = {}
        self._detector = detector
        self._sync = sync
        self._heartbeat: HeartbeatWorker | None = None
        self._analysis = DetectorWorker(detector, {}, target_fps={}, clock=clock, on_result=self._on_result)
        self._supervisor = Supervisor(self._threads, clock=clock)
        self._views: dict[str, LiveView] = {}
        self._misdrawn: dict[str, str] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._lock = threading.Lock()
        self._applying = threading.Lock()
        self._is_running = False
        self._final: EngineStatus | None = None
        for camera in cameras:
            self._add(camera)

    def start(self) -> None:
        """Start all threads."""
        with self._applying:
            self._is_running = True
            self._start_cloud()
            self._analysis.start()
            for worker in self._workers.values():
                worker.start()
            self._supervisor.start()

    def set_cloud(self, sync: SyncWorker | None, heartbeat: HeartbeatWorker | None) -> None:
        """Speak with another cloud, or with none, from now on; cameras are not disturbed. May wait for the network."""
        with self._applying:
            if self._is_running:
                self._stop_cloud(flush_s=0.0)
            self._sync, self._heartbeat = sync, heartbeat
            if self._is_running:
                self._start_cloud()

    @property
    def heartbeat(self) -> HeartbeatWorker | None:
        """What speaks with the cloud beside the events; None without a cloud."""
        return self._heartbeat

    def apply(self, cameras: Sequence[EngineCamera]) -> None:
        """Go on with these cameras. Those that run already with the same configuration are not disturbed, even if their
        label, rate or input size is another now; the others are stopped, their open presences cut, and started as they
        are now. May take as long as a camera takes to stop.
        """
        with self._applying:
            wanted = {camera.camera_id: camera for camera in cameras}
            kept = {i: c for i, c in self._cameras.items() if i in wanted and wanted[i].is_as(c)}
            self._remove([i for i in self._cameras if i not in kept])
            for camera in cameras:
                if camera.camera_id not in kept:
                    self._add(camera)
                    if self._is_running:
                        self._workers[camera.camera_id].start()
            self._cameras = {i: self._adjusted(self._cameras[i], camera) for i, camera in wanted.items()}

    def stop(self, *, flush_s: float = 5.0) -> None:
        """Stop all threads: cameras first, then analysis; open presences are cut; what can be sent in time is sent."""
        with self._applying:
            self._is_running = False
            self._supervisor.stop()
            stop_cameras(list(self._workers.values()))
            self._analysis.stop()
            for camera in self._cameras.values():
                camera.pipeline.close()
            self._final = self.status()
            self._stop_cloud(flush_s=flush_s)
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
        workers = self._workers
        cameras = [(c, workers[i]) for i, c in self._cameras.items() if i in workers]
        return EngineStatus(tuple(self._camera_status(c, worker) for c, worker in cameras), self._cloud_status())

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

    def follow_recount(self, camera_id: str) -> None:
        """A camera's past was counted anew: its running figures follow."""
        camera = self._cameras.get(camera_id)
        if camera is not None:
            camera.pipeline.follow_recount()

    def wake_sync(self) -> None:
        """Events were written by somebody else: the cloud should hear of them soon."""
        if self._sync is not None:
            self._sync.wake()

    def _start_cloud(self) -> None:
        if self._sync is not None:
            self._sync.start()
        if self._heartbeat is not None:
            self._heartbeat.start()

    def _stop_cloud(self, *, flush_s: float) -> None:
        if self._heartbeat is not None:
            self._heartbeat.stop()
        if self._sync is not None:
            self._sync.stop(flush_s=flush_s)

    def _add(self, camera: EngineCamera) -> None:
        worker = CameraWorker(camera.camera_id, camera.source, clock=self._clock, on_gap=self._on_gap)
        # Readers of these tables hold no lock: a table is replaced, never changed.
        self._workers = {**self._workers, camera.camera_id: worker}
        self._cameras = {**self._cameras, camera.camera_id: camera}
        self._analysis.add(camera.camera_id, worker.slot, fps=camera.target_fps, input_size=camera.input_size)

    def _adjusted(self, running: EngineCamera, wanted: EngineCamera) -> EngineCamera:
        if running.target_fps != wanted.target_fps:
            self._analysis.set_rate(running.camera_id, fps=wanted.target_fps)
        if running.input_size != wanted.input_size:
            self._analysis.set_input_size(running.camera_id, wanted.input_size)
        return replace(running, label=wanted.label, target_fps=wanted.target_fps, input_size=wanted.input_size)

    def _remove(self, camera_ids: Sequence[str]) -> None:
        stop_cameras([self._workers[camera_id] for camera_id in camera_ids])
        for camera_id in camera_ids:
            self._analysis.remove(camera_id)
            self._cameras[camera_id].pipeline.close()
            self._views.pop(camera_id, None)
            self._misdrawn.pop(camera_id, None)
        self._cameras = {i: c for i, c in self._cameras.items() if i not in camera_ids}
        self._workers = {i: w for i, w in self._workers.items() if i not in camera_ids}

    def _threads(self) -> list[WorkThread]:
        cloud = [worker.thread for worker in (self._sync, self._heartbeat) if worker is not None]
        return [*(worker.thread for worker in self._workers.values()), self._analysis.thread, *cloud]

    def _on_result(self, camera_id: str, frame: CapturedFrame, detections: Detections) -> bool:
        try:
            view = self._cameras[camera_id].pipeline.process(frame, detections)
        except ConfigError as error:
            if camera_id not in self._misdrawn:
                log.warning("%s", error)
            self._misdrawn[camera_id] = "; ".join(m.words for m in error.mistakes)
            return False
        self._views[camera_id] = view
        for listener in self._listeners:
            listener(camera_id)
        return view.is_busy_at_a_line

    def _on_gap(self, camera_id: str, gap: Gap) -> None:
        self._cameras[camera_id].pipeline.record_gap(
            ended_at=gap.ended_at, duration_s=gap.duration_s, reason=gap.reason
        )

    def _camera_status(self, camera: EngineCamera, worker: CameraWorker) -> CameraStatus:
        state = worker.state
        misdrawn = self._misdrawn.get(camera.camera_id)
        words = f"Its zones do not fit the picture: {misdrawn}" if misdrawn else (self._analysis.words or state.words)
        view = self._views.get(camera.camera_id)
        is_well = not misdrawn and not self._analysis.words
        return CameraStatus(
            camera.camera_id,
            camera.label,
            state.condition if is_well else CameraCondition.TROUBLE,
            words,
            state.since_at,
            self._analysis.rate(camera.camera_id),
            camera.pipeline.counts(),
            camera.pipeline.furniture(),
            state.reason,
            self._analysis.input_side(camera.camera_id),
            camera.target_fps,
            view.frame.size_wh if view is not None else None,
        )

    def _cloud_status(self) -> CloudStatus:
        if self._sync is None:
            return CloudStatus(None, 0, 0, "No cloud: the store counts for itself.")
        state, depth = self._sync.state, self._sync.depth
        beat = self._heartbeat.state if self._heartbeat is not None else BeatState()
        words = f"{depth.pending} events wait." if depth.pending else "All events are in the cloud."
        told = (state.is_connected, beat.is_heard)
        return CloudStatus(
            False if False in told else (True if True in told else None),
            depth.pending,
            depth.dead_letters,
            state.words or beat.words or words,
            last_success_at=state.last_success_at,
            oldest_at=depth.oldest_at,
            heard_at=beat.heard_at,
            clock_offset_s=beat.clock_offset_s,
            hides_people=beat.hides_people,
        )

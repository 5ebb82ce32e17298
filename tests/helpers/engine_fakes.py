"""An engine that shows what a test puts into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.engine_view import CameraCondition, CameraStatus, CloudStatus, EngineStatus
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import CapturedFrame
from shared_models.zones import LineZone

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def grey_view(camera_id: str, *, shade: int = 90, index: int = 0) -> LiveView:
    """A noisy grey picture with one person at (100..200, 50..300) of 640x360 and a line across."""
    noise = np.random.default_rng(1).integers(-40, 40, (360, 640, 3))
    image = np.clip(shade + noise, 0, 255).astype(np.uint8)
    tracked = TrackedDetections(
        np.array([[100, 50, 200, 300]], np.float32), np.ones(1, np.float32), np.ones(1, np.int64), np.ones(1, np.bool_)
    )
    line = LineZone(zone_id="door", points=((0.1, 0.9), (0.9, 0.9)))
    frame = CapturedFrame(index, NOW, float(index), (640, 360), lambda: image)
    return LiveView(camera_id, frame, tracked, (line,), (ZoneCount("door", "Door", 3, 2),))


class FakeEngineView:
    """Implements ``EngineView``."""

    def __init__(self, camera_ids: list[str]) -> None:
        self.conditions = dict.fromkeys(camera_ids, CameraCondition.LIVE)
        self.words = dict.fromkeys(camera_ids, "Live.")
        self.counts: dict[str, tuple[ZoneCount, ...]] = {}
        self.cloud = CloudStatus(True, 0, 0, "All events are in the cloud.")
        self.views: dict[str, LiveView] = {}
        self.listeners: list[Callable[[str], None]] = []

    def status(self) -> EngineStatus:
        cameras = tuple(
            CameraStatus(i, f"Camera {i}", condition, self.words[i], NOW, 5.0, self.counts.get(i, ()))
            for i, condition in list(self.conditions.items())
        )
        return EngineStatus(cameras, self.cloud)

    def add_camera(self, camera_id: str) -> None:
        self.words[camera_id] = "Live."
        self.conditions[camera_id] = CameraCondition.LIVE

    def latest(self, camera_id: str) -> LiveView | None:
        return self.views.get(camera_id)

    def on_view(self, callback: Callable[[str], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def show(self, view: LiveView) -> None:
        self.views[view.camera_id] = view
        for listener in self.listeners:
            listener(view.camera_id)

"""A camera that counts for real, without pictures: boxes through the pipeline into a real outbox and a real history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_history import SqliteHistory
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.ports import CapturedFrame
from desktop_app.settings import EdgeSettings
from shared_models.cameras import Camera, Rotation, SourceAddress
from shared_models.clock import ManualClock
from shared_models.store_time import StoreTime
from shared_models.zones import LineZone, Zone

START = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)
DOOR = LineZone(zone_id="door", name="Entrance", points=((0.1, 0.5), (0.9, 0.5)))
SIZE = (640, 360)
UTC_STORE = StoreTime(UTC)


@dataclass
class CountedCamera:
    """Camera ``cam`` of a store; ``outbox`` and ``history`` are open until ``close``."""

    settings: EdgeSettings
    zones: Sequence[Zone] = (DOOR,)
    start: datetime = START
    time: StoreTime = UTC_STORE
    rotation: Rotation = 0

    def __post_init__(self) -> None:
        clock = ManualClock(self.start)
        self.outbox = SqliteOutbox(self.settings.outbox_path, clock=clock)
        self.history = SqliteHistory(self.settings.history_path, clock=clock)
        camera = Camera(camera_id="cam", source=SourceAddress("0"), zones=tuple(self.zones))
        archive = SqliteEventArchive(self.settings.outbox_path)
        self.pipeline = CameraPipeline(
            "cam",
            camera_for=lambda _: camera,
            sink=self.outbox,
            history=self.history,
            days=lambda: self.time,
            counted_since=lambda start_at: archive.counted_since("cam", start_at),
            rotation=self.rotation,
        )

    def walk(self, feet_y: Sequence[float], *, at_s: float, x: float = 300) -> None:
        """One person with these feet, five looks a second from ``at_s`` on; then nobody for five seconds."""
        self.see(at_s, [np.array([[x, y - 80, x + 30, y]]) for y in feet_y] + [np.zeros((0, 4))] * 25)

    def see(self, at_s: float, looks: Sequence[np.ndarray], *, fps: float = 5.0) -> None:
        """Boxes, look by look."""
        for n, boxes in enumerate(looks):
            self.look(at_s + n / fps, boxes, np.full(len(boxes), 0.9))

    def look(self, at_s: float, boxes: np.ndarray, score: np.ndarray) -> None:
        nothing: Callable[[], np.ndarray] = lambda: np.zeros((1, 1, 3), np.uint8)  # noqa: E731
        frame = CapturedFrame(0, self.start + timedelta(seconds=at_s), at_s, SIZE, nothing)
        self.pipeline.process(frame, Detections(boxes.astype(np.float32).reshape(-1, 4), score.astype(np.float32)))

    def close(self) -> None:
        self.pipeline.close()
        self.history.close()
        self.outbox.close()


def inwards() -> list[float]:
    """Feet of somebody who walks in."""
    return [90 + 14.0 * n for n in range(16)]


def outwards() -> list[float]:
    return inwards()[::-1]

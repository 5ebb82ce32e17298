"""A headless edge at four very busy doors: the real engine, outbox and upload; only camera and detector are drawn up.

    python -m tests.helpers.busy_edge_program DATA_DIR API_URL EDGE_KEY

Runs until it is told to stop (SIGTERM) or killed.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from desktop_app.adapters.cloud.http_cloud import HttpCloud
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.domain.detections import Detections
from desktop_app.services.camera_pipeline import CameraPipeline
from desktop_app.services.ports import BgrImage, CapturedFrame
from desktop_app.services.sync import SyncService
from desktop_app.settings import EdgeSettings
from desktop_app.workers.engine import Engine, EngineCamera
from desktop_app.workers.sync_worker import SyncWorker
from shared_models.cameras import Camera, SourceAddress
from shared_models.clock import SteadyClock
from shared_models.zones import LineZone, PolygonZone

SIZE = WIDTH, HEIGHT = 1280, 720
FPS = 15.0
STEPS = 40
"""Frames in which everybody walks from the top of the picture to its bottom, and then back."""
COLUMNS_PX = (120, 320, 520, 720, 920, 1120)
CAMERAS = 4
ZONES = (
    LineZone(zone_id="door", points=((0.02, 0.6), (0.98, 0.6))),
    PolygonZone(zone_id="hall", points=((0.02, 0.5), (0.98, 0.5), (0.98, 0.7), (0.02, 0.7)), enter_s=0, threshold_s=0),
)


class Doorway:
    """Frames whose first pixel tells how far people have walked: 0 at the top, ``STEPS`` at the bottom."""

    def __init__(self, clock: SteadyClock) -> None:
        self._clock = clock
        self._index = 0

    def open(self) -> tuple[int, int]:
        self._index = 0
        return SIZE

    def read(self) -> CapturedFrame:
        self._clock.sleep(1 / FPS)
        index, self._index = self._index, self._index + 1
        there_and_back = index % (2 * STEPS)
        image = np.zeros((1, 1, 3), np.uint8)
        image[0, 0, 0] = min(there_and_back, 2 * STEPS - there_and_back)
        return CapturedFrame(index, self._clock.utc_now(), self._clock.monotonic_s(), SIZE, lambda: image)

    def close(self) -> None:
        return


class Walkers:
    """Finds six people side by side where the frame says that they are."""

    side_by_side = 2

    name = "walkers"

    input_sides = ()

    def detect(self, frames: Sequence[BgrImage], *, long_sides: Sequence[int] = ()) -> list[Detections]:
        return [self._people(float(frame[0, 0, 0]) / STEPS) for frame in frames]

    def close(self) -> None:
        return

    def _people(self, way: float) -> Detections:
        feet = 220 + way * (HEIGHT - 240)
        boxes = [(x - 40, feet - 200, x + 40, feet) for x in COLUMNS_PX]
        return Detections(np.array(boxes, np.float32), np.full(len(boxes), 0.9, np.float32))


def main(data_dir: str, api_url: str, edge_key: str) -> None:
    """Run until told to stop."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    clock = SteadyClock()
    outbox = SqliteOutbox(EdgeSettings(data_dir=Path(data_dir)).outbox_path, clock=clock)
    cloud = HttpCloud(api_url, SecretStr(edge_key))
    sync = SyncWorker(SyncService(outbox, cloud, clock=clock), outbox=outbox, cloud=cloud, clock=clock)
    outbox.on_append(sync.wake)
    cameras = [_camera(f"door-{n}", outbox, clock) for n in range(CAMERAS)]
    engine = Engine(cameras, detector=Walkers(), sync=sync, clock=clock)
    engine.start()
    print("running", flush=True)
    stop.wait()
    engine.stop(flush_s=10.0)
    outbox.close()


def _camera(camera_id: str, outbox: SqliteOutbox, clock: SteadyClock) -> EngineCamera:
    camera = Camera(camera_id=camera_id, source=SourceAddress("0"), zones=ZONES)
    pipeline = CameraPipeline(camera_id, camera_for=lambda _: camera, sink=outbox)
    return EngineCamera(camera_id, camera_id, FPS, Doorway(clock), pipeline)


if __name__ == "__main__":
    main(*sys.argv[1:])

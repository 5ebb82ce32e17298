"""Two cameras, or as many as the task says, through the product's detector, tracker and rules.

Without its motion gate: every frame is looked at.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from meter import WARM_UP, Meter, frames_of, read_task

from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.domain.appearance import with_appearance
from desktop_app.domain.detections import Detections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.detector_runtime import DetectorRuntime
from desktop_app.services.input_size import InputSize, InputSizeChooser
from shared_models.events import EventType
from shared_models.zones import LineZone

CAMERAS, FPS, FRAME_WH = 2, 5.0, (640, 360)
STARTED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Camera:
    engine: ZoneEngine
    size: InputSizeChooser
    tracker: Tracker = field(default_factory=Tracker)
    counted: Counter[EventType] = field(default_factory=Counter)

    def process(self, found: Detections, frame: Any, *, at_s: float) -> None:
        seen = with_appearance(found, frame) if len(found) else found
        tracked = self.tracker.update(seen, at_s=at_s, frame_wh=FRAME_WH)
        occurred_at = STARTED_AT + timedelta(seconds=at_s)
        self.counted.update(d.type for d in self.engine.update(tracked, at_s=at_s, occurred_at=occurred_at))

    def close(self, *, at_s: float) -> None:
        drafts = self.engine.close(at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
        self.counted.update(d.type for d in drafts)


def main() -> None:
    task = read_task()
    count = task.get("cameras", CAMERAS)
    line = LineZone(zone_id="line", points=tuple((x / FRAME_WH[0], y / FRAME_WH[1]) for x, y in task["line"]))
    runtime = DetectorRuntime(precision=task["precision"], streams=count, threads=count)
    int8_paths = {(wh[0], wh[1]): Path(path) for wh, path in task["int8"]} if task["int8"] else None
    detector = OpenVinoYolo(Path(task["model"]), runtime=runtime, int8_paths=int8_paths)
    for side in detector.input_sides:
        for _ in range(WARM_UP):
            detector.detect([np.zeros((FRAME_WH[1], FRAME_WH[0], 3), np.uint8)] * count, long_sides=[side] * count)
    settled = _settled(detector, task)
    cameras = [
        Camera(ZoneEngine(camera_id="c", zones=[line], frame_wh=FRAME_WH), deepcopy(settled)) for _ in range(count)
    ]
    clips = [frames_of(task["clip"], limit=task["frames"]) for _ in cameras]
    meter, number = Meter(), 0
    for number, frames in enumerate(zip(*clips, strict=True), start=1):
        at_s = (number - 1) / FPS
        sides = [camera.size.side(at_s=at_s) for camera in cameras]
        looks = zip(cameras, frames, sides, detector.detect(frames, long_sides=sides), strict=True)
        for camera, frame, side, found in looks:
            camera.size.saw(found, frame_wh=FRAME_WH, side=side, at_s=at_s)
            camera.process(found, frame, at_s=at_s)
    for camera in cameras:
        camera.close(at_s=number / FPS)
    counted = cameras[0].counted
    meter.report(
        frames=number * count, in_count=counted[EventType.FOOTFALL_IN], out_count=counted[EventType.FOOTFALL_OUT]
    )


def _settled(detector: OpenVinoYolo, task: dict[str, Any]) -> InputSizeChooser:
    """Where the size is the program's choice: as a camera has it that saw the film before, one frame of each second."""
    chooser = InputSizeChooser(InputSize(task["input_size"]))
    if chooser.wish is InputSize.AUTOMATIC:
        for number, frame in enumerate(frames_of(task["clip"], limit=task["frames"])):
            if number % FPS:
                continue
            at_s = (number - task["frames"]) / FPS
            side = chooser.side(at_s=at_s)
            (found,) = detector.detect([frame], long_sides=[side])
            chooser.saw(found, frame_wh=FRAME_WH, side=side, at_s=at_s)
    return chooser


main()

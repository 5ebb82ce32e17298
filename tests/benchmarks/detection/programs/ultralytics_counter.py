"""One camera through Ultralytics: ``YOLO.track`` inside its own ObjectCounter, on the same rectangle as ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false", OMP_NUM_THREADS="1")

import logging

import numpy as np
import torch
from meter import WARM_UP, Meter, frames_of, read_task
from ultralytics import YOLO
from ultralytics.solutions import ObjectCounter
from ultralytics.utils import LOGGER

LOGGER.setLevel(logging.ERROR)  # it warns on each frame in which nobody is


def make(folder: Path) -> None:
    """yolo11n with random weights (none can be had here), as ``.pt`` and as ONNX of 640x640."""
    torch.manual_seed(7)
    YOLO("yolo11n.yaml").save(str(folder / "yolo11n.pt"))
    YOLO(str(folder / "yolo11n.pt")).export(format="onnx", imgsz=640, simplify=False, verbose=False)


def main() -> None:
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
        return
    task = read_task()
    torch.set_num_threads(1)
    region = [tuple(round(v) for v in point) for point in task["line"]]
    counter = ObjectCounter(
        model=task["model"], region=region, classes=[0], conf=0.1, imgsz=(384, 640), show=False, verbose=False
    )
    for _ in range(WARM_UP):
        counter.process(np.zeros((360, 640, 3), np.uint8))
    meter, number = Meter(), 0
    for frame in frames_of(task["clip"], limit=task["frames"]):
        counter.process(frame)
        number += 1
    meter.report(frames=number, in_count=counter.in_count, out_count=counter.out_count)


main()

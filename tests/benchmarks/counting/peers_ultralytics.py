"""As ``peers.py``, with Ultralytics' BYTETracker and the counting rule of its ObjectCounter, in its own environment.

ObjectCounter asks for a model, which finds the boxes; here they are given, so its rule is asked directly. It counts
box centres; it is given the feet, by which the truth is told. "In" is to the right or downwards for it.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import numpy as np
from shapely.geometry import LineString, Point
from ultralytics.engine.results import Boxes
from ultralytics.solutions import ObjectCounter
from ultralytics.trackers.byte_tracker import BYTETracker
from ultralytics.utils import ROOT, YAML


def count(job: dict[str, Any]) -> dict[str, list[int]]:
    counters = {name: _counter(points) for name, points in job["lines"].items()}
    settings = SimpleNamespace(**YAML.load(ROOT / "cfg" / "trackers" / "bytetrack.yaml"))
    tracker = BYTETracker(settings) if job["tracker"] else None
    last: dict[int, tuple[float, float]] = {}
    for frame in job["frames"]:
        for track_id, feet in _people(frame, tracker):
            for counter in counters.values():
                counter.count_objects(feet, track_id, last.get(track_id), 0)
            last[track_id] = feet
    return {name: _ours(job["lines"][name], counter) for name, counter in counters.items()}


def _people(frame: dict[str, Any], tracker: BYTETracker | None) -> list[tuple[int, tuple[float, float]]]:
    boxes = np.array(frame["boxes"], np.float32).reshape(-1, 4)
    ids = frame["ids"]
    if tracker is not None:
        scores = np.array(frame["scores"], np.float32).reshape(-1, 1)
        rows = tracker.update(Boxes(np.hstack([boxes, scores, np.zeros_like(scores)]), (720, 1280)))
        rows = np.asarray(rows, np.float64).reshape(-1, 8)
        boxes, ids = rows[:, :4], rows[:, 4].astype(int).tolist()
    return [(i, ((b[0] + b[2]) / 2, b[3])) for i, b in zip(ids, boxes.tolist(), strict=True)]


def _counter(points: list[list[float]]) -> ObjectCounter:
    counter = ObjectCounter.__new__(ObjectCounter)
    counter.region, counter.r_s = points, LineString(points)
    counter.LineString, counter.Point = LineString, Point
    counter.in_count = counter.out_count = 0
    counter.counted_ids, counter.names = set(), {0: "person"}
    counter.classwise_count = defaultdict(lambda: {"IN": 0, "OUT": 0})
    return counter


def _ours(points: list[list[float]], counter: ObjectCounter) -> list[int]:
    """In and out as our lines have them: in is to the right of the drawing direction."""
    (ax, ay), (bx, by) = points
    is_upright = abs(ax - bx) < abs(ay - by)
    is_same = by - ay < 0 if is_upright else bx - ax > 0
    pair = [counter.in_count, counter.out_count]
    return pair if is_same else pair[::-1]


def main() -> None:
    jobs = json.load(sys.stdin)
    versions = {"ultralytics": metadata.version("ultralytics-opencv-headless")}
    json.dump({"versions": versions, "counts": [count(job) for job in jobs]}, sys.stdout)


if __name__ == "__main__":
    main()

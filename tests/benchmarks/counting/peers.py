"""Runs in the peers' own environment: reads jobs as JSON, counts with supervision's LineZone, writes counts as JSON.

Nothing of this project is imported here. A job: ``frames`` (list of {boxes, scores, ids or null}), ``lines`` (name ->
two points in pixels), ``anchor`` (``feet`` or ``corners``), ``tracker`` (``bytetrack``, ``ocsort``; null: ids are
given), ``fps``.
"""

from __future__ import annotations

import json
import sys
from importlib import metadata
from typing import Any

import numpy as np
import supervision as sv
import trackers

TRACKERS = {"bytetrack": trackers.ByteTrackTracker, "ocsort": trackers.OCSORTTracker}


def count(job: dict[str, Any]) -> dict[str, list[int]]:
    anchors = (sv.Position.BOTTOM_CENTER,) if job["anchor"] == "feet" else sv.LineZone.__init__.__defaults__[0]
    zones = {
        name: sv.LineZone(start=sv.Point(*points[0]), end=sv.Point(*points[1]), triggering_anchors=anchors)
        for name, points in job["lines"].items()
    }
    kind = TRACKERS.get(job["tracker"])
    tracker = kind(frame_rate=job["fps"]) if kind else None
    for frame in job["frames"]:
        boxes = np.array(frame["boxes"], np.float32).reshape(-1, 4)
        found = sv.Detections(
            xyxy=boxes,
            confidence=np.array(frame["scores"], np.float32),
            class_id=np.zeros(len(boxes), int),
            tracker_id=None if tracker else np.array(frame["ids"], int),
        )
        if tracker:
            found = tracker.update(found)
            if found.tracker_id is None:
                continue
            found = found[found.tracker_id >= 0]
        for zone in zones.values():
            zone.trigger(found)
    # Its "in" is the other side of ours: a line drawn to the right has it above.
    return {name: [int(zone.out_count), int(zone.in_count)] for name, zone in zones.items()}


def main() -> None:
    jobs = json.load(sys.stdin)
    versions = {name: metadata.version(name) for name in ("supervision", "trackers")}
    json.dump({"versions": versions, "counts": [count(job) for job in jobs]}, sys.stdout)


if __name__ == "__main__":
    main()

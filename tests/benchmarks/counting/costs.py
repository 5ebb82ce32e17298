"""What a frame costs: the section of the table."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from desktop_app.domain.detections import Detections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.geometry import to_norm
from shared_models.zones import LineZone, PolygonZone, Zone
from tests.benchmarks.counting.simulation import FRAME, LINES

STARTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def costs() -> list[str]:
    """Milliseconds per frame with 20 people in sight: the middle and the slow end of 600 frames."""
    frames = [_twenty(i) for i in range(600)]
    tracker = Tracker()
    tracking = _timed(lambda i: tracker.update(frames[i], at_s=i / 5, frame_wh=FRAME), len(frames))
    tracker = Tracker()
    tracked = [tracker.update(frame, at_s=i / 5, frame_wh=FRAME) for i, frame in enumerate(frames)]
    engine = ZoneEngine(camera_id="cam", zones=_eight_zones(), frame_wh=FRAME)

    def decide(i: int) -> None:
        engine.update(tracked[i], at_s=i / 5, occurred_at=STARTED_AT + timedelta(seconds=i / 5))
        if i % 50 == 0:
            engine.take_paths()
            engine.take_explanations()

    deciding = _timed(decide, len(frames))
    rows = []
    for name, bar, (middle, slow) in (
        ("tracker, 20 people", 1.0, tracking),
        ("rules, 20 people, 8 zones", 0.5, deciding),
    ):
        verdict = "met" if middle <= bar else "**missed**"
        rows.append(f"| {name} | {middle:.2f} | {slow:.2f} | {bar:g} | {verdict} |")
    return [
        "## Cost per frame (ms)",
        "",
        "| what | median | 95 % | bar | |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "Best of five passes over 600 frames, so that other programs on the machine weigh less; accuracy does not depend",
        "on them.",
    ]


def _timed(work: Callable[[int], Any], count: int) -> tuple[float, float]:
    """The quickest of five runs of ``count / 5`` frames each: median and 95th percentile, ms."""
    best = (float("inf"), float("inf"))
    for part in range(5):
        spent = []
        for i in range(part * count // 5, (part + 1) * count // 5):
            started = time.perf_counter()
            work(i)
            spent.append(1000 * (time.perf_counter() - started))
        best = min(best, (float(np.median(spent)), float(np.percentile(spent, 95))))
    return best


def _twenty(i: int) -> Detections:
    rng = np.random.default_rng(i)
    n = np.arange(20)
    x = 60 + (n % 10) * 125 + 40 * np.sin(i / 20 + n)
    y = 300 + (n // 10) * 250 + 120 * np.sin(i / 15 + n / 2)
    tall = 90 + 0.2 * y
    xyxy = np.stack([x - 0.2 * tall, y - tall, x + 0.2 * tall, y], axis=1) + rng.normal(0, 1.5, (20, 4))
    return Detections(xyxy.astype(np.float32), np.full(20, 0.85, np.float32))


def _eight_zones() -> list[Zone]:
    lines: list[Zone] = [LineZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in LINES.items()]
    areas: list[Zone] = [
        PolygonZone(zone_id=f"area{k}", points=((x, 0.3), (x + 0.2, 0.3), (x + 0.22, 0.9), (x - 0.02, 0.9)))
        for k, x in enumerate((0.05, 0.27, 0.5, 0.73))
    ]
    return lines + areas

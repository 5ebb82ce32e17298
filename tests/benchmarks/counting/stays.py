"""Stays of simulated walkers in areas: the truth by exact feet, and what tracker and rules make of a detector's boxes.

The truth is COUNTING.md section 4 said a second time, with nothing of the rules: present after a second inside, gone
after more than two outside, and the stay lasts until the last moment inside.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import Pool

import numpy as np
import shapely
from numpy.typing import NDArray

from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventDraft, EventType
from shared_models.geometry import to_norm
from shared_models.zones import PolygonZone
from tests.benchmarks.counting.asking import Asked
from tests.benchmarks.counting.simulation import CROWDS, FRAME, STATED, TICK_HZ, Crowd, Scene
from tests.benchmarks.counting.truth import Point

STARTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ENTER_S, GRACE_S = 1.0, 2.0
RIGHT_S, MATCH_S = 1.0, 4.0
"""A dwell is right within the first; a stay whose ends are further off than the second is another stay."""
BAR = 95.0
AREAS: dict[str, tuple[Point, ...]] = {
    "wide": ((120, 260), (620, 260), (660, 650), (60, 650)),
    "slanted": ((700, 300), (1000, 230), (1180, 420), (860, 640)),
    "hooked": ((640, 560), (900, 420), (1040, 480), (1240, 660), (980, 700), (900, 600)),
}


@dataclass(frozen=True)
class Share:
    """How many of the true stays were found with their seconds right."""

    right: int
    true: int

    @property
    def per_cent(self) -> float:
        return 100 * self.right / max(1, self.true)


def matched(
    true: Iterable[tuple[float, float]], found: Iterable[tuple[float, float]]
) -> list[tuple[float, float, float]]:
    """Each true stay (start and end, seconds), and how far off in seconds its dwell was found (infinite: not at all).

    Args:
        found: end and dwell. Each is taken for one true stay at most.
    """
    left, told = list(found), []
    for start_s, end_s in true:
        near = [(abs(dwell - (end_s - start_s)), i) for i, (at, dwell) in enumerate(left) if abs(at - end_s) <= MATCH_S]
        gap_s, i = min(near, default=(math.inf, -1))
        told.append((start_s, end_s, gap_s))
        if i >= 0:
            left.pop(i)
    return told


def stays_of(inside: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Start and end, in seconds, of the stays of one person; ``inside`` (N,) tells it for each tick."""
    found: list[tuple[float, float]] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    for first, beyond in edges.reshape(-1, 2).tolist():
        start_s, end_s = first / TICK_HZ, (beyond - 1) / TICK_HZ
        if found and start_s - found[-1][1] <= GRACE_S:
            found[-1] = (found[-1][0], end_s)
        elif end_s - start_s >= ENTER_S:
            found.append((start_s, end_s))
    return found


def true_stays(scene: Scene, area: Sequence[Point]) -> list[tuple[float, float]]:
    """Of all walkers, those that are over well before the scene is."""
    shape, found = shapely.Polygon(area), []
    shapely.prepare(shape)
    for number, walker in enumerate(scene.walkers):
        feet, is_seen = scene.feet_in_view(number)
        inside = shapely.contains_xy(shape, feet) & is_seen
        start_s = walker.start / TICK_HZ
        found += [(start_s + a, start_s + b) for a, b in stays_of(inside)]
    return [stay for stay in found if stay[1] < scene.seconds - MATCH_S]


def dwells(asked: Asked, *, seeds: Sequence[int]) -> list[str]:
    """The section of the table."""
    rows = []
    for fps in (rate for rate in asked.rates if rate > 1):
        mine = [
            (crowd.name, (Share(*found), Share(*exact)))
            for crowd in (STATED, *CROWDS)
            for found, exact in asked.saved(
                f"stays-{fps:g}-{crowd.name}", partial(_shares, crowd, seeds, asked.seconds, fps)
            )
        ]
        stated, exact_stated = _summed(shares for name, shares in mine if name == STATED.name)
        hard, exact_hard = _summed(shares for name, shares in mine if name != STATED.name)
        verdict = "" if fps != 5.0 else "met" if stated.per_cent >= BAR else "**missed**"
        bar = f"{BAR:g}" if fps == 5.0 else "-"
        rows.append(
            f"| {fps:g} | **{stated.per_cent:.1f}** of {stated.true} | {bar} | {verdict} | {exact_stated.per_cent:.1f} "
            f"| **{hard.per_cent:.1f}** of {hard.true} | {exact_hard.per_cent:.1f} |"
        )
    return [
        "## How long simulated walkers stayed",
        "",
        "The same crowds in three areas. Per cent of the true stays that were found and are right within 1 s, by our tracker",
        "and rules; `exact`: by the rules alone, on exact boxes with the right ids.",
        "",
        "| looks/s | **stated** | bar | | stated, exact | **hard** | hard, exact |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]


def _shares(crowd: Crowd, seeds: Sequence[int], seconds: float, fps: float) -> list[list[tuple[int, int]]]:
    """Per scene, ours and the rules alone: (right, true)."""
    with Pool(2) as pool:
        judged = pool.map(_judged, [(crowd, seed, seconds, fps) for seed in seeds], chunksize=1)
    return [[(share.right, share.true) for share in both] for both in judged]


def _summed(pairs: Iterable[tuple[Share, Share]]) -> tuple[Share, Share]:
    listed = list(pairs)
    ours, exact = (Share(sum(p[k].right for p in listed), sum(p[k].true for p in listed)) for k in (0, 1))
    return ours, exact


def _judged(job: tuple[Crowd, int, float, float]) -> tuple[Share, Share]:
    crowd, seed, seconds, fps = job
    scene, tracker = Scene(crowd, seed=seed, seconds=seconds), Tracker()
    looks = [
        (
            look.at_s,
            tracker.update(
                Detections(look.xyxy.astype(np.float32), look.score.astype(np.float32)), at_s=look.at_s, frame_wh=FRAME
            ),
        )
        for look in scene.looks(fps)
    ]
    exact = [
        (
            look.at_s,
            TrackedDetections(
                look.xyxy.astype(np.float32), look.score.astype(np.float32), ids, np.ones(len(ids), np.bool_)
            ),
        )
        for look, ids in scene.true_looks(fps)
    ]
    return _share(scene, looks), _share(scene, exact)


def _share(scene: Scene, looks: Iterable[tuple[float, TrackedDetections]]) -> Share:
    zones = [PolygonZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in AREAS.items()]
    engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME)
    drafts: list[EventDraft] = []
    for at_s, tracked in looks:
        drafts += engine.update(tracked, at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
        engine.take_paths()
    drafts += engine.close(at_s=0, occurred_at=STARTED_AT)
    right = true = 0
    for name, area in AREAS.items():
        found = [
            ((d.occurred_at - STARTED_AT).total_seconds(), d.value or 0.0)
            for d in drafts
            if d.zone_id == name and d.type is EventType.DWELL
        ]
        told = matched(true_stays(scene, area), found)
        right, true = right + sum(gap <= RIGHT_S for _, _, gap in told), true + len(told)
    return Share(right, true)

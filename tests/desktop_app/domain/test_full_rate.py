"""Exact boxes without ids at full rate, of paths of our own: every line exact, as on MOT films, which may not be shipped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.tracker import Tracker, TrackerConfig
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.geometry import to_norm
from shared_models.zones import LineZone
from tests.benchmarks.counting.simulation import LINES, Boxes, Crowd, Scene
from tests.benchmarks.counting.truth import Point
from tests.helpers.walkers import FRAME, OPENED_AT, in_out

FULL_HZ = 30
SECONDS = 6
DENSE = Crowd("dense", 60, group=0.5, stops=0.0, places=0, turns=0.0, speed=0.8)
BETWEEN: dict[str, tuple[Point, ...]] = {
    "between the two of each pair": ((0, 620), (1280, 620)),
    "left": ((320, 216), (320, 720)),
    "right": ((960, 216), (960, 720)),
}
UNCOMPARED = TrackerConfig(shape_cap=0.0, shape_beyond=0.0)
"""Boxes are not compared with what was seen last (docs/adr/0021)."""


def pairs(seed: int) -> list[Boxes]:
    """Five pairs seen from eye level, all heads at one height, one of each always behind the other."""
    rng = np.random.default_rng(seed)
    ways = []
    for pair in range(5):
        speed = rng.choice([-1, 1]) * rng.uniform(80, 200)
        x = rng.uniform(100, 1180) - speed * rng.uniform(0, SECONDS)
        ways += [(x + rng.normal(0, 4), speed, feet, rng.uniform(0, 6)) for feet in (690 + 5 * pair, 545 + 7 * pair)]
    looks = []
    for i in range(SECONDS * FULL_HZ):
        at_s = i / FULL_HZ
        boxes, owners = [], []
        for who, (x0, speed, feet, phase) in enumerate(ways):
            tall = feet - 430
            x = x0 + speed * at_s + 0.02 * tall * np.sin(2 * at_s + phase)
            half = tall * (0.2 + 0.03 * np.sin(2 * np.pi * 1.8 * at_s + phase))
            if 0 < x < FRAME[0]:
                boxes.append(np.array((x - half, 430, x + half, feet)) + rng.normal(0, 0.002 * tall, 4))
                owners.append(who)
        looks.append(Boxes(at_s, np.reshape(boxes, (-1, 4)), np.full(len(owners), 0.9), np.array(owners, np.int64)))
    return looks


def given(looks: Iterable[Boxes]) -> Iterator[tuple[Boxes, TrackedDetections]]:
    for look in looks:
        sure = np.ones(len(look.owner), np.bool_)
        yield look, TrackedDetections(*in_32_bits(look), look.owner + 1, sure)


def followed(looks: Iterable[Boxes], config: TrackerConfig | None = None) -> Iterator[tuple[Boxes, TrackedDetections]]:
    tracker = Tracker(config)
    for look in looks:
        yield look, tracker.update(Detections(*in_32_bits(look)), at_s=look.at_s, frame_wh=FRAME)


def in_32_bits(look: Boxes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return look.xyxy.astype(np.float32), look.score.astype(np.float32)


def counted(
    seen: Iterable[tuple[Boxes, TrackedDetections]], lines: dict[str, tuple[Point, ...]]
) -> dict[str, tuple[int, int]]:
    zones = [LineZone(zone_id=name, points=to_norm(points, frame_wh=FRAME)) for name, points in lines.items()]
    engine, drafts = ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME), []
    for look, people in seen:
        drafts += engine.update(people, at_s=look.at_s, occurred_at=OPENED_AT + timedelta(seconds=look.at_s))
    drafts += engine.close(at_s=0, occurred_at=OPENED_AT)
    return {name: in_out(drafts, name) for name in lines}


@pytest.mark.parametrize("seed", [61, 62, 64])
def test_every_line_of_a_dense_crowd_is_exact(seed: int) -> None:
    scene = Scene(DENSE, seed=seed, seconds=20)
    looks = [look for look, _ in scene.true_looks(FULL_HZ)]
    true = {name: scene.truth(points, until_s=looks[-1].at_s) for name, points in LINES.items()}
    assert sum(map(sum, true.values())) > 20
    assert counted(followed(looks), LINES) == true


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_people_one_behind_the_other_are_never_taken_for_each_other(seed: int) -> None:
    """By heads alone they are the same; by what was seen of them last they are not."""
    looks = pairs(seed)
    right = counted(given(looks), BETWEEN)
    assert right["between the two of each pair"] == (0, 0)
    assert sum(map(sum, right.values())) > 4
    assert counted(followed(looks), BETWEEN) == right
    assert counted(followed(looks, UNCOMPARED), BETWEEN) != right

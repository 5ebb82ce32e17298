from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.detections import Detections
from desktop_app.domain.furniture import FurnitureWatch

MANNEQUIN = (100.0, 80.0, 160.0, 260.0)
HEIGHT = 180.0
FPS = 2


def watched(
    seconds: float,
    *,
    sway: float,
    seen_share: float = 1.0,
    score: float = 0.5,
    watch_s: float = 600,
    drift: float = 0.0,
) -> FurnitureWatch:
    """One box that sways by ``sway`` heights around its place, beside people who walk by."""
    noise, watch = np.random.default_rng(5), FurnitureWatch(watch_s=watch_s)
    for frame in range(int(seconds * FPS)):
        rows = [(300 + 10.0 * (frame % 30), 100.0, 360 + 10.0 * (frame % 30), 280.0)]
        if noise.random() < seen_share:
            shift = noise.normal(0, sway * HEIGHT, 4)
            rows.append(tuple(np.array(MANNEQUIN) + shift + drift * frame))
        watch.observe(Detections(np.array(rows, np.float32), np.full(len(rows), score, np.float32)), at_s=frame / FPS)
    return watch


@pytest.mark.parametrize("seen_share", [1.0, 0.85])
def test_a_mannequin_is_found_after_its_watch_where_it_stands(seen_share: float) -> None:
    assert watched(590, sway=0.005, seen_share=seen_share).found() == []
    (found,) = watched(660, sway=0.005, seen_share=seen_share).found()
    assert found.xyxy == pytest.approx(MANNEQUIN, abs=1)
    assert found.still_s >= 600


@pytest.mark.parametrize(
    "options",
    [
        {"sway": 0.04},
        {"sway": 0.018},
        {"sway": 0.005, "seen_share": 0.5},
        {"sway": 0.005, "score": 0.1},
        {"sway": 0.005, "drift": 0.02},
    ],
    ids=[
        "a cashier who sways",
        "a cashier who sways little",
        "somebody who comes and goes",
        "a shadow of a box",
        "a slow walk",
    ],
)
def test_people_and_shadows_are_no_furniture(options: dict[str, float]) -> None:
    assert watched(900, **options).found() == []


def test_what_is_carried_away_is_forgotten() -> None:
    watch = watched(660, sway=0.005)
    for frame in range(400):
        watch.observe(Detections(), at_s=660 + frame / FPS)
    assert watch.found() == []


def test_boxes_without_sense_and_a_clock_that_runs_back_are_no_error() -> None:
    watch = FurnitureWatch(watch_s=1)
    rows = np.array([[np.nan, 0, 1, 1], [5, 5, 5, 5], [0, 0, np.inf, 3]], np.float32)
    for at_s in (10.0, 5.0, 12.0):
        watch.observe(Detections(rows, np.ones(3, np.float32)), at_s=at_s)
    assert watch.found() == []

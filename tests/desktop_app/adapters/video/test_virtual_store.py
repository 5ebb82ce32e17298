"""What the film shows of each person, stays in areas, and the zones that come with the scenes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from desktop_app.adapters.video.virtual_store.renderer import Renderer
from desktop_app.adapters.video.virtual_store.scenery import draw_scenery
from desktop_app.adapters.video.virtual_store.scenes import SCENES, StoreConfig, scene_zones
from desktop_app.adapters.video.virtual_store.simulation import TICK_S, Pose, Simulation
from desktop_app.adapters.video.virtual_store.truth import Truth, TruthKeeper
from shared_models.zones import PolygonZone

INSIDE, OUTSIDE = (-2.0, 6.0), (2.0, 6.0)
"""Places on the floor of the scene ``floor``, in metres: in its promotion area, and beside it."""
SLACK_HEIGHTS = 0.04
"""Shoes and hair may be drawn a little beyond the box that is laid around the joints."""


def promotion() -> PolygonZone:
    (area,) = (zone for zone in scene_zones("floor") if isinstance(zone, PolygonZone))
    return area


def watch(*parts: tuple[tuple[float, float], float]) -> Truth:
    """The truth about one person who stands at each place for so many seconds."""
    simulation = Simulation(StoreConfig("floor", seed=1, people=60))
    simulation.advance_to(20)
    person: Pose = simulation.poses()[0]
    keeper, tick = TruthKeeper(StoreConfig("floor"), [promotion()]), 0
    for at, seconds in parts:
        for _ in range(round(seconds / TICK_S)):
            tick += 1
            keeper.observe([replace(person, at=at, pace=0.0)], at_s=tick * TICK_S)
    return keeper.truth()


def test_a_stay_lasts_from_the_first_to_the_last_moment_inside() -> None:
    (stay,) = watch((OUTSIDE, 2), (INSIDE, 10), (OUTSIDE, 5)).presences
    assert stay.zone_id == promotion().zone_id
    assert stay.ended_s - stay.started_s == pytest.approx(10, abs=2 * TICK_S)


def test_who_only_passes_through_an_area_was_not_there() -> None:
    truth = watch((OUTSIDE, 2), (INSIDE, 0.6), (OUTSIDE, 5))
    assert not truth.presences
    assert not truth.open_presences


def test_a_step_outside_within_the_grace_is_one_stay_and_a_longer_absence_two() -> None:
    assert len(watch((INSIDE, 4), (OUTSIDE, 1.5), (INSIDE, 4), (OUTSIDE, 5)).presences) == 1
    assert len(watch((INSIDE, 4), (OUTSIDE, 4), (INSIDE, 4), (OUTSIDE, 5)).presences) == 2


def test_a_stay_under_way_at_the_end_is_open() -> None:
    truth = watch((OUTSIDE, 1), (INSIDE, 6))
    assert not truth.presences
    assert len(truth.open_presences) == 1


@pytest.mark.parametrize("scene", SCENES)
def test_the_zones_of_a_scene_fit_pictures_of_any_size(scene: str) -> None:
    zones = scene_zones(scene)
    assert zones
    assert len({zone.zone_id for zone in zones}) == len(zones)
    for small, large in zip(zones, scene_zones(scene, size_wh=(1280, 720)), strict=True):
        assert np.allclose(small.points, large.points)


@pytest.mark.parametrize("scene", SCENES)
def test_what_is_seen_of_a_person_lies_within_that_person(scene: str) -> None:
    simulation = Simulation(config := StoreConfig(scene, seed=1, people=20))
    renderer = Renderer(config)
    for second in (30, 45, 60, 75):
        simulation.advance_to(second)
        for box in renderer.truth_boxes(simulation.poses()):
            assert 0.0 <= box.visible <= 1.0
            if box.visible_xyxy is not None:
                overhang = np.subtract(box.visible_xyxy, box.xyxy) * (-1, -1, 1, 1)
                assert overhang.max() <= 1.0 + SLACK_HEIGHTS * (box.xyxy[3] - box.xyxy[1]), box


def test_a_camera_higher_than_the_rooms_ceiling_still_sees_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    high = replace(SCENES["floor"], camera_height_m=4.2)
    monkeypatch.setitem(SCENES, "floor-seen-from-high-up", high)
    config = StoreConfig("floor-seen-from-high-up", seed=3, people=40)
    simulation, renderer = Simulation(config), Renderer(config)
    simulation.advance_to(30)
    seen = [box.visible for box in renderer.truth_boxes(simulation.poses())]
    assert len(seen) >= 5
    assert np.median(seen) > 0.5
    scenery = draw_scenery("floor-seen-from-high-up", config.size_wh, "day")
    feet = high.camera(config.size_wh).project(np.array([[0.0, 5.5, 0.0]]))[0]
    assert scenery.depth[round(feet[1]), round(feet[0])] == pytest.approx(feet[2], rel=0.02)

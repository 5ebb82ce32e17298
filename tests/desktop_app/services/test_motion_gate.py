from __future__ import annotations

import numpy as np
import pytest

from desktop_app.adapters.video.virtual_store.renderer import Renderer
from desktop_app.adapters.video.virtual_store.scenes import SCENES, StoreConfig
from desktop_app.adapters.video.virtual_store.simulation import Simulation
from desktop_app.services.motion_gate import FULL_LOOK_S, MotionGate
from desktop_app.services.ports import BgrImage

NOISE = np.random.default_rng(3)


def noisy(shade: float = 120, *, size: tuple[int, int] = (360, 640)) -> BgrImage:
    return (shade + NOISE.normal(0, 2, (*size, 3))).clip(0, 255).astype(np.uint8)


def with_person(x: int, *, height: int = 60) -> BgrImage:
    picture = noisy()
    picture[200 - height : 200, x : x + height // 3] = 60
    return picture


def test_noise_and_a_change_of_the_whole_light_are_no_motion() -> None:
    gate = MotionGate()
    assert gate.is_due(noisy(), at_s=0.0)
    assert not gate.is_due(noisy(), at_s=0.2)
    assert not gate.is_due(noisy(150), at_s=0.4)


def test_a_small_person_who_moves_is_motion_and_slow_moves_add_up() -> None:
    gate = MotionGate()
    assert gate.is_due(with_person(100), at_s=0.0)
    assert gate.is_due(with_person(130), at_s=0.2)
    looks = [gate.is_due(with_person(130 + 3 * step), at_s=0.2 + 0.05 * step) for step in range(1, 15)]
    assert any(looks)


def test_people_who_stand_still_are_looked_for_every_second() -> None:
    gate = MotionGate()
    looks = [gate.is_due(with_person(100), at_s=i * 0.2) for i in range(21)]
    assert 5 <= sum(looks) <= 7
    assert FULL_LOOK_S == 1.0
    assert looks[0]


def test_a_clock_that_runs_back_another_size_and_a_tiny_picture_are_looked_at() -> None:
    gate = MotionGate()
    assert gate.is_due(noisy(), at_s=100.0)
    assert gate.is_due(noisy(), at_s=5.0)
    assert gate.is_due(noisy(size=(100, 640)), at_s=5.1)
    assert gate.is_due(np.zeros((2, 3, 3), np.uint8), at_s=5.2)
    assert not gate.is_due(np.zeros((2, 3, 3), np.uint8), at_s=5.3)


@pytest.mark.parametrize("light", ["day", "evening"])
@pytest.mark.parametrize("scene", SCENES)
def test_whoever_walks_through_the_virtual_store_is_seen_and_idle_time_is_saved(scene: str, light: str) -> None:
    config = StoreConfig(scene, seed=4, people=3, light=light)
    simulation, renderer, gate = Simulation(config), Renderer(config), MotionGate()
    walking = seen = idle = looked = 0
    for frame in range(60 * 5):
        simulation.advance_to(frame / 5)
        poses = simulation.poses()
        is_due = gate.is_due(renderer.picture(poses, index=frame), at_s=frame / 5)
        in_view = [f for f in renderer.figures(poses) if f.box[3] - f.box[1] >= 40]
        if any(f.pose.pace > 0.4 for f in in_view):
            walking, seen = walking + 1, seen + is_due
        elif not in_view:
            idle, looked = idle + 1, looked + is_due
    assert walking > 20
    assert seen >= 0.97 * walking
    assert looked <= 0.35 * idle or idle < 10

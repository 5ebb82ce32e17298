"""When a camera's network input is small, and what brings the large one back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.detections import Detections
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import parse_config, read_yaml
from desktop_app.services.input_size import (
    GLANCE_S,
    LEARN_S,
    NEAR_SIDE,
    SMALL_PX,
    TALL_PX,
    WIDE_SIDE,
    InputSize,
    InputSizeChooser,
    heights_px,
)

FRAME = (832, 468)
PER_NEAR_PX = FRAME[0] / NEAR_SIDE
TALL, SMALL = TALL_PX + 10, SMALL_PX - 10
FPS = 5


def people(*heights: float, score: float = 0.9, top: float = 100.0) -> Detections:
    """Boxes of these heights, in pixels of the near input."""
    boxes = [(0.0, top, 30.0, top + height * PER_NEAR_PX) for height in heights]
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), score, np.float32))


@dataclass
class Camera:
    """A chooser with a scene before it; ``unseen_px``: who is below is not found by the near input."""

    chooser: InputSizeChooser = field(default_factory=InputSizeChooser)
    unseen_px: float = 0.0
    at_s: float = 0.0
    sides: list[int] = field(default_factory=list)

    def show(self, heights: Sequence[float], *, seconds: float) -> None:
        for _ in range(round(seconds * FPS)):
            side = self.chooser.side(at_s=self.at_s)
            seen = [h for h in heights if side == WIDE_SIDE or h >= self.unseen_px]
            self.chooser.saw(people(*seen), frame_wh=FRAME, side=side, at_s=self.at_s)
            self.sides.append(side)
            self.at_s += 1 / FPS

    @property
    def is_near(self) -> bool:
        return self.chooser.settled == NEAR_SIDE


def near_camera(**how: float) -> Camera:
    camera = Camera(**how)  # type: ignore[arg-type]
    camera.show([TALL], seconds=LEARN_S + 2)
    assert camera.is_near
    camera.sides.clear()
    return camera


def test_a_camera_begins_wide_and_turns_near_once_everybody_was_tall_for_long_enough() -> None:
    camera = Camera()
    camera.show([TALL, TALL], seconds=LEARN_S - 1)
    assert set(camera.sides) == {WIDE_SIDE}
    camera.show([TALL], seconds=3)
    assert camera.sides[-1] == NEAR_SIDE


def test_seconds_with_nobody_teach_nothing() -> None:
    camera = Camera()
    camera.show([], seconds=1000)
    camera.show([TALL], seconds=LEARN_S - 1)
    assert not camera.is_near


@pytest.mark.parametrize("height", [SMALL, (SMALL_PX + TALL_PX) / 2])
def test_people_who_are_not_tall_keep_a_camera_wide(height: float) -> None:
    camera = Camera()
    camera.show([TALL, TALL, height], seconds=400)
    assert not camera.is_near


def test_a_near_camera_is_glanced_at_with_the_wide_input() -> None:
    camera = near_camera()
    camera.show([TALL], seconds=10 * GLANCE_S)
    assert camera.sides.count(WIDE_SIDE) == pytest.approx(10, abs=1)
    assert camera.is_near


def test_people_whom_only_the_wide_input_sees_bring_it_back_within_one_glance() -> None:
    camera = near_camera(unseen_px=SMALL_PX)
    camera.show([TALL, SMALL], seconds=GLANCE_S + 0.5)
    assert not camera.is_near


def test_small_people_whom_the_near_input_sees_bring_the_wide_one_back_at_once() -> None:
    camera = near_camera()
    camera.show([SMALL], seconds=3 / FPS)
    assert not camera.is_near


def test_one_small_box_that_is_gone_at_the_next_look_changes_nothing() -> None:
    camera = near_camera()
    for _ in range(20):
        camera.show([TALL, SMALL], seconds=1 / FPS)
        camera.show([TALL], seconds=2)
    assert camera.is_near


def test_each_return_to_wide_makes_the_next_turn_take_longer() -> None:
    camera = near_camera()
    camera.show([SMALL], seconds=1)
    camera.show([TALL], seconds=LEARN_S + 5)
    assert not camera.is_near
    camera.show([TALL], seconds=LEARN_S + 5)
    assert camera.is_near


def test_another_picture_size_begins_anew() -> None:
    camera = near_camera()
    camera.chooser.saw(people(TALL), frame_wh=(640, 360), side=NEAR_SIDE, at_s=camera.at_s)
    assert not camera.is_near


def test_a_wish_holds_whatever_is_seen() -> None:
    for wish, side in ((InputSize.NEAR, NEAR_SIDE), (InputSize.WIDE, WIDE_SIDE)):
        camera = Camera(InputSizeChooser(wish))
        camera.show([TALL], seconds=200)
        camera.show([SMALL], seconds=20)
        assert set(camera.sides) == {side}
        assert camera.chooser.settled == side


def test_unsure_boxes_and_people_cut_by_the_edge_say_nothing_of_their_height() -> None:
    assert heights_px(people(SMALL, score=0.3), frame_wh=FRAME) == []
    assert heights_px(people(SMALL, top=0.0), frame_wh=FRAME) == []
    assert heights_px(people(SMALL, top=FRAME[1] - SMALL * PER_NEAR_PX), frame_wh=FRAME) == []
    assert heights_px(people(TALL, top=0.0), frame_wh=FRAME) == pytest.approx([TALL], rel=1e-5)
    assert heights_px(people(SMALL), frame_wh=FRAME) == pytest.approx([SMALL], rel=1e-5)


looks = st.lists(
    st.tuples(
        st.floats(0, 400), st.lists(st.floats(1, 300), max_size=4), st.floats(0, 1)
    ),
    max_size=300,
)  # fmt: skip


@settings(deadline=None)
@given(looks)
def test_whatever_is_seen_a_near_camera_never_goes_without_a_wide_look_for_longer_than_a_glance(
    steps: list[tuple[float, list[float], float]],
) -> None:
    chooser, at_s, wide_s = InputSizeChooser(learn_s=2), 0.0, 0.0
    for wait_s, heights, score in steps:
        at_s += wait_s
        side = chooser.side(at_s=at_s)
        assert side in (NEAR_SIDE, WIDE_SIDE)
        if side == WIDE_SIDE:
            wide_s = at_s
        assert at_s - wide_s < GLANCE_S
        chooser.saw(people(*heights, score=score), frame_wh=FRAME, side=side, at_s=at_s)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(TALL_PX, 200), max_size=40), st.floats(5, SMALL_PX - 1))
def test_somebody_small_among_others_is_looked_at_wide_in_the_end(tall: list[float], small: float) -> None:
    camera = Camera(InputSizeChooser(learn_s=2), unseen_px=SMALL_PX)
    camera.show([TALL], seconds=4)
    assert camera.is_near
    camera.show([*tall, small], seconds=GLANCE_S + 1)
    camera.sides.clear()
    camera.show([SMALL], seconds=5)
    assert set(camera.sides) == {WIDE_SIDE}


@pytest.mark.parametrize(
    ("written", "size"), [("", "automatic"), ("input_size: Near", "near"), ("input_size: wide", "wide")]
)
def test_a_file_says_how_large_the_input_is(tmp_path: Path, written: str, size: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"cameras:\n  - camera_id: a\n    source: 'usb://0'\n    {written}\n")
    assert parse_config(read_yaml(file)).cameras[0].input_size == size


def test_an_input_size_that_is_none_is_refused_with_what_to_write(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("cameras:\n  - {camera_id: a, source: 'usb://0', input_size: 416}\n")
    with pytest.raises(ConfigError, match="automatic, near, wide"):
        parse_config(read_yaml(file))

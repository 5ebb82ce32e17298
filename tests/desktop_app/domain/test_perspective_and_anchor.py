"""Where people stand: seen feet, hidden feet, and what the camera has learnt of its own perspective."""

from __future__ import annotations

import numpy as np
import pytest

from desktop_app.domain.anchor import MAX_HIDDEN_S, Anchor, AnchorHistory, are_legs_covered
from desktop_app.domain.perspective import Perspective

FRAME_HEIGHT = 720
SLOPE, OFFSET = 0.5, -20.0


def usual(feet_y: float) -> float:
    return SLOPE * feet_y + OFFSET


def learnt(*, low: float = 200, high: float = 680, misfit: float = 0.0) -> Perspective:
    perspective = Perspective(FRAME_HEIGHT)
    noise = np.random.default_rng(1)
    for feet_y in np.linspace(low, high, 1500)[noise.permutation(1500)]:
        perspective.observe(feet_y=float(feet_y), height=usual(feet_y) * (1 + misfit * noise.normal()))
    return perspective


def box(feet_y: float, *, height: float, x: float = 300) -> tuple[float, float, float, float]:
    return x - 30, feet_y - height, x + 30, feet_y


def located(
    history: AnchorHistory, xyxy: tuple[float, float, float, float], *, at_s: float = 0.0, **options: object
) -> Anchor:
    return history.locate(xyxy, frame_height=FRAME_HEIGHT, at_s=at_s, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("feet_y", [220, 400, 650])
def test_the_height_at_a_place_is_learnt_from_those_who_were_seen_there(feet_y: float) -> None:
    assert learnt(misfit=0.05).height_at(feet_y) == pytest.approx(usual(feet_y), rel=0.04)


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.2])
def test_feet_are_found_below_a_head_for_tall_and_small_people(ratio: float) -> None:
    feet_y = 450.0
    head_y = feet_y - ratio * usual(feet_y)
    assert learnt().feet_below(head_y, ratio=ratio) == pytest.approx(feet_y, abs=3)


def test_a_few_wrong_boxes_move_nothing() -> None:
    perspective = learnt()
    for _ in range(20):
        perspective.observe(feet_y=450, height=30)
    assert perspective.height_at(450) == pytest.approx(usual(450), rel=0.05)


def test_nothing_is_known_of_a_place_before_people_were_seen_far_enough_apart() -> None:
    assert not Perspective(FRAME_HEIGHT).is_known
    assert not learnt(low=500, high=520).is_known
    assert learnt(low=500, high=520).feet_below(100, ratio=1.0) is None


def test_a_view_in_which_height_does_not_follow_place_has_no_perspective() -> None:
    bent = Perspective(FRAME_HEIGHT)
    for feet_y in np.tile(np.linspace(100, 700, 600), 3):
        bent.observe(feet_y=float(feet_y), height=60 + 240 * (400 - feet_y) ** 2 / 90_000)
    assert not bent.is_known


def test_seen_feet_are_the_lower_edge_of_the_box() -> None:
    anchor = located(AnchorHistory(), box(400, height=150))
    assert anchor.point_px == (300, 400)
    assert (anchor.height_px, anchor.is_estimated, anchor.is_feet) == (150, False, True)


def test_legs_that_a_counter_hides_at_once_are_estimated_from_the_head() -> None:
    history = AnchorHistory()
    for _ in range(4):
        located(history, box(400, height=150))
    anchor = located(history, (270, 250, 330, 340))
    assert anchor.is_estimated
    assert anchor.point_px[1] == pytest.approx(400)


def test_somebody_who_bends_keeps_the_feet_where_they_were() -> None:
    history = AnchorHistory()
    for _ in range(4):
        located(history, box(400, height=150))
    anchor = located(history, box(400, height=90))
    assert not anchor.is_estimated
    assert anchor.point_px[1] == 400


def test_a_person_who_walks_away_behind_another_is_not_estimated_with_a_stale_height() -> None:
    """Hidden for a while at 450, whole again at 360: the box is shorter, as it should be there."""
    history, perspective = AnchorHistory(), learnt()
    for feet_y in (480, 470, 460, 450):
        located(history, box(feet_y, height=usual(feet_y)), perspective=perspective)
    for feet_y in (430, 410, 390):
        hidden = (270, feet_y - usual(feet_y), 330, feet_y - 0.4 * usual(feet_y))
        anchor = located(history, hidden, perspective=perspective, is_covered=True)
        assert anchor.is_estimated
        assert anchor.point_px[1] == pytest.approx(feet_y, abs=8)
    anchor = located(history, box(360, height=usual(360)), perspective=perspective)
    assert not anchor.is_estimated
    assert anchor.point_px[1] == 360


def test_feet_below_the_picture_are_estimated_even_of_somebody_never_seen_whole() -> None:
    feet_y = 740.0
    clipped = (270, feet_y - usual(feet_y), 330, 719)
    anchor = located(AnchorHistory(), clipped, perspective=learnt())
    assert anchor.is_estimated
    assert anchor.is_feet
    assert anchor.point_px[1] == pytest.approx(feet_y, abs=25)


def test_without_history_or_perspective_a_clipped_person_is_where_the_box_is() -> None:
    anchor = located(AnchorHistory(), (270, 520, 330, 719))
    assert not anchor.is_feet
    assert anchor.point_px[1] == pytest.approx(619.5)


def test_a_stranger_of_whom_only_the_head_is_seen_stands_where_a_usual_person_would() -> None:
    feet_y = 450.0
    head = (270, feet_y - usual(feet_y), 330, feet_y - 0.7 * usual(feet_y))
    anchor = located(AnchorHistory(), head, perspective=learnt(), is_covered=True)
    assert anchor.is_estimated
    assert anchor.point_px[1] == pytest.approx(feet_y, abs=8)


def test_a_child_is_no_head() -> None:
    child = box(450, height=0.62 * usual(450))
    anchor = located(AnchorHistory(), child, perspective=learnt(), is_covered=False)
    assert not anchor.is_estimated
    assert anchor.point_px[1] == 450


def test_a_box_past_the_lower_edge_is_believed_for_a_detector_would_have_cut_it() -> None:
    anchor = located(AnchorHistory(), (270, 540, 330, 780), perspective=learnt())
    assert anchor.point_px == (300, 780)
    assert not anchor.is_estimated


def test_heads_seen_from_eye_level_say_nothing_of_feet() -> None:
    level = Perspective(FRAME_HEIGHT)
    for feet_y in np.tile(np.linspace(300, 690, 600), 3):
        level.observe(feet_y=float(feet_y), height=0.9 * feet_y - 180)
    assert level.is_known
    assert level.height_at(500) == pytest.approx(270, rel=0.05)
    assert level.feet_below(230, ratio=1.0) is None


def test_a_covered_person_is_still_estimated_after_minutes_and_an_uncovered_one_is_believed() -> None:
    history = AnchorHistory()
    for _ in range(4):
        located(history, box(400, height=150))
    last = [located(history, (270, 250, 330, 340), at_s=i / 5, is_covered=True) for i in range(600)][-1]
    assert last.is_estimated
    assert located(history, (270, 250, 330, 340), at_s=200.0).point_px[1] == 340


def test_a_short_box_that_stays_short_is_believed_in_the_end() -> None:
    history = AnchorHistory()
    for _ in range(4):
        located(history, box(400, height=150))
    anchors = [located(history, (270, 250, 330, 340), at_s=i / 5) for i in range(int(MAX_HIDDEN_S * 5) + 3)]
    assert anchors[0].is_estimated
    assert not anchors[-1].is_estimated


def test_legs_are_covered_by_a_nearer_box_before_their_lower_edge_and_by_no_other() -> None:
    xyxy = np.array(
        [
            [100, 100, 160, 260],  # behind
            [110, 160, 180, 320],  # before it
            [100, 300, 160, 460],  # below, not before it
            [400, 100, 460, 260],  # beside
        ],
        np.float32,
    )
    assert are_legs_covered(xyxy).tolist() == [True, True, False, False]
    assert are_legs_covered(np.zeros((0, 4), np.float32)).tolist() == []


def test_heights_from_before_the_legs_were_hidden_say_nothing_against_the_perspective() -> None:
    """Hidden at 620, whole again at 330, half as tall: not taken for somebody whose legs are hidden for ever."""
    history, perspective = AnchorHistory(), learnt()
    for i, feet_y in enumerate((650, 640, 630, 620)):
        located(history, box(feet_y, height=usual(feet_y)), perspective=perspective, at_s=i / 5)
    for i, feet_y in enumerate(range(590, 350, -30)):
        hidden = (270, feet_y - usual(feet_y), 330, feet_y - 0.4 * usual(feet_y))
        located(history, hidden, perspective=perspective, at_s=1 + i / 5, is_covered=True)
    anchor = located(history, box(330, height=usual(330)), perspective=perspective, at_s=2.6)
    assert not anchor.is_estimated
    assert anchor.point_px[1] == 330

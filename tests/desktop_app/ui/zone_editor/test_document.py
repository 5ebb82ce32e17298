"""The values of the zone editor, without Qt."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.services.recent_tracks import FootPath
from desktop_app.ui.zone_editor import document as edits
from desktop_app.ui.zone_editor.advice import Advice, advice_for
from desktop_app.ui.zone_editor.document import ZoneDocument
from desktop_app.ui.zone_editor.draft import Draft, ShapeKind
from desktop_app.ui.zone_editor.hit_test import Hit, HitKind, hit_test
from shared_models.geometry import GeometryError, Point
from shared_models.zones import LineZone, PolygonZone, ZonePurpose

FRAME = (1000, 1000)
DOOR = LineZone(zone_id="door", name="Door", points=((0.2, 0.5), (0.8, 0.5)))
SQUARE = PolygonZone(zone_id="square", name="Square", points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.4), (0.1, 0.4)))
SMALL = PolygonZone(zone_id="small", name="Small", points=((0.2, 0.2), (0.3, 0.2), (0.3, 0.3), (0.2, 0.3)))
DOCUMENT = ZoneDocument((DOOR, SMALL, SQUARE))


def hit(x: float, y: float, *, selected: str | None = None, tolerance_px: float = 10) -> Hit | None:
    return hit_test(DOCUMENT, (x, y), frame_wh=FRAME, tolerance_px=tolerance_px, selected=selected)


def test_the_values_are_usable_without_qt() -> None:
    names = ("document", "draft", "hit_test", "advice")
    code = "; ".join(f"import desktop_app.ui.zone_editor.{name}" for name in names)
    code += "; import sys; sys.exit(any(m.startswith('PySide6') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (203, 497, Hit(HitKind.VERTEX, "door", 0)),
        (500, 507, Hit(HitKind.EDGE, "door", 0)),
        (500, 520, None),
        (250, 250, Hit(HitKind.BODY, "small")),
        (150, 150, Hit(HitKind.BODY, "square")),
        (100, 250, Hit(HitKind.EDGE, "square", 3)),
        (405, 395, Hit(HitKind.VERTEX, "square", 2)),
    ],
)
def test_a_corner_goes_before_an_edge_and_the_smaller_area_before_the_larger(
    x: float, y: float, expected: Hit | None
) -> None:
    assert hit(x, y) == expected


def test_the_selected_zone_goes_first_where_two_share_a_corner() -> None:
    twin = SQUARE.model_copy(update={"zone_id": "twin"})
    both = ZoneDocument((SQUARE, twin))
    for selected in ("square", "twin"):
        found = hit_test(both, (100, 100), frame_wh=FRAME, tolerance_px=5, selected=selected)
        assert found == Hit(HitKind.VERTEX, selected, 0)


def test_nearness_is_by_screen_pixels_so_zooming_in_makes_it_stricter() -> None:
    assert hit(500, 508, tolerance_px=10) is not None
    assert hit(500, 508, tolerance_px=10 / 4) is None


def test_edits_give_new_values_and_leave_the_old() -> None:
    bent = edits.with_vertex_after(DOOR, 0, (0.5, 0.6))
    changed = DOCUMENT.with_zone(bent)
    assert changed.zone("door") == bent
    assert DOCUMENT.zone("door") == DOOR
    assert bent.points == ((0.2, 0.5), (0.5, 0.6), (0.8, 0.5))
    assert edits.without_vertex(bent, 1).points == DOOR.points
    assert [z.zone_id for z in DOCUMENT.without("small").zones] == ["door", "square"]


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_a_zone_that_is_moved_stays_in_the_picture_and_keeps_its_shape(dx: float, dy: float) -> None:
    moved = edits.moved(SQUARE, (dx, dy))
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in moved.points)
    (ax, ay), (bx, by) = moved.points[0], moved.points[2]
    assert bx - ax == pytest.approx(0.3, abs=1e-9)
    assert by - ay == pytest.approx(0.3, abs=1e-9)


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_corner_can_be_dragged_anywhere_and_gives_a_zone_or_a_sentence(x: float, y: float) -> None:
    try:
        changed = edits.with_vertex_at(SQUARE, 1, (x, y))
    except GeometryError as error:
        words = str(error)
    else:
        words = "Four corners." if len(changed.points) == 4 else ""
    assert words.endswith(".")


def test_edits_that_leave_no_shape_are_refused_in_words() -> None:
    with pytest.raises(GeometryError, match="second"):
        edits.without_vertex(DOOR, 0)
    with pytest.raises(GeometryError, match="cross"):
        edits.with_vertex_at(SQUARE, 0, (0.6, 0.3))


def test_flipping_twice_is_nothing_and_areas_have_no_direction() -> None:
    once = edits.flipped(DOOR)
    assert once.points == tuple(reversed(DOOR.points))
    assert edits.flipped(once) == DOOR
    assert edits.flipped(SQUARE) == SQUARE


def test_only_a_shelf_has_a_category() -> None:
    shelf = edits.with_purpose(SQUARE, ZonePurpose.SHELF, shelf_category=" snacks ")
    assert isinstance(shelf, PolygonZone)
    assert shelf.shelf_category == "snacks"
    queue = edits.with_purpose(shelf, ZonePurpose.QUEUE, shelf_category="snacks")
    assert isinstance(queue, PolygonZone)
    assert queue.shelf_category is None


def test_copies_have_ids_and_names_of_their_own() -> None:
    copied = DOCUMENT.with_copies([DOOR.model_copy(update={"revision": 9})])
    copy = copied.zones[-1]
    assert copy.zone_id not in {"door", "small", "square"}
    assert (copy.name, copy.revision, copy.points) == ("Door 2", 1, DOOR.points)


def test_a_draft_becomes_a_zone_only_if_it_is_one() -> None:
    draft = Draft(ShapeKind.LINE).with_point((0.1, 0.1))
    assert "second" in draft.problem
    with pytest.raises(GeometryError):
        draft.finished(zone_id="x", name="X")
    line = draft.with_cursor((0.9, 0.9)).with_point((0.9, 0.1)).finished(zone_id="x", name="X")
    assert line.points == ((0.1, 0.1), (0.9, 0.1))
    area = Draft(ShapeKind.AREA, ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)))
    assert not area.problem
    assert area.finished(zone_id="y", name="Y", purpose=ZonePurpose.QUEUE).kind == "polygon"


def test_a_double_click_does_not_set_a_point_twice() -> None:
    draft = Draft(ShapeKind.LINE).with_point((0.1, 0.1)).with_point((0.1, 0.1))
    assert draft.points == ((0.1, 0.1),)
    assert draft.without_last().is_empty


def path(*points: Point, height: float = 0.3, is_cut: bool = False) -> FootPath:
    return FootPath(1, points, height, is_cut)


def across(x: float, *, start: float = 0.1) -> FootPath:
    return path((x, start), (x, 0.45), (x, 0.55), (x, 0.9))


def test_advice_says_what_is_wrong_with_a_line() -> None:
    good = [across(0.3), across(0.5), across(0.7)]
    assert advice_for(DOOR, good, frame_wh=FRAME) == (Advice.GOOD,)
    cut = [path((x, 0.2), (x, 0.55), is_cut=True) for x in (0.3, 0.5, 0.7)]
    assert Advice.FEET_HIDDEN in advice_for(DOOR, cut, frame_wh=FRAME)
    small = [path((x, 0.45), (x, 0.5), (x, 0.53), height=0.03) for x in (0.3, 0.5, 0.7)]
    assert Advice.PEOPLE_SMALL in advice_for(DOOR, small, frame_wh=FRAME)
    born = [path((x, 0.5), (x, 0.9)) for x in (0.3, 0.5, 0.7)]
    assert Advice.BORN_HERE in advice_for(DOOR, born, frame_wh=FRAME)
    elsewhere = [path((0.9, 0.95), (0.99, 0.99), height=0.1)] * 12
    assert advice_for(DOOR, elsewhere, frame_wh=FRAME) == (Advice.NOBODY_HERE,)
    low = LineZone(zone_id="low", points=((0.1, 0.97), (0.9, 0.98)))
    assert advice_for(low, [], frame_wh=FRAME) == (Advice.NEAR_EDGE,)
    assert advice_for(DOOR, [], frame_wh=FRAME) == ()

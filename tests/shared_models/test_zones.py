from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared_models.geometry import GeometryError, check_polygon, side_of, to_norm, to_px
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose

unit = st.floats(0, 1, allow_nan=False)
points = st.tuples(unit, unit)

BAD_LINES = [
    ((), "at least two points"),
    (((0.1, 0.1),), "at least two points"),
    (((0.1, 0.1), (0.1, 0.1)), "no length"),
    (((0.1, 0.1), (0.5, 0.5), (0.5, 0.5)), "are the same"),
    (((0, 0), (1, 1), (1, 0), (0, 1)), "crosses itself"),
]
BAD_POLYGONS = [
    ((), "three different corners"),
    (((0, 0), (1, 1)), "three different corners"),
    (((0, 0), (1, 1), (0, 0)), "three different corners"),
    (((0, 0), (0.5, 0.5), (1, 1)), "on one line"),
    (((0, 0), (1, 1), (1, 0), (0, 1)), "cross each other"),
    (((0.5, 0.5), (0.5001, 0.5), (0.5, 0.5001)), "too small"),
]


@pytest.mark.parametrize(("shape", "words"), BAD_LINES)
def test_a_line_nobody_could_cross_is_refused_with_a_cure(shape: tuple[tuple[float, float], ...], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LineZone(zone_id="z", points=shape)


@pytest.mark.parametrize(("shape", "words"), BAD_POLYGONS)
def test_an_area_without_an_inside_is_refused_with_a_cure(shape: tuple[tuple[float, float], ...], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PolygonZone(zone_id="z", points=shape)


def test_crossing_edges_say_where() -> None:
    with pytest.raises(GeometryError) as caught:
        check_polygon(((0, 0), (1, 1), (1, 0), (0, 1)))
    assert caught.value.near == (0.5, 0.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_coordinates_outside_the_frame_are_refused(bad: float) -> None:
    with pytest.raises(ValidationError):
        LineZone(zone_id="z", points=((0.0, 0.0), (bad, 0.5)))


def test_right_of_the_drawing_direction_is_below_a_line_drawn_to_the_right() -> None:
    assert side_of((0, 0), (1, 0), (0.5, 0.2)) > 0
    assert side_of((0, 0), (1, 0), (0.5, -0.2)) < 0
    # Drawn downwards, the right hand points to the left of the screen.
    assert side_of((0, 0), (0, 1), (-0.2, 0.5)) > 0


@given(points, points, points)
def test_reversing_a_line_swaps_its_sides(
    a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]
) -> None:
    assert side_of(a, b, p) == pytest.approx(-side_of(b, a, p), abs=1e-9)


@given(st.lists(points, min_size=1, max_size=8), st.integers(1, 8000), st.integers(1, 8000))
def test_pixels_and_back_change_nothing(shape: list[tuple[float, float]], width: int, height: int) -> None:
    back = to_norm(to_px(shape, frame_wh=(width, height)), frame_wh=(width, height))
    assert all(
        math.isclose(x1, x2, abs_tol=1e-9) and math.isclose(y1, y2, abs_tol=1e-9)
        for (x1, y1), (x2, y2) in zip(back, shape, strict=True)
    )


def test_a_frame_without_a_size_is_refused() -> None:
    with pytest.raises(GeometryError, match="no size"):
        to_norm([(1, 1)], frame_wh=(0, 10))


def test_flipping_a_line_twice_gives_it_back() -> None:
    line = LineZone(zone_id="z", points=((0.1, 0.2), (0.5, 0.3), (0.9, 0.2)))
    assert line.flipped() != line
    assert line.flipped().flipped() == line


def test_zones_are_told_apart_by_kind_and_survive_json() -> None:
    adapter: TypeAdapter[Zone] = TypeAdapter(Zone)
    shelf = PolygonZone(
        zone_id="s", points=((0, 0), (1, 0), (1, 1)), purpose=ZonePurpose.SHELF, shelf_category="snacks", revision=4
    )
    line = LineZone(zone_id="l", points=((0, 0), (1, 0)))
    for zone in (shelf, line):
        assert adapter.validate_json(adapter.dump_json(zone)) == zone

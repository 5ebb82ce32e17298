from __future__ import annotations

import pytest

from desktop_app.bootstrap.demo import DemoRow


@pytest.mark.parametrize(
    ("row", "is_right"),
    [
        (DemoRow("cam", "door", "in", 40, 40, 40, 40), True),
        (DemoRow("cam", "door", "in", 40, 38, 38, 38), True),
        (DemoRow("cam", "door", "in", 40, 37, 37, 37), False),
        (DemoRow("cam", "door", "in", 100, 105, 105, 105), True),
        (DemoRow("cam", "door", "in", 100, 106, 106, 106), False),
        (DemoRow("cam", "door", "in", 40, 37, 37, 37, at_the_end=1), True),
        (DemoRow("cam", "door", "in", 40, 40, 39, 39), False),
        (DemoRow("cam", "door", "in", 40, 40, 40, 41), False),
        (DemoRow("cam", "shelf", "presences", 40, 30, 30, 30), True),
        (DemoRow("cam", "shelf", "presences", 40, 30, 30, 29), False),
    ],
)
def test_a_figure_may_err_a_little_where_people_hide_each_other_and_nowhere_else(row: DemoRow, is_right: bool) -> None:
    assert row.is_right is is_right
    assert "at_the_end" not in row.as_json()

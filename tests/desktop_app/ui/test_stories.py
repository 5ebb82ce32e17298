"""A click on a number: who it was, why, and the way each went."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from desktop_app.services.desk import Desk
from desktop_app.settings import EdgeSettings
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.today.stories_dialog import Part, StoriesDialog
from shared_models.zones import LineZone, Zone
from tests.helpers.counted_camera import DOOR, CountedCamera, inwards, outwards
from tests.helpers.desks import host_of, make_desk
from tests.helpers.engine_fakes import grey_view


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two came in, one went out, one turned back."""
    made = make_desk(tmp_path, "cam")
    count_a_while(made, (DOOR,))
    return made


def count_a_while(desk: Desk, zones: tuple[Zone, ...]) -> None:
    desk.zones.save("cam", zones, before=())
    camera = CountedCamera(
        EdgeSettings(data_dir=desk.data_dir), zones=zones, start=desk.ports.clock.utc_now() - timedelta(seconds=80)
    )
    camera.walk(inwards(), at_s=0)
    camera.walk(outwards(), at_s=20)
    camera.walk([90.0 + 10 * n for n in range(10)] + [180.0 - 10 * n for n in range(10)], at_s=40)
    camera.walk(inwards(), at_s=60, x=420)
    camera.close()


def opened(qtbot: QtBot, window: MainWindow, ask: Callable[[], object]) -> StoriesDialog:
    window.show_page("today")
    qtbot.waitUntil(lambda: window.today.figures is not None and window.today.in_figure.value == "2")
    ask()
    dialog = window.today.stories
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.stories is not None)
    return dialog


def rows(dialog: StoriesDialog) -> list[str]:
    return [dialog.list.item(row).text().partition("  ")[2] for row in range(dialog.list.count())]


def test_a_click_on_people_in_shows_each_of_them_with_why_and_way(qtbot: QtBot, window: MainWindow) -> None:
    figure = window.today.in_figure
    dialog = opened(qtbot, window, lambda: qtbot.mouseClick(figure, Qt.MouseButton.LeftButton, pos=QPoint(20, 20)))
    assert rows(dialog) == ["Came in · Entrance"] * 2
    assert "crossed the line to its inner side" in dialog.why.text()
    qtbot.waitUntil(lambda: bool(dialog.view.way.steps))
    assert [dialog.parts.tabText(n) for n in range(3)] == [
        "Counted (2)", "Came near, not counted (1)", "Marked as wrong (0)",
    ]  # fmt: skip


def test_who_came_near_and_was_not_counted_is_told_why_not(qtbot: QtBot, window: MainWindow) -> None:
    dialog = opened(qtbot, window, lambda: qtbot.keyClick(window.today.out_figure, Qt.Key.Key_Return))
    dialog.show_part(Part.NOT_COUNTED)
    assert rows(dialog) == ["Turned back · Entrance"]
    assert "went back to the same side" in dialog.why.text()


def test_a_number_of_a_zone_and_an_event_open_their_stories(qtbot: QtBot, window: MainWindow) -> None:
    today = window.today
    dialog = opened(qtbot, window, lambda: today.zones.cellClicked.emit(0, 3))
    assert rows(dialog) == ["Went out · Entrance"]
    today.zones.cellClicked.emit(0, 7)
    assert today.stories is dialog, "an empty cell is no number"
    today.events.set_filter(kinds=None, where=None)
    row = next(r for r in range(today.events.rowCount()) if today.events.event_of(r).track_id is not None)
    today._ask_event(row)
    around_it = today.stories
    assert around_it is not None
    assert around_it is not dialog
    qtbot.waitUntil(lambda: around_it.story is not None)
    assert around_it.story is not None
    assert around_it.story.track_id == today.events.event_of(row).track_id


def test_why_asks_about_what_is_listed(qtbot: QtBot, window: MainWindow) -> None:
    today = window.today
    dialog = opened(qtbot, window, lambda: today.why_button.click())
    assert len(rows(dialog)) == 3
    busy = next(n for n, hour in enumerate(today.figures.hours) if hour.in_count) if today.figures else 0
    today.chart.hour_picked.emit((busy + 3) % 24)
    today.ask_filtered()
    empty = today.stories
    assert empty is not None
    qtbot.waitUntil(lambda: empty.stories is not None)
    assert rows(empty) == []
    assert "Nobody was counted" in empty.why.text()


def test_a_mark_changes_no_figure_and_is_in_the_report_for_support(
    qtbot: QtBot, window: MainWindow, desk: Desk
) -> None:
    dialog = opened(qtbot, window, window.today.in_figure.clicked.emit)
    dialog.mark_button.click()
    qtbot.waitUntil(lambda: dialog.parts.tabText(2) == "Marked as wrong (1)")
    assert dialog.list.item(0).text().startswith("✗")
    assert window.today.in_figure.value == "2"
    with zipfile.ZipFile(BytesIO(desk.support_report())) as report:
        facts = json.loads(report.read("facts.json"))
    story = dialog.story
    assert story is not None
    assert [m["story_id"] for m in facts["marked_as_wrong"]] == [story.story_id]
    dialog.mark_button.click()
    qtbot.waitUntil(lambda: dialog.parts.tabText(2) == "Marked as wrong (0)")
    assert desk.past.marks() == ()


def test_a_walkway_inside_is_not_people_in(
    qtbot: QtBot, tmp_path: Path, open_window: Callable[[Surroundings], MainWindow], around: Surroundings, desk: Desk
) -> None:
    inner = LineZone(zone_id="walkway", name="To the bakery", points=((0.1, 0.6), (0.9, 0.6)), is_entrance=False)
    desk.zones.save("cam", (DOOR, inner), before=desk.zones_of("cam"))
    count_a_while(desk, (DOOR, inner))
    window = open_window(around)
    window.show_page("today")
    qtbot.waitUntil(lambda: window.today.zones.rowCount() == 2)
    # The door counted in both whiles, the walkway in the second one.
    assert (window.today.in_figure.value, window.today.out_figure.value) == ("4", "2")
    assert sorted(window.today.zones.item(row, 2).text() for row in range(2)) == ["2", "4"]
    window.today.in_figure.clicked.emit()
    dialog = window.today.stories
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.stories is not None)
    assert rows(dialog) == ["Came in · Entrance"] * 4


def test_the_picture_behind_a_way_is_the_cameras_own_and_nobody_on_it_can_be_recognised(
    qtbot: QtBot, window: MainWindow, desk: Desk
) -> None:
    host_of(desk).show(grey_view("cam"))
    dialog = opened(qtbot, window, window.today.in_figure.clicked.emit)
    qtbot.waitUntil(lambda: dialog.view._still is not None)
    still = dialog.view._still
    assert still is not None
    inside = {still.pixel(x, y) for x in range(110, 118) for y in range(100, 104)}
    assert len(inside) <= 4, "people are flat squares"

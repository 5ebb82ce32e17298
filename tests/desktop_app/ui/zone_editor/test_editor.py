"""The zone editor under a real pointer and real keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from desktop_app.services.desk import Desk
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.zone_editor.canvas import ZoneCanvas
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from desktop_app.ui.zone_editor.page import ZonesPage
from desktop_app.ui.zone_editor.tools import TOOLS, Mode
from shared_models.geometry import Point
from shared_models.zones import LineZone, PolygonZone, ZonePurpose
from tests.helpers.desks import FakeHost, host_of, make_desk, surroundings
from tests.helpers.engine_fakes import grey_view


class Hand:
    """A hand on the mouse: points of the picture, normalised."""

    def __init__(self, qtbot: QtBot, canvas: ZoneCanvas) -> None:
        self.qtbot, self.canvas = qtbot, canvas

    def at(self, point: Point) -> QPoint:
        width, height = self.canvas.frame_wh
        return self.canvas.mapFromScene(point[0] * width, point[1] * height)

    def click(self, point: Point) -> None:
        self.qtbot.mouseMove(self.canvas.viewport(), self.at(point))
        self.qtbot.mouseClick(self.canvas.viewport(), Qt.MouseButton.LeftButton, pos=self.at(point))

    def double_click(self, point: Point) -> None:
        self.click(point)
        self.qtbot.mouseDClick(self.canvas.viewport(), Qt.MouseButton.LeftButton, pos=self.at(point))

    def drag(self, start: Point, end: Point) -> None:
        viewport = self.canvas.viewport()
        self.qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=self.at(start))
        middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        for point in (middle, end):
            self.qtbot.mouseMove(viewport, self.at(point))
        self.qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=self.at(end))

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.canvas, key, modifier)


@pytest.fixture
def page(qtbot: QtBot, window: MainWindow, engine: FakeHost, desk: Desk) -> ZonesPage:
    desk.zones.save("a", (), before=())
    desk.zones.save("b", (), before=())
    engine.show(grey_view("a"))
    window.show_page("zones", "a")
    qtbot.waitUntil(lambda: window.zones.editor.canvas.view is not None)
    return window.zones


@pytest.fixture
def hand(qtbot: QtBot, page: ZonesPage) -> Hand:
    return Hand(qtbot, page.editor.canvas)


def editing_of(page: ZonesPage) -> ZoneEditing:
    editing = page.editing
    assert editing is not None
    return editing


def draw_line(page: ZonesPage, hand: Hand, start: Point = (0.2, 0.5), end: Point = (0.8, 0.5)) -> LineZone:
    page.editor.tool_actions[Mode.LINE].trigger()
    hand.click(start)
    hand.double_click(end)
    zone = editing_of(page).document.zones[-1]
    assert isinstance(zone, LineZone)
    return zone


def near(point: Point, expected: Point) -> bool:
    return abs(point[0] - expected[0]) < 0.01 and abs(point[1] - expected[1]) < 0.01


def test_every_mode_has_a_tool_words_a_key_and_a_hint() -> None:
    assert set(TOOLS) == set(Mode)
    assert all(spec.words and spec.key and spec.icon and spec.hint for spec in TOOLS.values())
    assert len({spec.key for spec in TOOLS.values()}) == len(TOOLS)


def test_a_line_is_drawn_bent_flipped_taken_back_saved_and_there_again(
    qtbot: QtBot, page: ZonesPage, hand: Hand, desk: Desk, engine: FakeHost, tmp_path: Path
) -> None:
    line = draw_line(page, hand)
    assert line.name == "Entrance"
    assert near(line.points[0], (0.2, 0.5))
    assert near(line.points[1], (0.8, 0.5))
    assert page.editor.canvas.mode is Mode.SELECT, "the next click selects"

    hand.double_click((0.5, 0.5))
    hand.drag((0.5, 0.5), (0.5, 0.65))
    bent = editing_of(page).document.zones[0]
    assert len(bent.points) == 3
    assert near(bent.points[1], (0.5, 0.65))

    page.editor.commands["flip"].trigger()
    flipped = editing_of(page).document.zones[0]
    assert flipped.points == tuple(reversed(bent.points))
    assert editing_of(page).undo_stack.undoText() == "Flip 'Entrance'"
    page.editor.commands["undo"].trigger()
    assert editing_of(page).document.zones[0].points == bent.points
    page.editor.commands["redo"].trigger()
    assert editing_of(page).document.zones[0].points == flipped.points

    page.save()
    qtbot.waitUntil(lambda: bool(engine.applied))
    qtbot.waitUntil(lambda: not editing_of(page).is_changed)
    assert not page.save_button.isEnabled()
    assert engine.applied[-1] == ("a", desk.zones_of("a"))
    again = make_desk_again(tmp_path)
    assert again.zones_of("a")[0].points == flipped.points


def make_desk_again(folder: Path) -> Desk:
    return make_desk(folder, "a", "b", "c", "d")


def test_each_save_of_a_changed_zone_is_a_new_revision(qtbot: QtBot, page: ZonesPage, hand: Hand, desk: Desk) -> None:
    draw_line(page, hand)
    page.save()
    qtbot.waitUntil(lambda: bool(desk.zones_of("a")))
    qtbot.waitUntil(lambda: not editing_of(page).is_changed)
    assert desk.zones_of("a")[0].revision == 1
    hand.drag((0.2, 0.5), (0.25, 0.4))
    page.save()
    qtbot.waitUntil(lambda: desk.zones_of("a")[0].revision == 2)


def test_an_area_is_closed_by_clicking_its_first_corner_and_gets_a_purpose(
    qtbot: QtBot, page: ZonesPage, hand: Hand
) -> None:
    page.editor.tool_actions[Mode.AREA].trigger()
    for corner in ((0.2, 0.2), (0.6, 0.2), (0.6, 0.7), (0.2, 0.2)):
        hand.click(corner)
    (zone,) = editing_of(page).document.zones
    assert isinstance(zone, PolygonZone)
    assert len(zone.points) == 3
    inspector = page.editor.inspector
    inspector.purpose.setCurrentIndex(inspector.purpose.findData(ZonePurpose.SHELF.value))
    inspector.purpose.activated.emit(inspector.purpose.currentIndex())
    inspector.category.setText("snacks")
    inspector.category.editingFinished.emit()
    inspector.name.setText("Snacks")
    inspector.name.editingFinished.emit()
    (shelf,) = editing_of(page).document.zones
    assert isinstance(shelf, PolygonZone)
    assert (shelf.purpose, shelf.shelf_category, shelf.name) == (ZonePurpose.SHELF, "snacks", "Snacks")
    assert inspector.list.item(0).text() == "Snacks"


def test_a_shape_that_is_none_is_refused_in_words_and_stays_a_draft(page: ZonesPage, hand: Hand) -> None:
    page.editor.tool_actions[Mode.AREA].trigger()
    hand.click((0.2, 0.2))
    hand.click((0.6, 0.2))
    hand.key(Qt.Key.Key_Return)
    assert "corners" in page.editor.hint.text()
    assert editing_of(page).document.zones == ()
    draft = editing_of(page).draft
    assert draft is not None
    assert len(draft.points) == 2
    hand.key(Qt.Key.Key_Backspace)
    assert len(editing_of(page).draft.points) == 1  # type: ignore[union-attr]
    hand.key(Qt.Key.Key_Escape)
    assert editing_of(page).draft.is_empty  # type: ignore[union-attr]
    hand.key(Qt.Key.Key_Escape)
    assert page.editor.canvas.mode is Mode.SELECT


def test_a_zone_is_moved_by_its_body_and_never_out_of_the_picture(page: ZonesPage, hand: Hand) -> None:
    draw_line(page, hand)
    hand.drag((0.4, 0.5), (0.4, 0.7))
    zone = editing_of(page).document.zones[0]
    assert near(zone.points[0], (0.2, 0.7))
    hand.drag((0.4, 0.7), (0.99, 0.99))
    assert max(x for x, _ in editing_of(page).document.zones[0].points) <= 1.0
    assert editing_of(page).undo_stack.count() == 3


def test_a_drag_that_would_cross_edges_is_not_taken(page: ZonesPage, hand: Hand) -> None:
    page.editor.tool_actions[Mode.AREA].trigger()
    for corner in ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)):
        hand.click(corner)
    hand.key(Qt.Key.Key_Return)
    before = editing_of(page).document
    canvas, qtbot = page.editor.canvas, hand.qtbot
    qtbot.mousePress(canvas.viewport(), Qt.MouseButton.LeftButton, pos=hand.at((0.2, 0.2)))
    qtbot.mouseMove(canvas.viewport(), hand.at((0.7, 0.5)))
    assert "cross" in page.editor.hint.text()
    qtbot.mouseRelease(canvas.viewport(), Qt.MouseButton.LeftButton, pos=hand.at((0.7, 0.5)))
    assert editing_of(page).document == before


def test_everything_can_be_done_by_keys(page: ZonesPage, hand: Hand) -> None:
    page.editor.tool_actions[Mode.LINE].trigger()
    for _ in range(10):
        hand.key(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    hand.key(Qt.Key.Key_Space)
    for _ in range(12):
        hand.key(Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    hand.key(Qt.Key.Key_Space)
    hand.key(Qt.Key.Key_Return)
    (line,) = editing_of(page).document.zones
    assert line.points[1][0] - line.points[0][0] == pytest.approx(480 / 640, abs=0.02)
    hand.key(Qt.Key.Key_Insert)
    assert len(editing_of(page).document.zones[0].points) == 3
    hand.key(Qt.Key.Key_Down)
    hand.key(Qt.Key.Key_Down)
    nudged = editing_of(page).document.zones[0].points[1]
    assert nudged[1] == pytest.approx(line.points[0][1] + 2 / 360, abs=1e-6)
    assert editing_of(page).undo_stack.count() == 3, "steps of an arrow key are one step back"
    hand.key(Qt.Key.Key_Delete)
    assert len(editing_of(page).document.zones[0].points) == 2
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_BracketRight)
    assert editing_of(page).selection == Selection(line.zone_id)
    hand.key(Qt.Key.Key_Period)
    assert editing_of(page).selection == Selection(line.zone_id, 0)
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_BracketLeft)
    hand.key(Qt.Key.Key_Delete)
    assert editing_of(page).document.zones == ()


def test_zooming_keeps_the_shape_under_the_pointer_and_zero_shows_all(page: ZonesPage, hand: Hand) -> None:
    canvas = page.editor.canvas
    whole = canvas.zoom
    page.editor.commands["zoom-in"].trigger()
    page.editor.commands["zoom-in"].trigger()
    assert canvas.zoom > whole * 1.4
    line = draw_line(page, hand, (0.4, 0.5), (0.6, 0.5))
    assert near(line.points[0], (0.4, 0.5))
    hand.key(Qt.Key.Key_0)
    assert canvas.zoom == pytest.approx(whole, rel=0.02)


def test_zones_are_copied_to_another_camera_as_a_change_that_can_be_taken_back(
    qtbot: QtBot, page: ZonesPage, hand: Hand
) -> None:
    line = draw_line(page, hand)
    page.copy_to("b")
    assert page.camera_id == "b"
    editing = editing_of(page)
    assert editing.document.zones[0].points == line.points
    assert editing.document.zones[0].zone_id != line.zone_id
    assert "Copy zones from" in editing.undo_stack.undoText()
    page.editor.commands["undo"].trigger()
    assert editing.document.zones == ()


def test_what_is_not_saved_is_there_after_a_crash(
    qtbot: QtBot, page: ZonesPage, hand: Hand, tmp_path: Path, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    line = draw_line(page, hand)
    qtbot.waitUntil(lambda: page.desk.zones.draft_of("a") is not None)
    # The first window never closes: what the next start finds is what is on the disk.
    again = make_desk_again(tmp_path)
    host_of(again).show(grey_view("a"))
    window = open_window(surroundings(again))
    window.show_page("zones", "a")
    editing = editing_of(window.zones)
    assert editing.document.zones[0].points == line.points
    assert editing.is_changed
    assert "not saved" in window.zones.banner.words
    window.zones.discard()
    qtbot.waitUntil(lambda: again.zones.draft_of("a") is None)


def test_closing_the_window_keeps_even_the_last_moment(qtbot: QtBot, page: ZonesPage, hand: Hand, desk: Desk) -> None:
    line = draw_line(page, hand)
    page.close_page()
    draft = desk.zones.draft_of("a")
    assert draft is not None
    assert draft[0].points == line.points


@pytest.mark.expected_log("could not be saved")
def test_a_full_disk_is_said_and_nothing_is_lost(
    qtbot: QtBot, page: ZonesPage, hand: Hand, desk: Desk, tmp_path: Path
) -> None:
    draw_line(page, hand)
    qtbot.waitUntil(lambda: desk.zones.draft_of("a") is not None)
    (tmp_path / "zones.json.new").mkdir()
    page.save()
    qtbot.waitUntil(lambda: "could not be saved" in page.banner.words)
    assert editing_of(page).is_changed
    (tmp_path / "zones.json.new").rmdir()
    page.save()
    qtbot.waitUntil(lambda: not editing_of(page).is_changed)


def test_what_was_drawn_can_be_tried_on_the_last_minutes(
    qtbot: QtBot, page: ZonesPage, hand: Hand, engine: FakeHost
) -> None:
    for index in range(20):
        engine.recent.record(grey_view("a", index=index))
    draw_line(page, hand)
    page.try_it()
    qtbot.waitUntil(lambda: "Entrance: 0 in, 0 out" in page.editor.inspector.tried.text())


def test_trails_and_advice_arrive_while_drawing(qtbot: QtBot, page: ZonesPage, hand: Hand, engine: FakeHost) -> None:
    for index in range(20):
        engine.recent.record(grey_view("a", index=index))
    draw_line(page, hand, (0.1, 0.98), (0.9, 0.98))
    qtbot.waitUntil(lambda: len(page.editor.canvas.paths) == 1, timeout=4000)
    qtbot.waitUntil(lambda: "edge of the picture" in page.editor.inspector.advice.text(), timeout=4000)


def test_zones_of_a_file_are_not_overwritten_before_they_are_known(
    qtbot: QtBot, tmp_path: Path, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    plain = make_desk(tmp_path / "file", "a")
    fixed = Desk(plain.ports, data_dir=plain.data_dir, zones=plain.zones, fixed=plain.document)
    window = open_window(surroundings(fixed))
    window.show_page("zones")
    assert window.zones.editing is None
    assert "first picture" in window.zones.banner.words
    host_of(fixed).show(grey_view("a"))
    qtbot.waitUntil(lambda: window.zones.editing is not None)
    assert [z.zone_id for z in editing_of(window.zones).document.zones] == ["door"]
    assert window.zones.banner.words == ""


def test_tools_are_taken_by_their_letters(qtbot: QtBot, page: ZonesPage, hand: Hand) -> None:
    page.window().activateWindow()
    page.editor.canvas.setFocus()
    for mode, key in (
        (Mode.LINE, Qt.Key.Key_L),
        (Mode.AREA, Qt.Key.Key_A),
        (Mode.PAN, Qt.Key.Key_H),
        (Mode.SELECT, Qt.Key.Key_V),
    ):
        hand.key(key)
        assert page.editor.canvas.mode is mode


def test_a_letter_in_a_name_field_is_a_letter_and_no_tool(qtbot: QtBot, page: ZonesPage, hand: Hand) -> None:
    draw_line(page, hand)
    name = page.editor.inspector.name
    name.setFocus()
    name.clear()
    qtbot.keyClicks(name, "flavA")
    assert name.text() == "flavA"
    assert page.editor.canvas.mode is Mode.SELECT

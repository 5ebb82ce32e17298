from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_app.services.desk import Desk
from desktop_app.services.engine_view import CameraCondition, CloudStatus
from desktop_app.ui.camera_wall.overlay import heat_image, pixelated
from desktop_app.ui.camera_wall.wall import columns_for
from desktop_app.ui.main_window import PAGES, MainWindow
from desktop_app.ui.pieces import Surroundings
from tests.helpers.desks import FakeHost, make_desk, surroundings
from tests.helpers.engine_fakes import grey_view


def mean_shade(image: QImage) -> float:
    small = image.convertToFormat(QImage.Format.Format_Grayscale8).scaled(16, 16)
    return float(np.mean([small.pixelColor(x, y).lightness() for x in range(16) for y in range(16)]))


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (3, 2), (4, 2), (5, 3), (6, 3), (9, 3), (12, 4), (16, 4)]
)
def test_tiles_find_the_grid_that_makes_them_largest(count: int, columns: int) -> None:
    assert columns_for(count, QSize(1280, 720)) == columns


def test_a_tall_narrow_window_stacks_its_tiles() -> None:
    assert columns_for(4, QSize(400, 1200)) == 1


def test_a_new_frame_is_shown_with_its_overlay(qtbot: QtBot, window: MainWindow, engine: FakeHost) -> None:
    tile = window.wall.tiles["a"]
    assert mean_shade(tile.grab().toImage()) < 60
    engine.show(grey_view("a", shade=200))
    qtbot.waitUntil(lambda: mean_shade(tile.grab().toImage()) > 120, timeout=3000)
    image = tile.grab().toImage()
    yellow = [
        image.pixelColor(x, y).saturation() > 120
        for x in range(0, image.width(), 2)
        for y in range(image.height() * 7 // 10, image.height())
    ]
    assert any(yellow), "the line is drawn"


def test_of_a_burst_from_another_thread_the_newest_frame_is_shown(
    qtbot: QtBot, window: MainWindow, engine: FakeHost
) -> None:
    def burst() -> None:
        for index in range(300):
            engine.show(grey_view("b", shade=60 if index < 299 else 220, index=index))

    thread = threading.Thread(target=burst, name="burst")
    thread.start()
    thread.join()
    tile = window.wall.tiles["b"]
    qtbot.waitUntil(lambda: mean_shade(tile.grab().toImage()) > 150, timeout=3000)


def test_a_camera_in_trouble_says_why_and_offers_help(qtbot: QtBot, window: MainWindow, engine: FakeHost) -> None:
    engine.conditions["c"] = CameraCondition.TROUBLE
    engine.words["c"] = "The camera at 10.0.0.3 refuses this user name or password."
    window.show_status()
    tile = window.wall.tiles["c"]
    assert "refuses this user name" in tile.accessibleName()
    assert "refuses this user name" in tile.toolTip()
    assert any(label.text().startswith("3 of 4") for label in window.statusBar().findChildren(QLabel))
    assert "Camera c" in window.sidebar.buttons["go_cameras"].accessibleName()
    qtbot.mouseClick(tile.help_button, Qt.MouseButton.LeftButton)
    assert window.page is window.cameras
    assert window.cameras.selected == "c"


def test_enter_fills_the_window_and_escape_brings_all_back(qtbot: QtBot, window: MainWindow) -> None:
    tile = window.wall.tiles["b"]
    tile.setFocus()
    qtbot.keyClick(tile, Qt.Key.Key_Return)
    assert [i for i, t in window.wall.tiles.items() if t.isVisible()] == ["b"]
    window.live.actions_by_name["all_cameras"].trigger()
    assert all(t.isVisible() for t in window.wall.tiles.values())
    qtbot.mouseDClick(tile, Qt.MouseButton.LeftButton)
    assert window.wall.alone == "b"


def test_the_way_back_to_all_cameras_is_offered_while_one_is_alone(window: MainWindow) -> None:
    way_back = window.live.actions_by_name["all_cameras"]
    assert not way_back.isVisible()
    window.wall.toggle_alone("b")
    assert way_back.isVisible()
    window.wall.set_cameras(["a", "c"])
    assert not way_back.isVisible(), "the camera that was alone is gone"


def test_today_says_what_is_missing_before_anything_can_be_counted(
    qtbot: QtBot, window: MainWindow, desk: Desk
) -> None:
    window.show_page("today")
    qtbot.waitUntil(lambda: "No line is drawn yet" in window.today.banner.words)
    desk.save_zones("a", grey_view("a").zones)
    window.today.refresh()
    qtbot.waitUntil(lambda: window.today.banner.words == "")
    desk.save_zones("a", ())
    window.today.refresh()
    qtbot.waitUntil(lambda: bool(window.today.banner.buttons))
    window.today.banner.buttons[0].click()
    assert window.page is window.zones


def test_overlays_are_switched_by_their_actions(window: MainWindow, engine: FakeHost, qtbot: QtBot, desk: Desk) -> None:
    engine.show(grey_view("a", shade=200))
    window.live.actions_by_name["zones"].trigger()
    assert not window.live.options.zones
    window.live.actions_by_name["privacy"].trigger()
    assert window.live.options.privacy
    assert desk.preferences.are_people_hidden


def test_people_are_hidden_where_the_organisation_says_so(window: MainWindow, desk: Desk) -> None:
    cloud = CloudStatus(True, 0, 0, "All events are in the cloud.", hides_people=True)
    window.show_state(replace(desk.status(), cloud=cloud))
    assert window.live.options.privacy
    window.live.actions_by_name["privacy"].trigger()
    window.show_state(replace(desk.status(), cloud=cloud))
    assert not window.live.options.privacy, "who sits before the screen has chosen"


def test_the_heat_map_shows_where_people_stood(qtbot: QtBot, window: MainWindow, engine: FakeHost) -> None:
    assert heat_image(np.zeros((18, 32), np.float32)) is None
    tile = window.wall.tiles["a"]
    for index in range(4):
        tile.show_view(grey_view("a", index=index))
    before = tile.grab().toImage()
    window.live.actions_by_name["heat"].trigger()
    after = tile.grab().toImage()
    changed = [
        (x / after.width(), y / after.height())
        for x in range(0, after.width(), 4)
        for y in range(0, after.height(), 4)
        if before.pixel(x, y) != after.pixel(x, y)
    ]
    assert changed
    # Feet at (150, 300) of 640x360; the picture lies in the middle of its tile.
    assert all(0.15 < x < 0.35 for x, _ in changed)


def test_each_screen_is_reached_by_its_key_and_its_button(qtbot: QtBot, window: MainWindow) -> None:
    for number, name in enumerate(PAGES, start=1):
        assert window.actions_by_name[f"go_{name}"].shortcut().toString() == f"Ctrl+{number}"
        qtbot.mouseClick(window.sidebar.buttons[f"go_{name}"], Qt.MouseButton.LeftButton)
        assert window.page is window.pages[name]
        assert window.sidebar.buttons[f"go_{name}"].isChecked()


def test_the_sidebar_marks_health_while_the_cloud_refuses(window: MainWindow, engine: FakeHost) -> None:
    engine.cloud = CloudStatus(False, 12, 3, "The cloud cannot be reached; is this machine online?")
    window.show_status()
    assert "cannot be reached" in window.sidebar.buttons["go_health"].accessibleName()
    engine.cloud = CloudStatus(True, 0, 0, "All events are in the cloud.")
    window.show_status()
    assert window.sidebar.buttons["go_health"].accessibleName() == "Health"


def test_a_store_without_cameras_says_what_to_do_next(
    qtbot: QtBot, tmp_path: Path, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    window = open_window(surroundings(make_desk(tmp_path / "empty")))
    assert window.live._empty.isVisible()
    qtbot.mouseClick(window.live._empty.button, Qt.MouseButton.LeftButton)
    assert window.page is window.cameras
    dialog = window.cameras.dialog
    assert dialog is not None
    dialog.reject()


def test_cameras_that_come_and_go_keep_the_pictures_of_those_that_stay(
    qtbot: QtBot, window: MainWindow, engine: FakeHost, desk: Desk
) -> None:
    tile = window.wall.tiles["b"]
    desk.save_store(desk.document.without_camera("a"))
    window.show_status()
    assert list(window.wall.tiles) == ["b", "c", "d"]
    assert window.wall.tiles["b"] is tile


def test_closing_hides_where_there_is_a_tray_and_ends_where_there_is_none(
    qtbot: QtBot, window: MainWindow, engine: FakeHost
) -> None:
    window.hides = True
    with qtbot.waitSignal(window.hidden):
        window.close()
    assert not window.isVisible()
    assert len(engine.listeners) == 1, "the engine goes on and the window can come back"
    window.show()
    with qtbot.waitSignal(window.closed):
        window.quit_for_good()
    assert engine.listeners == []


def test_the_window_remembers_its_place(qtbot: QtBot, around: Surroundings, tmp_path: Path) -> None:
    memory = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    first = MainWindow(around, title="Wink", memory=memory)
    qtbot.addWidget(first)
    first.resize(900, 600)  # the offscreen display has 800x800
    first.show()
    first.quit_for_good()
    second = MainWindow(around, title="Wink", memory=memory)
    qtbot.addWidget(second)
    assert second.height() == 600
    second.quit_for_good()


def test_a_window_is_never_larger_than_its_screen(qtbot: QtBot, around: Surroundings) -> None:
    window = MainWindow(around, title="Wink")
    qtbot.addWidget(window)
    room = window.screen().availableGeometry()
    assert window.height() <= room.height()
    assert window.width() <= max(room.width(), window.minimumWidth())
    window.quit_for_good()


def test_people_made_unrecognisable_keep_no_detail() -> None:
    picture = np.random.default_rng(3).integers(0, 255, (360, 640, 3)).astype(np.uint8)
    out = pixelated(picture, [[100.0, 50.0, 200.0, 300.0]])
    inside, outside = out[50:300, 100:200], out[:, 300:]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= 8 * 20
    assert np.array_equal(outside, picture[:, 300:])


@pytest.mark.slow
def test_fifty_windows_opened_and_closed_while_cameras_flap_leave_nothing(
    qtbot: QtBot, around: Surroundings, engine: FakeHost
) -> None:
    threads = set(threading.enumerate())
    living = 0
    for number in range(50):
        window = MainWindow(around, title="Wink")
        window.show()
        engine.conditions["a"] = CameraCondition.TROUBLE if number % 2 else CameraCondition.LIVE
        window.show_page(PAGES[number % len(PAGES)])
        engine.show(grey_view("a"))
        qtbot.wait(2)
        window.quit_for_good()
        window.deleteLater()
        qtbot.wait(2)
        if number == 9:
            gc.collect()
            living = len(gc.get_objects())
    gc.collect()
    assert engine.listeners == []
    assert set(threading.enumerate()) == threads
    assert len(gc.get_objects()) < living * 1.5 + 20_000, "objects pile up"


def test_thousands_of_signals_do_not_abort_the_program() -> None:
    """PySide6 6.12.0 on Python 3.11 lost a reference to True at each emit."""
    code = (
        "from PySide6.QtCore import QObject, Signal\n"
        "class A(QObject):\n    s = Signal(bool)\n"
        "a = A()\na.s.connect(lambda on: None)\n"
        "for _ in range(20000):\n    a.s.emit(True)\n"
        "print('alive')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr


def test_cameras_that_are_being_started_or_cannot_are_shown_as_they_are(
    window: MainWindow, desk: Desk, engine: FakeHost
) -> None:
    engine.conditions.clear()

    def shown() -> dict[str, CameraCondition]:
        window.live.show_status(desk.status())
        assert window.live._stack.currentWidget() is window.wall
        tiles = window.wall.tiles.items()
        return {i: tile._status.condition for i, tile in tiles if tile._status is not None}

    assert set(shown().values()) == {CameraCondition.STARTING}
    assert "measured for some seconds" in desk.status().cameras[0].words
    engine.trouble = "No model is here."
    assert shown() == dict.fromkeys("abcd", CameraCondition.TROUBLE)
    assert window.live.banner.words == "No model is here."


def test_what_is_not_as_it_should_be_is_told_loudly_while_counting_goes_on(
    window: MainWindow, engine: FakeHost
) -> None:
    engine.warning = "The model ours should be used, but its file is damaged."
    window.show_status()
    assert window.live.banner.words == engine.warning
    engine.warning = ""
    window.show_status()
    assert window.live.banner.words == ""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop_app.services.engine_view import CameraCondition
from desktop_app.ui.camera_wall.overlay import pixelated
from desktop_app.ui.camera_wall.wall import columns_for
from desktop_app.ui.main_window import MainWindow
from tests.helpers.engine_fakes import FakeEngineView, grey_view


@pytest.fixture
def engine() -> FakeEngineView:
    return FakeEngineView(["a", "b", "c", "d"])


@pytest.fixture
def window(qtbot: QtBot, engine: FakeEngineView) -> MainWindow:
    window = MainWindow(engine, title="Wink", dashboard_url="http://127.0.0.1/")
    qtbot.addWidget(window)
    window.resize(1024, 640)
    window.show()
    return window


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


def test_a_new_frame_is_shown_with_its_overlay(qtbot: QtBot, window: MainWindow, engine: FakeEngineView) -> None:
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
    qtbot: QtBot, window: MainWindow, engine: FakeEngineView
) -> None:
    def burst() -> None:
        for index in range(300):
            engine.show(grey_view("b", shade=60 if index < 299 else 220, index=index))

    thread = threading.Thread(target=burst, name="burst")
    thread.start()
    thread.join()
    tile = window.wall.tiles["b"]
    qtbot.waitUntil(lambda: mean_shade(tile.grab().toImage()) > 150, timeout=3000)


def test_a_camera_in_trouble_says_why_and_since_when(window: MainWindow, engine: FakeEngineView) -> None:
    engine.conditions["c"] = CameraCondition.TROUBLE
    engine.words["c"] = "The camera at 10.0.0.3 refuses this user name or password."
    window.show_status()
    tile = window.wall.tiles["c"]
    assert "refuses this user name" in tile.accessibleName()
    assert "refuses this user name" in tile.toolTip()
    assert window.statusBar().findChild(type(window._camera_words)).text().startswith("3 of 4")


def test_enter_fills_the_window_and_escape_brings_all_back(qtbot: QtBot, window: MainWindow) -> None:
    tile = window.wall.tiles["b"]
    qtbot.keyClick(tile, Qt.Key.Key_Return)
    assert [i for i, t in window.wall.tiles.items() if t.isVisible()] == ["b"]
    window.wall.show_all()
    assert all(t.isVisible() for t in window.wall.tiles.values())
    qtbot.mouseDClick(tile, Qt.MouseButton.LeftButton)
    assert window.wall.alone == "b"


def test_people_made_unrecognisable_keep_no_detail() -> None:
    picture = np.random.default_rng(3).integers(0, 255, (360, 640, 3)).astype(np.uint8)
    out = pixelated(picture, [[100.0, 50.0, 200.0, 300.0]])
    inside, outside = out[50:300, 100:200], out[:, 300:]
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) <= 8 * 20
    assert np.array_equal(outside, picture[:, 300:])


def test_windows_opened_and_closed_many_times_leave_no_listener(qtbot: QtBot, engine: FakeEngineView) -> None:
    for _ in range(10):
        window = MainWindow(engine, title="Wink")
        window.show()
        engine.show(grey_view("a"))
        window.close()
        window.deleteLater()
        qtbot.wait(1)
    assert engine.listeners == []


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

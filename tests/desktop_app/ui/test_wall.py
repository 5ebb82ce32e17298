"""What is written on a tile leaves the picture to be seen, and a wall of many cameras has pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.engine_view import CameraCondition, CameraStatus
from desktop_app.services.live_view import LiveView
from desktop_app.ui.camera_wall.overlay import OverlayOptions, draw_view
from desktop_app.ui.camera_wall.wall import WALL_TILES, CameraTile
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Surroundings
from tests.helpers.desks import make_desk, surroundings
from tests.helpers.engine_fakes import NOW, grey_view

PLAIN = OverlayOptions(boxes=False, zones=False)
LONG = "Camera above the very long corridor that leads from the entrance to the tills"


def view_with(*counts: ZoneCount) -> LiveView:
    return replace(grey_view("a"), counts=counts)


def covered(view: LiveView, size: tuple[int, int]) -> tuple[float, float]:
    """Which share of the height and of the width the figures cover."""
    picture = QImage(*size, QImage.Format.Format_RGB32)
    picture.fill(QColor("#ff0000"))
    painter = QPainter(picture)
    flat = QImage(640, 360, QImage.Format.Format_RGB32)
    flat.fill(QColor("#ff0000"))
    draw_view(painter, view, flat, QRectF(0, 0, *size), PLAIN)
    painter.end()
    red = QColor("#ff0000").rgb()
    dark = [(x, y) for x in range(0, size[0], 2) for y in range(size[1]) if picture.pixel(x, y) != red]
    if not dark:
        return 0.0, 0.0
    xs, ys = [x for x, _ in dark], [y for _, y in dark]
    return (max(ys) - min(ys) + 1) / size[1], (max(xs) - min(xs) + 1) / size[0]


@pytest.mark.parametrize("size", [(256, 144), (320, 180), (640, 360), (1280, 720)])
def test_figures_leave_the_picture_to_be_seen_however_many_and_long_they_are(
    qtbot: QtBot, size: tuple[int, int]
) -> None:
    many = view_with(*(ZoneCount(f"z{n}", LONG, 1234, 987) for n in range(12)))
    height, width = covered(many, size)
    assert 0.05 < height <= 0.27
    assert 0.3 < width <= 0.72
    assert covered(view_with(), size) == (0.0, 0.0)


def status(label: str) -> CameraStatus:
    return CameraStatus("a", label, CameraCondition.LIVE, "Live.", NOW, 5.0, ())


def test_a_long_name_ends_within_its_tile_and_keeps_its_rate(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    tile = CameraTile("a")
    qtbot.addWidget(tile)
    tile.resize(260, 150)
    tile.show_status(status(LONG))
    image = tile.grab().toImage()
    # The name's ground is translucent over the tile's: at the tile's right edge the tile itself is seen.
    assert image.pixelColor(258, 10) == image.pixelColor(258, 100)
    assert image.pixelColor(120, 7) != image.pixelColor(120, 100)


@pytest.fixture
def many(qtbot: QtBot, tmp_path: Path, open_window: Callable[[Surroundings], MainWindow]) -> MainWindow:
    return open_window(surroundings(make_desk(tmp_path / "many", *(f"cam{n:02d}" for n in range(40)))))


def shown(window: MainWindow) -> list[str]:
    return [camera_id for camera_id, tile in window.wall.tiles.items() if tile.isVisible()]


def test_forty_cameras_are_three_pages(qtbot: QtBot, many: MainWindow) -> None:
    names = [f"cam{n:02d}" for n in range(40)]
    assert shown(many) == names[:WALL_TILES]
    assert many.live.pager.text() == "1 to 16 of 40"
    assert not many.live.before_button.isEnabled()
    qtbot.mouseClick(many.live.after_button, Qt.MouseButton.LeftButton)
    assert shown(many) == names[16:32]
    focused = QApplication.focusWidget() or many.focusWidget()
    assert focused is many.wall.tiles["cam16"]
    qtbot.keyClick(focused, Qt.Key.Key_PageDown)
    assert shown(many) == names[32:]
    assert not many.live.after_button.isEnabled()
    qtbot.keyClick(many.wall.tiles["cam32"], Qt.Key.Key_Return)
    assert shown(many) == ["cam32"]
    many.wall.show_all()
    assert shown(many) == names[32:]
    many.wall.set_cameras(names[:20])
    assert shown(many) == names[16:20], "the last page that is left"


def test_up_to_sixteen_cameras_need_no_pager(window: MainWindow) -> None:
    assert not window.live.pager.isVisible()
    assert window.wall.pages == (0, 1)

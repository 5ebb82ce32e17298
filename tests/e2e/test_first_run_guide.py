"""From the first start to the first counted person on the virtual store, by the wizard alone: the owner's guide.

With WINK_WRITE_GUIDE=1 the pictures of docs/guides/owner are made anew; else they go to a temporary folder.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from desktop_app.bootstrap.desktop import DesktopProgram, build_desk
from desktop_app.settings import EdgeSettings
from desktop_app.ui.setup_wizard.camera_step import CameraStep
from desktop_app.ui.setup_wizard.first_steps import CloudStep, WelcomeStep
from desktop_app.ui.setup_wizard.last_steps import DoneStep, LineStep
from desktop_app.ui.setup_wizard.wizard import SetupWizard
from desktop_app.ui.today.page import TodayPage
from shared_models.cameras import SourceKind
from tests.helpers.desks import Answers
from tests.helpers.weights import PROJECT_DIR, find_weights

GUIDE = PROJECT_DIR / "docs" / "guides" / "owner"
WIDTH_PX = 860
COLOURS = 96
MAX_BYTES = 220_000
MINUTES_3_S = 180.0


class Camera:
    """Takes pictures of windows; few colours keep them small."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: list[str] = []

    def take(self, widget: QWidget, name: str) -> None:
        image = widget.grab().toImage().scaledToWidth(WIDTH_PX, Qt.TransformationMode.SmoothTransformation)
        path = self.folder / f"{name}.png"
        assert with_few_colours(image).save(str(path), "PNG", 0)  # type: ignore[call-overload]
        assert path.stat().st_size <= MAX_BYTES, f"{path.name} is large"
        self.taken.append(path.name)


def with_few_colours(image: QImage) -> QImage:
    """The picture in the colours that suit it best: a quarter of the bytes, and nobody sees it."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    width, height = rgb.width(), rgb.height()
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(height, rgb.bytesPerLine())[:, : width * 3]
    pixels = rows.reshape(-1, 3).astype(np.float32)
    sample = pixels[np.random.default_rng(1).choice(len(pixels), 20_000)]
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    _, _, colours = cv2.kmeans(sample, COLOURS, None, criteria, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    nearest = np.empty(len(pixels), np.uint8)
    for start in range(0, len(pixels), 50_000):
        part = pixels[start : start + 50_000]
        nearest[start : start + 50_000] = ((part[:, None] - colours[None]) ** 2).sum(-1).argmin(1)
    out = QImage(np.ascontiguousarray(nearest).data, width, height, width, QImage.Format.Format_Indexed8)
    out.setColorTable([QColor(*(round(c) for c in colour)).rgb() for colour in colours.tolist()])
    return out.copy()


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(420)
def test_somebody_who_has_never_seen_the_program_counts_a_person_within_three_minutes(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = GUIDE if os.environ.get("WINK_WRITE_GUIDE") else tmp_path
    shots = Camera(folder)
    settings = EdgeSettings(data_dir=tmp_path / "data", model=str(find_weights()))
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    desk = build_desk(settings)
    program = DesktopProgram(app, desk, settings, has_tray=False, ask=Answers())
    qtbot.addWidget(program.window)
    started_s = time.monotonic()
    try:
        program.window.resize(1180, 740)
        program.show()
        wizard = program.wizard
        assert wizard is not None
        counted_s = _through_the_wizard(qtbot, wizard, shots) - started_s
        qtbot.waitUntil(lambda: program.wizard is None, timeout=10_000)
        _afterwards(qtbot, program, shots)
    finally:
        program.quit_now()
        desk.ports.host.stop(flush_s=0)
    assert counted_s < MINUTES_3_S
    assert desk.document.is_set_up
    text = (GUIDE / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\((\d\d-[a-z-]+\.png)\)", text) == shots.taken, "the guide shows each picture, in this order"
    assert all((GUIDE / name).is_file() for name in shots.taken)


def _through_the_wizard(qtbot: QtBot, wizard: SetupWizard, shots: Camera) -> float:
    """Step by step; tells when the first person was counted (monotonic seconds)."""
    welcome, cloud, camera, line, done = wizard.steps
    assert isinstance(welcome, WelcomeStep)
    qtbot.keyClicks(welcome.name, "High Street")
    shots.take(wizard, "01-welcome")
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: wizard.step is cloud, timeout=5000)
    assert isinstance(cloud, CloudStep)
    cloud.without.setChecked(True)
    shots.take(wizard, "02-cloud")
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    assert isinstance(camera, CameraStep)
    camera.form.pick_kind(camera.form.kind.findData(SourceKind.VIRTUAL_STORE.value))
    item = camera.form.found.item(0)
    spot = camera.form.found.visualItemRect(item).center()
    qtbot.mouseClick(camera.form.found.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    qtbot.mouseClick(camera.form.test_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: camera.form.preview.has_picture, timeout=30_000)
    shots.take(wizard, "03-camera")
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: wizard.step is line, timeout=90_000)
    assert isinstance(line, LineStep)
    _draw(qtbot, line)
    shots.take(wizard, "04-line")
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: wizard.step is done, timeout=10_000)
    assert isinstance(done, DoneStep)
    qtbot.waitUntil(lambda: done.counted > 0, timeout=170_000)
    counted_s = time.monotonic()
    qtbot.wait(300)
    shots.take(wizard, "05-counted")
    qtbot.mouseClick(wizard.next_button, Qt.MouseButton.LeftButton)
    return counted_s


def _draw(qtbot: QtBot, line: LineStep) -> None:
    canvas = line.editor.canvas
    qtbot.waitUntil(lambda: canvas.view is not None, timeout=60_000)
    (zone,) = scene_zones("entrance")
    (ax, ay), (bx, by) = zone.points
    width, height = canvas.frame_wh
    start, end = canvas.mapFromScene(ax * width, ay * height), canvas.mapFromScene(bx * width, by * height)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=end)
    qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert line.editor.editing is not None
    assert len(line.editor.editing.document.zones) == 1
    # Which way is in, is the owner's to see: here the arrow has to point as the scene's own line does.
    drawn = line.editor.editing.document.zones[0]
    if (drawn.points[0][0] < drawn.points[-1][0]) != (ax < bx):
        line.editor.flip()


def _ask_why(qtbot: QtBot, today: TodayPage, shots: Camera) -> None:
    """A click on "People in"; the way is there once its person has left the picture and a page of ways is written."""

    def has_way() -> bool:
        dialog = today.stories
        if dialog is None or dialog.stories is None:
            return False
        if dialog.view.way.steps:
            return True
        if dialog.view.way.words:
            dialog.close()
            today.in_figure.clicked.emit()
        return False

    today.in_figure.clicked.emit()
    qtbot.waitUntil(has_way, timeout=120_000)
    dialog = today.stories
    assert dialog is not None
    shots.take(dialog, "09-why")
    dialog.close()


def _afterwards(qtbot: QtBot, program: DesktopProgram, shots: Camera) -> None:
    """The window as its owner finds it from then on."""
    window = program.window
    window.show_page("live")
    qtbot.waitUntil(lambda: any(tile._view is not None for tile in window.wall.tiles.values()), timeout=30_000)
    window.show_status()
    qtbot.wait(400)
    shots.take(window, "06-live")
    window.show_page("zones")
    qtbot.waitUntil(lambda: window.zones.editor.canvas.view is not None, timeout=30_000)
    qtbot.wait(1500)
    shots.take(window, "07-zones")
    window.show_page("today")
    qtbot.waitUntil(lambda: window.today.in_figure.value not in ("–", "0"), timeout=30_000)
    qtbot.wait(200)
    shots.take(window, "08-today")
    _ask_why(qtbot, window.today, shots)
    for number, name in enumerate(("cameras", "health", "settings"), start=10):
        window.show_page(name)
        qtbot.wait(700)
        shots.take(window, f"{number:02d}-{name}")

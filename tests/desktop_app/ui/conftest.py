"""Windows over a played engine; each is closed for good, so that no thread stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.services.desk import Desk
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Surroundings
from tests.helpers.desks import Answers, FakeHost, host_of, make_desk, surroundings

PATIENCE_MS = 60_000
"""A loaded machine is no defect of a screen."""


class PatientQtBot(QtBot):
    """Waits long for what it is told to wait for."""

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = PATIENCE_MS) -> None:  # noqa: N802 - as the original
        super().waitUntil(callback, timeout=timeout)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientQtBot:
    del qapp
    return PatientQtBot(request)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, "a", "b", "c", "d")


@pytest.fixture
def engine(desk: Desk) -> FakeHost:
    return host_of(desk)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def around(qtbot: QtBot, desk: Desk, answers: Answers) -> Surroundings:
    return surroundings(desk, answers=answers)


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator[Callable[[Surroundings], MainWindow]]:
    windows: list[MainWindow] = []

    def make(around: Surroundings) -> MainWindow:
        window = MainWindow(around, title="Wink", dashboard_url="http://127.0.0.1/")
        windows.append(window)
        qtbot.addWidget(window)
        window.resize(1024, 640)
        window.show()
        qtbot.waitExposed(window)
        return window

    yield make
    for window in windows:
        window.quit_for_good()


@pytest.fixture
def window(around: Surroundings, open_window: Callable[[Surroundings], MainWindow]) -> MainWindow:
    return open_window(around)

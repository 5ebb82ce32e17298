from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop_app.bootstrap.desktop import DesktopProgram
from desktop_app.services.desk import Desk
from desktop_app.services.own_version import own_version
from desktop_app.services.whats_new import plain_version
from desktop_app.settings import EdgeSettings
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.text_dialog import TextDialog
from tests.desktop_app.ui.test_program import app
from tests.helpers.desks import Answers, make_desk

MB = 1_000_000


def button(buttons: list[QPushButton], words: str) -> QPushButton:
    return next(one for one in buttons if one.text() == words)


def test_a_disk_with_room_is_not_spoken_of(window: MainWindow) -> None:
    assert window.notices.isHidden()
    window.notices.show_disk(50_000 * MB)
    assert window.notices.isHidden()


def test_a_nearly_full_disk_is_told_on_every_screen_until_put_away_or_worse(qtbot: QtBot, window: MainWindow) -> None:
    notices = window.notices
    for name in ("live", "today", "settings"):
        window.show_page(name)
        notices.show_disk(640 * MB)
        assert notices.isVisible()
        assert "640 MB" in notices.disk.words
    qtbot.mouseClick(button(notices.disk.buttons, "Later"), Qt.MouseButton.LeftButton)
    assert notices.isHidden()
    notices.show_disk(500 * MB)
    assert notices.isHidden(), "it was put away"
    notices.show_disk(40 * MB)
    assert "wait in memory" in notices.disk.words
    qtbot.mouseClick(button(notices.disk.buttons, "Health"), Qt.MouseButton.LeftButton)
    assert window.page is window.health
    notices.show_disk(9_000 * MB)
    assert notices.isHidden(), "there is room again"


def test_the_window_looks_at_the_disk_by_itself(
    qtbot: QtBot, window: MainWindow, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "disk_free_bytes", lambda: 300 * MB)
    window.notices.look()
    qtbot.waitUntil(lambda: "300 MB" in window.notices.disk.words)


def program_of(desk: Desk) -> DesktopProgram:
    return DesktopProgram(app(), desk, EdgeSettings(data_dir=desk.data_dir), has_tray=False, ask=Answers())


def test_what_is_new_is_told_once_after_an_upgrade(qtbot: QtBot, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = program_of(desk)
    qtbot.addWidget(first.window)
    first.show()
    notices = first.window.notices
    assert plain_version(own_version()) in notices.news.words
    read: list[str] = []
    monkeypatch.setattr(TextDialog, "exec", lambda self: read.append(self.text.toPlainText()))
    qtbot.mouseClick(button(notices.news.buttons, "What is new"), Qt.MouseButton.LeftButton)
    assert "The desktop program" in read[0]
    assert notices.isHidden()
    first.quit_now()
    second = program_of(make_desk_again(desk))
    qtbot.addWidget(second.window)
    second.show()
    assert second.window.notices.isHidden()
    second.quit_now()


def make_desk_again(desk: Desk) -> Desk:
    """The same folder at the next start."""
    again = make_desk(desk.data_dir, "a", "b", "c", "d")
    assert again.preferences.seen_version == plain_version(own_version())
    return again

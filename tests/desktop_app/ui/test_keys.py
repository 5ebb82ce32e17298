"""The list of keys says what is, the guide says the same, and what it says works."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.services.desk import Desk
from desktop_app.services.stories import Outcome, Question
from desktop_app.ui.actions import MARK_WRONG
from desktop_app.ui.main_window import PAGES, MainWindow
from desktop_app.ui.shortcuts import ShortcutsDialog, key_groups
from desktop_app.ui.today.stories_dialog import StoriesDialog
from desktop_app.ui.zone_editor.tools import Mode
from shared_models.zones import LineZone
from tests.helpers.desks import FakeHost
from tests.helpers.engine_fakes import grey_view
from tests.helpers.weights import PROJECT_DIR

GUIDE = PROJECT_DIR / "docs" / "guides" / "owner" / "README.md"
LINE = LineZone(zone_id="door", name="Entrance", points=((0.1, 0.5), (0.9, 0.5)))


def keys_of(widget: QWidget) -> set[str]:
    """Every shortcut that anything in this window has."""
    actions = {action.shortcut() for action in widget.findChildren(QAction)}
    buttons = {button.shortcut() for button in widget.findChildren(QAbstractButton)}
    portable = {one.toString() for one in actions | buttons if not one.isEmpty()}
    return {keys for keys in portable if not keys.startswith("Alt+")}


def listed() -> set[str]:
    return {QKeySequence(keys).toString() for group in key_groups() for keys, _ in group.rows}


def test_every_key_that_the_window_has_is_listed(window: MainWindow) -> None:
    assert keys_of(window) - listed() == set()
    assert {"?", "Ctrl+S", "Ctrl+3", "F11", "B", "L"} <= keys_of(window)


def reachable(page: QWidget) -> set[QWidget]:
    """What can be used on a page: everything in it that takes the keyboard and is shown."""
    return {
        widget
        for widget in page.findChildren(QWidget)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and widget.isEnabled()
        and widget.window() is page.window()
        and widget.focusProxy() is None
        and not widget.objectName().startswith("qt_")
    }


@pytest.mark.parametrize("name", PAGES)
def test_tab_goes_round_every_page_and_is_caught_nowhere(
    qtbot: QtBot, window: MainWindow, engine: FakeHost, desk: Desk, name: str
) -> None:
    desk.save_zones("a", (LINE,))
    engine.show(grey_view("a"))
    window.show_page(name)
    window.show_status()
    qtbot.wait(50)
    wanted = reachable(window.page)
    start = window.sidebar.buttons["go_live"]
    start.setFocus()
    met: list[QWidget] = []
    while (len(met) < 3 or window.focusWidget() is not start) and len(met) < 300:
        met.append(window.focusWidget())
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert len(met) < 300, f"caught in {met[-1]} {met[-1].accessibleName()}"
    missed = {f"{type(w).__name__} {w.accessibleName() or getattr(w, 'text', str)()}" for w in wanted - set(met)}
    # Of buttons that exclude each other Tab reaches the chosen one, and arrows the others.
    assert {words for words in missed if not words.startswith("QRadioButton")} == set()


def test_the_key_of_the_why_dialog_is_the_one_that_is_listed(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    now = desk.ports.clock.utc_now()
    dialog = StoriesDialog(window.around, "t", Question(now, now, frozenset(Outcome)), parent=window)
    qtbot.addWidget(dialog)
    assert dialog.mark_button.shortcut().toString() == MARK_WRONG.key
    dialog.close()


def test_the_list_opens_by_its_own_key_and_shows_every_row(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(ShortcutsDialog, "exec", lambda self: shown.append(self.text.toPlainText()))
    qtbot.keyClick(window, Qt.Key.Key_Question)
    assert len(shown) == 1
    for group in key_groups():
        assert group.title in shown[0]
        for keys, words in group.rows:
            assert " ".join(keys.split()) in " ".join(shown[0].split())
            assert words in shown[0]


def test_the_guide_lists_the_same_keys() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for group in key_groups():
        assert f"**{group.title}**" in text
        for keys, words in group.rows:
            assert f"| `{' '.join(keys.split())}` | {words} |" in text, (group.title, keys)


@pytest.fixture
def drawing(window: MainWindow, engine: FakeHost, desk: Desk, qtbot: QtBot) -> MainWindow:
    desk.save_zones("a", (LINE,))
    engine.show(grey_view("a"))
    window.show_page("zones", "a")
    qtbot.waitUntil(lambda: window.zones.editing is not None)
    return window


def test_each_key_of_the_picture_does_something_in_the_state_that_it_is_for(qtbot: QtBot, drawing: MainWindow) -> None:
    canvas, editing = drawing.zones.editor.canvas, drawing.zones.editing
    assert editing is not None

    def state() -> object:
        return (editing.document, editing.selection, editing.draft, canvas.mode, round(canvas.zoom, 4))

    def changes(key: Qt.Key) -> bool:
        before = state()
        qtbot.keyClick(canvas, key)
        return state() != before

    canvas.set_mode(Mode.SELECT)
    select = (
        Qt.Key.Key_BracketRight, Qt.Key.Key_Period, Qt.Key.Key_Comma, Qt.Key.Key_Insert, Qt.Key.Key_Delete,
        Qt.Key.Key_Left, Qt.Key.Key_Escape, Qt.Key.Key_BracketLeft, Qt.Key.Key_Backspace,
    )  # fmt: skip
    draw = (
        Qt.Key.Key_Left, Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Space,
        Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Return,
    )  # fmt: skip
    assert all(changes(key) for key in select)
    canvas.set_mode(Mode.LINE)
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert all(changes(key) for key in draw)
    assert all(changes(key) for key in (Qt.Key.Key_Plus, Qt.Key.Key_0, Qt.Key.Key_Equal, Qt.Key.Key_Minus))
    canvas.set_mode(Mode.AREA)
    assert changes(Qt.Key.Key_Escape)
    assert canvas.mode is Mode.SELECT
    assert len(editing.document.zones) == 1


def test_arrows_walk_over_the_wall_and_enter_fills_the_window(qtbot: QtBot, window: MainWindow) -> None:
    tiles = window.wall.tiles
    tiles["a"].setFocus()
    for key, there in (
        (Qt.Key.Key_Right, "b"), (Qt.Key.Key_Down, "d"), (Qt.Key.Key_Left, "c"), (Qt.Key.Key_Up, "a"), (Qt.Key.Key_Up, "a"),
    ):  # fmt: skip
        qtbot.keyClick(window.focusWidget(), key)
        assert window.focusWidget() is tiles[there]
    qtbot.keyClick(tiles["a"], Qt.Key.Key_Return)
    assert window.wall.alone == "a"


def test_undo_in_the_menu_is_that_of_the_page_and_says_what(
    qtbot: QtBot, drawing: MainWindow, around_undo: Callable[[], str]
) -> None:
    editing = drawing.zones.editing
    assert editing is not None
    assert not drawing.actions_by_name["undo"].isEnabled()
    canvas = drawing.zones.editor.canvas
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
    qtbot.keyClick(canvas, Qt.Key.Key_Delete)
    assert around_undo() == "Undo: Delete 'Entrance'"
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(editing.document.zones) == 1
    assert around_undo() == "Undo"
    assert drawing.actions_by_name["redo"].isEnabled()
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert editing.document.zones == ()
    drawing.zones.discard()
    drawing.show_page("live")
    assert not drawing.actions_by_name["undo"].isEnabled()


@pytest.fixture
def around_undo(window: MainWindow) -> Callable[[], str]:
    return lambda: window.actions_by_name["undo"].text().replace("&", "")

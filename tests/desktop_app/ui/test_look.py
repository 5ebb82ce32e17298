"""What holds for every screen: it fits, it is translatable, it can be heard and reached by keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtGui import QAction, QColor, QIcon
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QTabWidget,
    QWidget,
)  # fmt: skip
from pytestqt.qtbot import QtBot

from desktop_app.domain.explanation import Reason
from desktop_app.services.desk import Desk
from desktop_app.services.preferences import Appearance
from desktop_app.services.stories import Outcome, Question, Story
from desktop_app.services.zone_sync import ZoneNews
from desktop_app.settings import find_assets
from desktop_app.ui.cameras.dialog import CameraDialog
from desktop_app.ui.cameras.remove_dialog import RemoveDialog
from desktop_app.ui.main_window import PAGES, MainWindow
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.setup_wizard.wizard import SetupWizard
from desktop_app.ui.theme import DARK, LIGHT, style_sheet
from desktop_app.ui.today.stories_dialog import StoriesDialog
from desktop_app.ui.today.story_words import short_words, why_words
from desktop_app.ui.zone_editor.news import BothDialog
from desktop_app.ui.zone_editor.recount_dialog import RecountDialog
from shared_models.zones import LineZone
from tests.helpers.desks import make_desk, surroundings

MARK = "«"


class Pseudo(QTranslator):
    """A language in which every sentence is longer and marked: what is not marked was not translated."""

    def translate(self, _context: str, words: str, _note: str | None = None, _n: int = -1) -> str:  # type: ignore[override]
        return f"{MARK}{words}{'~' * (len(words) // 3)}»" if words else ""

    def isEmpty(self) -> bool:  # noqa: N802 - Qt's name
        return False


@pytest.fixture
def pseudo(qtbot: QtBot) -> Iterator[None]:
    translator = Pseudo()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


# Names, numbers, addresses and units are the same in every language.
NO_WORDS = re.compile(r"^[\W\d_]*$")
DATA = {"Wink", "Camera a", "Camera b", "Camera c", "Camera d", "vm", "CSV", "https://", "virtual-store"}


def is_data(text: str) -> bool:
    return (
        bool(NO_WORDS.match(text))
        or any(known in text for known in DATA)
        or bool(re.fullmatch(r"[\d.]+ (GB|s|min|h|d)", text))
        or text.removeprefix("choice: ") in available_timezones()
    )


def texts_of(widget: QWidget) -> Iterator[tuple[str, str]]:
    """(kind, text) of everything that can be read under ``widget``."""
    for label in widget.findChildren(QLabel):
        yield "label", re.sub(r"<[^>]+>|&nbsp;|■", "", label.text())
    for button in widget.findChildren(QAbstractButton):
        yield "button", button.text()
    for combo in widget.findChildren(QComboBox):
        for index in range(combo.count()):
            yield "choice", combo.itemText(index)
    for field in widget.findChildren(QLineEdit):
        yield "hint", field.placeholderText()
    for tabs in widget.findChildren(QTabWidget):
        for index in range(tabs.count()):
            yield "tab", tabs.tabText(index)
    for action in widget.findChildren(QAction):
        yield "action", action.text()


EXAMPLES = (
    "https://wink.example.com",
    "ABCD-EFGH",
    "rtsp://192.168.1.101:554/stream",
    "usb://0",
    "virtual-store://entrance",
)


def untranslated(widget: QWidget) -> list[str]:
    return [
        f"{kind}: {text}"
        for kind, text in texts_of(widget)
        if text and MARK not in text and not is_data(text) and text not in EXAMPLES
    ]


def test_every_word_of_every_screen_goes_through_translation(
    qtbot: QtBot, pseudo: None, desk: Desk, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    window = open_window(surroundings(desk))
    for name in PAGES:
        window.show_page(name)
        qtbot.wait(60)
    names = {combo.currentText() for combo in window.findChildren(QComboBox)}
    found = [text for text in untranslated(window) if text.partition(": ")[2] not in names or "choice" not in text]
    # The date is Qt's own to translate, host names are the computer's.
    assert [t for t in found if "20" not in t and "qt_spinbox" not in t] == []


def test_every_word_of_the_wizard_goes_through_translation(qtbot: QtBot, pseudo: None, tmp_path: Path) -> None:
    wizard = SetupWizard(surroundings(make_desk(tmp_path / "x", "a", is_set_up=False)))
    qtbot.addWidget(wizard)
    wizard.show()
    for index in range(len(wizard.steps)):
        wizard.go_to(index)
        qtbot.wait(30)
    assert untranslated(wizard) == []
    wizard.close()


def test_every_word_of_every_dialog_goes_through_translation(
    qtbot: QtBot, pseudo: None, desk: Desk, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    window = open_window(surroundings(desk))
    now = desk.ports.clock.utc_now()
    line = LineZone(zone_id="door", name="Wink door", points=((0.1, 0.5), (0.9, 0.5)))
    question = Question(now - timedelta(hours=1), now, frozenset(Outcome))
    dialogs: list[QWidget] = [
        StoriesDialog(window.around, f"{MARK}title", question, parent=window),
        RecountDialog(
            window.around,
            "a",
            (line,),
            zone_ids=frozenset({"door"}),
            known_since=now - timedelta(days=9),
            parent=window,
        ),
        BothDialog((line,), ZoneNews("a", (), True), frame_wh=None, still=None, parent=window),
        RemoveDialog("Wink", window),
        CameraDialog(window.around, None, window),
    ]
    try:
        for dialog in dialogs:
            dialog.show()
            qtbot.wait(50)
            assert untranslated(dialog) == [], type(dialog).__name__
            assert clipped(dialog) == [], type(dialog).__name__
    finally:
        for dialog in dialogs:
            dialog.close()


def test_reasons_are_told_for_everything_that_can_happen_at_a_line(pseudo: None) -> None:
    for reason in set(Reason) - {Reason.STITCHED}:
        story = Story(
            "a", "door", datetime.now(UTC), 1, Outcome.NOT_COUNTED, reason, nearest_heights=0.2, other_track_id=2
        )
        assert short_words(story).startswith(MARK), reason
        assert why_words(story).count(MARK) >= 3, reason
    plain = Story("a", "door", datetime.now(UTC), 1, Outcome.WENT_IN)
    assert "kept for some days" in why_words(plain)
    assert "newly drawn line" in why_words(replace(plain, is_recounted=True))
    assert "5.0 s" in why_words(replace(plain, outcome=Outcome.STAYED, value=5.0))


def clipped(window: QWidget) -> list[str]:
    """Buttons and labels that show less than their words."""
    found = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, (QAbstractButton, QLabel)):
            continue
        if isinstance(widget, QLabel) and widget.wordWrap():
            continue
        needs, has = widget.minimumSizeHint(), widget.size()
        if widget.text() and (has.width() < needs.width() - 1 or has.height() < needs.height() - 1):
            found.append(f"{widget.text()} {has.toTuple()} < {needs.toTuple()}")
        corner = widget.mapTo(window, widget.rect().bottomRight())
        if not window.rect().contains(corner) and not _is_scrolled(widget):
            found.append(f"{widget.text()} lies outside")
    return found


def _is_scrolled(widget: QWidget) -> bool:
    parent: QWidget | None = widget
    while parent is not None:
        if type(parent).__name__ == "QScrollArea":
            return True
        parent = parent.parentWidget()
    return False


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800), (1920, 1080)])
def test_nothing_is_cut_off_from_the_smallest_size_on(qtbot: QtBot, window: MainWindow, size: tuple[int, int]) -> None:
    window.resize(*size)
    for name in PAGES:
        window.show_page(name)
        qtbot.wait(30)
        assert (window.width(), window.height()) == size, name
        assert clipped(window) == [], name


def test_a_longer_language_still_fits(
    qtbot: QtBot, pseudo: None, desk: Desk, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    window = open_window(surroundings(desk))
    window.resize(1280, 800)
    for name in PAGES:
        window.show_page(name)
        qtbot.wait(30)
        assert window.width() <= 1400, name


def test_everything_that_takes_the_keyboard_has_a_name_to_be_read_aloud(qtbot: QtBot, window: MainWindow) -> None:
    unnamed = []
    for widget in window.findChildren(QWidget):
        is_field = isinstance(widget, (QAbstractButton, QComboBox, QAbstractItemView, QLineEdit))
        if (
            not is_field
            or widget.focusPolicy() == widget.focusPolicy().NoFocus
            or widget.objectName().startswith("qt_")
        ):
            continue
        own_parent = widget.parentWidget()
        if widget.window() is not window:  # the list that a choice drops down
            continue
        if isinstance(own_parent, (QComboBox,)) or type(own_parent).__name__ in (
            "QComboBoxPrivateContainer",
            "QTableWidget",
        ):
            continue
        words = widget.accessibleName() or getattr(widget, "text", str)()
        if not words and not type(own_parent).__name__.startswith(("QDateEdit", "QTabBar", "QCalendar", "QTable")):
            unnamed.append(f"{type(widget).__name__} in {type(own_parent).__name__} {widget.objectName()}")
    assert unnamed == []


def test_the_keyboard_reaches_what_the_mouse_reaches(qtbot: QtBot, window: MainWindow) -> None:
    window.show_page("settings")
    reached: set[QWidget] = set()
    widget: QWidget | None = window.sidebar.buttons["go_live"]
    for _ in range(4000):
        widget = widget.nextInFocusChain() if widget is not None else None
        if widget is not None and widget.isVisible() and widget.focusPolicy() != widget.focusPolicy().NoFocus:
            reached.add(widget)
    for needed in (window.settings.hide_people, window.settings.profile, window.settings.pairing.url):
        assert needed in reached


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_words_are_readable_on_their_ground(colours: object) -> None:
    def contrast(a: str, b: str) -> float:
        def shine(name: str) -> float:
            c = QColor(name)
            parts = [
                v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in (c.redF(), c.greenF(), c.blueF())
            ]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        high, low = sorted((shine(getattr(colours, a)), shine(getattr(colours, b))), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for words, ground in (
        ("text", "ground"), ("text", "surface"), ("soft", "ground"), ("soft", "side"), ("on_accent", "accent"),
        ("accent_text", "chosen"), ("bad", "surface"), ("wait", "surface"), ("good", "surface"), ("text", "trouble"),
    ):  # fmt: skip
        assert contrast(words, ground) >= 4.5, (words, ground)


def test_the_style_sheet_names_only_colours_that_exist() -> None:
    template = (find_assets() / "styles" / "wink.qss").read_text()
    text = style_sheet(template, LIGHT, icons=Path("/icons"))
    assert "@" not in text
    with pytest.raises(KeyError):
        style_sheet("a { color: @nothing@; }", LIGHT, icons=Path("/icons"))


def test_icons_follow_the_theme(qtbot: QtBot, desk: Desk) -> None:
    around = surroundings(desk, appearance=Appearance.LIGHT)
    icon = around.theme.icons.icon("zones")
    light = icon.pixmap(64, 64).toImage()
    around.theme.set_appearance(Appearance.DARK)
    dark = QIcon(icon).pixmap(64, 64).toImage()
    assert light != dark
    with pytest.raises(FileNotFoundError):
        around.theme.icons.icon("no-such-icon")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    assert app.palette().window().color() == QColor(DARK.ground)
    around.theme.set_appearance(Appearance.LIGHT)

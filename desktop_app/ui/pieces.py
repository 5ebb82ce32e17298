"""Pieces that several screens are made of: a page, its head, a notice, an empty state, a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMessageBox, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop_app.services.desk import Desk
from desktop_app.services.desk_ports import KNOWN_ERRORS
from desktop_app.services.engine_view import EngineStatus
from desktop_app.ui.theme import Theme
from desktop_app.workers.background_op import BackgroundOps

LABEL_PX, FIELD_PX = 150, 460
"""Labels of all cards stand below each other; a field is no wider than what is read in it."""


def said(words: str) -> str:
    """A sentence of the engine in the owner's language, where a translation knows it."""
    return QCoreApplication.translate("Words", words) if words else ""


def ask_owner(parent: QWidget, title: str, words: str, yes: str) -> bool:
    """Ask before something that cannot be taken back; ``yes`` names what is done."""
    box = QMessageBox(QMessageBox.Icon.Question, title, words, QMessageBox.StandardButton.Cancel, parent)
    confirm = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is confirm


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every screen is given. ``ask``: as ``ask_owner``."""

    desk: Desk
    theme: Theme
    ask: Callable[[QWidget, str, str, str], bool] = ask_owner

    def may_keep_secret(self, parent: QWidget) -> bool:
        """Whether a password can be kept; asks where only a plain file is left for it."""
        if not self.desk.ports.secrets.needs_consent:
            return True
        translate = QCoreApplication.translate
        title = translate("Secrets", "Keep the password in a file?")
        words = translate(
            "Secrets",
            "This computer has no keyring. The password can be kept in a file that only this user of the computer may "
            "read; it is not encrypted.",
        )
        if self.ask(parent, title, words, translate("Secrets", "Keep it in a file")):
            self.desk.allow_secret_file()
            return True
        return False


class Page(QWidget):
    """One screen of the window.

    Signals:
        page_wanted: another page, by name (and a camera's id or "").
        refresh_wanted: something was changed; the engine should be asked now.
        undo_changed: ``undo_words`` or ``redo_words`` say something else now.
    """

    page_wanted = Signal(str, str)
    refresh_wanted = Signal()
    undo_changed = Signal()

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.around = around
        self.desk = around.desk
        self.ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(22, 18, 22, 16)
        self.body.setSpacing(12)

    def show_status(self, status: EngineStatus) -> None:
        """Twice a second while the page is shown, and once before it is."""

    def may_leave(self) -> bool:
        """Whether another page may be shown now; asks the owner if something would be lost."""
        return True

    @property
    def undo_words(self) -> str:
        """What ``undo`` would take back; empty: nothing."""
        return ""

    @property
    def redo_words(self) -> str:
        """What ``redo`` would do again; empty: nothing."""
        return ""

    def undo(self) -> None:
        """Take the last thing back that was done on this page."""

    def redo(self) -> None:
        """Do it again."""

    def close_page(self) -> None:
        """The window goes: stop everything and keep what is not kept yet."""
        self.ops.close()

    def add_head(self, title: str, *buttons: QWidget) -> QHBoxLayout:
        """The page's title with buttons to its right."""
        head = QHBoxLayout()
        label = QLabel(title, self)
        label.setObjectName("pageTitle")
        head.addWidget(label)
        head.addStretch(1)
        for button in buttons:
            head.addWidget(button)
        self.body.addLayout(head)
        return head

    def button(self, words: str, done: Callable[[], object], *, icon: str = "", primary: bool = False) -> QPushButton:
        """A button of this page."""
        return make_button(
            self, words, done, icon=self.around.theme.icons.icon(icon) if icon else None, primary=primary
        )


def make_button(
    parent: QWidget, words: str, done: Callable[[], object], *, icon: object = None, primary: bool = False
) -> QPushButton:
    """A push button; ``primary`` marks the one that most people want."""
    button = QPushButton(words, parent)
    button.setProperty("primary", primary)
    button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
    if icon is not None and not primary:
        button.setIcon(icon)  # type: ignore[arg-type]
        button.setIconSize(QSize(22, 18))
    button.clicked.connect(lambda: done())
    return button


def size_on_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window this size, or as much of it as its screen has: at 200 % a common screen is 960x540."""
    room = window.screen().availableGeometry()
    window.resize(min(width, room.width()), min(height, room.height()))


class Banner(QFrame):
    """A notice across a page, hidden while it has nothing to say."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._words, 1)
        self.buttons: list[QPushButton] = []
        self.hide()

    @property
    def words(self) -> str:
        """What it says; empty while hidden."""
        return self._words.text() if not self.isHidden() else ""

    def say(
        self,
        words: str,
        *,
        is_trouble: bool = False,
        button: str = "",
        done: Callable[[], object] | None = None,
        buttons: Sequence[tuple[str, Callable[[], object]]] = (),
    ) -> None:
        """Show ``words`` with one button, or several, or hide if there are no words."""
        for old in self.buttons:
            old.hide()
            old.deleteLater()
        self._words.setText(words)
        self.setAccessibleName(words)
        self.setProperty("kind", "trouble" if is_trouble else "notice")
        self.style().unpolish(self)
        self.style().polish(self)
        offered = [*([(button, done)] if button and done is not None else []), *buttons]
        self.buttons = [make_button(self, text, act) for text, act in offered]
        layout = self.layout()
        for made in self.buttons:
            if layout is not None:
                layout.addWidget(made)
        self.setVisible(bool(words))


class EmptyState(QWidget):
    """What stands where nothing is yet: a picture, what this is for, and the next step."""

    def __init__(
        self, around: Surroundings, *, icon: str, title: str, words: str, button: str = "",
        done: Callable[[], object] | None = None, parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._around, self._icon = around, icon
        column = QVBoxLayout(self)
        column.addStretch(2)
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title, self.words = QLabel(title, self), QLabel(words, self)
        self.title.setObjectName("emptyTitle")
        self.words.setObjectName("soft")
        for label in (self._picture, self.title, self.words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            column.addWidget(label)
        if button and done is not None:
            row = QHBoxLayout()
            row.addStretch(1)
            self.button = make_button(self, button, done, primary=True)
            row.addWidget(self.button)
            row.addStretch(1)
            column.addSpacing(8)
            column.addLayout(row)
        column.addStretch(3)
        around.theme.changed.connect(self._recolour)
        self._recolour()

    def _recolour(self) -> None:
        self._picture.setPixmap(self._around.theme.icons.pixmap(self._icon, 56))


class Figure(QFrame):
    """A number with its name.

    Args:
        asks: what a click asks ("Why?"); empty: nothing can be asked.

    Signals:
        clicked: it was.
    """

    clicked = Signal()

    def __init__(self, name: str, *, hint: str = "", asks: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setToolTip(hint)
        self.setProperty("clickable", bool(asks))
        self._is_clickable = bool(asks)
        if asks:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 10)
        column.setSpacing(0)
        self._value, self._name = QLabel("–", self), QLabel(name, self)
        self._value.setObjectName("figure")
        self._name.setObjectName("figureName")
        column.addWidget(self._value)
        row = QHBoxLayout()
        row.addWidget(self._name, 1)
        if asks:
            ask = QLabel(asks, self)
            ask.setObjectName("figureAsk")
            row.addWidget(ask)
        column.addLayout(row)

    @property
    def name(self) -> str:
        """What it is the number of."""
        return self._name.text()

    @property
    def value(self) -> str:
        """As shown."""
        return self._value.text()

    def show_name(self, name: str) -> None:
        """The number is another one now."""
        self._name.setText(name)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        is_inside = self.rect().contains(event.position().toPoint())
        if self._is_clickable and event.button() is Qt.MouseButton.LeftButton and is_inside:
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if self._is_clickable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def show_value(self, words: str) -> None:
        """Show a value."""
        self._value.setText(words)
        self.setAccessibleName(f"{self._name.text()}: {words}")

"""What every step of the wizard has: a head, words, and how it takes part in going on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QLabel,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.engine_view import EngineStatus
from desktop_app.services.setup_memory import SetupMemory
from desktop_app.ui.pieces import Surroundings
from desktop_app.workers.background_op import BackgroundOps

Go = Callable[[], None]


class Step(QWidget):
    """One step.

    Signals:
        edited: something was typed.
        changed: whether one can go on may be another answer now.
    """

    edited = Signal()
    changed = Signal()

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.around, self.desk, self.ops = around, around.desk, ops
        self.title = ""
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(24, 20, 24, 8)
        self.body.setSpacing(10)
        self._head, self._text = QLabel(self), QLabel(self)
        self._head.setObjectName("pageTitle")
        self._text.setObjectName("soft")
        self._text.setWordWrap(True)
        self.body.addWidget(self._head)
        self.body.addWidget(self._text)

    def set_head(self, title: str, words: str) -> None:
        """What this step is called, and what to do in it."""
        self.title = title
        self._head.setText(title)
        self._text.setText(words)

    def enter(self) -> None:
        """The step is shown."""

    def first_field(self) -> QWidget | None:
        """Where the keyboard begins; None: there is nothing to be typed here."""
        widget = self.nextInFocusChain()
        while widget is not None and self.isAncestorOf(widget):
            is_reached = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
            if is_reached and widget.isEnabled() and widget.isVisibleTo(self):
                return widget
            widget = widget.nextInFocusChain()
        return None

    def leave(self, go: Go) -> None:
        """The owner wants to go on: finish what is to be finished, then ``go``; or say why not."""
        go()

    def stop(self) -> None:
        """The step is not shown any more."""

    def show_frame(self, camera_id: str) -> None:
        """A camera has a new view."""

    def show_status(self, status: EngineStatus) -> None:
        """How everything stands, twice a second."""

    def fill(self, memory: SetupMemory) -> None:
        """Show what was typed last time."""

    def typed(self, memory: SetupMemory) -> SetupMemory:
        """``memory`` with what is typed here."""
        return memory

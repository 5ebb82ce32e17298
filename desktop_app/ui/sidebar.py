"""The window's navigation: one button per screen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

WIDTH_PX = 176


class Sidebar(QFrame):
    """Shows its actions below each other; the checked one is the screen that is shown."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setFixedWidth(WIDTH_PX)
        self.setAccessibleName(self.tr("Screens"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 14, 10, 12)
        column.setSpacing(4)
        brand = QLabel("Wink", self)
        brand.setObjectName("brand")
        column.addWidget(brand)
        self.buttons: dict[str, QToolButton] = {}
        for number, action in enumerate(actions):
            if number == len(actions) - 1:
                column.addStretch(1)
            column.addWidget(self._button(action))

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setText(action.text().replace("&", ""))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(26, 20))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(button.text())
        self.buttons[action.objectName()] = button
        return button

    def set_mark(self, name: str, words: str) -> None:
        """Say beside a screen's name that something there wants attention; empty: nothing does."""
        button = self.buttons[name]
        action = button.defaultAction()
        text = action.text().replace("&", "")
        marked = f"{text}  •" if words else text
        if button.text() != marked:
            button.setText(marked)
            button.setAccessibleName(f"{text}: {words}" if words else text)
        button.setToolTip(words or action.toolTip())

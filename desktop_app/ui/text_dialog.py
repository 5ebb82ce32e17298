"""A window with something to read."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from desktop_app.ui.pieces import size_on_screen


class TextDialog(QDialog):
    """Read it, close it."""

    def __init__(self, title: str, *, width: int = 560, height: int = 460, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        size_on_screen(self, width, height)
        column = QVBoxLayout(self)
        self.text = QTextBrowser(self)
        self.text.setAccessibleName(title)
        column.addWidget(self.text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)
        self.text.setFocus()

"""What each number means, in the words under which every screen, page and file shows it."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from desktop_app.ui.pieces import said
from shared_models.metrics import METRICS


class DefinitionsDialog(QDialog):
    """A list of the metrics with their definitions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What the numbers mean"))
        self.resize(560, 460)
        column = QVBoxLayout(self)
        text = QTextBrowser(self)
        rows = "".join(f"<h3>{escape(said(m.title))}</h3><p>{escape(said(m.definition))}</p>" for m in METRICS)
        coverage = self.tr(
            "Coverage: the share of an hour in which the cameras saw. Hours under 95 % are shaded; an hour without any "
            "picture shows no number at all, which is not the same as zero."
        )
        text.setHtml(f"{rows}<p>{escape(coverage)}</p>")
        column.addWidget(text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

"""What each number means, in the words under which every screen, page and file shows it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from desktop_app.ui.pieces import said
from desktop_app.ui.text_dialog import TextDialog
from shared_models.metrics import METRICS


class DefinitionsDialog(TextDialog):
    """A list of the metrics with their definitions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QCoreApplication.translate("DefinitionsDialog", "What the numbers mean"), parent=parent)
        rows = "".join(f"<h3>{escape(said(m.title))}</h3><p>{escape(said(m.definition))}</p>" for m in METRICS)
        coverage = self.tr(
            "Coverage: the share of an hour in which the cameras saw. Hours under 95 % are shaded; an hour without any "
            "picture shows no number at all, which is not the same as zero."
        )
        self.text.setHtml(f"{rows}<p>{escape(coverage)}</p>")

"""Saving the day that is shown as a PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from desktop_app.ui.pieces import Banner, Page
from desktop_app.ui.today.print_day import DayPaper, day_pdf


class DayPrinter(QObject):
    """A button, and what it does.

    Args:
        paper: the day as it is shown; None: it is not read yet.
        banner: where it is said how it went.
    """

    def __init__(self, page: Page, *, paper: Callable[[], DayPaper | None], banner: Callable[[], Banner]) -> None:
        super().__init__(page)
        self._page, self._paper, self._banner = page, paper, banner
        self.button = page.button(self.tr("PDF..."), self._ask, icon="report")
        self.button.setToolTip(self.tr("Save as PDF"))
        self.button.setAccessibleName(self.button.toolTip())

    def save(self, path: Path) -> None:
        """Write the day that is shown to ``path``."""
        paper = self._paper()
        if paper is None:
            return
        self._page.ops.start(
            "print-day",
            lambda _: path.write_bytes(day_pdf(paper)),
            done=lambda _: self._banner().say(self.tr("The day is in {path}.").format(path=path)),
            failed=lambda words: self._banner().say(words, is_trouble=True),
        )

    def _ask(self) -> None:
        paper = self._paper()
        if paper is None:
            return
        name = f"wink-{paper.file_name}.pdf"
        title = self.tr("Save as PDF")
        path, _ = QFileDialog.getSaveFileName(self._page, title, str(Path.home() / name), "PDF (*.pdf)")
        if path:
            self.save(Path(path))

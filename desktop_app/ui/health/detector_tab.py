"""How fast this computer finds people: the last self-test, and a new one on demand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.desk import Desk
from desktop_app.services.detector_runtime import INPUT_SIDES, RuntimeTest
from desktop_app.services.engine_view import CameraStatus
from desktop_app.ui.icons import Icons
from desktop_app.ui.pieces import make_button, said
from desktop_app.workers.background_op import BackgroundOp, BackgroundOps

LOOKS_PER_S = 5.0
"""Of one camera, usually."""


class DetectorTab(QWidget):
    """Shows what is remembered when it is first looked at.

    Signals:
        ended: a test, or a look at the remembered one, is over.
    """

    ended = Signal()

    def __init__(self, desk: Desk, ops: BackgroundOps, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._ops = desk, ops
        self._op: BackgroundOp | None = None
        self._has_looked = False
        column = QVBoxLayout(self)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        column.addWidget(self.words)
        self._make_table()
        column.addWidget(self.table, 1)
        self.cameras = QLabel(self)
        self.cameras.setObjectName("soft")
        self.cameras.setWordWrap(True)
        column.addWidget(self.cameras)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far the test is"))
        self.bar.hide()
        column.addWidget(self.bar)
        row = QHBoxLayout()
        self.button = make_button(self, self.tr("Test again"), self.toggle, icon=icons.icon("test"))
        row.addWidget(self.button)
        about = QLabel(
            self.tr("Takes some seconds. Counting goes on meanwhile, which makes the result a little low."), self
        )
        about.setObjectName("soft")
        about.setWordWrap(True)
        row.addWidget(about, 1)
        column.addLayout(row)

    def look(self) -> None:
        """Show what is remembered, once."""
        if self._has_looked or self._op is not None:
            return
        self._has_looked = True
        test = self._desk.ports.self_test
        self._ops.start(
            "remembered-test",
            lambda _: (test.model(), test.remembered()),
            done=lambda found: self._show(*found, is_new=False),
            failed=self.words.setText,
            finished=self.ended.emit,
        )

    def show_cameras(self, cameras: Sequence[CameraStatus]) -> None:
        """Say which input size each camera that runs has now."""
        one = self.tr("{camera} {side}")
        told = [one.format(camera=c.label, side=c.input_side) for c in cameras if c.input_side]
        words = self.tr("Picture width looked at now: {cameras}.").format(cameras=", ".join(told)) if told else ""
        if words != self.cameras.text():
            self.cameras.setText(words)

    def toggle(self) -> None:
        """Begin a test, or stop the one that runs."""
        if self._op is not None:
            self._op.cancel()
            self.button.setEnabled(False)
            return
        test = self._desk.ports.self_test
        self.button.setText(self.tr("Stop the test"))
        self.words.setText(self.tr("Measuring..."))
        self.bar.setValue(0)
        self.bar.show()

        def work(op: BackgroundOp) -> tuple[str, RuntimeTest | None]:
            def progress(share: float, _words: str) -> bool:
                op.progressed.emit(share)
                return not op.is_cancelled

            return test.model(), test.run(progress)

        self._op = self._ops.start(
            "self-test",
            work,
            done=lambda found: self._show(*found, is_new=True),
            failed=self.words.setText,
            finished=self._finished,
        )
        if self._op is not None:
            self._op.progressed.connect(lambda share: self.bar.setValue(round(100 * share)))

    # -- inside

    def _make_table(self) -> None:
        heads = (
            self.tr("Picture width looked at"),
            self.tr("Pictures a second"),
            self.tr("Cameras at 5 looks a second"),
        )
        self.table = QTableWidget(0, len(heads), self)
        self.table.setHorizontalHeaderLabels(heads)
        self.table.setAccessibleName(self.tr("How fast this computer finds people"))
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)

    def _show(self, model: str, test: RuntimeTest | None, *, is_new: bool) -> None:
        warning = self._desk.ports.host.warning
        before = f"{said(warning)}\n" if warning else ""
        if test is None:
            self.words.setText(before + self.tr("{model} was not tested on this computer yet.").format(model=model))
            return
        way = test.runtime
        words = self.tr("{model} runs best as {device}, {precision}, {n} pictures at once.")
        if is_new:
            words += " " + self.tr("Used from the next start on.")
        self.words.setText(
            before + words.format(model=model, device=way.device, precision=way.precision, n=way.streams)
        )
        sides = [side for side in INPUT_SIDES if side in test.rates]
        self.table.setRowCount(len(sides))
        for row, side in enumerate(sides):
            cells = (f"{side}", f"{test.rates[side]:.0f}", f"{test.cameras(fps=LOOKS_PER_S, long_side=side):.0f}")
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.table.setItem(row, column, item)

    def _finished(self) -> None:
        was_stopped = self._op is not None and self._op.is_cancelled
        self._op = None
        self.bar.hide()
        self.button.setText(self.tr("Test again"))
        self.button.setEnabled(True)
        if was_stopped:
            self._has_looked = False
            self.look()
        self.ended.emit()

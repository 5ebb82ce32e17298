"""The hour profile: people in and out per hour, hours in which the cameras did not see shaded."""

from __future__ import annotations

import os
from collections.abc import Sequence

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import pyqtgraph as pg  # noqa: E402 - it asks for the library at import
from PySide6.QtCore import Qt, Signal  # noqa: E402
from PySide6.QtGui import QBrush, QColor  # noqa: E402
from PySide6.QtWidgets import QVBoxLayout, QWidget  # noqa: E402

from desktop_app.services.today_figures import FULL_COVERAGE, HourFigures  # noqa: E402
from desktop_app.ui.theme import Theme  # noqa: E402

BAR = 0.36


class HourChart(QWidget):
    """Bars per hour of a business day.

    Signals:
        hour_picked: the index of the hour that was clicked.
    """

    hour_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hours: Sequence[HourFigures] = ()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._plot = pg.PlotWidget(self)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setMenuEnabled(False)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.scene().sigMouseClicked.connect(self._clicked)
        column.addWidget(self._plot)
        self.setMinimumHeight(170)
        theme.changed.connect(self._draw)

    def show_hours(self, hours: Sequence[HourFigures]) -> None:
        """Draw a day."""
        self._hours = hours
        best = max(hours, key=lambda hour: hour.in_count, default=None)
        words = self.tr("People per hour.")
        if best is not None and best.in_count:
            words = self.tr("People per hour. Most came in the hour from {hour}: {n}.").format(
                hour=f"{best.starts_at:%H:%M}", n=best.in_count
            )
        self.setAccessibleName(words)
        self._draw()

    def _draw(self) -> None:
        colours, plot, hours = self._theme.colours, self._plot, self._hours
        plot.clear()
        plot.setBackground(colours.surface)
        for side in ("left", "bottom"):
            plot.getAxis(side).setPen(colours.edge)
            plot.getAxis(side).setTextPen(colours.soft)
        if not hours:
            return
        top = max(4, *(max(hour.in_count, hour.out_count) for hour in hours)) * 1.12
        self._shade(hours, top)
        seen = [(x, hour) for x, hour in enumerate(hours) if not hour.is_blind]
        for offset, colour, counts in (
            (-BAR / 2, colours.accent, [hour.in_count for _, hour in seen]),
            (BAR / 2, colours.wait, [hour.out_count for _, hour in seen]),
        ):
            xs = [x + 0.5 + offset for x, _ in seen]
            plot.addItem(pg.BarGraphItem(x=xs, height=counts, width=BAR, brush=colour, pen=None))
        ticks = [(x + 0.5, f"{hour.starts_at:%H}") for x, hour in enumerate(hours)]
        plot.getAxis("bottom").setTicks([ticks])
        plot.setXRange(0, len(hours), padding=0.01)
        plot.setYRange(0, top, padding=0)

    def _shade(self, hours: Sequence[HourFigures], top: float) -> None:
        """Hatch each hour that was not wholly seen: denser where less was."""
        colour = QColor(self._theme.colours.faint)
        for x, hour in enumerate(hours):
            if hour.coverage is not None and hour.coverage < FULL_COVERAGE:
                colour.setAlpha(60 + round(110 * (1 - hour.coverage)))
                brush = QBrush(colour, Qt.BrushStyle.BDiagPattern)
                self._plot.addItem(pg.BarGraphItem(x=[x + 0.5], height=[top], width=1.0, brush=brush, pen=None))

    def _clicked(self, event: object) -> None:
        at = self._plot.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        hour = int(at.x())
        if 0 <= hour < len(self._hours):
            self.hour_picked.emit(hour)

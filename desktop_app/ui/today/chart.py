"""The hour profile: people in and out per hour, hours in which the cameras did not see shaded."""

from __future__ import annotations

import os
from collections.abc import Sequence

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import pyqtgraph as pg  # noqa: E402 - it asks for the library at import
from PySide6.QtCore import Qt, Signal  # noqa: E402
from PySide6.QtGui import QBrush, QColor, QFocusEvent, QKeyEvent  # noqa: E402
from PySide6.QtWidgets import QVBoxLayout, QWidget  # noqa: E402

from desktop_app.services.today_figures import FULL_COVERAGE, HourFigures  # noqa: E402
from desktop_app.ui.actions import QT_TRANSLATE_NOOP  # noqa: E402
from desktop_app.ui.key_rows import Key, KeyRow, pressed  # noqa: E402
from desktop_app.ui.theme import Theme  # noqa: E402

BAR = 0.36


class HourChart(QWidget):
    """Bars per hour of a business day. With the keyboard on it one hour is framed; arrow keys go to another.

    Signals:
        hour_picked: the index of the hour that was clicked, or framed as Enter was pressed.
    """

    hour_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._hours: Sequence[HourFigures] = ()
        self._framed = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._plot = pg.PlotWidget(self)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setMenuEnabled(False)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.scene().sigMouseClicked.connect(self._clicked)
        column.addWidget(self._plot)
        self.setMinimumHeight(110)
        theme.changed.connect(self._draw)

    def show_hours(self, hours: Sequence[HourFigures]) -> None:
        """Draw a day."""
        if len(hours) != len(self._hours):
            self._framed = max(range(len(hours)), key=lambda n: hours[n].in_count, default=0)
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
        if self.hasFocus():
            frame = pg.mkPen(colours.accent, width=2, style=Qt.PenStyle.DashLine)
            plot.addItem(pg.BarGraphItem(x=[self._framed + 0.5], height=[top], width=1.0, brush=QBrush(), pen=frame))

    def _shade(self, hours: Sequence[HourFigures], top: float) -> None:
        """Hatch each hour that was not wholly seen: denser where less was."""
        colour = QColor(self._theme.colours.faint)
        for x, hour in enumerate(hours):
            if hour.coverage is not None and hour.coverage < FULL_COVERAGE:
                colour.setAlpha(60 + round(110 * (1 - hour.coverage)))
                brush = QBrush(colour, Qt.BrushStyle.BDiagPattern)
                self._plot.addItem(pg.BarGraphItem(x=[x + 0.5], height=[top], width=1.0, brush=brush, pen=None))

    def go(self, key: Key) -> bool:
        """Frame the hour beside the framed one, or the first or last."""
        last = len(self._hours) - 1
        at = {
            Qt.Key.Key_Left: self._framed - 1, Qt.Key.Key_Right: self._framed + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: last,
        }[Qt.Key(key.code)]  # fmt: skip
        if not 0 <= at <= last:
            return True
        self._framed = at
        self._say()
        self._draw()
        return True

    def pick(self) -> bool:
        """As a click on the framed hour."""
        if self._hours:
            self.hour_picked.emit(self._framed)
        return bool(self._hours)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if not self._hours or not pressed(CHART_KEYS, self, Key(event.key())):
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        self._say()
        self._draw()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self._draw()

    def _say(self) -> None:
        """The framed hour in words, for those who hear the screen."""
        if self._hours:
            hour = self._hours[self._framed]
            words = self.tr("{hour}: nothing was seen") if hour.is_blind else self.tr("{hour}: {n} in, {out} out")
            told = words.format(hour=f"{hour.starts_at:%H:%M}", n=hour.in_count, out=hour.out_count)
            self.setAccessibleDescription(told)

    def _clicked(self, event: object) -> None:
        at = self._plot.getViewBox().mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        hour = int(at.x())
        if 0 <= hour < len(self._hours):
            self.hour_picked.emit(hour)


CHART_KEYS: tuple[KeyRow, ...] = (
    KeyRow(
        (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End),
        QT_TRANSLATE_NOOP("Keys", "another hour"),
        lambda chart, key: chart.go(key),
    ),
    KeyRow(
        (Qt.Key.Key_Return, Qt.Key.Key_Enter),
        QT_TRANSLATE_NOOP("Keys", "the events of this hour"),
        lambda chart, _: chart.pick(),
        QT_TRANSLATE_NOOP("Keys", "Enter"),
    ),
)
"""What keys do at the hours of a day."""

"""Counting past days anew by the zones as they are drawn now: a look first, and then only if the owner wants it."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.desk_ports import KNOWN_ERRORS
from desktop_app.services.past_desk import Cancelled, PastCount
from desktop_app.services.recount import Figures
from desktop_app.services.trajectories import Span
from desktop_app.ui.pieces import Surroundings, make_button, size_on_screen
from desktop_app.ui.today.event_table import seconds_words
from desktop_app.workers.background_op import BackgroundOp, BackgroundOps
from shared_models.zones import Zone


class RecountDialog(QDialog):
    """Looks at a span, shows each day before and after, and replaces the figures when asked to.

    Args:
        zone_ids: the zones that are counted anew.
        known_since: from when on ways are kept.

    Signals:
        looked: a look is there to be seen.
        recounted: figures were replaced; carries how many events became void.
    """

    looked = Signal()
    recounted = Signal(int)

    def __init__(
        self,
        around: Surroundings,
        camera_id: str,
        zones: tuple[Zone, ...],
        *,
        zone_ids: frozenset[str],
        known_since: datetime,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = around.desk
        self._camera_id, self._zones, self._zone_ids = camera_id, zones, zone_ids
        self._known_since = known_since
        self._ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self._op: BackgroundOp | None = None
        self.found: PastCount | None = None
        self.setWindowTitle(self.tr("Count past days anew"))
        self._make()
        size_on_screen(self, 620, 460)
        self.look()

    def look(self) -> None:
        """Count the chosen span; changes nothing."""
        self._stop()
        span, past = self._span(), self._desk.past
        self.found = None
        self.replace_button.setEnabled(False)
        self.table.setRowCount(0)
        self.words.setText(self.tr("Counting..."))
        self.bar.setValue(0)
        self.bar.show()

        def work(op: BackgroundOp) -> PastCount | None:
            def go_on(share: float) -> bool:
                op.progressed.emit(share)
                return not op.is_cancelled

            try:
                return past.count(self._camera_id, self._zones, span=span, only=self._zone_ids, progress=go_on)
            except Cancelled:
                return None

        self._op = self._ops.start("look-at-past", work, done=self._show, failed=self._failed)
        if self._op is not None:
            self._op.progressed.connect(lambda share: self.bar.setValue(round(100 * share)))

    def replace_figures(self) -> None:
        """Put what was found in the stead of what was counted."""
        found = self.found
        if found is None:
            return
        self.replace_button.setEnabled(False)
        self.span.setEnabled(False)
        self._ops.start(
            "recount",
            lambda _: self._desk.apply_recount(found),
            done=self._replaced,
            failed=self._failed,
            finished=lambda: self.span.setEnabled(True),
        )

    def done(self, result: int) -> None:
        self._stop()
        self._ops.close()
        super().done(result)

    # -- inside

    def _make(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        names = ", ".join(zone.label for zone in self._zones if zone.zone_id in self._zone_ids)
        head = QLabel(self.tr("Count by '{names}' as it is drawn now").format(names=names), self)
        head.setObjectName("emptyTitle")
        head.setWordWrap(True)
        column.addWidget(head)
        about = QLabel(
            self.tr(
                "The ways of people's feet are kept for some weeks, without any picture. They can be counted again; the "
                "earlier figures of these zones are replaced, here and in the cloud."
            ),
            self,
        )
        about.setObjectName("soft")
        about.setWordWrap(True)
        column.addWidget(about)
        self.span = QComboBox(self)
        self.span.setAccessibleName(self.tr("Which days"))
        for words, days in self._choices():
            self.span.addItem(words, days)
        self.span.setCurrentIndex(self.span.count() - 1)
        self.span.activated.connect(lambda _: self.look())
        column.addWidget(self.span)
        self._make_table()
        column.addWidget(self.table, 1)
        self.bar = QProgressBar(self)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far it is"))
        column.addWidget(self.bar)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        column.addWidget(self.words)
        row = QHBoxLayout()
        row.addStretch(1)
        self.close_button = make_button(self, self.tr("Leave it as it is"), self.reject)
        self.replace_button = make_button(self, self.tr("Replace the figures"), self.replace_figures, primary=True)
        row.addWidget(self.close_button)
        row.addWidget(self.replace_button)
        column.addLayout(row)

    def _make_table(self) -> None:
        self.table = QTableWidget(0, 4, self)
        self.table.setTabKeyNavigation(False)
        heads = (self.tr("Day"), self.tr("In"), self.tr("Out"), self.tr("Stays"))
        self.table.setHorizontalHeaderLabels(heads)
        self.table.setAccessibleName(self.tr("Figures before and after"))
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)

    def _choices(self) -> list[tuple[str, int]]:
        """Spans in business days, up to what is kept; 0: all of it."""
        kept = (self._desk.today() - self._desk.time.day_of(self._known_since)).days
        rows = [(self.tr("Today"), 1)] if kept >= 1 else []
        rows += [(self.tr("The last {n} days").format(n=days), days) for days in (7,) if kept >= days]
        since = self._known_since.astimezone(self._desk.zone)
        return [*rows, (self.tr("All that is kept, since {when}").format(when=f"{since:%Y-%m-%d %H:%M}"), 0)]

    def _span(self) -> Span:
        now, days = self._desk.ports.clock.utc_now(), self.span.currentData()
        if not days:
            return Span(self._known_since, now)
        first = self._desk.today() - timedelta(days=days - 1)
        return Span(self._desk.time.day_bounds(first)[0], now)

    def _show(self, found: PastCount | None) -> None:
        if found is None:
            return
        self.found = found
        self.bar.hide()
        self.table.setRowCount(len(found.days))
        for row, day in enumerate(found.days):
            cells = (f"{day.day:%a %Y-%m-%d}", *_changes(day.before, day.after))
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.table.setItem(row, column, item)
        self.words.setText(self._sum_words(found))
        self.replace_button.setEnabled(bool(found.pieces))
        self.looked.emit()

    def _sum_words(self, found: PastCount) -> str:
        words = [] if found.pieces else [self.tr("Exactly this was counted already; there is nothing to replace.")]
        if found.missing_s >= 60:
            missing = self.tr("Of {time} no ways are kept; nothing is changed there.")
            words.append(missing.format(time=seconds_words(found.missing_s)))
        return " ".join(words)

    def _replaced(self, void: int) -> None:
        self.recounted.emit(void)
        self.accept()

    def _failed(self, words: str) -> None:
        self.bar.hide()
        self.words.setText(words)

    def _stop(self) -> None:
        op, self._op = self._op, None
        if op is not None:
            op.cancel()


def _changes(before: Figures, after: Figures) -> list[str]:
    pairs = ((before.went_in, after.went_in), (before.went_out, after.went_out), (before.stays, after.stays))
    return [str(new) if old == new else f"{old} → {new}" for old, new in pairs]

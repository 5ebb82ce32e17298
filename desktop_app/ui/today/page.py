"""The Today screen: what the day brought, hour by hour, and every event behind it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from PySide6.QtCore import QDate, QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDateEdit,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.engine_view import EngineStatus
from desktop_app.services.own_version import own_version
from desktop_app.services.stories import OF_EVENT, Outcome, Question
from desktop_app.services.today_figures import DayFigures, day_csv
from desktop_app.services.whole_files import write_whole
from desktop_app.ui.pieces import Banner, Figure, Page, Surroundings, said
from desktop_app.ui.today.chart import HourChart
from desktop_app.ui.today.day_printer import DayPrinter
from desktop_app.ui.today.day_words import hour_words, note_words, seen_words, signed
from desktop_app.ui.today.event_table import KINDS, EventTable, event_words
from desktop_app.ui.today.print_day import DayPaper, zone_rows
from desktop_app.ui.today.stories_dialog import StoriesDialog
from desktop_app.ui.today.zone_table import ZoneTable
from shared_models.events import EventType
from shared_models.metrics import DRIFT, FOOTFALL_IN, FOOTFALL_OUT, OCCUPANCY

REFRESH_MS = 4000
AROUND = timedelta(seconds=30)
NUMBERS = {2: (Outcome.WENT_IN,), 3: (Outcome.WENT_OUT,), 4: (Outcome.STAYED,)}
"""Columns of the zones' table that hold numbers with stories behind them."""


class TodayPage(Page):
    """One business day of the store's own time zone; today by default."""

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(around, parent)
        self.figures: DayFigures | None = None
        self.stories: StoriesDialog | None = None
        self._is_loading = self._is_next_step = False
        self._loading_day: date | None = None
        self._hour_at: datetime | None = None
        self._follows_today = True
        self.day = QDateEdit(self)
        self.day.setCalendarPopup(True)
        self.day.setDisplayFormat("ddd d MMM yyyy")
        self.day.setAccessibleName(self.tr("Day"))
        self._set_day(self.desk.today())
        self.day.dateChanged.connect(self._day_picked)
        before = self.button(self.tr("Day before"), lambda: self.day.setDate(self.day.date().addDays(-1)), icon="back")
        self.after_button = self.button(
            self.tr("Day after"), lambda: self.day.setDate(self.day.date().addDays(1)), icon="forward"
        )
        export = self.button(self.tr("Save as CSV..."), self._ask_export, icon="export")
        self.printer = DayPrinter(self, paper=self._paper, banner=lambda: self.banner)
        self.add_head(self.tr("Today"), before, self.day, self.after_button, export, self.printer.button)
        self.banner = Banner(self)
        self.body.addWidget(self.banner)
        self._add_figures()
        self.chart = HourChart(around.theme, self)
        self.chart.hour_picked.connect(self._show_hour)
        self._legend = QLabel(self)
        self._legend.setObjectName("soft")
        around.theme.changed.connect(self._show_legend)
        self._note = QLabel(self)
        self._note.setObjectName("soft")
        self._note.setWordWrap(True)
        self.tabs = QTabWidget(self)
        self.zones = ZoneTable(self.desk.label, self)
        self.zones.cellActivated.connect(self._open_cell)
        self.zones.cellClicked.connect(self._open_number)
        self.tabs.addTab(self.zones, self.tr("Lines and areas"))
        self.tabs.addTab(self._make_events(), self.tr("Events"))
        self._show_legend()
        self.body.addWidget(self._legend)
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.addWidget(self.chart)
        split.addWidget(self.tabs)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setChildrenCollapsible(False)
        split.setSizes([200, 300])
        self.body.addWidget(split, 1)
        self.body.addWidget(self._note)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    def show_status(self, status: EngineStatus) -> None:
        del status
        if self.figures is None:
            self.refresh()

    def close_page(self) -> None:
        if self.stories is not None:
            self.stories.close()
        self._timer.stop()
        super().close_page()

    def refresh(self) -> None:
        """Read the day anew, if somebody looks."""
        if self._is_loading or not self.isVisible():
            return
        today = self.desk.today()
        if self._follows_today:
            self._set_day(today)
        self.day.setMaximumDate(QDate(today.year, today.month, today.day))
        day = self._shown_day()
        self._is_loading, self._loading_day = True, day
        self.ops.start(
            "read-day",
            lambda _: self.desk.day(day),
            done=self._show,
            failed=lambda words: self.banner.say(words, is_trouble=True),
            finished=self._loaded,
        )

    def export(self, path: Path) -> None:
        """Write the day's events to ``path``."""
        figures = self.figures
        if figures is None:
            return
        text = day_csv(figures, label=self.desk.label, zone=self.desk.zone)
        self.ops.start(
            "export-day",
            lambda _: write_whole(path, text),
            done=lambda _: self.banner.say(self.tr("The day's events are in {path}.").format(path=path)),
            failed=lambda words: self.banner.say(words, is_trouble=True),
        )

    # -- why

    def ask_doors(self, *outcomes: Outcome) -> None:
        """The crossings behind a figure of the whole store."""
        words = self.tr("People in") if outcomes[0] is Outcome.WENT_IN else self.tr("People out")
        question = Question(*self._bounds(), outcomes=frozenset(outcomes), is_at_doors=True)
        self._ask(f"{words} · {self._day_words()}", question)

    def ask_inside(self) -> None:
        """The crossings behind the people inside: since the reset hour, which may have been yesterday."""
        now = self.desk.ports.clock.utc_now()
        if self._shown_day() != self.desk.today():
            self.ask_drift()
            return
        reset = self.desk.time.reset_before(now)
        since = self.tr("since {hour}").format(hour=hour_words(reset, now=now, zone=self.desk.zone))
        self._ask_level(f"{self.tr('Inside now')} · {since}", reset, now + timedelta(seconds=1))

    def ask_drift(self) -> None:
        """The crossings of the level that began on the day."""
        self._ask_level(f"{self.tr('Drift')} · {self._day_words()}", *self.desk.time.level_bounds(self._shown_day()))

    def _ask_level(self, title: str, start: datetime, end: datetime) -> None:
        both = frozenset({Outcome.WENT_IN, Outcome.WENT_OUT})
        self._ask(title, Question(start, end, both, is_at_doors=True))

    def ask_zone(self, camera_id: str, zone_id: str, *outcomes: Outcome) -> None:
        """The crossings or stays behind a zone's figure."""
        question = Question(*self._bounds(), frozenset(outcomes), camera_id, zone_id)
        self._ask(f"{self.desk.label(camera_id, zone_id)} · {self._day_words()}", question)

    def ask_filtered(self) -> None:
        """The crossings and stays among the events that are listed, and who was not counted there."""
        start, end = self._bounds()
        if self._hour_at is not None:
            start, end = self._hour_at, self._hour_at + timedelta(hours=1)
        where = self.where.currentData()
        camera_id, zone_id = tuple(where) if where else (None, None)
        words = [self.where.currentText().strip(), self._day_words()]
        if self._hour_at is not None:
            words.append(self.tr("from {hour}").format(hour=f"{self._hour_at:%H:%M}"))
        outcomes = frozenset(Outcome) - {Outcome.NOT_COUNTED}
        kind = self.kind.currentData()
        if kind and EventType(kind) in OF_EVENT:
            outcomes = frozenset({OF_EVENT[EventType(kind)]})
        self._ask(" · ".join(words), Question(start, end, outcomes, camera_id, zone_id))

    def _ask_event(self, row: int) -> None:
        """What happened around one event."""
        event = self.events.event_of(row)
        if event.zone_id is None or event.type not in OF_EVENT:
            return
        before = timedelta(seconds=event.value or 0.0) + AROUND
        question = Question(
            event.occurred_at - before, event.occurred_at + AROUND, frozenset(OF_EVENT.values()), event.camera_id,
            event.zone_id,
        )  # fmt: skip
        local = event.occurred_at.astimezone(self.desk.zone)
        title = f"{self.desk.label(event.camera_id, event.zone_id)} · {local:%H:%M:%S}"
        self._ask(title, question, first=(event.camera_id, event.zone_id, event.track_id))

    def _open_cell(self, row: int, column: int) -> None:
        """Enter or a double click: a number's stories, or a zone's events."""
        if not self._open_number(row, column):
            self._show_zone(row)

    def _open_number(self, row: int, column: int) -> bool:
        """A click on a number; tells whether it was one."""
        where, item = self.zones.where(row), self.zones.item(row, column)
        outcomes = NUMBERS.get(column)
        if where is None or outcomes is None or item is None or not item.text():
            return False
        self.ask_zone(*where, *outcomes)
        return True

    def _ask(self, title: str, question: Question, **how: Any) -> None:
        if self.stories is not None:
            self.stories.close()
        self.stories = StoriesDialog(self.around, title, question, parent=self, **how)
        self.stories.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.stories.finished.connect(self._stories_closed)
        self.stories.show()

    def _stories_closed(self) -> None:
        self.stories = None

    def _bounds(self) -> tuple[datetime, datetime]:
        return self.desk.time.day_bounds(self._shown_day())

    def _day_words(self) -> str:
        return self.day.locale().toString(self.day.date(), self.day.displayFormat())

    # -- making

    def _add_figures(self) -> None:
        row = QHBoxLayout()
        why = self.tr("Click to see each of them, and why.")
        self.in_figure, self.out_figure, self.inside_figure = (
            Figure(name, hint=f"{said(metric.definition)} {why}", asks=self.tr("Why?"), parent=self)
            for name, metric in (
                (self.tr("People in"), FOOTFALL_IN),
                (self.tr("People out"), FOOTFALL_OUT),
                (self.tr("Inside now"), OCCUPANCY),
            )
        )
        self.in_figure.clicked.connect(lambda: self.ask_doors(Outcome.WENT_IN))
        self.out_figure.clicked.connect(lambda: self.ask_doors(Outcome.WENT_OUT))
        self.inside_figure.clicked.connect(self.ask_inside)
        self.coverage_figure = Figure(
            self.tr("Coverage"), hint=self.tr("The share of the day so far in which the cameras saw."), parent=self
        )
        hint = f"{said(DRIFT.definition)} {why}"
        self.drift_figure = Figure(self.tr("Drift"), hint=hint, asks=self.tr("Why?"), parent=self)
        self.drift_figure.clicked.connect(self.ask_drift)
        quality = (self.coverage_figure, self.drift_figure)
        for figure in (self.in_figure, self.out_figure, self.inside_figure, *quality):
            row.addWidget(figure, 1)
        self.body.addLayout(row)

    def _make_events(self) -> QWidget:
        self.events = EventTable(
            self.desk.label, lambda: self.desk.zone, lambda: self.desk.document.cloud_url is not None
        )
        table = QTableView(self)
        table.setModel(self.events)
        table.setAccessibleName(self.tr("Events"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.verticalHeader().setDefaultSectionSize(26)
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(self.tr("Kind of event"))
        self.kind.addItem(self.tr("All events"), None)
        for kind in KINDS:
            if kind is not EventType.HEATMAP:
                self.kind.addItem(event_words(KINDS[kind]), kind)
        self.where = QComboBox(self)
        self.where.setAccessibleName(self.tr("Camera or zone"))
        for combo in (self.kind, self.where):
            combo.activated.connect(lambda _: self._filter())
        self._count = QLabel(self)
        self._count.setObjectName("soft")
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 10, 0, 0)
        row = QHBoxLayout()
        self.hour_button = self.button(self.tr("All hours"), self._show_all_hours)
        self.hour_button.hide()
        table.activated.connect(lambda index: self._ask_event(index.row()))
        self.why_button = self.button(self.tr("Why?"), self.ask_filtered, icon="search")
        self.why_button.setToolTip(self.tr("Each of these people, why they were counted, and who was not"))
        for widget in (self.kind, self.where, self.hour_button, self.why_button, self._count):
            row.addWidget(widget)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(table, 1)
        return holder

    # -- showing

    def _loaded(self) -> None:
        self._is_loading = False
        # Another day was picked while this one was read.
        if self._loading_day != self._shown_day():
            self.refresh()

    def _show(self, figures: DayFigures) -> None:
        if figures.day != self._shown_day():
            return
        if self.banner.property("kind") == "trouble":
            self.banner.say("")
        self.figures = figures
        is_today = figures.day == self.desk.today()
        self.after_button.setEnabled(not is_today)
        coverage = figures.coverage
        is_blind = not coverage and not figures.events
        self._say_next_step(is_empty=is_today and not figures.events)
        self.in_figure.show_value("–" if is_blind else str(figures.in_count))
        self.out_figure.show_value("–" if is_blind else str(figures.out_count))
        self.inside_figure.show_value("–" if figures.inside is None or is_blind else str(figures.inside))
        self.coverage_figure.show_value("–" if coverage is None else f"{coverage:.0%}")
        self.drift_figure.show_value(signed(None if is_blind and not figures.drift else figures.drift))
        self.drift_figure.show_name(self.tr("Drift") if figures.is_drift_final else self.tr("Drift so far"))
        self.chart.show_hours(figures.hours)
        self.zones.show_zones(figures.zones)
        self.events.show_events(figures.events)
        self._fill_where(figures)
        self._count_rows()
        self._note.setText(note_words(figures, reset_hour=self.desk.time.reset_hour))

    def _say_next_step(self, *, is_empty: bool) -> None:
        """What is missing before anything can be counted; the notice goes when it is there."""
        cameras = self.desk.document.cameras
        has_zones = any(self.desk.zones_of(camera.camera_id) for camera in cameras)
        if not is_empty or has_zones:
            if self._is_next_step:
                self._is_next_step = False
                self.banner.say("")
            return
        self._is_next_step = True
        if not cameras:
            words = self.tr("There is no camera yet, so nobody is counted.")
            self.banner.say(words, button=self.tr("Add a camera"), done=lambda: self.page_wanted.emit("cameras", "add"))
        else:
            words = self.tr("No line is drawn yet. People are counted when they cross one.")
            self.banner.say(words, button=self.tr("Draw a line"), done=lambda: self.page_wanted.emit("zones", ""))

    def _show_legend(self) -> None:
        colours = self.around.theme.colours
        rows = (
            (colours.accent, self.tr("in")), (colours.wait, self.tr("out")), (colours.faint, self.tr("not seen")),
        )  # fmt: skip
        marks = "&nbsp;&nbsp;&nbsp;".join(f'<span style="color:{c}">■</span> {escape(words)}' for c, words in rows)
        self._legend.setText(f"{escape(self.tr('People per hour'))}:&nbsp;&nbsp; {marks}")

    def _fill_where(self, figures: DayFigures) -> None:
        wanted: list[tuple[str, tuple[str, str | None] | None]] = [(self.tr("Everywhere"), None)]
        for camera_id in dict.fromkeys(event.camera_id for event in figures.events):
            wanted.append((self.desk.label(camera_id, None), (camera_id, None)))
            for zone in figures.zones:
                if zone.camera_id == camera_id:
                    wanted.append((f"    {self.desk.label(camera_id, zone.zone_id)}", (camera_id, zone.zone_id)))
        if [self.where.itemText(i) for i in range(self.where.count())] == [words for words, _ in wanted]:
            return
        blocker = QSignalBlocker(self.where)
        self.where.clear()
        for words, where in wanted:
            self.where.addItem(words, where)
        del blocker

    def _filter(self) -> None:
        kind, where = self.kind.currentData(), self.where.currentData()
        self.events.set_filter(
            kinds=frozenset({EventType(kind)}) if kind else None,
            where=tuple(where) if where else None,
            hour_at=self._hour_at,
        )
        self._count_rows()

    def _count_rows(self) -> None:
        self._count.setText(self.tr("{n} shown").format(n=self.events.rowCount()))

    def _show_zone(self, row: int) -> None:
        """The events behind a zone's figures."""
        where = self.zones.where(row)
        for index in range(self.where.count()):
            data = self.where.itemData(index)
            if where is not None and data is not None and tuple(data) == tuple(where):
                self.where.setCurrentIndex(index)
        self._filter()
        self.tabs.setCurrentIndex(1)

    def _show_hour(self, index: int) -> None:
        if self.figures is None:
            return
        hour = self.figures.hours[index]
        self._hour_at = hour.starts_at
        self.hour_button.setText(self.tr("Only from {hour}  ✕").format(hour=f"{hour.starts_at:%H:%M}"))
        self.hour_button.show()
        self._filter()
        self.tabs.setCurrentIndex(1)
        words = self.tr("From {hour}: {i} in, {o} out; {seen}.")
        self._note.setText(
            words.format(hour=f"{hour.starts_at:%H:%M}", i=hour.in_count, o=hour.out_count, seen=seen_words(hour))
        )

    def _show_all_hours(self) -> None:
        self._hour_at = None
        self.hour_button.hide()
        self._filter()

    # -- the day

    def _shown_day(self) -> date:
        picked = self.day.date()
        return date(picked.year(), picked.month(), picked.day())

    def _set_day(self, day: date) -> None:
        blocker = QSignalBlocker(self.day)
        self.day.setMaximumDate(QDate(day.year, day.month, day.day))
        self.day.setMinimumDate(QDate(day.year, day.month, day.day).addDays(-400))
        self.day.setDate(QDate(day.year, day.month, day.day))
        del blocker

    def _day_picked(self) -> None:
        self._follows_today = self._shown_day() == self.desk.today()
        self.figures = None
        self._show_all_hours()
        self.refresh()

    def _paper(self) -> DayPaper | None:
        """The day as it is shown, for the printer."""
        figures = self.figures
        if figures is None:
            return None
        header = self.zones.model()
        heads = [str(header.headerData(i, Qt.Orientation.Horizontal)) for i in range(self.zones.columnCount())]
        shown = (self.in_figure, self.out_figure, self.inside_figure, self.coverage_figure, self.drift_figure)
        return DayPaper(
            self.desk.document.store_name or "Wink",
            self._day_words(),
            tuple((figure.name, figure.value) for figure in shown),
            figures.hours,
            zone_rows(figures.zones, heads=heads, label=self.desk.label),
            note_words(figures, reset_hour=self.desk.time.reset_hour),
            self.tr("Made by Wink {version}.").format(version=own_version()),
            f"{figures.day:%Y-%m-%d}",
        )

    def _ask_export(self) -> None:
        name = f"wink-{self._shown_day():%Y-%m-%d}.csv"
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Save as CSV"), str(Path.home() / name), "CSV (*.csv)")
        if path:
            self.export(Path(path))

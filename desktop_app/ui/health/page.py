"""The Health screen: what waits for the cloud, what it refused, the disk, the log, and a report for support."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.engine_view import CloudStatus, EngineStatus
from desktop_app.services.ports import DeadLetter
from desktop_app.services.support_report import clean, tail
from desktop_app.ui.health.detector_tab import DetectorTab
from desktop_app.ui.pieces import Banner, Figure, Page, Surroundings, said
from desktop_app.ui.today.event_table import seconds_words

REFRESH_MS = 3000
LOG_BYTES = 200_000
WRONG_CLOCK_S = 60.0


class HealthPage(Page):
    """Everything that an owner is asked for on the telephone."""

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(around, parent)
        self._is_reading = False
        self._refused = 0
        self._log = ""
        self.report_button = self.button(self.tr("Save a report for support..."), self._ask_report, icon="report")
        self.add_head(self.tr("Health"), self.report_button)
        self.banner = Banner(self)
        self.body.addWidget(self.banner)
        self._add_figures()
        self.cloud_words = QLabel(self)
        self.cloud_words.setObjectName("soft")
        self.cloud_words.setWordWrap(True)
        self.body.addWidget(self.cloud_words)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self._make_letters(), self.tr("Refused by the cloud"))
        self.tabs.addTab(self._make_log(), self.tr("Log"))
        self.detector = DetectorTab(self.desk, self.ops, around.theme.icons, self)
        self.tabs.addTab(self.detector, self.tr("Detector"))
        self.tabs.currentChanged.connect(lambda _: self.refresh())
        self.body.addWidget(self.tabs, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    def show_status(self, status: EngineStatus) -> None:
        cloud = status.cloud
        now = self.desk.ports.clock.utc_now()
        self.waiting_figure.show_value(str(cloud.pending))
        self.oldest_figure.show_value(_age_words(cloud.oldest_at, now) if cloud.pending else "–")
        self.sync_figure.show_value(_age_words(cloud.last_success_at, now))
        self.refused_figure.show_value(str(cloud.dead_letters))
        self.cloud_words.setText(self._cloud_words(cloud, now))
        self.detector.show_cameras(status.cameras)
        if cloud.dead_letters != self._refused:
            self._refused = cloud.dead_letters
            self.refresh()

    def close_page(self) -> None:
        self._timer.stop()
        super().close_page()

    def refresh(self) -> None:
        """Read disk, log and refused events, if somebody looks."""
        if self._is_reading or not self.isVisible():
            return
        if self.tabs.currentWidget() is self.detector:
            self.detector.look()
        self._is_reading = True
        is_letters = self.tabs.currentIndex() != 1
        self.ops.start(
            "read-health",
            lambda _: self._read(is_letters=is_letters),
            done=self._show,
            failed=lambda words: self.letters_words.setText(words),
            finished=self._read_once,
        )

    def retry(self) -> None:
        """Send refused events once more."""
        self.retry_button.setEnabled(False)
        self.ops.start(
            "retry-refused",
            lambda _: self.desk.ports.host.retry_dead_letters(),
            done=lambda n: self.banner.say(self.tr("Sent again: {n}.").format(n=n)),
            failed=lambda words: self.banner.say(words, is_trouble=True),
            finished=self.refresh,
        )

    def save_report(self, path: Path) -> None:
        """Write a report without secrets to ``path``."""
        self.report_button.setEnabled(False)
        self.ops.start(
            "support-report",
            lambda _: path.write_bytes(self.desk.support_report()),
            done=lambda _: self.banner.say(self.tr("The report is in {path}. It holds no password.").format(path=path)),
            failed=lambda words: self.banner.say(words, is_trouble=True),
            finished=lambda: self.report_button.setEnabled(True),
        )

    # -- inside

    def _cloud_words(self, cloud: CloudStatus, now: datetime) -> str:
        words = [said(cloud.words)]
        if cloud.heard_at is not None:
            words.append(self.tr("The cloud answered {ago} ago.").format(ago=_age_words(cloud.heard_at, now)))
        offset_s = cloud.clock_offset_s or 0.0
        if abs(offset_s) > WRONG_CLOCK_S:
            words.append(
                self.tr("This computer's clock is wrong by {time}; set it, or figures stand at the wrong hour.").format(
                    time=seconds_words(abs(offset_s))
                )
            )
        return " ".join(words)

    def _add_figures(self) -> None:
        row = QHBoxLayout()
        self.waiting_figure = Figure(self.tr("Events waiting"), parent=self)
        self.oldest_figure = Figure(self.tr("Oldest waits since"), parent=self)
        self.sync_figure = Figure(self.tr("Last upload"), parent=self)
        self.refused_figure = Figure(self.tr("Refused"), parent=self)
        self.disk_figure = Figure(self.tr("Free on the disk"), parent=self)
        for figure in (
            self.waiting_figure, self.oldest_figure, self.sync_figure, self.refused_figure, self.disk_figure,
        ):  # fmt: skip
            row.addWidget(figure, 1)
        self.body.addLayout(row)

    def _make_letters(self) -> QWidget:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 10, 0, 0)
        self.letters_words = QLabel(self)
        self.letters_words.setObjectName("soft")
        self.letters_words.setWordWrap(True)
        self.letters = QTableWidget(0, 3, self)
        self.letters.setHorizontalHeaderLabels((self.tr("Number"), self.tr("Why"), self.tr("Event")))
        self.letters.setAccessibleName(self.tr("Events that the cloud refused"))
        self.letters.verticalHeader().hide()
        self.letters.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.letters.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.letters.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.letters.horizontalHeader().setStretchLastSection(True)
        self.retry_button = self.button(self.tr("Send them again"), self.retry, icon="refresh")
        self.retry_button.setEnabled(False)
        self.letters.hide()
        self.retry_button.hide()
        column.addWidget(self.letters_words)
        column.addWidget(self.letters, 1)
        row = QHBoxLayout()
        row.addWidget(self.retry_button)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(0)
        return holder

    def _make_log(self) -> QWidget:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 10, 0, 0)
        self.level = QComboBox(self)
        self.level.setAccessibleName(self.tr("Which lines"))
        self.level.addItem(self.tr("All lines"), ())
        self.level.addItem(self.tr("Warnings and errors"), ("WARNING", "ERROR", "CRITICAL"))
        self.level.activated.connect(lambda _: self._show_log())
        self.log = QPlainTextEdit(self)
        self.log.setReadOnly(True)
        self.log.setAccessibleName(self.tr("Log"))
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        row = QHBoxLayout()
        row.addWidget(self.level)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self.log, 1)
        return holder

    def _read(self, *, is_letters: bool) -> tuple[int, list[DeadLetter] | None, str | None]:
        """Disk, and what the tab that is shown needs."""
        free = self.desk.disk_free_bytes()
        if is_letters:
            has_some = self._refused > 0
            return free, self.desk.ports.host.dead_letters() if has_some else [], None
        return free, None, clean(tail(self.desk.log_path, max_bytes=LOG_BYTES))

    def _read_once(self) -> None:
        self._is_reading = False

    def _show(self, found: tuple[int, list[DeadLetter] | None, str | None]) -> None:
        free, letters, log = found
        self.disk_figure.show_value(f"{free / 1e9:.0f} GB" if free >= 10e9 else f"{free / 1e9:.1f} GB")
        if letters is not None:
            self._show_letters(letters)
        if log is not None and log != self._log:
            self._log = log
            self._show_log()

    def _show_letters(self, letters: list[DeadLetter]) -> None:
        none = self.tr("The cloud has refused nothing.")
        some = self.tr("The cloud refused these events. Nothing is lost: mend the reason, then send them again.")
        self.letters_words.setText(some if letters else none)
        self.letters.setVisible(bool(letters))
        self.retry_button.setVisible(bool(letters))
        self.retry_button.setEnabled(bool(letters))
        self.letters.setRowCount(len(letters))
        for row, letter in enumerate(letters):
            for column, words in enumerate((str(letter.seq), letter.reason, letter.body)):
                self.letters.setItem(row, column, QTableWidgetItem(words))

    def _show_log(self) -> None:
        levels = self.level.currentData() or ()
        lines = self._log.splitlines()
        if levels:
            lines = [line for line in lines if any(f" {level} " in line for level in levels)]
        bar = self.log.verticalScrollBar()
        is_at_end = bar.value() >= bar.maximum() - 4
        self.log.setPlainText("\n".join(lines) or self.tr("Nothing was written yet."))
        if is_at_end:
            bar.setValue(bar.maximum())

    def _ask_report(self) -> None:
        name = f"wink-report-{self.desk.ports.clock.utc_now():%Y%m%d-%H%M}.zip"
        path, _ = QFileDialog.getSaveFileName(self, self.tr("Save a report"), str(Path.home() / name), "Zip (*.zip)")
        if path:
            self.save_report(Path(path))


def _age_words(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one unit."""
    if moment is None:
        return "–"
    seconds = max(0.0, (now - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"

"""The card that says how the shop is called, where its clock stands, and when people inside begin anew."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QCompleter, QFormLayout, QLabel, QLineEdit, QWidget

from desktop_app.services.store_times import checked_zone, zone_names
from desktop_app.ui.pieces import FIELD_PX, LABEL_PX, Surroundings
from desktop_app.workers.background_op import BackgroundOps


class ShopCard(QWidget):
    """Where there is no cloud the fields are typed in; with one, or by a file, they tell what was set there.

    Signals:
        said: carries words for the page's banner, and whether they tell of trouble.
    """

    said = Signal(str, bool)

    def __init__(self, around: Surroundings, ops: BackgroundOps, form: QFormLayout, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._ops, self._form = around.desk, ops, form
        self.name = QLineEdit(self)
        self.name.setPlaceholderText(self.tr("High Street"))
        self.zone = self._make_zone()
        self.reset = QComboBox(self)
        for hour in range(24):
            self.reset.addItem(f"{hour:02d}:00", hour)
        for words, field in (
            (self.tr("Name of the shop"), self.name),
            (self.tr("Time zone"), self.zone),
            (self.tr("Inside restarts at"), self.reset),
        ):
            self._add_row(words, field)
        self.words = QLabel(self)
        self.words.setObjectName("soft")
        self.words.setWordWrap(True)
        form.addRow(self.words)
        self.name.editingFinished.connect(self._changed)
        line = self.zone.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._changed)
        self.zone.activated.connect(lambda _: self._changed())
        self.reset.activated.connect(lambda _: self._changed())
        self.show_store()

    def show_store(self) -> None:
        """Show what holds now; what is being typed is left alone."""
        document, time = self._desk.document, self._desk.time
        is_ours = self._desk.is_store_ours
        for field in (self.name, self.zone, self.reset):
            field.setEnabled(is_ours)
        blockers = [QSignalBlocker(field) for field in (self.name, self.zone, self.reset)]
        if not self.name.hasFocus():
            self.name.setText(document.store_name)
        if not self._is_zone_typed():
            self.zone.setEditText(self._zone_name())
        if not self.reset.hasFocus():
            self.reset.setCurrentIndex(self.reset.findData(time.reset_hour))
        del blockers
        self.words.setText(f"{self._clock_words()} {self._where_words()}")

    # -- making

    def _make_zone(self) -> QComboBox:
        zone = QComboBox(self)
        zone.setEditable(True)
        zone.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        zone.addItems(list(zone_names()))
        zone.setMaxVisibleItems(14)
        completer = QCompleter(zone.model(), zone)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        zone.setCompleter(completer)
        return zone

    def _add_row(self, words: str, field: QWidget) -> None:
        field.setAccessibleName(words)
        field.setMaximumWidth(FIELD_PX)
        label = QLabel(words, self)
        label.setMinimumWidth(LABEL_PX)
        label.setBuddy(field)
        self._form.addRow(label, field)

    # -- words

    def _zone_name(self) -> str:
        return self._desk.document.time_zone or self._desk.ports.local_zone

    def _clock_words(self) -> str:
        local = self._desk.ports.clock.utc_now().astimezone(self._desk.zone)
        return self.tr("It is {time} in the shop now.").format(time=f"{local:%H:%M}")

    def _where_words(self) -> str:
        if self._desk.document.cloud_url is not None:
            return self.tr(
                "Name, time zone and hour are set in the cloud (Settings, Stores); they come here by themselves."
            )
        if not self._desk.is_store_ours:
            return self.tr("The time zone is set in the configuration file (time_zone, reset_hour).")
        return self.tr(
            "Days go from midnight to midnight of this clock. People inside are followed over midnight and begin anew "
            "at the hour at which nobody is in the shop any more."
        )

    # -- changing

    def _is_zone_typed(self) -> bool:
        line = self.zone.lineEdit()
        return line is not None and line.hasFocus()

    def _changed(self) -> None:
        document = self._desk.document
        try:
            zone = checked_zone(self.zone.currentText())
        except ValueError as error:
            # The field keeps what was typed, to be mended; nothing was changed.
            self.said.emit(str(error), True)
            return
        zone = zone or self._desk.ports.local_zone
        # The laptop's own zone is not written down while nobody has chosen one: a shop may move, and the laptop with it.
        kept = document.time_zone if zone == self._zone_name() else zone
        name, hour = self.name.text().strip(), int(self.reset.currentData())
        if (name, kept, hour) == (document.store_name, document.time_zone, self._desk.time.reset_hour):
            return
        before = self._zone_name()
        self._ops.start(
            "set-store",
            lambda _: self._desk.set_store(name=name, time_zone=kept, reset_hour=hour),
            done=lambda _: self._kept(before, zone),
            failed=lambda words: self.said.emit(words, True),
        )

    def _kept(self, before: str, zone: str) -> None:
        self.show_store()
        if before == zone:
            self.said.emit("", False)
            return
        words = self.tr(
            "Days and hours are those of {zone} now: today's figures, earlier days and files are shown by it. No event was "
            "changed; to go back, choose {before} again."
        )
        self.said.emit(words.format(zone=zone, before=before), False)

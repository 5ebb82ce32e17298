"""What is drawn, as a list, and the fields of the selected zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.past_desk import PastCount
from desktop_app.services.recent_tracks import TryOut
from desktop_app.ui.camera_wall.overlay import figure_words, zone_colour
from desktop_app.ui.pieces import make_button
from desktop_app.ui.today.event_table import seconds_words
from desktop_app.ui.zone_editor import document as edits
from desktop_app.ui.zone_editor.advice import Advice
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from desktop_app.ui.zone_editor.words import ADVICE, DIRECTIONS, PURPOSES, in_words
from shared_models.geometry import GeometryError
from shared_models.zones import CountedDirection, LineZone, PolygonZone, Zone, ZonePurpose

WIDTH_PX = 272


class TrySpan(StrEnum):
    """What a drawing is tried on."""

    MINUTES = "minutes"
    TODAY = "today"
    WEEK = "week"
    ALL = "all"


class Inspector(QWidget):
    """Shows and changes the editing's zones by name and number.

    Signals:
        try_wanted: count the last minutes by what is drawn now.
    """

    try_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editing: ZoneEditing | None = None
        self._advice: Mapping[str, Sequence[Advice]] = {}
        self.setFixedWidth(WIDTH_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Lines and areas"))
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._picked)
        column.addWidget(self.list, 1)
        self._make_fields(column)
        self.advice = self._label(column)
        self._make_try(column)
        self._show_fields()

    def set_editing(self, editing: ZoneEditing | None) -> None:
        """Show another camera's zones."""
        if self._editing is not None:
            self._editing.committed.disconnect(self._refill)
            self._editing.selection_changed.disconnect(self._follow)
        self._editing = editing
        self._advice = {}
        self.tried.setText("")
        if editing is not None:
            editing.committed.connect(self._refill)
            editing.selection_changed.connect(self._follow)
        self._refill()

    def show_advice(self, advice: Mapping[str, Sequence[Advice]]) -> None:
        """What to tell of each zone, and of the draft under the id ""."""
        self._advice = advice
        zone = self._zone
        key = "" if self._editing is not None and self._editing.draft and not self._editing.draft.is_empty else None
        found = advice.get(key if key is not None else (zone.zone_id if zone else ""), ())
        self.advice.setText("\n\n".join(in_words(ADVICE[a]) for a in found))

    def show_tried(self, tried: TryOut | None) -> None:
        """What would have been counted."""
        if tried is None or not tried.counts:
            self.tried.setText(self.tr("There is nothing to try yet: wait until people were seen, and draw something."))
            return
        minutes = f"{tried.span_s / 60:.1f}" if tried.span_s < 120 else f"{tried.span_s / 60:.0f}"
        head = self.tr("In the last {minutes} min:").format(minutes=minutes)
        self.tried.setText("\n".join([head, *(figure_words(count) for count in tried.counts)]))

    @property
    def try_span(self) -> TrySpan:
        """On what it is tried."""
        return TrySpan(self.try_on.currentData())

    def show_trying(self, share: float | None) -> None:
        """How far trying is; None: it is over."""
        self.try_button.setText(self.tr("Try it") if share is None else self.tr("Stop ({n})").format(n=f"{share:.0%}"))
        self.try_on.setEnabled(share is None)
        if share is not None:
            self.tried.setText("")

    def show_try_failed(self, words: str) -> None:
        """Why it could not be tried."""
        self.tried.setText(words)

    def show_tried_past(self, found: PastCount) -> None:
        """What past days would have counted, and what they did count."""
        if not found.zones or found.known_s < 1:
            self.show_tried(None)
            return
        lines = [self.tr("In {time} whose ways are kept:").format(time=seconds_words(found.known_s))]
        for change in found.zones:
            new, old = change.after, change.before
            if isinstance(change.zone, LineZone):
                words = self.tr("{name}: {i} in, {o} out (counted then: {old_i} in, {old_o} out)")
            else:
                words = self.tr("{name}: {n} stays (counted then: {old_n})")
            lines.append(
                words.format(
                    name=change.zone.label, i=new.went_in, o=new.went_out, n=new.stays, old_i=old.went_in,
                    old_o=old.went_out, old_n=old.stays,
                )
            )  # fmt: skip
        self.tried.setText("\n".join(lines))

    # -- inside

    def _make_try(self, column: QVBoxLayout) -> None:
        self.try_on = QComboBox(self)
        self.try_on.setAccessibleName(self.tr("Try it on"))
        rows = (
            (self.tr("On the last minutes"), TrySpan.MINUTES), (self.tr("On today"), TrySpan.TODAY),
            (self.tr("On the last 7 days"), TrySpan.WEEK), (self.tr("On all that is kept"), TrySpan.ALL),
        )  # fmt: skip
        for words, span in rows:
            self.try_on.addItem(words, span.value)
        self.try_button = make_button(self, self.tr("Try it"), self.try_wanted.emit)
        row = QHBoxLayout()
        row.addWidget(self.try_on, 1)
        row.addWidget(self.try_button)
        column.addLayout(row)
        self.tried = self._label(column)

    @property
    def _zone(self) -> Zone | None:
        return self._editing.selected if self._editing is not None else None

    def _label(self, column: QVBoxLayout) -> QLabel:
        label = QLabel(self)
        label.setWordWrap(True)
        label.setObjectName("hint")
        column.addWidget(label)
        return label

    def _make_fields(self, column: QVBoxLayout) -> None:
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.name = QLineEdit(self)
        self.name.setMaxLength(60)
        self.name.editingFinished.connect(self._rename)
        self.counts = self._combo([(in_words(w), d.value) for d, w in DIRECTIONS.items()], self._set_counts)
        self.purpose = self._combo([(in_words(w), p.value) for p, (w, _) in PURPOSES.items()], self._set_purpose)
        self.category = QLineEdit(self)
        self.category.setMaxLength(100)
        self.category.setPlaceholderText(self.tr("e.g. snacks"))
        self.category.editingFinished.connect(self._set_category)
        self.threshold = QDoubleSpinBox(self)
        self.threshold.setRange(0.0, 600.0)
        self.threshold.setDecimals(1)
        self.threshold.setSuffix(self.tr(" s"))
        self.threshold.editingFinished.connect(self._set_threshold)
        self.entrance = QCheckBox(self.tr("An entrance of the store"), self)
        self.entrance.setToolTip(self.tr("Off for a walkway inside: it counts, but is not added to 'People in'."))
        self.entrance.clicked.connect(self._set_entrance)
        rows = (
            (self.tr("Name"), self.name), (self.tr("Counts"), self.counts), (self.tr("Purpose"), self.purpose),
            (self.tr("Category"), self.category), (self.tr("Visit from"), self.threshold),
        )  # fmt: skip
        for words, field in rows:
            field.setAccessibleName(words)
            self._form.addRow(words, field)
        self._form.addRow(self.entrance)
        column.addLayout(self._form)
        self.purpose_hint = self._label(column)

    def _combo(self, rows: Sequence[tuple[str, str]], done: Callable[[], object]) -> QComboBox:
        combo = QComboBox(self)
        for words, value in rows:
            combo.addItem(words, value)
        combo.activated.connect(lambda _: done())
        return combo

    def _refill(self) -> None:
        zones = self._editing.document.zones if self._editing is not None else ()
        blocker = QSignalBlocker(self.list)
        self.list.clear()
        for zone in zones:
            item = QListWidgetItem(_swatch(zone_colour(zone)), zone.label, self.list)
            item.setData(Qt.ItemDataRole.UserRole, zone.zone_id)
            item.setToolTip(zone.label)
        del blocker
        self._follow()

    def _follow(self) -> None:
        """Show the selection."""
        zone = self._zone
        blocker = QSignalBlocker(self.list)
        rows = [self.list.item(row) for row in range(self.list.count())]
        chosen = next((i for i in rows if zone is not None and i.data(Qt.ItemDataRole.UserRole) == zone.zone_id), None)
        self.list.setCurrentItem(chosen)  # type: ignore[arg-type]  # None clears it
        del blocker
        self._show_fields()
        self.show_advice(self._advice)

    def _show_fields(self) -> None:
        zone = self._zone
        is_area = isinstance(zone, PolygonZone)
        is_shelf = isinstance(zone, PolygonZone) and zone.purpose is ZonePurpose.SHELF
        for field, is_shown in (
            (self.name, zone is not None), (self.counts, isinstance(zone, LineZone)), (self.purpose, is_area),
            (self.category, is_shelf), (self.threshold, is_shelf), (self.entrance, isinstance(zone, LineZone)),
        ):  # fmt: skip
            self._form.setRowVisible(field, is_shown)
        if zone is not None and self.name.text() != zone.name:
            self.name.setText(zone.name)
        if isinstance(zone, LineZone):
            self.counts.setCurrentIndex(self.counts.findData(zone.counts.value))
            self.entrance.setChecked(zone.is_entrance)
        self.purpose_hint.setVisible(is_area)
        if isinstance(zone, PolygonZone):
            self.purpose.setCurrentIndex(self.purpose.findData(zone.purpose.value))
            self.purpose_hint.setText(in_words(PURPOSES[zone.purpose][1]))
            self.category.setText(zone.shelf_category or "")
            self.threshold.setValue(zone.threshold_s)

    def _picked(self, item: QListWidgetItem | None) -> None:
        if self._editing is not None:
            self._editing.select(Selection(item.data(Qt.ItemDataRole.UserRole) if item is not None else None))

    def _rename(self) -> None:
        self._change(self.tr("Rename '{name}'"), lambda zone: edits.remade(zone, name=self.name.text().strip()))

    def _set_counts(self) -> None:
        direction = CountedDirection(self.counts.currentData())
        self._change(self.tr("Change what '{name}' counts"), lambda zone: edits.remade(zone, counts=direction))

    def _set_entrance(self) -> None:
        is_on = self.entrance.isChecked()
        words = self.tr("Make '{name}' an entrance") if is_on else self.tr("Make '{name}' a walkway inside")
        self._change(words, lambda zone: edits.remade(zone, is_entrance=is_on))

    def _set_purpose(self) -> None:
        purpose = ZonePurpose(self.purpose.currentData())
        words = self.tr("Change purpose of '{name}'")
        self._change(words, lambda z: edits.with_purpose(z, purpose, shelf_category=self.category.text()))

    def _set_category(self) -> None:
        category = self.category.text()
        words = self.tr("Change category of '{name}'")
        self._change(words, lambda z: edits.with_purpose(z, ZonePurpose.SHELF, shelf_category=category))

    def _set_threshold(self) -> None:
        words = self.tr("Change when '{name}' counts a visit")
        self._change(words, lambda zone: edits.remade(zone, threshold_s=self.threshold.value()))

    def _change(self, words: str, change: Callable[[Zone], Zone]) -> None:
        zone, editing = self._zone, self._editing
        if zone is None or editing is None:
            return
        try:
            changed = change(zone)
        except GeometryError as error:
            editing.refused.emit(str(error))
            return
        editing.do(words.format(name=zone.label), editing.document.with_zone(changed))


def _swatch(colour: QColor) -> QIcon:
    pixmap = QPixmap(14, 14)
    pixmap.fill(colour)
    return QIcon(pixmap)

"""The day's events as a table that stays quick with a hundred thousand rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, tzinfo

from PySide6.QtCore import QAbstractTableModel, QCoreApplication, QModelIndex, QPersistentModelIndex, Qt

from desktop_app.services.today_figures import StoredEvent
from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from shared_models.events import EventType

Index = QModelIndex | QPersistentModelIndex
HEADS = (
    QT_TRANSLATE_NOOP("Events", "Time"),
    QT_TRANSLATE_NOOP("Events", "What"),
    QT_TRANSLATE_NOOP("Events", "Camera"),
    QT_TRANSLATE_NOOP("Events", "Where"),
    QT_TRANSLATE_NOOP("Events", "Value"),
    QT_TRANSLATE_NOOP("Events", "Uploaded"),
)
KINDS: dict[EventType, str] = {
    EventType.FOOTFALL_IN: QT_TRANSLATE_NOOP("Events", "Came in"),
    EventType.FOOTFALL_OUT: QT_TRANSLATE_NOOP("Events", "Went out"),
    EventType.DWELL: QT_TRANSLATE_NOOP("Events", "Stayed"),
    EventType.SHELF_INTERACTION: QT_TRANSLATE_NOOP("Events", "Shelf visit"),
    EventType.QUEUE_WAIT: QT_TRANSLATE_NOOP("Events", "Waited"),
    EventType.OCCUPANCY: QT_TRANSLATE_NOOP("Events", "People, mean of a minute"),
    EventType.CAMERA_GAP: QT_TRANSLATE_NOOP("Events", "Camera did not see"),
    EventType.HEATMAP: QT_TRANSLATE_NOOP("Events", "Heat map"),
}


def event_words(words: str) -> str:
    """One of the words above in the owner's language."""
    return QCoreApplication.translate("Events", words)


class EventTable(QAbstractTableModel):
    """Newest first. Words are made when a row is looked at."""

    def __init__(
        self, label: Callable[[str, str | None], str], zone: Callable[[], tzinfo], has_cloud: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._label, self._zone, self._has_cloud = label, zone, has_cloud
        self._all: Sequence[StoredEvent] = ()
        self._shown: list[StoredEvent] = []
        self._kinds: frozenset[EventType] | None = None
        self._where: tuple[str, str | None] | None = None
        self._hour_at: datetime | None = None

    def show_events(self, events: Sequence[StoredEvent]) -> None:
        """Another day, or a newer state of it."""
        self._all = events
        self._filter()

    def set_filter(
        self,
        *,
        kinds: frozenset[EventType] | None,
        where: tuple[str, str | None] | None,
        hour_at: datetime | None = None,
    ) -> None:
        """Only these kinds, only this (camera, zone), only the hour that begins at ``hour_at``; None: all."""
        self._kinds, self._where, self._hour_at = kinds, where, hour_at
        self._filter()

    def _filter(self) -> None:
        self.beginResetModel()
        self._shown = [
            event
            for event in reversed(self._all)
            if event.type is not EventType.HEATMAP
            and (self._kinds is None or event.type in self._kinds)
            and (self._hour_at is None or self._hour_at <= event.occurred_at < self._hour_at + timedelta(hours=1))
            and (self._where is None or self._where in ((event.camera_id, event.zone_id), (event.camera_id, None)))
        ]
        self.endResetModel()

    def event_of(self, row: int) -> StoredEvent:
        """The event of a row."""
        return self._shown[row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802 - Qt's name
        return 0 if parent.isValid() else len(HEADS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return event_words(HEADS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        event = self._shown[index.row()]
        match index.column():
            case 0:
                return f"{event.occurred_at.astimezone(self._zone()):%H:%M:%S}"
            case 1:
                return event_words(KINDS[event.type])
            case 2:
                return self._label(event.camera_id, None)
            case 3:
                return self._label(event.camera_id, event.zone_id) if event.zone_id else ""
            case 4:
                return value_words(event)
            case _:
                return self._upload_words(event)

    def _upload_words(self, event: StoredEvent) -> str:
        if event.is_refused:
            return self.tr("refused")
        if event.is_sent:
            return self.tr("yes")
        return self.tr("not yet") if self._has_cloud() else ""


def value_words(event: StoredEvent) -> str:
    """Seconds or people, as a person says it."""
    if event.value is None:
        return ""
    if event.type is EventType.OCCUPANCY:
        return f"{event.value:.1f}"
    return seconds_words(event.value)


def seconds_words(seconds: float) -> str:
    """``75`` -> ``1:15 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} min"
    return f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d} h"

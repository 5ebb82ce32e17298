"""Each zone's day in a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from desktop_app.services.today_figures import ZoneDay
from desktop_app.ui.today.event_table import seconds_words


class ZoneTable(QTableWidget):
    """One row per zone; what a zone does not measure stays empty rather than zero."""

    def __init__(self, label: Callable[[str, str | None], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = label
        heads = (
            self.tr("Zone"), self.tr("Camera"), self.tr("In"), self.tr("Out"), self.tr("Stays"),
            self.tr("Half stayed under"), self.tr("9 of 10 under"), self.tr("Peak people"),
        )  # fmt: skip
        self.setColumnCount(len(heads))
        self.setHorizontalHeaderLabels(heads)
        self.verticalHeader().hide()
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setAccessibleName(self.tr("Figures per zone"))
        self.setShowGrid(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        for column in range(2, len(heads)):
            head = QTableWidgetItem(heads[column])
            head.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setHorizontalHeaderItem(column, head)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def show_zones(self, zones: Sequence[ZoneDay]) -> None:
        """Show a day's zones."""
        self.setRowCount(len(zones))
        for row, zone in enumerate(zones):
            where = (zone.camera_id, zone.zone_id)
            stays = zone.stays
            cells = (
                self._label(*where),
                self._label(zone.camera_id, None),
                str(zone.in_count) if zone.is_line else "",
                str(zone.out_count) if zone.is_line else "",
                str(stays.n) if stays else "",
                seconds_words(stays.p50_s) if stays else "",
                seconds_words(stays.p90_s) if stays else "",
                "" if zone.peak_people is None else str(zone.peak_people),
            )
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                item.setData(Qt.ItemDataRole.UserRole, where)
                if column > 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.setItem(row, column, item)

    def where(self, row: int) -> tuple[str, str] | None:
        """(camera, zone) of a row."""
        item = self.item(row, 0)
        return item.data(Qt.ItemDataRole.UserRole) if item is not None else None

"""Removing a camera: what happens with what it has counted?"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QDialog, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from desktop_app.services.desk import CameraPast
from desktop_app.ui.pieces import make_button

WIDTH_PX = 460


class RemoveDialog(QDialog):
    """Nothing is removed before a button says so; the gentlest choice is made already.

    Signals:
        confirmed: carries a ``CameraPast``.
    """

    confirmed = Signal(object)

    def __init__(self, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Remove '{name}'?").format(name=label))
        self.setMinimumWidth(WIDTH_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(10)
        head = QLabel(self.windowTitle(), self)
        head.setObjectName("emptyTitle")
        column.addWidget(head)
        column.addWidget(
            self._soft(
                self.tr(
                    "It stops counting now. Until Wink is closed, Undo brings it back with its lines, areas and password. "
                    "What of its past?"
                )
            )
        )
        self._group = QButtonGroup(self)
        self.choices: dict[CameraPast, QRadioButton] = {}
        for past, words, about in self._rows():
            choice = QRadioButton(words, self)
            self._group.addButton(choice)
            self.choices[past] = choice
            column.addWidget(choice)
            column.addWidget(self._soft(about, indent=24))
        self.choices[CameraPast.KEEP].setChecked(True)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(make_button(self, self.tr("Cancel"), self.reject))
        self.remove_button = make_button(self, self.tr("Remove"), self._confirm)
        row.addWidget(self.remove_button)
        column.addLayout(row)

    def _rows(self) -> tuple[tuple[CameraPast, str, str], ...]:
        return (
            (
                CameraPast.KEEP,
                self.tr("Keep all of it"),
                self.tr("Figures stay as they are; people's ways end by themselves after some weeks."),
            ),
            (
                CameraPast.FORGET_WAYS,
                self.tr("Keep the figures, forget the ways"),
                self.tr("Who was counted why, and people's ways, are forgotten now, for good. Figures stay."),
            ),
            (
                CameraPast.FORGET_ALL,
                self.tr("Forget everything on this computer"),
                self.tr("Its figures are gone from this computer for good. What the cloud has, stays there."),
            ),
        )

    def _soft(self, words: str, *, indent: int = 0) -> QLabel:
        label = QLabel(words, self)
        label.setObjectName("soft")
        label.setWordWrap(True)
        label.setContentsMargins(indent, 0, 0, 0)
        return label

    def _confirm(self) -> None:
        self.confirmed.emit(next(past for past, choice in self.choices.items() if choice.isChecked()))
        self.accept()

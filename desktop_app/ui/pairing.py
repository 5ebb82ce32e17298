"""Connecting this computer with the cloud by a pairing code."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from desktop_app.services.enrolment import EnrolmentError, clean_cloud_url, clean_code
from desktop_app.ui.pieces import FIELD_PX, LABEL_PX, Surroundings, make_button
from desktop_app.workers.background_op import BackgroundOps


class PairingForm(QWidget):
    """Three fields and a button.

    Signals:
        paired: the cloud took this computer.
        edited: a field has another value.
    """

    paired = Signal()
    edited = Signal()

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around, self._ops = around, ops
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(9)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.url, self.code, self.device = QLineEdit(self), QLineEdit(self), QLineEdit(platform.node(), self)
        self.url.setPlaceholderText("https://wink.example.com")
        self.code.setPlaceholderText("ABCD-EFGH")
        self.code.setMaxLength(20)
        rows = (
            (self.tr("Cloud address"), self.url), (self.tr("Pairing code"), self.code),
            (self.tr("This computer is called"), self.device),
        )  # fmt: skip
        for words, field in rows:
            field.setAccessibleName(words)
            field.textEdited.connect(lambda _: self.edited.emit())
            label = QLabel(words, self)
            label.setMinimumWidth(LABEL_PX)
            label.setBuddy(field)
            field.setMaximumWidth(FIELD_PX)
            form.addRow(label, field)
        column.addLayout(form)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        column.addWidget(self.words)
        self.button = make_button(self, self.tr("Pair this computer"), self.pair, primary=True)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)

    def pair(self) -> None:
        """Ask the cloud."""
        url, code, device = self.url.text(), self.code.text(), self.device.text()
        try:
            clean_cloud_url(url)
            clean_code(code)
        except EnrolmentError as error:
            self._say(str(error), is_trouble=True)
            return
        if not self._around.may_keep_secret(self):
            self._say(self.tr("Without a place for its key this computer cannot be paired."), is_trouble=True)
            return
        self.button.setEnabled(False)
        self._say(self.tr("Asking the cloud..."))
        desk = self._around.desk
        self._ops.start(
            "pair",
            lambda _: desk.enrol(cloud_url=url, code=code, device_name=device),
            done=lambda _: self._done(),
            failed=lambda words: self._say(words, is_trouble=True),
            finished=lambda: self.button.setEnabled(True),
        )

    def _done(self) -> None:
        self.code.clear()
        self._say(self.tr("This computer is connected with the cloud."))
        self.paired.emit()

    def _say(self, words: str, *, is_trouble: bool = False) -> None:
        self.words.setText(words)
        self.words.setStyleSheet(f"color: {self._around.theme.colours.bad}" if is_trouble else "")

"""Add or edit one camera."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from desktop_app.services.desk_ports import KNOWN_ERRORS
from desktop_app.services.store_document import StoredCamera
from desktop_app.ui.cameras.form import CameraForm, CameraInput, sentence_of
from desktop_app.ui.pieces import Surroundings, size_on_screen
from desktop_app.workers.background_op import BackgroundOps


class CameraDialog(QDialog):
    """The form with Save and Cancel.

    Signals:
        saved: the owner wants this camera; carries a CameraInput.
    """

    saved = Signal(object)

    def __init__(self, around: Surroundings, camera: StoredCamera | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around = around
        self.setWindowTitle(self.tr("Edit camera") if camera else self.tr("Add a camera"))
        size_on_screen(self, 880, 520)
        self._ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self.form = CameraForm(around, self._ops, self)
        self.form.show_camera(camera)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(12)
        column.addWidget(self.form, 1)
        buttons = QDialogButtonBox(self)
        self.save_button = QPushButton(self.tr("Save"), self)
        self.save_button.setProperty("primary", True)
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self.tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self._save)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def done(self, result: int) -> None:
        self.form.stop()
        self._ops.close()
        super().done(result)

    def _save(self) -> None:
        self.form.complete(self._save_completed)

    def _save_completed(self) -> None:
        try:
            typed: CameraInput = self.form.read(self._around.desk.document)
        except ValueError as error:
            self.form.words.setText(sentence_of(error))
            return
        self.saved.emit(typed)
        self.accept()

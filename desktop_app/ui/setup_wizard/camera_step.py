"""The wizard's step in which a camera is found and seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QWidget,
)  # fmt: skip

from desktop_app.services.setup_memory import SetupMemory
from desktop_app.services.store_desk import STARTING
from desktop_app.services.store_document import split_credentials
from desktop_app.ui.cameras.form import CameraForm, sentence_of
from desktop_app.ui.pieces import Surroundings, make_button, said
from desktop_app.ui.setup_wizard.step import Go, Step
from desktop_app.workers.background_op import BackgroundOps


class CameraStep(Step):
    """Add cameras, one after the other."""

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(around, ops, parent)
        words = self.tr(
            "Pick a camera and test it: its picture appears on the right. The best place is above the door, looking in, "
            "with feet in view. No camera at hand? Take the virtual store to try everything out."
        )
        self.set_head(self.tr("Cameras"), words)
        self.form = CameraForm(around, ops, self)
        self.form.show_camera(None)
        self.form.edited.connect(self.edited)
        self.body.addWidget(self.form, 1)
        row = QHBoxLayout()
        self.add_button = make_button(self, self.tr("Add this camera"), lambda: self.add(lambda: None))
        self.added = QListWidget(self)
        self.added.setAccessibleName(self.tr("Cameras added"))
        self.added.setMaximumHeight(64)
        self.added.setFlow(QListWidget.Flow.LeftToRight)
        row.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        row.addWidget(self.added, 1)
        row.addStretch(0)
        self.body.addLayout(row)
        self._is_busy = False

    def enter(self) -> None:
        self._show_added()

    def add(self, go: Go) -> None:
        """Keep the camera as typed and start it; then ``go``."""
        self.form.complete(lambda: self._add_completed(go))

    def _add_completed(self, go: Go) -> None:
        if self._is_busy:
            return
        try:
            typed = self.form.read(self.desk.document)
        except ValueError as error:
            self.form.words.setText(sentence_of(error))
            return
        if typed.secrets and not self.around.may_keep_secret(self):
            return
        self._is_busy = True
        self.add_button.setEnabled(False)
        self.form.words.clear()
        document = self.desk.document.with_camera(typed.camera)

        def done(_: object) -> None:
            self.form.show_camera(None)
            self._show_added()
            self.edited.emit()
            go()

        def finished() -> None:
            self._is_busy = False
            self.add_button.setEnabled(True)

        # The camera may allow one viewer only: let go of it before the engine opens it.
        self.form.stop(words=said(STARTING))

        def failed(words: str) -> None:
            self.form.stop()
            self.form.words.setText(words)

        self.ops.start(
            "add-camera",
            lambda _: self.desk.save_store(document, secrets=typed.secrets),
            done=done,
            failed=failed,
            finished=finished,
        )

    def leave(self, go: Go) -> None:
        if self.form.address.text().strip():
            self.add(go)
        elif self.desk.document.cameras:
            go()
        else:
            self.form.words.setText(self.tr("Pick or type a camera first; you can also leave this for later."))

    def stop(self) -> None:
        self.form.stop()

    def fill(self, memory: SetupMemory) -> None:
        index = self.form.kind.findData(memory.camera_kind)
        if index >= 0:
            self.form.pick_kind(index)
        self.form.name.setText(memory.camera_name)
        self.form.address.setText(memory.camera_address)
        self.form.substream.setText(memory.camera_substream)

    def typed(self, memory: SetupMemory) -> SetupMemory:
        form = self.form
        # What is written to the disk holds no password, wherever it was typed.
        return memory.model_copy(
            update={
                "camera_kind": form.kind.currentData(),
                "camera_name": form.name.text(),
                "camera_address": _without_password(form.address.text()),
                "camera_substream": _without_password(form.substream.text()),
            }
        )

    def _show_added(self) -> None:
        self.added.clear()
        self.added.addItems([camera.label for camera in self.desk.document.cameras])
        self.added.setVisible(self.added.count() > 0)
        self.changed.emit()


def _without_password(address: str) -> str:
    try:
        return split_credentials(address)[0]
    except ValueError:
        return ""

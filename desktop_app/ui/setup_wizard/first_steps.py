"""The wizard's first steps: welcome, and whether there is a cloud."""

from __future__ import annotations

from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QRadioButton,
    QWidget,
)  # fmt: skip

from desktop_app.services.setup_memory import SetupMemory
from desktop_app.ui.pairing import PairingForm
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.setup_wizard.step import Go, Step
from desktop_app.workers.background_op import BackgroundOps


class WelcomeStep(Step):
    """What will happen, and the store's name."""

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(around, ops, parent)
        words = self.tr(
            "In a few minutes this computer counts who comes into your shop. You add a camera, draw a line at the door, "
            "and that is all. You can go back at any time, and leave for later without losing anything."
        )
        self.set_head(self.tr("Welcome"), words)
        self.name = QLineEdit(around.desk.document.store_name, self)
        self.name.setPlaceholderText(self.tr("e.g. High Street"))
        self.name.setAccessibleName(self.tr("Your shop is called"))
        self.body.addSpacing(8)
        self.body.addWidget(QLabel(self.tr("Your shop is called"), self))
        self.body.addWidget(self.name)
        privacy = QLabel(self.tr("Wink counts people and keeps no face: no picture is stored or sent."), self)
        privacy.setObjectName("soft")
        privacy.setWordWrap(True)
        self.body.addSpacing(8)
        self.body.addWidget(privacy)
        self.body.addStretch(1)

    def leave(self, go: Go) -> None:
        name = self.name.text().strip()
        if name != self.desk.document.store_name:
            document = self.desk.document.model_copy(update={"store_name": name})
            self.ops.start("name-store", lambda _: self.desk.note_store(document), finished=go)
        else:
            go()


class CloudStep(Step):
    """Pair with the cloud, or do without."""

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(around, ops, parent)
        words = self.tr(
            "With the cloud, head office sees all shops in the browser. Without it this computer counts for itself; "
            "you can connect it later, and nothing that was counted is lost."
        )
        self.set_head(self.tr("Cloud"), words)
        self.without = QRadioButton(self.tr("Use Wink without the cloud"), self)
        self.with_cloud = QRadioButton(self.tr("Connect with a pairing code from the cloud"), self)
        self.form = PairingForm(around, ops, self)
        self.connected = QLabel(self)
        self.body.addWidget(self.without)
        self.body.addWidget(self.with_cloud)
        self.body.addWidget(self.form)
        self.body.addWidget(self.connected)
        self.body.addStretch(1)
        self.without.toggled.connect(self._show_state)
        self.form.paired.connect(self._show_state)
        self.form.edited.connect(self.edited)
        self.with_cloud.setChecked(True)
        self._show_state()

    def enter(self) -> None:
        self._show_state()

    def leave(self, go: Go) -> None:
        if self.without.isChecked() or self.desk.document.cloud_url is not None:
            go()
        else:
            self.form.words.setText(
                self.tr("Pair this computer first, or choose to use Wink without the cloud. Both can be changed later.")
            )

    def fill(self, memory: SetupMemory) -> None:
        self.form.url.setText(memory.cloud_url)
        if memory.device_name:
            self.form.device.setText(memory.device_name)

    def typed(self, memory: SetupMemory) -> SetupMemory:
        update = {"cloud_url": self.form.url.text(), "device_name": self.form.device.text()}
        return memory.model_copy(update=update)

    def _show_state(self) -> None:
        url = self.desk.document.cloud_url
        is_paired = url is not None
        self.form.setVisible(not is_paired and self.with_cloud.isChecked())
        for choice in (self.without, self.with_cloud):
            choice.setVisible(not is_paired)
        self.connected.setText(self.tr("Connected with {url}.").format(url=url) if is_paired else "")
        self.changed.emit()

"""The wizard's steps. Each shows, checks and keeps its own; the wizard leads through them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.engine_view import EngineStatus
from desktop_app.services.setup_memory import SetupMemory
from desktop_app.services.store_document import split_credentials
from desktop_app.ui.camera_wall.overlay import OverlayOptions
from desktop_app.ui.camera_wall.wall import CameraTile
from desktop_app.ui.cameras.form import CameraForm, sentence_of
from desktop_app.ui.pairing import PairingForm
from desktop_app.ui.pieces import Surroundings, make_button
from desktop_app.ui.zone_editor.canvas import NO_FRAME
from desktop_app.ui.zone_editor.editing import ZoneEditing
from desktop_app.ui.zone_editor.editor import ZoneEditor
from desktop_app.ui.zone_editor.tools import Mode
from desktop_app.workers.background_op import BackgroundOps
from shared_models.zones import LineZone

Go = Callable[[], None]


class Step(QWidget):
    """One step.

    Signals:
        edited: something was typed.
        changed: whether one can go on may be another answer now.
    """

    edited = Signal()
    changed = Signal()

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.around, self.desk, self.ops = around, around.desk, ops
        self.title = ""
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(24, 20, 24, 8)
        self.body.setSpacing(10)
        self._head, self._text = QLabel(self), QLabel(self)
        self._head.setObjectName("pageTitle")
        self._text.setObjectName("soft")
        self._text.setWordWrap(True)
        self.body.addWidget(self._head)
        self.body.addWidget(self._text)

    def set_head(self, title: str, words: str) -> None:
        """What this step is called, and what to do in it."""
        self.title = title
        self._head.setText(title)
        self._text.setText(words)

    def enter(self) -> None:
        """The step is shown."""

    def leave(self, go: Go) -> None:
        """The owner wants to go on: finish what is to be finished, then ``go``; or say why not."""
        go()

    def stop(self) -> None:
        """The step is not shown any more."""

    def show_frame(self, camera_id: str) -> None:
        """A camera has a new view."""

    def show_status(self, status: EngineStatus) -> None:
        """How everything stands, twice a second."""

    def fill(self, memory: SetupMemory) -> None:
        """Show what was typed last time."""

    def typed(self, memory: SetupMemory) -> SetupMemory:
        """``memory`` with what is typed here."""
        return memory


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
        self.form.words.setText(self.tr("Starting the camera..."))
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
        self.form.stop()
        self.ops.start(
            "add-camera",
            lambda _: self.desk.save_store(document, secrets=typed.secrets),
            done=done,
            failed=self.form.words.setText,
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


class LineStep(Step):
    """Draw the first line on the live picture."""

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(around, ops, parent)
        words = self.tr(
            "Click on the floor left of the door, then double-click right of it. The arrow points into the shop; "
            "if it points the wrong way, press F. Draw where feet can be seen: the thin trails show where people walk."
        )
        self.set_head(self.tr("Line"), words)
        self.camera = QComboBox(self)
        self.camera.setAccessibleName(self.tr("Camera"))
        self.camera.activated.connect(lambda _: self._show())
        self.body.addWidget(self.camera, 0, Qt.AlignmentFlag.AlignLeft)
        self.editor = ZoneEditor(around.theme, is_small=True, parent=self)
        self.body.addWidget(self.editor, 1)
        self._editings: dict[str, ZoneEditing] = {}
        self._is_looking = False

    @property
    def camera_id(self) -> str | None:
        """The camera that is drawn on."""
        value = self.camera.currentData()
        return str(value) if value is not None else None

    def enter(self) -> None:
        current = self.camera_id
        self.camera.clear()
        for camera in self.desk.document.cameras:
            self.camera.addItem(camera.label, camera.camera_id)
        self.camera.setVisible(self.camera.count() > 1)
        self.camera.setCurrentIndex(max(0, self.camera.findData(current)))
        self._show()

    def leave(self, go: Go) -> None:
        changed = [(i, e) for i, e in self._editings.items() if e.is_changed]
        if not changed and not any(self.desk.zones_of(c.camera_id) for c in self.desk.document.cameras):
            self.editor.say(self.tr("Draw a line first; without one nobody is counted."))
            return

        def keep(_: object) -> None:
            for camera_id, editing in changed:
                self.desk.save_zones(camera_id, editing.document.zones)

        def done(_: object) -> None:
            for camera_id, editing in changed:
                editing.mark_saved(self.desk.zones_of(camera_id))
            go()

        self.ops.start("keep-line", keep, done=done, failed=self.editor.say)

    def stop(self) -> None:
        """Lines that are not saved yet are kept as drafts: the zone editor offers them."""
        changed = {i: e.document.zones for i, e in self._editings.items() if e.is_changed}

        def keep(_: object) -> None:
            for camera_id, zones in changed.items():
                self.desk.zones.keep_draft(camera_id, zones)

        if changed and self.ops.start("keep-draft", keep) is None:
            keep(None)
        self.editor.set_editing(None)

    def show_frame(self, camera_id: str) -> None:
        view = self.desk.latest(camera_id)
        if view is not None and camera_id == self.camera_id:
            self.editor.canvas.is_privacy_on = self.desk.preferences.are_people_hidden
            self.editor.canvas.show_view(view)

    def show_status(self, status: EngineStatus) -> None:
        del status
        camera_id = self.camera_id
        if camera_id is None or not self.isVisible() or self._is_looking:
            return
        self._is_looking = True
        recent = self.desk.ports.host.recent
        self.ops.start(
            "look-at-paths",
            lambda _: recent.paths(camera_id),
            done=self.editor.canvas.show_paths,
            finished=self._looked,
        )

    def _looked(self) -> None:
        self._is_looking = False

    def _show(self) -> None:
        camera_id = self.camera_id
        if camera_id is None:
            self.editor.set_editing(None)
            return
        if camera_id not in self._editings:
            view = self.desk.latest(camera_id)
            frame_wh = view.frame.size_wh if view is not None else NO_FRAME
            self._editings[camera_id] = ZoneEditing(self.desk.zones_of(camera_id), frame_wh=frame_wh, parent=self)
        editing = self._editings[camera_id]
        if self.editor.editing is not editing:
            self.editor.set_editing(editing)
        has_line = any(isinstance(zone, LineZone) for zone in editing.document.zones)
        self.editor.canvas.set_mode(Mode.SELECT if has_line else Mode.LINE)
        self.show_frame(camera_id)


class DoneStep(Step):
    """Wait for the first person."""

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(around, ops, parent)
        words = self.tr("Wink counts now. Walk through the door yourself, or wait for the first customer.")
        self.set_head(self.tr("Done"), words)
        self.words = QLabel(self)
        self.words.setObjectName("emptyTitle")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.tile: CameraTile | None = None
        self.body.addWidget(self.words)
        self.counted = 0

    def enter(self) -> None:
        cameras = self.desk.document.cameras
        drawn = [c for c in cameras if self.desk.zones_of(c.camera_id)] or list(cameras)
        if drawn and (self.tile is None or self.tile.camera_id != drawn[0].camera_id):
            if self.tile is not None:
                self.tile.deleteLater()
            self.tile = CameraTile(drawn[0].camera_id, self)
            self.tile.set_options(OverlayOptions(trails=True, privacy=self.desk.preferences.are_people_hidden))
            self.body.addWidget(self.tile, 1)
        self.show_status(self.desk.status())

    def show_frame(self, camera_id: str) -> None:
        view = self.desk.latest(camera_id)
        if view is not None and self.tile is not None and camera_id == self.tile.camera_id:
            self.tile.show_view(view)

    def show_status(self, status: EngineStatus) -> None:
        counts = [count for camera in status.cameras for count in camera.counts]
        self.counted = sum(count.in_count + count.out_count + count.presences for count in counts)
        waiting = self.tr("Waiting for the first person...")
        self.words.setText(
            self.tr("Counted so far: {n}. It works.").format(n=self.counted) if self.counted else waiting
        )
        for camera in status.cameras:
            if self.tile is not None and camera.camera_id == self.tile.camera_id:
                self.tile.show_status(camera)


def _without_password(address: str) -> str:
    try:
        return split_credentials(address)[0]
    except ValueError:
        return ""

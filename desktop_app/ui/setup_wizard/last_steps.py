"""The wizard's last steps: the first line, and the end."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QWidget,
)  # fmt: skip

from desktop_app.services.engine_view import EngineStatus
from desktop_app.ui.camera_wall.overlay import OverlayOptions
from desktop_app.ui.camera_wall.wall import CameraTile
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.setup_wizard.step import Go, Step
from desktop_app.ui.zone_editor.canvas import NO_FRAME
from desktop_app.ui.zone_editor.editing import ZoneEditing
from desktop_app.ui.zone_editor.editor import ZoneEditor
from desktop_app.ui.zone_editor.tools import Mode
from desktop_app.workers.background_op import BackgroundOps
from shared_models.zones import LineZone


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

    def first_field(self) -> QWidget | None:
        """The picture: arrows and Space draw at once."""
        return self.editor.canvas

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

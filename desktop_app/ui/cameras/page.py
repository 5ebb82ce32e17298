"""The Cameras screen: each camera with how it stands, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop_app.services.desk import CameraPast, RemovedCamera
from desktop_app.services.engine_view import CameraCondition, CameraStatus, EngineStatus
from desktop_app.services.store_document import StoredCamera
from desktop_app.ui.actions import CAMERA_ACTIONS, make_actions
from desktop_app.ui.camera_wall.overlay import figure_words
from desktop_app.ui.cameras.dialog import CameraDialog
from desktop_app.ui.cameras.form import CameraInput
from desktop_app.ui.cameras.remove_dialog import RemoveDialog
from desktop_app.ui.pieces import Banner, EmptyState, Page, Surroundings, said

T = TypeVar("T")


class CamerasPage(Page):
    """A table, and buttons for the selected row."""

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(around, parent)
        self._status: dict[str, CameraStatus] = {}
        self._removed: list[RemovedCamera] = []
        self._wanted = ""
        self._is_busy = False
        self.dialog: CameraDialog | RemoveDialog | None = None
        self.add_button = self.button(self.tr("Add a camera"), self.add_camera, primary=True)
        self.add_head(self.tr("Cameras"), self.add_button)
        self.banner = Banner(self)
        self.body.addWidget(self.banner)
        self._stack = QStackedLayout()
        self._empty = EmptyState(
            around,
            icon="cameras",
            title=self.tr("No camera yet"),
            words=self.tr("A network camera, one on USB, a video file, or the virtual store to try it out."),
            button=self.tr("Add a camera"),
            done=self.add_camera,
        )
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._make_table())
        self.body.addLayout(self._stack, 1)
        done = {"add": self.add_camera, "remove": self.remove_camera}
        self.actions_by_name = make_actions(self, CAMERA_ACTIONS, done, icons=around.theme.icons)
        for action in self.actions_by_name.values():
            self.addAction(action)
        if not self.desk.is_editable:
            self._say_fixed()
        self._enable()

    # -- what the window tells

    def show_status(self, status: EngineStatus) -> None:
        self._status = {camera.camera_id: camera for camera in status.cameras}
        self._stack.setCurrentIndex(1 if status.cameras else 0)
        chosen = self._wanted or self.selected
        if self._wanted in self._status:
            self._wanted = ""
        if self.table.rowCount() != len(status.cameras):
            self.table.setRowCount(len(status.cameras))
        for row, camera in enumerate(status.cameras):
            self._show_row(row, camera)
        if chosen is not None:
            self.select(chosen)
        elif status.cameras:
            self.table.selectRow(0)
        self._enable()

    @property
    def selected(self) -> str | None:
        """The selected camera's id."""
        item = self.table.item(self.table.currentRow(), 0)
        return item.data(Qt.ItemDataRole.UserRole) if item is not None else None

    def select(self, camera_id: str) -> None:
        """Select a camera's row."""
        for row in range(self.table.rowCount()):
            item = self.table.item(row, 0)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == camera_id:
                if row != self.table.currentRow():
                    self.table.selectRow(row)
                return

    def close_page(self) -> None:
        if self.dialog is not None:
            self.dialog.reject()
        super().close_page()

    # -- commands

    def add_camera(self) -> None:
        """Ask for a new camera."""
        if self.desk.is_editable:
            self._open(None)

    def edit_camera(self) -> None:
        """Change the selected camera."""
        camera = self._camera
        if camera is not None and self.desk.is_editable:
            self._open(camera)

    def toggle_pause(self) -> None:
        """Let the selected camera rest, or count again."""
        camera = self._camera
        if camera is not None:
            changed = camera.model_copy(update={"is_enabled": not camera.is_enabled})
            document = self.desk.document.with_camera(changed)
            self._run("pause-camera", lambda: self.desk.save_store(document))

    def remove_camera(self) -> None:
        """Remove the selected camera, after asking what becomes of its past."""
        camera = self._camera
        if camera is None:
            return
        dialog = RemoveDialog(camera.label, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.confirmed.connect(lambda past: self._remove(camera.camera_id, past))
        dialog.finished.connect(self._dialog_closed)
        self.dialog = dialog
        dialog.open()

    def keep(self, typed: CameraInput) -> None:
        """Save a camera as typed."""
        if typed.secrets and not self.around.may_keep_secret(self):
            self.banner.say(self.tr("The camera was not saved: its password has no place."), is_trouble=True)
            return
        document = self.desk.document.with_camera(typed.camera)
        self._run("save-camera", lambda: self.desk.save_store(document, secrets=typed.secrets))

    def take_over(self) -> None:
        """Make the file's cameras the program's own."""
        if not self.around.may_keep_secret(self):
            return
        done = self.tr(
            "From now on these are the program's own cameras: start Wink without the file, and edit them here."
        )
        self.ops.start(
            "take-over",
            lambda _: self.desk.take_over(),
            done=lambda _: self.banner.say(done),
            failed=lambda words: self.banner.say(words, is_trouble=True, button=self._take_words, done=self.take_over),
        )

    @property
    def undo_words(self) -> str:
        return self.tr("Remove '{name}'").format(name=self._removed[-1].camera.label) if self._removed else ""

    def undo(self) -> None:
        """Bring the camera back that was removed last."""
        if self._removed and not self._is_busy:
            removed = self._removed[-1]
            self._run(
                "bring-camera-back",
                lambda: self.desk.bring_back(removed),
                done=lambda _: self._brought_back(removed),
            )

    # -- inside

    @property
    def _take_words(self) -> str:
        return self.tr("Keep them in the program")

    def _say_fixed(self) -> None:
        if self.desk.can_take_over:
            words = self.tr("These cameras come from the file that this program was started with; change them there.")
            self.banner.say(words, button=self._take_words, done=self.take_over)
        else:
            self.banner.say(self.tr("These cameras belong to the demo."))

    @property
    def _camera(self) -> StoredCamera | None:
        return self.desk.document.camera(self.selected or "")

    def _open(self, camera: StoredCamera | None) -> None:
        dialog = CameraDialog(self.around, camera, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.saved.connect(self.keep)
        dialog.finished.connect(self._dialog_closed)
        self.dialog = dialog
        dialog.open()

    def _remove(self, camera_id: str, past: CameraPast) -> None:
        def work() -> RemovedCamera | None:
            removed = self.desk.remove_camera(camera_id, past=past)
            if removed is not None:
                # Before the rest can fail: the camera is gone already.
                self._removed.append(removed)
                self.desk.forget_past(removed)
            return removed

        self._run("remove-camera", work, done=self._offer_undo)

    def _offer_undo(self, removed: RemovedCamera | None) -> None:
        if removed is None:
            self.banner.say("")
            return
        words = {
            CameraPast.KEEP: self.tr("'{name}' was removed; its figures are kept."),
            CameraPast.FORGET_WAYS: self.tr(
                "'{name}' was removed and people's ways are forgotten; its figures are kept."
            ),
            CameraPast.FORGET_ALL: self.tr("'{name}' was removed, and its figures on this computer with it."),
        }[removed.past]
        self.banner.say(words.format(name=removed.camera.label), button=self.tr("Undo"), done=self.undo)
        # What had the keyboard is gone with the camera.
        self.banner.buttons[0].setFocus()

    def _brought_back(self, removed: RemovedCamera) -> None:
        self._removed.remove(removed)
        self._wanted = removed.camera.camera_id
        forgotten = removed.past is not CameraPast.KEEP
        words = self.tr("'{name}' is back and counts; what was forgotten of its past stays forgotten.")
        self.banner.say(words.format(name=removed.camera.label) if forgotten else "")

    def _dialog_closed(self) -> None:
        self.dialog = None

    def _run(self, name: str, work: Callable[[], T], *, done: Callable[[T], object] | None = None) -> None:
        self._is_busy = True
        self._enable()
        self.banner.say(self.tr("One moment..."))
        self.ops.start(
            name,
            lambda _: work(),
            done=done or (lambda _: self.banner.say("")),
            failed=lambda words: self.banner.say(words, is_trouble=True),
            finished=self._finished,
        )

    def _finished(self) -> None:
        self._is_busy = False
        self._enable()
        self.undo_changed.emit()
        self.refresh_wanted.emit()

    def _make_table(self) -> QWidget:
        holder = QWidget(self)
        column = QHBoxLayout()
        heads = (self.tr("Camera"), self.tr("State"), self.tr("Rate"), self.tr("Today"), self.tr("Source"))
        self.table = QTableWidget(0, len(heads), self)
        self.table.setHorizontalHeaderLabels(heads)
        self.table.setAccessibleName(self.tr("Cameras"))
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.itemSelectionChanged.connect(self._enable)
        self.table.cellActivated.connect(lambda *_: self.edit_camera())
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for index, width in enumerate((140, 160, 60, 225)):
            self.table.setColumnWidth(index, width)
        header.setStretchLastSection(True)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.edit_button = self.button(self.tr("Edit..."), self.edit_camera, icon="edit")
        self.zones_button = self.button(self.tr("Draw zones"), self._to_zones, icon="zones")
        self.pause_button = self.button(self.tr("Pause"), self.toggle_pause, icon="pause")
        self.remove_button = self.button(self.tr("Remove..."), self.remove_camera, icon="remove")
        for button in (self.zones_button, self.edit_button, self.pause_button, self.remove_button):
            column.addWidget(button)
        column.addStretch(1)
        outer = QVBoxLayout(holder)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.table, 1)
        outer.addLayout(column)
        return holder

    def _to_zones(self) -> None:
        if self.selected is not None:
            self.page_wanted.emit("zones", self.selected)

    def _show_row(self, row: int, camera: CameraStatus) -> None:
        stored = self.desk.document.camera(camera.camera_id)
        colours = self.around.theme.colours
        tint = {
            CameraCondition.LIVE: colours.good, CameraCondition.STARTING: colours.wait,
            CameraCondition.TROUBLE: colours.bad, CameraCondition.STOPPED: colours.soft,
        }[camera.condition]  # fmt: skip
        figures = "\n".join(figure_words(count) for count in camera.counts)
        rate = f"{camera.analysed_fps:.1f}/s" if camera.condition is CameraCondition.LIVE else ""
        cells = (camera.label, f"● {said(camera.words)}", rate, figures, stored.source if stored else "")
        for index, words in enumerate(cells):
            item = self.table.item(row, index)
            if item is None:
                item = QTableWidgetItem()
                self.table.setItem(row, index, item)
            if item.text() != words:
                item.setText(words)
            if index == 0:
                item.setData(Qt.ItemDataRole.UserRole, camera.camera_id)
            if index == 1:
                item.setForeground(QColor(tint))

    def _enable(self) -> None:
        camera = self._camera
        may = camera is not None and self.desk.is_editable and not self._is_busy
        for button in (self.edit_button, self.pause_button, self.remove_button):
            button.setEnabled(may)
        self.zones_button.setEnabled(self.selected is not None)
        self.add_button.setEnabled(self.desk.is_editable and not self._is_busy)
        self.actions_by_name["add"].setEnabled(self.add_button.isEnabled())
        self.actions_by_name["remove"].setEnabled(may)
        is_resting = camera is not None and not camera.is_enabled
        self.pause_button.setText(self.tr("Count again") if is_resting else self.tr("Pause"))
        self.pause_button.setIcon(self.around.theme.icons.icon("play" if is_resting else "pause"))

"""The Zones screen: which camera, save or discard, and nothing drawn is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Lock

from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtWidgets import QComboBox, QStackedLayout, QWidget

from desktop_app.services.engine_view import EngineStatus
from desktop_app.services.recent_tracks import FootPath
from desktop_app.services.zone_store import ZoneStoreError
from desktop_app.ui.actions import SAVE_ZONES
from desktop_app.ui.furniture_offer import FurnitureOffer
from desktop_app.ui.pieces import Banner, EmptyState, Page, Surroundings
from desktop_app.ui.zone_editor.advice import Advice, advice_for
from desktop_app.ui.zone_editor.canvas import NO_FRAME
from desktop_app.ui.zone_editor.document import ZoneDocument, new_zone_id
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from desktop_app.ui.zone_editor.editor import ZoneEditor
from desktop_app.ui.zone_editor.news import HeadOffice, NewsBanner
from desktop_app.ui.zone_editor.past_tools import PastTools
from shared_models.geometry import Size
from shared_models.zones import Zone

DRAFT_AFTER_MS = 400
LOOK_EVERY_MS = 1000


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the last minutes gave. ``advice``: by zone id, of the draft under ""."""

    camera_id: str
    paths: list[FootPath]
    advice: dict[str, tuple[Advice, ...]] = field(default_factory=dict)


class ZonesPage(Page):
    """One editing per camera; each keeps its undo stack while the window lives."""

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(around, parent)
        self.body.setContentsMargins(16, 12, 16, 8)
        self.body.setSpacing(8)
        self._editings: dict[str, ZoneEditing] = {}
        self._labels: dict[str, str] = {}
        self._unkept: set[str] = set()
        self._restored: set[str] = set()
        self._draft_lock = Lock()
        self._is_looking = self._is_saving = self._is_ended = False
        self.camera = QComboBox(self)
        self.camera.setAccessibleName(self.tr("Camera"))
        self.camera.setMinimumWidth(200)
        self.camera.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.camera.activated.connect(lambda _: self._show(self.camera.currentData()))
        self.discard_button = self.button(self.tr("Discard changes"), self.discard)
        self.save_button = self.button(self.tr("Save"), self.save, primary=True)
        self.save_button.setShortcut(SAVE_ZONES.key)
        self.add_head(self.tr("Zones"), self.camera, self.discard_button, self.save_button)
        self.banner = Banner(self)
        self.news = NewsBanner(self)
        self.offer = Banner(self)
        self.furniture = FurnitureOffer(self.desk, self.ops, self)
        self.furniture.changed.connect(lambda _: self._follow())
        for banner in (self.banner, self.news, self.furniture, self.offer):
            self.body.addWidget(banner)
        self.editor = ZoneEditor(around.theme, parent=self)
        self.editor.edited.connect(self._edited)
        self.editor.leave_undo_keys()
        self.editor.undo_changed.connect(self.undo_changed)
        self.editor.copy_wanted.connect(self._fill_copy_menu)
        self.editor.inspector.try_wanted.connect(self.try_it)
        self.past = PastTools(self, self.editor.inspector, self.offer)
        self.head_office = HeadOffice(
            self,
            self.news,
            shown=lambda: (self.camera_id, self.editing),
            failed=lambda words: self.banner.say(words, is_trouble=True),
        )
        self._stack = QStackedLayout()
        self._empty = EmptyState(
            around,
            icon="zones",
            title=self.tr("No camera to draw on"),
            words=self.tr("Add a camera first; then draw a line at the door."),
            button=self.tr("Add a camera"),
            done=lambda: self.page_wanted.emit("cameras", "add"),
        )
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.editor)
        self.body.addLayout(self._stack, 1)
        self._draft_timer = self._timer(DRAFT_AFTER_MS, self._keep_drafts, is_single=True)
        self._look_timer = self._timer(LOOK_EVERY_MS, self._look, is_single=False)
        self._look_timer.start()
        self._enable()

    # -- what the window tells

    def show_status(self, status: EngineStatus) -> None:
        labels = {camera.camera_id: camera.label for camera in status.cameras}
        if labels != self._labels:
            self._labels = labels
            self._refill()
        self._stack.setCurrentWidget(self.editor if labels else self._empty)
        for widget in (self.camera, self.discard_button, self.save_button):
            widget.setVisible(bool(labels))
        self._follow()
        self.head_office.refresh()
        shown = [camera for camera in status.cameras if camera.camera_id == self.camera_id]
        self.furniture.show_cameras(shown)
        self.editor.canvas.furniture = self.desk.furniture_of(shown[0]) if shown else ()

    def show_frame(self, camera_id: str) -> None:
        """A camera has a new view."""
        view = self.desk.latest(camera_id)
        if view is None or camera_id != self.camera_id or not self.isVisible():
            return
        if self.editing is None:
            self._show(camera_id)
        self.editor.canvas.is_privacy_on = self.desk.preferences.are_people_hidden
        self.editor.canvas.show_view(view)

    def show_camera(self, camera_id: str) -> None:
        """Draw on this camera."""
        index = self.camera.findData(camera_id)
        if index >= 0:
            self.camera.setCurrentIndex(index)
            self._show(camera_id)

    @property
    def camera_id(self) -> str | None:
        """The camera that is drawn on."""
        value = self.camera.currentData()
        return str(value) if value is not None else None

    @property
    def editing(self) -> ZoneEditing | None:
        """Its zones."""
        return self._editings.get(self.camera_id or "")

    def close_page(self) -> None:
        if self._is_ended:
            return
        self._is_ended = True
        self._look_timer.stop()
        self._draft_timer.stop()
        self.past.close()
        self.head_office.close()
        super().close_page()
        for camera_id in self._unkept:
            self._keep_now(camera_id)
        self._unkept.clear()
        self.editor.set_editing(None)

    @property
    def undo_words(self) -> str:
        return self.editing.undo_stack.undoText() if self.editing is not None else ""

    @property
    def redo_words(self) -> str:
        return self.editing.undo_stack.redoText() if self.editing is not None else ""

    def undo(self) -> None:
        self.editor.undo()

    def redo(self) -> None:
        self.editor.redo()

    # -- saving

    def save(self) -> None:
        """Keep what is drawn and count by it from now on."""
        camera_id, editing = self.camera_id, self.editing
        if camera_id is None or editing is None or self._is_saving:
            return
        document = editing.document
        self._is_saving = True
        self._unkept.discard(camera_id)
        self._enable()

        before = editing.saved.zones

        def done(kept: tuple[tuple[Zone, ...], datetime | None]) -> None:
            saved, since = kept
            editing.mark_saved(saved, of=document)
            self.banner.say("")
            self._note_change(camera_id)
            if camera_id == self.camera_id:
                self.past.offer_recount(camera_id, before=before, saved=saved, since=since)

        def finished() -> None:
            self._is_saving = False
            self._enable()

        self.ops.start(
            "save-zones",
            lambda _: (self.desk.save_zones(camera_id, document.zones), self.desk.past.known_since(camera_id)),
            done=done,
            failed=lambda words: self.banner.say(words, is_trouble=True),
            finished=finished,
        )

    def discard(self) -> None:
        """Back to what is saved; undo brings it back."""
        editing = self.editing
        if editing is not None and editing.is_changed:
            editing.do(self.tr("Discard changes"), editing.saved, select=Selection())
            self.banner.say("")

    def try_it(self) -> None:
        """Count by what is drawn now, over minutes or days that are past."""
        camera_id, editing = self.camera_id, self.editing
        if camera_id is not None and editing is not None:
            self.past.try_it(camera_id, editing.document.zones)

    def copy_to(self, camera_id: str) -> None:
        """Copy all zones that are drawn here to another camera, as a change that is not saved yet."""
        editing = self.editing
        if editing is None:
            return
        target = self._editing_of(camera_id)
        words = self.tr("Copy zones from '{name}'").format(name=self._labels.get(self.camera_id or "", ""))
        target.do(words, target.document.with_copies(editing.document.zones))
        self._note_change(camera_id)
        self.show_camera(camera_id)

    # -- inside

    def _refill(self) -> None:
        current = self.camera_id
        blocker = QSignalBlocker(self.camera)
        self.camera.clear()
        for camera_id, label in self._labels.items():
            self.camera.addItem(label, camera_id)
        index = self.camera.findData(current)
        self.camera.setCurrentIndex(max(0, index))
        del blocker
        self._show(self.camera_id)
        for gone in set(self._editings) - set(self._labels):
            self._editings.pop(gone).deleteLater()

    def _show(self, camera_id: str | None) -> None:
        self.past.forget()
        if camera_id is None or not self._are_zones_known(camera_id):
            self.editor.set_editing(None)
            waiting = self.tr("Waiting for the camera's first picture: then its zones are known.")
            self.banner.say(waiting if camera_id is not None else "")
            self._enable()
            return
        editing = self._editing_of(camera_id)
        if self.editor.editing is not editing:
            self.editor.set_editing(editing)
        self.banner.say("")
        if camera_id in self._restored and editing.is_changed:
            self.banner.say(
                self.tr("These are changes from last time that were not saved yet."),
                button=self.tr("Discard changes"),
                done=self.discard,
            )
        self.show_frame(camera_id)
        self._enable()
        self._look()

    def _are_zones_known(self, camera_id: str) -> bool:
        """Zones of a file are in pixels: which they are is known with the first picture. Drawing before would lose them."""
        is_stored = self.desk.is_editable or self.desk.zones.zones_of(camera_id) is not None
        return is_stored or camera_id in self._editings or self.desk.latest(camera_id) is not None

    def _editing_of(self, camera_id: str) -> ZoneEditing:
        editing = self._editings.get(camera_id)
        if editing is None:
            view = self.desk.latest(camera_id)
            frame_wh = view.frame.size_wh if view is not None else NO_FRAME
            editing = ZoneEditing(self.desk.zones_of(camera_id), frame_wh=frame_wh, parent=self)
            draft = self.desk.zones.draft_of(camera_id)
            if draft is not None:
                editing.do(self.tr("Changes from last time"), ZoneDocument(draft), select=Selection())
                self._restored.add(camera_id)
            self._editings[camera_id] = editing
        elif not editing.is_changed:
            self._follow_engine(camera_id, editing)
        return editing

    def _follow(self) -> None:
        """Zones may be changed elsewhere: by the head office, or on another screen."""
        camera_id, editing = self.camera_id, self.editing
        if camera_id is not None and editing is not None and not editing.is_changed and not self._is_saving:
            self._follow_engine(camera_id, editing)

    def _follow_engine(self, camera_id: str, editing: ZoneEditing) -> None:
        zones = self.desk.zones_of(camera_id)
        if zones == editing.saved.zones:
            return
        if editing.undo_stack.count():
            editing.do(self.tr("Zones changed elsewhere"), ZoneDocument(zones), select=Selection())
        editing.mark_saved(zones)

    def _edited(self) -> None:
        camera_id = self.camera_id
        if camera_id is not None:
            self._note_change(camera_id)
        self._enable()
        self._look()

    def _note_change(self, camera_id: str) -> None:
        self._unkept.add(camera_id)
        self._draft_timer.start()

    def _keep_drafts(self) -> None:
        """Away from this thread: the disk may be slow."""
        for camera_id in list(self._unkept):
            editing = self._editings.get(camera_id)
            if editing is None or self._is_saving:
                continue
            self._unkept.discard(camera_id)
            self.ops.start(
                "keep-draft",
                partial(self._write_draft, camera_id, editing),
                failed=lambda words: self.banner.say(words, is_trouble=True),
            )

    def _keep_now(self, camera_id: str) -> None:
        editing = self._editings.get(camera_id)
        if editing is not None:
            with suppress(ZoneStoreError):
                self._write_draft(camera_id, editing, None)

    def _write_draft(self, camera_id: str, editing: ZoneEditing, _op: object) -> None:
        """The newest state, whenever this runs: an older one must not come after it."""
        with self._draft_lock:
            try:
                if editing.is_changed:
                    self.desk.zones.keep_draft(camera_id, editing.document.zones)
                else:
                    self.desk.zones.drop_draft(camera_id)
            except ZoneStoreError:
                self._unkept.add(camera_id)
                raise

    def _look(self) -> None:
        """Fetch paths and advice, if somebody looks."""
        camera_id, editing = self.camera_id, self.editing
        if camera_id is None or editing is None or self._is_looking or not self.isVisible():
            return
        self._is_looking = True
        zones, draft, frame_wh = editing.shown.zones, editing.draft, editing.frame_wh
        drawn: tuple[Zone, ...] = zones
        if draft is not None and not draft.problem:
            drawn = (*zones, draft.finished(zone_id=f"draft-{new_zone_id()}", name=""))
        recent = self.desk.ports.host.recent
        self.ops.start(
            "look-at-paths",
            lambda _: _looked(camera_id, recent.paths(camera_id), drawn, frame_wh),
            done=self._show_looked,
            finished=self._looked_once,
        )

    def _looked_once(self) -> None:
        self._is_looking = False

    def _show_looked(self, looked: Looked) -> None:
        if looked.camera_id == self.camera_id:
            self.editor.canvas.show_paths(looked.paths)
            self.editor.inspector.show_advice(looked.advice)

    def _fill_copy_menu(self) -> None:
        menu = self.editor.copy_menu
        menu.clear()
        for camera_id, label in self._labels.items():
            if camera_id != self.camera_id:
                menu.addAction(label, partial(self.copy_to, camera_id))
        if menu.isEmpty():
            menu.addAction(self.tr("There is no other camera")).setEnabled(False)

    def _enable(self) -> None:
        editing = self.editing
        is_changed = editing is not None and editing.is_changed
        self.save_button.setEnabled(is_changed and not self._is_saving)
        self.discard_button.setEnabled(is_changed and not self._is_saving)

    def _timer(self, every_ms: int, done: Callable[[], object], *, is_single: bool) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(is_single)
        timer.setInterval(every_ms)
        timer.timeout.connect(done)
        return timer


def _looked(camera_id: str, paths: list[FootPath], zones: tuple[Zone, ...], frame_wh: Size) -> Looked:
    advice = {
        ("" if zone.zone_id.startswith("draft-") else zone.zone_id): advice_for(zone, paths, frame_wh=frame_wh)
        for zone in zones
    }
    return Looked(camera_id, paths, advice)

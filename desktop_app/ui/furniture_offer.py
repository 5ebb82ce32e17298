"""What is taken for a person and never moves: offered as an ignored area, never ignored silently."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from desktop_app.services.desk import Desk
from desktop_app.services.engine_view import CameraStatus
from desktop_app.services.not_furniture import is_same_place
from desktop_app.ui.pieces import Banner
from desktop_app.workers.background_op import BackgroundOps
from shared_models.geometry import Point, Size
from shared_models.zones import Zone

Area = tuple[Point, ...]
Offer = tuple[str, Area, Size]
"""A camera's id, the area in pixels of its frame, and that frame's size."""


class FurnitureOffer(Banner):
    """A banner that is hidden while everything moves. An answer holds on every screen.

    Signals:
        changed: zones of a camera were saved; carries its id.
    """

    changed = Signal(str)

    def __init__(self, desk: Desk, ops: BackgroundOps, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk, self._ops = desk, ops
        self.offered: Offer | None = None
        self._is_told = False

    def show_cameras(self, cameras: Sequence[CameraStatus]) -> None:
        """Offer the first of what stands still at these cameras."""
        if self._is_told:
            return
        found = next(
            ((c.camera_id, area, c.frame_wh) for c in cameras if c.frame_wh for area in self._desk.furniture_of(c)),
            None,
        )
        if _is_same(found, self.offered):
            return
        self.offered = found
        if found is None:
            self.say("")
            return
        words = self.tr(
            "{camera}: something that never moves is taken for a person. A mannequin, a poster, a screen? It can be ignored."
        )
        self.say(
            words.format(camera=self._desk.label(found[0], None)),
            buttons=((self.tr("Ignore it"), self.ignore), (self.tr("It is a person"), self.leave)),
        )

    def ignore(self) -> None:
        """Draw an ignored area around its foot and count by it."""
        if self.offered is None:
            return
        camera_id, area, _ = self.offered
        self._is_told = True
        self._ops.start(
            "ignore-furniture",
            lambda _: self._desk.ignore_area(camera_id, area),
            done=lambda before: self._ignored(camera_id, before),
            failed=self._failed,
        )

    def leave(self) -> None:
        """It is no furniture: ask no more about it."""
        self._call_a_person(self.offered)
        self._rest()

    def undo(self, camera_id: str, before: tuple[Zone, ...]) -> None:
        """The zones as they were, and ask no more about it."""
        offered = self.offered
        self._ops.start(
            "unignore-furniture",
            lambda _: self._desk.save_zones(camera_id, before),
            done=lambda _: self.changed.emit(camera_id),
            failed=self._failed,
        )
        self._call_a_person(offered)
        self._rest()

    def _call_a_person(self, offered: Offer | None) -> None:
        if offered is not None:
            camera_id, area, frame_wh = offered
            self._desk.not_furniture.add(camera_id, area, frame_wh=frame_wh)

    def _ignored(self, camera_id: str, before: tuple[Zone, ...]) -> None:
        words = self.tr("{camera}: nobody is counted in that small area any more. It can be changed at Zones.")
        self.say(
            words.format(camera=self._desk.label(camera_id, None)),
            buttons=((self.tr("Undo"), lambda: self.undo(camera_id, before)), (self.tr("Good"), self._rest)),
        )
        self.changed.emit(camera_id)

    def _failed(self, words: str) -> None:
        self.say(words, is_trouble=True, buttons=((self.tr("Close"), self._rest),))

    def _rest(self) -> None:
        self.offered, self._is_told = None, False
        self.say("")


def _is_same(found: Offer | None, offered: Offer | None) -> bool:
    if found is None or offered is None:
        return found is offered
    return (found[0], found[2]) == (offered[0], offered[2]) and is_same_place(found[1], offered[1], frame_wh=found[2])

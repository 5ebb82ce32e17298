"""What the pointer and the keys do, by mode: one total table, and one object per mode."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication, Qt

from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.zone_editor import document as edits
from desktop_app.ui.zone_editor.document import ZoneDocument
from desktop_app.ui.zone_editor.draft import Draft, ShapeKind
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from desktop_app.ui.zone_editor.hit_test import Hit, HitKind, hit_test
from shared_models.geometry import GeometryError, Point
from shared_models.zones import LineZone, Zone

translate = QCoreApplication.translate


class Mode(StrEnum):
    """What the pointer is for."""

    SELECT = "select"
    LINE = "line"
    AREA = "area"
    PAN = "pan"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is: normalised, and how near counts as on something, in pixels of the picture."""

    at: Point
    tolerance_px: float


@dataclass(frozen=True, slots=True)
class Key:
    """A key with what a tool needs to know of it."""

    code: int
    is_shift: bool = False


class Tool:
    """The default: nothing happens."""

    def __init__(self, editing: ZoneEditing) -> None:
        self.editing = editing

    def press(self, pointer: Pointer) -> None:
        """The left button goes down."""

    def move(self, pointer: Pointer) -> None:
        """The pointer moves, button down or not."""

    def release(self, pointer: Pointer) -> None:
        """The left button comes up."""

    def double_click(self, pointer: Pointer) -> None:
        """After a press and a release."""

    def key(self, key: Key) -> bool:
        """A key; tells whether it was for this tool."""
        del key
        return False

    def leave(self) -> None:
        """Another mode begins."""


Drag = Generator[None, Pointer | None, None]
STEPS = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1),
}  # fmt: skip


def step_of(key: Key, editing: ZoneEditing) -> Point | None:
    """How far an arrow key moves, normalised: a pixel, ten with Shift."""
    step = STEPS.get(Qt.Key(key.code))
    if step is None:
        return None
    pixels = 10 if key.is_shift else 1
    return step[0] * pixels / editing.frame_wh[0], step[1] * pixels / editing.frame_wh[1]


class SelectTool(Tool):
    """Selects, moves, bends and removes what is drawn."""

    def __init__(self, editing: ZoneEditing) -> None:
        super().__init__(editing)
        self._drag: Drag | None = None

    def press(self, pointer: Pointer) -> None:
        editing = self.editing
        hit = self._hit(pointer)
        if hit is None:
            editing.select(Selection())
            return
        vertex = hit.index if hit.kind is HitKind.VERTEX else None
        editing.select(Selection(hit.zone_id, vertex))
        self._drag = self._dragging(pointer)
        next(self._drag)

    def move(self, pointer: Pointer) -> None:
        if self._drag is not None:
            self._drag.send(pointer)

    def release(self, pointer: Pointer) -> None:
        del pointer
        drag, self._drag = self._drag, None
        if drag is not None:
            try:
                drag.send(None)
            except StopIteration:
                return

    def double_click(self, pointer: Pointer) -> None:
        hit = self._hit(pointer)
        zone = self.editing.document.zone(hit.zone_id) if hit else None
        if hit is not None and zone is not None and hit.kind is HitKind.EDGE:
            self._insert(zone, hit.index, pointer.at)

    def key(self, key: Key) -> bool:
        zone, code = self.editing.selected, key.code
        if code == Qt.Key.Key_Escape and zone is not None:
            self.editing.select(Selection())
            return True
        if code in (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight):
            return self._next_zone(1 if code == Qt.Key.Key_BracketRight else -1)
        if zone is None:
            return False
        if code in (Qt.Key.Key_Comma, Qt.Key.Key_Period):
            return self._next_vertex(zone, 1 if code == Qt.Key.Key_Period else -1)
        if code in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete()
        elif code == Qt.Key.Key_Insert:
            index = self.editing.selection.vertex or 0
            index = min(index, len(zone.points) - 2) if isinstance(zone, LineZone) else index
            self._insert(zone, index, edits.middle_of(zone.points, index))
        elif (step := step_of(key, self.editing)) is not None:
            self._nudge(zone, step)
        else:
            return False
        return True

    def delete(self) -> None:
        """Remove the selected corner, or else the selected zone."""
        editing = self.editing
        zone, vertex = editing.selected, editing.selection.vertex
        if zone is None:
            return
        if vertex is None:
            words = translate("ZoneEditor", "Delete '{name}'").format(name=zone.label)
            editing.do(words, editing.document.without(zone.zone_id), select=Selection())
            return
        words = translate("ZoneEditor", "Remove corner of '{name}'").format(name=zone.label)
        self._try(words, lambda: edits.without_vertex(zone, vertex), Selection(zone.zone_id))

    def leave(self) -> None:
        self._drag = None
        self.editing.preview(None)

    def _hit(self, pointer: Pointer) -> Hit | None:
        editing = self.editing
        width, height = editing.frame_wh
        return hit_test(
            editing.document,
            (pointer.at[0] * width, pointer.at[1] * height),
            frame_wh=editing.frame_wh,
            tolerance_px=pointer.tolerance_px,
            selected=editing.selection.zone_id,
        )

    def _dragging(self, start: Pointer) -> Drag:
        """Until the button comes up: show where the zone or its corner would be; then do it, once."""
        editing, document = self.editing, self.editing.document
        vertex, zone = editing.selection.vertex, editing.selected
        if zone is None:
            return
        last: ZoneDocument | None = None
        while (pointer := (yield)) is not None:
            delta = (pointer.at[0] - start.at[0], pointer.at[1] - start.at[1])
            if last is None and math.hypot(delta[0] * editing.frame_wh[0], delta[1] * editing.frame_wh[1]) < 1.5:
                continue
            try:
                changed = edits.moved(zone, delta) if vertex is None else _bent(zone, vertex, delta)
            except GeometryError as error:
                editing.refused.emit(str(error))
                continue
            last = document.with_zone(changed)
            editing.preview(last)
        if last is not None:
            part = "Move '{name}'" if vertex is None else "Move corner of '{name}'"
            editing.do(translate("ZoneEditor", part).format(name=zone.label), last)

    def _insert(self, zone: Zone, index: int, at: Point) -> None:
        words = translate("ZoneEditor", "Add corner to '{name}'").format(name=zone.label)
        self._try(words, lambda: edits.with_vertex_after(zone, index, at), Selection(zone.zone_id, index + 1))

    def _nudge(self, zone: Zone, step: Point) -> None:
        vertex = self.editing.selection.vertex
        if vertex is None:
            words = translate("ZoneEditor", "Move '{name}'").format(name=zone.label)
            self._try(words, lambda: edits.moved(zone, step), self.editing.selection, nudge=True)
        else:
            words = translate("ZoneEditor", "Move corner of '{name}'").format(name=zone.label)
            self._try(words, lambda: _bent(zone, vertex, step), self.editing.selection, nudge=True)

    def _try(self, words: str, make: Callable[[], Zone], select: Selection, *, nudge: bool = False) -> None:
        try:
            zone = make()
        except GeometryError as error:
            self.editing.refused.emit(str(error))
            return
        self.editing.do(words, self.editing.document.with_zone(zone), select=select, nudge=nudge)

    def _next_zone(self, by: int) -> bool:
        ids = [zone.zone_id for zone in self.editing.document.zones]
        if not ids:
            return False
        current = self.editing.selection.zone_id
        index = (ids.index(current) + by) % len(ids) if current in ids else (0 if by > 0 else len(ids) - 1)
        self.editing.select(Selection(ids[index]))
        return True

    def _next_vertex(self, zone: Zone, by: int) -> bool:
        current = self.editing.selection.vertex
        index = (current + by) % len(zone.points) if current is not None else (0 if by > 0 else len(zone.points) - 1)
        self.editing.select(Selection(zone.zone_id, index))
        return True


def _bent(zone: Zone, vertex: int, delta: Point) -> Zone:
    x, y = zone.points[vertex]
    return edits.with_vertex_at(zone, vertex, (x + delta[0], y + delta[1]))


class DrawTool(Tool):
    """Draws a line or an area, click by click or with arrow keys and Space."""

    kind: ShapeKind

    def __init__(self, editing: ZoneEditing) -> None:
        super().__init__(editing)
        editing.set_draft(Draft(self.kind))

    @property
    def draft(self) -> Draft:
        """What was drawn so far."""
        return self.editing.draft or Draft(self.kind)

    def press(self, pointer: Pointer) -> None:
        if self._closes(pointer):
            self.finish()
            return
        self.editing.refused.emit("")
        self.editing.set_draft(self.draft.with_point(edits.clamped(pointer.at)))

    def move(self, pointer: Pointer) -> None:
        self.editing.set_draft(self.draft.with_cursor(edits.clamped(pointer.at)))

    def double_click(self, pointer: Pointer) -> None:
        # Its first press has set the last point already.
        del pointer
        if not self.draft.is_empty:
            self.finish()

    def key(self, key: Key) -> bool:
        step = step_of(key, self.editing)
        if step is not None:
            x, y = self.draft.cursor or (0.5, 0.5)
            # Keys draw in larger steps than they nudge.
            self.editing.set_draft(self.draft.with_cursor(edits.clamped((x + 4 * step[0], y + 4 * step[1]))))
        elif key.code == Qt.Key.Key_Space:
            self.editing.set_draft(self.draft.with_point(self.draft.cursor or (0.5, 0.5)))
        elif key.code in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.draft.is_empty:
            self.finish()
        elif key.code == Qt.Key.Key_Backspace and not self.draft.is_empty:
            self.editing.set_draft(self.draft.without_last())
        elif key.code == Qt.Key.Key_Escape and not self.draft.is_empty:
            self.editing.set_draft(Draft(self.kind))
        else:
            return False
        return True

    def finish(self) -> None:
        """Make the draft a zone, or say why it cannot be one."""
        editing = self.editing
        if self.kind is ShapeKind.LINE:
            base = translate("ZoneEditor", "Line") if editing.document.zones else translate("ZoneEditor", "Entrance")
        else:
            base = translate("ZoneEditor", "Area")
        name = edits.free_name(editing.document, base)
        try:
            zone = self.draft.finished(zone_id=edits.new_zone_id(), name=name)
        except GeometryError as error:
            editing.refused.emit(str(error))
            return
        editing.set_draft(Draft(self.kind))
        words = translate("ZoneEditor", "Draw '{name}'").format(name=zone.label)
        editing.do(words, editing.document.with_zone(zone), select=Selection(zone.zone_id))

    def leave(self) -> None:
        self.editing.set_draft(None)

    def _closes(self, pointer: Pointer) -> bool:
        points = self.draft.points
        if self.kind is not ShapeKind.AREA or len(points) < 3:
            return False
        width, height = self.editing.frame_wh
        gap = math.hypot((points[0][0] - pointer.at[0]) * width, (points[0][1] - pointer.at[1]) * height)
        return gap <= pointer.tolerance_px


class LineTool(DrawTool):
    """Draws lines."""

    kind = ShapeKind.LINE


class AreaTool(DrawTool):
    """Draws areas."""

    kind = ShapeKind.AREA


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One row of the table. ``words`` and ``hint`` are English, of the context ``ZoneEditor``."""

    make: Callable[[ZoneEditing], Tool]
    words: str
    key: str
    icon: str
    cursor: Qt.CursorShape
    hint: str


TOOLS: dict[Mode, ToolSpec] = {
    Mode.SELECT: ToolSpec(
        SelectTool,
        QT_TRANSLATE_NOOP("ZoneEditor", "Select"),
        "V",
        "select",
        Qt.CursorShape.ArrowCursor,
        QT_TRANSLATE_NOOP(
            "ZoneEditor",
            "Drag a zone or one of its corners. Double-click an edge for a new corner, Delete removes. "
            "Keys: [ ] next zone, , . next corner, arrows move.",
        ),
    ),
    Mode.LINE: ToolSpec(
        LineTool,
        QT_TRANSLATE_NOOP("ZoneEditor", "Line"),
        "L",
        "line",
        Qt.CursorShape.CrossCursor,
        QT_TRANSLATE_NOOP(
            "ZoneEditor",
            "Click left of the door, then double-click right of it: the arrow points inside. Flip it with F. "
            "Keys: arrows, Space sets a point, Enter ends.",
        ),
    ),
    Mode.AREA: ToolSpec(
        AreaTool,
        QT_TRANSLATE_NOOP("ZoneEditor", "Area"),
        "A",
        "area",
        Qt.CursorShape.CrossCursor,
        QT_TRANSLATE_NOOP(
            "ZoneEditor",
            "Click the corners on the floor; click the first one again, or double-click, to close. "
            "Keys: arrows, Space sets a corner, Enter ends.",
        ),
    ),
    Mode.PAN: ToolSpec(
        Tool,
        QT_TRANSLATE_NOOP("ZoneEditor", "Move the picture"),
        "H",
        "pan",
        Qt.CursorShape.OpenHandCursor,
        QT_TRANSLATE_NOOP("ZoneEditor", "Drag the picture. The wheel zooms, 0 shows all of it."),
    ),
}

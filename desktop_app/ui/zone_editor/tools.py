"""What the pointer and the keys do, by mode: one total table, and one object per mode."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication, Qt

from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.key_rows import Key, KeyRow
from desktop_app.ui.zone_editor import document as edits
from desktop_app.ui.zone_editor.document import ZoneDocument
from desktop_app.ui.zone_editor.draw_tools import AreaTool, LineTool
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from desktop_app.ui.zone_editor.hit_test import Hit, HitKind, hit_test
from desktop_app.ui.zone_editor.tool import ARROW_KEYS, ARROWS, Pointer, Tool, step_of
from shared_models.geometry import GeometryError, Point
from shared_models.zones import LineZone, Zone

translate = QCoreApplication.translate


class Mode(StrEnum):
    """What the pointer is for."""

    SELECT = "select"
    LINE = "line"
    AREA = "area"
    PAN = "pan"


Drag = Generator[None, Pointer | None, None]


class SelectTool(Tool):
    """Selects, moves, bends and removes what is drawn."""

    keys = (
        KeyRow(
            (Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight),
            QT_TRANSLATE_NOOP("Keys", "other zone"),
            lambda tool, key: tool.next_zone(1 if key.code == Qt.Key.Key_BracketRight else -1),
        ),
        KeyRow(
            (Qt.Key.Key_Comma, Qt.Key.Key_Period),
            QT_TRANSLATE_NOOP("Keys", "other corner"),
            lambda tool, key: tool.next_vertex(1 if key.code == Qt.Key.Key_Period else -1),
        ),
        KeyRow(
            ARROWS,
            QT_TRANSLATE_NOOP("Keys", "move (Shift: further)"),
            lambda tool, key: tool.nudge(key),
            ARROW_KEYS,
        ),
        KeyRow(
            (Qt.Key.Key_Insert,),
            QT_TRANSLATE_NOOP("Keys", "new corner"),
            lambda tool, _: tool.insert_after(),
        ),
        KeyRow(
            (Qt.Key.Key_Delete, Qt.Key.Key_Backspace),
            QT_TRANSLATE_NOOP("Keys", "remove"),
            lambda tool, _: tool.delete(),
        ),
        KeyRow((Qt.Key.Key_Escape,), QT_TRANSLATE_NOOP("Keys", "select nothing"), lambda tool, _: tool.let_go()),
    )

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

    def delete(self) -> bool:
        """Remove the selected corner, or else the selected zone; tells whether there was one."""
        editing = self.editing
        zone, vertex = editing.selected, editing.selection.vertex
        if zone is None:
            return False
        if vertex is None:
            words = translate("ZoneEditor", "Delete '{name}'").format(name=zone.label)
            editing.do(words, editing.document.without(zone.zone_id), select=Selection())
            return True
        words = translate("ZoneEditor", "Remove corner of '{name}'").format(name=zone.label)
        self._try(words, lambda: edits.without_vertex(zone, vertex), Selection(zone.zone_id))
        return True

    def let_go(self) -> bool:
        """Select nothing; tells whether something was selected."""
        if self.editing.selected is None:
            return False
        self.editing.select(Selection())
        return True

    def insert_after(self) -> bool:
        """A new corner between the selected one and the next; tells whether a zone is selected."""
        zone = self.editing.selected
        if zone is None:
            return False
        index = self.editing.selection.vertex or 0
        index = min(index, len(zone.points) - 2) if isinstance(zone, LineZone) else index
        self._insert(zone, index, edits.middle_of(zone.points, index))
        return True

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

    def nudge(self, key: Key) -> bool:
        """Move the selected zone, or its selected corner, by an arrow key; tells whether one is selected."""
        zone, step, vertex = self.editing.selected, step_of(key, self.editing), self.editing.selection.vertex
        if zone is None or step is None:
            return False
        if vertex is None:
            words = translate("ZoneEditor", "Move '{name}'").format(name=zone.label)
            self._try(words, lambda: edits.moved(zone, step), self.editing.selection, nudge=True)
        else:
            words = translate("ZoneEditor", "Move corner of '{name}'").format(name=zone.label)
            self._try(words, lambda: _bent(zone, vertex, step), self.editing.selection, nudge=True)
        return True

    def _try(self, words: str, make: Callable[[], Zone], select: Selection, *, nudge: bool = False) -> None:
        try:
            zone = make()
        except GeometryError as error:
            self.editing.refused.emit(str(error))
            return
        self.editing.do(words, self.editing.document.with_zone(zone), select=select, nudge=nudge)

    def next_zone(self, by: int) -> bool:
        """Select the zone after or before; tells whether there is one."""
        ids = [zone.zone_id for zone in self.editing.document.zones]
        if not ids:
            return False
        current = self.editing.selection.zone_id
        index = (ids.index(current) + by) % len(ids) if current in ids else (0 if by > 0 else len(ids) - 1)
        self.editing.select(Selection(ids[index]))
        return True

    def next_vertex(self, by: int) -> bool:
        """Select the corner after or before; tells whether a zone is selected."""
        zone = self.editing.selected
        if zone is None:
            return False
        current = self.editing.selection.vertex
        index = (current + by) % len(zone.points) if current is not None else (0 if by > 0 else len(zone.points) - 1)
        self.editing.select(Selection(zone.zone_id, index))
        return True


def _bent(zone: Zone, vertex: int, delta: Point) -> Zone:
    x, y = zone.points[vertex]
    return edits.with_vertex_at(zone, vertex, (x + delta[0], y + delta[1]))


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One row of the table. ``words`` and ``hint`` are English, of the context ``ZoneEditor``."""

    make: type[Tool]
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
            "Drag a zone or one of its corners. Double-click an edge for a new corner.",
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
            "Click left of the door, then double-click right of it: the arrow points inside. Flip it with F.",
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
            "Click the corners on the floor; click the first one again, or double-click, to close.",
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

"""Drawing a line or an area, point by point."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication, Qt

from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.key_rows import Key, KeyRow
from desktop_app.ui.zone_editor import document as edits
from desktop_app.ui.zone_editor.draft import Draft, ShapeKind
from desktop_app.ui.zone_editor.editing import Selection, ZoneEditing
from desktop_app.ui.zone_editor.tool import ARROW_KEYS, ARROWS, Pointer, Tool, step_of
from shared_models.geometry import GeometryError

translate = QCoreApplication.translate


class DrawTool(Tool):
    """Draws a line or an area, click by click or with arrow keys and Space."""

    kind: ShapeKind
    keys = (
        KeyRow(
            ARROWS,
            QT_TRANSLATE_NOOP("Keys", "move the cross (Shift: further)"),
            lambda t, key: t.steer(key),
            ARROW_KEYS,
        ),
        KeyRow((Qt.Key.Key_Space,), QT_TRANSLATE_NOOP("Keys", "set a point"), lambda tool, _: tool.put()),
        KeyRow(
            (Qt.Key.Key_Return, Qt.Key.Key_Enter),
            QT_TRANSLATE_NOOP("Keys", "end it"),
            lambda tool, _: tool.end(),
            QT_TRANSLATE_NOOP("Keys", "Enter"),
        ),
        KeyRow(
            (Qt.Key.Key_Backspace,),
            QT_TRANSLATE_NOOP("Keys", "take a point back"),
            lambda tool, _: tool.take_back(),
        ),
        KeyRow((Qt.Key.Key_Escape,), QT_TRANSLATE_NOOP("Keys", "begin anew"), lambda tool, _: tool.begin_anew()),
    )

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

    def steer(self, key: Key) -> bool:
        """Move the next point by an arrow key, in larger steps than a nudge."""
        step = step_of(key, self.editing)
        if step is None:
            return False
        x, y = self.draft.cursor or (0.5, 0.5)
        self.editing.set_draft(self.draft.with_cursor(edits.clamped((x + 4 * step[0], y + 4 * step[1]))))
        return True

    def put(self) -> bool:
        """Set a point where the cross is."""
        self.editing.set_draft(self.draft.with_point(self.draft.cursor or (0.5, 0.5)))
        return True

    def end(self) -> bool:
        """Make a zone of it; tells whether anything was drawn."""
        if self.draft.is_empty:
            return False
        self.finish()
        return True

    def take_back(self) -> bool:
        """Take the last point back; tells whether there was one."""
        if self.draft.is_empty:
            return False
        self.editing.set_draft(self.draft.without_last())
        return True

    def begin_anew(self) -> bool:
        """Forget what was drawn; tells whether there was anything."""
        if self.draft.is_empty:
            return False
        self.editing.set_draft(Draft(self.kind))
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

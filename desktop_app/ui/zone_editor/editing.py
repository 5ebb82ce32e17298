"""One camera's zones under the owner's hands: the document, what is selected, the draft, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from desktop_app.ui.zone_editor.document import ZoneDocument
from desktop_app.ui.zone_editor.draft import Draft
from shared_models.geometry import Size
from shared_models.zones import Zone

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Selection:
    """A zone, and one of its corners or None."""

    zone_id: str | None = None
    vertex: int | None = None


class ChangeZones(QUndoCommand):
    """From one document to another. Holds values, never items; ``nudge`` joins steps of the arrow keys into one."""

    def __init__(
        self, editing: ZoneEditing, words: str, after: ZoneDocument, selection: Selection, *, nudge: bool = False
    ) -> None:
        super().__init__(words)
        self._editing = editing
        self._before, self._before_selection = editing.document, editing.selection
        self._after, self._after_selection = after, selection
        self._nudge = nudge

    def redo(self) -> None:
        self._editing.set_document(self._after, self._after_selection)

    def undo(self) -> None:
        self._editing.set_document(self._before, self._before_selection)

    def id(self) -> int:
        return 1 if self._nudge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802 - Qt's name
        if not isinstance(other, ChangeZones) or other._after_selection != self._after_selection:
            return False
        self._after = other._after
        return True


class ZoneEditing(QObject):
    """The state that canvas, tools and inspector share.

    Signals:
        changed: the document, or what is shown of it while something is dragged.
        committed: the document itself.
        selection_changed, draft_changed: as they say.
        refused: an edit was not possible; carries why and what to do. Empty: the last one was.
    """

    changed = Signal()
    committed = Signal()
    selection_changed = Signal()
    draft_changed = Signal()
    refused = Signal(str)

    def __init__(self, zones: Sequence[Zone], *, frame_wh: Size, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.saved = ZoneDocument(tuple(zones))
        self.document = self.saved
        self.frame_wh = frame_wh
        self.selection = Selection()
        self.draft: Draft | None = None
        self.undo_stack = QUndoStack(self)
        self._preview: ZoneDocument | None = None

    @property
    def shown(self) -> ZoneDocument:
        """The document as it would be if the pointer were let go now."""
        return self._preview or self.document

    @property
    def is_changed(self) -> bool:
        """Something is not saved."""
        return _without_revisions(self.document) != _without_revisions(self.saved)

    @property
    def selected(self) -> Zone | None:
        """The selected zone, as shown."""
        return self.shown.zone(self.selection.zone_id)

    def do(self, words: str, document: ZoneDocument, *, select: Selection | None = None, nudge: bool = False) -> None:
        """Change the document, undoably; ``words`` tell what was done. Nothing happens if nothing changes."""
        self._preview = None
        if document == self.document:
            self.changed.emit()
            return
        self.refused.emit("")
        self.undo_stack.push(ChangeZones(self, words, document, select or self.selection, nudge=nudge))

    def preview(self, document: ZoneDocument | None) -> None:
        """Show ``document`` without changing anything."""
        self._preview = document
        self.changed.emit()

    def select(self, selection: Selection) -> None:
        """Select a zone, a corner, or nothing."""
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit()
            self.changed.emit()

    def set_draft(self, draft: Draft | None) -> None:
        """Replace the half-drawn shape."""
        self.draft = draft
        self.draft_changed.emit()

    def set_document(self, document: ZoneDocument, selection: Selection) -> None:
        """For commands: the document is this one now."""
        self._preview = None
        self.document = document
        zone = document.zone(selection.zone_id)
        is_whole = zone is not None and (selection.vertex is None or selection.vertex < len(zone.points))
        self.selection = selection if is_whole else Selection(zone.zone_id if zone else None)
        self.selection_changed.emit()
        self.changed.emit()
        self.committed.emit()

    def mark_saved(self, zones: Sequence[Zone], *, of: ZoneDocument | None = None) -> None:
        """What is stored now, with its revisions. The way back stays, and so does what was drawn after ``of``."""
        is_same = of is None or self.document == of
        self.saved = ZoneDocument(tuple(zones))
        if is_same:
            # Same shapes, new revision numbers: no step of its own in the undo stack.
            self.document = self.saved
            self.undo_stack.setClean()
        self.changed.emit()
        self.committed.emit()


def _without_revisions(document: ZoneDocument) -> tuple[Zone, ...]:
    """Saving counts revisions up; going back to the same shape is no change."""
    return tuple(zone.model_copy(update={"revision": 1}) for zone in document.zones)

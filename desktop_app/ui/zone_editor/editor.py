"""Tools, picture and inspector together: one camera's zones under the owner's hands."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolBar, QToolButton, QVBoxLayout, QWidget

from desktop_app.ui.actions import ZONE_ACTIONS
from desktop_app.ui.key_rows import key_words
from desktop_app.ui.theme import Theme
from desktop_app.ui.zone_editor import document as edits
from desktop_app.ui.zone_editor.canvas import ZoneCanvas
from desktop_app.ui.zone_editor.editing import ZoneEditing
from desktop_app.ui.zone_editor.inspector import Inspector
from desktop_app.ui.zone_editor.tools import TOOLS, Mode, SelectTool
from desktop_app.ui.zone_editor.words import in_words


class ZoneEditor(QWidget):
    """Edits what it is given; saving is its owner's.

    Signals:
        edited: the document is another one.
        copy_wanted: the "copy to" button was opened; its menu is ``copy_menu``.
        undo_changed: there is another step to take back, or none.
    """

    edited = Signal()
    copy_wanted = Signal()
    undo_changed = Signal()

    def __init__(self, theme: Theme, *, is_small: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.editing: ZoneEditing | None = None
        self.canvas = ZoneCanvas(self)
        self.inspector = Inspector(self)
        self.copy_menu = QMenu(self)
        self.copy_menu.aboutToShow.connect(self.copy_wanted)
        self.tool_actions: dict[Mode, QAction] = {}
        self.commands: dict[str, QAction] = {}
        self.hint = QLabel(self)
        self.hint.setObjectName("hint")
        self.hint.setWordWrap(True)
        self._refusal = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.bar = self._make_bar(is_small=is_small)
        column.addWidget(self.bar)
        row = QHBoxLayout()
        row.addWidget(self.canvas, 1)
        row.addWidget(self.inspector)
        column.addLayout(row, 1)
        column.addWidget(self.hint)
        self.inspector.setVisible(not is_small)
        self.canvas.mode_changed.connect(self._mode_changed)
        self._mode_changed(Mode.SELECT.value)
        theme.changed.connect(self._show_hint)
        self._enable()

    def set_editing(self, editing: ZoneEditing | None) -> None:
        """Show another camera's zones, or none."""
        if self.editing is not None:
            self.editing.refused.disconnect(self._refused)
            self.editing.committed.disconnect(self._committed)
            self.editing.selection_changed.disconnect(self._enable)
            self.editing.undo_stack.indexChanged.disconnect(self._enable)
        self.editing = editing
        if editing is not None:
            editing.refused.connect(self._refused)
            editing.committed.connect(self._committed)
            editing.selection_changed.connect(self._enable)
            # The stack moves on only after a command is through with its work.
            editing.undo_stack.indexChanged.connect(self._enable)
        self.canvas.set_editing(editing)
        self.inspector.set_editing(editing)
        self._refused("")
        self._enable()

    def say(self, words: str) -> None:
        """Say what is wrong, in the place of the hint; empty: the hint again."""
        self._refused(words)

    def flip(self) -> None:
        """Swap in and out of the selected line."""
        editing = self.editing
        zone = editing.selected if editing is not None else None
        if editing is not None and zone is not None and edits.flipped(zone) != zone:
            words = self.tr("Flip '{name}'").format(name=zone.label)
            editing.do(words, editing.document.with_zone(edits.flipped(zone)))

    def delete(self) -> None:
        """Remove the selected corner or zone."""
        if self.editing is not None:
            SelectTool(self.editing).delete()

    def undo(self) -> None:
        """Take the last step back."""
        if self.editing is not None:
            self.editing.undo_stack.undo()

    def redo(self) -> None:
        """Do it again."""
        if self.editing is not None:
            self.editing.undo_stack.redo()

    def leave_undo_keys(self) -> None:
        """Somebody else has them: of two owners of a key neither is told."""
        for name in ("undo", "redo"):
            self.commands[name].setShortcut(QKeySequence())

    # -- making

    def _make_bar(self, *, is_small: bool) -> QToolBar:
        bar = QToolBar(self.tr("Drawing tools"), self)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        group = QActionGroup(self)
        for mode, spec in TOOLS.items():
            action = self._action(in_words(spec.words), spec.icon, spec.key)
            action.setCheckable(True)
            action.triggered.connect(lambda _on=False, mode=mode: self._take(mode))
            group.addAction(action)
            self.tool_actions[mode] = action
            if not (is_small and mode is Mode.PAN):
                bar.addAction(action)
            if mode is Mode.PAN:
                self._show_as_icon(bar, action)
        bar.addSeparator()
        done: dict[str, Callable[[], object]] = {
            "undo": self.undo, "redo": self.redo, "flip": self.flip, "remove": self.delete,
            "zoom-in": lambda: self.canvas.zoom_by(1.25), "zoom-out": lambda: self.canvas.zoom_by(0.8),
            "fit": self.canvas.zoom_to_fit, "trails": self._show_trails,
        }  # fmt: skip
        for row in ZONE_ACTIONS:
            action = self._action(QCoreApplication.translate("Actions", row.words), row.icon, row.key)
            action.setCheckable(row.is_checkable)
            action.setChecked(row.is_checkable)
            action.triggered.connect(lambda _on=False, do=done[row.name]: do())
            self.commands[row.name] = action
            if not (is_small and row.name.startswith("zoom")):
                bar.addAction(action)
                self._show_as_icon(bar, action)
        if not is_small:
            self._add_copy(bar)
        return bar

    def _action(self, words: str, icon: str, key: str) -> QAction:
        action = QAction(self._theme.icons.icon(icon), words, self)
        if key:
            action.setShortcut(QKeySequence(key))
            action.setToolTip(f"{words} ({action.shortcut().toString()})")
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.addAction(action)
        return action

    def _show_as_icon(self, bar: QToolBar, action: QAction) -> None:
        button = bar.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(action.text())

    def _add_copy(self, bar: QToolBar) -> None:
        button = QToolButton(self)
        button.setIcon(self._theme.icons.icon("copy"))
        button.setText(self.tr("Copy to"))
        button.setToolTip(self.tr("Copy these zones to another camera"))
        button.setAccessibleName(button.toolTip())
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(self.copy_menu)
        bar.addWidget(button)
        self.copy_button = button

    # -- following

    def _take(self, mode: Mode) -> None:
        self.canvas.set_mode(mode)
        self.canvas.setFocus()

    def _mode_changed(self, mode: str) -> None:
        self.tool_actions[Mode(mode)].setChecked(True)
        self._show_hint()

    def _show_trails(self) -> None:
        self.canvas.show_trails = self.commands["trails"].isChecked()
        self.canvas.viewport().update()

    def _refused(self, words: str) -> None:
        self._refusal = words
        self._show_hint()

    def _show_hint(self) -> None:
        mode = self.canvas.mode
        spec = TOOLS[mode]
        usual = f"{escape(in_words(spec.hint))}<br>{key_words(spec.make.keys, colours=self._theme.colours)}"
        self.hint.setText(escape(self._refusal) if self._refusal else usual)
        self.hint.setStyleSheet(f"color: {self._theme.colours.bad}" if self._refusal else "")

    def _committed(self) -> None:
        # A shape was finished: take the hand again, so that the next click selects instead of drawing.
        if (
            self.canvas.mode in (Mode.LINE, Mode.AREA)
            and self.editing is not None
            and self.editing.selected is not None
        ):
            self.canvas.set_mode(Mode.SELECT)
        self._enable()
        self.edited.emit()

    def _enable(self) -> None:
        editing = self.editing
        stack = editing.undo_stack if editing is not None else None
        has_zone = editing is not None and editing.selected is not None
        undo, redo = self.commands["undo"], self.commands["redo"]
        undo.setEnabled(stack is not None and stack.canUndo())
        redo.setEnabled(stack is not None and stack.canRedo())
        undo.setToolTip(self.tr("Undo: {what}").format(what=stack.undoText() if stack else ""))
        redo.setToolTip(self.tr("Redo: {what}").format(what=stack.redoText() if stack else ""))
        self.undo_changed.emit()
        self.commands["remove"].setEnabled(has_zone)
        self.commands["flip"].setEnabled(
            has_zone and editing is not None and editing.selected is not None and editing.selected.kind == "line"
        )
        for action in self.tool_actions.values():
            action.setEnabled(editing is not None)
        self.inspector.setEnabled(editing is not None)

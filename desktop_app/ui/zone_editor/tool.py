"""What every tool of the editor is: something that the pointer and the keys are handed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import Qt

from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.key_rows import Key, KeyRow, pressed
from desktop_app.ui.zone_editor.editing import ZoneEditing
from shared_models.geometry import Point


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is: normalised, and how near counts as on something, in pixels of the picture."""

    at: Point
    tolerance_px: float


ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
ARROW_KEYS = QT_TRANSLATE_NOOP("Keys", "Arrow keys")


class Tool:
    """The default: nothing happens.

    Attributes:
        keys: what keys do while this tool is in hand.
    """

    keys: ClassVar[tuple[KeyRow, ...]] = ()

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
        return pressed(self.keys, self, key)

    def leave(self) -> None:
        """Another mode begins."""


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

"""The list of keys, made of the very tables that the keys work by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from desktop_app.ui.actions import (
    ACTIONS,
    CAMERA_ACTIONS,
    LIVE_ACTIONS,
    MARK_WRONG,
    QT_TRANSLATE_NOOP,
    SAVE_ZONES,
    ZONE_ACTIONS,
)
from desktop_app.ui.actions import ActionSpec as Spec
from desktop_app.ui.camera_wall.wall import TILE_KEYS
from desktop_app.ui.key_rows import KeyRow
from desktop_app.ui.text_dialog import TextDialog
from desktop_app.ui.today.chart import CHART_KEYS
from desktop_app.ui.zone_editor.canvas import CANVAS_KEYS
from desktop_app.ui.zone_editor.tools import TOOLS, Mode

translate = QCoreApplication.translate
MOVE_KEYS = (
    ("Tab, Shift+Tab", QT_TRANSLATE_NOOP("Shortcuts", "From one thing to the next, and back")),
    ("Alt", QT_TRANSLATE_NOOP("Shortcuts", "With an underlined letter: the menu")),
)
"""Qt's own; they hold in every program."""


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """Keys of one place, in the owner's language. ``rows``: (keys as written on them, what they do)."""

    title: str
    rows: tuple[tuple[str, str], ...]


def key_groups() -> tuple[KeyGroup, ...]:
    """All keys of the program, by where they work."""
    lines, areas = TOOLS[Mode.LINE].make.keys, TOOLS[Mode.AREA].make.keys
    drawing = lines if lines == areas else (*lines, *areas)
    tools = tuple((spec.key, translate("ZoneEditor", spec.words)) for spec in TOOLS.values())
    return (
        KeyGroup(
            translate("Shortcuts", "Everywhere"),
            (*_of_actions(ACTIONS), *((keys, translate("Shortcuts", words)) for keys, words in MOVE_KEYS)),
        ),
        KeyGroup(translate("Shortcuts", "Live"), (*_of_rows(TILE_KEYS), *_of_actions(LIVE_ACTIONS))),
        KeyGroup(translate("Shortcuts", "Today: the hours"), _of_rows(CHART_KEYS)),
        KeyGroup(translate("Shortcuts", "Zones"), (*tools, *_of_actions((SAVE_ZONES, *ZONE_ACTIONS)))),
        KeyGroup(translate("Shortcuts", "Zones: what is selected"), _of_rows(TOOLS[Mode.SELECT].make.keys)),
        KeyGroup(translate("Shortcuts", "Zones: while drawing"), _of_rows(drawing)),
        KeyGroup(translate("Shortcuts", "Zones: the picture"), _of_rows(CANVAS_KEYS)),
        KeyGroup(
            translate("Shortcuts", "Cameras"),
            (("Enter", translate("Shortcuts", "Edit the camera")), *_of_actions(CAMERA_ACTIONS)),
        ),
        KeyGroup(translate("Shortcuts", "Why?"), _of_actions((MARK_WRONG,))),
    )


def _of_actions(specs: Sequence[Spec]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            QKeySequence(spec.key).toString(QKeySequence.SequenceFormat.NativeText),
            translate("Actions", spec.words).replace("&", "").removesuffix("..."),
        )
        for spec in specs
        if spec.key
    )


def _of_rows(rows: Sequence[KeyRow]) -> tuple[tuple[str, str], ...]:
    return tuple(("  ".join(row.names), translate("Keys", row.words)) for row in rows)


class ShortcutsDialog(TextDialog):
    """The list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(translate("Shortcuts", "Keys"), width=560, height=560, parent=parent)
        self.text.setHtml("".join(_html(group) for group in key_groups()))


def _html(group: KeyGroup) -> str:
    rows = "".join(
        f'<tr><td width="190"><b>{escape(keys)}</b></td><td>{escape(words)}</td></tr>' for keys, words in group.rows
    )
    return f'<h3>{escape(group.title)}</h3><table cellpadding="3">{rows}</table>'

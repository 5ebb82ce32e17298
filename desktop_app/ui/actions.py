"""Every command of the window in one table: its words, its key, its icon, and the menu it is found in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from desktop_app.ui.icons import Icons


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command.

    Attributes:
        words: English; shown through Qt's translations of the context ``Actions``.
        menu: ``wink``, ``edit``, ``go``, ``view``, ``help``; others say on which screen it is found.
    """

    name: str
    words: str
    key: str = ""
    icon: str = ""
    menu: str = ""
    is_checkable: bool = False


def QT_TRANSLATE_NOOP(_context: str, words: str) -> str:  # noqa: N802 - the name that lupdate looks for
    """Mark ``words`` for translation; Qt's own gives an object of no type."""
    return words


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("dashboard", QT_TRANSLATE_NOOP("Actions", "Open &dashboard in the browser"), "Ctrl+D", "cloud", "wink"),
    ActionSpec("setup", QT_TRANSLATE_NOOP("Actions", "&Set up step by step..."), "", "forward", "wink"),
    ActionSpec("quit", QT_TRANSLATE_NOOP("Actions", "&Quit..."), "Ctrl+Q", "", "wink"),
    ActionSpec("undo", QT_TRANSLATE_NOOP("Actions", "&Undo"), "Ctrl+Z", "undo", "edit"),
    ActionSpec("redo", QT_TRANSLATE_NOOP("Actions", "&Redo"), "Ctrl+Shift+Z", "redo", "edit"),
    ActionSpec("go_live", QT_TRANSLATE_NOOP("Actions", "&Live"), "Ctrl+1", "live", "go", is_checkable=True),
    ActionSpec("go_zones", QT_TRANSLATE_NOOP("Actions", "&Zones"), "Ctrl+2", "zones", "go", is_checkable=True),
    ActionSpec("go_today", QT_TRANSLATE_NOOP("Actions", "&Today"), "Ctrl+3", "today", "go", is_checkable=True),
    ActionSpec("go_cameras", QT_TRANSLATE_NOOP("Actions", "&Cameras"), "Ctrl+4", "cameras", "go", is_checkable=True),
    ActionSpec("go_health", QT_TRANSLATE_NOOP("Actions", "&Health"), "Ctrl+5", "health", "go", is_checkable=True),
    ActionSpec("go_settings", QT_TRANSLATE_NOOP("Actions", "&Settings"), "Ctrl+6", "settings", "go", is_checkable=True),
    ActionSpec("full_screen", QT_TRANSLATE_NOOP("Actions", "Full &screen"), "F11", "fit", "view"),
    ActionSpec(
        "look_system",
        QT_TRANSLATE_NOOP("Actions", "Light or dark as the &system is"),
        "",
        "",
        "view",
        is_checkable=True,
    ),
    ActionSpec("look_light", QT_TRANSLATE_NOOP("Actions", "&Light"), "", "", "view", is_checkable=True),
    ActionSpec("look_dark", QT_TRANSLATE_NOOP("Actions", "&Dark"), "", "", "view", is_checkable=True),
    ActionSpec("definitions", QT_TRANSLATE_NOOP("Actions", "What the &numbers mean"), "F1", "info", "help"),
    ActionSpec("shortcuts", QT_TRANSLATE_NOOP("Actions", "&Keys"), "?", "", "help"),
    ActionSpec("whats_new", QT_TRANSLATE_NOOP("Actions", "What is ne&w"), "", "", "help"),
    ActionSpec("about", QT_TRANSLATE_NOOP("Actions", "&About Wink"), "", "", "help"),
)
LIVE_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("boxes", QT_TRANSLATE_NOOP("Actions", "&People"), "B", "people", "live", is_checkable=True),
    ActionSpec("trails", QT_TRANSLATE_NOOP("Actions", "&Trails of feet"), "T", "trail", "live", is_checkable=True),
    ActionSpec("heat", QT_TRANSLATE_NOOP("Actions", "&Heat map"), "H", "heat", "live", is_checkable=True),
    ActionSpec("zones", QT_TRANSLATE_NOOP("Actions", "&Zones"), "Z", "zones", "live", is_checkable=True),
    ActionSpec("figures", QT_TRANSLATE_NOOP("Actions", "&Figures"), "F", "today", "live", is_checkable=True),
    ActionSpec(
        "privacy",
        QT_TRANSLATE_NOOP("Actions", "Make people &unrecognisable"),
        "P",
        "privacy",
        "live",
        is_checkable=True,
    ),
    ActionSpec("all_cameras", QT_TRANSLATE_NOOP("Actions", "&All cameras"), "Escape", "live", "live"),
)
CAMERA_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("add", QT_TRANSLATE_NOOP("Actions", "Add a camera"), "Ctrl+N", "", "cameras"),
    ActionSpec("remove", QT_TRANSLATE_NOOP("Actions", "Remove the camera"), "Del", "remove", "cameras"),
)
ZONE_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("undo", QT_TRANSLATE_NOOP("Actions", "Undo"), "Ctrl+Z", "undo", "zones"),
    ActionSpec("redo", QT_TRANSLATE_NOOP("Actions", "Redo"), "Ctrl+Shift+Z", "redo", "zones"),
    ActionSpec("flip", QT_TRANSLATE_NOOP("Actions", "Flip in and out"), "F", "flip", "zones"),
    ActionSpec("remove", QT_TRANSLATE_NOOP("Actions", "Delete"), "", "remove", "zones"),
    ActionSpec("zoom-in", QT_TRANSLATE_NOOP("Actions", "Zoom in"), "", "zoom-in", "zones"),
    ActionSpec("zoom-out", QT_TRANSLATE_NOOP("Actions", "Zoom out"), "", "zoom-out", "zones"),
    ActionSpec("fit", QT_TRANSLATE_NOOP("Actions", "Whole picture"), "", "fit", "zones"),
    ActionSpec("trails", QT_TRANSLATE_NOOP("Actions", "Trails of feet"), "T", "trail", "zones", is_checkable=True),
)
SAVE_ZONES = ActionSpec("save", QT_TRANSLATE_NOOP("Actions", "Save"), "Ctrl+S", "", "zones")
MARK_WRONG = ActionSpec("mark", QT_TRANSLATE_NOOP("Actions", "This is wrong"), "Ctrl+W", "", "why")


def make_actions(
    parent: QWidget, specs: tuple[ActionSpec, ...], done: Mapping[str, Callable[..., object]], *, icons: Icons
) -> dict[str, QAction]:
    """The actions of a table, each calling ``done[name]`` (with its state if it is checkable)."""
    actions: dict[str, QAction] = {}
    for spec in specs:
        action = QAction(QCoreApplication.translate("Actions", spec.words), parent)
        action.setCheckable(spec.is_checkable)
        if spec.key:
            action.setShortcut(QKeySequence(spec.key))
            action.setToolTip(f"{action.text().replace('&', '')} ({action.shortcut().toString()})")
        if spec.icon:
            action.setIcon(icons.icon(spec.icon))
        handler = done[spec.name]
        if spec.is_checkable:
            action.triggered.connect(handler)
        else:
            action.triggered.connect(lambda _=False, handler=handler: handler())
        actions[spec.name] = action
    return actions

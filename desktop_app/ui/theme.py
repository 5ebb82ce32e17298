"""Light and dark: one table of colours, a palette and a style sheet made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop_app.services.preferences import Appearance
from desktop_app.ui.icons import Icons


@dataclass(frozen=True, slots=True)
class Colours:
    """Every colour of the program; ``#rrggbb``."""

    ground: str
    side: str
    surface: str
    edge: str
    hover: str
    chosen: str
    text: str
    soft: str
    faint: str
    accent: str
    accent_hover: str
    accent_text: str
    on_accent: str
    notice: str
    notice_edge: str
    trouble: str
    trouble_edge: str
    good: str
    wait: str
    bad: str


LIGHT = Colours(
    ground="#f5f7f6", side="#eef2f0", surface="#ffffff", edge="#d5ddd9", hover="#e4ebe8", chosen="#d3e8e4",
    text="#17201d", soft="#55635e", faint="#94a09b", accent="#0d6b62", accent_hover="#0b5c54", accent_text="#0a554e",
    on_accent="#ffffff", notice="#fdf5dd", notice_edge="#e8d291", trouble="#fdeae7", trouble_edge="#efb6ac",
    good="#23854f", wait="#a06a00", bad="#b3382a",
)  # fmt: skip
DARK = Colours(
    ground="#121614", side="#161b19", surface="#1c2220", edge="#333d39", hover="#252d2a", chosen="#1f3d39",
    text="#e8ece9", soft="#a3afaa", faint="#6b7671", accent="#4fc0b2", accent_hover="#66cfc2", accent_text="#8fe0d5",
    on_accent="#06211e", notice="#332c17", notice_edge="#6b5a26", trouble="#3a211d", trouble_edge="#74382f",
    good="#6fcf97", wait="#ffc857", bad="#f08d83",
)  # fmt: skip


def palette_of(colours: Colours) -> QPalette:
    """The Qt palette of these colours."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.ground,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.surface,
        QPalette.ColorRole.AlternateBase: colours.ground,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.surface,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.faint,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.ToolTipBase: colours.surface,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.Link: colours.accent_text,
        QPalette.ColorRole.Mid: colours.edge,
        QPalette.ColorRole.Accent: colours.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.faint))
    return palette


def style_sheet(template: str, colours: Colours, *, icons: Path) -> str:
    """The style sheet with ``@name@`` replaced by a colour, ``@icons@`` by the folder of the icons.

    Raises:
        KeyError: the template names a colour that does not exist.
    """
    table = {field.name: getattr(colours, field.name) for field in fields(colours)} | {"icons": icons.as_posix()}
    return re.sub(r"@(\w+)@", lambda found: table[found[1]], template)


class Theme(QObject):
    """Dresses the application, and follows the system if asked to.

    Signals:
        changed: the colours are others now.
    """

    changed = Signal()

    def __init__(self, app: QApplication, *, assets_dir: Path, appearance: Appearance) -> None:
        super().__init__(app)
        self._app = app
        self._template = (assets_dir / "styles" / "wink.qss").read_text(encoding="utf-8")
        self._icons_dir = assets_dir / "icons"
        self._appearance = appearance
        self.colours = LIGHT
        self.icons = Icons(assets_dir / "icons", colour=LIGHT.text, faint=LIGHT.faint, accent=LIGHT.accent_text)
        font = QFont(app.font())
        if font.pointSizeF() < 10:
            font.setPointSizeF(10)
            app.setFont(font)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._dress()

    @property
    def is_dark(self) -> bool:
        """Whether dark colours are in use."""
        return self.colours is DARK

    def set_appearance(self, appearance: Appearance) -> None:
        """Light, dark, or as the system is."""
        self._appearance = appearance
        self._dress()

    def _system_changed(self) -> None:
        if self._appearance is Appearance.SYSTEM:
            self._dress()

    def _dress(self) -> None:
        system_is_dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
        is_dark = self._appearance is Appearance.DARK or (self._appearance is Appearance.SYSTEM and system_is_dark)
        self.colours = DARK if is_dark else LIGHT
        self.icons.recolour(colour=self.colours.text, faint=self.colours.faint, accent=self.colours.accent_text)
        self._app.setStyle("Fusion")
        self._app.setPalette(palette_of(self.colours))
        self._app.setStyleSheet(style_sheet(self._template, self.colours, icons=self._icons_dir))
        self.changed.emit()

"""The program's own icons: SVG drawn with one stroke, coloured by the theme, sharp at every scale."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer


@lru_cache(maxsize=128)
def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


class _SvgEngine(QIconEngine):
    """Draws one SVG in the colours that the theme has at that moment."""

    def __init__(self, path: Path, icons: Icons) -> None:
        super().__init__()
        self._path, self._icons = path, icons

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        colour = self._icons.colour
        if mode is QIcon.Mode.Disabled:
            colour = self._icons.faint
        elif state is QIcon.State.On or mode is QIcon.Mode.Selected:
            colour = self._icons.accent
        source = _source(self._path).replace("currentColor", colour)
        # Square and to the left: a wider place leaves air between the icon and the words beside it.
        side = min(rect.width(), rect.height())
        QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(rect.x(), rect.y(), side, side))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _SvgEngine(self._path, self._icons)


class Icons:
    """Icons by file name. One made before the theme changes is drawn in the new colours after it."""

    def __init__(self, folder: Path, *, colour: str, faint: str, accent: str) -> None:
        self._folder = folder
        self._engines: list[_SvgEngine] = []
        self.colour, self.faint, self.accent = colour, faint, accent

    def recolour(self, *, colour: str, faint: str, accent: str) -> None:
        """Use other colours from now on."""
        self.colour, self.faint, self.accent = colour, faint, accent

    def icon(self, name: str) -> QIcon:
        """The icon ``name``.

        Raises:
            FileNotFoundError: there is none of this name.
        """
        path = self._folder / f"{name}.svg"
        _source(path)
        engine = _SvgEngine(path, self)
        # WORKAROUND: QIcon owns its engine in C++, but the Python half would be collected.
        self._engines.append(engine)
        return QIcon(engine)

    def pixmap(self, name: str, size: int) -> QPixmap:
        """The icon as a pixmap of ``size`` logical pixels."""
        return self.icon(name).pixmap(QSize(size, size))

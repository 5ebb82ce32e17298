"""The icon beside the clock: counting goes on behind it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from desktop_app.services.engine_view import CameraCondition, EngineStatus
from desktop_app.ui.pieces import said


class Tray(QObject):
    """State by a coloured dot and in the menu's first line; below it, to open and to quit.

    Signals:
        open_wanted, quit_wanted: the owner asked for it.
    """

    open_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, icon: QIcon, *, good: str, bad: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._icon, self._good, self._bad = icon, good, bad
        self._shown: tuple[bool, str] | None = None
        self.menu = QMenu()
        # Some desktops show no tooltip: there the menu is where the state can be read.
        self._state = self.menu.addAction(self.tr("Starting..."))
        self._state.setEnabled(False)
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Open Wink"), self.open_wanted.emit)
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Quit..."), self.quit_wanted.emit)
        self.icon = QSystemTrayIcon(icon, self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)

    @staticmethod
    def is_possible() -> bool:
        """Whether this desktop shows such icons."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    def show_status(self, status: EngineStatus) -> None:
        """Show how cameras and cloud stand."""
        down = [c.label for c in status.cameras if c.condition is CameraCondition.TROUBLE]
        is_well = not down and status.cloud.dead_letters == 0
        live = sum(c.condition is CameraCondition.LIVE for c in status.cameras)
        short = words = self.tr("{live} of {all} cameras live").format(live=live, all=len(status.cameras))
        if down:
            words += "\n" + self.tr("Not seen: {names}").format(names=", ".join(down))
        words += f"\n{said(status.cloud.words)}"
        if self._shown != (is_well, words):
            self._shown = is_well, words
            self.icon.setToolTip(words)
            self._state.setText(short)
            self.icon.setIcon(dotted(self._icon, self._good if is_well else self._bad))

    def say_once(self) -> None:
        """The window was closed for the first time: say that counting goes on."""
        self.icon.showMessage(
            self.tr("Wink goes on counting"),
            self.tr("The window is closed; the icon here opens it again, and quits."),
            self._icon,
        )

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.open_wanted.emit()


def dotted(icon: QIcon, colour: str) -> QIcon:
    """The icon with a dot in its corner."""
    pixmap = QPixmap(icon.pixmap(64, 64))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor("#ffffff"))
    painter.setBrush(QColor(colour))
    painter.drawEllipse(pixmap.width() - 26, pixmap.height() - 26, 24, 24)
    painter.end()
    return QIcon(pixmap)

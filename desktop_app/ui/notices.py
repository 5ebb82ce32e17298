"""What the window says above every screen: the disk is nearly full, this version is new."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app.services.desk import Desk
from desktop_app.services.desk_ports import KNOWN_ERRORS
from desktop_app.services.doctor import LITTLE_BYTES, TOO_LITTLE_BYTES
from desktop_app.ui.pieces import Banner
from desktop_app.workers.background_op import BackgroundOps

LOOK_EVERY_MS = 30_000


class Notices(QWidget):
    """Takes no room while there is nothing to say.

    Signals:
        news_wanted: somebody wants to read what is new.
        health_wanted: somebody wants to see how full the disk is.
    """

    news_wanted = Signal()
    health_wanted = Signal()

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self._put_away_at: int | None = None
        self._is_looking = False
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 0)
        column.setSpacing(6)
        self.disk, self.news = Banner(self), Banner(self)
        column.addWidget(self.disk)
        column.addWidget(self.news)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self._show_or_hide()

    def close_notices(self) -> None:
        """The window goes."""
        self._timer.stop()
        self._ops.close()

    def look(self) -> None:
        """See how full the disk is."""
        if self._is_looking:
            return
        self._is_looking = True

        def finished() -> None:
            self._is_looking = False

        self._ops.start("look-at-disk", lambda _: self._desk.disk_free_bytes(), done=self.show_disk, finished=finished)

    def show_disk(self, free_bytes: int) -> None:
        """Warn, or be quiet; somebody who has put the warning away hears of it again when it is worse."""
        if free_bytes >= LITTLE_BYTES:
            self._put_away_at = None
            self.disk.say("")
        elif free_bytes < TOO_LITTLE_BYTES:
            words = self.tr(
                "The disk is full. Counts come before everything else and wait in memory when they cannot be written; "
                "what waits there is lost if this computer is switched off. Free some space now."
            )
            self.disk.say(words, is_trouble=True, button=self.tr("Health"), done=self.health_wanted.emit)
        elif self._put_away_at is None:
            words = self.tr(
                "The disk is almost full: {n} MB are left. People are still counted; when nothing is left, heat maps go "
                "first and counts last. Free some space."
            ).format(n=free_bytes // 1_000_000)
            self.disk.say(
                words,
                buttons=(
                    (self.tr("Health"), self.health_wanted.emit),
                    (self.tr("Later"), lambda: self._put_away(free_bytes)),
                ),
            )
        self._show_or_hide()

    def tell_news(self, version: str) -> None:
        """This version is new to whoever sits here."""
        self.news.say(
            self.tr("This is Wink {version} now.").format(version=version),
            buttons=((self.tr("What is new"), self._read_news), (self.tr("Close"), self._close_news)),
        )
        self._show_or_hide()

    def _put_away(self, free_bytes: int) -> None:
        self._put_away_at = free_bytes
        self.disk.say("")
        self._show_or_hide()

    def _read_news(self) -> None:
        self._close_news()
        self.news_wanted.emit()

    def _close_news(self) -> None:
        self.news.say("")
        self._show_or_hide()

    def _show_or_hide(self) -> None:
        self.setVisible(bool(self.disk.words or self.news.words))

"""Asks the engine how it stands, away from the window's thread: an answer may wait for a disk."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from desktop_app.services.engine_view import EngineStatus

log = logging.getLogger(__name__)

EVERY_S = 0.5


class StatusPoller(QObject):
    """Asks twice a second.

    Signals:
        told: there is a newer ``status``; carries nothing, so that nothing piles up.
    """

    told = Signal()

    def __init__(self, ask: Callable[[], EngineStatus], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._stop = threading.Event()
        self._now = threading.Event()
        self.status: EngineStatus | None = None
        self._thread = threading.Thread(target=self._run, name="status-poller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_now(self) -> None:
        """Do not wait for the next half second."""
        self._now.set()

    def stop(self) -> None:
        self._stop.set()
        self._now.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.status = self._ask()
            except Exception:
                log.exception("the engine's state cannot be told")
            # The window may be gone already.
            with contextlib.suppress(RuntimeError):
                self.told.emit()
            self._now.wait(EVERY_S)
            self._now.clear()

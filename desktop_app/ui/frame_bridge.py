"""From the engine's thread to the window's: says that there is news, never carries a frame."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from desktop_app.services.desk import Desk


class FrameBridge(QObject):
    """Of a burst of frames the window is told once; it then fetches the newest.

    Signals:
        frame_ready: in the window's thread; carries a camera's id.
    """

    frame_ready = Signal(str)
    _crossing = Signal(str)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._waiting: set[str] = set()
        self._crossing.connect(self._arrived, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe: Callable[[], None] | None = desk.on_view(self._on_view)

    def close(self) -> None:
        """Listen no more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    def _on_view(self, camera_id: str) -> None:
        # In the engine's thread. A camera whose news has not been fetched yet needs no second signal.
        if camera_id not in self._waiting:
            self._waiting.add(camera_id)
            # The window may go while the engine speaks.
            with contextlib.suppress(RuntimeError):
                self._crossing.emit(camera_id)

    def _arrived(self, camera_id: str) -> None:
        self._waiting.discard(camera_id)
        if self._unsubscribe is not None:
            self.frame_ready.emit(camera_id)

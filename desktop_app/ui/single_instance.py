"""One program per data folder: a second start raises the first."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

ANSWER_MS = 800


class SingleInstance(QObject):
    """Listens for later starts.

    Signals:
        raised: somebody started the program again.
    """

    raised = Signal()

    def __init__(self, data_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        digest = hashlib.sha256(str(data_dir.resolve()).encode()).hexdigest()[:16]
        self._name = f"wink-{digest}"
        self._server: QLocalServer | None = None

    def is_first(self) -> bool:
        """Whether no other program runs on this data; if one does, it was raised."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(ANSWER_MS):
            socket.write(b"raise\n")
            socket.waitForBytesWritten(ANSWER_MS)
            socket.disconnectFromServer()
            return False
        # What is left of a program that was killed must not keep the next one out.
        QLocalServer.removeServer(self._name)
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._visited)
        server.listen(self._name)
        self._server = server
        return True

    def close(self) -> None:
        """Let others be first."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def _visited(self) -> None:
        server = self._server
        visitor = server.nextPendingConnection() if server is not None else None
        if visitor is not None:
            visitor.disconnected.connect(visitor.deleteLater)
            visitor.disconnectFromServer()
            self.raised.emit()

"""From a running engine to a window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from desktop_app.bootstrap.engine import build_edge_from_file
from desktop_app.services.engine_view import EngineView
from desktop_app.settings import PROJECT_DIR, EdgeSettings
from desktop_app.ui.main_window import MainWindow


def run_window(view: EngineView, *, title: str, dashboard_url: str | None = None, seconds: float | None = None) -> int:
    """Show the window until it is closed, or for ``seconds``."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("a Qt application without windows is running")
    app.setApplicationName("Wink Analytics")
    app.setStyle("Fusion")
    app.setWindowIcon(QIcon(str(PROJECT_DIR / "assets" / "icons" / "wink.svg")))
    window = MainWindow(view, title=title, dashboard_url=dashboard_url)
    window.show()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.close())
    # Python sees signals only while it runs: a timer lets it.
    ticker = QTimer()
    ticker.timeout.connect(lambda: None)
    ticker.start(200)
    if seconds is not None:
        QTimer.singleShot(int(seconds * 1000), window.close)
    return app.exec()


def open_desktop(config: Path) -> int:
    """The desktop program on a store's ``config.yaml``.

    Raises:
        ConfigError, DetectorError, OutboxError, ValueError: in words.
    """
    edge = build_edge_from_file(config, settings=EdgeSettings())
    edge.start()
    try:
        return run_window(edge.engine, title="Wink Analytics")
    finally:
        edge.close()

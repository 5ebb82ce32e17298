"""The window: the wall, its switches, and a line about the cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QKeySequence
from PySide6.QtWidgets import QLabel, QMainWindow, QMessageBox, QWidget

from desktop_app.services.engine_view import CameraCondition, EngineView
from desktop_app.ui.camera_wall.overlay import OverlayOptions
from desktop_app.ui.camera_wall.wall import CameraWall

STATUS_EVERY_MS = 500


class _FrameBridge(QObject):
    """From the engine's thread to the window's: says that there is news, never carries a frame."""

    frame_ready = Signal(str)


class MainWindow(QMainWindow):
    """The desktop program's window."""

    def __init__(
        self, view: EngineView, *, title: str, dashboard_url: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._view = view
        self._dashboard_url = dashboard_url
        self._options = OverlayOptions()
        self._waiting: set[str] = set()
        self.setWindowTitle(title)
        self.resize(1280, 800)
        self.wall = CameraWall([camera.camera_id for camera in view.status().cameras], self)
        self.setCentralWidget(self.wall)
        self._cloud_words, self._camera_words = QLabel(self), QLabel(self)
        self.statusBar().addWidget(self._camera_words)
        self.statusBar().addPermanentWidget(self._cloud_words)
        self._make_menus()
        self._bridge = _FrameBridge(self)
        self._bridge.frame_ready.connect(self._show_frame, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe: Callable[[], None] = view.on_view(self._on_view)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.show_status)
        self._timer.start(STATUS_EVERY_MS)
        self.show_status()

    def show_status(self) -> None:
        """Show how cameras and cloud stand."""
        status = self._view.status()
        for camera in status.cameras:
            self.wall.tiles[camera.camera_id].show_status(camera)
        live = sum(camera.condition is CameraCondition.LIVE for camera in status.cameras)
        self._camera_words.setText(self.tr("{live} of {all} cameras live").format(live=live, all=len(status.cameras)))
        self._cloud_words.setText(status.cloud.words)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self._timer.stop()
        self._unsubscribe()
        super().closeEvent(event)

    def _on_view(self, camera_id: str) -> None:
        # In the engine's thread. A camera whose news the window has not seen yet needs no second signal.
        if camera_id not in self._waiting:
            self._waiting.add(camera_id)
            self._bridge.frame_ready.emit(camera_id)

    def _show_frame(self, camera_id: str) -> None:
        self._waiting.discard(camera_id)
        tile = self.wall.tiles[camera_id]
        view = self._view.latest(camera_id)
        if view is not None and tile.isVisible() and not self.isMinimized():
            tile.show_view(view)

    def _make_menus(self) -> None:
        view_menu = self.menuBar().addMenu(self.tr("&View"))
        for name, words, key in (
            ("boxes", self.tr("&People"), "B"),
            ("zones", self.tr("&Zones"), "Z"),
            ("figures", self.tr("&Figures"), "F"),
            ("privacy", self.tr("Make people &unrecognisable"), "P"),
        ):
            action = QAction(words, self, checkable=True, checked=getattr(self._options, name))
            action.setShortcut(QKeySequence(key))
            action.toggled.connect(lambda on, option=name: self._switch(option, on=on))
            view_menu.addAction(action)
        view_menu.addSeparator()
        self._add_action(view_menu, self.tr("&All cameras"), "Escape", self.wall.show_all)
        self._add_action(view_menu, self.tr("Full &screen"), "F11", self._toggle_full_screen)
        program = self.menuBar().addMenu(self.tr("&Wink"))
        if self._dashboard_url:
            self._add_action(program, self.tr("Open &dashboard"), "Ctrl+D", self._open_dashboard)
        self._add_action(program, self.tr("&About"), "", self._about)
        self._add_action(program, self.tr("&Quit"), "Ctrl+Q", self.close)

    def _add_action(self, menu: QWidget, words: str, key: str, done: Callable[[], object]) -> None:
        action = QAction(words, self)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda: done())
        menu.addAction(action)

    def _switch(self, option: str, *, on: bool) -> None:
        self._options = replace(self._options, **{option: on})
        for tile in self.wall.tiles.values():
            tile.set_options(self._options)

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _open_dashboard(self) -> None:
        QDesktopServices.openUrl(QUrl(self._dashboard_url or ""))

    def _about(self) -> None:
        words = self.tr("Wink Analytics counts people and keeps no face.\nLicence: Apache-2.0.")
        QMessageBox.about(self, self.tr("About Wink"), words)

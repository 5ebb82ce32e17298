"""The window: navigation, the screens, and a line about cameras and cloud. Rules live elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QActionGroup, QCloseEvent, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from desktop_app.services.engine_view import CameraCondition, EngineStatus
from desktop_app.services.own_version import own_version
from desktop_app.services.preferences import Appearance
from desktop_app.services.whats_new import read_changelog, section_of
from desktop_app.settings import find_changelog
from desktop_app.ui.actions import ACTIONS, make_actions
from desktop_app.ui.camera_wall.page import LivePage
from desktop_app.ui.camera_wall.wall import CameraWall
from desktop_app.ui.cameras.page import CamerasPage
from desktop_app.ui.definitions import DefinitionsDialog
from desktop_app.ui.frame_bridge import FrameBridge
from desktop_app.ui.health.page import HealthPage
from desktop_app.ui.notices import Notices
from desktop_app.ui.pieces import Page, Surroundings, said, size_on_screen
from desktop_app.ui.settings.page import SettingsPage
from desktop_app.ui.shortcuts import ShortcutsDialog
from desktop_app.ui.sidebar import Sidebar
from desktop_app.ui.text_dialog import TextDialog
from desktop_app.ui.today.page import TodayPage
from desktop_app.ui.zone_editor.page import ZonesPage
from desktop_app.workers.status_poller import StatusPoller

MIN_WIDTH_PX, MIN_HEIGHT_PX = 880, 520
"""Made for 1024x640 and more; at 200 % a common screen has 960x540 of these pixels."""
PAGES = ("live", "zones", "today", "cameras", "health", "settings")


class MainWindow(QMainWindow):
    """The desktop program's window.

    Args:
        hides: closing hides the window and counting goes on (there is a tray); else closing ends the program.

    Signals:
        closed: the window is closed for good.
        hidden: the window was closed and hides.
        setup_wanted, quit_wanted: the owner asked for it.
        status_told: carries the newest EngineStatus, whether the window is shown or not.
    """

    closed = Signal()
    hidden = Signal()
    setup_wanted = Signal()
    quit_wanted = Signal()
    status_told = Signal(object)

    def __init__(
        self,
        around: Surroundings,
        *,
        title: str,
        dashboard_url: str | None = None,
        hides: bool = False,
        memory: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.around = around
        self._desk = around.desk
        self._dashboard_url = dashboard_url
        self._memory = memory
        self.hides = hides
        self.asks_before_closing = False
        self._is_closed = False
        self.setWindowTitle(title)
        self.setMinimumSize(MIN_WIDTH_PX, MIN_HEIGHT_PX)
        self._make_actions()
        self._make_pages()
        self._make_status_bar()
        self._listen()
        self._restore()
        self.show_status()
        self.show_page("live")
        # Else the first button of the sidebar is framed before anybody has touched a key.
        self._middle.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._middle.setFocus()

    @property
    def wall(self) -> CameraWall:
        """The camera wall."""
        return self.live.wall

    # -- state

    def show_status(self) -> None:
        """Ask the desk and show its answer now."""
        self.show_state(self._desk.status())

    def show_state(self, status: EngineStatus) -> None:
        """Show how cameras and cloud stand."""
        self._desk.heed(hides_people=status.cloud.hides_people)
        live = sum(camera.condition is CameraCondition.LIVE for camera in status.cameras)
        words = self.tr("{live} of {all} cameras live") if status.cameras else self.tr("No camera yet")
        self._camera_words.setText(words.format(live=live, all=len(status.cameras)))
        self._cloud_words.setText(said(status.cloud.words))
        down = [c.label for c in status.cameras if c.condition is CameraCondition.TROUBLE]
        self.sidebar.set_mark("go_cameras", self.tr("{names}: not seen").format(names=", ".join(down)) if down else "")
        needs_health = status.cloud.dead_letters > 0 or status.cloud.is_connected is False
        self.sidebar.set_mark("go_health", said(status.cloud.words) if needs_health else "")
        self.live.show_status(status)
        page = self.page
        if page is not self.live:
            page.show_status(status)

    def refresh_soon(self) -> None:
        """Something was changed: ask without waiting for the next half second."""
        self._poller.ask_now()

    @property
    def page(self) -> Page:
        """The screen that is shown."""
        page = self._stack.currentWidget()
        assert isinstance(page, Page)  # noqa: S101 - only pages are ever added
        return page

    def show_page(self, name: str, what: str = "") -> None:
        """Show a screen; ``what`` is a camera's id, or "add"."""
        page = self.pages[name]
        if page is not self.page and not self.page.may_leave():
            self._mark_page()
            return
        self._stack.setCurrentWidget(page)
        self._mark_page()
        page.show_status(self._poller.status or self._desk.status())
        if name == "cameras" and what == "add":
            self.cameras.add_camera()
        elif name == "cameras" and what:
            self.cameras.select(what)
        elif name == "zones" and what:
            self.zones.show_camera(what)

    def show_whats_new(self) -> None:
        """What the change log says of this version."""
        version = own_version()
        dialog = TextDialog(self.tr("What is new in Wink {version}").format(version=version), height=520, parent=self)
        words = section_of(read_changelog(find_changelog()), version=version)
        dialog.text.setMarkdown(words or self.tr("Nothing is written about this version."))
        dialog.exec()

    def quit_for_good(self) -> None:
        """Close, whatever ``hides`` says, without asking."""
        self.hides = self.asks_before_closing = False
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        if not self.page.may_leave():
            event.ignore()
            return
        self._remember()
        # The system goes down: hiding or asking would keep it from doing so.
        application = QGuiApplication.instance()
        is_forced = isinstance(application, QGuiApplication) and application.isSavingSession()
        if self.hides and not is_forced:
            event.ignore()
            self.hide()
            self.hidden.emit()
            return
        if self.asks_before_closing and not is_forced:
            event.ignore()
            # Not from within this closing: the answer may be a closing of its own.
            QTimer.singleShot(0, self.quit_wanted.emit)
            return
        self._end()
        super().closeEvent(event)

    def _end(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._bridge.close()
        self._poller.stop()
        self.notices.close_notices()
        for page in self.pages.values():
            page.close_page()
        self.closed.emit()

    # -- frames

    def _show_frame(self, camera_id: str) -> None:
        if self._is_closed or not self.isVisible() or self.isMinimized():
            return
        if self.page is self.live:
            self.live.show_frame(camera_id)
        elif self.page is self.zones:
            self.zones.show_frame(camera_id)

    # -- making

    def _listen(self) -> None:
        self._bridge = FrameBridge(self._desk, self)
        self._bridge.frame_ready.connect(self._show_frame)
        self._poller = StatusPoller(self._desk.status, self)
        self._poller.told.connect(self._told, Qt.ConnectionType.QueuedConnection)
        self._poller.start()

    def _told(self) -> None:
        status = self._poller.status
        if status is None or self._is_closed:
            return
        self.status_told.emit(status)
        if self.isVisible():
            self.show_state(status)

    def _make_actions(self) -> None:
        handlers: dict[str, Callable[..., object]] = {
            "dashboard": self._open_dashboard,
            "setup": self.setup_wanted.emit,
            "quit": self.quit_wanted.emit,
            "full_screen": self._toggle_full_screen,
            "undo": lambda: self.page.undo(),
            "redo": lambda: self.page.redo(),
            "definitions": lambda: DefinitionsDialog(self).exec(),
            "shortcuts": lambda: ShortcutsDialog(self).exec(),
            "whats_new": self.show_whats_new,
            "about": self._about,
        }
        handlers |= {f"go_{name}": lambda _on=True, name=name: self.show_page(name) for name in PAGES}
        handlers |= {f"look_{a}": lambda _on=True, a=a: self._set_appearance(a) for a in Appearance}
        self.actions_by_name = make_actions(self, ACTIONS, handlers, icons=self.around.theme.icons)
        for name, action in self.actions_by_name.items():
            action.setObjectName(name)
        self.actions_by_name["dashboard"].setVisible(self._dashboard_url is not None)
        self.actions_by_name["setup"].setVisible(self._desk.is_editable)
        titles = {
            "wink": self.tr("&Wink"), "edit": self.tr("&Edit"), "go": self.tr("&Go to"), "view": self.tr("&View"),
            "help": self.tr("&Help"),
        }  # fmt: skip
        for menu_name, title in titles.items():
            self._fill(self.menuBar().addMenu(title), menu_name)
        for group in ("go_", "look_"):
            together = QActionGroup(self)
            for name, action in self.actions_by_name.items():
                if name.startswith(group):
                    together.addAction(action)
        self.actions_by_name[f"look_{self._desk.preferences.appearance}"].setChecked(True)

    def _fill(self, menu: QMenu, name: str) -> None:
        for spec in ACTIONS:
            if spec.menu == name:
                menu.addAction(self.actions_by_name[spec.name])

    def _make_pages(self) -> None:
        self.live = LivePage(self.around, self)
        self.zones = ZonesPage(self.around, self)
        self.today = TodayPage(self.around, self)
        self.cameras = CamerasPage(self.around, self)
        self.health = HealthPage(self.around, self)
        self.settings = SettingsPage(self.around, self)
        pages = (self.live, self.zones, self.today, self.cameras, self.health, self.settings)
        self.pages: Mapping[str, Page] = dict(zip(PAGES, pages, strict=True))
        self._stack = QStackedWidget(self)
        for page in pages:
            self._stack.addWidget(page)
            page.page_wanted.connect(self.show_page)
            page.refresh_wanted.connect(self.refresh_soon)
            page.undo_changed.connect(self._follow_undo)
        # Else Tab goes from cell to cell and never out of the table; arrows do that.
        for table in self.findChildren(QTableView):
            table.setTabKeyNavigation(False)
        self.settings.appearance_wanted.connect(self._set_appearance)
        self.settings.setup_wanted.connect(self.setup_wanted)
        self.sidebar = Sidebar([self.actions_by_name[f"go_{name}"] for name in PAGES], self)
        self.notices = Notices(self._desk, self)
        self.notices.news_wanted.connect(self.show_whats_new)
        self.notices.health_wanted.connect(lambda: self.show_page("health"))
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.notices)
        right.addWidget(self._stack, 1)
        self._middle = QWidget(self)
        row = QHBoxLayout(self._middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addLayout(right, 1)
        self.setCentralWidget(self._middle)

    def _make_status_bar(self) -> None:
        self._cloud_words, self._camera_words = QLabel(self), QLabel(self)
        self.statusBar().addWidget(self._camera_words)
        self.statusBar().addPermanentWidget(self._cloud_words)

    def _mark_page(self) -> None:
        name = next(name for name, page in self.pages.items() if page is self.page)
        self.actions_by_name[f"go_{name}"].setChecked(True)
        self._follow_undo()

    def _follow_undo(self) -> None:
        """The menu says what would be taken back on the page that is shown."""
        rows = (
            ("undo", self.page.undo_words, self.tr("&Undo"), self.tr("&Undo: {what}")),
            ("redo", self.page.redo_words, self.tr("&Redo"), self.tr("&Redo: {what}")),
        )
        for name, what, plain, telling in rows:
            action = self.actions_by_name[name]
            action.setText(telling.format(what=what.replace("&", "&&")) if what else plain)
            action.setEnabled(bool(what))

    # -- memory

    def _restore(self) -> None:
        size_on_screen(self, 1280, 800)
        saved = self._memory.value("geometry") if self._memory is not None else None
        if isinstance(saved, QByteArray):
            self.restoreGeometry(saved)

    def _remember(self) -> None:
        if self._memory is not None:
            self._memory.setValue("geometry", self.saveGeometry())

    # -- commands

    def _set_appearance(self, appearance: str) -> None:
        chosen = Appearance(appearance)
        self._desk.set_preferences(self._desk.preferences.model_copy(update={"appearance": chosen}))
        self.around.theme.set_appearance(chosen)
        self.actions_by_name[f"look_{chosen}"].setChecked(True)
        self.settings.show_preferences()

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _open_dashboard(self) -> None:
        QDesktopServices.openUrl(QUrl(self._dashboard_url or ""))

    def _about(self) -> None:
        words = self.tr("Wink Analytics {version} counts people and keeps no face.\nLicence: Apache-2.0.")
        QMessageBox.about(self, self.tr("About Wink"), words.format(version=own_version()))

"""The desktop program's parts put together: desk, window, tray, wizard, single instance."""

from __future__ import annotations

import gc
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt, QTimer, QTimeZone
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from desktop_app.adapters.cloud.enrolment import HttpEnrolment
from desktop_app.adapters.credentials.secret_stores import ChosenSecrets, system_keyring
from desktop_app.adapters.discovery.local_discovery import LocalDiscovery
from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.history_reader import HistoryReader
from desktop_app.adapters.storage.recount_writer import SqliteRecountBook
from desktop_app.adapters.video.open_source import make_source
from desktop_app.bootstrap.engine import Edge
from desktop_app.bootstrap.host import RestartableEngine
from desktop_app.bootstrap.self_tests import MachineSelfTest
from desktop_app.services.autostart import autostart_for, own_command
from desktop_app.services.config_import import EdgeConfig
from desktop_app.services.desk import Desk
from desktop_app.services.desk_ports import KNOWN_ERRORS, DeskPorts
from desktop_app.services.engine_view import EngineStatus
from desktop_app.services.own_version import own_version
from desktop_app.services.past_desk import PastPorts
from desktop_app.services.secret_store import EDGE_KEY_NAME, camera_secret_name
from desktop_app.services.store_document import StoredCamera, StoreDocument, joined_credentials, split_credentials
from desktop_app.services.store_times import StoreTimes
from desktop_app.services.support_report import clean
from desktop_app.services.whats_new import is_upgraded, plain_version
from desktop_app.services.zone_store import ZoneStore
from desktop_app.settings import EdgeSettings
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Surroundings, ask_owner
from desktop_app.ui.setup_wizard.wizard import SetupWizard
from desktop_app.ui.theme import Theme
from desktop_app.ui.tray import Tray
from desktop_app.workers.background_op import BackgroundOps
from shared_models.clock import SteadyClock
from shared_models.store_time import RESET_HOUR

log = logging.getLogger(__name__)

PRUNE_EVERY_MS = 3_600_000
LOG_BYTES, LOG_FILES = 2_000_000, 3


class _CleanFormatter(logging.Formatter):
    """No password reaches the log's file, wherever it comes from."""

    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record))


def log_to_file(data_dir: Path) -> logging.Handler:
    """Write the log into the data folder too; the caller removes the handler at the end."""
    path = data_dir / "logs" / "wink.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8")
    handler.setFormatter(_CleanFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(min(root.level or logging.INFO, logging.INFO))
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return handler


def build_desk(
    settings: EdgeSettings,
    *,
    over: Edge | None = None,
    config: EdgeConfig | None = None,
    times: StoreTimes | None = None,
    is_demo: bool = False,
) -> Desk:
    """A desk that starts nothing yet.

    Args:
        over: an engine that runs already, built from ``config``.
        config: of a file or the demo; the program's own store is not looked at then.
        times: the store's time by that file; None: of the engine, or of the program's own store.

    Raises:
        StoreDocumentError: the store's file was written by a newer version, or cannot be read.
    """
    clock = SteadyClock()
    zones = over.zones if over is not None else ZoneStore(settings.data_dir)
    made: list[Desk] = []
    # The figures on the wall begin anew when Today does: by the store's time zone, wherever the laptop was set up.
    times = over.times if over is not None else times or StoreTimes()
    host = RestartableEngine(settings=settings, clock=clock, zones=zones, over=over, times=times)
    config_home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    ports = DeskPorts(
        host=host,
        secrets=ChosenSecrets(
            settings.credentials_path,
            is_file_allowed=lambda: settings.credentials == "file" or made[0].preferences.is_secret_file_allowed,
            ring=system_keyring() if settings.credentials == "keyring" else None,
        ),
        enrolment=HttpEnrolment(allow_insecure=settings.allow_insecure_cloud),
        discovery=LocalDiscovery(),
        archive=SqliteEventArchive(settings.outbox_path),
        past=PastPorts(HistoryReader(settings.history_path), SqliteRecountBook(settings.outbox_path)),
        self_test=MachineSelfTest(settings),
        autostart=autostart_for(sys.platform, home=Path.home(), config_home=config_home, command=own_command()),
        open_source=lambda address, loop, rotation: make_source(address, clock=clock, loop=loop, rotation=rotation),
        clock=clock,
        local_zone=bytes(QTimeZone.systemTimeZoneId().data()).decode() or "UTC",
        times=times,
    )
    desk = Desk(
        ports,
        data_dir=settings.data_dir,
        zones=zones,
        fixed=_document_of(config) if config else None,
        fixed_secrets=_secrets_of(config) if config and not is_demo else None,
    )
    made.append(desk)
    return desk


def _document_of(config: EdgeConfig) -> StoreDocument:
    """What a configuration file or the demo says, for screens."""
    cameras = tuple(
        StoredCamera(
            camera_id=c.camera_id,
            name=c.name,
            source=split_credentials(c.source.reveal())[0],
            target_fps=c.target_fps,
            substream=split_credentials(c.substream.reveal())[0] if c.substream else None,
            is_enabled=c.is_enabled,
            loop=c.loop,
            rotation=c.rotation,
            input_size=c.input_size,
        )
        for c in config.cameras
        if c.is_enabled
    )
    return StoreDocument(
        cloud_url=config.api_url,
        is_set_up=True,
        cameras=cameras,
        time_zone=config.time_zone,
        reset_hour=RESET_HOUR if config.reset_hour is None else config.reset_hour,
    )


def _secrets_of(config: EdgeConfig) -> dict[str, str]:
    """What a configuration file holds that belongs into the keyring."""
    secrets: dict[str, str] = {}
    if config.edge_key is not None:
        secrets[EDGE_KEY_NAME] = config.edge_key.get_secret_value()
    for camera in config.cameras:
        _, user, password = split_credentials(camera.source.reveal())
        if user or password:
            secrets[camera_secret_name(camera.camera_id)] = joined_credentials(user, password)
    return secrets


def make_app(settings: EdgeSettings) -> QApplication:
    """The one application object of this process."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("a Qt application without windows is running")
    app.setApplicationName("Wink Analytics")
    app.setDesktopFileName("wink-analytics")
    app.setWindowIcon(QIcon(str(settings.assets_dir / "icons" / "wink.svg")))
    return app


class DesktopProgram(QObject):
    """Window, tray and wizard of one desk, from the first show to the quitting."""

    def __init__(
        self,
        app: QApplication,
        desk: Desk,
        settings: EdgeSettings,
        *,
        title: str = "Wink Analytics",
        dashboard_url: str | None = None,
        has_tray: bool,
        asks_to_quit: bool = True,
        ask: Callable[..., bool] = ask_owner,
    ) -> None:
        super().__init__(app)
        self._app, self.desk = app, desk
        self.ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self._ask = ask
        theme = Theme(app, assets_dir=settings.assets_dir, appearance=desk.preferences.appearance)
        self.around = Surroundings(desk, theme, ask)
        self.tray: Tray | None = None
        if has_tray:
            self.tray = Tray(app.windowIcon(), good=theme.colours.good, bad=theme.colours.bad, parent=self)
        memory = QSettings(str(settings.data_dir / "window.ini"), QSettings.Format.IniFormat, self)
        self.window = MainWindow(
            self.around, title=title, dashboard_url=dashboard_url, hides=self.tray is not None, memory=memory
        )
        self.window.asks_before_closing = asks_to_quit
        self.wizard: SetupWizard | None = None
        self._connect()
        app.setQuitOnLastWindowClosed(False)

    def show(self, *, in_tray: bool = False) -> None:
        """Show what there is to show: wizard and window, or only the icon."""
        if self.tray is not None:
            self.tray.icon.show()
        if in_tray and self.tray is not None:
            return
        self.window.show()
        self._tell_news()
        self.window.notices.look()
        if self.desk.is_editable and not self.desk.document.is_set_up:
            self.open_setup()

    def open_setup(self) -> None:
        """Go through the wizard."""
        if self.wizard is not None:
            self.wizard.raise_()
            return
        self.wizard = SetupWizard(self.around, self.window)
        self.wizard.ended.connect(self._setup_ended)
        self.wizard.open()

    def raise_window(self) -> None:
        """Bring the window to the front."""
        self.window.show()
        self.window.setWindowState(self.window.windowState() & ~Qt.WindowState.WindowMinimized)
        self.window.raise_()
        self.window.activateWindow()

    def ask_to_quit(self) -> None:
        """Quit, after saying that counting ends by it."""
        title = self.tr("Quit Wink?")
        words = self.tr("Nobody is counted while Wink does not run. Closing the window instead keeps counting.")
        if self._ask(self.window, title, words, self.tr("Quit and stop counting")):
            self.quit_now()

    def quit_now(self) -> None:
        """End without asking."""
        if self.wizard is not None:
            self.wizard.close()
        self.window.quit_for_good()

    def _connect(self) -> None:
        self.window.quit_wanted.connect(self.ask_to_quit)
        self.window.setup_wanted.connect(self.open_setup)
        self.window.closed.connect(self._ended)
        self.window.hidden.connect(self._hidden)
        if self.tray is not None:
            self.tray.open_wanted.connect(self.raise_window)
            self.tray.quit_wanted.connect(self.ask_to_quit)
            self.window.status_told.connect(self._show_in_tray)
        self._pruner = QTimer(self)
        self._pruner.setInterval(PRUNE_EVERY_MS)
        self._pruner.timeout.connect(lambda: self.ops.start("prune", lambda _: self.desk.prune()))
        self._pruner.start()

    def _tell_news(self) -> None:
        """Once after an upgrade, to whoever has used an earlier version here."""
        desk, version = self.desk, own_version()
        if not desk.is_editable:
            return
        if is_upgraded(seen=desk.preferences.seen_version, version=version, is_set_up=desk.document.is_set_up):
            self.window.notices.tell_news(plain_version(version))
        if desk.preferences.seen_version != plain_version(version):
            desk.set_preferences(desk.preferences.model_copy(update={"seen_version": plain_version(version)}))

    def _show_in_tray(self, status: EngineStatus) -> None:
        if self.tray is not None:
            self.tray.show_status(status)

    def _hidden(self) -> None:
        if self.tray is not None and not self.desk.preferences.has_seen_tray_note:
            self.tray.say_once()
            self.desk.set_preferences(self.desk.preferences.model_copy(update={"has_seen_tray_note": True}))

    def _setup_ended(self) -> None:
        wizard, self.wizard = self.wizard, None
        if wizard is not None:
            wizard.deleteLater()
        self.window.refresh_soon()

    def _ended(self) -> None:
        if self.tray is not None:
            self.tray.icon.hide()
        self._pruner.stop()
        self.ops.close()
        self._app.quit()


def run_until_quit(app: QApplication, program: DesktopProgram, *, seconds: float | None) -> int:
    """Show windows until the owner quits, a signal comes, or ``seconds`` are over."""
    from pyqtgraph.util.garbage_collector import GarbageCollector

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: program.quit_now())
    # Python sees signals only while it runs: a timer lets it.
    ticker = QTimer()
    ticker.timeout.connect(lambda: None)
    ticker.start(200)
    if seconds is not None:
        QTimer.singleShot(int(seconds * 1000), program.quit_now)
    # Widgets that only Python's collector lets go must go in this thread: another one that happens to collect would
    # take them from under Qt's feet.
    collector = GarbageCollector()
    try:
        return app.exec()
    finally:
        collector.timer.stop()
        gc.enable()

"""From a running engine, or from the store's own files, to a window."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtWidgets import QApplication

from desktop_app.bootstrap.configuration import load_config
from desktop_app.bootstrap.desktop import DesktopProgram, build_desk, log_to_file, make_app, run_until_quit
from desktop_app.bootstrap.engine import Edge, times_of_file
from desktop_app.bootstrap.measuring import measure_once
from desktop_app.services.config_import import EdgeConfig
from desktop_app.settings import EdgeSettings
from desktop_app.ui.single_instance import SingleInstance
from desktop_app.ui.tray import Tray

log = logging.getLogger(__name__)

QUIT_FLUSH_S = 5.0


def run_window(
    edge: Edge,
    config: EdgeConfig,
    *,
    settings: EdgeSettings,
    title: str,
    dashboard_url: str | None = None,
    seconds: float | None = None,
) -> int:
    """Show the demo's window over its engine, which runs already, until it is closed, or for ``seconds``."""
    app = make_app(settings)
    desk = build_desk(settings, over=edge, config=config, is_demo=True)
    program = DesktopProgram(
        app, desk, settings, title=title, dashboard_url=dashboard_url, has_tray=False, asks_to_quit=False
    )
    program.show()
    try:
        return run_until_quit(app, program, seconds=seconds)
    finally:
        desk.ports.host.stop(flush_s=0.0)


def open_desktop(config: Path | None, *, in_tray: bool = False, seconds: float | None = None) -> int:
    """The desktop program: on its own store, or on a ``config.yaml``.

    Raises:
        ConfigError, DetectorError, OutboxError, StoreDocumentError, ValueError: in words.
    """
    settings = EdgeSettings()
    app = make_app(settings)
    instance = SingleInstance(settings.data_dir)
    if not instance.is_first():
        return 0
    handler = log_to_file(settings.data_dir)
    sys.excepthook = _note_unexpected
    try:
        if config is not None:
            return _open_on_file(app, config, settings=settings, seconds=seconds)
        desk = build_desk(settings)
        program = DesktopProgram(app, desk, settings, has_tray=Tray.is_possible())
        instance.raised.connect(program.raise_window)
        # The window first, the engine behind it: loading a model takes seconds.
        program.ops.start("start-engine", lambda _: desk.start())
        # Also while there is no camera yet: somebody reads the wizard's first pages, and the machine is idle.
        program.ops.start("first-self-test", lambda op: measure_once(settings=settings, is_cut=lambda: op.is_cancelled))
        program.show(in_tray=in_tray)
        try:
            return run_until_quit(app, program, seconds=seconds)
        finally:
            desk.ports.host.stop(flush_s=QUIT_FLUSH_S)
    finally:
        instance.close()
        sys.excepthook = sys.__excepthook__
        logging.getLogger().removeHandler(handler)
        handler.close()


def _open_on_file(app: QApplication, path: Path, *, settings: EdgeSettings, seconds: float | None) -> int:
    config = load_config(path, settings=settings)
    desk = build_desk(settings, config=config, times=times_of_file(config, settings=settings))
    program = DesktopProgram(app, desk, settings, has_tray=False, asks_to_quit=False)
    program.ops.start("start-engine", lambda _: desk.ports.host.restart(config))
    program.show()
    try:
        return run_until_quit(app, program, seconds=seconds)
    finally:
        desk.ports.host.stop(flush_s=QUIT_FLUSH_S)


def _note_unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect in one screen is written down and does not end the counting."""
    log.error("unexpected: %s", error, exc_info=(kind, error, trace))
    sys.__excepthook__(kind, error, trace)

"""Window, tray and wizard together, single instance, and a real engine over its restarts."""

from __future__ import annotations

import gc
import logging
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from desktop_app.bootstrap.desktop import DesktopProgram, build_desk, log_to_file, run_until_quit
from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.desk import Desk
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import OutboxError
from desktop_app.services.store_document import StoredCamera
from desktop_app.settings import EdgeSettings
from desktop_app.ui.single_instance import SingleInstance
from shared_models.cameras import SourceAddress
from tests.helpers.desks import Answers, FakeHost, host_of, make_desk
from tests.helpers.weights import find_weights


def app() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


@pytest.fixture
def program(qtbot: QtBot, desk: Desk, tmp_path: Path, answers: Answers) -> Iterator[DesktopProgram]:
    made = DesktopProgram(app(), desk, EdgeSettings(data_dir=tmp_path), has_tray=True, ask=answers)
    qtbot.addWidget(made.window)
    yield made
    made.quit_now()


def test_closing_goes_into_the_tray_and_quitting_asks(
    qtbot: QtBot, program: DesktopProgram, answers: Answers, engine: FakeHost
) -> None:
    program.show()
    program.window.close()
    assert not program.window.isVisible()
    assert program.desk.preferences.has_seen_tray_note
    assert program.tray is not None
    program.tray.open_wanted.emit()
    assert program.window.isVisible()
    answers.yes = False
    program.tray.quit_wanted.emit()
    assert program.window.isVisible()
    answers.yes = True
    with qtbot.waitSignal(program.window.closed):
        program.window.actions_by_name["quit"].trigger()
    assert answers.asked == ["Quit Wink?"] * 2
    assert engine.listeners == []


def test_without_a_tray_closing_asks_because_counting_ends_by_it(
    qtbot: QtBot, desk: Desk, tmp_path: Path, answers: Answers
) -> None:
    program = DesktopProgram(app(), desk, EdgeSettings(data_dir=tmp_path), has_tray=False, ask=answers)
    qtbot.addWidget(program.window)
    program.show()
    answers.yes = False
    program.window.close()
    qtbot.waitUntil(lambda: bool(answers.asked))
    assert program.window.isVisible()
    answers.yes = True
    with qtbot.waitSignal(program.window.closed):
        program.window.close()
    assert answers.asked == ["Quit Wink?"] * 2


def test_the_tray_tells_how_things_stand_even_while_the_window_is_hidden(
    qtbot: QtBot, program: DesktopProgram, engine: FakeHost
) -> None:
    program.show(in_tray=True)
    assert not program.window.isVisible()
    engine.conditions["a"] = CameraCondition.TROUBLE
    tray = program.tray
    assert tray is not None
    qtbot.waitUntil(lambda: "Not seen: Camera a" in tray.icon.toolTip(), timeout=3000)


def test_rubbish_of_any_thread_is_collected_by_the_windows_own(program: DesktopProgram) -> None:
    collected_by: set[str] = set()

    class Rubbish:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            collected_by.add(threading.current_thread().name)

    def litter() -> None:
        for _ in range(20_000):
            Rubbish()

    worker = threading.Thread(target=litter, name="litter")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    gc.enable()
    try:
        QTimer.singleShot(0, worker.start)
        run_until_quit(app(), program, seconds=2.5)
    finally:
        worker.join()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert collected_by == {threading.main_thread().name}
    assert gc.isenabled()


def test_the_wizard_opens_at_the_first_start_only(qtbot: QtBot, tmp_path: Path) -> None:
    desk = make_desk(tmp_path / "new", is_set_up=False)
    program = DesktopProgram(app(), desk, EdgeSettings(data_dir=tmp_path / "new"), has_tray=False, ask=Answers())
    qtbot.addWidget(program.window)
    program.show()
    assert program.wizard is not None
    program.wizard.close()
    qtbot.waitUntil(lambda: program.wizard is None)
    program.quit_now()
    assert host_of(desk).listeners == []


def test_a_second_start_raises_the_first(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance(tmp_path)
    assert first.is_first()
    with qtbot.waitSignal(first.raised):
        assert not SingleInstance(tmp_path).is_first()
    assert SingleInstance(tmp_path / "other").is_first()
    first.close()
    again = SingleInstance(tmp_path)
    assert again.is_first()
    again.close()


def test_the_log_file_holds_no_password(tmp_path: Path) -> None:
    handler = log_to_file(tmp_path)
    try:
        logging.getLogger("wink.test").info("opening rtsp://admin:hunter2@10.0.0.3/live")
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()
    text = (tmp_path / "logs" / "wink.log").read_text()
    assert "10.0.0.3" in text
    assert "hunter2" not in text


def real_desk(folder: Path) -> Desk:
    return build_desk(EdgeSettings(data_dir=folder, model=str(find_weights())))


@pytest.mark.integration
def test_a_real_engine_keeps_its_view_over_restarts(qtbot: QtBot, tmp_path: Path) -> None:
    desk = real_desk(tmp_path)
    seen: list[str] = []
    unsubscribe = desk.on_view(seen.append)
    try:
        camera = StoredCamera(camera_id="door", name="Door", source="virtual-store://entrance?seed=7")
        desk.save_store(desk.document.with_camera(camera))
        qtbot.waitUntil(lambda: "door" in seen, timeout=60_000)
        desk.save_zones("door", scene_zones("entrance"))
        qtbot.waitUntil(lambda: bool(desk.status().cameras[0].counts), timeout=60_000)
        assert desk.ports.host.recent.span_s("door") >= 0
        second = StoredCamera(camera_id="till", source="virtual-store://queue?seed=7")
        desk.save_store(desk.document.with_camera(second))
        qtbot.waitUntil(lambda: "till" in seen, timeout=60_000)
        assert [c.camera_id for c in desk.status().cameras] == ["door", "till"]
        assert [z.zone_id for z in desk.zones_of("door")] == ["entrance_line"]
        assert {e.camera_id for e in desk.day(desk.today()).events} <= {"door", "till"}
        assert desk.ports.host.dead_letters() == []
    finally:
        unsubscribe()
        desk.ports.host.stop(flush_s=0)
    with pytest.raises(OutboxError, match="Nothing counts"):
        desk.ports.host.dead_letters()


@pytest.mark.expected_log("the engine does not start")
def test_without_a_model_the_program_opens_and_says_what_is_missing(tmp_path: Path) -> None:
    desk = build_desk(EdgeSettings(data_dir=tmp_path, model="no-such-model"))
    desk.save_store(desk.document.with_camera(StoredCamera(camera_id="a", source="usb://0")))
    (camera,) = desk.status().cameras
    assert camera.condition is CameraCondition.TROUBLE
    assert "no-such-model" in camera.words
    desk.ports.host.stop(flush_s=0)


def test_a_program_on_a_file_shows_its_cameras_without_their_passwords(tmp_path: Path) -> None:
    source = SourceAddress("rtsp://admin:hunter2@10.0.0.3/live")
    config = EdgeConfig(None, None, (ImportedCamera("a", "Door", source, None, 5.0, True, False, ()),))
    desk = build_desk(EdgeSettings(data_dir=tmp_path), config=config)
    assert not desk.is_editable
    assert "hunter2" not in desk.document.model_dump_json()
    assert desk.document.cameras[0].source == "rtsp://10.0.0.3/live"

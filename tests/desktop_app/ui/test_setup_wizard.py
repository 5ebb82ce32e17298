"""The first-run wizard over a played outside: every way through it, back, and away for later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.desk import Desk
from desktop_app.services.store_document import StoreDocumentError
from desktop_app.ui.setup_wizard.camera_step import CameraStep
from desktop_app.ui.setup_wizard.first_steps import CloudStep, WelcomeStep
from desktop_app.ui.setup_wizard.last_steps import DoneStep, LineStep
from desktop_app.ui.setup_wizard.wizard import SetupWizard
from desktop_app.ui.zone_editor.tools import Mode
from shared_models.cameras import SourceKind
from shared_models.zones import LineZone
from tests.helpers.desks import host_of, make_desk, surroundings
from tests.helpers.engine_fakes import grey_view

WELCOME, CLOUD, CAMERA, LINE, DONE = range(5)


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return make_desk(tmp_path / "store", is_set_up=False)


@pytest.fixture
def wizard(qtbot: QtBot, fresh: Desk) -> Iterator[SetupWizard]:
    made = open_wizard(qtbot, fresh)
    yield made
    made.close()


def open_wizard(qtbot: QtBot, desk: Desk) -> SetupWizard:
    wizard = SetupWizard(surroundings(desk))
    qtbot.addWidget(wizard)
    wizard.show()
    qtbot.waitExposed(wizard)
    return wizard


def step(wizard: SetupWizard, index: int) -> object:
    assert wizard.step is wizard.steps[index]
    return wizard.step


def to_cameras(qtbot: QtBot, wizard: SetupWizard) -> CameraStep:
    wizard.next()
    qtbot.waitUntil(lambda: wizard.step is wizard.steps[CLOUD])
    cloud = wizard.step
    assert isinstance(cloud, CloudStep)
    cloud.without.setChecked(True)
    wizard.next()
    camera = step(wizard, CAMERA)
    assert isinstance(camera, CameraStep)
    return camera


def pick_virtual_store(camera: CameraStep) -> None:
    camera.form.pick_kind(camera.form.kind.findData(SourceKind.VIRTUAL_STORE.value))
    camera.form.found.itemClicked.emit(camera.form.found.item(0))


def to_line(qtbot: QtBot, wizard: SetupWizard, desk: Desk) -> LineStep:
    camera = to_cameras(qtbot, wizard)
    desk.zones.save("entrance", (), before=())
    pick_virtual_store(camera)
    wizard.next()
    qtbot.waitUntil(lambda: wizard.step is wizard.steps[LINE])
    host_of(desk).show(grey_view("entrance"))
    line = wizard.step
    assert isinstance(line, LineStep)
    qtbot.waitUntil(lambda: line.editor.canvas.view is not None)
    return line


def draw(qtbot: QtBot, line: LineStep) -> None:
    canvas = line.editor.canvas
    assert canvas.mode is Mode.LINE, "one can draw at once"
    start, end = canvas.mapFromScene(100, 200), canvas.mapFromScene(540, 200)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=end)
    qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=end)


def test_the_whole_way_ends_in_a_store_that_is_set_up(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    welcome = step(wizard, WELCOME)
    assert isinstance(welcome, WelcomeStep)
    qtbot.keyClicks(welcome.name, "High Street")
    line = to_line(qtbot, wizard, fresh)
    assert fresh.document.store_name == "High Street"
    draw(qtbot, line)
    wizard.next()
    qtbot.waitUntil(lambda: wizard.step is wizard.steps[DONE])
    (drawn,) = fresh.zones_of("entrance")
    assert isinstance(drawn, LineZone)
    assert host_of(fresh).applied[-1][0] == "entrance"
    done = wizard.step
    assert isinstance(done, DoneStep)
    assert "Waiting" in done.words.text()
    host_of(fresh).counts["entrance"] = (ZoneCount("door", "Entrance", 1, 0),)
    qtbot.waitUntil(lambda: "Counted so far: 1" in done.words.text(), timeout=3000)
    with qtbot.waitSignal(wizard.ended) as ended:
        wizard.next()
    assert ended.args == [True]
    assert fresh.document.is_set_up
    assert not (fresh.data_dir / "setup.json").exists()


def test_pairing_in_the_wizard_connects_with_the_cloud(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    wizard.next()
    cloud = step(wizard, CLOUD)
    assert isinstance(cloud, CloudStep)
    wizard.next()
    assert wizard.step is cloud, "the owner has to decide"
    assert "Pair this computer first" in cloud.form.words.text()
    cloud.form.url.setText("https://cloud.example.com")
    cloud.form.code.setText("ABCD-EFGH")
    cloud.form.button.click()
    qtbot.waitUntil(lambda: "Connected with" in cloud.connected.text())
    wizard.next()
    step(wizard, CAMERA)


def test_going_back_loses_nothing(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    camera = to_cameras(qtbot, wizard)
    qtbot.keyClicks(camera.form.name, "Back door")
    qtbot.keyClicks(camera.form.address, "rtsp://10.0.0.9/live")
    qtbot.keyClicks(camera.form.password, "secret")
    wizard.back()
    wizard.back()
    assert not wizard.back_button.isEnabled()
    wizard.next()
    wizard.next()
    assert (camera.form.name.text(), camera.form.address.text(), camera.form.password.text()) == (
        "Back door", "rtsp://10.0.0.9/live", "secret",
    )  # fmt: skip


def test_leaving_for_later_and_coming_back_goes_on_where_it_was(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    camera = to_cameras(qtbot, wizard)
    qtbot.keyClicks(camera.form.name, "Back door")
    qtbot.keyClicks(camera.form.address, "rtsp://admin:hunter2@10.0.0.9/live")
    wizard.later_button.click()
    assert not fresh.document.is_set_up
    assert "hunter2" not in (fresh.data_dir / "setup.json").read_text()
    again = open_wizard(qtbot, make_desk_at(fresh))
    assert again.step is again.steps[CAMERA]
    resumed = again.step
    assert isinstance(resumed, CameraStep)
    assert resumed.form.name.text() == "Back door"
    assert resumed.form.address.text() == "rtsp://10.0.0.9/live"
    again.close()


def make_desk_at(desk: Desk) -> Desk:
    return make_desk(desk.data_dir, is_set_up=False)


def test_a_power_cut_loses_nothing_that_was_typed(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    camera = to_cameras(qtbot, wizard)
    qtbot.keyClicks(camera.form.address, "rtsp://10.0.0.9/live")
    file = fresh.data_dir / "setup.json"
    qtbot.waitUntil(lambda: file.exists() and "10.0.0.9" in file.read_text(), timeout=3000)


def test_without_a_camera_the_wizard_says_what_is_missing(qtbot: QtBot, wizard: SetupWizard) -> None:
    camera = to_cameras(qtbot, wizard)
    wizard.next()
    assert wizard.step is camera
    assert "Pick or type a camera" in camera.form.words.text()


def test_while_the_first_camera_is_started_its_picture_says_what_takes_so_long(
    qtbot: QtBot, fresh: Desk, wizard: SetupWizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, may_start, host = to_cameras(qtbot, wizard), threading.Event(), fresh.ports.host
    restart = host.restart
    monkeypatch.setattr(host, "restart", lambda config: (may_start.wait(60), restart(config)))
    pick_virtual_store(camera)
    wizard.next()
    qtbot.waitUntil(lambda: "measured for some seconds" in camera.form.preview.words)
    assert wizard.step is camera
    may_start.set()
    qtbot.waitUntil(lambda: wizard.step is not camera)
    assert "when you test it" in camera.form.preview.words


def test_a_camera_that_cannot_be_kept_is_not_said_to_be_starting(
    qtbot: QtBot, fresh: Desk, wizard: SetupWizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreDocumentError("The disk is full.")

    monkeypatch.setattr(fresh, "save_store", full)
    camera = to_cameras(qtbot, wizard)
    pick_virtual_store(camera)
    wizard.next()
    qtbot.waitUntil(lambda: camera.form.words.text() == "The disk is full.")
    assert "when you test it" in camera.form.preview.words


def test_several_cameras_can_be_added(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    camera = to_cameras(qtbot, wizard)
    for count in (1, 2):
        pick_virtual_store(camera)
        camera.add_button.click()
        qtbot.waitUntil(lambda count=count: len(fresh.document.cameras) == count)
        qtbot.waitUntil(lambda count=count: camera.added.count() == count)
    assert [c.camera_id for c in fresh.document.cameras] == ["entrance", "entrance-2"]
    assert camera.form.address.text() == ""
    wizard.next()
    line = step(wizard, LINE)
    assert isinstance(line, LineStep)
    assert line.camera.isVisible()


def test_without_a_line_the_wizard_says_that_nobody_would_be_counted(
    qtbot: QtBot, fresh: Desk, wizard: SetupWizard
) -> None:
    line = to_line(qtbot, wizard, fresh)
    wizard.next()
    assert wizard.step is line
    assert "Draw a line first" in line.editor.hint.text()


def test_a_line_that_is_not_saved_yet_survives_leaving(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    line = to_line(qtbot, wizard, fresh)
    draw(qtbot, line)
    wizard.back()
    wizard.go_to(LINE)
    assert line.editor.editing is not None
    assert len(line.editor.editing.document.zones) == 1
    wizard.close()
    assert fresh.zones.draft_of("entrance") is not None


def test_a_closed_wizard_leaves_no_thread_and_no_listener(qtbot: QtBot, fresh: Desk, wizard: SetupWizard) -> None:
    camera = to_cameras(qtbot, wizard)
    pick_virtual_store(camera)
    camera.form.test()
    qtbot.waitUntil(lambda: camera.form.preview.has_picture, timeout=40_000)
    wizard.close()
    assert host_of(fresh).listeners == []

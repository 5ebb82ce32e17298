"""Today, Cameras, Health, Settings: each as its owner meets it."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, Qt
from PySide6.QtGui import QColor, QPixmap
from pytestqt.qtbot import QtBot

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.camera_discovery import CameraStreams, FoundCamera
from desktop_app.services.desk import CameraPast, Desk
from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest
from desktop_app.services.engine_view import CloudStatus
from desktop_app.services.input_size import InputSize
from desktop_app.services.ports import DeadLetter, HistoryError
from desktop_app.services.preferences import Appearance
from desktop_app.services.secret_store import camera_secret_name
from desktop_app.services.zone_store import ZoneStore
from desktop_app.ui.cameras.dialog import CameraDialog
from desktop_app.ui.cameras.page import CamerasPage
from desktop_app.ui.cameras.remove_dialog import RemoveDialog
from desktop_app.ui.main_window import MainWindow
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.settings.licences import licence_rows
from desktop_app.ui.settings.page import SettingsPage
from desktop_app.ui.today.day_words import signed
from desktop_app.ui.today.event_table import seconds_words
from shared_models.cameras import SourceKind
from shared_models.events import EventDraft, EventType
from shared_models.zones import LineZone, PolygonZone, ZonePurpose
from tests.helpers.desks import (
    Answers,
    FakeHost,
    InMemorySecrets,
    ListedDiscovery,
    PlayedSelfTest,
    host_of,
    make_desk,
    surroundings,
)
from tests.helpers.engine_fakes import grey_view


@pytest.fixture
def outbox(desk: Desk, tmp_path: Path) -> Iterator[SqliteOutbox]:
    made = SqliteOutbox(tmp_path / "outbox.sqlite3", clock=desk.ports.clock)
    yield made
    made.close()


def put(outbox: SqliteOutbox, desk: Desk, *kinds: tuple[EventType, str, float | None]) -> None:
    now = desk.ports.clock.utc_now()
    drafts = [
        EventDraft(
            type=kind, camera_id="a", zone_id=zone, zone_revision=1, occurred_at=now - timedelta(seconds=1), value=value
        )
        for kind, zone, value in kinds
    ]
    outbox.append(drafts, counters={})


# -- today


def test_today_shows_what_was_counted_and_grows_by_itself(
    qtbot: QtBot, window: MainWindow, desk: Desk, outbox: SqliteOutbox
) -> None:
    desk.zones.save("a", (LineZone(zone_id="door", name="Front door", points=((0.1, 0.5), (0.9, 0.5))),), before=())
    put(outbox, desk, (EventType.FOOTFALL_IN, "door", None), (EventType.FOOTFALL_IN, "door", None))
    window.show_page("today")
    today = window.today
    qtbot.waitUntil(lambda: today.in_figure.value == "2")
    assert today.out_figure.value == "0"
    assert today.inside_figure.value == "2"
    assert today.zones.item(0, 0).text() == "Front door"
    put(outbox, desk, (EventType.FOOTFALL_OUT, "door", None))
    today.refresh()
    qtbot.waitUntil(lambda: today.out_figure.value == "1")
    assert today.inside_figure.value == "1"
    assert today.figures is not None
    assert today.drift_figure.value == signed(today.figures.drift)
    today.inside_figure.clicked.emit()
    asked = today.stories
    assert asked is not None
    qtbot.waitUntil(lambda: asked.stories is not None)
    assert "since" in asked.windowTitle()
    assert asked.stories is not None
    assert len(asked.stories.counted) == 3


def test_dwell_and_waiting_are_shown_with_their_number(
    qtbot: QtBot, window: MainWindow, desk: Desk, outbox: SqliteOutbox
) -> None:
    put(outbox, desk, *((EventType.QUEUE_WAIT, "till", float(s)) for s in (10, 20, 30, 40, 200)))
    window.show_page("today")
    table = window.today.zones
    qtbot.waitUntil(lambda: table.rowCount() == 1)
    assert [table.item(0, column).text() for column in range(4, 7)] == ["5", "30.0 s", "3:20 min"]


def test_events_are_filtered_by_kind_and_by_a_click_on_a_zone(
    qtbot: QtBot, window: MainWindow, desk: Desk, outbox: SqliteOutbox
) -> None:
    put(
        outbox, desk, (EventType.FOOTFALL_IN, "door", None), (EventType.DWELL, "aisle", 5.0),
        (EventType.FOOTFALL_OUT, "door", None),
    )  # fmt: skip
    window.show_page("today")
    today = window.today
    qtbot.waitUntil(lambda: today.events.rowCount() == 3)
    today.kind.setCurrentIndex(today.kind.findText("Stayed"))
    today.kind.activated.emit(today.kind.currentIndex())
    assert today.events.rowCount() == 1
    assert today.events.data(today.events.index(0, 4)) == "5.0 s"
    today.kind.setCurrentIndex(0)
    row = next(r for r in range(today.zones.rowCount()) if today.zones.where(r) == ("a", "door"))
    today.zones.cellActivated.emit(row, 0)
    assert today.events.rowCount() == 2
    assert today.tabs.currentIndex() == 1


def test_a_click_on_an_hour_shows_the_events_behind_it(
    qtbot: QtBot, window: MainWindow, desk: Desk, outbox: SqliteOutbox
) -> None:
    put(outbox, desk, (EventType.FOOTFALL_IN, "door", None))
    window.show_page("today")
    today = window.today
    qtbot.waitUntil(lambda: today.events.rowCount() == 1)
    assert today.figures is not None
    busy = next(n for n, hour in enumerate(today.figures.hours) if hour.in_count)
    today.chart.hour_picked.emit((busy + 1) % len(today.figures.hours))
    assert today.events.rowCount() == 0
    today.chart.hour_picked.emit(busy)
    assert today.events.rowCount() == 1
    assert "1 in, 0 out" in today._note.text()
    today.chart.hour_picked.emit((busy + 1) % len(today.figures.hours))
    today.hour_button.click()
    assert today.events.rowCount() == 1


def test_an_hour_is_picked_by_keys(qtbot: QtBot, window: MainWindow, desk: Desk, outbox: SqliteOutbox) -> None:
    put(outbox, desk, (EventType.FOOTFALL_IN, "door", None))
    window.show_page("today")
    today = window.today
    qtbot.waitUntil(lambda: today.events.rowCount() == 1)
    assert today.figures is not None
    busy = next(n for n, hour in enumerate(today.figures.hours) if hour.in_count)
    today.chart.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(today.chart.hasFocus)
    assert today.chart.accessibleDescription().endswith("1 in, 0 out")
    other = Qt.Key.Key_Left if busy else Qt.Key.Key_Right
    back = Qt.Key.Key_Right if busy else Qt.Key.Key_Left
    qtbot.keyClick(today.chart, other)
    qtbot.keyClick(today.chart, Qt.Key.Key_Return)
    assert today.events.rowCount() == 0
    qtbot.keyClick(today.chart, back)
    qtbot.keyClick(today.chart, Qt.Key.Key_Return)
    assert today.events.rowCount() == 1
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Left):
        qtbot.keyClick(today.chart, key)
    assert today.chart.accessibleDescription().startswith("00:00")


def test_a_day_without_pictures_shows_no_zeros(qtbot: QtBot, window: MainWindow) -> None:
    window.show_page("today")
    today = window.today
    qtbot.waitUntil(lambda: today.figures is not None)
    assert today.in_figure.value == "–"
    today.day.setDate(today.day.date().addDays(-1))
    qtbot.waitUntil(lambda: today.figures is not None)
    assert (today.in_figure.value, today.coverage_figure.value) == ("–", "0%")
    assert "Nothing was counted" in today._note.text()


def test_a_day_is_saved_as_csv(
    qtbot: QtBot, window: MainWindow, desk: Desk, outbox: SqliteOutbox, tmp_path: Path
) -> None:
    put(outbox, desk, (EventType.FOOTFALL_IN, "door", None))
    window.show_page("today")
    qtbot.waitUntil(lambda: window.today.events.rowCount() == 1)
    path = tmp_path / "day.csv"
    window.today.export(path)
    qtbot.waitUntil(path.exists)
    qtbot.waitUntil(lambda: "day.csv" in window.today.banner.words)
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["event"], row["camera"]) == ("footfall_in", "Camera a")


@pytest.mark.parametrize(("seconds", "words"), [(5, "5.0 s"), (75, "1:15 min"), (3700, "1:01 h")])
def test_durations_are_said_as_people_say_them(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words


# -- cameras


@pytest.fixture
def open_dialog(qtbot: QtBot, window: MainWindow) -> Callable[[], CameraDialog]:
    def make() -> CameraDialog:
        dialog = window.cameras.dialog
        assert dialog is not None
        qtbot.waitExposed(dialog)
        return dialog

    return make


def pick(dialog: CameraDialog, kind: SourceKind) -> None:
    dialog.form.pick_kind(dialog.form.kind.findData(kind.value))


def test_a_camera_is_added_with_its_password_in_the_keyring(
    qtbot: QtBot,
    window: MainWindow,
    desk: Desk,
    engine: FakeHost,
    open_dialog: Callable[[], CameraDialog],
    tmp_path: Path,
) -> None:
    window.show_page("cameras", "add")
    dialog = open_dialog()
    qtbot.keyClicks(dialog.form.name, "Back door")
    qtbot.keyClicks(dialog.form.address, "rtsp://10.0.0.9/live")
    qtbot.keyClicks(dialog.form.user, "admin")
    qtbot.keyClicks(dialog.form.password, "pa ss")
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: desk.document.camera("back-door") is not None)
    qtbot.waitUntil(lambda: window.cameras.table.rowCount() == 5)
    assert engine.configs[-1].cameras[-1].source.reveal() == "rtsp://admin:pa%20ss@10.0.0.9/live"
    assert "pa%20ss" not in (tmp_path / "store.json").read_text()


def test_a_password_typed_into_the_address_goes_to_the_keyring_too(
    qtbot: QtBot, window: MainWindow, desk: Desk, open_dialog: Callable[[], CameraDialog]
) -> None:
    window.show_page("cameras", "add")
    dialog = open_dialog()
    qtbot.keyClicks(dialog.form.address, "rtsp://admin:hunter2@10.0.0.9/live")
    dialog.save_button.click()
    qtbot.waitUntil(lambda: len(desk.document.cameras) == 5)
    assert desk.document.cameras[-1].source == "rtsp://10.0.0.9/live"
    assert isinstance(desk.ports.secrets, InMemorySecrets)
    camera_id = desk.document.cameras[-1].camera_id
    assert desk.ports.secrets.kept[camera_secret_name(camera_id)] == "admin:hunter2"


@pytest.mark.parametrize(
    ("address", "words"), [("", "address"), ("gopher://x", "not known"), ("virtual-store://x y", "")]
)
def test_an_address_that_cannot_be_one_is_refused_in_words(
    qtbot: QtBot, window: MainWindow, open_dialog: Callable[[], CameraDialog], address: str, words: str, desk: Desk
) -> None:
    window.show_page("cameras", "add")
    dialog = open_dialog()
    dialog.form.address.setText(address)
    if words:
        dialog.save_button.click()
        assert words in dialog.form.words.text()
    else:
        dialog.form.test()
        assert "no scene" in dialog.form.words.text()
    assert len(desk.document.cameras) == 4
    dialog.reject()


def test_a_camera_is_tested_with_its_live_picture(
    qtbot: QtBot, window: MainWindow, open_dialog: Callable[[], CameraDialog]
) -> None:
    window.show_page("cameras", "add")
    dialog = open_dialog()
    pick(dialog, SourceKind.VIRTUAL_STORE)
    dialog.form.found.itemClicked.emit(dialog.form.found.item(0))
    assert dialog.form.name.text() == "Entrance"
    with qtbot.waitSignal(dialog.form.tested, timeout=40_000):
        dialog.form.test_button.click()
    assert dialog.form.preview.has_picture
    assert "640 x 360" in dialog.form.preview.words
    dialog.reject()


def test_a_camera_that_cannot_be_seen_says_why(
    qtbot: QtBot, window: MainWindow, open_dialog: Callable[[], CameraDialog], tmp_path: Path
) -> None:
    window.show_page("cameras", "add")
    dialog = open_dialog()
    pick(dialog, SourceKind.FILE)
    dialog.form.address.setText(str(tmp_path / "no-such-film.mp4"))
    dialog.form.test()
    qtbot.waitUntil(lambda: "no-such-film" in dialog.form.preview.words, timeout=40_000)
    dialog.reject()


def test_a_window_that_is_closed_over_a_test_leaves_no_thread(
    qtbot: QtBot, window: MainWindow, open_dialog: Callable[[], CameraDialog]
) -> None:
    window.show_page("cameras", "add")
    dialog = open_dialog()
    pick(dialog, SourceKind.VIRTUAL_STORE)
    dialog.form.found.itemClicked.emit(dialog.form.found.item(0))
    dialog.form.test()
    qtbot.waitUntil(lambda: dialog.form.preview.has_picture, timeout=40_000)
    window.quit_for_good()


def test_cameras_of_a_file_are_shown_and_can_be_kept(
    qtbot: QtBot, tmp_path: Path, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    plain = make_desk(tmp_path / "played", "a")
    folder = tmp_path / "from-file"
    fixed = Desk(plain.ports, data_dir=folder, zones=ZoneStore(folder), fixed=plain.document, fixed_secrets={})
    window = open_window(surroundings(fixed))
    window.show_page("cameras")
    page = window.cameras
    assert "come from the file" in page.banner.words
    assert not page.add_button.isEnabled()
    assert not page.edit_button.isEnabled()
    page.take_over()
    qtbot.waitUntil(lambda: "first picture" in page.banner.words)
    host_of(plain).show(grey_view("a"))
    page.take_over()
    qtbot.waitUntil(lambda: "own cameras" in page.banner.words)
    assert (folder / "store.json").exists()


def test_cameras_on_the_network_and_on_usb_are_offered(
    qtbot: QtBot, window: MainWindow, desk: Desk, open_dialog: Callable[[], CameraDialog]
) -> None:
    assert isinstance(desk.ports.discovery, ListedDiscovery)
    desk.ports.discovery.network = [FoundCamera("Front Door", "rtsp://192.168.1.101:554/", is_guess=True)]
    desk.ports.discovery.usb = [FoundCamera("Webcam", "usb://0")]
    window.show_page("cameras", "add")
    dialog = open_dialog()
    dialog.form.search_button.click()
    qtbot.waitUntil(lambda: dialog.form.found.count() == 1)
    dialog.form.found.itemClicked.emit(dialog.form.found.item(0))
    assert dialog.form.address.text() == "rtsp://192.168.1.101:554/"
    assert "path of its stream" in dialog.form._found_words.text()
    pick(dialog, SourceKind.USB)
    dialog.form.search_button.click()
    qtbot.waitUntil(lambda: dialog.form.found.count() == 1)
    dialog.reject()


def test_a_camera_that_was_found_is_asked_for_its_streams_with_the_password_that_was_typed(
    qtbot: QtBot, window: MainWindow, desk: Desk, open_dialog: Callable[[], CameraDialog]
) -> None:
    discovery = desk.ports.discovery
    assert isinstance(discovery, ListedDiscovery)
    service = "http://192.168.1.101/onvif/device_service"
    discovery.network = [FoundCamera("Front Door", "rtsp://192.168.1.101:554/", is_guess=True, service=service)]
    main, small = "virtual-store://entrance?seed=7", "virtual-store://aisle?seed=7"
    window.show_page("cameras", "add")
    dialog = open_dialog()
    form = dialog.form
    form.search_button.click()
    qtbot.waitUntil(lambda: form.found.count() == 1)
    form.found.setCurrentRow(0)
    form.found.itemClicked.emit(form.found.item(0))
    assert "user and password" in form._found_words.text()
    form.test_button.click()
    qtbot.waitUntil(lambda: "refuses this user name" in form.words.text())
    assert form.address.text() == "rtsp://192.168.1.101:554/", "what was picked can be tried again"
    picture = QPixmap(64, 36)
    picture.fill(QColor("#336699"))
    buffer = QBuffer()
    picture.save(buffer, "JPEG")  # type: ignore[call-overload]
    discovery.told = CameraStreams(main, small, picture=bytes(buffer.data().data()))
    form.user.setText("admin")
    form.test_button.click()
    qtbot.waitUntil(lambda: form.preview.has_picture)
    assert (form.address.text(), form.substream.text()) == (main, small)
    assert not form.found.item(0).icon().isNull()
    assert discovery.asked == [f"{service} ", f"{service} admin"]
    form.test_button.click()
    assert len(discovery.asked) == 2, "it has told already"
    dialog.reject()


def test_fields_that_few_people_need_are_shown_when_asked_for_or_when_they_are_not_as_usual(
    window: MainWindow, desk: Desk, open_dialog: Callable[[], CameraDialog]
) -> None:
    window.show_page("cameras", "add")
    form = open_dialog().form
    assert not form.rate.isVisible()
    assert not form.substream.isVisible()
    form.more.click()
    assert form.rate.isVisible()
    assert form.substream.isVisible()
    form.show_camera(desk.document.cameras[0])
    assert not form.more.isChecked()
    form.show_camera(desk.document.cameras[0].model_copy(update={"rotation": 180}))
    assert form.rotation.isVisible()
    form.show_camera(desk.document.cameras[0].model_copy(update={"input_size": InputSize.WIDE}))
    assert form.input_size.isVisible()
    assert form.read(desk.document).camera.input_size is InputSize.WIDE
    form.show_camera(desk.document.cameras[0])
    assert form.read(desk.document).camera.input_size is InputSize.AUTOMATIC
    assert window.cameras.dialog is not None
    window.cameras.dialog.reject()


def test_a_camera_is_edited_paused_and_removed(
    qtbot: QtBot, window: MainWindow, desk: Desk, open_dialog: Callable[[], CameraDialog]
) -> None:
    window.show_page("cameras", "b")
    page = window.cameras
    page.edit_button.click()
    dialog = open_dialog()
    assert dialog.form.name.text() == "Camera b"
    dialog.form.name.setText("Side door")
    dialog.save_button.click()
    qtbot.waitUntil(lambda: desk.document.cameras[1].name == "Side door")
    qtbot.waitUntil(lambda: page.pause_button.isEnabled())
    page.pause_button.click()
    qtbot.waitUntil(lambda: not desk.document.cameras[1].is_enabled)
    qtbot.waitUntil(lambda: page.pause_button.text() == "Count again")
    page.remove_button.click()
    asked = page.dialog
    assert isinstance(asked, RemoveDialog)
    assert asked.windowTitle() == "Remove 'Side door'?"
    assert asked.choices[CameraPast.KEEP].isChecked()
    asked.reject()
    assert len(desk.document.cameras) == 4
    page.remove_button.click()
    asked = page.dialog
    assert isinstance(asked, RemoveDialog)
    asked.remove_button.click()
    qtbot.waitUntil(lambda: len(desk.document.cameras) == 3)


def test_another_camera_that_is_picked_brings_its_name_unless_one_was_typed(
    window: MainWindow, open_dialog: Callable[[], CameraDialog]
) -> None:
    window.show_page("cameras", "add")
    form = open_dialog().form
    form.show_found([FoundCamera("Door", "rtsp://10.0.0.1/live"), FoundCamera("Till", "rtsp://10.0.0.2/live")])
    for row, name in ((0, "Door"), (1, "Till")):
        form.found.itemClicked.emit(form.found.item(row))
        assert form.name.text() == name
    form.name.setText("Mine")
    form.found.itemClicked.emit(form.found.item(0))
    assert form.name.text() == "Mine"
    assert window.cameras.dialog is not None
    window.cameras.dialog.reject()


def remove(page: CamerasPage, past: CameraPast = CameraPast.KEEP) -> None:
    page.remove_button.click()
    asked = page.dialog
    assert isinstance(asked, RemoveDialog)
    asked.choices[past].setChecked(True)
    asked.remove_button.click()


def test_a_removed_camera_is_brought_back_by_the_notice_or_by_undo(
    qtbot: QtBot, window: MainWindow, desk: Desk
) -> None:
    page, before = window.cameras, desk.document
    window.show_page("cameras", "b")
    remove(page)
    qtbot.waitUntil(lambda: "'Camera b' was removed" in page.banner.words)
    window.show_status()
    page.banner.buttons[0].click()
    qtbot.waitUntil(lambda: desk.document == before)
    qtbot.waitUntil(lambda: page.remove_button.isEnabled() and page.banner.words == "")
    window.show_status()
    assert page.selected == "b"

    for camera_id in ("b", "c"):
        window.show_page("cameras", camera_id)
        remove(page)
        qtbot.waitUntil(lambda: bool(page.banner.buttons) and page.remove_button.isEnabled())
        window.show_status()
    window.show_page("live")
    assert not window.actions_by_name["undo"].isEnabled(), "what is undone is on the screen"
    window.show_page("cameras")
    assert window.actions_by_name["undo"].text() == "&Undo: Remove 'Camera c'"
    window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: window.actions_by_name["undo"].text() == "&Undo: Remove 'Camera b'")
    window.actions_by_name["undo"].trigger()
    qtbot.waitUntil(lambda: not window.actions_by_name["undo"].isEnabled())
    assert desk.document == before


def test_what_was_forgotten_on_purpose_stays_forgotten(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    page, forgotten = window.cameras, []
    desk.past.forget = forgotten.append  # type: ignore[method-assign]
    window.show_page("cameras", "b")
    remove(page, CameraPast.FORGET_WAYS)
    qtbot.waitUntil(lambda: "ways are forgotten" in page.banner.words)
    assert forgotten == ["b"]
    page.undo()
    qtbot.waitUntil(lambda: "stays forgotten" in page.banner.words)


def test_a_camera_whose_past_could_not_be_forgotten_can_be_brought_back(
    qtbot: QtBot, window: MainWindow, desk: Desk
) -> None:
    def refuse(_camera_id: str) -> None:
        raise HistoryError("The history is locked; try again.")

    desk.past.forget = refuse  # type: ignore[method-assign]
    page = window.cameras
    window.show_page("cameras", "b")
    remove(page, CameraPast.FORGET_WAYS)
    qtbot.waitUntil(lambda: "locked" in page.banner.words)
    qtbot.waitUntil(lambda: window.actions_by_name["undo"].isEnabled())


def test_without_a_keyring_the_owner_is_asked_before_a_password_is_written(
    qtbot: QtBot, window: MainWindow, desk: Desk, answers: Answers, open_dialog: Callable[[], CameraDialog]
) -> None:
    assert isinstance(desk.ports.secrets, InMemorySecrets)
    desk.ports.secrets.needs_consent = True
    answers.yes = False
    window.show_page("cameras", "add")
    dialog = open_dialog()
    dialog.form.address.setText("rtsp://u:p@10.0.0.9/live")
    dialog.save_button.click()
    assert "no place" in window.cameras.banner.words
    assert len(desk.document.cameras) == 4
    assert answers.asked == ["Keep the password in a file?"]
    answers.yes = True
    window.cameras.add_camera()
    dialog = open_dialog()
    dialog.form.address.setText("rtsp://u:p@10.0.0.9/live")
    dialog.save_button.click()
    qtbot.waitUntil(lambda: len(desk.document.cameras) == 5)
    assert desk.preferences.is_secret_file_allowed


# -- health


def test_health_shows_what_waits_what_was_refused_and_sends_it_again(
    qtbot: QtBot, window: MainWindow, engine: FakeHost, desk: Desk
) -> None:
    now = desk.ports.clock.utc_now()
    engine.letters = [DeadLetter(7, "id", '{"type": "dwell"}', "zone is not known")]
    engine.cloud = CloudStatus(
        False,
        12,
        1,
        "The cloud cannot be reached.",
        last_success_at=now - timedelta(minutes=5),
        oldest_at=now - timedelta(hours=3),
    )
    window.show_page("health")
    health = window.health
    window.show_status()
    assert [f.value for f in (health.waiting_figure, health.oldest_figure, health.sync_figure, health.refused_figure)] == [
        "12", "3 h", "5 min", "1",
    ]  # fmt: skip
    qtbot.waitUntil(lambda: health.letters.rowCount() == 1)
    assert health.letters.item(0, 1).text() == "zone is not known"
    health.retry_button.click()
    qtbot.waitUntil(lambda: engine.letters == [])
    qtbot.waitUntil(lambda: "Sent again: 1" in health.banner.words)
    qtbot.waitUntil(lambda: health.disk_figure.value.endswith("GB"))


def self_test_of(desk: Desk) -> PlayedSelfTest:
    assert isinstance(desk.ports.self_test, PlayedSelfTest)
    return desk.ports.self_test


def test_the_detector_is_tested_again_with_progress_and_its_result_is_a_table(
    qtbot: QtBot, window: MainWindow, desk: Desk
) -> None:
    window.show_page("health")
    window.health.tabs.setCurrentIndex(2)
    tab = window.health.detector
    qtbot.waitUntil(lambda: "not tested" in tab.words.text())
    tab.button.click()
    qtbot.waitUntil(tab.bar.isVisible)
    assert tab.button.text() == "Stop the test"
    self_test_of(desk).may_go_on.set()
    qtbot.waitUntil(lambda: tab.table.rowCount() == 2)
    assert [tab.table.item(row, 2).text() for row in range(2)] == ["12", "5"]
    assert "CPU, f32, 2 pictures at once" in tab.words.text()
    qtbot.waitUntil(lambda: tab.button.text() == "Test again")


def test_the_detector_tab_says_that_it_is_another_model_than_it_should_be(
    qtbot: QtBot, window: MainWindow, engine: FakeHost
) -> None:
    engine.warning = "The model ours should be used, but its file is damaged."
    window.show_page("health")
    window.health.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: window.health.detector.words.text().startswith(engine.warning))


def test_the_detector_tab_says_with_which_input_each_camera_is_looked_at(window: MainWindow, desk: Desk) -> None:
    door, *others = desk.status().cameras
    tab = window.health.detector
    tab.show_cameras([replace(door, label="Door", input_side=416), *others])
    assert tab.cameras.text() == "Picture width looked at now: Door 416."
    tab.show_cameras(others)
    assert tab.cameras.text() == ""


def test_a_self_test_is_stopped_and_the_last_result_stays(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    self_test_of(desk).last = RuntimeTest("this", "0" * 64, DetectorRuntime(), {416: 10.0})
    window.show_page("health")
    window.health.tabs.setCurrentIndex(2)
    tab = window.health.detector
    qtbot.waitUntil(lambda: tab.table.rowCount() == 1)
    tab.button.click()
    qtbot.waitUntil(tab.bar.isVisible)
    tab.button.click()
    qtbot.waitUntil(lambda: tab.button.text() == "Test again" and tab.button.isEnabled())
    qtbot.waitUntil(lambda: "runs best" in tab.words.text())
    assert tab.table.item(0, 1).text() == "10"


def test_without_a_model_the_self_test_says_what_to_do(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    self_test_of(desk).is_broken = True
    window.show_page("health")
    window.health.tabs.setCurrentIndex(2)
    qtbot.waitUntil(lambda: "models list" in window.health.detector.words.text())


def test_a_window_that_is_closed_over_a_self_test_leaves_no_thread(
    qtbot: QtBot, around: Surroundings, open_window: Callable[[Surroundings], MainWindow]
) -> None:
    window = open_window(around)
    window.show_page("health")
    window.health.tabs.setCurrentIndex(2)
    window.health.detector.button.click()
    qtbot.waitUntil(window.health.detector.bar.isVisible)
    window.quit_for_good()


def test_health_tells_when_the_cloud_was_heard_and_that_a_clock_is_wrong(
    qtbot: QtBot, window: MainWindow, engine: FakeHost, desk: Desk
) -> None:
    now = desk.ports.clock.utc_now()
    engine.cloud = CloudStatus(True, 0, 0, "All events are in the cloud.", heard_at=now, clock_offset_s=-3720.0)
    window.show_page("health")
    qtbot.waitUntil(lambda: "wrong by 1:02 h" in window.health.cloud_words.text())
    assert "The cloud answered" in window.health.cloud_words.text()


def test_the_log_is_shown_without_secrets_and_can_be_filtered(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    desk.log_path.parent.mkdir(parents=True)
    desk.log_path.write_text("t INFO x: all well\nt WARNING x: rtsp://admin:hunter2@10.0.0.3 is gone\n")
    window.show_page("health")
    health = window.health
    health.tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "all well" in health.log.toPlainText())
    assert "hunter2" not in health.log.toPlainText()
    health.level.setCurrentIndex(1)
    health.level.activated.emit(1)
    assert "all well" not in health.log.toPlainText()
    assert "is gone" in health.log.toPlainText()


def test_a_report_for_support_is_saved(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.show_page("health")
    path = tmp_path / "report.zip"
    window.health.save_report(path)
    qtbot.waitUntil(lambda: "report.zip" in window.health.banner.words)
    assert zipfile.ZipFile(path).namelist() == ["facts.json", "wink.log"]


# -- settings


def test_the_appearance_is_switched_at_once_and_kept(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    window.show_page("settings")
    settings = window.settings
    settings.appearance.setCurrentIndex(settings.appearance.findData(Appearance.DARK.value))
    settings.appearance.activated.emit(settings.appearance.currentIndex())
    assert window.around.theme.is_dark
    assert desk.preferences.appearance is Appearance.DARK
    assert window.actions_by_name["look_dark"].isChecked()
    window.actions_by_name["look_light"].trigger()
    assert not window.around.theme.is_dark
    assert settings.appearance.currentData() == Appearance.LIGHT.value


def test_privacy_is_the_same_switch_on_both_screens(qtbot: QtBot, window: MainWindow, desk: Desk) -> None:
    window.show_page("settings")
    window.settings.hide_people.click()
    window.show_page("live")
    assert window.live.options.privacy
    window.live.actions_by_name["privacy"].trigger()
    assert not desk.preferences.are_people_hidden
    window.show_page("settings")
    assert not window.settings.hide_people.isChecked()


def test_pairing_connects_and_disconnecting_asks(
    qtbot: QtBot, window: MainWindow, desk: Desk, answers: Answers
) -> None:
    window.show_page("settings")
    settings = window.settings
    form = settings.pairing
    form.url.setText("cloud.example.com")
    form.code.setText("nope")
    form.button.click()
    assert "8 letters" in form.words.text()
    form.code.setText("WRONGONE")
    form.button.click()
    qtbot.waitUntil(lambda: "does not know" in form.words.text())
    form.code.setText("abcd-efgh")
    form.button.click()
    qtbot.waitUntil(lambda: desk.document.cloud_url == "https://cloud.example.com")
    qtbot.waitUntil(settings.leave_button.isVisible)
    assert not form.isVisible()
    settings.leave_button.click()
    qtbot.waitUntil(lambda: desk.document.cloud_url is None)
    qtbot.waitUntil(form.isVisible)
    assert answers.asked == ["Disconnect from the cloud?"]


def test_detection_retention_and_autostart_hold_at_once(
    qtbot: QtBot, window: MainWindow, desk: Desk, engine: FakeHost, answers: Answers
) -> None:
    window.show_page("settings")
    settings = window.settings
    settings.profile.setCurrentIndex(settings.profile.findData("gentle"))
    settings.profile.activated.emit(settings.profile.currentIndex())
    qtbot.waitUntil(lambda: bool(engine.configs))
    assert {c.target_fps for c in engine.configs[-1].cameras} == {3.0}
    assert settings.keep_alone.isVisibleTo(settings)
    assert not settings.keep.isVisibleTo(settings)
    settings.keep_alone.setCurrentIndex(settings.keep_alone.findData(92))
    settings.keep_alone.activated.emit(settings.keep_alone.currentIndex())
    qtbot.waitUntil(lambda: bool(engine.pruned))
    assert answers.asked == ["Forget older events?"]
    assert desk.ports.clock.utc_now() - engine.pruned[0] < timedelta(days=92, minutes=1)
    assert engine.was_alone == [True], "without a cloud nobody else will ever forget them"
    settings.autostart.click()
    assert desk.ports.autostart.is_on()
    settings.autostart.click()
    assert not desk.ports.autostart.is_on()


def test_with_a_cloud_only_what_it_has_is_forgotten_sooner(
    qtbot: QtBot, window: MainWindow, desk: Desk, engine: FakeHost
) -> None:
    desk.enrol(cloud_url="cloud.example.com", code="abcdefgh", device_name="x")
    window.show_page("settings")
    settings = window.settings
    qtbot.waitUntil(lambda: settings.keep.isVisibleTo(settings))
    assert not settings.keep_alone.isVisibleTo(settings)
    settings.keep.setCurrentIndex(settings.keep.findData(7))
    settings.keep.activated.emit(settings.keep.currentIndex())
    qtbot.waitUntil(lambda: bool(engine.pruned))
    assert desk.ports.clock.utc_now() - engine.pruned[0] < timedelta(days=7, minutes=1)
    assert engine.was_alone == [False]


def test_an_owner_who_thinks_better_of_forgetting_keeps_everything(
    window: MainWindow, desk: Desk, engine: FakeHost, answers: Answers
) -> None:
    answers.yes = False
    window.show_page("settings")
    settings = window.settings
    settings.keep_alone.setCurrentIndex(settings.keep_alone.findData(92))
    settings.keep_alone.activated.emit(settings.keep_alone.currentIndex())
    assert settings.keep_alone.currentData() == 400
    assert engine.pruned == []


def test_the_licences_of_all_parts_are_named() -> None:
    rows = {name.lower(): licence for name, _, licence in licence_rows()}
    assert "pyqtgraph" in rows
    assert "LGPL" in rows["pyside6_essentials"] or "LGPL" in rows.get("pyside6-essentials", "")
    assert all(rows.values())


def test_an_ignored_area_keeps_its_purpose_through_the_files(desk: Desk) -> None:
    area = PolygonZone(
        zone_id="poster", points=((0.1, 0.1), (0.2, 0.1), (0.2, 0.2)), purpose=ZonePurpose.IGNORE
    )  # fmt: skip
    desk.save_zones("a", [area])
    assert desk.zones_of("a") == (area,)


def test_name_time_zone_and_hour_of_a_shop_are_typed_in_settings_and_a_wrong_zone_is_told(
    qtbot: QtBot, tmp_path: Path
) -> None:
    desk = make_desk(tmp_path, "a")
    page = SettingsPage(surroundings(desk))
    qtbot.addWidget(page)
    page.show()
    shop = page.shop
    assert (shop.zone.currentText(), shop.reset.currentText()) == ("Europe/Berlin", "04:00")
    shop.name.setText("Corner shop")
    shop.name.editingFinished.emit()
    qtbot.waitUntil(lambda: desk.document.store_name == "Corner shop")
    assert desk.document.time_zone == "", "the laptop's own zone is not written down by naming the shop"
    typed = shop.zone.lineEdit()
    assert typed is not None
    typed.setText("Amerika/New_York")
    typed.editingFinished.emit()
    assert "did you mean America/New_York" in page.banner.words
    assert str(desk.zone) == "Europe/Berlin"
    typed.setText("new york")
    typed.editingFinished.emit()
    qtbot.waitUntil(lambda: str(desk.zone) == "America/New_York")
    qtbot.waitUntil(lambda: "choose Europe/Berlin again" in page.banner.words)
    assert shop.zone.currentText() == "America/New_York"
    shop.reset.setCurrentIndex(6)
    shop.reset.activated.emit(6)
    qtbot.waitUntil(lambda: desk.time.reset_hour == 6)
    page.close_page()


def test_with_a_cloud_name_and_time_of_a_shop_are_shown_with_where_they_are_set(qtbot: QtBot, tmp_path: Path) -> None:
    desk = make_desk(tmp_path, "a")
    desk.enrol(cloud_url="https://cloud.example.com", code="ABCDEFGH", device_name="x")
    page = SettingsPage(surroundings(desk))
    qtbot.addWidget(page)
    shop = page.shop
    assert (shop.name.text(), shop.zone.currentText(), shop.reset.currentText()) == (
        "High Street", "America/New_York", "05:00",
    )  # fmt: skip
    assert not any(field.isEnabled() for field in (shop.name, shop.zone, shop.reset))
    assert "set in the cloud" in shop.words.text()
    page.close_page()

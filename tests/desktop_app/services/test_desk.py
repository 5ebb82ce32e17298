"""The program behind the window, over a played outside."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desktop_app.services.autostart import (
    FileAutostart,
    autostart_for,
    desktop_entry,
    launch_agent,
    registry_value,
)
from desktop_app.services.desk import Desk
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.enrolment import EnrolmentError, clean_cloud_url, clean_code
from desktop_app.services.preferences import DetectionProfile, PreferencesFile
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.secret_store import EDGE_KEY_NAME, SecretStoreError, camera_secret_name
from desktop_app.services.store_document import StoredCamera, StoreDocumentError, StoreFile, joined_credentials
from desktop_app.services.store_times import StoreTimes
from desktop_app.services.support_report import clean, tail
from desktop_app.services.zone_store import ZoneStore
from shared_models.enrolment import StoreFacts
from shared_models.store_time import StoreTime
from shared_models.zones import LineZone
from tests.helpers.desks import InMemorySecrets, ScriptedEnrolment, host_of, make_desk
from tests.helpers.engine_fakes import grey_view


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path, "a", "b")


def secrets_of(desk: Desk) -> InMemorySecrets:
    assert isinstance(desk.ports.secrets, InMemorySecrets)
    return desk.ports.secrets


def test_a_new_camera_reaches_the_engine_with_its_password_and_the_file_without(desk: Desk, tmp_path: Path) -> None:
    camera = StoredCamera(camera_id="c", source="rtsp://10.0.0.3/live")
    secret = {camera_secret_name("c"): joined_credentials("admin", "s3cret")}
    desk.save_store(desk.document.with_camera(camera), secrets=secret)
    (config,) = host_of(desk).configs
    assert config.cameras[-1].source.reveal() == "rtsp://admin:s3cret@10.0.0.3/live"
    assert "s3cret" not in (tmp_path / "store.json").read_text()


def test_where_the_keyring_is_locked_nothing_is_changed(desk: Desk) -> None:
    secrets_of(desk).is_locked = True
    before = desk.document
    camera = StoredCamera(camera_id="c", source="rtsp://10.0.0.3/live")
    with pytest.raises(SecretStoreError, match="unlock"):
        desk.save_store(before.with_camera(camera), secrets={camera_secret_name("c"): "x:y"})
    assert desk.document == before
    assert host_of(desk).configs == []


def test_a_changed_name_alone_does_not_stop_the_cameras(desk: Desk) -> None:
    desk.save_store(desk.document.model_copy(update={"store_name": "New name"}))
    assert host_of(desk).configs == []


def test_paused_cameras_are_shown_and_not_run(desk: Desk) -> None:
    camera = desk.document.cameras[0].model_copy(update={"is_enabled": False})
    desk.save_store(desk.document.with_camera(camera))
    assert [c.camera_id for c in host_of(desk).configs[-1].cameras] == ["b"]
    host_of(desk).conditions.pop("a")
    paused = desk.status().cameras[0]
    assert (paused.camera_id, paused.condition, paused.words) == ("a", CameraCondition.STOPPED, "Paused.")


def test_an_engine_that_cannot_start_is_said_at_each_camera(desk: Desk) -> None:
    host = host_of(desk)
    host.conditions.clear()
    host.trouble = "No detection model is installed."
    assert {c.words for c in desk.status().cameras} == {"No detection model is installed."}


def test_cameras_of_a_file_are_shown_while_they_are_being_started(desk: Desk, tmp_path: Path) -> None:
    fixed = Desk(desk.ports, data_dir=tmp_path, zones=desk.zones, fixed=desk.document)
    host_of(desk).conditions.clear()
    assert [(c.camera_id, c.condition) for c in fixed.status().cameras] == [
        ("a", CameraCondition.STARTING),
        ("b", CameraCondition.STARTING),
    ]


def test_pairing_keeps_the_key_secret_and_connects(desk: Desk, tmp_path: Path) -> None:
    desk.enrol(cloud_url="cloud.example.com/", code="abcd-efgh", device_name="Till laptop")
    assert desk.document.cloud_url == "https://cloud.example.com"
    assert desk.document.store_name == "High Street"
    assert desk.time == StoreTime(ZoneInfo("America/New_York"), 5), (
        "a store's day is its own, wherever its laptop was set up"
    )
    assert secrets_of(desk).kept[EDGE_KEY_NAME].startswith("edge_store_")
    config = host_of(desk).configs[-1]
    assert config.edge_key is not None
    assert "secret-of-the-store" not in (tmp_path / "store.json").read_text()
    desk.leave_cloud()
    assert host_of(desk).configs[-1].api_url is None
    assert EDGE_KEY_NAME not in secrets_of(desk).kept


@pytest.mark.parametrize("code", ["", "ABC", "ABCDEFGHI", "ABCD!FGH"])
def test_a_code_that_cannot_be_one_is_refused_before_the_cloud_is_asked(desk: Desk, code: str) -> None:
    with pytest.raises(EnrolmentError, match="8 letters"):
        desk.enrol(cloud_url="https://c.example", code=code, device_name="x")
    assert isinstance(desk.ports.enrolment, ScriptedEnrolment)
    assert desk.ports.enrolment.asked == []


def test_addresses_and_codes_are_cleaned_as_people_type_them() -> None:
    assert clean_code(" abcd efgh ") == "ABCDEFGH"
    assert clean_cloud_url(" wink.example.com/ ") == "https://wink.example.com"
    assert clean_cloud_url("http://127.0.0.1:8000") == "http://127.0.0.1:8000"
    for wrong in ("", "ftp://x", "https://user:pw@host", "two words"):
        with pytest.raises(EnrolmentError, match="web address"):
            clean_cloud_url(wrong)


def test_a_removed_camera_takes_its_zones_and_password_along(desk: Desk) -> None:
    secrets_of(desk).kept[camera_secret_name("a")] = "x:y"
    desk.save_zones("a", [LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))])
    desk.remove_camera("a")
    assert [c.camera_id for c in desk.document.cameras] == ["b"]
    assert camera_secret_name("a") not in secrets_of(desk).kept
    assert desk.zones.zones_of("a") is None


def test_a_camera_that_was_removed_comes_back_as_it_was(desk: Desk) -> None:
    secrets_of(desk).kept[camera_secret_name("a")] = "x:y"
    line = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))
    desk.save_zones("a", [line])
    saved = desk.save_zones("a", [line.flipped()])
    desk.zones.keep_draft("a", [line])
    before = desk.document
    removed = desk.remove_camera("a")
    assert removed is not None
    assert "x:y" not in repr(removed), "a password is in no repr"
    desk.bring_back(removed)
    assert desk.document == before, "in its place in the list, not at its end"
    assert desk.zones.zones_of("a") == saved
    assert desk.zones.draft_of("a") == (line,)
    assert secrets_of(desk).kept[camera_secret_name("a")] == "x:y"
    assert [c.camera_id for c in host_of(desk).configs[-1].cameras] == ["a", "b"]
    assert StoreFile(desk.data_dir / "store.json").read() == before
    assert desk.remove_camera("nobody") is None


def test_a_camera_does_not_come_back_over_another_that_has_its_id_by_now(desk: Desk) -> None:
    removed = desk.remove_camera("a")
    assert removed is not None
    other = StoredCamera(camera_id="a", name="Another", source="usb://0")
    desk.save_store(desk.document.with_camera(other))
    with pytest.raises(StoreDocumentError, match="another camera was added since"):
        desk.bring_back(removed)
    assert desk.document.camera("a") == other


def test_saved_zones_reach_the_running_engine_with_their_revision(desk: Desk) -> None:
    line = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))
    desk.save_zones("a", [line])
    saved = desk.save_zones("a", [line.flipped()])
    assert saved[0].revision == 2
    assert host_of(desk).applied[-1] == ("a", saved)


def test_zones_of_a_configuration_are_shown_until_others_are_drawn(desk: Desk) -> None:
    host_of(desk).show(grey_view("a"))
    assert [z.zone_id for z in desk.zones_of("a")] == ["door"]
    changed = desk.zones_of("a")[0].model_copy(update={"name": "Entrance"})
    saved = desk.save_zones("a", [changed])
    assert (saved[0].revision, desk.label("a", "door")) == (2, "Entrance")


def test_a_detection_profile_changes_every_cameras_rate(desk: Desk) -> None:
    thorough = desk.preferences.model_copy(update={"profile": DetectionProfile.THOROUGH})
    assert desk.set_preferences(thorough)
    desk.start()
    assert {c.target_fps for c in host_of(desk).configs[-1].cameras} == {8.0}
    assert not desk.set_preferences(thorough.model_copy(update={"keep_days": 7}))


def test_the_organisations_wish_holds_on_screens_until_somebody_here_chooses(desk: Desk, tmp_path: Path) -> None:
    desk.heed(hides_people=None)
    assert not desk.preferences.are_people_hidden
    desk.heed(hides_people=True)
    assert desk.preferences.are_people_hidden
    assert PreferencesFile(tmp_path / "preferences.json").read().are_people_hidden
    desk.heed(hides_people=False)
    assert not desk.preferences.are_people_hidden
    desk.set_preferences(desk.preferences.hiding(False))
    desk.heed(hides_people=True)
    assert not desk.preferences.are_people_hidden


def test_a_program_started_from_a_file_keeps_its_hands_off_the_store(desk: Desk, tmp_path: Path) -> None:
    fixed = Desk(desk.ports, data_dir=tmp_path, zones=desk.zones, fixed=desk.document)
    written = (tmp_path / "store.json").read_text()
    fixed.note_store(desk.document.model_copy(update={"store_name": "x"}))
    fixed.start()
    assert not fixed.is_editable
    assert (tmp_path / "store.json").read_text() == written
    assert host_of(desk).configs == []


def test_the_cameras_of_a_file_become_the_programs_own(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "from-file"
    secret = {camera_secret_name("a"): "admin:x"}
    fixed = Desk(desk.ports, data_dir=folder, zones=ZoneStore(folder), fixed=desk.document, fixed_secrets=secret)
    with pytest.raises(StoreDocumentError, match="first picture"):
        fixed.take_over()
    for camera_id in ("a", "b"):
        host_of(desk).show(grey_view(camera_id))
    fixed.take_over()
    assert StoreFile(folder / "store.json").read() == desk.document
    assert [z.zone_id for z in ZoneStore(folder).zones_of("a") or ()] == ["door"]
    assert secrets_of(desk).kept == secret
    with pytest.raises(StoreDocumentError, match="of its own already"):
        fixed.take_over()
    assert not Desk(desk.ports, data_dir=folder, zones=ZoneStore(folder), fixed=desk.document).can_take_over


def test_the_support_report_holds_no_secret(desk: Desk, tmp_path: Path) -> None:
    secrets_of(desk).kept[camera_secret_name("a")] = joined_credentials("admin", "hunter22")
    secrets_of(desk).kept[EDGE_KEY_NAME] = "edge_store_abcdef123456"
    desk.log_path.parent.mkdir(parents=True)
    desk.log_path.write_text(
        "2026 INFO x: rtsp://admin:hunter22@10.0.0.3/live opened\n"
        "2026 WARNING x: X-EDGE-KEY edge_store_abcdef123456 refused, plain hunter22\n"
        '2026 INFO x: {"password": "other-secret"}\n'
    )
    with zipfile.ZipFile(io.BytesIO(desk.support_report())) as archive:
        names = archive.namelist()
        text = "".join(archive.read(name).decode() for name in names)
    assert names == ["facts.json", "wink.log"]
    assert "Camera a" in text
    for secret in ("hunter22", "abcdef123456", "other-secret"):
        assert secret not in text


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("password=abc123 next", "abc123"),
        ('"edge_key": "zzz999"', "zzz999"),
        ("Authorization: Bearer qqq.www", "qqq"),
        ("rtsp://u:p4ss@h/x", "p4ss"),
        ("pairing code: WXYZ1234", "WXYZ1234"),
    ],
)
def test_secrets_are_recognised_by_their_place(text: str, gone: str) -> None:
    assert gone not in clean(text)


def test_the_tail_of_a_log_begins_with_a_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {n}\n" for n in range(100)))
    assert tail(path, max_bytes=20).splitlines() == ["line 98", "line 99"]
    assert tail(tmp_path / "none") == ""


def test_autostart_says_each_system_its_own_words(tmp_path: Path) -> None:
    command = ("/opt/Wink App/wink", "--in-tray")
    assert 'Exec="/opt/Wink App/wink" --in-tray\n' in desktop_entry(command)
    assert 'Exec="/a/50%%" x' in desktop_entry(("/a/50%", "x"))
    assert registry_value(command) == '"/opt/Wink App/wink" --in-tray'
    assert b"<string>/opt/Wink App/wink</string>" in launch_agent(command)
    linux = autostart_for("linux", home=tmp_path, config_home=tmp_path / ".config", command=command)
    mac = autostart_for("darwin", home=tmp_path, config_home=tmp_path, command=command)
    assert isinstance(linux, FileAutostart)
    assert isinstance(mac, FileAutostart)
    assert mac.path == tmp_path / "Library" / "LaunchAgents" / "wink-analytics.plist"
    assert not isinstance(autostart_for("win32", home=tmp_path, config_home=tmp_path, command=command), FileAutostart)
    assert not linux.is_on()
    linux.set_on(True)
    assert linux.is_on()
    assert linux.path.read_text().startswith("[Desktop Entry]")
    linux.set_on(False)
    linux.set_on(False)
    assert not linux.is_on()


def test_a_line_is_tried_on_what_was_seen() -> None:
    recent = RecentTracks(keep_s=10)
    assert recent.try_zones("a", []) is None
    for index in range(30):
        recent.record(grey_view("a", index=index))
    assert recent.span_s("a") == pytest.approx(10)
    (path,) = recent.paths("a")
    assert path.points[0] == pytest.approx((150 / 640, 300 / 360))
    assert (path.height, path.is_cut) == (pytest.approx(250 / 360), False)
    tried = recent.try_zones("a", [LineZone(zone_id="x", name="X", points=((0.1, 0.9), (0.9, 0.9)))])
    assert tried is not None
    assert [(c.label, c.in_count, c.out_count) for c in tried.counts] == [("X", 0, 0)]


def test_memory_begins_anew_when_a_film_starts_over() -> None:
    recent = RecentTracks()
    for index in (50, 51, 0):
        recent.record(grey_view("a", index=index))
    assert recent.span_s("a") == 0.0


def test_the_store_file_is_written_by_note_store(desk: Desk, tmp_path: Path) -> None:
    desk.note_store(desk.document.model_copy(update={"store_name": "Corner"}))
    assert StoreFile(tmp_path / "store.json").read().store_name == "Corner"


def test_the_report_is_made_even_while_the_keyring_is_locked(desk: Desk) -> None:
    secrets_of(desk).is_locked = True
    assert desk.support_report()[:2] == b"PK"
    assert replace(desk.ports).local_zone == "Europe/Berlin"


def test_name_and_time_of_a_store_without_a_cloud_are_said_here_and_hold_at_once(desk: Desk, tmp_path: Path) -> None:
    assert desk.time == StoreTime(ZoneInfo("Europe/Berlin"), 4), "the laptop's, until somebody says otherwise"
    desk.set_store(name=" Corner ", time_zone="america/new york", reset_hour=6)
    assert desk.time == StoreTime(ZoneInfo("America/New_York"), 6)
    kept = StoreFile(tmp_path / "store.json").read()
    assert (kept.store_name, kept.time_zone, kept.reset_hour) == ("Corner", "America/New_York", 6)
    assert host_of(desk).configs == [], "no camera is disturbed by it"
    with pytest.raises(ValueError, match="did you mean Europe/Berlin"):
        desk.set_store(name="Corner", time_zone="Europe/Berln", reset_hour=6)
    assert desk.zone == ZoneInfo("America/New_York")
    assert make_desk_again(tmp_path).time == StoreTime(ZoneInfo("America/New_York"), 6)


def test_with_a_cloud_name_and_time_are_said_there_and_come_by_themselves(desk: Desk, tmp_path: Path) -> None:
    facts = StoreFacts(name="Main Street", time_zone="Asia/Tokyo", reset_hour=2)
    desk.ports.times.tell(facts)
    assert desk.document.store_name == "", "a late word of a cloud that was left is not kept"
    desk.enrol(cloud_url="cloud.example.com/", code="abcd-efgh", device_name="Till laptop")
    with pytest.raises(StoreDocumentError, match="not set here"):
        desk.set_store(name="Corner", time_zone="", reset_hour=4)
    desk.ports.times.tell(facts)
    assert desk.time == StoreTime(ZoneInfo("Asia/Tokyo"), 2)
    kept = StoreFile(tmp_path / "store.json").read()
    assert (kept.store_name, kept.time_zone, kept.reset_hour) == ("Main Street", "Asia/Tokyo", 2)
    desk.ports.times.tell(StoreFacts(time_zone="Mars/Olympus"))
    assert (desk.zone, desk.document.store_name) == (ZoneInfo("Asia/Tokyo"), "Main Street")


def make_desk_again(folder: Path) -> Desk:
    """After a restart."""
    kept = (folder / "store.json").read_bytes()
    again = make_desk(folder, "a", "b")
    (folder / "store.json").write_bytes(kept)
    return Desk(replace(again.ports, times=StoreTimes()), data_dir=folder, zones=ZoneStore(folder))

"""A desk whose outside is played: an engine that shows what a test puts in, secrets in memory, a cloud by script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr
from PySide6.QtWidgets import QApplication, QWidget

from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.history_reader import HistoryReader
from desktop_app.adapters.storage.recount_writer import SqliteRecountBook
from desktop_app.adapters.video.open_source import make_source
from desktop_app.services.autostart import FileAutostart
from desktop_app.services.camera_discovery import CameraQuestionError, CameraStreams, FoundCamera
from desktop_app.services.config_import import EdgeConfig
from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.desk import Desk
from desktop_app.services.desk_ports import DeskPorts
from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest
from desktop_app.services.enrolment import Enrolled, EnrolmentError
from desktop_app.services.past_desk import PastPorts
from desktop_app.services.ports import DeadLetter, DetectorError
from desktop_app.services.preferences import Appearance
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.secret_store import SecretStoreError
from desktop_app.services.store_document import StoredCamera, StoreDocument, StoreFile
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Choice, ZoneNews
from desktop_app.settings import find_assets
from desktop_app.ui.pieces import Surroundings
from desktop_app.ui.theme import Theme
from shared_models.clock import SystemClock
from shared_models.enrolment import StoreFacts
from shared_models.zones import Zone
from tests.helpers.engine_fakes import FakeEngineView


class FakeHost(FakeEngineView):
    """Implements ``EngineHost``; notes what it is asked."""

    def __init__(self, camera_ids: Sequence[str], folder: Path) -> None:
        super().__init__(list(camera_ids))
        self.trouble = self.warning = ""
        self.recent = RecentTracks()
        self.journal = CoverageJournal(folder / "coverage.json")
        self.configs: list[EdgeConfig] = []
        self.applied: list[tuple[str, tuple[Zone, ...]]] = []
        self.letters: list[DeadLetter] = []
        self.pruned: list[datetime] = []
        self.was_alone: list[bool] = []
        self.followed: list[str] = []
        self.wakings = 0
        self.news: list[ZoneNews] = []
        self.decided: list[tuple[str, Choice]] = []

    def restart(self, config: EdgeConfig) -> None:
        self.configs.append(config)
        for camera in config.cameras:
            if camera.camera_id not in self.conditions:
                self.add_camera(camera.camera_id)

    def stop(self, *, flush_s: float) -> None:
        self.configs.clear()

    def apply_zones(self, camera_id: str, zones: Sequence[Zone]) -> None:
        self.applied.append((camera_id, tuple(zones)))

    def zone_news(self) -> tuple[ZoneNews, ...]:
        return tuple(self.news)

    def decide_zones(self, camera_id: str, choice: Choice) -> None:
        self.decided.append((camera_id, choice))
        self.news = [one for one in self.news if one.camera_id != camera_id]

    def follow_recount(self, camera_id: str) -> None:
        self.followed.append(camera_id)

    def wake_sync(self) -> None:
        self.wakings += 1

    def dead_letters(self) -> list[DeadLetter]:
        return list(self.letters)

    def retry_dead_letters(self) -> int:
        count = len(self.letters)
        self.letters.clear()
        return count

    def prune(self, *, before: datetime, is_alone: bool) -> int:
        self.pruned.append(before)
        self.was_alone.append(is_alone)
        return 0


@dataclass
class InMemorySecrets:
    """A keyring that forgets at the end; ``is_locked`` makes it refuse, ``needs_consent`` is a computer without one."""

    kept: dict[str, str] = field(default_factory=dict)
    is_locked: bool = False
    needs_consent: bool = False
    words: str = "Passwords are kept in this computer's keyring."

    def get(self, name: str) -> str | None:
        self._check()
        return self.kept.get(name)

    def put(self, name: str, secret: str) -> None:
        self._check()
        self.kept[name] = secret

    def forget(self, name: str) -> None:
        self._check()
        self.kept.pop(name, None)

    def _check(self) -> None:
        if self.is_locked:
            raise SecretStoreError("The keyring is locked; unlock it and try again.")


@dataclass
class ScriptedEnrolment:
    """A cloud that knows one code."""

    code: str = "ABCDEFGH"
    asked: list[str] = field(default_factory=list)

    def enrol(self, *, cloud_url: str, code: str, device_name: str, version: str) -> Enrolled:
        self.asked.append(f"{cloud_url} {code} {device_name}")
        if code != self.code:
            raise EnrolmentError("The cloud does not know this pairing code.")
        return Enrolled(
            SecretStr("edge_store_secret-of-the-store"),
            StoreFacts(name="High Street", time_zone="America/New_York", reset_hour=5),
        )


@dataclass
class ListedDiscovery:
    """Finds what it is told to find."""

    network: list[FoundCamera] = field(default_factory=list)
    usb: list[FoundCamera] = field(default_factory=list)
    told: CameraStreams | None = None
    """What a camera says of its streams to ``admin``; None: it refuses."""
    asked: list[str] = field(default_factory=list)

    def on_network(self, *, seconds: float, is_cancelled: Callable[[], bool]) -> list[FoundCamera]:
        return self.network

    def on_usb(self) -> list[FoundCamera]:
        return self.usb

    def streams(self, service: str, *, user: str, password: str, is_cancelled: Callable[[], bool]) -> CameraStreams:
        self.asked.append(f"{service} {user}")
        if self.told is None or user != "admin":
            raise CameraQuestionError("The camera refuses this user name or password.")
        return self.told


@dataclass
class PlayedSelfTest:
    """Measures nothing; each step waits until ``may_go_on`` is set."""

    last: RuntimeTest | None = None
    steps: int = 4
    may_go_on: threading.Event = field(default_factory=threading.Event)
    is_broken: bool = False

    def model(self) -> str:
        if self.is_broken:
            raise DetectorError("There is no model; see: wink-edge models list.")
        return "tiny"

    def remembered(self) -> RuntimeTest | None:
        return self.last

    def run(self, progress: Callable[[float, str], bool]) -> RuntimeTest | None:
        for step in range(self.steps):
            if not progress(step / self.steps, "CPU f32"):
                return None
            while not self.may_go_on.wait(0.02) and progress(step / self.steps, "CPU f32"):
                pass
        self.last = RuntimeTest("this", "0" * 64, DetectorRuntime("CPU", "f32", 2, 2), {416: 60.0, 640: 25.0})
        return self.last


@dataclass
class Answers:
    """An owner who always answers the same, and what was asked."""

    yes: bool = True
    asked: list[str] = field(default_factory=list)

    def __call__(self, _parent: QWidget, title: str, _words: str, _yes: str) -> bool:
        self.asked.append(title)
        return self.yes


def stored_cameras(*camera_ids: str) -> tuple[StoredCamera, ...]:
    return tuple(
        StoredCamera(camera_id=i, name=f"Camera {i}", source="virtual-store://entrance?seed=7") for i in camera_ids
    )


def make_desk(folder: Path, *camera_ids: str, is_set_up: bool = True) -> Desk:
    """A desk with these cameras; ``desk.ports.host`` is a FakeHost."""
    StoreFile(folder / "store.json").write(StoreDocument(cameras=stored_cameras(*camera_ids), is_set_up=is_set_up))
    clock = SystemClock()
    ports = DeskPorts(
        host=FakeHost(camera_ids, folder),
        secrets=InMemorySecrets(),
        enrolment=ScriptedEnrolment(),
        discovery=ListedDiscovery(),
        archive=SqliteEventArchive(folder / "outbox.sqlite3"),
        past=PastPorts(HistoryReader(folder / "history.sqlite3"), SqliteRecountBook(folder / "outbox.sqlite3")),
        self_test=PlayedSelfTest(),
        autostart=FileAutostart(folder / "autostart" / "wink.desktop", b"[Desktop Entry]\n"),
        open_source=lambda address, loop, rotation: make_source(address, clock=clock, loop=loop, rotation=rotation),
        clock=clock,
        local_zone="Europe/Berlin",
    )
    return Desk(ports, data_dir=folder, zones=ZoneStore(folder))


def host_of(desk: Desk) -> FakeHost:
    """The engine behind a desk of ``make_desk``."""
    host = desk.ports.host
    assert isinstance(host, FakeHost)
    return host


def surroundings(
    desk: Desk, *, appearance: Appearance = Appearance.LIGHT, answers: Answers | None = None
) -> Surroundings:
    """As the program makes them."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    theme = Theme(app, assets_dir=find_assets(), appearance=appearance)
    return Surroundings(desk, theme, answers or Answers())

"""The real engine behind a window: a change disturbs only what it changes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from desktop_app.adapters.detection.self_test import SelfTestCancelled
from desktop_app.adapters.storage.event_archive import SqliteEventArchive
from desktop_app.adapters.storage.sqlite_outbox import read_counters
from desktop_app.adapters.video.open_source import make_source
from desktop_app.bootstrap import measuring
from desktop_app.bootstrap.host import RestartableEngine
from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.ports import VideoSource
from desktop_app.services.store_times import StoreTimes
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Choice
from desktop_app.settings import EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.clock import SteadyClock
from shared_models.events import EventType
from shared_models.store_time import StoreTime
from tests.helpers.rtsp_server import free_port
from tests.helpers.weights import find_weights

pytestmark = pytest.mark.integration


def wait_until(check: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = monotonic() + seconds
    while not check():
        assert monotonic() < deadline, "it did not happen in time"
        sleep(0.02)


def camera(camera_id: str, *, fps: float = 5.0) -> ImportedCamera:
    source = SourceAddress(f"virtual-store://{camera_id}?fps=5")
    return ImportedCamera(camera_id, camera_id.title(), source, None, fps, True, False, ())


@pytest.fixture
def host(tmp_path: Path) -> Iterator[RestartableEngine]:
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()), heartbeat_s=3600.0)
    made = RestartableEngine(settings=settings, clock=SteadyClock(), zones=ZoneStore(tmp_path))
    yield made
    made.stop(flush_s=0.0)


def last_frame(host: RestartableEngine, camera_id: str) -> int:
    """The number of the newest analysed frame, counted from the opening of the source."""
    view = host.latest(camera_id)
    return view.frame.index if view is not None else -1


def gaps(tmp_path: Path, host: RestartableEngine) -> list[str]:
    host.stop(flush_s=0.0)

    now = SteadyClock().utc_now()
    archive = SqliteEventArchive(tmp_path / "outbox.sqlite3")
    events = archive.events(start_at=now.replace(year=2000), end_at=now.replace(year=now.year + 1))
    return [event.camera_id for event in events if event.type is EventType.CAMERA_GAP]


def test_a_changed_camera_is_started_anew_and_the_others_count_on(host: RestartableEngine, tmp_path: Path) -> None:
    first = EdgeConfig(None, None, (camera("entrance"), camera("aisle")))
    host.restart(first)
    wait_until(lambda: last_frame(host, "entrance") >= 3 and last_frame(host, "aisle") >= 3)
    before = last_frame(host, "entrance")
    turned = replace(camera("aisle"), name="Renamed", rotation=180)
    changed = replace(first, cameras=(camera("entrance"), turned, camera("queue")))
    host.restart(changed)
    assert [c.label for c in host.status().cameras] == ["Entrance", "Renamed", "Queue"]
    wait_until(lambda: last_frame(host, "queue") >= 0 and last_frame(host, "aisle") >= 0)
    wait_until(lambda: last_frame(host, "entrance") > before)
    seen: list[int] = []
    unsubscribe = host.on_view(lambda i: seen.append(last_frame(host, "entrance")) if i == "entrance" else None)
    host.restart(replace(changed, cameras=changed.cameras[:1]))
    wait_until(lambda: len(seen) >= 3)
    unsubscribe()
    assert min(seen) > before, "its source was never opened anew"
    assert [c.camera_id for c in host.status().cameras] == ["entrance"]
    assert "entrance" not in gaps(tmp_path, host)


def test_another_profile_reaches_running_cameras_without_closing_a_stream(
    host: RestartableEngine, tmp_path: Path
) -> None:
    config = EdgeConfig(None, None, (camera("entrance", fps=5.0),))
    host.restart(config)
    wait_until(lambda: last_frame(host, "entrance") >= 3)
    before, seen = last_frame(host, "entrance"), list[int]()
    unsubscribe = host.on_view(lambda i: seen.append(last_frame(host, i)))
    host.restart(EdgeConfig(None, None, (replace(camera("entrance", fps=2.0), name="Front door"),)))
    assert host.status().cameras[0].label == "Front door"
    wait_until(lambda: len(seen) >= 4)
    unsubscribe()
    assert min(seen) >= before, "its source was never opened anew"
    assert gaps(tmp_path, host) == []


def test_the_running_figures_begin_anew_by_the_stores_day(tmp_path: Path) -> None:
    times = StoreTimes(StoreTime(ZoneInfo("Pacific/Auckland"), 6))
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    made = RestartableEngine(settings=settings, clock=SteadyClock(), zones=ZoneStore(tmp_path), times=times)
    try:
        made.restart(EdgeConfig(None, None, (camera("entrance"),)))
        wait_until(lambda: last_frame(made, "entrance") >= 3)
        made.follow_recount("entrance")
    finally:
        made.stop(flush_s=0.0)
    kept = read_counters(settings.outbox_path)
    day, level = json.loads(kept["zones/entrance"]), json.loads(kept["level/entrance"])
    assert datetime.fromisoformat(day["from"]).astimezone(times.now.zone).time() == time(0)
    assert datetime.fromisoformat(level["from"]).astimezone(times.now.zone).time() == time(6)
    assert level["net"] == 0


def test_another_cloud_or_none_disturbs_no_camera(host: RestartableEngine, tmp_path: Path) -> None:
    plain = EdgeConfig(None, None, (camera("entrance"),))
    host.restart(plain)
    wait_until(lambda: last_frame(host, "entrance") >= 3)
    before = last_frame(host, "entrance")
    assert host.status().cloud.is_connected is None
    address = f"http://127.0.0.1:{free_port()}"
    host.restart(replace(plain, api_url=address, edge_key=SecretStr("edge_x_" + "k" * 40)))
    wait_until(lambda: host.status().cloud.is_connected is False)
    assert "is this machine online" in host.status().cloud.words
    assert host.zone_news() == ()
    host.decide_zones("entrance", Choice.OURS)
    host.restart(plain)
    assert host.status().cloud.is_connected is None
    wait_until(lambda: last_frame(host, "entrance") > before)
    assert gaps(tmp_path, host) == []


@pytest.mark.expected_log("cannot be used")
def test_a_cloud_that_cannot_be_one_is_said_and_counting_goes_on(host: RestartableEngine) -> None:
    plain = EdgeConfig(None, None, (camera("entrance"),))
    host.restart(plain)
    wait_until(lambda: last_frame(host, "entrance") >= 1)
    host.restart(replace(plain, api_url="http://wink.example.com", edge_key=SecretStr("edge_x_" + "k" * 40)))
    assert "not encrypted" in host.trouble
    before = last_frame(host, "entrance")
    wait_until(lambda: last_frame(host, "entrance") > before)
    host.restart(plain)
    assert host.trouble == ""


def test_the_first_start_measures_the_machine_before_it_counts_and_a_quit_cuts_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, cuts = threading.Event(), []

    def slow_test(*, progress: Callable[[float, str], bool], **_: object) -> None:
        began.set()
        while progress(0.0, ""):
            sleep(0.01)
        cuts.append(True)
        raise SelfTestCancelled

    monkeypatch.setattr(measuring, "run_self_test", slow_test)
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()), self_test_at_start=True)
    made = RestartableEngine(settings=settings, clock=SteadyClock(), zones=ZoneStore(tmp_path))
    starter = threading.Thread(
        target=lambda: made.restart(EdgeConfig(None, None, (camera("entrance"),))), name="starter"
    )
    starter.start()
    assert began.wait(20.0)
    assert made.status().cameras == ()
    assert made.status().cloud.words == "Starting."
    made.stop(flush_s=0.0)
    starter.join(20.0)
    assert cuts == [True]
    assert made.status().cameras == (), "nothing starts after the end"


def test_the_smaller_stream_is_looked_at_where_a_camera_has_one(
    host: RestartableEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def made(address: SourceAddress, **options: Any) -> VideoSource:
        opened.append(address.reveal())
        return make_source(address, **options)

    monkeypatch.setattr("desktop_app.bootstrap.engine.make_source", made)
    small = SourceAddress("virtual-store://aisle?fps=5")
    host.restart(EdgeConfig(None, None, (replace(camera("entrance"), substream=small), camera("queue"))))
    assert opened == ["virtual-store://aisle?fps=5", "virtual-store://queue?fps=5"]

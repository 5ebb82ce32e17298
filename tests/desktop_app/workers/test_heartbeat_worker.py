"""The heartbeat's thread: regular, woken by news, not ended by a cloud that is away, and gone when it is stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from desktop_app.adapters.cloud.http_link import HttpLink
from desktop_app.services.edge_link import LinkError
from desktop_app.services.engine_view import CameraCondition, CameraStatus
from desktop_app.services.store_times import StoreTimes
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Ledger, LocalZones, ZoneSync
from desktop_app.workers.heartbeat_worker import HeartbeatWorker
from shared_models.clock import SystemClock
from shared_models.enrolment import StoreFacts
from shared_models.heartbeat import CameraState, Heartbeat, HeartbeatAnswer
from shared_models.store_time import StoreTime
from shared_models.zones import LineZone
from tests.helpers.edge_links import InMemoryLink
from tests.helpers.rtsp_server import free_port

DOOR = LineZone(zone_id="door", points=((0.1, 0.5), (0.9, 0.5)))


def wait_until(check: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@contextmanager
def beating(
    folder: Path, link: InMemoryLink, *, every_s: float, told: Callable[[StoreFacts], None] = lambda _: None
) -> Iterator[tuple[HeartbeatWorker, ZoneStore]]:
    zones = ZoneStore(folder)
    local = LocalZones(
        lambda: {"cam": zones.zones_of("cam") or ()},
        lambda _: False,
        lambda camera_id, taken: zones.save(camera_id, taken, before=zones.zones_of(camera_id) or ()),
    )
    camera = CameraStatus("cam", "Door", CameraCondition.LIVE, "Live.", datetime.now(UTC), 5.0, ())
    worker = HeartbeatWorker(
        link,
        ZoneSync(link, Ledger(folder / "zone-sync.json", partner="p"), local),
        cameras=lambda: (camera,),
        depth=lambda: 12,
        clock=SystemClock(),
        every_s=every_s,
        chance=lambda: 0.5,
        still=lambda camera_id: b"a picture" if camera_id == "cam" else None,
        told=told,
    )
    worker.start()
    try:
        yield worker, zones
    finally:
        worker.stop()


def test_it_tells_how_the_store_does_again_and_again(tmp_path: Path) -> None:
    link = InMemoryLink(offset_s=2.5)
    with beating(tmp_path, link, every_s=0.05) as (worker, _):
        wait_until(lambda: len(link.told) >= 3)
        wait_until(lambda: worker.state.clock_offset_s == 2.5)
        assert worker.state.is_heard is True
        told = link.told[0]
        assert (told.outbox_depth, told.cameras[0].name, told.cameras[0].state) == (12, "Door", CameraState.SEEING)
    assert link.is_closed
    assert not worker.thread.is_alive


def test_zones_travel_both_ways_and_a_change_here_does_not_wait_for_the_next_beat(tmp_path: Path) -> None:
    link = InMemoryLink()
    link.draw("cam", DOOR)
    with beating(tmp_path, link, every_s=3600.0) as (worker, zones):
        wait_until(lambda: zones.zones_of("cam") == (DOOR,))
        zones.save("cam", (DOOR.flipped(),), before=(DOOR,))
        worker.wake()
        wait_until(lambda: link.in_force["cam"].zones[0].points == DOOR.flipped().points)


def test_a_cloud_that_is_away_is_told_and_found_again(tmp_path: Path) -> None:
    link = InMemoryLink(is_up=False)
    with beating(tmp_path, link, every_s=0.05) as (worker, _):
        wait_until(lambda: worker.state.is_heard is False)
        assert "is this machine online" in worker.state.words
        link.is_up = True
        wait_until(lambda: worker.state.is_heard is True)
        assert worker.state.words == ""


class OldCloud(InMemoryLink):
    """Takes events and knows no heartbeat."""

    def beat(self, told: Heartbeat) -> HeartbeatAnswer:
        self.told.append(told)
        raise LinkError("There is no Wink cloud at this address.", status=404)


def test_a_cloud_that_is_older_than_heartbeats_is_no_trouble(tmp_path: Path) -> None:
    link = OldCloud()
    with beating(tmp_path, link, every_s=0.05) as (worker, _):
        wait_until(lambda: link.told)
        worker.wake()
        wait_until(lambda: len(link.told) >= 2)
        assert (worker.state.is_heard, worker.state.words) == (None, "")


def test_nobody_at_the_address_is_an_answer_in_words() -> None:
    link = HttpLink(f"http://127.0.0.1:{free_port()}", SecretStr("edge_x_" + "k" * 40))
    try:
        with pytest.raises(LinkError, match="cannot be reached") as refused:
            link.beat(Heartbeat(sent_at=datetime.now(UTC)))
        assert refused.value.status == 0
    finally:
        link.close()
    with pytest.raises(ValueError, match="not encrypted"):
        HttpLink("http://wink.example.com", SecretStr("edge_x"))


def test_a_still_is_brought_only_while_the_cloud_asks_for_it(tmp_path: Path) -> None:
    link = InMemoryLink()
    with beating(tmp_path, link, every_s=0.05):
        wait_until(lambda: len(link.told) >= 3)
        assert link.stills == []
        link.looked_at = ("cam", "gone")
        wait_until(lambda: len(link.stills) >= 2)
        assert set(link.stills) == {("cam", b"a picture")}


def test_how_the_store_is_set_in_the_cloud_is_told_at_each_beat(tmp_path: Path) -> None:
    link, times = InMemoryLink(), StoreTimes()
    link.store = StoreFacts(name="High Street", time_zone="Asia/Tokyo", reset_hour=2)
    with beating(tmp_path, link, every_s=0.05, told=times.tell):
        wait_until(lambda: times.now == StoreTime(ZoneInfo("Asia/Tokyo"), 2))
        link.store = StoreFacts(time_zone="Asia/Seoul")
        wait_until(lambda: times.now == StoreTime(ZoneInfo("Asia/Seoul"), 4))
        link.store = None  # a cloud of an older version
        wait_until(lambda: len(link.told) > 20)
    assert times.now == StoreTime(ZoneInfo("Asia/Seoul"), 4)

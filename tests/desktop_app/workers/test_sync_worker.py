from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.ports import CloudAnswer
from desktop_app.services.sync import SyncService
from desktop_app.workers.sync_worker import SyncWorker
from shared_models.clock import SystemClock
from shared_models.events import EventDraft, EventType
from shared_models.sync import BatchReceipt, EventBatch, EventReceipt, ReceiptStatus

CLOCK = SystemClock()


class SwitchableCloud:
    """Accepts all while ``is_up``."""

    def __init__(self) -> None:
        self.is_up = True
        self.kept: set[str] = set()

    def send(self, payload: bytes) -> CloudAnswer:
        if not self.is_up:
            return CloudAnswer(0, words="The cloud cannot be reached; is this machine online?")
        events = EventBatch.model_validate_json(payload).events
        self.kept |= {str(e.event_id) for e in events}
        results = [
            EventReceipt(index=i, event_id=e.event_id, status=ReceiptStatus.ACCEPTED) for i, e in enumerate(events)
        ]
        return CloudAnswer(200, BatchReceipt(results=tuple(results), contiguous_seq=0))

    def close(self) -> None:
        return None


def started(path: Path, cloud: SwitchableCloud) -> tuple[SqliteOutbox, SyncWorker]:
    outbox = SqliteOutbox(path / "o.sqlite3", clock=CLOCK)
    service = SyncService(outbox, cloud, clock=CLOCK, chance=lambda: 0.0)
    worker = SyncWorker(service, outbox=outbox, cloud=cloud, clock=CLOCK)
    outbox.on_append(worker.wake)
    worker.start()
    return outbox, worker


def append(outbox: SqliteOutbox, count: int) -> None:
    event = EventDraft(
        type=EventType.FOOTFALL_IN, camera_id="c", zone_id="z", zone_revision=1, occurred_at=CLOCK.utc_now()
    )
    outbox.append([event] * count, counters={})


def wait_until(check: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_new_events_are_sent_by_themselves_also_after_the_cloud_was_away(tmp_path: Path) -> None:
    cloud = SwitchableCloud()
    outbox, worker = started(tmp_path, cloud)
    append(outbox, 3)
    wait_until(lambda: len(cloud.kept) == 3)
    cloud.is_up = False
    append(outbox, 2)
    wait_until(lambda: worker.state.is_connected is False)
    assert "is this machine online" in worker.state.words
    wait_until(lambda: worker.depth.pending == 2)
    cloud.is_up = True
    wait_until(lambda: len(cloud.kept) == 5)
    wait_until(lambda: worker.state.is_connected is True)
    assert worker.state.words == ""
    worker.stop()
    outbox.close()


def test_a_stop_sends_what_waits_and_is_prompt_where_the_cloud_is_away(tmp_path: Path) -> None:
    cloud = SwitchableCloud()
    outbox, worker = started(tmp_path, cloud)
    append(outbox, 7)
    worker.stop(flush_s=5.0)
    assert len(cloud.kept) == 7
    outbox.close()
    cloud.is_up = False
    outbox, worker = started(tmp_path, cloud)
    append(outbox, 1)
    wait_until(lambda: worker.state.is_connected is False)
    began = time.monotonic()
    worker.stop(flush_s=30.0)
    assert time.monotonic() - began < 15.0
    assert outbox.depth().pending == 1
    outbox.close()


class DeafCloud(SwitchableCloud):
    """Its request does not hear that it is cut: a name that is being looked up."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked, self.goes_on = threading.Event(), threading.Event()

    def send(self, payload: bytes) -> CloudAnswer:
        self.is_asked.set()
        self.goes_on.wait(10)
        return super().send(payload)


def test_a_stop_does_not_wait_for_a_request_that_cannot_be_cut(tmp_path: Path) -> None:
    cloud = DeafCloud()
    outbox, worker = started(tmp_path, cloud)
    append(outbox, 1)
    assert cloud.is_asked.wait(30)
    began = time.monotonic()
    worker.stop()
    outbox.close()
    assert time.monotonic() - began < 8.0
    cloud.goes_on.set()  # too late: nothing is settled, the event is sent again by the next start
    worker.thread.join(5)
    assert not worker.thread.is_alive
    outbox, worker = started(tmp_path, cloud)
    assert outbox.depth().pending == 1
    wait_until(lambda: outbox.depth().pending == 0)
    worker.stop()
    outbox.close()
    assert len(cloud.kept) == 1

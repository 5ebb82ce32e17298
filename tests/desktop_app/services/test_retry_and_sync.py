"""What to do after an upload, and the whole of outbox and sync against a cloud that lies."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.ports import CloudAnswer
from desktop_app.services.retry_policy import Action, decide
from desktop_app.services.sync import SyncService
from shared_models.clock import ManualClock
from shared_models.events import EVENT_ADAPTER, EventDraft, EventType
from shared_models.sync import BatchReceipt, EventBatch, EventReceipt, ReceiptStatus

EMPTY = BatchReceipt(results=(), contiguous_seq=0)


@pytest.mark.parametrize(
    ("answer", "action"),
    [
        (CloudAnswer(200, EMPTY), Action.SETTLE),
        (CloudAnswer(200), Action.RETRY),
        (CloudAnswer(0), Action.RETRY),
        *(
            (CloudAnswer(status), Action.RETRY)
            for status in (401, 403, 404, 407, 408, 425, 429, 500, 502, 503, 504, 302)
        ),
        *((CloudAnswer(status), Action.SPLIT) for status in (400, 409, 413, 415, 422)),
    ],
)
def test_every_answer_has_one_decision(answer: CloudAnswer, action: Action) -> None:
    assert decide(answer, attempts=1, chance=0.5).action is action


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_waits_grow_with_jitter_and_stay_under_five_minutes(attempts: int, chance: float) -> None:
    wait_s = decide(CloudAnswer(503), attempts=attempts, chance=chance).wait_s
    assert 0.2 <= wait_s <= 300


def test_what_the_cloud_asks_for_is_honoured_within_reason() -> None:
    assert decide(CloudAnswer(429, retry_after_s=40), attempts=1, chance=0).wait_s == 40
    assert decide(CloudAnswer(503, retry_after_s=1e9), attempts=1, chance=0).wait_s == 3600


class LyingCloud:
    """Keeps what it commits; loses requests, loses answers after the commit, is busy, answers in part."""

    def __init__(self, seed: int, *, poison: frozenset[str] = frozenset()) -> None:
        self.kept: dict[UUID, int] = {}
        self._random = random.Random(seed)
        self._poison = poison
        self.is_honest = False

    def send(self, payload: bytes) -> CloudAnswer:
        lie = 1.0 if self.is_honest else self._random.random()
        if lie < 0.15:
            return CloudAnswer(0, words="lost on the way")
        if lie < 0.25:
            return CloudAnswer(503, words="busy")
        events = [EVENT_ADAPTER.validate_python(e) for e in json.loads(payload)["events"]]
        if any(str(e.camera_id) in self._poison for e in events):
            return CloudAnswer(422, words="poisoned")
        results = []
        for index, event in enumerate(events):
            status = ReceiptStatus.DUPLICATE if event.event_id in self.kept else ReceiptStatus.ACCEPTED
            self.kept.setdefault(event.event_id, event.seq)
            results.append(EventReceipt(index=index, event_id=event.event_id, status=status))
        if lie < 0.45:
            return CloudAnswer(0, words="the reply was cut after the commit")
        if lie < 0.55:
            results = results[::2]
        return CloudAnswer(200, BatchReceipt(results=tuple(results), contiguous_seq=0))

    def close(self) -> None:
        return None


def draft(clock: ManualClock, *, camera: str = "cam", age_s: float = 0.0) -> EventDraft:
    return EventDraft(
        type=EventType.FOOTFALL_IN,
        camera_id=camera,
        zone_id="door",
        zone_revision=1,
        occurred_at=clock.utc_now() - timedelta(seconds=age_s),
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_every_event_arrives_once_whatever_the_cloud_does(
    tmp_path_factory: pytest.TempPathFactory, seed: int, appended: list[int]
) -> None:
    clock = ManualClock()
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite3"
    cloud = LyingCloud(seed)
    total = 0
    for count in appended:
        outbox = SqliteOutbox(path, clock=clock)  # a restart each time
        service = SyncService(outbox, cloud, clock=clock, chance=lambda: 0.5)
        if count:
            outbox.append([draft(clock, age_s=60.0 * n) for n in range(count)], counters={"n": str(total + count)})
        total += count
        for _ in range(3):
            service.run_once()
        clock.advance(10)
        outbox.close()
    outbox = SqliteOutbox(path, clock=clock)
    cloud.is_honest = True
    service = SyncService(outbox, cloud, clock=clock)
    for _ in range(2 * len(appended) + 10):
        if not outbox.depth().pending:
            break
        service.run_once()
    assert outbox.depth().pending == 0
    counters = outbox.load_counters()
    outbox.close()
    assert sorted(cloud.kept.values()) == list(range(1, total + 1))
    assert counters.get("n", "0") == str(total)


def test_a_poisoned_event_is_found_and_put_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = SqliteOutbox(tmp_path / "outbox.sqlite3", clock=clock)
    cloud = LyingCloud(1, poison=frozenset({"bad"}))
    cloud.is_honest = True
    outbox.append([draft(clock, camera="bad" if n in (3, 17) else "cam") for n in range(40)], counters={})
    outcome = SyncService(outbox, cloud, clock=clock).run_once()
    assert (outcome.sent, outcome.rejected) == (38, 2)
    assert outbox.depth().pending == 0
    letters = outbox.dead_letters()
    assert [letter.seq for letter in letters] == [18, 4]
    assert all(letter.reason == "422: poisoned" for letter in letters)
    assert outbox.retry_dead_letters() == 2
    assert outbox.depth().pending == 2
    outbox.close()


class CountingCloud(LyingCloud):
    """Honest, refuses some events one by one, and counts what is contiguous as the cloud does."""

    def __init__(self, *, refuses: set[int]) -> None:
        super().__init__(1)
        self.refuses = refuses
        self.contiguous = 0
        self.told: list[list[int]] = []

    def send(self, payload: bytes) -> CloudAnswer:
        batch = EventBatch.model_validate_json(payload)
        self.told.append(list(batch.dead_letter_seqs))
        results = []
        for index, event in enumerate(batch.events):
            refused = event.seq in self.refuses
            status = ReceiptStatus.REJECTED if refused else ReceiptStatus.ACCEPTED
            if not refused:
                self.kept[event.event_id] = event.seq
            reason = "no" if refused else None
            results.append(EventReceipt(index=index, event_id=event.event_id, status=status, reason=reason))
        while self.contiguous + 1 in {*self.kept.values(), *batch.dead_letter_seqs}:
            self.contiguous += 1
        return CloudAnswer(200, BatchReceipt(results=tuple(results), contiguous_seq=self.contiguous))


def test_dead_letters_are_told_until_the_cloud_has_counted_past_them(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = SqliteOutbox(tmp_path / "outbox.sqlite3", clock=clock)
    cloud = CountingCloud(refuses={2, 3})
    service = SyncService(outbox, cloud, clock=clock)
    for count in (5, 1, 1):
        outbox.append([draft(clock)] * count, counters={})
        service.run_once()
    assert cloud.told == [[], [2, 3], []]
    assert cloud.contiguous == 7
    # After a restart nothing is remembered: it is told once more, and no more after the answer.
    service = SyncService(outbox, cloud, clock=clock)
    for _ in range(2):
        outbox.append([draft(clock)], counters={})
        service.run_once()
    assert cloud.told[3:] == [[2, 3], []]
    outbox.close()


def test_live_events_go_before_backlog_and_backlog_is_not_starved(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = SqliteOutbox(tmp_path / "outbox.sqlite3", clock=clock)
    outbox.append([draft(clock, camera="old", age_s=86_400) for _ in range(3)], counters={})
    cloud = LyingCloud(1)
    cloud.is_honest = True
    service = SyncService(outbox, cloud, clock=clock)
    outbox.append([draft(clock, camera="new")], counters={})
    service.run_once()
    assert list(cloud.kept.values()) == [4]
    for _ in range(3):
        outbox.append([draft(clock, camera="new")], counters={})
        service.run_once()
    assert {1, 2, 3} <= set(cloud.kept.values())
    outbox.close()

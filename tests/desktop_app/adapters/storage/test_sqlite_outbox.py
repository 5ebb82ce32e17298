from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox, read_depth
from desktop_app.services.ports import OutboxError
from shared_models.clock import ManualClock
from shared_models.events import EventDraft, EventType

CLOCK = ManualClock()


def draft(**fields: object) -> EventDraft:
    values = {"type": EventType.FOOTFALL_IN, "camera_id": "cam", "zone_id": "door", "zone_revision": 1}
    return EventDraft.model_validate({**values, "occurred_at": CLOCK.utc_now(), **fields})


def test_events_get_ids_and_a_sequence_without_holes_from_many_threads(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda n: outbox.append([draft(track_id=n), draft()], counters={"n": str(n)}), range(50)):
            pass
    rows = outbox.claim(limit=1000, max_bytes=10**9)
    assert [row.seq for row in rows] == list(range(1, 101))
    assert len({row.event_id for row in rows}) == 100
    outbox.close()


def test_a_draft_that_is_no_event_takes_no_number_and_hurts_nobody(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    with pytest.raises(ValueError, match="value"):
        outbox.append([draft(value=-1, type=EventType.DWELL)], counters={"n": "1"})
    outbox.append([draft()], counters={})
    assert [row.seq for row in outbox.claim(limit=9, max_bytes=10**6)] == [1]
    assert outbox.load_counters() == {}
    outbox.close()


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "o.sqlite3"
    outbox = SqliteOutbox(path, clock=CLOCK)
    (event,) = outbox.append([draft()], counters={"zones/cam": "{}"})
    outbox.settle(accepted=[], rejected={str(event.event_id): "no such camera"})
    outbox.append([draft()], counters={})
    outbox.close()
    again = SqliteOutbox(path, clock=CLOCK)
    assert again.load_counters() == {"zones/cam": "{}"}
    assert again.depth().pending == 1
    assert [letter.reason for letter in again.dead_letters()] == ["no such camera"]
    assert again.append([draft()], counters={})[0].seq == 3
    again.close()
    depth = read_depth(path)
    assert depth is not None
    assert (depth.pending, depth.dead_letters, depth.last_seq) == (2, 1, 3)


def test_a_claim_is_bounded_by_bytes_but_never_empty(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    outbox.append([draft() for _ in range(5)], counters={})
    assert len(outbox.claim(limit=5, max_bytes=1)) == 1
    size = len(outbox.claim(limit=1, max_bytes=1)[0].body)
    assert len(outbox.claim(limit=5, max_bytes=3 * size + 10)) == 3
    outbox.close()


def test_a_second_program_on_the_same_file_is_refused_in_words(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    with pytest.raises(OutboxError, match="is Wink running already"):
        SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    outbox.close()
    SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK).close()


def test_a_file_of_a_newer_version_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "o.sqlite3"
    SqliteOutbox(path, clock=CLOCK).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(OutboxError, match="newer version"):
        SqliteOutbox(path, clock=CLOCK)


def test_looking_does_not_wait_for_writing(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    (event,) = outbox.append([draft()], counters={"n": "1"})
    outbox.settle(accepted=[], rejected={str(event.event_id): "no"})
    outbox.append([draft()], counters={})
    with closing(sqlite3.connect(tmp_path / "o.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # who wants to write now must wait
        began = time.monotonic()
        assert outbox.depth().pending == 1
        assert [row.seq for row in outbox.claim(limit=9, max_bytes=10**6)] == [2]
        assert [letter.seq for letter in outbox.dead_letters()] == [1]
        assert outbox.dead_letter_seqs(above=0, limit=9) == [1]
        assert outbox.dead_letter_seqs(above=1, limit=9) == []
        assert outbox.load_counters() == {"n": "1"}
        assert time.monotonic() - began < 4.0
        other.execute("ROLLBACK")
    outbox.close()
    with pytest.raises(OutboxError, match="closed"):
        outbox.depth()


@pytest.mark.expected_log("damaged")
@pytest.mark.parametrize("harm", ["overwritten", "cut", "nonsense"])
def test_a_damaged_file_is_kept_aside_and_no_number_is_used_twice(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "o.sqlite3"
    outbox = SqliteOutbox(path, clock=CLOCK)
    outbox.append([draft(attributes={"x": "y" * 200}) for _ in range(200)], counters={"n": "200"})
    outbox.close()
    content = bytearray(path.read_bytes())
    if harm == "overwritten":
        content[len(content) // 2 : len(content) // 2 + 8192] = b"\xff" * 8192
    elif harm == "cut":
        content = content[: len(content) // 2]
    else:
        content[:] = b"this is no database" * 100
    path.write_bytes(content)
    again = SqliteOutbox(path, clock=CLOCK)
    (event,) = again.append([draft()], counters={})
    again.close()
    assert event.seq > 200
    (aside,) = (p for p in tmp_path.glob("o.sqlite3.damaged-*") if not p.name.endswith(("-wal", "-shm")))
    assert aside.read_bytes()[:16] == bytes(content[:16])


def test_a_full_disk_is_told_and_heals_by_itself(tmp_path: Path) -> None:
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=CLOCK)
    outbox.append([draft()], counters={})
    outbox._run(lambda c: c.execute(f"PRAGMA max_page_count={c.execute('PRAGMA page_count').fetchone()[0]}"))
    with pytest.raises(OutboxError, match="full"):
        outbox.append([draft(attributes={"x": "y" * 3000}) for _ in range(50)], counters={})
    outbox._run(lambda c: c.execute("PRAGMA max_page_count=100000"))
    assert outbox.append([draft()], counters={})[0].seq == 2
    outbox.close()


CHILD = """
import sys
from pathlib import Path
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from shared_models.clock import SystemClock
from shared_models.events import EventDraft, EventType
clock = SystemClock()
outbox = SqliteOutbox(Path(sys.argv[1]), clock=clock)
while True:
    (event,) = outbox.append([EventDraft(type=EventType.FOOTFALL_IN, camera_id="c", zone_id="z", zone_revision=1,
                                         occurred_at=clock.utc_now())], counters={"seq": "x"})
    print(event.seq, event.event_id, flush=True)
"""


@pytest.mark.e2e
def test_what_was_acknowledged_survives_ten_kills(tmp_path: Path) -> None:
    path = tmp_path / "o.sqlite3"
    acknowledged: dict[int, str] = {}
    for attempt in range(10):
        process = subprocess.Popen([sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(5 + attempt):
            seq, event_id = process.stdout.readline().split()
            acknowledged[int(seq)] = event_id
        time.sleep(0.002 * attempt)
        process.kill()
        rest, _ = process.communicate()
        for line in rest.splitlines():
            if line.count(" ") == 1 and len(line) > 36:
                acknowledged[int(line.split()[0])] = line.split()[1]
    outbox = SqliteOutbox(path, clock=CLOCK)
    stored = {row.seq: row.event_id for row in outbox.claim(limit=10**6, max_bytes=10**9)}
    outbox.close()
    assert len(acknowledged) >= 95
    assert {seq: stored.get(seq) for seq in acknowledged} == acknowledged
    assert sorted(stored) == list(range(1, max(stored) + 1))


def test_a_store_without_a_cloud_forgets_old_events_and_a_later_cloud_misses_none(tmp_path: Path) -> None:
    clock = ManualClock()
    outbox = SqliteOutbox(tmp_path / "o.sqlite3", clock=clock)
    outbox.append([draft(occurred_at=clock.utc_now() - timedelta(days=500))] * 3, counters={"zones/cam": "{}"})
    outbox.append([draft(occurred_at=clock.utc_now() - timedelta(days=10))] * 2, counters={})
    before = clock.utc_now() - timedelta(days=400)
    assert outbox.prune(before=before) == 0, "a cloud may still want them"
    assert outbox.prune(before=before, is_alone=True) == 3
    assert outbox.prune(before=before, is_alone=True) == 0
    assert [row.seq for row in outbox.claim(limit=9, max_bytes=10**6)] == [4, 5]
    assert outbox.dead_letter_seqs(above=0, limit=9) == [1, 2, 3]
    assert outbox.dead_letter_seqs(above=1, limit=1) == [2]
    assert outbox.dead_letter_seqs(above=3, limit=9) == []
    assert outbox.load_counters()["zones/cam"] == "{}"
    outbox.append([draft(occurred_at=clock.utc_now() - timedelta(days=450))], counters={})
    assert outbox.prune(before=before, is_alone=True) == 1
    assert outbox.dead_letter_seqs(above=3, limit=9) == [4, 5, 6], "what is told and sent too is no harm"
    outbox.close()

"""Explanations and foot paths on the disk: kept, bounded, lossy, and honest about what is missing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desktop_app.adapters.storage.history_reader import HistoryReader
from desktop_app.adapters.storage.sqlite_history import PRUNE_EVERY_S, HistoryLimits, SqliteHistory
from desktop_app.domain.explanation import Explanation, Reason
from desktop_app.domain.trajectory import Geometry, TrackRecord
from desktop_app.domain.walks import Look
from desktop_app.services.ports import HistoryError, HistoryPage, RunProgress
from desktop_app.services.trajectories import Span
from shared_models.clock import ManualClock
from shared_models.zones import LineZone

DOOR = LineZone(zone_id="door", name="Entrance", points=((0.1, 0.5), (0.9, 0.5)))
START = ManualClock().utc_now()


def explanation(at: datetime, *, zone_id: str = "door", track_id: int = 1) -> Explanation:
    return Explanation("cam", zone_id, 1, track_id, Reason.COUNTED_IN, at, None, 0.0)


def path(at: datetime, *, run_at: datetime = START, track_id: int = 1) -> TrackRecord:
    stamp = round(at.timestamp() * 1000)
    looks = tuple(Look(i, 200 * i, stamp + 200 * i, 3200 + 160 * i, 6400, 3200, 0, 900) for i in range(20))
    return TrackRecord("cam", run_at, track_id, looks, 0, Geometry((640, 360)))


def page(
    *,
    until: datetime,
    run_at: datetime = START,
    told: tuple[Explanation, ...] = (),
    paths: tuple[TrackRecord, ...] = (),
) -> HistoryPage:
    seconds = (until - run_at).total_seconds()
    return HistoryPage(RunProgress("cam", run_at, (640, 360), (DOOR,), until, seconds, until), told, paths)


def later(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_begun(file: Path) -> bool:
    try:
        return HistoryReader(file).cameras() == ["cam"]
    except HistoryError:
        return False


def test_what_was_handed_in_is_read_back_also_by_another_program_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "h.sqlite3"
    history = SqliteHistory(file, clock=ManualClock())
    told = (explanation(later(5)), explanation(later(50), zone_id="other"), explanation(later(90)))
    history.put(page(until=later(100), told=told, paths=(path(later(3)), path(later(60), track_id=2))))
    reader = HistoryReader(file)
    wait_for(lambda: is_begun(file))
    assert reader.explanations("cam", from_at=later(0), to_at=later(60)) == list(told[:2])
    assert reader.explanations("cam", from_at=later(0), to_at=later(99), zone_id="door") == [told[0], told[2]]
    (run,) = reader.runs()
    assert (run.camera_id, run.frame_wh, run.zones, run.whole) == ("cam", (640, 360), (DOOR,), Span(START, later(100)))
    (first, second) = reader.trajectories(run, from_at=later(0), to_at=later(100))
    assert [s.look for s in first.sightings()] == list(path(later(3)).looks)
    assert second.track_id == 2
    assert [t.track_id for t in reader.trajectories(run, from_at=later(30), to_at=later(100))] == [2]
    history.close()


def test_a_run_grows_and_a_new_one_is_another(tmp_path: Path) -> None:
    history = SqliteHistory(tmp_path / "h.sqlite3", clock=ManualClock())
    for seconds in (10, 20, 30):
        history.put(page(until=later(seconds)))
    history.put(page(until=later(50), run_at=later(40)))
    history.close()
    runs = HistoryReader(tmp_path / "h.sqlite3").runs(camera_id="cam")
    assert [run.whole for run in runs] == [Span(START, later(30)), Span(later(40), later(50))]


def test_old_things_are_forgotten_each_in_its_time(tmp_path: Path) -> None:
    clock = ManualClock()
    history = SqliteHistory(tmp_path / "h.sqlite3", clock=clock)
    history.put(page(until=later(100), told=(explanation(later(5)),), paths=(path(later(3)),)))
    reader = HistoryReader(tmp_path / "h.sqlite3")
    wait_for(lambda: is_begun(tmp_path / "h.sqlite3"))
    for days, explanations, paths in ((3, 1, 1), (8, 0, 1), (31, 0, 0)):
        clock.advance(timedelta(days=days).total_seconds() - (clock.utc_now() - START).total_seconds())
        clock.advance(PRUNE_EVERY_S)
        now = clock.utc_now()
        history.put(page(until=now))
        wait_for(lambda now=now: reader.runs()[-1].last_at >= now)  # type: ignore[misc]
        # The same page again: the one before was pruned after it was written.
        assert len(reader.explanations("cam", from_at=START, to_at=later(1000))) == explanations
        assert len(reader.trajectories(reader.runs()[0], from_at=START, to_at=later(1000))) == paths
    assert reader.runs()[0].whole.from_at > START
    history.close()


def test_a_size_that_is_too_large_costs_the_oldest(tmp_path: Path) -> None:
    clock = ManualClock()
    file = tmp_path / "h.sqlite3"
    history = SqliteHistory(file, clock=clock, limits=HistoryLimits(max_bytes=300_000))
    for hour in range(40):
        paths = tuple(path(later(3600 * hour + i), track_id=100 * hour + i) for i in range(50))
        told = tuple(explanation(later(3600 * hour + i)) for i in range(50))
        history.put(page(until=later(3600 * (hour + 1)), told=told, paths=paths))
        wait_for(
            lambda hour=hour: is_begun(file) and HistoryReader(file).runs()[-1].last_at >= later(3600 * (hour + 1))
        )  # type: ignore[misc]
        clock.advance(3600)
    history.close()
    assert file.stat().st_size < 500_000
    run = HistoryReader(file).runs()[0]
    kept = HistoryReader(file).trajectories(run, from_at=START, to_at=later(1e6))
    assert kept[-1].track_id == 100 * 39 + 49
    assert kept[0].started_at > START
    assert run.whole.from_at > START, "nobody may take what is left for everything"


@pytest.mark.expected_log("are not kept now, counts are")
def test_a_full_disk_drops_pages_tells_it_once_and_leaves_a_hole_that_is_known(tmp_path: Path) -> None:
    file = tmp_path / "h.sqlite3"
    history = SqliteHistory(file, clock=ManualClock())
    history.put(page(until=later(10)))
    wait_for(lambda: is_begun(file))
    connection = history._connection
    assert connection is not None
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")
    many = tuple(path(later(20), track_id=i) for i in range(300))
    history.put(page(until=later(30), paths=many))
    history.put(page(until=later(40), paths=many))
    wait_for(lambda: history._queue.empty() and "cam" in history._holes and history._holes["cam"][1] == later(40))
    connection.execute("PRAGMA max_page_count=1000000")
    history.put(page(until=later(50)))
    history.close()
    reader = HistoryReader(file)
    assert reader.runs()[0].whole == Span(START, later(50))
    assert reader.holes("cam") == [Span(later(10), later(40))]


def test_a_writer_that_is_behind_holds_up_nobody(tmp_path: Path) -> None:
    file = tmp_path / "h.sqlite3"
    history = SqliteHistory(file, clock=ManualClock())
    history.put(page(until=later(1)))
    wait_for(lambda: is_begun(file))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        for second in range(2, 400):
            history.put(page(until=later(second), paths=(path(later(second)),)))
        assert time.monotonic() - started < 4.0
        other.execute("ROLLBACK")
    wait_for(history._queue.empty)
    time.sleep(0.2)
    history.put(page(until=later(500)))
    history.close()
    reader = HistoryReader(file)
    kept = {t.started_at for t in reader.trajectories(reader.runs()[0], from_at=START, to_at=later(1000))}
    holes = reader.holes("cam")
    missing = [later(s) for s in range(2, 400) if later(s) not in kept]
    assert missing
    assert all(any(hole.from_at <= moment <= hole.to_at for hole in holes) for moment in missing)


@pytest.mark.expected_log("cannot be used", "is damaged", "is kept as")
def test_a_damaged_file_is_moved_aside_and_a_new_one_begins(tmp_path: Path) -> None:
    file = tmp_path / "h.sqlite3"
    file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(HistoryError, match="restart Wink"):
        HistoryReader(file).cameras()
    history = SqliteHistory(file, clock=ManualClock())
    history.put(page(until=later(1)))
    history.close()
    assert HistoryReader(file).cameras() == ["cam"]
    assert len(list(tmp_path.glob("h.sqlite3.damaged-*"))) == 1


def test_where_nothing_is_kept_yet_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="Let Wink count for a while"):
        HistoryReader(tmp_path / "none.sqlite3").runs()

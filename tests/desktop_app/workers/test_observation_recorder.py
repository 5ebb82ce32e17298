from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.running_state import RunningStateFile, read_running
from desktop_app.workers import observation_recorder
from desktop_app.workers.observation_recorder import ObservationRecorder
from shared_models.clock import ManualClock
from tests.helpers.engine_fakes import NOW, FakeEngineView, grey_view


def recorder_of(engine: FakeEngineView, path: Path, *, clock: ManualClock) -> ObservationRecorder:
    state = RunningStateFile(path.with_name("running.json"), model="ours")
    return ObservationRecorder(engine, RecentTracks(), CoverageJournal(path), state=state, clock=clock)


def test_what_the_engine_saw_is_remembered_and_written_at_the_end(tmp_path: Path) -> None:
    engine = FakeEngineView(["a"])
    clock = ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    path = tmp_path / "coverage.json"
    recorder = recorder_of(engine, path, clock=clock)
    recorder.start()
    for index in range(4):
        engine.show(grey_view("a", index=index))
    recorder.stop()
    assert engine.listeners == []
    assert recorder.recent.span_s("a") == pytest.approx(3.0)
    assert CoverageJournal(path).seen_s("a", NOW.replace(minute=0), NOW + timedelta(hours=1)) == pytest.approx(3.0)


def test_one_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    engine = FakeEngineView(["a"])
    recorder_of(engine, tmp_path / "c.json", clock=ManualClock()).stop()
    assert not (tmp_path / "c.json").exists()


def test_how_it_is_doing_is_told_beside_the_outbox_until_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation_recorder, "WRITE_EVERY_S", 0.01)
    engine, clock = FakeEngineView(["a", "b"]), ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    recorder, told = recorder_of(engine, tmp_path / "c.json", clock=clock), tmp_path / "running.json"
    recorder.start()
    try:
        deadline = monotonic() + 30
        while read_running(told, now=clock.utc_now()) is None:
            assert monotonic() < deadline
            sleep(0.01)
        first = read_running(told, now=clock.utc_now())
        assert first is not None
        assert [camera.label for camera in first.cameras] == [c.label for c in engine.status().cameras]
        assert first.model == "ours"
        clock.advance(60.0)
        while (later := read_running(told, now=clock.utc_now())) is None:
            assert monotonic() < deadline
            sleep(0.01)
        assert (later.at - first.at).total_seconds() == 60
    finally:
        recorder.stop()
    assert not told.exists()

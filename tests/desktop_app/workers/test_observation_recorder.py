from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.workers.observation_recorder import ObservationRecorder
from shared_models.clock import ManualClock
from tests.helpers.engine_fakes import NOW, FakeEngineView, grey_view


def test_what_the_engine_saw_is_remembered_and_written_at_the_end(tmp_path: Path) -> None:
    engine = FakeEngineView(["a"])
    clock = ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    path = tmp_path / "coverage.json"
    recorder = ObservationRecorder(engine, RecentTracks(), CoverageJournal(path), clock=clock)
    recorder.start()
    for index in range(4):
        engine.show(grey_view("a", index=index))
    recorder.stop()
    assert engine.listeners == []
    assert recorder.recent.span_s("a") == pytest.approx(3.0)
    assert CoverageJournal(path).seen_s("a", NOW.replace(minute=0), NOW + timedelta(hours=1)) == pytest.approx(3.0)


def test_one_that_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    engine = FakeEngineView(["a"])
    ObservationRecorder(engine, RecentTracks(), CoverageJournal(tmp_path / "c.json"), clock=ManualClock()).stop()
    assert not (tmp_path / "c.json").exists()

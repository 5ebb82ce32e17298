"""Remembers what the engine saw: recent tracks in memory, coverage on the disk; and tells there how it is doing."""

from __future__ import annotations

import threading
from collections.abc import Callable

from desktop_app.services.coverage_journal import CoverageJournal
from desktop_app.services.engine_view import EngineView
from desktop_app.services.recent_tracks import RecentTracks
from desktop_app.services.running_state import WRITE_EVERY_S, RunningStateFile
from shared_models.clock import Clock

SAVE_EVERY_S = 30.0


class ObservationRecorder:
    """Listens to the engine's views; a thread of its own writes journal and state now and then."""

    def __init__(
        self,
        view: EngineView,
        recent: RecentTracks,
        journal: CoverageJournal,
        *,
        state: RunningStateFile,
        clock: Clock,
    ) -> None:
        self.recent = recent
        self.journal = journal
        self._state = state
        self._view = view
        self._clock = clock
        self._stop = threading.Event()
        self._unsubscribe: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._run, name="observation-recorder", daemon=True)

    def start(self) -> None:
        self._unsubscribe = self._view.on_view(self._record)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.journal.save(now=self._clock.utc_now())
        self._state.remove()

    def _record(self, camera_id: str) -> None:
        view = self._view.latest(camera_id)
        if view is not None:
            self.recent.record(view)
            self.journal.record(view)

    def _run(self) -> None:
        saved_s = self._clock.monotonic_s()
        self._tell()
        while not self._stop.wait(WRITE_EVERY_S):
            self._tell()
            if self._clock.monotonic_s() - saved_s >= SAVE_EVERY_S:
                saved_s = self._clock.monotonic_s()
                self.journal.save(now=self._clock.utc_now())

    def _tell(self) -> None:
        self._state.write(self._view.status().cameras, now=self._clock.utc_now())

"""Starts threads again that died of a defect: one camera's bad luck must not end a day's count."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from desktop_app.workers.work_thread import WorkThread
from shared_models.clock import Clock

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
FORGIVEN_S = 120.0
"""Who has lived this long since the last restart begins with the shortest wait again."""


@dataclass(slots=True)
class _Record:
    deaths: int = 0
    restarted_s: float = 0.0
    due_s: float | None = None


class Supervisor:
    """Watches ``threads()``, a fresh list at each look."""

    def __init__(self, threads: Callable[[], Iterable[WorkThread]], *, clock: Clock) -> None:
        self._threads = threads
        self._clock = clock
        self._records: dict[WorkThread, _Record] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start nothing any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Start again what died and is due: after 1 s, then 2, 4, ... up to a minute."""
        now_s = self._clock.monotonic_s()
        threads = list(self._threads())
        self._records = {t: self._records.get(t) or _Record(restarted_s=now_s) for t in threads}
        for thread, record in self._records.items():
            if thread.failure is None or thread.is_alive:
                continue
            if record.due_s is None:
                record.deaths = 1 if now_s - record.restarted_s >= FORGIVEN_S else record.deaths + 1
                record.due_s = now_s + min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(record.deaths - 1, 10))
            elif now_s >= record.due_s:
                record.due_s, record.restarted_s = None, now_s
                log.warning("%s is started again after it died %d times", thread.name, record.deaths)
                thread.start()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                log.exception("the supervisor failed to look")

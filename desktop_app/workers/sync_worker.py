"""The thread that keeps the cloud up to date."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from desktop_app.services.ports import Cloud, Outbox, OutboxDepth, OutboxError
from desktop_app.services.sync import SyncOutcome, SyncService
from desktop_app.workers.work_thread import WorkThread
from shared_models.clock import Clock

log = logging.getLogger(__name__)

IDLE_LOOK_S = 30.0
GATHER_S = 1.0
"""After a new event a moment is waited for others: one request for a group that walks in."""
LOOK_EVERY_S = 2.0
"""How old the depth may be that a screen shows."""
CUT_S = 1.0
"""How long a request that was cut may take to end before a stop goes on without it."""
PRUNE_EVERY_S = 3600.0
KEEP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SyncState:
    """How uploads stand.

    Attributes:
        is_connected: the last exchange went well; None before the first.
        words: what is wrong, or empty.
    """

    is_connected: bool | None = None
    last_success_at: datetime | None = None
    words: str = ""
    is_refused: bool = False


class SyncWorker:
    """Runs ``SyncService`` rounds until stopped. ``wake`` tells of new events."""

    def __init__(self, service: SyncService, *, outbox: Outbox, cloud: Cloud, clock: Clock) -> None:
        self._service = service
        self._outbox = outbox
        self._cloud = cloud
        self._clock = clock
        self._news = threading.Event()
        self._stop = threading.Event()
        self._state = SyncState()
        self._depth = OutboxDepth(0, 0, None, 0)
        self._pruned_s = clock.monotonic_s()
        self.thread = WorkThread(self._run, name="sync")

    @property
    def state(self) -> SyncState:
        if self.thread.failure is not None:
            return replace(self._state, is_connected=False, words=self.thread.words)
        return self._state

    @property
    def depth(self) -> OutboxDepth:
        """As it was a moment ago: a screen must not wait for the disk."""
        return self._depth

    def start(self) -> None:
        self.thread.start()

    def wake(self) -> None:
        """New events wait."""
        self._news.set()

    def stop(self, *, flush_s: float = 0.0) -> None:
        """Stop; for up to ``flush_s`` seconds what waits is still sent. A request under way is cut after that."""
        deadline = self._clock.monotonic_s() + flush_s
        while flush_s > 0 and self._clock.monotonic_s() < deadline and self.thread.is_alive:
            if self._state.is_connected is False or self._outbox.depth().pending == 0:
                break
            self._news.set()
            self._stop.wait(0.1)
        self._stop.set()
        self._news.set()
        self.thread.join(0.5)
        if self.thread.is_alive:
            self._cloud.close()
            self.thread.join(CUT_S)
        if self.thread.is_alive:
            # Only looking up a name or knocking at an address that is silent cannot be cut. What comes of it is not settled
            # any more, and sent again after the next start.
            log.info("an upload still waits for the network; it ends by itself")
        self._cloud.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            outcome = self._round()
            self._prune()
            if outcome.wait_s == 0.0:
                continue
            if outcome.wait_s is not None:
                self._pause(self._stop, outcome.wait_s)
            elif self._pause(self._news, IDLE_LOOK_S):
                self._news.clear()
                self._stop.wait(GATHER_S)

    def _pause(self, until: threading.Event, seconds: float) -> bool:
        """Wait for ``until``, looking at the outbox now and then; tells whether it came."""
        end_s = self._clock.monotonic_s() + seconds
        while True:
            self._look()
            left_s = end_s - self._clock.monotonic_s()
            if until.wait(max(0.0, min(LOOK_EVERY_S, left_s))):
                return True
            if left_s <= LOOK_EVERY_S:
                return False

    def _look(self) -> None:
        try:
            self._depth = self._outbox.depth()
        except OutboxError as error:
            log.info("the outbox cannot be looked at: %s", error)

    def _round(self) -> SyncOutcome:
        try:
            outcome = self._service.run_once()
        except OutboxError as error:
            outcome = SyncOutcome(wait_s=5.0, words=str(error))
        except Exception:
            log.exception("a sync round failed")
            outcome = SyncOutcome(wait_s=30.0, words="Uploading failed for a reason of its own; see the log.")
        self._note(outcome)
        return outcome

    def _note(self, outcome: SyncOutcome) -> None:
        if outcome.words:
            if outcome.words != self._state.words:
                log.info("sync: %s", outcome.words)
            self._state = replace(self._state, is_connected=False, words=outcome.words, is_refused=outcome.is_refused)
        elif outcome.sent or outcome.rejected:
            self._state = SyncState(is_connected=True, last_success_at=self._clock.utc_now())

    def _prune(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._pruned_s < PRUNE_EVERY_S:
            return
        self._pruned_s = now_s
        try:
            self._outbox.prune(before=self._clock.utc_now() - KEEP)
        except OutboxError as error:
            log.info("old events were not pruned: %s", error)

"""The thread that tells the cloud how the store does, and hears what was changed there."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from desktop_app.services.edge_link import EdgeLink, LinkError, camera_health
from desktop_app.services.engine_view import CameraStatus
from desktop_app.services.own_version import own_version
from desktop_app.services.zone_store import ZoneStoreError
from desktop_app.services.zone_sync import ZoneSync
from desktop_app.workers.work_thread import WorkThread
from shared_models.clock import Clock
from shared_models.enrolment import StoreFacts
from shared_models.heartbeat import Heartbeat

log = logging.getLogger(__name__)

CUT_S = 1.0
SPREAD = 0.1
"""Of the pause, up and down: a thousand laptops that start after a power cut do not knock at once for ever."""
LONGEST_REST_S = 300.0
UNKNOWN_THERE = (404, 405)
"""A cloud of an older version: it takes events and knows no heartbeat."""


@dataclass(frozen=True, slots=True)
class BeatState:
    """How the link stands.

    Attributes:
        is_heard: the last heartbeat was answered; None before the first.
        words: what is wrong, or empty.
        clock_offset_s: by how much this machine's clock is behind the cloud's.
        hides_people: what the organisation wants on screens.
    """

    is_heard: bool | None = None
    words: str = ""
    heard_at: datetime | None = None
    clock_offset_s: float | None = None
    hides_people: bool | None = None


class HeartbeatWorker:
    """Beats every ``every_s`` until stopped; ``wake``: at once, as zones were changed here.

    Args:
        cameras: how they do now.
        depth: how many events wait.
        still: a camera's picture as it may leave the store, a JPEG; None: there is none now.
        told: hears how the store is set in the cloud.
    """

    def __init__(
        self,
        link: EdgeLink,
        zones: ZoneSync,
        *,
        cameras: Callable[[], tuple[CameraStatus, ...]],
        depth: Callable[[], int],
        clock: Clock,
        every_s: float,
        chance: Callable[[], float] = random.random,
        still: Callable[[str], bytes | None] | None = None,
        told: Callable[[StoreFacts], None] = lambda _: None,
    ) -> None:
        self.zones = zones
        self._link = link
        self._cameras = cameras
        self._depth = depth
        self._clock = clock
        self._every_s = every_s
        self._chance = chance
        self._still = still
        self._tell = told
        self._config_revision = 0
        self._state = BeatState()
        self._news = threading.Event()
        self._stop = threading.Event()
        self.thread = WorkThread(self._run, name="heartbeat")

    @property
    def state(self) -> BeatState:
        if self.thread.failure is not None:
            return replace(self._state, is_heard=False, words=self.thread.words)
        return self._state

    def start(self) -> None:
        self.thread.start()

    def wake(self) -> None:
        """Do not wait for the next beat."""
        self._news.set()

    def stop(self) -> None:
        """Stop; a request under way is cut."""
        self._stop.set()
        self._news.set()
        self.thread.join(0.2)
        self._link.close()
        self.thread.join(CUT_S)
        if self.thread.is_alive:
            # Looking up a name cannot be cut; it ends by itself and changes nothing any more.
            log.info("a heartbeat still waits for the network; it ends by itself")

    def _run(self) -> None:
        while not self._stop.is_set():
            rest_s = self._beat()
            self._news.wait(rest_s)
            self._news.clear()

    def _beat(self) -> float:
        """One exchange; gives the seconds until the next."""
        usual_s = self._every_s * (1 + SPREAD * (2 * self._chance() - 1))
        try:
            answer = self._link.beat(self._told())
            self._config_revision = answer.config_revision
            self._note(BeatState(True, "", self._clock.utc_now(), answer.clock_offset_s, answer.hides_people))
            if not self._stop.is_set():
                if answer.store is not None:
                    self._tell(answer.store)
                self.zones.reconcile(answer)
                self._show(answer.stills)
        except LinkError as error:
            if error.status in UNKNOWN_THERE:
                self._note(BeatState())
                return LONGEST_REST_S
            self._note(replace(self._state, is_heard=False, words=str(error)))
            return min(LONGEST_REST_S, max(usual_s, error.retry_after_s or 0.0))
        except ZoneStoreError as error:
            self._note(replace(self._state, words=str(error)))
        return usual_s

    def _show(self, cameras: tuple[str, ...]) -> None:
        """Bring the stills that somebody waits for; one that cannot be brought is no trouble of the store's."""
        if self._still is None:
            return
        for camera_id in cameras:
            jpeg = self._still(camera_id)
            if jpeg is None or self._stop.is_set():
                continue
            try:
                self._link.still(camera_id, jpeg)
            except LinkError as error:
                log.info("a still of %s was not taken: %s", camera_id, error)

    def _told(self) -> Heartbeat:
        return Heartbeat(
            sent_at=self._clock.utc_now(),
            version=own_version()[:100],
            outbox_depth=self._depth(),
            config_revision=self._config_revision,
            cameras=camera_health(self._cameras(), revisions=self.zones.revisions),
        )

    def _note(self, state: BeatState) -> None:
        if state.words and state.words != self._state.words:
            log.info("heartbeat: %s", state.words)
        self._state = state

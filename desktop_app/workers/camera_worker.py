"""The thread of one camera: open, read, publish the newest frame, and come back by itself."""

from __future__ import annotations

import logging
import random
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from desktop_app.services.capture_health import FrozenWatch, stale_words
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import CapturedFrame, SourceEnded, SourceError, SourceUnreadable, VideoSource
from desktop_app.services.reconnect_policy import HEALTHY_S, reconnect_wait_s
from desktop_app.workers.latest_slot import LatestSlot
from shared_models.cameras import redact
from shared_models.clock import Clock

log = logging.getLogger(__name__)
FROZEN_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera stands, in a sentence for its owner."""

    condition: CameraCondition
    words: str
    since_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which a camera could not see, from the last good frame on."""

    ended_at: datetime
    duration_s: float
    reason: str


class CameraWorker:
    """Keeps one camera's newest frame in ``slot``.

    Args:
        on_gap: called from this thread when an outage is over, or is cut by a stop.
    """

    def __init__(
        self,
        camera_id: str,
        source: VideoSource,
        *,
        clock: Clock,
        on_gap: Callable[[str, Gap], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.camera_id = camera_id
        self.slot: LatestSlot[CapturedFrame] = LatestSlot()
        self._source = source
        self._clock = clock
        self._on_gap = on_gap
        self._chance = chance
        self._stop = threading.Event()
        self._state = CameraState(CameraCondition.STARTING, "Connecting.", clock.utc_now())
        self._last_good = (clock.monotonic_s(), clock.utc_now())
        self._trouble: str | None = None
        self._frozen = FrozenWatch()
        self._looked_s = 0.0
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera_id}", daemon=True)

    @property
    def state(self) -> CameraState:
        """As it is now: a camera that has been silent for some seconds is in trouble while its read still waits."""
        state = self._state
        if state.condition is not CameraCondition.LIVE:
            return state
        last_good_s, last_good_at = self._last_good
        words = stale_words(silent_s=self._clock.monotonic_s() - last_good_s)
        return state if words is None else CameraState(CameraCondition.TROUBLE, words, last_good_at)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting."""
        self._stop.set()

    def stop(self) -> None:
        """Stop and wait: at most as long as a read may take."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            opened_s = self._clock.monotonic_s()
            try:
                self._watch()
            except SourceEnded as error:
                self.has_ended = True
                self._set(CameraCondition.STOPPED, str(error))
                break
            except SourceError as error:
                failed = error
            except Exception as error:
                log.exception("camera %s failed", self.camera_id)
                failed = SourceUnreadable(f"The camera cannot be read ({type(error).__name__}); see the log.")
            else:
                break
            finally:
                self._source.close()
            failures = 1 if self._clock.monotonic_s() - opened_s >= HEALTHY_S else failures + 1
            self._trouble = self._trouble or type(failed).__name__
            self._set(CameraCondition.TROUBLE, redact(str(failed)))
            self._stop.wait(reconnect_wait_s(failed, failures=failures, chance=self._chance()))
        self._end_gap()
        if not self.has_ended:
            self._set(CameraCondition.STOPPED, "Stopped.")

    def _watch(self) -> None:
        self._source.open()
        self._frozen = FrozenWatch()
        while not self._stop.is_set():
            self._take(self._source.read())

    def _take(self, frame: CapturedFrame) -> None:
        if self._is_frozen(frame):
            self._trouble = "frozen"
            self._set(CameraCondition.TROUBLE, "The picture has not changed for 20 seconds; restart the camera.")
            return
        if self._trouble is None and self.state.condition is CameraCondition.TROUBLE:
            self._trouble = "stale"
        self._end_gap()
        self._last_good = (self._clock.monotonic_s(), self._clock.utc_now())
        self._set(CameraCondition.LIVE, "Live.")
        self.slot.put(frame)

    def _is_frozen(self, frame: CapturedFrame) -> bool:
        now_s = self._clock.monotonic_s()
        luma = getattr(frame.convert, "luma", None)
        if luma is None:
            return False
        if now_s - self._looked_s < FROZEN_LOOK_S:
            return self._trouble == "frozen"
        self._looked_s = now_s
        plane = luma()
        return plane is not None and self._frozen.observe(zlib.adler32(plane), at_s=now_s)

    def _end_gap(self) -> None:
        if self._trouble is None:
            return
        reason, self._trouble = self._trouble, None
        duration_s = self._clock.monotonic_s() - self._last_good[0]
        self._on_gap(self.camera_id, Gap(self._clock.utc_now(), duration_s, reason))

    def _set(self, condition: CameraCondition, words: str) -> None:
        if (condition, words) == (self._state.condition, self._state.words):
            return
        if condition is not CameraCondition.LIVE:
            log.info("camera %s: %s", self.camera_id, words)
        self._state = CameraState(condition, words, self._clock.utc_now())

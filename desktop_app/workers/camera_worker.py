"""The thread of one camera: open, read, publish the newest frame, and come back by itself."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desktop_app.services.capture_health import FrozenWatch, stale_words
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import CapturedFrame, SourceEnded, SourceError, VideoSource
from desktop_app.services.reconnect_policy import Backoff
from desktop_app.workers.latest_slot import LatestSlot
from desktop_app.workers.work_thread import WorkThread
from shared_models.cameras import redact
from shared_models.clock import Clock

log = logging.getLogger(__name__)
FROZEN_LOOK_S = 1.0
STOP_LIMIT_S = 5.0
"""Drivers that have not let go after this long are not waited for any longer: a person who quits must not wait for ever."""
STOP_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera stands, in a sentence for its owner. ``reason``: a name for programs, of a camera in trouble."""

    condition: CameraCondition
    words: str
    since_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A span in which a camera could not see, from the last good frame on."""

    ended_at: datetime
    duration_s: float
    reason: str


class CameraWorker:
    """Keeps one camera's newest frame in ``slot``. A thread that died of a defect can be started again.

    Args:
        on_gap: called from this thread when an outage is over, or is cut by a stop.
        pause: waits for some seconds before the next try; by default until a stop at most.
    """

    def __init__(
        self,
        camera_id: str,
        source: VideoSource,
        *,
        clock: Clock,
        on_gap: Callable[[str, Gap], None],
        chance: Callable[[], float] = random.random,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.slot: LatestSlot[CapturedFrame] = LatestSlot()
        self._source = source
        self._clock = clock
        self._on_gap = on_gap
        self._chance = chance
        self._stop = threading.Event()
        self._pause = pause or self._stop.wait
        self._backoff = Backoff()
        self._healthy_since_s: float | None = None
        self._state = CameraState(CameraCondition.STARTING, "Connecting.", clock.utc_now())
        self._last_good = (clock.monotonic_s(), clock.utc_now())
        self._trouble: str | None = None
        self._frozen = FrozenWatch()
        self._looked_s = 0.0
        self.has_ended = False
        self.thread = WorkThread(self._run, name=f"camera-{camera_id}")

    @property
    def state(self) -> CameraState:
        """As it is now: a camera that has been silent for some seconds is in trouble while its read still waits."""
        state = self._state
        if self.thread.failure is not None:
            return CameraState(CameraCondition.TROUBLE, self.thread.words, self._last_good[1])
        if state.condition is not CameraCondition.LIVE:
            return state
        last_good_s, last_good_at = self._last_good
        words = stale_words(silent_s=self._clock.monotonic_s() - last_good_s)
        return state if words is None else CameraState(CameraCondition.TROUBLE, words, last_good_at)

    def start(self) -> None:
        self.thread.start()

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting: a read under way is cut."""
        self._stop.set()
        self._source.close()

    def stop(self) -> None:
        """Stop and wait."""
        stop_cameras([self])

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except SourceEnded as error:
                if not self._stop.is_set():
                    self.has_ended = True
                    self._set(CameraCondition.STOPPED, str(error))
                break
            except SourceError as error:
                failed = error
            except Exception:
                # A defect: the thread dies of it, and the supervisor starts it again. The camera is blind meanwhile.
                self._trouble = self._trouble or "defect"
                self._healthy_since_s = None
                raise
            else:
                break
            finally:
                self._source.close()
            if self._stop.is_set():
                break
            self._wait_after(failed)
        self._note_silence()
        self._end_gap()
        if not self.has_ended:
            self._set(CameraCondition.STOPPED, "Stopped.")

    def _wait_after(self, failed: SourceError) -> None:
        since_s, self._healthy_since_s = self._healthy_since_s, None
        healthy_s = 0.0 if since_s is None else self._last_good[0] - since_s
        self._trouble = self._trouble or type(failed).__name__
        self._set(CameraCondition.TROUBLE, redact(str(failed)), reason=type(failed).__name__)
        self._pause(self._backoff.wait_s(failed, healthy_s=healthy_s, chance=self._chance()))

    def _watch(self) -> None:
        self._source.open()
        self._frozen = FrozenWatch()
        while not self._stop.is_set():
            self._take(self._source.read())

    def _take(self, frame: CapturedFrame) -> None:
        now_s = self._clock.monotonic_s()
        if self._is_frozen(frame, now_s=now_s):
            self._note_frozen(now_s=now_s)
            return
        self._note_silence()
        if self._trouble is not None or self._healthy_since_s is None:
            self._healthy_since_s = now_s
        self._end_gap()
        self._last_good = (now_s, self._clock.utc_now())
        self._set(CameraCondition.LIVE, "Live.")
        self.slot.put(frame)

    def _note_silence(self) -> None:
        """A silence that no error has ended: the camera sends again, or is stopped in the middle of it."""
        if self._trouble is None and self.state.condition is CameraCondition.TROUBLE:
            self._trouble = "stale"

    def _is_frozen(self, frame: CapturedFrame, *, now_s: float) -> bool:
        if frame.fingerprint is None:
            return False
        if now_s - self._looked_s < FROZEN_LOOK_S:
            return self._trouble == "frozen"
        self._looked_s = now_s
        fingerprint = frame.fingerprint()
        return fingerprint is not None and self._frozen.observe(fingerprint, at_s=now_s)

    def _note_frozen(self, *, now_s: float) -> None:
        """The camera has been blind since its picture stood still, not only since that was noticed."""
        if self._trouble != "frozen":
            since_s = self._frozen.since_s
            self._last_good = (since_s, self._clock.utc_now() - timedelta(seconds=now_s - since_s))
        self._trouble, self._healthy_since_s = "frozen", None
        self._set(
            CameraCondition.TROUBLE, "The picture has not changed for 20 seconds; restart the camera.", reason="frozen"
        )

    def _end_gap(self) -> None:
        if self._trouble is None:
            return
        reason, self._trouble = self._trouble, None
        gap = Gap(self._clock.utc_now(), self._clock.monotonic_s() - self._last_good[0], reason)
        try:
            self._on_gap(self.camera_id, gap)
        except Exception:
            log.exception("camera %s: a gap of %.0f s could not be told", self.camera_id, gap.duration_s)

    def _set(self, condition: CameraCondition, words: str, *, reason: str = "") -> None:
        if (condition, words) == (self._state.condition, self._state.words):
            return
        if condition is not CameraCondition.LIVE:
            log.info("camera %s: %s", self.camera_id, words)
        self._state = CameraState(condition, words, self._clock.utc_now(), reason)


def stop_cameras(workers: Sequence[CameraWorker]) -> None:
    """Stop all of them at once and wait, for all together no longer than ``STOP_LIMIT_S``.

    The time that is waited is counted in looks, not by the clock: a machine that slept meanwhile gave nobody time to end.
    """
    left = round(STOP_LIMIT_S / STOP_LOOK_S)
    alive = list(workers)
    while alive and left:
        for worker in alive:
            worker.ask_to_stop()  # again and again: a source may have been opened anew in the moment of the stop
        alive[0].thread.join(STOP_LOOK_S)
        left -= 1
        alive = [worker for worker in alive if worker.thread.is_alive]
    for worker in alive:
        log.warning(
            "camera %s: its driver has not answered for %.0f s and is not waited for any longer",
            worker.camera_id,
            STOP_LIMIT_S,
        )

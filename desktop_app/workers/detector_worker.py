"""The one detection service of all cameras."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from desktop_app.domain.detections import Detections
from desktop_app.services.detection_schedule import DetectionSchedule
from desktop_app.services.ports import CapturedFrame, Detector, DetectorError
from desktop_app.workers.latest_slot import LatestSlot
from shared_models.clock import Clock

log = logging.getLogger(__name__)

SIDE_BY_SIDE = 2
IDLE_S = 0.01
FAILED_WAIT_S = 2.0


class DetectorWorker:
    """Takes the newest frame of each camera that is due, two at a time, and hands on what was found in it.

    Args:
        on_result: called in this thread, per camera in order of capture.
    """

    def __init__(
        self,
        detector: Detector,
        slots: Mapping[str, LatestSlot[CapturedFrame]],
        *,
        target_fps: dict[str, float],
        clock: Clock,
        on_result: Callable[[str, CapturedFrame, Detections], None],
    ) -> None:
        self._detector = detector
        self._slots = slots
        self._clock = clock
        self._on_result = on_result
        self._schedule = DetectionSchedule(target_fps)
        self._stop = threading.Event()
        self.words = ""
        self._thread = threading.Thread(target=self._run, name="detector", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop after the frames under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def rate(self, camera_id: str) -> float:
        """Frames per second analysed lately."""
        return self._schedule.rate(camera_id, now_s=self._clock.monotonic_s())

    def _run(self) -> None:
        while not self._stop.is_set():
            frames = self._take_due()
            if not frames:
                self._stop.wait(IDLE_S)
                continue
            self._analyse(frames)

    def _take_due(self) -> list[tuple[str, CapturedFrame]]:
        now_s = self._clock.monotonic_s()
        taken: list[tuple[str, CapturedFrame]] = []
        for camera_id in self._schedule.due(now_s=now_s):
            frame = self._slots[camera_id].take()
            if frame is None:
                continue
            self._schedule.looked_at(camera_id, now_s=now_s)
            taken.append((camera_id, frame))
            if len(taken) == SIDE_BY_SIDE:
                break
        return taken

    def _analyse(self, frames: list[tuple[str, CapturedFrame]]) -> None:
        try:
            found = self._detector.detect([frame.bgr() for _, frame in frames])
            self.words = ""
        except DetectorError as error:
            if str(error) != self.words:
                log.warning("detection failed: %s", error)
            self.words = str(error)
            self._stop.wait(FAILED_WAIT_S)
            return
        except Exception:
            log.exception("a frame could not be analysed")
            return
        for (camera_id, frame), detections in zip(frames, found, strict=True):
            try:
                self._on_result(camera_id, frame, detections)
            except Exception:
                log.exception("camera %s: a result could not be handled", camera_id)

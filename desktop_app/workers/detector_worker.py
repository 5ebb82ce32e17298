"""The one detection service of all cameras."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from desktop_app.domain.detections import Detections
from desktop_app.services.detection_schedule import DetectionSchedule
from desktop_app.services.input_size import InputSize, InputSizeChooser
from desktop_app.services.motion_gate import MotionGate
from desktop_app.services.ports import CapturedFrame, Detector, DetectorError
from desktop_app.workers.latest_slot import LatestSlot
from desktop_app.workers.work_thread import WorkThread
from shared_models.clock import Clock

log = logging.getLogger(__name__)

IDLE_S = 0.01
FAILED_WAIT_S = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """A frame under way, and the slot that it came from."""

    camera_id: str
    slot: LatestSlot[CapturedFrame]
    frame: CapturedFrame
    long_side: int


class DetectorWorker:
    """Takes the newest frame of each camera that is due, a few at a time, and hands on what was found in it.

    Cameras come and go while it runs (``add``, ``remove``).

    A frame in which nothing moved since the camera's last full look is passed over, for a second at most.

    Args:
        on_result: called in this thread, per camera in order of capture; tells whether somebody is near a line, so that
            this camera comes first where there is too much to do.
    """

    def __init__(
        self,
        detector: Detector,
        slots: Mapping[str, LatestSlot[CapturedFrame]],
        *,
        target_fps: dict[str, float],
        clock: Clock,
        on_result: Callable[[str, CapturedFrame, Detections], bool],
    ) -> None:
        self._detector = detector
        self._slots = dict(slots)
        self._clock = clock
        self._on_result = on_result
        self._schedule = DetectionSchedule(target_fps)
        self._gates = {camera_id: MotionGate() for camera_id in slots}
        self._sizes = {camera_id: InputSizeChooser() for camera_id in slots}
        self._stop = threading.Event()
        # Held while cameras change and while results are handed on: after `remove` nothing more comes of that camera.
        self._cameras_change = threading.Lock()
        self._words = ""
        self.thread = WorkThread(self._run, name="detector")

    @property
    def words(self) -> str:
        """What is wrong with detection, or empty."""
        return self.thread.words or self._words

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Stop after the frames under way."""
        self._stop.set()
        self.thread.join()

    def add(
        self,
        camera_id: str,
        slot: LatestSlot[CapturedFrame],
        *,
        fps: float,
        input_size: InputSize = InputSize.AUTOMATIC,
    ) -> None:
        """Look at one camera more."""
        with self._cameras_change:
            self._slots[camera_id] = slot
            self._gates[camera_id] = MotionGate()
            self._sizes[camera_id] = InputSizeChooser(input_size)
            self._schedule.add(camera_id, fps=fps)

    def set_rate(self, camera_id: str, *, fps: float) -> None:
        """Look at a camera more or less often from now on."""
        with self._cameras_change:
            self._schedule.set_rate(camera_id, fps=fps)

    def set_input_size(self, camera_id: str, wish: InputSize) -> None:
        """Look at a camera with another input from now on."""
        with self._cameras_change:
            if camera_id in self._sizes:
                self._sizes[camera_id] = InputSizeChooser(wish)

    def remove(self, camera_id: str) -> None:
        """Look at a camera no more; when this returns no result of it is or will be handed on."""
        with self._cameras_change:
            self._slots.pop(camera_id, None)
            self._gates.pop(camera_id, None)
            self._sizes.pop(camera_id, None)
            self._schedule.remove(camera_id)

    def rate(self, camera_id: str) -> float:
        """Frames per second analysed lately."""
        return self._schedule.rate(camera_id, now_s=self._clock.monotonic_s())

    def input_side(self, camera_id: str) -> int:
        """Longer side of the network's input for this camera; 0 where the model has only its own."""
        chooser = self._sizes.get(camera_id)
        return chooser.settled if chooser is not None and len(self._detector.input_sides) > 1 else 0

    def _run(self) -> None:
        while not self._stop.is_set():
            taken = self._take_due()
            if not taken:
                self._stop.wait(IDLE_S)
                continue
            self._analyse(taken)

    def _take_due(self) -> list[_Taken]:
        now_s = self._clock.monotonic_s()
        taken: list[_Taken] = []
        with self._cameras_change:
            for camera_id in self._schedule.due(now_s=now_s):
                slot = self._slots[camera_id]
                frame = slot.take()
                if frame is None:
                    continue
                self._schedule.looked_at(camera_id, now_s=now_s)
                if not self._is_worth_a_look(camera_id, frame):
                    continue
                taken.append(_Taken(camera_id, slot, frame, self._sizes[camera_id].side(at_s=frame.at_s)))
                if len(taken) >= self._detector.side_by_side:
                    break
        return taken

    def _is_worth_a_look(self, camera_id: str, frame: CapturedFrame) -> bool:
        try:
            return self._gates[camera_id].is_due(frame.bgr(), at_s=frame.at_s)
        except Exception:
            log.exception("camera %s: a frame could not be converted", camera_id)
            return False

    def _analyse(self, taken: list[_Taken]) -> None:
        try:
            sides = [one.long_side for one in taken] if len(self._detector.input_sides) > 1 else []
            found = self._detector.detect([one.frame.bgr() for one in taken], long_sides=sides)
            self._words = ""
        except DetectorError as error:
            if str(error) != self._words:
                log.warning("detection failed: %s", error)
            self._words = str(error)
            self._stop.wait(FAILED_WAIT_S)
            return
        except Exception:
            log.exception("a frame could not be analysed")
            return
        for one, detections in zip(taken, found, strict=True):
            self._hand_on(one, detections)

    def _hand_on(self, one: _Taken, detections: Detections) -> None:
        with self._cameras_change:
            if self._slots.get(one.camera_id) is not one.slot:
                return
            frame = one.frame
            self._sizes[one.camera_id].saw(detections, frame_wh=frame.size_wh, side=one.long_side, at_s=frame.at_s)
            try:
                is_urgent = self._on_result(one.camera_id, one.frame, detections)
                self._schedule.prefer(one.camera_id, is_urgent=is_urgent)
            except Exception:
                log.exception("camera %s: a result could not be handled", one.camera_id)

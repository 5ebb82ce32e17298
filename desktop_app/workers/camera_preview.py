"""A look through a camera that is not part of the engine (yet)."""

from __future__ import annotations

import threading

from desktop_app.services.ports import CapturedFrame, VideoSource
from desktop_app.workers.camera_worker import CameraState, CameraWorker, Gap
from desktop_app.workers.latest_slot import LatestSlot
from shared_models.clock import Clock

LOOK_S = 0.2


class CameraPreview:
    """Opens a source and keeps its newest picture ready to paint; converting it costs the window's thread nothing."""

    def __init__(self, source: VideoSource, *, clock: Clock) -> None:
        self.pictures: LatestSlot[CapturedFrame] = LatestSlot()
        self._stop = threading.Event()
        self._worker = CameraWorker("preview", source, clock=clock, on_gap=_forget_gap)
        self._thread = threading.Thread(target=self._run, name="camera-preview", daemon=True)

    @property
    def state(self) -> CameraState:
        """How it stands, in words."""
        return self._worker.state

    def start(self) -> None:
        self._worker.start()
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting."""
        self._stop.set()
        self._worker.ask_to_stop()

    def join(self) -> None:
        """Wait for the end: at most as long as a read may take."""
        self.ask_to_stop()
        self._worker.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            frame = self._worker.slot.take(timeout_s=LOOK_S)
            if frame is not None:
                frame.bgr()
                self.pictures.put(frame)


def _forget_gap(_camera_id: str, _gap: Gap) -> None:
    """A look leaves no trace in the figures."""

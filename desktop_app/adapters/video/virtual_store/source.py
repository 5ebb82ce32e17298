"""The virtual store as a camera."""

from __future__ import annotations

import math
import threading
from datetime import datetime, timedelta

from desktop_app.adapters.video.virtual_store.renderer import Renderer
from desktop_app.adapters.video.virtual_store.scenery import DrawingCut
from desktop_app.adapters.video.virtual_store.scenes import parse_store
from desktop_app.adapters.video.virtual_store.simulation import Pose, Simulation
from desktop_app.services.ports import BgrImage, CapturedFrame, SourceEnded
from shared_models.cameras import SourceAddress
from shared_models.clock import Clock
from shared_models.geometry import Size

MAX_LATE_S = 0.5


class VirtualStoreSource:
    """Frames of ``virtual-store://scene?...``. Frame i shows second i / fps of the film, whenever it is drawn.

    In real time frames that are late are skipped, as a camera's would be: their numbers are missing, the film's time is
    not. Otherwise every frame is given, as fast as it can be drawn.

    Attributes:
        started_at: UTC moment of the film's second 0.
    """

    def __init__(self, address: SourceAddress, *, clock: Clock, realtime: bool = True) -> None:
        self.config = parse_store(address)
        self._clock = clock
        self._realtime = realtime
        self._next_index = 0
        self._simulation: Simulation | None = None
        self._closed = threading.Event()
        self.started_at: datetime = clock.utc_now()
        self._started_s = 0.0

    def open(self) -> Size:
        self._closed.clear()
        try:
            self._renderer = Renderer(self.config, is_cut=self._closed.is_set)
        except DrawingCut:
            raise _closed_words() from None
        self._simulation = Simulation(self.config)
        self._next_index = 0
        self.started_at, self._started_s = self._clock.utc_now(), self._clock.monotonic_s()
        return self.config.size_wh

    def read(self) -> CapturedFrame:
        simulation = self._simulation
        if simulation is None:
            raise _closed_words()
        index = self._due_index()
        film_s = index / self.config.fps
        if self.config.minutes and film_s >= self.config.minutes * 60:
            raise SourceEnded("The film of the virtual store is over.")
        self._next_index = index + 1
        simulation.advance_to(film_s)
        return CapturedFrame(
            index,
            self.started_at + timedelta(seconds=film_s),
            self._started_s + film_s,
            self.config.size_wh,
            _Drawing(self._renderer, simulation.poses(), index),
        )

    def close(self) -> None:
        self._closed.set()
        self._simulation = None

    def _due_index(self) -> int:
        index = self._next_index
        if not self._realtime:
            return index
        late_s = self._clock.monotonic_s() - self._started_s - index / self.config.fps
        if late_s > MAX_LATE_S:
            return index + math.floor(late_s * self.config.fps)
        self._clock.sleep(-late_s)
        return index


def _closed_words() -> SourceEnded:
    return SourceEnded("The virtual store is closed.")


class _Drawing:
    """A picture that is drawn when somebody asks for it, once."""

    __slots__ = ("_image", "_index", "_poses", "_renderer")

    def __init__(self, renderer: Renderer, poses: list[Pose], index: int) -> None:
        self._renderer, self._poses, self._index = renderer, poses, index
        self._image: BgrImage | None = None

    def __call__(self) -> BgrImage:
        if self._image is None:
            self._image = self._renderer.picture(self._poses, index=self._index)
        return self._image

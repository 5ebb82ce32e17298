"""The films of this benchmark, 640x360 at five frames per second, with the true counts of one line in each: two that are
timed, and six drawn ones that are only counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from desktop_app.adapters.video.virtual_store.scenes import parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
from desktop_app.adapters.video.virtual_store.truth import truth_for
from shared_models.cameras import SourceAddress
from shared_models.clock import SteadyClock
from shared_models.zones import CountedDirection, LineZone
from tests.helpers.material import CACHE, vtest_avi

SIZE, FPS = (640, 360), 5
STORE, STORE_S = "virtual-store://entrance?seed=7&people=12&fps=5", 60
FURTHER = tuple(("entrance", seed) for seed in (40, 41, 42)) + tuple(("floor", seed) for seed in (43, 44, 45))
"""Scene and seed of the films that are only counted; nothing of the program was chosen by them."""
FURTHER_S = 90
CROP_TOP, CROP_HEIGHT = 100, 432
"""Rows of vtest.avi (768x576) that make a picture of 16:9; the line and all feet near it are in them."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A film with its truth.

    Attributes:
        key: what it is asked for by.
        line: start and end in pixels; *in* lies to its right as seen on the screen.
    """

    key: str
    name: str
    path: Path
    line: tuple[tuple[float, float], tuple[float, float]]
    in_count: int
    out_count: int


def make_clips() -> list[Clip]:
    """Both timed films, made once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    scale = SIZE[0] / 768
    top, bottom = ((y - CROP_TOP) * scale for y in (150, 360))
    street = Clip(
        "street", "vtest.avi", CACHE / "vtest_640x360_5fps.avi", ((300 * scale, top), (300 * scale, bottom)), 15, 12
    )
    _write(street.path, _street())
    return [street, _store()]


def make_further_clips() -> list[Clip]:
    """The films that are only counted, made once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return [
        _drawn_clip(f"{scene} {seed}", f"virtual-store://{scene}?seed={seed}&fps={FPS}", seconds=FURTHER_S)
        for scene, seed in FURTHER
    ]


def _store() -> Clip:
    return _drawn_clip("store", STORE, seconds=STORE_S, name="virtual store")


def _drawn_clip(key: str, address: str, *, seconds: int, name: str = "") -> Clip:
    """The first seconds of a virtual store, with the truth of its line."""
    config = parse_store(SourceAddress(address))
    (line,) = (z for z in scene_zones(config.scene, size_wh=SIZE) if isinstance(z, LineZone))
    truth = truth_for(config, [line], from_s=0, to_s=seconds)
    counts = [truth.count(line.zone_id, way) for way in (CountedDirection.IN, CountedDirection.OUT)]
    start, end = ((x * SIZE[0], y * SIZE[1]) for x, y in line.points)
    path = CACHE / f"{key.replace(' ', '-')}_640x360_5fps.avi"
    clip = Clip(key, name or key, path, (start, end), *counts)
    _write(clip.path, _drawn(address, frames=seconds * FPS))
    return clip


def _street() -> Iterator[np.ndarray]:
    capture = cv2.VideoCapture(str(vtest_avi()))
    number = 0
    while (answer := capture.read())[0]:
        if number % 2 == 0:
            wide = answer[1][CROP_TOP : CROP_TOP + CROP_HEIGHT]
            yield cv2.resize(wide, SIZE, interpolation=cv2.INTER_AREA)
        number += 1


def _drawn(address: str, *, frames: int) -> Iterator[np.ndarray]:
    source = VirtualStoreSource(SourceAddress(address), clock=SteadyClock(), realtime=False)
    source.open()
    for _ in range(frames):
        yield source.read().bgr()
    source.close()


def _write(path: Path, frames: Iterator[np.ndarray]) -> None:
    if path.is_file():
        return
    part = path.with_name("part_" + path.name)
    writer = cv2.VideoWriter(str(part), cv2.VideoWriter.fourcc(*"MJPG"), FPS, SIZE)
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, 95)
    for frame in frames:
        writer.write(frame)
    writer.release()
    part.replace(path)

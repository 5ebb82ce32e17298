"""The pictures that are learnt from, and those that are held out.

Held out by scene: a labelled photograph is a scene of its own, a virtual store is one by its seed (and its room is
rebuilt for training only). ``vtest.avi`` is one scene and is learnt from, so nothing is claimed of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from desktop_app.adapters.video.virtual_store.renderer import Renderer
from desktop_app.adapters.video.virtual_store.scenery import CEILING_M
from desktop_app.adapters.video.virtual_store.scenes import SCENES, StoreConfig
from desktop_app.adapters.video.virtual_store.simulation import Simulation
from desktop_app.services.ports import BgrImage
from installer.models.measure import Boxes, Labelled

HELD_OUT_SEEDS = (9001, 9002)
"""Of virtual stores. Training uses seeds below 9000."""
MIN_VISIBLE = 0.5
MIN_HEIGHT_PX = 40
NO_BOXES = np.zeros((0, 4), np.float32)


def is_held_out(name: str) -> bool:
    """By the file's name alone, so that it can never change sides."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def is_for_choosing(name: str) -> bool:
    """Of those not held out every fifth: not learnt from, so that a step of the training can be chosen by it."""
    return not is_held_out(name) and hashlib.sha256(name.encode()).digest()[1] % 5 == 0


def photographs(folder: Path, *, held_out: bool) -> list[Labelled]:
    """Photographs with the boxes of people, in YOLO form (``images/``, ``labels/``)."""
    return [_photograph(path) for path in _listed(folder) if is_held_out(path.name) == held_out]


def photographs_learnt(folder: Path, *, for_choosing: bool) -> list[Labelled]:
    """Of the photographs that are not held out: those learnt from, or those a step is chosen by."""
    paths = [path for path in _listed(folder) if not is_held_out(path.name)]
    return [_photograph(path) for path in paths if is_for_choosing(path.name) == for_choosing]


def _listed(folder: Path) -> list[Path]:
    return sorted((folder / "images").glob("*.jpg"))


def _photograph(path: Path) -> Labelled:
    picture = _read(path)
    height, width = picture.shape[:2]
    text = (path.parents[1] / "labels" / f"{path.stem}.txt").read_text().split()
    rows = np.array(text, np.float32).reshape(-1, 5)[:, 1:] * np.array([width, height, width, height], np.float32)
    corners = np.hstack([rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2])
    return Labelled(path.name, picture, corners.astype(np.float32), NO_BOXES)


def plain_pictures(folder: Path) -> Iterator[Labelled]:
    """Pictures without labels; small ones and line drawings are left out."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png")):
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is not None and min(picture.shape[:2]) >= 200:
            yield Labelled(path.name, _at_most(np.asarray(picture, np.uint8), 1280), NO_BOXES, NO_BOXES)


def film(path: Path, *, every: int = 2) -> Iterator[Labelled]:
    """Frames of a film, without labels."""
    capture = cv2.VideoCapture(str(path))
    number = 0
    while True:
        is_there, frame = capture.read()
        if not is_there:
            break
        if number % every == 0:
            yield Labelled(f"{path.stem}-{number}", np.asarray(frame, np.uint8), NO_BOXES, NO_BOXES)
        number += 1
    capture.release()


def store_frames(config: StoreConfig, *, count: int, every_s: float) -> Iterator[Labelled]:
    """Frames of a virtual store with everybody's box; people hidden or tiny are to be ignored."""
    simulation, renderer = Simulation(config), Renderer(config)
    simulation.advance_to(20.0)
    for index in range(count):
        simulation.advance_to(20.0 + index * every_s)
        poses = simulation.poses()
        people, ignored = [], []
        for box in renderer.truth_boxes(poses):
            if box.visible_xyxy is None:
                continue
            is_plain = box.visible >= MIN_VISIBLE and box.visible_xyxy[3] - box.visible_xyxy[1] >= MIN_HEIGHT_PX
            (people if is_plain else ignored).append(box.visible_xyxy)
        name = f"{config.scene}-{config.seed}-{index}"
        yield Labelled(name, renderer.picture(poses, index=index), _boxes(people), _boxes(ignored))


def held_out_store(*, count: int = 40) -> list[Labelled]:
    """The four rooms as they ship, with seeds and light that training never saw."""
    frames: list[Labelled] = []
    for scene in ("entrance", "aisle", "queue", "floor"):
        for seed in HELD_OUT_SEEDS:
            config = StoreConfig(scene, seed=seed, people=14, light="day" if seed % 2 else "evening")
            frames += store_frames(config, count=count, every_s=3.1)
    return frames


def rebuilt_stores(*, seed: int, count: int, frames_each: int) -> Iterator[Labelled]:
    """Virtual stores for training: the rooms seen from other heights, angles and lenses, crowded or not."""
    source = np.random.default_rng(seed)
    rooms = [name for name in SCENES if "-" not in name]
    for number in range(count):
        room = rooms[number % len(rooms)]
        name = f"{room}-{seed}-{number}"
        SCENES[name] = replace(
            SCENES[room],
            camera_height_m=float(source.uniform(2.2, CEILING_M - 0.2)),
            pitch_deg=float(source.uniform(14, 36)),
            field_deg=float(source.uniform(55, 95)),
        )
        config = StoreConfig(
            name,
            seed=int(source.integers(1, 8999)),
            people=float(source.uniform(6, 60)),
            groups=0.4,
            loiterers=0.3,
            staff=int(source.integers(0, 3)),
            light=str(source.choice(["day", "evening"])),
        )
        yield from store_frames(config, count=frames_each, every_s=float(source.uniform(2, 6)))
        del SCENES[name]


def _boxes(rows: list[tuple[float, float, float, float]]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def _read(path: Path) -> BgrImage:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{path} is no picture that can be read.")
    return np.asarray(picture, np.uint8)


def _at_most(picture: BgrImage, long_side: int) -> BgrImage:
    scale = long_side / max(picture.shape[:2])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)

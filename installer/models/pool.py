"""The pool of training pictures with the teacher's answers, on disk: the teacher is asked once, not every epoch.

A shard is a folder ``<width>x<height>-<number>`` with ``pictures.npy`` (n, H, W, 3) uint8 and ``targets.npy``
(n, cells, 5) float16. Shards appear whole or not at all, are never changed, and each depends on its number and the seed
alone: stopping loses one shard at most.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from installer.models.compose import compose
from installer.models.material import film, photographs_learnt, plain_pictures, rebuilt_stores
from installer.models.measure import Labelled
from installer.models.teacher import Teacher
from shared_models.geometry import Size

SHARD = 128
STORES, FRAMES_EACH = 40, 8
SHARES = {"photographs": 0.55, "film": 0.1, "store": 0.12, "plain": 0.33}
PLAN: tuple[tuple[Size, bool, int], ...] = (((416, 256), True, 5), ((416, 416), True, 2), ((640, 384), False, 1))
"""Student size, whether the teacher sees it doubled, and how many shards of every eight are of it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the material lies."""

    start: Path
    photographs: Path
    film: Path | None
    plain: Path


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished shard."""

    folder: Path

    @property
    def size_wh(self) -> Size:
        width, height = self.folder.name.split("-")[0].split("x")
        return int(width), int(height)

    def load(self) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        """Pictures and targets, read from disk as they are used."""
        pictures: NDArray[np.uint8] = np.load(self.folder / "pictures.npy", mmap_mode="r")
        return pictures, np.load(self.folder / "targets.npy")


def finished(folder: Path) -> list[Shard]:
    """All shards of a pool, by name."""
    return [Shard(path) for path in sorted(folder.glob("*x*-[0-9]*")) if path.suffix != ".part"]


def gather(places: Places, *, seed: int, cache: Path) -> dict[str, list[Labelled]]:
    """All material in memory, by kind. Virtual stores are drawn once and kept in ``cache``."""
    return {
        "photographs": photographs_learnt(places.photographs, for_choosing=False),
        "film": list(film(places.film)) if places.film else [],
        "store": _stores(seed=seed, cache=cache),
        "plain": list(plain_pictures(places.plain)),
    }


def _stores(*, seed: int, cache: Path) -> list[Labelled]:
    file = cache / f"stores-{seed}.npz"
    if not file.exists():
        frames = list(rebuilt_stores(seed=seed, count=STORES, frames_each=FRAMES_EACH))
        arrays = {f"picture{n}": frame.picture for n, frame in enumerate(frames)}
        arrays |= {f"people{n}": frame.people for n, frame in enumerate(frames)}
        arrays |= {f"ignored{n}": frame.ignored for n, frame in enumerate(frames)}
        part = file.with_suffix(".part.npz")
        np.savez(part, **arrays)  # type: ignore[arg-type]  # names to arrays
        part.rename(file)
    with np.load(file) as kept:
        count = len(kept.files) // 3
        return [
            Labelled(f"store-{n}", *(kept[f"{k}{n}"] for k in ("picture", "people", "ignored"))) for n in range(count)
        ]


def fill(
    folder: Path,
    places: Places,
    *,
    shards: int,
    seed: int,
    tell: Callable[[str], None],
    threads: int = 1,
    precision: str = "f32",
) -> None:
    """Make what is missing of the first ``shards`` shards; several processes may do so side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    order = list(chain.from_iterable([entry] * entry[2] for entry in PLAN))
    missing = [n for n in range(shards) if not (folder / _name(order[n % len(order)][0], n)).exists()]
    if not missing:
        return
    tell(f"gathering material; {STORES * FRAMES_EACH} frames of virtual stores are drawn once, which takes minutes")
    material = gather(places, seed=seed, cache=folder)
    tell(f"material: {', '.join(f'{len(v)} {k}' for k, v in material.items())}")
    teachers = {
        wh: Teacher(places.start, student_wh=wh, is_double=double, threads=threads, precision=precision)
        for wh, double, _ in PLAN
    }
    for number in missing:
        wh = order[number % len(order)][0]
        if (folder / _name(wh, number)).exists():
            continue
        _make(folder / _name(wh, number), material, teachers[wh], source=np.random.default_rng([seed, number]))
        tell(f"shard {number + 1} of {shards}, {wh[0]}x{wh[1]}")


def choosing_shard(folder: Path, places: Places, *, seed: int) -> Shard:
    """Pictures put together from the photographs by which a step is chosen, with the teacher's answers."""
    wh, is_double, _ = PLAN[0]
    shard = Shard(folder / _name(wh, 0))
    if not shard.folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"photographs": photographs_learnt(places.photographs, for_choosing=True)}
        material = {kind: kept.get(kind, []) for kind in SHARES}
        teacher = Teacher(places.start, student_wh=wh, is_double=is_double)
        _make(shard.folder, material, teacher, source=np.random.default_rng([seed, 1_000_000]))
    return shard


def _name(wh: Size, number: int) -> str:
    return f"{wh[0]}x{wh[1]}-{number:04d}"


def _make(folder: Path, material: dict[str, list[Labelled]], teacher: Teacher, *, source: np.random.Generator) -> None:
    kinds = [kind for kind in SHARES if material[kind]]
    share = np.array([SHARES[kind] for kind in kinds])
    pictures, targets = [], []
    for _ in range(SHARD):
        kind = str(source.choice(kinds, p=share / share.sum()))
        item = compose(material[kind], size_wh=teacher.canvas_wh, source=source)
        picture, answers = teacher.targets(item, is_labelled=kind == "store", source=source)
        pictures.append(picture)
        targets.append(answers.astype(np.float16))
    part = folder.with_suffix(f".{os.getpid()}.part")
    part.mkdir(exist_ok=True)
    np.save(part / "pictures.npy", np.stack(pictures))
    np.save(part / "targets.npy", np.stack(targets))
    part.rename(folder)


def say(words: str) -> None:
    """Progress, on the terminal."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()

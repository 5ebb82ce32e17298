"""Boxes as text in MOTChallenge form: ``frame,id,x,y,w,h,conf,-1,-1,-1``; frames from 1, pixels, id -1: no track."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from desktop_app.domain.detections import Detections, TrackedDetections
from shared_models.geometry import Size

MAX_FRAME = 100_000_000


class MotError(Exception):
    """A file of boxes that cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class MotBox:
    """One line."""

    frame: int
    track_id: int
    x: float
    y: float
    width: float
    height: float
    score: float


@dataclass(slots=True)
class MotFile:
    """Boxes by frame, in the order of frames."""

    frames: dict[int, list[MotBox]] = field(default_factory=dict)

    @property
    def last_frame(self) -> int:
        return max(self.frames, default=0)

    @property
    def has_ids(self) -> bool:
        return all(box.track_id >= 0 for boxes in self.frames.values() for box in boxes)


def mot_line(box: MotBox) -> str:
    """``box`` as a line of the file, without a line break."""
    return (
        f"{box.frame},{box.track_id},{box.x:.2f},{box.y:.2f},{box.width:.2f},{box.height:.2f},{box.score:.4f},-1,-1,-1"
    )


def read_mot(path: Path, *, size_wh: Size, warn: Callable[[str], None]) -> MotFile:
    """Read boxes; what is broken is left out or mended, and ``warn`` is told, line by line.

    Raises:
        MotError: there is no such file, it is no text, or no line of it can be used.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise MotError(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MotError(f"{path} cannot be read as text ({error}).") from None
    boxes = list(_usable(lines, size_wh=size_wh, warn=warn))
    if not boxes and any(line.strip() for line in lines):
        raise MotError(f"No line of {path} is a box; expected frame,id,x,y,w,h,conf,-1,-1,-1 in pixels.")
    if any(a.frame > b.frame for a, b in itertools.pairwise(boxes)):
        warn("frames are out of order: sorted")
    found = MotFile()
    for box in sorted(boxes, key=lambda b: b.frame):
        found.frames.setdefault(box.frame, []).append(box)
    _drop_repeated_ids(found, warn)
    return found


def as_detections(boxes: Iterable[MotBox]) -> Detections:
    """Boxes without their ids."""
    xyxy, score = _arrays(list(boxes))
    return Detections(xyxy, score)


def as_tracked(boxes: Iterable[MotBox]) -> TrackedDetections:
    """Boxes with their ids, all confirmed."""
    listed = list(boxes)
    xyxy, score = _arrays(listed)
    ids = np.array([b.track_id for b in listed], np.int64)
    return TrackedDetections(xyxy, score, ids, np.ones(len(listed), np.bool_))


def _arrays(
    boxes: list[MotBox],
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], np.ndarray[tuple[int], np.dtype[np.float32]]]:
    xyxy = np.array([[b.x, b.y, b.x + b.width, b.y + b.height] for b in boxes], np.float32).reshape(-1, 4)
    return xyxy, np.array([b.score for b in boxes], np.float32)


def _usable(lines: list[str], *, size_wh: Size, warn: Callable[[str], None]) -> Iterator[MotBox]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        box, fault = _parsed(line, size_wh=size_wh)
        if fault:
            warn(f"line {number}: {fault}")
        if box is not None:
            yield box


def _parsed(line: str, *, size_wh: Size) -> tuple[MotBox | None, str]:
    cells = [cell.strip() for cell in line.replace(";", ",").split(",")]
    if len(cells) < 6:
        return None, f"left out: {len(cells)} values where at least 6 are needed"
    try:
        values = [float(cell) for cell in cells[:7]]
    except ValueError:
        return None, "left out: not all values are numbers"
    if not all(math.isfinite(v) for v in values):
        return None, "left out: a value is not finite"
    frame, track_id, x, y, width, height = values[:6]
    if frame != int(frame) or not 1 <= frame <= MAX_FRAME:
        return None, f"left out: frame {frame:g} is not a whole number from 1"
    if track_id != int(track_id):
        return None, f"left out: id {track_id:g} is not a whole number"
    if width <= 0 or height <= 0:
        return None, "left out: the box has no area"
    if x >= size_wh[0] or y >= size_wh[1] or x + width <= 0 or y + height <= 0:
        return None, f"left out: the box lies outside the frame of {size_wh[0]}x{size_wh[1]}"
    score = values[6] if len(values) > 6 else 1.0
    fault = "" if 0.0 <= score <= 1.0 else f"score {score:g} taken as {min(1.0, max(0.0, score)):g}"
    return MotBox(int(frame), int(track_id), x, y, width, height, min(1.0, max(0.0, score))), fault


def _drop_repeated_ids(found: MotFile, warn: Callable[[str], None]) -> None:
    for frame, boxes in found.frames.items():
        seen: set[int] = set()
        kept = []
        for box in boxes:
            if box.track_id >= 0 and box.track_id in seen:
                warn(f"frame {frame}: id {box.track_id} stands twice, the second box was left out")
                continue
            seen.add(box.track_id)
            kept.append(box)
        found.frames[frame] = kept

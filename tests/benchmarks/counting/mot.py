"""MOTChallenge sequences beside the checkout (``../shared/mot``): real people's boxes, several lines in each picture.

Where ground truth is, the truth of a line is that of its paths (``truth.py``). CC BY-NC-SA 3.0: evaluation only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from desktop_app.services.mot_format import MotBox, MotFile, read_mot
from desktop_app.services.replay import count, summarise, track_file
from shared_models.geometry import Size, to_norm
from shared_models.zones import LineZone
from tests.benchmarks.counting.truth import Point, crossings_of
from tests.helpers.weights import PROJECT_DIR

SAME_PERSON = {
    "MOT17-02": {76: 14, 77: 14, 78: 14, 79: 14, 80: 14},
    "TUD-Campus": {8: 6},
}
"""Ground truth that gave somebody a new number after being hidden: newer number -> first. Judged by hand by their
paths: the new one begins where and when the old one, walking on as before, would be, and is as tall."""
MOT = PROJECT_DIR.parent / "shared" / "mot"
LOOKS_S = 5.0
Counts = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Film:
    """One film. ``truth`` and ``found``: files of boxes, by people and by a detector."""

    name: str
    size_wh: Size
    fps: float
    truth: str | None
    found: str

    @property
    def every(self) -> int:
        """Frames from one look to the next at five a second."""
        return max(1, round(self.fps / LOOKS_S))

    def lines(self) -> dict[str, tuple[Point, ...]]:
        """Upright, level, leaning and bent ones, over the whole picture."""
        w, h = self.size_wh
        return {
            "left": ((0.3 * w, 0), (0.3 * w, h)),
            "middle": ((0.5 * w, 0), (0.5 * w, h)),
            "right": ((0.7 * w, 0), (0.7 * w, h)),
            "level": ((0, 0.72 * h), (w, 0.72 * h)),
            "leaning": ((0.25 * w, h), (0.75 * w, 0.2 * h)),
            "bent": ((0.6 * w, 0), (0.4 * w, 0.6 * h), (0.6 * w, h)),
        }

    def straight(self) -> list[str]:
        """Names of the lines that the peers know how to draw."""
        return [name for name, points in self.lines().items() if len(points) == 2]

    def zones(self) -> list[LineZone]:
        return [LineZone(zone_id=k, points=to_norm(p, frame_wh=self.size_wh)) for k, p in self.lines().items()]


FILMS = (
    Film("MOT17-02", (1920, 1080), 30, "gt.txt", "lif_t_FRCNN.txt"),
    Film("TUD-Campus", (640, 480), 25, "gt.txt", "det.txt"),
    Film("TUD-Stadtmitte", (640, 480), 25, "gt.txt", "det.txt"),
    Film("PETS09-S2L1", (768, 576), 7, None, "det.txt"),
    Film("ADL-Rundle-6", (1920, 1080), 30, None, "det.txt"),
    Film("ADL-Rundle-8", (1920, 1080), 30, None, "det.txt"),
    Film("Venice-2", (1920, 1080), 30, None, "det.txt"),
)


def boxes(film: Film, name: str) -> MotFile:
    """The boxes of one of a film's files; of ground truth those of people on foot (the others are marked 0)."""
    found = read_mot(MOT / film.name / name, size_wh=film.size_wh, warn=lambda _: None)
    if name == film.truth:
        found.frames = {frame: [b for b in listed if b.score > 0] for frame, listed in found.frames.items()}
    return found


def joined(film: Film, listed: MotFile) -> MotFile:
    """The same boxes; who was given a new number has the first one."""
    same = SAME_PERSON.get(film.name, {})
    return MotFile(
        {
            n: [replace(b, track_id=same.get(b.track_id, b.track_id)) for b in boxes]
            for n, boxes in listed.frames.items()
        }
    )


def from_frame(listed: MotFile, start: int) -> MotFile:
    """The film without its first ``start`` frames."""
    return MotFile({n - start: boxes for n, boxes in listed.frames.items() if n > start})


def truth_of(film: Film) -> Counts:
    """Crossings in and out per line, of the ground truth's paths."""
    paths: dict[int, list[MotBox]] = {}
    for listed in boxes(film, film.truth or "").frames.values():
        for box in listed:
            number = SAME_PERSON.get(film.name, {}).get(box.track_id, box.track_id)
            paths.setdefault(number, []).append(box)
    found = {}
    for name, points in film.lines().items():
        sides = [side for path in paths.values() for side in _sides(points, path)]
        found[name] = (sides.count(1), sides.count(-1))
    return found


def _sides(points: Sequence[Point], path: Sequence[MotBox]) -> list[int]:
    feet = np.array([(b.x + b.width / 2, b.y + b.height) for b in path])
    height = np.array([b.height for b in path])
    return [side for _, side in crossings_of(points, feet, height, in_view=np.ones(len(path), np.bool_))]


def counted(film: Film, listed: MotFile, *, associate: bool, every: int) -> Counts:
    """What our tracker (or the file's ids) and rules make of it."""
    frames = track_file(listed, fps=film.fps, frame_wh=film.size_wh, associate=associate, every=every)
    zones = film.zones()
    summary = summarise(count(frames, zones, frame_wh=film.size_wh), zones)
    return {name: (zone.in_count, zone.out_count) for name, zone in summary.items()}

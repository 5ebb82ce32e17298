"""People who walk through a picture, and what a detector would make of them: known exactly, deterministic by seed.

Shares nothing with the rules it judges. Feet move in the picture's plane at 30 Hz; heights follow one perspective line.
A detector's view of them adds jitter, misses, occlusion by nearer people, clipping at the frame's edges and boxes where
nobody is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from tests.benchmarks.counting.truth import Floats, Point, crossings_of

FRAME = (1280, 720)
TICK_HZ = 30
IN_VIEW = 0.25
"""Share of a person in the picture from which on there is somebody to be found."""

LINES: dict[str, tuple[Point, ...]] = {
    "level": ((0, 430), (1280, 430)),
    "upright": ((640, 150), (640, 720)),
    "diagonal": ((120, 720), (1160, 200)),
    "bent": ((150, 200), (560, 470), (1130, 330)),
}


@dataclass(frozen=True)
class Crowd:
    """How busy the picture is and how well it is seen.

    Attributes:
        arrivals_min: people per minute.
        miss: share of looks in which somebody in plain sight is not found.
        jitter: standard deviation of a box's edges, in person heights.
        false_min: boxes per minute that begin where nobody is; most last one look, some stay.
        hidden: covered by nearer people for more than this share, nobody is found.
        group: share of people who walk with the one before.
        stops: share of the places on the way at which somebody stands for a while.
        places: at most so many on the way.
        turns: share of people who leave where they came from.
        speed: heights per second.
    """

    name: str
    arrivals_min: float
    miss: float = 0.03
    jitter: float = 0.015
    false_min: float = 4.0
    hidden: float = 0.65
    group: float = 0.25
    stops: float = 0.5
    places: int = 2
    turns: float = 0.15
    speed: float = 0.7


STATED = Crowd("stated", 12, miss=0.03, jitter=0.006, false_min=0, group=0.1, stops=0.0, places=0, turns=0.0, speed=0.8)
"""People who walk straight across: as hard as the scenes behind the bars, by how often a stock tracker errs in them."""
CROWDS = (
    Crowd("plain", 12, miss=0.02, jitter=0.008, false_min=1, group=0.1, stops=0.0),
    Crowd("quiet", 8),
    Crowd("usual", 20),
    Crowd("busy", 40, miss=0.05),
    Crowd("blurred", 20, miss=0.12, jitter=0.03, false_min=12),
)


def height_at(y: float) -> float:
    """Of a usual person whose feet are at ``y``, in pixels."""
    return 80 + 0.24 * (y - 150)


@dataclass
class Walker:
    """One person: feet and height at 30 Hz from ``start`` (tick) on."""

    start: int
    feet: Floats
    height: Floats
    phase: float


@dataclass(frozen=True)
class Boxes:
    """What a detector finds in one frame: (N, 4) pixels and (N,) scores; (N,) whose they are, -1: nobody's."""

    at_s: float
    xyxy: Floats
    score: Floats
    owner: NDArray[np.int64]


@dataclass(frozen=True)
class TrueCrossing:
    """``walker`` (its number in the scene) was past a line at ``at_s``; ``side`` +1: in."""

    walker: int
    at_s: float
    side: int


@dataclass
class Scene:
    """All that happens in ``seconds``."""

    crowd: Crowd
    seed: int
    seconds: float
    walkers: list[Walker] = field(default_factory=list)
    _views: dict[int, tuple[Floats, NDArray[np.bool_]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 1])
        at_s = 0.0
        previous: list[Point] | None = None
        while True:
            at_s += rng.exponential(60 / self.crowd.arrivals_min)
            if at_s > self.seconds - 5:
                return
            if previous is not None and rng.random() < self.crowd.group:
                shift = (rng.uniform(-70, 70), rng.uniform(-18, 18))
                way = [(x + shift[0], y + shift[1]) for x, y in previous]
            else:
                way = _way(rng, self.crowd)
            previous = way
            self.walkers.append(_walker(rng, way, start=int(at_s * TICK_HZ), crowd=self.crowd))

    def looks(self, fps: float) -> list[Boxes]:
        """What is found at ``fps`` looks a second."""
        rng = np.random.default_rng([self.seed, 2, round(fps * 10)])
        ghosts: list[tuple[float, Floats]] = []
        return [self._look(rng, i / fps, 1 / fps, ghosts) for i in range(int(self.seconds * fps))]

    def true_looks(self, fps: float) -> list[tuple[Boxes, NDArray[np.int64]]]:
        """Whoever is in the picture, exactly and with the right ids, at ``fps`` looks a second."""
        found = []
        for i in range(int(self.seconds * fps)):
            tick = round(i / fps * TICK_HZ)
            there = [
                (n, _box(w, tick - w.start)) for n, w in enumerate(self.walkers) if 0 <= tick - w.start < len(w.feet)
            ]
            clipped = [(n, box, np.clip(box, 0, [*FRAME, *FRAME])) for n, box in there]
            seen = [(n, cut) for n, box, cut in clipped if _area(cut) >= IN_VIEW * _area(box)]
            boxes = np.array([box for _, box in seen]).reshape(-1, 4)
            ids = np.array([n + 1 for n, _ in seen], np.int64)
            found.append((Boxes(i / fps, boxes, np.full(len(seen), 0.9), ids - 1), ids))
        return found

    def truth(self, points: Sequence[Point], *, until_s: float) -> tuple[int, int]:
        """Crossings in and out of a line, by the definition of COUNTING.md, of the true feet as far as they are in view.

        Args:
            until_s: of the last look. What came after it nobody was shown.
        """
        sides = [crossing.side for crossing in self.crossings(points, until_s=until_s)]
        return sides.count(1), sides.count(-1)

    def crossings(self, points: Sequence[Point], *, until_s: float) -> list[TrueCrossing]:
        """The same one by one."""
        found = []
        for number, walker in enumerate(self.walkers):
            ticks = min(len(walker.feet), round(until_s * TICK_HZ) + 1 - walker.start)
            if ticks > 0:
                feet, is_seen = self.feet_in_view(number)
                sides = crossings_of(points, feet[:ticks], walker.height[:ticks], in_view=is_seen[:ticks])
                found += [TrueCrossing(number, (walker.start + i) / TICK_HZ, side) for i, side in sides]
        return found

    def feet_in_view(self, number: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Per tick of a walker: (N, 2) the point that decides, and whether enough is in the picture to be found.

        That point is the bottom centre of what the picture has of somebody (COUNTING.md, "anchor"; only really observed
        positions decide). Below the picture feet are estimated (section 3, rule 7), so there it is where they are; of
        somebody cut by the left or right edge it is the middle of the part that is seen.
        """
        walker = self.walkers[number]
        if number not in self._views:
            boxes = np.array([_box(walker, i) for i in range(len(walker.feet))])
            cut = np.clip(boxes, 0, [*FRAME, *FRAME])
            feet = np.stack([(cut[:, 0] + cut[:, 2]) / 2, walker.feet[:, 1]], axis=1)
            is_seen = np.array([_area(c) >= IN_VIEW * _area(box) for c, box in zip(cut, boxes, strict=True)], np.bool_)
            self._views[number] = feet, is_seen
        return self._views[number]

    def _look(self, rng: np.random.Generator, at_s: float, step_s: float, ghosts: list[tuple[float, Floats]]) -> Boxes:
        tick = round(at_s * TICK_HZ)
        numbers = [n for n, w in enumerate(self.walkers) if w.start <= tick < w.start + len(w.feet)]
        there = [self.walkers[n] for n in numbers]
        true = np.array([_box(w, tick - w.start) for w in there]).reshape(-1, 4)
        order = np.argsort(-true[:, 3]) if len(true) else np.zeros(0, int)
        boxes, scores, owners = [], [], []
        width, height = FRAME
        for rank, i in enumerate(order):
            box = true[i]
            tall = box[3] - box[1]
            nearer = true[order[:rank]]
            covered = _covered(box, nearer)
            seen = np.clip(box, 0, [width, height, width, height])
            in_view = (seen[2] - seen[0]) * (seen[3] - seen[1]) / ((box[2] - box[0]) * tall)
            if in_view < IN_VIEW or covered > self.crowd.hidden or rng.random() < self.crowd.miss:
                continue
            found = box + rng.normal(0, self.crowd.jitter * tall, 4)
            legs = _legs_covered(box, nearer)
            if legs:
                found[3] = min(found[3], legs)
            found = np.clip(found, 0, [width, height, width, height])
            if found[2] - found[0] < 4 or found[3] - found[1] < 8:
                continue
            boxes.append(found)
            owners.append(numbers[i])
            scores.append(float(np.clip(rng.normal(0.82 - 0.5 * covered, 0.08), 0.12, 0.97)))
        self._haunt(rng, at_s, step_s, ghosts, boxes, scores)
        owners += [-1] * (len(boxes) - len(owners))
        return Boxes(at_s, np.array(boxes).reshape(-1, 4), np.array(scores), np.array(owners, np.int64))

    def _haunt(
        self,
        rng: np.random.Generator,
        at_s: float,
        step_s: float,
        ghosts: list[tuple[float, Floats]],
        boxes: list[Floats],
        scores: list[float],
    ) -> None:
        ghosts[:] = [g for g in ghosts if g[0] > at_s]
        if rng.random() < self.crowd.false_min / 60 * step_s:
            x, y = rng.uniform(50, FRAME[0] - 50), rng.uniform(250, 700)
            tall = height_at(y) * rng.uniform(0.5, 1.1)
            until = at_s + (rng.uniform(1, 6) if rng.random() < 0.25 else step_s / 2)
            ghosts.append((until, np.array([x - tall * 0.2, y - tall, x + tall * 0.2, y])))
        for _, ghost in ghosts:
            if rng.random() < 0.7:
                boxes.append(ghost + rng.normal(0, 3, 4))
                scores.append(float(rng.uniform(0.2, 0.65)))


def _way(rng: np.random.Generator, crowd: Crowd) -> list[Point]:
    """From one edge over a place or two to another edge; some turn back where they came from."""
    edges = [
        lambda: (-60.0, rng.uniform(260, 690)),
        lambda: (FRAME[0] + 60.0, rng.uniform(260, 690)),
        lambda: (rng.uniform(150, 1130), FRAME[1] + 190.0),
        lambda: (rng.uniform(300, 980), 165.0),
    ]
    start, end = rng.choice(4, 2, replace=False)
    first = edges[start]()
    # Nobody walks along the lower edge with the feet out of the picture: who crosses what there is nobody's truth.
    inside = [(x, 640.0) for x, y in (first,) if y > FRAME[1]]
    places = [(rng.uniform(200, 1080), rng.uniform(230, 680)) for _ in range(rng.integers(0, crowd.places + 1))]
    last = edges[start]() if rng.random() < crowd.turns else edges[end]()
    outside = [(x, 640.0) for x, y in (last,) if y > FRAME[1]]
    return [first, *inside, *places, *outside, last]


def _walker(rng: np.random.Generator, way: Sequence[Point], *, start: int, crowd: Crowd) -> Walker:
    size = float(np.clip(rng.normal(1.0, 0.07), 0.8, 1.2))
    speed = float(np.clip(rng.normal(crowd.speed, 0.12), 0.4, crowd.speed + 0.4))
    feet: list[Point] = [way[0]]
    for i, goal in enumerate(way[1:]):
        while math.dist(feet[-1], goal) > 6:
            x, y = feet[-1]
            step = speed * height_at(y) * size / TICK_HZ
            gap = math.dist((x, y), goal)
            feet.append((x + (goal[0] - x) / gap * step, y + (goal[1] - y) / gap * step * 0.8))
            if len(feet) > TICK_HZ * 120:
                break
        if i < len(way) - 2 and rng.random() < crowd.stops:
            feet += [feet[-1]] * int(rng.uniform(1, 12) * TICK_HZ)
    path = np.array(feet)
    # Nobody walks or stands like a train: a slow sway, smaller than a step.
    t = np.arange(len(path)) / TICK_HZ
    sway = 0.025 * np.array([height_at(y) for y in path[:, 1]])
    path = path + np.stack(
        [sway * np.sin(2 * np.pi * 0.31 * t + rng.uniform(0, 6)), 0.5 * sway * np.sin(2 * np.pi * 0.23 * t)], axis=1
    )
    return Walker(start, path, np.array([height_at(y) * size for y in path[:, 1]]), float(rng.uniform(0, 6)))


def _box(walker: Walker, i: int) -> Floats:
    (x, y), tall = walker.feet[i], walker.height[i]
    half = tall * (0.19 + 0.04 * math.sin(2 * math.pi * 1.8 * i / TICK_HZ + walker.phase))
    return np.array([x - half, y - tall, x + half, y])


def _area(box: Floats) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _covered(box: Floats, nearer: Floats) -> float:
    """Share of a box behind nearer ones (their shapes fill about three quarters of their boxes)."""
    meets = (nearer[:, :2] < box[2:]).all(axis=1) & (nearer[:, 2:] > box[:2]).all(axis=1)
    nearer = nearer[meets]
    if not len(nearer):
        return 0.0
    shape = shapely.box(*box)
    hiding = shapely.union_all([shapely.box(b[0] + 0.12 * (b[2] - b[0]), b[1], b[2] - 0.12 * (b[2] - b[0]), b[3])
                                for b in nearer])  # fmt: skip
    return float(shape.intersection(hiding).area / shape.area)


def _legs_covered(box: Floats, nearer: Floats) -> float:
    """The height in the picture at which somebody nearer hides the legs, or 0."""
    tops = [
        b[1]
        for b in nearer
        if min(b[2], box[2]) - max(b[0], box[0]) > 0.7 * (box[2] - box[0]) and box[1] < b[1] < box[3]
    ]
    return min(tops, default=0.0)

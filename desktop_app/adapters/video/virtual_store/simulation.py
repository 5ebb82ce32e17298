"""Who walks where in the virtual store, in floor metres. Pure and deterministic by seed; knows nothing of pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from desktop_app.adapters.video.virtual_store.scenes import SCENES, Scene, StoreConfig
from shared_models.geometry import Point

TICK_S = 0.05
PERSONAL_SPACE_M = 0.75
QUEUE_SPACING_M = 0.85
PLACES_TRIED = 4
TILL: Point = (-2.05, 5.55)


@dataclass(frozen=True, slots=True)
class Look:
    """How a person is built and dressed. Colours are BGR."""

    height_m: float
    build: float
    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    top: tuple[int, int, int]
    legs: tuple[int, int, int]
    shoes: tuple[int, int, int]
    has_bag: bool
    has_long_hair: bool
    has_skirt: bool


@dataclass(slots=True)
class Stop:
    """A place to go to and how long to stay there; ``queue``: stand in line until served."""

    at: Point
    wait_s: float = 0.0
    queue: bool = False


@dataclass(slots=True)
class Walker:
    """One person. ``heading`` in radians, 0 along +x; ``stride`` is the phase of the steps."""

    person_id: int
    look: Look
    speed: float
    at: Point
    stops: list[Stop]
    velocity: Point = (0.0, 0.0)
    heading: float = 0.0
    stride: float = 0.0
    waited_s: float = 0.0
    is_staff: bool = False
    partner: int | None = None


@dataclass(frozen=True, slots=True)
class Pose:
    """A person at one moment."""

    person_id: int
    look: Look
    at: Point
    heading: float
    stride: float
    pace: float


@dataclass
class Simulation:
    """Steps through time in ticks of ``TICK_S``; ``at`` answers for any later moment."""

    config: StoreConfig
    scene: Scene = field(init=False)
    walkers: dict[int, Walker] = field(default_factory=dict)
    tick: int = 0

    def __post_init__(self) -> None:
        self.scene = SCENES[self.config.scene]
        self._random = Random(f"{self.config.scene}/{self.config.seed}")  # noqa: S311 - a film, not a secret
        self._next_id = 1
        self._next_arrival_s = self._gap_s() * 0.3
        self._queue: list[int] = []
        self._served_until_s = 0.0
        for number in range(self.config.staff):
            self._add_staff(number)

    @property
    def now_s(self) -> float:
        return self.tick * TICK_S

    def advance_to(self, time_s: float) -> None:
        """Let time pass until the last tick at or before ``time_s``."""
        while (self.tick + 1) * TICK_S <= time_s + 1e-9:
            self._step()

    def poses(self) -> list[Pose]:
        """Everybody, by id."""
        return [
            Pose(w.person_id, w.look, w.at, w.heading, w.stride, math.hypot(*w.velocity)) for w in self.walkers.values()
        ]

    # -- time

    def _step(self) -> None:
        self.tick += 1
        while self._next_arrival_s <= self.now_s:
            self._next_arrival_s += self._gap_s()
            if not self.config.close_after_s or self.now_s <= self.config.close_after_s:
                self._arrive()
        self._serve()
        for walker in list(self.walkers.values()):
            self._move(walker)
            if not walker.stops:
                del self.walkers[walker.person_id]

    def _gap_s(self) -> float:
        if self.config.people <= 0:
            return math.inf
        return min(self._random.expovariate(self.config.people / 60), 3 * 60 / self.config.people)

    def _move(self, walker: Walker) -> None:
        stop = walker.stops[0]
        target = self._queue_place(walker.person_id) if stop.queue else stop.at
        away = (target[0] - walker.at[0], target[1] - walker.at[1])
        distance = math.hypot(*away)
        # Others may stand where this one wants to: near is good enough to wait.
        reach = 0.08 if stop.queue else (0.45 if stop.wait_s else 0.3)
        if distance < reach or walker.waited_s > 0.0:
            self._wait(walker, stop)
            wanted = (0.0, 0.0)
        else:
            slow = min(1.0, distance / 0.5) if (stop.queue or stop.wait_s) else 1.0
            wanted = (away[0] / distance * walker.speed * slow, away[1] / distance * walker.speed * slow)
        push = self._push(walker)
        blend = 0.18
        walker.velocity = (
            walker.velocity[0] + blend * (wanted[0] + push[0] - walker.velocity[0]),
            walker.velocity[1] + blend * (wanted[1] + push[1] - walker.velocity[1]),
        )
        walker.at = (walker.at[0] + walker.velocity[0] * TICK_S, walker.at[1] + walker.velocity[1] * TICK_S)
        pace = math.hypot(*walker.velocity)
        if pace > 0.12:
            turn = math.atan2(walker.velocity[1], walker.velocity[0]) - walker.heading
            walker.heading += 0.25 * math.atan2(math.sin(turn), math.cos(turn))
            walker.stride += pace * TICK_S / (0.42 * walker.look.height_m) * math.pi

    def _wait(self, walker: Walker, stop: Stop) -> None:
        if stop.queue:
            return
        walker.waited_s += TICK_S
        if walker.waited_s >= stop.wait_s:
            walker.waited_s = 0.0
            walker.stops.pop(0)

    def _push(self, walker: Walker) -> Point:
        """Keep apart from others who are near; companions may be nearer."""
        x = y = 0.0
        if walker.stops and walker.stops[0].queue and walker.person_id in self._queue:
            return 0.0, 0.0
        for other in self.walkers.values():
            if other is walker:
                continue
            dx, dy = walker.at[0] - other.at[0], walker.at[1] - other.at[1]
            space = 0.55 if other.person_id == walker.partner else PERSONAL_SPACE_M
            gap = math.hypot(dx, dy)
            if 1e-6 < gap < space:
                force = 0.9 * (1 - gap / space)
                x += force * (dx - 0.4 * dy) / gap
                y += force * (dy + 0.4 * dx) / gap
        return x, y

    # -- the queue

    def _queue_place(self, person_id: int) -> Point:
        if person_id not in self._queue:
            self._queue.append(person_id)
        place = self._queue.index(person_id)
        return TILL[0] + place * QUEUE_SPACING_M, TILL[1] + 0.06 * (place % 2)

    def _serve(self) -> None:
        if not self._queue:
            return
        first = self.walkers[self._queue[0]]
        at_till = math.dist(first.at, TILL) < 0.15
        if not at_till:
            self._served_until_s = 0.0
        elif self._served_until_s == 0.0:
            self._served_until_s = self.now_s + self._random.uniform(6, 12)
        elif self.now_s >= self._served_until_s:
            self._served_until_s = 0.0
            self._queue.pop(0)
            first.stops.pop(0)

    # -- arrivals

    def _arrive(self) -> None:
        if self.scene.name == "queue" and len(self._queue) + self._heading_for_queue() >= 6:
            return
        route = _ROUTES[self.scene.name](self)
        leader = self._add(route, speed=self._random.uniform(0.8, 1.4))
        if self.scene.name != "queue" and self._random.random() < self.config.groups:
            side = self._random.choice((-0.75, 0.75))
            shifted = [Stop((s.at[0] + side, s.at[1] + 0.1), s.wait_s) for s in route]
            companion = self._add(shifted, speed=leader.speed)
            companion.partner, leader.partner = leader.person_id, companion.person_id

    def _heading_for_queue(self) -> int:
        return sum(1 for w in self.walkers.values() if w.stops and w.stops[0].queue and w.person_id not in self._queue)

    def _add(self, route: list[Stop], *, speed: float) -> Walker:
        first, *rest = [Stop(s.at, s.wait_s, s.queue) for s in route]
        walker = Walker(self._next_id, self._look(), speed, first.at, rest)
        towards = rest[0].at
        walker.heading = math.atan2(towards[1] - first.at[1], towards[0] - first.at[0])
        walker.stride = self._random.uniform(0, math.pi)
        self.walkers[walker.person_id] = walker
        self._next_id += 1
        return walker

    def _add_staff(self, number: int) -> None:
        spots = {"entrance": (-2.6, 4.4), "aisle": (-1.2, 8.0), "queue": (-3.0, 8.1), "floor": (3.6, 7.6)}
        x, y = spots[self.scene.name]
        at = (x + 0.9 * number, y)
        walker = self._add([Stop(at), Stop(at, 1e9)], speed=0.8)
        walker.is_staff = True
        walker.heading = -math.pi / 2

    def _look(self) -> Look:
        pick = self._random
        return Look(
            height_m=pick.uniform(1.56, 1.9),
            build=pick.uniform(0.9, 1.12),
            skin=pick.choice(_SKINS),
            hair=pick.choice(_HAIRS),
            top=pick.choice(_TOPS),
            legs=pick.choice(_LEGS),
            shoes=pick.choice(_SHOES),
            has_bag=pick.random() < 0.3,
            has_long_hair=pick.random() < 0.4,
            has_skirt=pick.random() < 0.12,
        )

    def between(self, low: float, high: float) -> float:
        """A random number of this film."""
        return self._random.uniform(low, high)

    def free_place(self, low: Point, high: Point) -> Point:
        """A random place between two corners, away from where others stand or mean to stand."""
        taken = [stop.at for walker in self.walkers.values() for stop in walker.stops if stop.wait_s]
        places = [(self.between(low[0], high[0]), self.between(low[1], high[1])) for _ in range(PLACES_TRIED)]
        return max(places, key=lambda place: min((math.dist(place, other) for other in taken), default=0.0))

    def chance(self, share: float) -> bool:
        """True in ``share`` of all cases."""
        return self._random.random() < share


def _entrance(sim: Simulation) -> list[Stop]:
    """Most people keep to their right in the door, as people do: who comes in is on the left of the picture."""
    enters = sim.chance(0.55)
    is_right = sim.chance(0.85)
    side = -1.0 if enters == is_right else 1.0
    door_x, inside_x = side * sim.between(0.1, 1.3), side * sim.between(0.0, 1.4) + sim.between(-0.5, 0.5)
    outside = Stop((door_x + sim.between(-0.3, 0.3), 12.5))
    door, inside = Stop((door_x, 9.0)), Stop((inside_x, 1.2))
    if sim.chance(sim.config.loiterers):
        return [outside, door, Stop((door_x, 7.6), sim.between(4, 15)), Stop((door_x, 9.0)), outside]
    return [outside, door, inside] if enters else [inside, door, outside]


def _aisle(sim: Simulation) -> list[Stop]:
    lane = sim.between(-1.3, 0.2)
    far, near = Stop((lane, 13.5)), Stop((sim.between(-1.3, 0.6), 1.2))
    stops = []
    if sim.chance(0.65):
        stops.append(Stop(sim.free_place((1.0, 4.4), (1.4, 7.3)), sim.between(4, 14)))
    elif sim.chance(sim.config.loiterers):
        stops.append(Stop((lane, 6.0), sim.between(5, 20)))
    return [far, *stops, near] if sim.chance(0.5) else [near, *stops, far]


def _queue(sim: Simulation) -> list[Stop]:
    start = Stop((5.6, sim.between(5.2, 6.2)))
    return [start, Stop(TILL, queue=True), Stop((-2.6, 4.2)), Stop((-1.5, 1.2))]


def _floor(sim: Simulation) -> list[Stop]:
    left, right = Stop((-7.5, sim.between(3.4, 8.6))), Stop((7.5, sim.between(3.4, 8.6)))
    middle = []
    if sim.chance(0.45):
        middle.append(Stop((sim.between(-3.0, -1.4), sim.between(5.0, 7.0)), sim.between(3, 15)))
    if sim.chance(0.3):
        middle.append(Stop((sim.between(1.2, 4.0), sim.between(4.0, 8.4)), sim.between(1, 8)))
    if sim.chance(0.5):
        return [left, *middle, right]
    return [right, *reversed(middle), left]


_ROUTES: dict[str, Callable[[Simulation], list[Stop]]] = {
    "entrance": _entrance,
    "aisle": _aisle,
    "queue": _queue,
    "floor": _floor,
}
_SKINS = ((180, 205, 240), (150, 185, 225), (110, 150, 200), (80, 115, 165), (55, 80, 120))
_HAIRS = ((25, 25, 30), (30, 45, 70), (50, 90, 140), (90, 95, 100), (20, 30, 45))
_TOPS = (
    (60, 50, 180), (150, 80, 40), (70, 120, 60), (40, 40, 45), (205, 200, 195),
    (40, 130, 200), (130, 60, 110), (90, 90, 95), (170, 130, 60), (50, 70, 120),
)  # fmt: skip
_LEGS = ((90, 60, 40), (45, 42, 40), (110, 85, 60), (70, 95, 120), (60, 60, 65), (120, 100, 90))
_SHOES = ((25, 25, 28), (40, 55, 80), (215, 215, 220), (50, 50, 140))

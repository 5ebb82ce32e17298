"""What really happened in the virtual store, from its simulation: crossings, presences, occupancy. Exact by tick.

The definitions are those of COUNTING.md; the code shares nothing with the rules that are judged by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely

from desktop_app.adapters.video.virtual_store.scenes import SCENES, StoreConfig
from desktop_app.adapters.video.virtual_store.simulation import TICK_S, Pose, Simulation
from shared_models.geometry import Point, side_of, to_px
from shared_models.zones import CountedDirection, LineZone, PolygonZone, Zone, ZonePurpose

HELD_HEIGHTS = 0.12
COMMITTED_HEIGHTS = 0.25


@dataclass(frozen=True, slots=True)
class TrueCrossing:
    """A person changed the held side of a line. ``at_s``: when a quarter of a height beyond it, or last seen past it."""

    zone_id: str
    person_id: int
    direction: CountedDirection
    at_s: float


@dataclass(frozen=True, slots=True)
class TruePresence:
    """A person stayed in a polygon; both ends in seconds of the film."""

    zone_id: str
    person_id: int
    started_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything between two moments of one store.

    Attributes:
        occupancy: zone id -> people inside, one value per second.
        open_presences: under way at the end, so far.
    """

    crossings: tuple[TrueCrossing, ...]
    presences: tuple[TruePresence, ...]
    occupancy: dict[str, tuple[int, ...]]
    open_presences: tuple[TruePresence, ...] = ()

    def count(self, zone_id: str, direction: CountedDirection) -> int:
        """Crossings of a line in one direction."""
        return sum(1 for c in self.crossings if c.zone_id == zone_id and c.direction is direction)

    def presence_count(self, zone_id: str, *, with_open: bool = False) -> int:
        """Presences in a polygon that are over; and those still under way at the end, if asked for."""
        counted = self.presences + (self.open_presences if with_open else ())
        return sum(1 for p in counted if p.zone_id == zone_id)


@dataclass(slots=True)
class _OnLine:
    """What one person has done at one line.

    Attributes:
        pending: where and when the other side was held last, without being committed yet.
        is_deep: was at least ``COMMITTED_HEIGHTS`` away on ``side``: came, and does not only sway.
    """

    side: int = 0
    held: Point | None = None
    pending: tuple[Point, float] | None = None
    is_deep: bool = False


@dataclass(slots=True)
class _InArea:
    first_s: float | None = None
    last_s: float = 0.0
    was_inside: bool = False
    inside_s: float = 0.0


@dataclass
class TruthKeeper:
    """Watches a simulation tick by tick."""

    config: StoreConfig
    zones: Sequence[Zone]
    crossings: list[TrueCrossing] = field(default_factory=list)
    presences: list[TruePresence] = field(default_factory=list)
    occupancy: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._camera = SCENES[self.config.scene].camera(self.config.size_wh)
        wh = self.config.size_wh
        self._lines = [
            (z, shapely.LineString(to_px(z.points, frame_wh=wh))) for z in self.zones if isinstance(z, LineZone)
        ]
        self._areas = [
            (z, shapely.Polygon(to_px(z.points, frame_wh=wh)))
            for z in self.zones
            if isinstance(z, PolygonZone) and z.purpose is not ZonePurpose.IGNORE
        ]
        self._on_line: dict[tuple[str, int], _OnLine] = {}
        self._in_area: dict[tuple[str, int], _InArea] = {}
        self.occupancy = {area.zone_id: [] for area, _ in self._areas}

    def observe(self, poses: Sequence[Pose], *, at_s: float) -> None:
        """Take one tick."""
        for pose in poses:
            feet, height_px, is_in_view = self.seen(pose)
            for line, shape in self._lines:
                if is_in_view:
                    self._cross(line, shape, pose.person_id, feet, height_px, at_s)
                else:
                    self._lose(line, shape, pose.person_id)
            for area, polygon in self._areas:
                self._stand(area, pose.person_id, is_in_view and polygon.contains(shapely.Point(feet)), at_s)
        self._forget_gone({pose.person_id for pose in poses})
        self._expire(at_s)
        if round(at_s / TICK_S) % round(1 / TICK_S) == 0:
            for area, _ in self._areas:
                inside = sum(
                    1 for (zone_id, _), s in self._in_area.items() if zone_id == area.zone_id and _is_present(s, area)
                )
                self.occupancy[area.zone_id].append(inside)

    def truth(self) -> Truth:
        """All that has happened by now."""
        inside = {key: state for key, state in self._in_area.items() if state.first_s is not None}
        still = [self._presence(key, state) for key, state in inside.items()]
        return Truth(
            tuple(self.crossings),
            tuple(self.presences),
            {k: tuple(v) for k, v in self.occupancy.items()},
            tuple(p for p in still if p is not None),
        )

    def seen(self, pose: Pose) -> tuple[Point, float, bool]:
        """Where the feet are in the picture (pixels), how tall the person is there (pixels), and whether in view."""
        x, y = pose.at
        world = np.array([(x, y, 0.0), (x, y, pose.look.height_m)])
        (fx, fy, _), (_, hy, _) = self._camera.project(world)
        width, height = self.config.size_wh
        is_in_view = y > 0.3 and 0 <= fx <= width and hy < height
        return (float(fx), float(fy)), float(fy - hy), is_in_view

    def _cross(
        self, line: LineZone, shape: shapely.LineString, person: int, feet: Point, height_px: float, at_s: float
    ) -> None:
        state = self._on_line.setdefault((line.zone_id, person), _OnLine())
        distance = shape.distance(shapely.Point(feet)) / max(height_px, 1.0)
        a, b = self._nearest_segment(shape, feet)
        side = 1 if side_of(a, b, feet) > 0 else -1
        if distance <= HELD_HEIGHTS:
            return
        is_committed = distance >= COMMITTED_HEIGHTS
        if state.held is None or side == state.side:
            state.side, state.held, state.pending = side, feet, None
            state.is_deep = state.is_deep or is_committed
        elif is_committed:
            self._commit(line, shape, person, feet, at_s)
        else:
            state.pending = (feet, at_s)

    def _commit(self, line: LineZone, shape: shapely.LineString, person: int, feet: Point, at_s: float) -> None:
        state = self._on_line[line.zone_id, person]
        side = -state.side
        if shapely.LineString([state.held, feet]).intersects(shape):
            direction = CountedDirection.IN if side > 0 else CountedDirection.OUT
            if line.counts in (CountedDirection.BOTH, direction):
                self.crossings.append(TrueCrossing(line.zone_id, person, direction, at_s))
        self._on_line[line.zone_id, person] = _OnLine(side, feet, is_deep=True)

    def _lose(self, line: LineZone, shape: shapely.LineString, person: int) -> None:
        """Nobody can see the person any more: the other side counts if it was held, by somebody who came to cross."""
        state = self._on_line.get((line.zone_id, person))
        if state is None or state.pending is None:
            return
        feet, at_s = state.pending
        state.pending = None
        if state.is_deep:
            self._commit(line, shape, person, feet, at_s)

    def _forget_gone(self, there: set[int]) -> None:
        shapes = {line.zone_id: (line, shape) for line, shape in self._lines}
        for zone_id, person in [key for key in self._on_line if key[1] not in there]:
            self._lose(*shapes[zone_id], person)
            del self._on_line[zone_id, person]

    def _nearest_segment(self, shape: shapely.LineString, feet: Point) -> tuple[Point, Point]:
        corners = [(float(x), float(y)) for x, y in shape.coords]
        return min(pairwise(corners), key=lambda ab: shapely.LineString(ab).distance(shapely.Point(feet)))

    def _stand(self, area: PolygonZone, person: int, is_inside: bool, at_s: float) -> None:
        state = self._in_area.setdefault((area.zone_id, person), _InArea())
        if is_inside:
            if state.first_s is None:
                state.first_s, state.inside_s = at_s, 0.0
            elif state.was_inside:
                state.inside_s += TICK_S
            state.last_s = at_s
        elif not _is_present(state, area):
            state.first_s = None
        state.was_inside = is_inside

    def _expire(self, at_s: float) -> None:
        for (zone_id, person), state in list(self._in_area.items()):
            area = next(z for z, _ in self._areas if z.zone_id == zone_id)
            if state.first_s is None or at_s - state.last_s <= area.exit_grace_s:
                continue
            presence = self._presence((zone_id, person), state)
            if presence is not None:
                self.presences.append(presence)
            del self._in_area[zone_id, person]

    def _presence(self, key: tuple[str, int], state: _InArea) -> TruePresence | None:
        area = next(z for z, _ in self._areas if z.zone_id == key[0])
        if state.first_s is None or not _is_present(state, area):
            return None
        wanted_s = area.threshold_s if area.purpose is ZonePurpose.SHELF else 0.0
        return TruePresence(*key, state.first_s, state.last_s) if state.last_s - state.first_s >= wanted_s else None


def _is_present(state: _InArea, area: PolygonZone) -> bool:
    return state.first_s is not None and state.inside_s >= area.enter_s - 1e-9


def truth_for(config: StoreConfig, zones: Sequence[Zone], *, from_s: float, to_s: float) -> Truth:
    """What happened between two seconds of a film. Runs the simulation from its beginning, without drawing."""
    simulation, keeper = Simulation(config), TruthKeeper(config, zones)
    while simulation.now_s + TICK_S <= to_s + 1e-9:
        simulation.advance_to(simulation.now_s + TICK_S)
        keeper.observe(simulation.poses(), at_s=simulation.now_s)
    whole = keeper.truth()
    first = math.ceil(from_s)
    return Truth(
        tuple(c for c in whole.crossings if c.at_s >= from_s),
        tuple(p for p in whole.presences if p.started_s >= from_s),
        {k: v[first:] for k, v in whole.occupancy.items()},
        whole.open_presences,
    )

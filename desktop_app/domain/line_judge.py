"""From what a track does to a line to what is counted of it: directions, entrances, visits; and why.

Entrances: lines of one ``entrance`` (the two doors of a vestibule) count a person once. Whoever was counted in at one
of them is counted next when going out, at any of them. Who is lost between the doors and found again as a new track is
taken for the same person: each passage in one direction that is over pays for one more line of the entrance.

Visits: with ``min_stay_s`` an entry waits until it is known whether its person comes out again within that time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desktop_app.domain.explanation import OF_DECISION, Approach, ExplanationLog, Reason
from desktop_app.domain.line_crossing import Crossing, Decision, LineState
from desktop_app.domain.polyline import signed_distance
from desktop_app.domain.presence import Moment
from desktop_app.domain.walks import STITCH_WAIT_S, Observation, Walk
from shared_models.events import WALKWAY
from shared_models.geometry import Point
from shared_models.zones import CountedDirection, LineZone

NEAR_HEIGHTS = 1.0
"""Whoever comes this near to a line is explained."""
BETWEEN_DOORS_S = 20.0
"""A person lost between two lines of one entrance is awaited this long at the other."""


@dataclass(frozen=True, slots=True)
class LineCount:
    """One crossing that counts.

    Attributes:
        is_visit: of an entry at a line with ``min_stay_s``; None elsewhere.
    """

    zone: LineZone
    track_id: int
    observation: Observation
    is_in: bool
    is_estimated: bool
    is_visit: bool | None = None

    def attributes(self) -> dict[str, Any]:
        """As the event carries it."""
        found: dict[str, Any] = {"anchor": "estimated"} if self.is_estimated else {}
        if self.zone.entrance:
            found["entrance"] = self.zone.entrance
        if self.is_visit is not None:
            found["visit"] = self.is_visit
        if not self.zone.is_entrance:
            found[WALKWAY] = True
        return found


@dataclass(slots=True)
class _Passage:
    """What one person was counted for at an entrance last, where, and who it is."""

    walk: Walk
    is_in: bool
    zone_id: str

    def unseen_s(self, now_s: float) -> float:
        return now_s - self.walk.last.moment.at_s


@dataclass(slots=True)
class LineJudge:
    """All lines of one camera.

    Args:
        points: zone id -> the line in pixels.
    """

    camera_id: str
    lines: Sequence[LineZone]
    points: Mapping[str, Sequence[Point]]
    log: ExplanationLog = field(init=False)
    _passages: dict[str, list[_Passage]] = field(default_factory=dict)
    _entries: list[tuple[float, LineCount]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = ExplanationLog(self.camera_id)

    def observe(self, zone: LineZone, state: LineState, walk: Walk, observation: Observation) -> LineCount | None:
        """Take a confirmed track's next observation; gives what is counted by it now."""
        anchor = observation.anchor
        crossing = state.observe(self.points[zone.zone_id], anchor)
        distance_px = abs(state.distance)
        if crossing is None:
            # Most looks are further away than the nearest one so far: nothing to write down.
            known = walk.approaches.get(zone.zone_id)
            if known is None:
                if distance_px >= NEAR_HEIGHTS * anchor.height_px:
                    return None
            elif distance_px / max(anchor.height_px, 1.0) >= known.nearest_heights:
                return None
        approach = self._approach(zone, walk, distance_px, observation)
        return None if crossing is None else self._judge(zone, walk, crossing, approach, observation)

    def settle(self, moment: Moment) -> Iterator[LineCount]:
        """Entries that are visits by now."""
        while self._entries and moment.at_s - self._entries[0][0] > self._entries[0][1].zone.min_stay_s:
            yield self._entries.pop(0)[1]

    def end(self) -> Iterator[LineCount]:
        """The camera stops: nobody was seen to come out again."""
        while self._entries:
            yield self._entries.pop(0)[1]
        self._passages.clear()

    def stitched(self, walk: Walk, *, old_id: int, at: datetime) -> None:
        """``walk`` took over from the track ``old_id``."""
        for passages in self._passages.values():
            for passage in passages:
                if passage.walk.track_id == old_id:
                    passage.walk = walk
        self._entries = [
            (at_s, LineCount(c.zone, walk.track_id, c.observation, c.is_in, c.is_estimated, c.is_visit))
            if c.track_id == old_id
            else (at_s, c)
            for at_s, c in self._entries
        ]
        for zone in self.lines:
            approach = walk.approaches.get(zone.zone_id)
            if approach is not None:
                was_decided = approach.is_decided
                self._tell(zone, walk, approach, Reason.STITCHED, at=at, other_track_id=old_id)
                approach.is_decided = was_decided

    def finish(self, walk: Walk, *, is_cut: bool) -> Iterator[LineCount]:
        """A track is over: what was pending counts, and what was undecided is explained."""
        for zone in self.lines:
            if not walk.is_confirmed:
                self._never_confirmed(zone, walk)
                continue
            state, approach = walk.lines.get(zone.zone_id), walk.approaches.get(zone.zone_id)
            crossing = state.end(self.points[zone.zone_id]) if state else None
            if crossing is not None:
                approach = approach or self._far(walk.last)
                count = self._judge(zone, walk, crossing, approach, walk.last)
                if count is not None:
                    yield count
            if approach is not None and not approach.is_decided:
                reason = Reason.CUT if is_cut else approach.undecided()
                self._tell(zone, walk, approach, reason, at=approach.nearest_at)

    # -- lines

    def _judge(
        self, zone: LineZone, walk: Walk, crossing: Crossing, approach: Approach, observation: Observation
    ) -> LineCount | None:
        reason = OF_DECISION[crossing.decision]
        count: LineCount | None = None
        if crossing.is_counted:
            is_in = crossing.decision is Decision.COUNTED_IN
            counted = LineCount(zone, walk.track_id, observation, is_in, crossing.is_estimated)
            if zone.counts not in (CountedDirection.BOTH, CountedDirection.IN if is_in else CountedDirection.OUT):
                reason = Reason.DIRECTION_NOT_COUNTED
            elif zone.entrance and self._is_counted_already(zone, walk, counted):
                reason = Reason.ENTRANCE_COUNTED_ALREADY
            else:
                count = counted
            if not is_in:
                self._came_out(zone, walk.track_id, observation.moment)
        at = observation.moment.occurred_at
        self._tell(zone, walk, approach, reason, at=at, is_estimated=crossing.is_estimated)
        return self._or_later(count)

    def _or_later(self, count: LineCount | None) -> LineCount | None:
        """``count`` itself; or None where it must wait to be known as a visit."""
        if count is None or not count.is_in or count.zone.min_stay_s <= 0:
            return count
        visit = LineCount(count.zone, count.track_id, count.observation, True, count.is_estimated, is_visit=True)
        self._entries.append((count.observation.moment.at_s, visit))
        self._entries.sort(key=lambda entry: entry[0])
        return None

    def _came_out(self, zone: LineZone, track_id: int, moment: Moment) -> None:
        """An entry of this person that still waits was no visit."""
        for i, (at_s, entry) in enumerate(self._entries):
            is_same_way = entry.zone.zone_id == zone.zone_id or (
                zone.entrance is not None and entry.zone.entrance == zone.entrance
            )
            if entry.track_id == track_id and is_same_way and moment.at_s - at_s <= entry.zone.min_stay_s:
                brief = LineCount(entry.zone, track_id, entry.observation, True, entry.is_estimated, is_visit=False)
                # It is told at once: nothing can change it any more.
                self._entries[i] = (float("-inf"), brief)
        self._entries.sort(key=lambda entry: entry[0])

    # -- entrances

    def _is_counted_already(self, zone: LineZone, walk: Walk, counted: LineCount) -> bool:
        now_s = counted.observation.moment.at_s
        listed = self._passages.setdefault(zone.entrance or "", [])
        listed[:] = [p for p in listed if p.unseen_s(now_s) <= BETWEEN_DOORS_S]
        own = next((p for p in listed if p.walk.track_id == walk.track_id), None)
        if own is not None:
            is_again = own.is_in == counted.is_in
            own.is_in, own.zone_id = counted.is_in, zone.zone_id
            return is_again
        lost = [
            p
            for p in listed
            if p.unseen_s(now_s) > STITCH_WAIT_S and p.is_in == counted.is_in and p.zone_id != zone.zone_id
        ]
        if lost:
            listed.remove(lost[0])
        listed.append(_Passage(walk, counted.is_in, zone.zone_id))
        return bool(lost)

    # -- explanations

    def _approach(self, zone: LineZone, walk: Walk, distance_px: float, observation: Observation) -> Approach:
        anchor = observation.anchor
        heights = distance_px / max(anchor.height_px, 1.0)
        approach = walk.approaches.get(zone.zone_id)
        if approach is None:
            approach = self._far(observation)
            if heights < NEAR_HEIGHTS:
                walk.approaches[zone.zone_id] = approach
        approach.come(
            heights, at=observation.moment.occurred_at, is_estimated=anchor.is_estimated, is_feet=anchor.is_feet
        )
        return approach

    def _far(self, observation: Observation) -> Approach:
        anchor = observation.anchor
        return Approach(float("inf"), observation.moment.occurred_at, anchor.is_estimated, anchor.is_feet)

    def _never_confirmed(self, zone: LineZone, walk: Walk) -> None:
        for observation in walk.waiting:
            distance = abs(signed_distance(self.points[zone.zone_id], observation.anchor.point_px))
            self._approach(zone, walk, distance, observation)
        approach = walk.approaches.get(zone.zone_id)
        if approach is not None:
            self._tell(zone, walk, approach, Reason.NEVER_CONFIRMED, at=approach.nearest_at)

    def _tell(
        self,
        zone: LineZone,
        walk: Walk,
        approach: Approach,
        reason: Reason,
        *,
        at: datetime,
        other_track_id: int | None = None,
        is_estimated: bool | None = None,
    ) -> None:
        self.log.tell(
            approach,
            reason,
            zone_id=zone.zone_id,
            zone_revision=zone.revision,
            track_id=walk.track_id,
            occurred_at=at,
            other_track_id=other_track_id,
            is_estimated=is_estimated,
        )

"""All zones of one camera: tracked boxes in, event drafts out. Pure and deterministic.

A track's observations are judged only once it is confirmed, then from its first one on. A new track that begins where
and when another was lost takes over what that one had done (COUNTING.md section 3, rule 6).
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desktop_app.domain.anchor import HISTORY, RATIOS, Anchor, AnchorHistory, are_legs_covered
from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.heatmap import HeatGrid, HeatMeter
from desktop_app.domain.line_crossing import Decision, LineState
from desktop_app.domain.occupancy import MinuteOfPeople, OccupancyMeter
from desktop_app.domain.perspective import Perspective
from desktop_app.domain.polyline import signed_distance
from desktop_app.domain.presence import Moment, PresenceState, Stay
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, Size, to_px
from shared_models.zones import CountedDirection, LineZone, PolygonZone, Zone, ZonePurpose

STITCH_S = 1.6
STITCH_MIN_HEIGHTS = 0.6
STITCH_HEIGHTS_S = 1.6
NEAR_HEIGHTS = 1.0
MAX_TENTATIVE = 64
"""Observations kept of a track that is not confirmed yet."""
_DIRECTION = {Decision.COUNTED_IN: CountedDirection.IN, Decision.COUNTED_OUT: CountedDirection.OUT}
_STAY_TYPE = {
    ZonePurpose.AREA: EventType.DWELL,
    ZonePurpose.SHELF: EventType.SHELF_INTERACTION,
    ZonePurpose.QUEUE: EventType.QUEUE_WAIT,
}


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Today's figures of one zone. ``inside``: people in it now (polygons only, ``is_line`` False)."""

    zone_id: str
    label: str
    in_count: int = 0
    out_count: int = 0
    inside: int = 0
    presences: int = 0
    is_line: bool = True


@dataclass(slots=True)
class _Totals:
    in_count: int = 0
    out_count: int = 0
    presences: int = 0


@dataclass(frozen=True, slots=True)
class _Observation:
    anchor: Anchor
    moment: Moment
    score: float


@dataclass(slots=True)
class _Walk:
    """What is known of one track."""

    track_id: int
    first: _Observation
    last: _Observation
    anchors: AnchorHistory = field(default_factory=AnchorHistory)
    waiting: list[_Observation] = field(default_factory=list)
    is_confirmed: bool = False
    lines: dict[str, LineState] = field(default_factory=dict)
    presences: dict[str, PresenceState] = field(default_factory=dict)


class ZoneEngine:
    """The rules of one camera at one frame size.

    Args:
        zones: normalised; converted to pixels of ``frame_wh`` once.
    """

    def __init__(self, *, camera_id: str, zones: Sequence[Zone], frame_wh: Size) -> None:
        self.camera_id = camera_id
        self._frame_wh = frame_wh
        self._totals: dict[str, _Totals] = {}
        self._walks: dict[int, _Walk] = {}
        self._heat = HeatMeter()
        self._perspective = Perspective(frame_wh[1])
        self._is_busy_at_a_line = False
        self._set_zones(zones)

    def __len__(self) -> int:
        """Tracks kept in mind."""
        return len(self._walks)

    def update(self, tracked: TrackedDetections, *, at_s: float, occurred_at: datetime) -> list[EventDraft]:
        """Take one frame's people at monotonic ``at_s``, captured at ``occurred_at`` (UTC)."""
        moment = Moment(at_s, occurred_at)
        drafts: list[EventDraft] = []
        seen = self._observations(tracked, moment)
        self._stitch(seen)
        for track_id, observation, is_confirmed in seen:
            drafts += self._take(self._walks[track_id], observation, is_confirmed=is_confirmed)
        drafts += self._finish_lost(moment)
        drafts += self._measure(moment, seen)
        self._is_busy_at_a_line = any(self._is_near_a_line(observation.anchor) for _, observation, _ in seen)
        return drafts

    def close(self, *, at_s: float, occurred_at: datetime) -> list[EventDraft]:
        """The camera stops: tracks end, open presences are cut (``attributes.cut``), meters give what they have."""
        del at_s, occurred_at  # presences end at their last moment inside, not at the stop
        drafts = [draft for walk in self._walks.values() for draft in self._finish(walk, is_cut=True)]
        for zone_id, meter in self._meters.items():
            drafts += self._occupancy(zone_id, meter.end())
        drafts += self._heatmap(self._heat.end())
        self._walks.clear()
        return drafts

    def replace_zones(self, zones: Sequence[Zone], *, at_s: float, occurred_at: datetime) -> list[EventDraft]:
        """An owner edited the zones: what is open is closed under the old revision first."""
        drafts = self.close(at_s=at_s, occurred_at=occurred_at)
        self._set_zones(zones)
        return drafts

    @property
    def is_busy_at_a_line(self) -> bool:
        """Somebody was seen within ``NEAR_HEIGHTS`` of a line at the last frame."""
        return self._is_busy_at_a_line

    def is_ignored(self, point_px: Point) -> bool:
        """Whether a point lies in an ``ignore`` area."""
        return any(contains(polygon, point_px) for polygon in self._ignored)

    def counts(self) -> tuple[ZoneCount, ...]:
        """Figures per zone, in drawing order; ``ignore`` areas have none."""
        return tuple(self._count(zone) for zone in self._zones if not _is_ignored(zone))

    def saved_counters(self) -> str:
        """The totals as JSON, for ``restore_counters`` after a restart."""
        return json.dumps({k: [t.in_count, t.out_count, t.presences] for k, t in self._totals.items()})

    def restore_counters(self, saved: str) -> None:
        """Go on from totals that were saved; zones that are gone keep theirs."""
        for zone_id, (in_count, out_count, presences) in json.loads(saved).items():
            self._totals[zone_id] = _Totals(in_count, out_count, presences)

    def reset_counters(self) -> None:
        """A new business day begins at zero."""
        self._totals = {zone.zone_id: _Totals() for zone in self._zones}

    # -- zones

    def _set_zones(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._points = {z.zone_id: to_px(z.points, frame_wh=self._frame_wh) for z in zones}
        self._lines = [z for z in zones if isinstance(z, LineZone)]
        self._polygons = [z for z in zones if isinstance(z, PolygonZone) and not _is_ignored(z)]
        self._ignored = [self._points[z.zone_id] for z in zones if _is_ignored(z)]
        self._meters = {z.zone_id: OccupancyMeter() for z in self._polygons}
        for zone in zones:
            self._totals.setdefault(zone.zone_id, _Totals())

    def _is_near_a_line(self, anchor: Anchor) -> bool:
        reach = NEAR_HEIGHTS * anchor.height_px
        return any(abs(signed_distance(self._points[z.zone_id], anchor.point_px)) < reach for z in self._lines)

    def _count(self, zone: Zone) -> ZoneCount:
        totals = self._totals[zone.zone_id]
        if isinstance(zone, LineZone):
            return ZoneCount(zone.zone_id, zone.label, totals.in_count, totals.out_count)
        inside = self._people_in(zone.zone_id)
        return ZoneCount(zone.zone_id, zone.label, inside=inside, presences=totals.presences, is_line=False)

    def _people_in(self, zone_id: str) -> int:
        states = (walk.presences.get(zone_id) for walk in self._walks.values())
        return sum(1 for state in states if state is not None and state.is_present)

    # -- tracks

    def _observations(self, tracked: TrackedDetections, moment: Moment) -> list[tuple[int, _Observation, bool]]:
        """Each person's anchor in this frame; those who stand in an ``ignore`` area are left out."""
        seen = []
        for xyxy, score, tracker_id, confirmed, covered in zip(
            tracked.xyxy.tolist(),
            tracked.score.tolist(),
            tracked.tracker_id.tolist(),
            tracked.is_confirmed.tolist(),
            are_legs_covered(tracked.xyxy).tolist(),
            strict=True,
        ):
            walk = self._walks.get(tracker_id)
            history = walk.anchors if walk else AnchorHistory()
            anchor = history.locate(
                (xyxy[0], xyxy[1], xyxy[2], xyxy[3]),
                frame_height=self._frame_wh[1],
                perspective=self._perspective,
                is_covered=covered,
            )
            if self.is_ignored(anchor.point_px):
                continue
            observation = _Observation(anchor, moment, score)
            if walk is None:
                self._walks[tracker_id] = _Walk(tracker_id, observation, observation, anchors=history)
            seen.append((tracker_id, observation, confirmed))
        return seen

    def _stitch(self, seen: Sequence[tuple[int, _Observation, bool]]) -> None:
        """Let tracks that are confirmed now take over from tracks lost before they began, nearest pair first."""
        seen_ids = {track_id for track_id, _, _ in seen}
        fresh = [self._walks[i] for i, _, confirmed in seen if confirmed and not self._walks[i].is_confirmed]
        lost = [walk for i, walk in self._walks.items() if i not in seen_ids and walk.is_confirmed]
        pairs = sorted(
            (gap, new.track_id, old.track_id)
            for new in fresh
            for old in lost
            if (gap := _stitch_gap(old, new)) is not None
        )
        taken: set[int] = set()
        for _, new_id, old_id in pairs:
            if new_id in taken or old_id in taken:
                continue
            taken |= {new_id, old_id}
            _hand_over(self._walks.pop(old_id), self._walks[new_id])

    def _take(self, walk: _Walk, observation: _Observation, *, is_confirmed: bool) -> list[EventDraft]:
        walk.last = observation
        walk.is_confirmed = walk.is_confirmed or is_confirmed
        walk.waiting.append(observation)
        if not walk.is_confirmed:
            del walk.waiting[:-MAX_TENTATIVE]
            return []
        waiting, walk.waiting = walk.waiting, []
        return [draft for waited in waiting for draft in self._judge(walk, waited)]

    def _judge(self, walk: _Walk, observation: _Observation) -> Iterable[EventDraft]:
        for zone in self._lines:
            state = walk.lines.setdefault(zone.zone_id, LineState())
            crossing = state.observe(self._points[zone.zone_id], observation.anchor)
            if crossing is not None and crossing.is_counted:
                yield from self._crossed(zone, walk, crossing.decision, observation, crossing.is_estimated)
        for area in self._polygons:
            presence = walk.presences.setdefault(area.zone_id, PresenceState())
            stay = presence.observe(
                is_inside=contains(self._points[area.zone_id], observation.anchor.point_px),
                moment=observation.moment,
                enter_s=area.enter_s,
                exit_grace_s=area.exit_grace_s,
            )
            yield from self._stayed(area, walk, stay)

    def _finish_lost(self, moment: Moment) -> list[EventDraft]:
        """End what no track can take over any more, and expire presences whose grace is over."""
        drafts: list[EventDraft] = []
        for walk in list(self._walks.values()):
            if walk.last.moment is moment:
                continue
            for area in self._polygons:
                state = walk.presences.get(area.zone_id)
                if state is not None:
                    drafts += self._stayed(area, walk, state.expire(moment, exit_grace_s=area.exit_grace_s))
            if moment.at_s - walk.last.moment.at_s > self._keep_s:
                drafts += self._finish(self._walks.pop(walk.track_id), is_cut=False)
        return drafts

    @property
    def _keep_s(self) -> float:
        return max([STITCH_S, *(area.exit_grace_s for area in self._polygons)]) + 1.0

    def _finish(self, walk: _Walk, *, is_cut: bool) -> list[EventDraft]:
        drafts: list[EventDraft] = []
        for zone in self._lines:
            state = walk.lines.get(zone.zone_id)
            crossing = state.end(self._points[zone.zone_id]) if state else None
            if crossing is not None and crossing.is_counted:
                drafts += self._crossed(zone, walk, crossing.decision, walk.last, crossing.is_estimated)
        for area in self._polygons:
            presence = walk.presences.get(area.zone_id)
            if presence is not None:
                drafts += self._stayed(area, walk, presence.end(), is_cut=is_cut)
        return drafts

    # -- drafts

    def _crossed(
        self, zone: LineZone, walk: _Walk, decision: Decision, observation: _Observation, is_estimated: bool
    ) -> list[EventDraft]:
        direction = _DIRECTION[decision]
        if zone.counts not in (CountedDirection.BOTH, direction):
            return []
        totals = self._totals[zone.zone_id]
        if direction is CountedDirection.IN:
            totals.in_count += 1
        else:
            totals.out_count += 1
        event_type = EventType.FOOTFALL_IN if direction is CountedDirection.IN else EventType.FOOTFALL_OUT
        attributes = {"anchor": "estimated"} if is_estimated else {}
        return [self._draft(event_type, zone, observation.moment, walk, score=observation.score, attributes=attributes)]

    def _stayed(self, area: PolygonZone, walk: _Walk, stay: Stay | None, *, is_cut: bool = False) -> list[EventDraft]:
        if stay is None or (area.purpose is ZonePurpose.SHELF and stay.dwell_s < area.threshold_s):
            return []
        self._totals[area.zone_id].presences += 1
        attributes: dict[str, Any] = {"cut": True} if is_cut else {}
        if area.shelf_category:
            attributes["shelf_category"] = area.shelf_category
        draft = self._draft(_STAY_TYPE[area.purpose], area, stay.ended, walk, attributes=attributes)
        return [draft.model_copy(update={"value": round(stay.dwell_s, 3)})]

    def _measure(self, moment: Moment, seen: Sequence[tuple[int, _Observation, bool]]) -> list[EventDraft]:
        drafts: list[EventDraft] = []
        for zone_id, meter in self._meters.items():
            people = self._people_in(zone_id)
            drafts += self._occupancy(zone_id, meter.observe(people, at_s=moment.at_s, occurred_at=moment.occurred_at))
        width, height = self._frame_wh
        feet = [
            (o.anchor.point_px[0] / width, o.anchor.point_px[1] / height)
            for track_id, o, _ in seen
            if self._walks[track_id].is_confirmed
        ]
        return drafts + self._heatmap(self._heat.observe(feet, at_s=moment.at_s, occurred_at=moment.occurred_at))

    def _occupancy(self, zone_id: str, minute: MinuteOfPeople | None) -> list[EventDraft]:
        if minute is None:
            return []
        zone = next(z for z in self._polygons if z.zone_id == zone_id)
        draft = EventDraft(
            type=EventType.OCCUPANCY,
            camera_id=self.camera_id,
            zone_id=zone.zone_id,
            zone_revision=zone.revision,
            occurred_at=minute.ended_at,
            value=round(minute.mean, 3),
            attributes={"peak": minute.peak, "seen_s": round(minute.seen_s, 1)},
        )
        return [draft]

    def _heatmap(self, grid: HeatGrid | None) -> list[EventDraft]:
        if grid is None:
            return []
        return [
            EventDraft(
                type=EventType.HEATMAP,
                camera_id=self.camera_id,
                occurred_at=grid.ended_at,
                attributes=grid.attributes(),
            )
        ]

    def _draft(
        self,
        event_type: EventType,
        zone: LineZone | PolygonZone,
        moment: Moment,
        walk: _Walk,
        *,
        score: float | None = None,
        attributes: dict[str, Any],
    ) -> EventDraft:
        return EventDraft(
            type=event_type,
            camera_id=self.camera_id,
            zone_id=zone.zone_id,
            zone_revision=zone.revision,
            occurred_at=moment.occurred_at,
            track_id=walk.track_id,
            confidence=None if score is None else round(min(1.0, max(0.0, score)), 3),
            attributes=attributes,
        )


def contains(polygon: Sequence[Point], p: Point) -> bool:
    """Whether ``p`` lies in the polygon (even-odd rule; a point on the lower or left edge is inside)."""
    x, y = p
    inside = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        ax, ay = bx, by
    return inside


def _is_ignored(zone: Zone) -> bool:
    return isinstance(zone, PolygonZone) and zone.purpose is ZonePurpose.IGNORE


def _hand_over(old: _Walk, new: _Walk) -> None:
    new.lines, new.presences = old.lines, old.presences
    new.anchors.heights = deque([*old.anchors.heights, *new.anchors.heights], maxlen=HISTORY)
    new.anchors.ratios = deque([*old.anchors.ratios, *new.anchors.ratios], maxlen=RATIOS)


def _stitch_gap(old: _Walk, new: _Walk) -> float | None:
    """The distance in heights between a lost track's end and a new one's start, if one person can have done it."""
    seconds = new.first.moment.at_s - old.last.moment.at_s
    if not 0.0 < seconds <= STITCH_S or old.last.anchor.is_feet != new.first.anchor.is_feet:
        return None
    height = max(old.last.anchor.height_px, 1.0)
    gap = math.dist(old.last.anchor.point_px, new.first.anchor.point_px) / height
    ratio = new.first.anchor.height_px / height
    if not 0.5 <= ratio <= 2.0:
        return None
    return gap if gap <= max(STITCH_MIN_HEIGHTS, STITCH_HEIGHTS_S * seconds) else None

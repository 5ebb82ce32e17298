"""All zones of one camera: tracked boxes in, event drafts out. Pure and deterministic.

A track's observations are judged only once it is confirmed, then from its first one on. A new track that begins where
and when another was lost takes over what that one had done (COUNTING.md section 3, rule 6). Beside the drafts it leaves
explanations (why somebody was counted, or not) and the foot paths of all tracks; both wait until they are taken.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desktop_app.domain.anchor import Anchor, AnchorHistory, are_legs_covered
from desktop_app.domain.camera_meters import CameraMeters
from desktop_app.domain.detections import TrackedDetections
from desktop_app.domain.explanation import Explanation
from desktop_app.domain.line_crossing import LineState
from desktop_app.domain.line_judge import NEAR_HEIGHTS, LineCount, LineJudge
from desktop_app.domain.path_recorder import PathRecorder
from desktop_app.domain.perspective import Perspective
from desktop_app.domain.polygon import contains
from desktop_app.domain.polyline import signed_distance
from desktop_app.domain.presence import Moment, PresenceState, Stay
from desktop_app.domain.trajectory import Geometry, TrackRecord
from desktop_app.domain.walks import (
    Observation,
    Sighting,
    Walk,
    hand_over,
    kept_moment,
    look_at,
    sighting_of,
    stitch_gap,
)
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, Size, to_px
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose

MAX_TENTATIVE = 64
"""Observations kept of a track that is not confirmed yet."""
_STAY_TYPE = {
    ZonePurpose.AREA: EventType.DWELL,
    ZonePurpose.SHELF: EventType.SHELF_INTERACTION,
    ZonePurpose.QUEUE: EventType.QUEUE_WAIT,
}


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """Today's figures of one zone. ``inside``: people in it now (polygons only, ``is_line`` False).

    Attributes:
        brief_count: entries whose person went out again before the line's ``min_stay_s``: crossings, but no visits.
    """

    zone_id: str
    label: str
    in_count: int = 0
    out_count: int = 0
    inside: int = 0
    presences: int = 0
    is_line: bool = True
    brief_count: int = 0

    @property
    def visits(self) -> int:
        """Entries that were visits."""
        return self.in_count - self.brief_count


@dataclass(slots=True)
class _Totals:
    in_count: int = 0
    out_count: int = 0
    presences: int = 0
    brief: int = 0

    def saved(self) -> list[int]:
        listed = [self.in_count, self.out_count, self.presences]
        return [*listed, self.brief] if self.brief else listed


class ZoneEngine:
    """The rules of one camera at one frame size.

    Args:
        zones: normalised; converted to pixels of ``frame_wh`` once.
    """

    def __init__(self, *, camera_id: str, zones: Sequence[Zone], frame_wh: Size) -> None:
        self.camera_id = camera_id
        self._frame_wh = frame_wh
        self._totals: dict[str, _Totals] = {}
        self._walks: dict[int, Walk] = {}
        self._perspective = Perspective(frame_wh[1])
        self._paths = PathRecorder(camera_id)
        self._is_busy_at_a_line = False
        self._now_s = float("-inf")
        self._set_zones(zones)

    @property
    def track_count(self) -> int:
        """Tracks kept in mind. No ``__len__``: the engine of an empty shop would be false."""
        return len(self._walks)

    def update(self, tracked: TrackedDetections, *, at_s: float, occurred_at: datetime) -> list[EventDraft]:
        """Take one frame's people at monotonic ``at_s``, captured at ``occurred_at`` (UTC)."""
        moment = self._begin_frame(at_s, occurred_at)
        ended = self._finish_stale(moment)
        return ended + self._decide(self._located(tracked, moment), moment)

    def replay(self, people: Sequence[Sighting], *, at_s: float, occurred_at: datetime) -> list[EventDraft]:
        """As ``update``, of sightings that were kept: their anchors are believed as they are."""
        moment = self._begin_frame(at_s, occurred_at)
        ended = self._finish_stale(moment)
        return ended + self._decide([p for p in people if not self.is_ignored(p.anchor.point_px)], moment)

    def close(self, *, at_s: float, occurred_at: datetime) -> list[EventDraft]:
        """The camera stops: tracks end, open presences are cut (``attributes.cut``), meters give what they have."""
        del at_s, occurred_at  # presences end at their last moment inside, not at the stop
        drafts = [draft for walk in self._walks.values() for draft in self._finish(walk, is_cut=True)]
        drafts += [self._drafted(count) for count in self._judge_lines.end()]
        drafts += self._meters.end()
        self._walks.clear()
        self._paths.end_run()
        self._now_s = float("-inf")
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
        return bool(self._ignored) and any(contains(polygon, point_px) for polygon in self._ignored)

    def counts(self) -> tuple[ZoneCount, ...]:
        """Figures per zone, in drawing order; ``ignore`` areas have none."""
        return tuple(self._count(zone) for zone in self._zones if not _is_ignored(zone))

    def saved_counters(self) -> str:
        """The totals as JSON, for ``restore_counters`` after a restart."""
        return json.dumps({zone_id: totals.saved() for zone_id, totals in self._totals.items()})

    def restore_counters(self, saved: str) -> None:
        """Go on from totals that were saved; zones that are gone keep theirs."""
        for zone_id, figures in json.loads(saved).items():
            self._totals[zone_id] = _Totals(*figures)

    def take_back(self, zone_id: str, kind: EventType, *, is_brief: bool) -> None:
        """Something that was counted just now belongs to a day that is over."""
        totals = self._totals.setdefault(zone_id, _Totals())
        if kind is EventType.FOOTFALL_IN:
            totals.in_count -= 1
            totals.brief -= is_brief
        elif kind is EventType.FOOTFALL_OUT:
            totals.out_count -= 1
        else:
            totals.presences -= 1

    def reset_counters(self) -> None:
        """A new business day begins at zero."""
        self._totals = {zone.zone_id: _Totals() for zone in self._zones}

    def take_explanations(self) -> list[Explanation]:
        """What was decided at the lines since the last time, and why."""
        return self._judge_lines.log.take()

    def take_paths(self) -> list[TrackRecord]:
        """The tracks, or parts of them, that are over since the last time."""
        return self._paths.take()

    @property
    def run_at(self) -> datetime | None:
        """The first frame of this run of the rules; None before it."""
        return self._paths.run_at

    def paths_complete_until(self) -> datetime | None:
        """Whoever was seen before this moment is in the paths that were taken; None before the first frame."""
        return self._paths.complete_until(self._walks.values())

    # -- zones

    def _set_zones(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._points = {z.zone_id: to_px(z.points, frame_wh=self._frame_wh) for z in zones}
        lines = [z for z in zones if isinstance(z, LineZone)]
        self._judge_lines = LineJudge(self.camera_id, lines, self._points)
        self._lines = lines
        self._polygons = [z for z in zones if isinstance(z, PolygonZone) and not _is_ignored(z)]
        self._regions = [
            (area, self._points[area.zone_id], _bounds(self._points[area.zone_id])) for area in self._polygons
        ]
        self._keep_s = max([2.0, *(area.exit_grace_s for area in self._polygons)]) + 1.0
        self._ignored = [self._points[z.zone_id] for z in zones if _is_ignored(z)]
        self._meters = CameraMeters(self.camera_id, self._polygons)
        self._paths.geometry = Geometry(
            self._frame_wh,
            tuple(self._points[z.zone_id] for z in self._lines),
            tuple(self._points[z.zone_id] for z in self._polygons),
        )
        for zone in zones:
            self._totals.setdefault(zone.zone_id, _Totals())

    def _is_near_a_line(self, walk: Walk, anchor: Anchor) -> bool:
        reach = NEAR_HEIGHTS * anchor.height_px
        if walk.is_confirmed:
            return any(-reach < state.distance < reach for state in walk.lines.values())
        return any(abs(signed_distance(self._points[z.zone_id], anchor.point_px)) < reach for z in self._lines)

    def _count(self, zone: Zone) -> ZoneCount:
        totals = self._totals[zone.zone_id]
        if isinstance(zone, LineZone):
            return ZoneCount(zone.zone_id, zone.label, totals.in_count, totals.out_count, brief_count=totals.brief)
        inside = self._people_in()[zone.zone_id]
        return ZoneCount(zone.zone_id, zone.label, inside=inside, presences=totals.presences, is_line=False)

    def _people_in(self) -> Counter[str]:
        """Zone id -> people who are present in it."""
        return Counter(
            zone_id for walk in self._walks.values() for zone_id, state in walk.presences.items() if state.is_present
        )

    # -- tracks

    def _begin_frame(self, at_s: float, occurred_at: datetime) -> Moment:
        """The frame's moment. Time that runs backwards or is no number stands still, as it does for the tracker."""
        if math.isfinite(at_s):
            self._now_s = max(self._now_s, at_s)
        elif not math.isfinite(self._now_s):
            self._now_s = 0.0
        moment = kept_moment(self._now_s, occurred_at)
        self._paths.begin_frame(moment)
        return moment

    def _finish_stale(self, moment: Moment) -> list[EventDraft]:
        """End who was unseen for too long, whether or not there were frames in between to notice it by."""
        stale = [w for w in self._walks.values() if moment.at_s - w.last.moment.at_s > self._keep_s]
        return [draft for w in stale for draft in self._finish(self._walks.pop(w.track_id), is_cut=False)]

    def _located(self, tracked: TrackedDetections, moment: Moment) -> list[Sighting]:
        """Each person's anchor in this frame; boxes that are none and who stands in an ``ignore`` area are left out."""
        tracked = _usable(tracked, frame_wh=self._frame_wh)
        at_ms, stamp_ms = round(moment.at_s * 1000), round(moment.occurred_at.timestamp() * 1000)
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
                at_s=moment.at_s,
                perspective=self._perspective,
                is_covered=covered,
            )
            if self.is_ignored(anchor.point_px):
                continue
            look = look_at(
                anchor,
                score=score,
                frame=self._paths.frame,
                at_ms=at_ms,
                stamp_ms=stamp_ms,
            )
            sighting = sighting_of(look, track_id=tracker_id, is_confirmed=confirmed)
            if walk is None:
                self._begin(sighting, moment, history)
            seen.append(sighting)
        return seen

    def _begin(self, sighting: Sighting, moment: Moment, history: AnchorHistory) -> None:
        first = Observation(sighting.anchor, moment, sighting.score)
        self._walks[sighting.track_id] = Walk(sighting.track_id, first, first, anchors=history)

    def _decide(self, seen: Sequence[Sighting], moment: Moment) -> list[EventDraft]:
        # The order of boxes in a frame is a detector's whim; where two share an entrance it must decide nothing.
        seen = sorted(seen, key=lambda person: person.track_id)
        for person in seen:
            if person.track_id not in self._walks:
                self._begin(person, moment, AnchorHistory())
            self._walks[person.track_id].newest.append(Observation(person.anchor, moment, person.score))
        self._stitch(seen, moment)
        drafts: list[EventDraft] = []
        for person in seen:
            drafts += self._take(self._walks[person.track_id], person)
        drafts += self._expire(moment)
        drafts += [self._drafted(count) for count in self._judge_lines.settle(moment)]
        drafts += self._measure(moment, seen)
        self._is_busy_at_a_line = any(self._is_near_a_line(self._walks[p.track_id], p.anchor) for p in seen)
        return drafts

    def _stitch(self, seen: Sequence[Sighting], moment: Moment) -> None:
        """Let tracks that are confirmed now take over from tracks lost before they began, nearest pair first."""
        seen_ids = {person.track_id for person in seen}
        fresh = [self._walks[p.track_id] for p in seen if p.is_confirmed and not self._walks[p.track_id].is_confirmed]
        if not fresh:
            return
        lost = [walk for i, walk in self._walks.items() if i not in seen_ids and walk.is_confirmed]
        pairs = sorted(
            (gap, new.track_id, old.track_id)
            for new in fresh
            for old in lost
            if (gap := stitch_gap(old, new, now_s=moment.at_s, frame_width=self._frame_wh[0])) is not None
        )
        taken: set[int] = set()
        for _, new_id, old_id in pairs:
            if new_id in taken or old_id in taken:
                continue
            taken |= {new_id, old_id}
            old, new = self._walks.pop(old_id), self._walks[new_id]
            hand_over(old, new)
            self._paths.end_walk(old)
            self._judge_lines.stitched(new, old_id=old_id, at=moment.occurred_at)

    def _take(self, walk: Walk, person: Sighting) -> list[EventDraft]:
        observation = walk.last = walk.newest[-1]
        walk.is_confirmed = walk.is_confirmed or person.is_confirmed
        self._paths.add(walk, person.look)
        walk.waiting.append(observation)
        if not walk.is_confirmed:
            del walk.waiting[:-MAX_TENTATIVE]
            return []
        waiting, walk.waiting = walk.waiting, []
        return [draft for waited in waiting for draft in self._judge(walk, waited)]

    def _judge(self, walk: Walk, observation: Observation) -> list[EventDraft]:
        drafts: list[EventDraft] = []
        for zone in self._lines:
            state = walk.lines.get(zone.zone_id)
            if state is None:
                state = walk.lines[zone.zone_id] = LineState()
            count = self._judge_lines.observe(zone, state, walk, observation)
            if count is not None:
                drafts.append(self._drafted(count))
        x, y = point = observation.anchor.point_px
        for area, corners, (left, top, right, bottom) in self._regions:
            presence = walk.presences.get(area.zone_id)
            is_inside = left <= x <= right and top <= y <= bottom and contains(corners, point)
            if not is_inside and (presence is None or presence.last_in is None):
                continue  # most people are in no area, and were not
            if presence is None:
                presence = walk.presences[area.zone_id] = PresenceState()
            stay = presence.observe(
                is_inside=is_inside,
                moment=observation.moment,
                enter_s=area.enter_s,
                exit_grace_s=area.exit_grace_s,
            )
            if stay is not None:
                drafts += self._stayed(area, walk, stay)
        return drafts

    def _expire(self, moment: Moment) -> list[EventDraft]:
        """End presences of who is not seen and whose grace is over."""
        drafts: list[EventDraft] = []
        for walk in self._walks.values():
            if walk.last.moment is moment:
                continue
            for area in self._polygons:
                state = walk.presences.get(area.zone_id)
                if state is not None:
                    drafts += self._stayed(area, walk, state.expire(moment, exit_grace_s=area.exit_grace_s))
        return drafts

    def _finish(self, walk: Walk, *, is_cut: bool) -> list[EventDraft]:
        drafts = [self._drafted(count) for count in self._judge_lines.finish(walk, is_cut=is_cut)]
        for area in self._polygons:
            presence = walk.presences.get(area.zone_id)
            if presence is not None:
                drafts += self._stayed(area, walk, presence.end(), is_cut=is_cut)
        self._paths.end_walk(walk)
        return drafts

    # -- drafts

    def _drafted(self, count: LineCount) -> EventDraft:
        totals = self._totals[count.zone.zone_id]
        if count.is_in:
            totals.in_count += 1
            totals.brief += count.is_visit is False
        else:
            totals.out_count += 1
        kind = EventType.FOOTFALL_IN if count.is_in else EventType.FOOTFALL_OUT
        return EventDraft(
            type=kind,
            camera_id=self.camera_id,
            zone_id=count.zone.zone_id,
            zone_revision=count.zone.revision,
            occurred_at=count.observation.moment.occurred_at,
            track_id=count.track_id,
            confidence=round(count.observation.score, 3),
            attributes=count.attributes(),
        )

    def _stayed(self, area: PolygonZone, walk: Walk, stay: Stay | None, *, is_cut: bool = False) -> list[EventDraft]:
        if stay is None or (area.purpose is ZonePurpose.SHELF and stay.dwell_s < area.threshold_s):
            return []
        self._totals[area.zone_id].presences += 1
        attributes: dict[str, Any] = {"cut": True} if is_cut else {}
        if area.shelf_category:
            attributes["shelf_category"] = area.shelf_category
        return [
            EventDraft(
                type=_STAY_TYPE[area.purpose],
                camera_id=self.camera_id,
                zone_id=area.zone_id,
                zone_revision=area.revision,
                occurred_at=stay.ended.occurred_at,
                track_id=walk.track_id,
                value=round(stay.dwell_s, 3),
                attributes=attributes,
            )
        ]

    def _measure(self, moment: Moment, seen: Sequence[Sighting]) -> list[EventDraft]:
        width, height = self._frame_wh
        feet = [
            (p.anchor.point_px[0] / width, p.anchor.point_px[1] / height)
            for p in seen
            if self._walks[p.track_id].is_confirmed
        ]
        return self._meters.observe(moment, people_in=self._people_in(), feet_norm=feet)


def _usable(tracked: TrackedDetections, *, frame_wh: Size) -> TrackedDetections:
    """Without boxes that have no area, a coordinate that is no number, or nothing in the picture."""
    x, (width, height) = tracked.xyxy, frame_wh
    # Comparisons with what is no number are false. Of a few boxes plain Python is quicker than numpy.
    good = [
        -math.inf < left < right < math.inf
        and -math.inf < top < bottom < math.inf
        and right > 0
        and bottom > 0
        and left < width
        and top < height
        for left, top, right, bottom in x.tolist()
    ]
    if all(good):
        return tracked
    return TrackedDetections(x[good], tracked.score[good], tracked.tracker_id[good], tracked.is_confirmed[good])


def _bounds(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    across, down = [x for x, _ in points], [y for _, y in points]
    return min(across), min(down), max(across), max(down)


def _is_ignored(zone: Zone) -> bool:
    return isinstance(zone, PolygonZone) and zone.purpose is ZonePurpose.IGNORE

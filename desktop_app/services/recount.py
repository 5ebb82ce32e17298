"""Counting again over kept foot paths: a line drawn today counts last month."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from desktop_app.domain.trajectory import Trajectory
from desktop_app.domain.walks import Sighting
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.trajectories import KeptRun, Span, TrajectoryStore, hung_as_now, without
from shared_models.cameras import Rotation
from shared_models.events import RECOUNTABLE, WALKWAY, EventDraft, EventType, is_walkway
from shared_models.geometry import Size
from shared_models.store_time import StoreTime
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose

MARK = {"recounted": True}
"""In the attributes of every event that a recount wrote."""
LEAD = timedelta(hours=2)
"""The rules begin this long before a span, so that stays under way are known when it begins."""
TAIL = timedelta(minutes=10)
PIECE_EVENTS = 200
"""Replaced at a time: one upload holds it whole."""
PIECE_SPAN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CountedBefore:
    """An event that a recount would make void."""

    type: str
    occurred_at: datetime
    value: float | None
    track_id: int | None
    is_walkway: bool = False

    @property
    def attributes(self) -> dict[str, bool]:
        """What of its attributes a sum asks for."""
        return {WALKWAY: True} if self.is_walkway else {}


@dataclass(frozen=True, slots=True)
class Piece:
    """Events that take the place of a zone's earlier ones in a span; ``marker`` says so (``zone_recounted``)."""

    span: Span
    marker: EventDraft
    drafts: tuple[EventDraft, ...]


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount finds.

    Attributes:
        spans: of which all foot paths are kept; nothing outside them is touched.
        drafts: the events of these spans, marked.
        missing_s: seconds of the span asked for of which paths are missing (the camera was off, or they are too old).
    """

    zone: Zone
    camera_id: str
    spans: tuple[Span, ...]
    drafts: tuple[EventDraft, ...]
    missing_s: float

    def pieces(self) -> list[Piece]:
        """As they are written: each small enough for one upload."""
        return [piece for span in self.spans for piece in _pieces(self, span)]

    def is_as(self, before: Sequence[CountedBefore]) -> bool:
        """Whether exactly this was counted already."""
        return Counter(map(_fact, self.drafts)) == Counter(map(_fact, before))


def recounted(
    store: TrajectoryStore,
    camera_id: str,
    zone: Zone,
    *,
    zones: Sequence[Zone],
    span: Span,
    rotation: Rotation | None = None,
) -> Recount:
    """Count ``zone`` anew over the foot paths of ``span``. Those of a picture that was turned otherwise are left out.

    Args:
        zones: all of the camera today: ``ignore`` areas and other lines of the same entrance matter.
        rotation: how the picture is turned that ``zones`` are drawn in; None: as it was counted last.
    """
    context = [zone, *(other for other in zones if other.zone_id != zone.zone_id and _matters(other, zone))]
    holes = store.holes(camera_id)
    spans: list[Span] = []
    drafts: list[EventDraft] = []
    for run in hung_as_now(store.runs(camera_id=camera_id), rotation=rotation):
        shared = run.whole.shared(span)
        parts = without(shared, holes) if shared else []
        # Runs that overlap (the clock was set back) would count one moment twice: the first has it.
        parts = [rest for part in parts for rest in without(part, spans)]
        if parts:
            spans += parts
            drafts += _of_run(store, run, zone, context, parts)
    known_s = sum(part.seconds for part in spans)
    return Recount(zone, camera_id, tuple(spans), tuple(drafts), max(0.0, span.seconds - known_s))


def _of_run(
    store: TrajectoryStore, run: KeptRun, zone: Zone, context: Sequence[Zone], parts: Sequence[Span]
) -> list[EventDraft]:
    paths = store.trajectories(run, from_at=parts[0].from_at - LEAD, to_at=parts[-1].to_at + TAIL)
    # A run that was not stopped (it runs still, or the power failed) has not cut anybody's stay.
    is_over = run.whole.to_at > run.last_at
    end = RunEnd(run.last_at_s, run.last_at)
    drafts = replayed(paths, context, camera_id=run.camera_id, frame_wh=run.frame_wh, end=end, is_over=is_over)
    return [
        draft.model_copy(update={"attributes": {**draft.attributes, **MARK}})
        for draft in drafts
        if draft.zone_id == zone.zone_id
        and draft.type in RECOUNTABLE
        and any(part.from_at <= draft.occurred_at < part.to_at for part in parts)
    ]


def _matters(other: Zone, zone: Zone) -> bool:
    if isinstance(other, PolygonZone):
        return other.purpose is ZonePurpose.IGNORE
    return isinstance(zone, LineZone) and zone.entrance is not None and other.entrance == zone.entrance


def _fact(one: EventDraft | CountedBefore) -> tuple[str, datetime, float | None, bool]:
    return str(one.type), one.occurred_at, one.value, is_walkway(one.attributes)


def _pieces(recount: Recount, span: Span) -> Iterator[Piece]:
    inside = sorted(
        (d for d in recount.drafts if span.from_at <= d.occurred_at < span.to_at), key=lambda d: d.occurred_at
    )
    start = span.from_at
    while start < span.to_at:
        end = min(span.to_at, start + PIECE_SPAN)
        ahead = [d for d in inside if start <= d.occurred_at < end]
        later = [d.occurred_at for d in ahead[PIECE_EVENTS:] if d.occurred_at > ahead[PIECE_EVENTS - 1].occurred_at]
        end = later[0] if later else end
        taken = tuple(d for d in ahead if d.occurred_at < end)
        yield Piece(Span(start, end), _marker(recount, Span(start, end), events=len(taken)), taken)
        start = end


def _marker(recount: Recount, span: Span, *, events: int) -> EventDraft:
    return EventDraft(
        type=EventType.ZONE_RECOUNTED,
        camera_id=recount.camera_id,
        zone_id=recount.zone.zone_id,
        zone_revision=recount.zone.revision,
        occurred_at=span.from_at,
        attributes={"from": span.from_at.isoformat(), "to": span.to_at.isoformat(), "events": events},
    )


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The last frame that a run of the rules is known to have seen."""

    at_s: float
    occurred_at: datetime


def replayed(
    trajectories: Iterable[Trajectory],
    zones: Sequence[Zone],
    *,
    camera_id: str,
    frame_wh: Size,
    end: RunEnd | None,
    is_over: bool = True,
) -> Iterator[EventDraft]:
    """What the rules say of the foot paths of one run.

    Args:
        end: how long the camera saw after the last of them.
        is_over: the rules were closed then; what is open is cut.
    """
    engine = ZoneEngine(camera_id=camera_id, zones=zones, frame_wh=frame_wh)
    at_s, occurred_at = 0.0, moment_of(0)
    for people in frames_of(trajectories):
        look = people[0].look
        at_s, occurred_at = look.at_ms / 1000, moment_of(look.stamp_ms)
        yield from engine.replay(people, at_s=at_s, occurred_at=occurred_at)
        engine.take_explanations()
        engine.take_paths()
    if end is not None and end.at_s > at_s:
        at_s, occurred_at = end.at_s, end.occurred_at
        yield from engine.replay([], at_s=at_s, occurred_at=occurred_at)
    if is_over:
        yield from engine.close(at_s=at_s, occurred_at=occurred_at)


def frames_of(trajectories: Iterable[Trajectory]) -> Iterator[list[Sighting]]:
    """Sightings frame by frame, each frame's by track id. Paths are unpacked only when their time comes."""
    waiting = sorted(trajectories, key=lambda t: (t.first_frame, t.track_id))
    waiting.reverse()
    heap: list[tuple[int, int, int, list[Sighting]]] = []
    while waiting or heap:
        frame = min(heap[0][0] if heap else waiting[-1].first_frame, waiting[-1].first_frame if waiting else heap[0][0])
        while waiting and waiting[-1].first_frame <= frame:
            one = waiting.pop()
            heapq.heappush(heap, (one.first_frame, one.track_id, 0, one.sightings()))
        people: list[Sighting] = []
        while heap and heap[0][0] == frame:
            _, track_id, i, listed = heap[0]
            people.append(listed[i])
            if i + 1 < len(listed):
                heapq.heapreplace(heap, (listed[i + 1].look.frame, track_id, i + 1, listed))
            else:
                heapq.heappop(heap)
        yield people


def moment_of(stamp_ms: int) -> datetime:
    """The UTC moment of a stamp in milliseconds."""
    return datetime.fromtimestamp(stamp_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """What a zone counted in some time."""

    went_in: int = 0
    went_out: int = 0
    stays: int = 0

    def as_json(self) -> dict[str, int]:
        return {"in": self.went_in, "out": self.went_out, "stays": self.stays}


def figures(events: Iterable[EventDraft | CountedBefore]) -> Figures:
    """Sums of events."""
    kinds = Counter(str(event.type) for event in events)
    went_in, went_out = kinds.pop(EventType.FOOTFALL_IN, 0), kinds.pop(EventType.FOOTFALL_OUT, 0)
    return Figures(went_in, went_out, sum(kinds.values()))


def by_day(events: Iterable[EventDraft | CountedBefore], *, time: StoreTime) -> dict[str, Figures]:
    """Figures per business day of the store, in order."""
    days: dict[str, list[EventDraft | CountedBefore]] = {}
    for event in events:
        days.setdefault(time.day_of(event.occurred_at).isoformat(), []).append(event)
    return {day: figures(days[day]) for day in sorted(days)}

"""What a window can ask about days that are over: stories, marks, and counting them anew by other zones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from desktop_app.services.ports import HistoryError
from desktop_app.services.recount import CountedBefore, Figures, Piece, Recount, figures, recounted
from desktop_app.services.stories import Past, Question, Stories, Story, Way, stories_of, way_of
from desktop_app.services.today_figures import EventArchive
from desktop_app.services.trajectories import Span, TrajectoryStore, hung_as_now
from desktop_app.services.wrong_marks import WrongMark, WrongMarks
from shared_models.clock import Clock
from shared_models.events import EventDraft
from shared_models.store_time import StoreTime
from shared_models.zones import PolygonZone, Zone, ZonePurpose

STEP = timedelta(days=1)
"""A recount goes day by day, so that it can tell how far it is and be stopped."""
Progress = Callable[[float], bool]
"""Told a share 0..1; answers whether to go on."""


class PastStore(Past, TrajectoryStore, Protocol):
    """The history, as it is read. ``forget`` is slow."""

    def forget(self, camera_id: str) -> None:
        """Forget the ways and explanations of a camera.

        Raises:
            HistoryError: nothing was forgotten.
        """


class RecountBook(Protocol):
    """The events that a recount takes the place of. All methods may raise OutboxError, and are slow."""

    def counted_before(self, *, camera_id: str, zone_id: str, span: Span) -> list[CountedBefore]:
        """What stands for this zone and span."""

    def replace(self, pieces: Sequence[Piece]) -> int:
        """Make events void and put others in their stead, in one transaction; tells how many became void."""

    def forget(self, camera_id: str) -> int:
        """Forget every event of a camera; tells how many. What the cloud has not heard of is told to it as no hole."""


@dataclass(frozen=True, slots=True)
class PastPorts:
    """What is needed of the outside."""

    store: PastStore
    book: RecountBook


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """What a zone counted in a span, and what it would have counted as it is drawn now."""

    zone: Zone
    before: Figures
    after: Figures


@dataclass(frozen=True, slots=True)
class DayChange:
    """The same of one business day, all zones together."""

    day: date
    before: Figures
    after: Figures


@dataclass(frozen=True, slots=True)
class PastCount:
    """A camera's past, counted by zones as they are drawn now. Nothing is changed by it yet.

    Attributes:
        missing_s: seconds of the span of which no ways are kept; nothing there is touched.
        pieces: what would be written; none where exactly this was counted already.
    """

    camera_id: str
    span: Span
    zones: tuple[ZoneChange, ...]
    days: tuple[DayChange, ...]
    missing_s: float
    pieces: tuple[Piece, ...]

    @property
    def known_s(self) -> float:
        return max(0.0, self.span.seconds - self.missing_s)


class Cancelled(Exception):
    """The owner does not want it any more; nothing was changed."""


class PastDesk:
    """Slow, all of it: nothing here belongs into the window's thread.

    Args:
        zones_of: a camera's zones today.
        camera_ids: all cameras.
        time: the store's time.
        valid_from: since when a camera's picture is as it is now; ways of before are not counted by today's zones.
    """

    def __init__(
        self,
        ports: PastPorts,
        *,
        archive: EventArchive,
        marks_path: Path,
        clock: Clock,
        zones_of: Callable[[str], tuple[Zone, ...]],
        camera_ids: Callable[[], Iterable[str]],
        time: Callable[[], StoreTime],
        valid_from: Callable[[str], datetime | None] = lambda _: None,
    ) -> None:
        self._ports = ports
        self._archive = archive
        self._marks = WrongMarks(marks_path)
        self._clock = clock
        self._zones_of = zones_of
        self._camera_ids = camera_ids
        self._time = time
        self._valid_from = valid_from

    # -- stories

    def stories(self, question: Question) -> Stories:
        """The stories behind a number.

        Raises:
            OutboxError: the events cannot be read.
        """
        events = self._archive.events(start_at=question.from_at, end_at=question.to_at)
        cameras = dict.fromkeys([*self._camera_ids(), *(e.camera_id for e in events)])
        return stories_of(question, events=events, past=self._ports.store, camera_ids=cameras)

    def way(self, story: Story) -> Way:
        """The way of a story's person."""
        return way_of(story, past=self._ports.store, zones=self._zones_of(story.camera_id))

    def marks(self) -> tuple[WrongMark, ...]:
        """What was marked as wrong."""
        return self._marks.all()

    def mark(self, story: Story) -> None:
        """Mark a story as wrong. Changes no figure.

        Raises:
            OSError: it could not be kept.
        """
        self._marks.put(story, marked_at=self._clock.utc_now())

    def unmark(self, story: Story) -> None:
        """It was right after all.

        Raises:
            OSError: it could not be kept.
        """
        self._marks.remove(story.story_id)

    # -- counting anew

    def known_since(self, camera_id: str) -> datetime | None:
        """From when on ways of this camera are kept; None: none are."""
        try:
            runs = hung_as_now(self._ports.store.runs(camera_id=camera_id))
        except HistoryError:
            return None
        kept = min((run.whole.from_at for run in runs), default=None)
        valid = self._valid_from(camera_id)
        return max(kept, valid) if kept is not None and valid is not None else kept

    def count(
        self,
        camera_id: str,
        zones: Sequence[Zone],
        *,
        span: Span,
        only: frozenset[str] | None = None,
        progress: Progress = lambda _: True,
    ) -> PastCount:
        """Count a span by ``zones`` as they are drawn now, and compare. Changes nothing.

        Args:
            only: the zones that are asked about, by id; None: all.

        Raises:
            HistoryError: nothing is kept of this camera.
            OutboxError: the events cannot be read.
            Cancelled
        """
        valid = self._valid_from(camera_id)
        if valid is not None and valid > span.from_at:
            span = Span(min(valid, span.to_at), span.to_at)
        asked = [z for z in zones if counts_something(z) and (only is None or z.zone_id in only)]
        steps = [(zone, part) for zone in asked for part in _parts(span)]
        found: list[tuple[Recount, list[CountedBefore]]] = []
        for done, (zone, part) in enumerate(steps):
            if not progress(done / len(steps)):
                raise Cancelled
            one = recounted(self._ports.store, camera_id, zone, zones=zones, span=part)
            found.append((one, self._before(one)))
        return self._compared(camera_id, span, asked, found)

    def apply(self, count: PastCount) -> int:
        """Put the newly counted events in the stead of the earlier ones; tells how many became void.

        Raises:
            OutboxError: nothing was written.
        """
        return self._ports.book.replace(count.pieces) if count.pieces else 0

    def forget(self, camera_id: str) -> None:
        """Forget ways and explanations of a camera.

        Raises:
            HistoryError
        """
        self._ports.store.forget(camera_id)

    def _before(self, one: Recount) -> list[CountedBefore]:
        book, zone_id = self._ports.book, one.zone.zone_id
        return [e for s in one.spans for e in book.counted_before(camera_id=one.camera_id, zone_id=zone_id, span=s)]

    def _compared(
        self, camera_id: str, span: Span, asked: Sequence[Zone], found: Sequence[tuple[Recount, list[CountedBefore]]]
    ) -> PastCount:
        return PastCount(
            camera_id,
            span,
            tuple(_change(zone, found) for zone in asked),
            tuple(self._by_day(found)),
            _missing_s(span, found),
            tuple(p for one, before in found if not one.is_as(before) for p in one.pieces()),
        )

    def _by_day(self, found: Sequence[tuple[Recount, list[CountedBefore]]]) -> Iterable[DayChange]:
        before: dict[date, list[EventDraft | CountedBefore]] = {}
        after: dict[date, list[EventDraft | CountedBefore]] = {}
        day_of = self._time().day_of
        for one, earlier in found:
            for event in earlier:
                before.setdefault(day_of(event.occurred_at), []).append(event)
            for draft in one.drafts:
                after.setdefault(day_of(draft.occurred_at), []).append(draft)
        for day in sorted({*before, *after}):
            yield DayChange(day, figures(before.get(day, ())), figures(after.get(day, ())))


def counts_something(zone: Zone) -> bool:
    """Whether a zone has figures: an ``ignore`` area has none."""
    return not (isinstance(zone, PolygonZone) and zone.purpose is ZonePurpose.IGNORE)


def worth_recounting(before: Sequence[Zone], after: Sequence[Zone]) -> frozenset[str]:
    """The zones, by id, whose past would be counted otherwise after this edit. Names change nothing.

    A line that becomes a walkway, or an entrance: what it counted stays what it was then, unless it is counted anew.
    """
    old = {zone.zone_id: zone for zone in before}
    ignored = (
        [_shape(z) for z in before if not counts_something(z)],
        [_shape(z) for z in after if not counts_something(z)],
    )
    counting = [zone for zone in after if counts_something(zone)]
    if ignored[0] != ignored[1]:
        return frozenset(zone.zone_id for zone in counting)
    return frozenset(z.zone_id for z in counting if z.zone_id not in old or _shape(z) != _shape(old[z.zone_id]))


def _shape(zone: Zone) -> Zone:
    return zone.model_copy(update={"revision": 1, "name": ""})


def _parts(span: Span) -> list[Span]:
    parts = []
    start = span.from_at
    while start < span.to_at:
        parts.append(Span(start, min(span.to_at, start + STEP)))
        start += STEP
    return parts


def _change(zone: Zone, found: Sequence[tuple[Recount, list[CountedBefore]]]) -> ZoneChange:
    own = [(one, before) for one, before in found if one.zone.zone_id == zone.zone_id]
    return ZoneChange(zone, figures(e for _, b in own for e in b), figures(d for one, _ in own for d in one.drafts))


def _missing_s(span: Span, found: Sequence[tuple[Recount, list[CountedBefore]]]) -> float:
    """The same for each zone: what is kept is kept of the camera."""
    zones = {one.zone.zone_id for one, _ in found}
    return sum(one.missing_s for one, _ in found) / len(zones) if zones else span.seconds

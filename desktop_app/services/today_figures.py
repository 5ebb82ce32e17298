"""A business day's figures from its events. Pure: rows in, frozen figures out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Protocol

from desktop_app.domain.store_level import store_level
from shared_models.events import EventType, is_walkway
from shared_models.store_time import StoreTime

FULL_COVERAGE = 0.95
STAYS = frozenset({EventType.DWELL, EventType.SHELF_INTERACTION, EventType.QUEUE_WAIT})


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as the outbox keeps it.

    Attributes:
        is_sent: the cloud has it.
        is_refused: it is a dead letter.
    """

    seq: int
    type: EventType
    camera_id: str
    zone_id: str | None
    occurred_at: datetime
    value: float | None
    track_id: int | None
    attributes: dict[str, Any]
    is_sent: bool = False
    is_refused: bool = False


class EventArchive(Protocol):
    """The local events, read only. Slow: not for the window's thread."""

    def events(self, *, start_at: datetime, end_at: datetime) -> list[StoredEvent]:
        """Those that occurred in [start_at, end_at), oldest first; none where there is no database yet.

        Raises:
            OutboxError: the database cannot be read.
        """

    def counters(self) -> dict[str, str]:
        """What was kept with the events (key -> JSON); may raise OutboxError."""


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of the day.

    Attributes:
        starts_at: aware, in the store's zone.
        coverage: share 0..1 of the hour's past part in which the cameras saw that there were; None: the hour has not
            begun, or there was no camera yet.
        is_past: it has begun.
    """

    starts_at: datetime
    in_count: int
    out_count: int
    coverage: float | None
    is_past: bool = True

    @property
    def is_blind(self) -> bool:
        """Nothing at all was seen: its counts are no data, not zero."""
        return self.coverage == 0.0 and not (self.in_count or self.out_count)


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of seconds: how many, and its median and 90th percentile."""

    n: int
    p50_s: float
    p90_s: float


@dataclass(frozen=True, slots=True)
class ZoneDay:
    """One zone's day. ``stays``: None for a line or a zone without stays."""

    camera_id: str
    zone_id: str
    in_count: int = 0
    out_count: int = 0
    stays: Spread | None = None
    stay_type: EventType | None = None
    mean_people: float | None = None
    peak_people: int | None = None

    @property
    def is_line(self) -> bool:
        """Whether it counted crossings."""
        return bool(self.in_count or self.out_count)


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A whole business day. People in and out are those of entrance lines; walkways inside have figures of their own.

    Attributes:
        gap_s: seconds of camera outages that were recorded.
        coverage: share 0..1 of the day so far in which the cameras saw; None: there was no camera.
        inside: people inside now, of the running day; None on other days.
        drift: signed, in minus out of the level that began on this day at the reset hour; None: it has not begun.
        is_drift_final: that level is over.
    """

    day: date
    hours: tuple[HourFigures, ...]
    zones: tuple[ZoneDay, ...]
    in_count: int
    out_count: int
    gap_s: float
    events: tuple[StoredEvent, ...] = field(repr=False)
    coverage: float | None = None
    inside: int | None = None
    drift: int | None = None
    is_drift_final: bool = False


def span_of_day(day: date, *, time: StoreTime, now: datetime) -> tuple[datetime, datetime]:
    """What ``day_figures`` needs events of: the day itself, the level that began on it, and the one that holds now."""
    start, _ = time.day_bounds(day)
    if day == time.day_of(now):
        start = min(start, time.reset_before(now))
    return start, time.level_bounds(day)[1]


@dataclass(frozen=True, slots=True)
class Watch:
    """The cameras whose seeing is asked about.

    Attributes:
        camera_ids: all of the store that are switched on.
        seen_s: (camera, start, end) -> seconds that it saw in the quarters of an hour that begin in [start, end).
        since: (camera) -> since when there is such a camera; None: always.
    """

    camera_ids: Sequence[str]
    seen_s: Callable[[str, datetime, datetime], float]
    since: Callable[[str], datetime | None] = lambda _: None

    def seen_of(self, start: datetime, end: datetime) -> tuple[float, float]:
        """Seconds that were seen of [start, end), and that could have been; over all cameras together."""
        seen_s = expected_s = 0.0
        for camera_id in self.camera_ids:
            begun = max(start, self.since(camera_id) or start)
            could_s = max(0.0, (end - begun).total_seconds())
            expected_s += could_s
            seen_s += min(could_s, self.seen_s(camera_id, start, end))
        return seen_s, expected_s


def day_figures(
    day: date,
    events: Sequence[StoredEvent],
    *,
    time: StoreTime,
    now: datetime,
    watch: Watch,
    written: int | None = None,
) -> DayFigures:
    """Figures of ``day``.

    Args:
        events: those of ``span_of_day``.
        written: the drift as it was written down, for a level whose events are gone.
    """
    start, end = time.day_bounds(day)
    own = [e for e in events if start <= e.occurred_at < end]
    # What a line was when it counted: that it is something else today changes no day of the past.
    doors = [e for e in own if not is_walkway(e.attributes)]
    hours, seen = _hours(start, end, doors, zone=time.zone, now=now, watch=watch)
    reset, following = time.level_bounds(day)
    level = [e for e in events if reset <= e.occurred_at < following]
    is_today = day == time.day_of(now)
    running = [e for e in events if e.occurred_at >= time.reset_before(now)] if is_today else []
    drift = store_level(level).drift if level or written is None else written
    return DayFigures(
        day,
        hours,
        _zones(own),
        _count(doors, EventType.FOOTFALL_IN),
        _count(doors, EventType.FOOTFALL_OUT),
        sum(e.value or 0.0 for e in own if e.type is EventType.CAMERA_GAP),
        tuple(own),
        _share(*seen),
        store_level(running).people if is_today else None,
        drift if now >= reset else None,
        now >= following,
    )


def _hours(
    start: datetime, end: datetime, doors: Sequence[StoredEvent], *, zone: tzinfo, now: datetime, watch: Watch
) -> tuple[tuple[HourFigures, ...], tuple[float, float]]:
    """Hour by hour, and the seconds of all of them that were seen and could have been."""
    hours: list[HourFigures] = []
    seen_s = expected_s = 0.0
    while start < end:
        following = start + timedelta(hours=1)
        inside = [e for e in doors if start <= e.occurred_at < following]
        seen = watch.seen_of(start, min(following, now))
        seen_s, expected_s = seen_s + seen[0], expected_s + seen[1]
        n_in, n_out = _count(inside, EventType.FOOTFALL_IN), _count(inside, EventType.FOOTFALL_OUT)
        hours.append(HourFigures(start.astimezone(zone), n_in, n_out, _share(*seen), is_past=start < now))
        start = following
    return tuple(hours), (seen_s, expected_s)


def _share(seen_s: float, expected_s: float) -> float | None:
    return seen_s / expected_s if expected_s >= 1.0 else None


def _count(events: Iterable[StoredEvent], kind: EventType) -> int:
    return sum(1 for event in events if event.type is kind)


def _zones(events: Sequence[StoredEvent]) -> tuple[ZoneDay, ...]:
    by_zone: dict[tuple[str, str], list[StoredEvent]] = {}
    for event in events:
        if event.zone_id is not None:
            by_zone.setdefault((event.camera_id, event.zone_id), []).append(event)
    return tuple(_zone(camera_id, zone_id, own) for (camera_id, zone_id), own in by_zone.items())


def _zone(camera_id: str, zone_id: str, events: Sequence[StoredEvent]) -> ZoneDay:
    stays = [e for e in events if e.type in STAYS and e.value is not None]
    minutes = [e for e in events if e.type is EventType.OCCUPANCY and e.value is not None]
    peaks = [int(e.attributes.get("peak", math.ceil(e.value or 0.0))) for e in minutes]
    return ZoneDay(
        camera_id,
        zone_id,
        _count(events, EventType.FOOTFALL_IN),
        _count(events, EventType.FOOTFALL_OUT),
        spread([e.value or 0.0 for e in stays]),
        stays[0].type if stays else None,
        sum(e.value or 0.0 for e in minutes) / len(minutes) if minutes else None,
        max(peaks) if peaks else None,
    )


def spread(seconds: Sequence[float]) -> Spread | None:
    """Median and 90th percentile (nearest rank); None of nothing."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Spread(len(ordered), _rank(ordered, 0.5), _rank(ordered, 0.9))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def day_csv(figures: DayFigures, *, label: Callable[[str, str | None], str], zone: tzinfo) -> str:
    """The day's events as CSV, one a line, in the store's time; opens in every spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("time", "event", "camera", "zone", "value", "track", "uploaded"))
    for event in figures.events:
        if event.type is EventType.HEATMAP:
            continue
        writer.writerow(
            (
                event.occurred_at.astimezone(zone).isoformat(timespec="milliseconds"),
                event.type.value,
                _safe(label(event.camera_id, None)),
                _safe(label(event.camera_id, event.zone_id)) if event.zone_id else "",
                "" if event.value is None else f"{event.value:g}",
                "" if event.track_id is None else event.track_id,
                "yes" if event.is_sent else "no",
            )
        )
    return out.getvalue()


def _safe(text: str) -> str:
    """A name that a spreadsheet would take for a formula is told to be text."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text

"""A business day's figures from its events. Pure: rows in, frozen figures out."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Protocol

from shared_models.events import EventType, is_walkway

RESET_HOUR = 4
"""Local hour at which a business day begins (COUNTING.md section 5)."""
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


@dataclass(frozen=True, slots=True)
class HourFigures:
    """One hour of the day.

    Attributes:
        starts_at: aware, in the store's zone.
        coverage: share 0..1 of the hour's past part in which the cameras saw; None: the hour has not begun.
    """

    starts_at: datetime
    in_count: int
    out_count: int
    coverage: float | None

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
        inside: in minus out, never below 0; ``drift`` is the signed difference.
        gap_s: seconds of camera outages that were recorded.
    """

    day: date
    hours: tuple[HourFigures, ...]
    zones: tuple[ZoneDay, ...]
    in_count: int
    out_count: int
    gap_s: float
    events: tuple[StoredEvent, ...] = field(repr=False)

    @property
    def drift(self) -> int:
        """In minus out."""
        return self.in_count - self.out_count

    @property
    def inside(self) -> int:
        """People inside, as far as the counts tell."""
        return max(0, self.drift)


def business_day_of(moment: datetime, *, zone: tzinfo) -> date:
    """The store's day that ``moment`` belongs to."""
    local = moment.astimezone(zone)
    return local.date() if local.hour >= RESET_HOUR else local.date() - timedelta(days=1)


def day_bounds(day: date, *, zone: tzinfo) -> tuple[datetime, datetime]:
    """The UTC moments at which a business day begins and ends; 23, 24 or 25 hours apart."""
    start = datetime.combine(day, time(RESET_HOUR), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(RESET_HOUR), tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def day_figures(
    day: date,
    events: Sequence[StoredEvent],
    *,
    zone: tzinfo,
    now: datetime,
    seen_s: Callable[[str, datetime], float],
    camera_ids: Sequence[str],
) -> DayFigures:
    """Figures of ``day``.

    Args:
        seen_s: (camera, UTC hour) -> seconds that the camera saw of it.
    """
    start, end = day_bounds(day, zone=zone)
    # What a line was when it counted: that it is something else today changes no day of the past.
    doors = [e for e in events if not is_walkway(e.attributes)]
    hours = []
    hour = start
    while hour < end:
        inside = [e for e in doors if hour <= e.occurred_at < hour + timedelta(hours=1)]
        coverage = _coverage(hour, now=now, seen_s=seen_s, camera_ids=camera_ids)
        hours.append(
            HourFigures(
                hour.astimezone(zone),
                _count(inside, EventType.FOOTFALL_IN),
                _count(inside, EventType.FOOTFALL_OUT),
                coverage,
            )
        )
        hour += timedelta(hours=1)
    return DayFigures(
        day,
        tuple(hours),
        _zones(events),
        _count(doors, EventType.FOOTFALL_IN),
        _count(doors, EventType.FOOTFALL_OUT),
        sum(e.value or 0.0 for e in events if e.type is EventType.CAMERA_GAP),
        tuple(events),
    )


def _coverage(
    hour: datetime, *, now: datetime, seen_s: Callable[[str, datetime], float], camera_ids: Sequence[str]
) -> float | None:
    past_s = min(3600.0, (now - hour).total_seconds())
    if past_s < 1.0 or not camera_ids:
        return None
    shares = [min(1.0, seen_s(camera_id, hour) / past_s) for camera_id in camera_ids]
    return sum(shares) / len(shares)


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

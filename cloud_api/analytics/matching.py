"""A day against other days by the quarter hours that were seen on both sides: silence is not the same as nobody.

A quarter hour is *seen* if the store was heard in it and at least half of its cameras saw. Between two seen ones up to an
hour may pass unheard (a quiet shop whose laptop sends no signs of life); a longer silence is not known, and not zero.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from cloud_api.analytics.coverage import Expected, expected_of
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.analytics.span import midnight
from cloud_api.kit.buckets import ROLLUP, rollup_start
from cloud_api.rollups.figures import QUARTER_S
from cloud_api.tenancy.visible_stores import StoreView

BRIDGED = 4
"""Quarter hours without a sign of the store that still count as seen, between two that do."""
ENOUGH = 0.5
"""The share of a usual day that must be comparable, or there is no verdict."""
SILENT_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class SeenDay:
    """People in per quarter hour of the day (0 to 95, by the store's clock), and which of these were seen.

    ``twice``: those that the clock showed twice, on the day on which it is set back; ``counts`` are of both.
    """

    counts: Mapping[int, int] = field(default_factory=dict)
    seen: frozenset[int] = frozenset()
    twice: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def times(self, quarter: int) -> int:
        """How often the clock showed a quarter hour that it did not leave out."""
        return 2 if quarter in self.twice else 1


@dataclass(frozen=True, slots=True)
class Match:
    """``actual`` and ``usual`` of the quarter hours that were seen on both sides.

    ``share``: how much of a usual day's people come in these; below ``ENOUGH`` nothing is to be concluded.
    """

    actual: int
    usual: float
    share: float

    @property
    def change(self) -> float | None:
        """0.1 is ten per cent more than usual; None: no verdict."""
        return self.actual / self.usual - 1 if self.usual and self.share >= ENOUGH else None


def match(own: SeenDay, before: Sequence[SeenDay], *, until: int = 96) -> Match | None:
    """``own`` against the mean of ``before``, up to the quarter hour ``until``; None: nothing to compare."""
    usual = usual_quarters(before)
    due = {quarter: mean * own.times(quarter) for quarter, mean in usual.items() if quarter < until}
    both = due.keys() & own.seen
    if not both:
        return None
    there = sum(due[quarter] for quarter in both)
    expected = sum(due.values())
    actual = sum(own.counts.get(quarter, 0) for quarter in both)
    return Match(actual, there, there / expected if expected else len(both) / len(due))


def usual_quarters(before: Sequence[SeenDay]) -> dict[int, float]:
    """The mean of each quarter hour, over the days on which it was seen; one that came twice in a day counts as two."""
    people: dict[int, int] = defaultdict(int)
    times: dict[int, int] = defaultdict(int)
    for day in before:
        for quarter in day.seen:
            people[quarter] += day.counts.get(quarter, 0)
            times[quarter] += day.times(quarter)
    return {quarter: people[quarter] / n for quarter, n in times.items()}


async def seen_days(
    repository: AnalyticsRepository, stores: Sequence[StoreView], days: Sequence[date], *, now: datetime
) -> dict[UUID, dict[date, SeenDay]]:
    """These days of stores that share a time zone, as far as they are over: the quarter hour under way is left out."""
    zone = ZoneInfo(stores[0].timezone)
    spans = (_span(day, zone, now) for day in days)
    counted, heard = await repository.seen_in("footfall_in", [(start, end) for start, end in spans if start < end])
    cameras: dict[UUID, list[tuple[UUID, str, datetime, datetime | None]]] = defaultdict(list)
    for camera in await repository.cameras():
        cameras[camera[0]].append(camera)
    expected = {s.id: expected_of(cameras[s.id], s.id, now=now) for s in stores}
    # Hundreds of stores were heard in the same quarter hours.
    place_of = cache(lambda quarter: _day_and_place(_moment(quarter), zone))
    counts: dict[tuple[UUID, date], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for store_id, quarters, numbers in counted:
        for quarter, n in zip(quarters, numbers, strict=True):
            day, place = place_of(quarter)
            counts[store_id, day][place] += n
    seen: dict[tuple[UUID, date], set[int]] = defaultdict(set)
    blind: dict[tuple[UUID, date], set[int]] = defaultdict(set)
    for store_id, quarters, hidden in heard:
        for quarter, blind_s in zip(quarters, hidden, strict=True):
            day, place = place_of(quarter)
            is_blind = blind_s > 0 and _is_blind(expected[store_id], quarter, blind_s)
            (blind if is_blind else seen)[store_id, day].add(place)
    found: dict[UUID, dict[date, SeenDay]] = {s.id: {} for s in stores}
    for (store_id, day), places in seen.items():
        clock = shown(day, zone)
        unseen = blind[store_id, day] | (frozenset(range(96)) - clock.keys())
        twice = frozenset(place for place, n in clock.items() if n == 2)
        found[store_id][day] = SeenDay(counts[store_id, day], bridged(places, blind=unseen), twice)
    return found


def _is_blind(expected: Expected, quarter: int, blind_s: float) -> bool:
    """Whether more than half of what the cameras should have seen of a quarter hour was not seen."""
    at = _moment(quarter)
    return 0 < expected.camera_s(at, at + ROLLUP) < 2 * blind_s


def _moment(quarter: int) -> datetime:
    """The beginning of a quarter hour since 1970 (UTC)."""
    return datetime.fromtimestamp(quarter * QUARTER_S, UTC)


def bridged(seen: set[int], *, blind: set[int]) -> frozenset[int]:
    """With the short silences between seen quarter hours; a blind one stays blind."""
    whole = set(seen)
    ordered = sorted(seen)
    for left, right in pairwise(ordered):
        if right - left - 1 <= BRIDGED:
            whole.update(range(left + 1, right))
    return frozenset(whole - blind)


@lru_cache(maxsize=1024)
def shown(day: date, zone: ZoneInfo) -> Mapping[int, int]:
    """The quarter hours that a clock shows in a day, and how often: where it is set forward some are missing, in which
    nobody can have come, and where it is set back some come twice.
    """
    start, end = midnight(day, zone), midnight(day + timedelta(days=1), zone)
    return Counter(_place(start + n * ROLLUP, zone) for n in range((end - start) // ROLLUP))


def quarter_of(now: datetime, day: date, zone: ZoneInfo) -> int:
    """How many quarter hours of ``day`` are over."""
    local = now.astimezone(zone)
    if local.date() != day:
        return 96 if day < local.date() else 0
    return _place(rollup_start(now), zone)


def silent_since(last_seen: datetime | None, day: date, zone: ZoneInfo, *, now: datetime) -> datetime | None:
    """Since when a store has said nothing, on a day under way; None: it speaks, or the day is another one."""
    if last_seen is None or now.astimezone(zone).date() != day or now - last_seen < SILENT_AFTER:
        return None
    return max(last_seen.astimezone(zone), datetime.combine(day, time(), zone))


def _span(day: date, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    start, end = (datetime.combine(d, time(), zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return rollup_start(start), min(end, rollup_start(now))


def _place(at: datetime, zone: ZoneInfo) -> int:
    return _day_and_place(at, zone)[1]


def _day_and_place(at: datetime, zone: ZoneInfo) -> tuple[date, int]:
    local = at.astimezone(zone)
    return local.date(), local.hour * 4 + local.minute // 15

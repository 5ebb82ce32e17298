from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desktop_app.services.today_figures import (
    StoredEvent,
    business_day_of,
    day_bounds,
    day_csv,
    day_figures,
    spread,
)
from shared_models.events import EventType

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def event(
    kind: EventType, at: datetime, *, zone: str | None = "door", value: float | None = None, **attributes: Any
) -> StoredEvent:
    return StoredEvent(1, kind, "cam", zone, at, value, 7, attributes)


def figures(events: list[StoredEvent], *, now: datetime = NOON, seen_s: float = 3600.0) -> Any:
    return day_figures(DAY, events, zone=BERLIN, now=now, seen_s=lambda *_: seen_s, camera_ids=["cam"])


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 2, 2, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 3, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 3, 2, 59, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_a_business_day_begins_at_four_of_the_stores_own_time(moment: datetime, day: date) -> None:
    assert business_day_of(moment, zone=BERLIN) == day


@pytest.mark.parametrize(("day", "hours"), [(DAY, 24), (date(2026, 3, 28), 23), (date(2026, 10, 24), 25)])
def test_a_day_has_23_or_25_hours_twice_a_year(day: date, hours: int) -> None:
    start, end = day_bounds(day, zone=BERLIN)
    assert (end - start) / timedelta(hours=1) == hours
    found = day_figures(day, [], zone=BERLIN, now=end, seen_s=lambda *_: 3600.0, camera_ids=["cam"])
    assert len(found.hours) == hours


def test_crossings_are_counted_by_hour_and_zone() -> None:
    events = [
        event(EventType.FOOTFALL_IN, NOON - timedelta(hours=1)),
        event(EventType.FOOTFALL_IN, NOON - timedelta(minutes=50)),
        event(EventType.FOOTFALL_OUT, NOON - timedelta(minutes=10)),
    ]
    found = figures(events)
    assert (found.in_count, found.out_count, found.inside, found.drift) == (2, 1, 1, 1)
    (hour,) = [h for h in found.hours if h.in_count]
    assert (hour.starts_at.hour, hour.in_count, hour.out_count) == (11, 2, 1)
    (zone,) = found.zones
    assert (zone.in_count, zone.out_count, zone.is_line) == (2, 1, True)


def test_more_out_than_in_is_told_as_drift_and_shown_as_nobody() -> None:
    found = figures([event(EventType.FOOTFALL_OUT, NOON - timedelta(hours=2))])
    assert (found.inside, found.drift) == (0, -1)


def test_stays_have_percentiles_with_their_number() -> None:
    events = [event(EventType.QUEUE_WAIT, NOON - timedelta(hours=1), zone="till", value=float(s)) for s in range(1, 11)]
    (zone,) = figures(events).zones
    assert zone.stays is not None
    assert (zone.stays.n, zone.stays.p50_s, zone.stays.p90_s) == (10, 5.0, 9.0)
    assert spread([]) is None
    assert spread([7.0]) is not None


def test_peak_people_is_the_highest_peak_and_not_the_highest_mean() -> None:
    events = [
        event(EventType.OCCUPANCY, NOON - timedelta(minutes=5), zone="till", value=1.2, peak=4),
        event(EventType.OCCUPANCY, NOON - timedelta(minutes=4), zone="till", value=2.0, peak=2),
    ]
    (zone,) = figures(events).zones
    assert (zone.peak_people, zone.mean_people) == (4, pytest.approx(1.6))


def test_an_hour_that_nobody_saw_is_blind_and_one_that_is_not_over_yet_is_judged_by_its_past() -> None:
    blind = figures([], seen_s=0.0)
    assert [h.is_blind for h in blind.hours if h.coverage is not None] == [True] * 8
    assert all(h.coverage is None for h in blind.hours[8:])
    half = figures([], now=NOON + timedelta(minutes=30), seen_s=1800.0)
    current = next(h for h in half.hours if h.starts_at.hour == 12)
    assert current.coverage == 1.0


def test_the_csv_is_in_the_stores_time_and_no_name_becomes_a_formula() -> None:
    events = [event(EventType.FOOTFALL_IN, NOON), event(EventType.HEATMAP, NOON, zone=None)]
    text = day_csv(figures(events), label=lambda c, z: "=cmd()" if z else c, zone=BERLIN)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 1
    assert rows[0]["time"] == "2026-03-02T12:00:00.000+01:00"
    assert rows[0]["zone"] == "'=cmd()"
    assert rows[0]["uploaded"] == "no"

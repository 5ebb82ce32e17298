from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desktop_app.services.today_figures import StoredEvent, Watch, day_csv, day_figures, span_of_day, spread
from shared_models.events import EventType
from shared_models.store_time import StoreTime

BERLIN = StoreTime(ZoneInfo("Europe/Berlin"))
DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def event(
    kind: EventType, at: datetime, *, zone: str | None = "door", value: float | None = None, **attributes: Any
) -> StoredEvent:
    return StoredEvent(1, kind, "cam", zone, at, value, 7, attributes)


def figures(events: list[StoredEvent], *, now: datetime = NOON, seen_s: float = 3600.0) -> Any:
    return day_figures(DAY, events, time=BERLIN, now=now, watch=Watch(["cam"], lambda *_: seen_s))


@pytest.mark.parametrize(("day", "hours"), [(DAY, 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_has_23_or_25_hours_twice_a_year(day: date, hours: int) -> None:
    found = day_figures(day, [], time=BERLIN, now=BERLIN.day_bounds(day)[1], watch=Watch(["cam"], lambda *_: 3600.0))
    assert len(found.hours) == hours
    assert (found.hours[0].starts_at.hour, found.hours[-1].starts_at.hour) == (0, 23)


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
    assert [h.is_blind for h in blind.hours if h.coverage is not None] == [True] * 12
    assert all(h.coverage is None and not h.is_past for h in blind.hours[12:])
    half = figures([], now=NOON + timedelta(minutes=30), seen_s=1800.0)
    current = next(h for h in half.hours if h.starts_at.hour == 12)
    assert current.coverage == 1.0


def test_the_csv_is_in_the_stores_time_and_no_name_becomes_a_formula() -> None:
    events = [event(EventType.FOOTFALL_IN, NOON), event(EventType.HEATMAP, NOON, zone=None)]
    text = day_csv(figures(events), label=lambda c, z: "=cmd()" if z else c, zone=BERLIN.zone)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 1
    assert rows[0]["time"] == "2026-03-02T12:00:00.000+01:00"
    assert rows[0]["zone"] == "'=cmd()"
    assert rows[0]["uploaded"] == "no"


def test_people_inside_are_followed_over_midnight_and_begin_anew_at_the_reset_hour() -> None:
    night = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)  # 23:30 in the store
    events = [
        event(EventType.FOOTFALL_IN, night),
        event(EventType.FOOTFALL_IN, night + timedelta(hours=1)),
        event(EventType.FOOTFALL_IN, night + timedelta(hours=4)),
        event(EventType.FOOTFALL_IN, night + timedelta(hours=2), walkway=True),
    ]
    at_one = figures([e for e in events if e.occurred_at < night + timedelta(hours=3)], now=night + timedelta(hours=3))
    assert (at_one.in_count, at_one.inside, at_one.drift) == (1, 2, None)
    before_reset = figures(events, now=night + timedelta(hours=4, minutes=20))
    assert (before_reset.in_count, before_reset.inside) == (2, 3)
    after_reset = figures(events, now=night + timedelta(hours=5))
    assert (after_reset.in_count, after_reset.inside, after_reset.drift) == (2, 0, 0)
    sunday = date(2026, 3, 1)
    start, end = span_of_day(sunday, time=BERLIN, now=NOON)
    assert all(start <= e.occurred_at < end for e in events)
    found = day_figures(sunday, events, time=BERLIN, now=NOON, watch=Watch((), lambda *_: 0.0))
    assert (found.in_count, found.inside, found.drift, found.is_drift_final) == (1, None, 3, True)


def test_the_drift_that_was_written_down_is_told_where_the_events_are_gone() -> None:
    def told(events: list[StoredEvent]) -> int | None:
        watch = Watch(["cam"], lambda *_: 3600.0)
        now = NOON + timedelta(days=9)
        return day_figures(DAY, events, time=BERLIN, now=now, watch=watch, written=-2).drift

    assert told([]) == -2
    assert told([event(EventType.FOOTFALL_IN, NOON)]) == 1


def test_hours_before_there_was_a_camera_are_not_blind_and_one_that_came_later_counts_from_then_on() -> None:
    since = {"old": NOON - timedelta(hours=3), "new": NOON - timedelta(minutes=30)}
    seen = {"old": 3600.0, "new": 900.0}
    watch = Watch(["old", "new"], lambda camera, *_: seen[camera], since.__getitem__)
    found = day_figures(DAY, [], time=BERLIN, now=NOON, watch=watch)
    past = [h for h in found.hours if h.is_past]
    assert [h.coverage for h in past] == [None] * 9 + [1.0, 1.0, pytest.approx((3600 + 900) / (3600 + 1800))]
    assert not any(h.is_blind for h in past)
    assert found.coverage == pytest.approx((3 * 3600 + 900) / (3 * 3600 + 1800)), "of the seconds, not of the hours"

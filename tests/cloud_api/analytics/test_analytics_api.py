from __future__ import annotations

import csv
import io
import random
import statistics
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from cloud_api.analytics.comparison import compare
from cloud_api.analytics.questions import cameras, heard_days
from cloud_api.analytics.repository import AnalyticsRepository
from cloud_api.insights.queues import longest_waits
from cloud_api.insights.usual import against_usual
from cloud_api.kit.histogram import bin_of
from cloud_api.models import EdgeDevice, Store
from cloud_api.rollups.proof import rollup_differences
from cloud_api.tenancy.principal import Scope
from cloud_api.tenancy.transactions import maintenance
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from tests.helpers.cloud import CloudUnderTest, crossing

BERLIN = ZoneInfo("Europe/Berlin")


async def ask(cloud: CloudUnderTest, figure: str, *, who: str = "admin", status: int = 200, **query: Any) -> Any:
    asked = {"store_id": str(cloud.store_id), "from": "2026-03-28", "to": "2026-03-30", **query}
    asked = {name.rstrip("_"): value for name, value in asked.items() if value is not None}
    answer = await cloud.client.get(
        f"/api/v1/analytics/{figure}", params=asked, headers=await cloud.token(f"{who}@acme.example")
    )
    assert answer.status_code == status, answer.text
    return answer.json() if answer.headers["content-type"].startswith("application/json") else answer


def at(hour: float, *, day: int = 28) -> str:
    return (datetime(2026, 3, day, tzinfo=BERLIN) + timedelta(hours=hour)).isoformat()


def stay(seq: int, seconds: float, *, kind: str = "dwell", hour: float = 10.0, **fields: Any) -> dict[str, Any]:
    return crossing(seq, kind=kind, value=seconds, **{"occurred_at": at(hour), "zone_id": "area", **fields})


async def test_days_weeks_and_months_are_the_sums_of_their_quarter_hours(cloud: CloudUnderTest) -> None:
    source = random.Random(9)
    events = [
        crossing(seq, minutes=source.uniform(-40_000, 40_000), kind=source.choice(["footfall_in", "footfall_out"]))
        for seq in range(1, 301)
    ]
    await cloud.send(events)
    truth = Counter(
        datetime.fromisoformat(e["occurred_at"]).astimezone(BERLIN).date().isoformat()
        for e in events
        if e["type"] == "footfall_in"
    )
    span = {"from": "2026-02-01", "to": "2026-05-01"}
    totals = set()
    for bucket in ("hour", "day", "week", "month"):
        told = await ask(cloud, "footfall", bucket=bucket, **span)
        totals.add((told["totals"]["in"], told["totals"]["out"]))
        if bucket == "day":
            assert {r["start"][:10]: r["in"] for r in told["rows"] if r["in"]} == truth
    assert totals == {(truth.total(), 300 - truth.total())}
    async with maintenance(cloud.database) as connection:
        assert await rollup_differences(connection) == []


async def test_stays_tell_the_middle_the_slow_ones_and_how_many(cloud: CloudUnderTest) -> None:
    source = random.Random(3)
    values = [source.lognormvariate(3.5, 0.8) for _ in range(400)]
    await cloud.send([stay(n, v, kind="queue_wait") for n, v in enumerate(values, 1)])
    for bucket in ("15min", "hour", "day"):
        told = (await ask(cloud, "queue", bucket=bucket))["all"]
        assert told["n"] == 400
        assert told["p50_s"] == pytest.approx(statistics.median(values), rel=0.06)
        assert told["p90_s"] == pytest.approx(sorted(values)[359], rel=0.06)
        assert told["mean_s"] == pytest.approx(statistics.mean(values), abs=0.02)
        assert told["longest_s"] == pytest.approx(max(values), abs=0.02)
    empty = (await ask(cloud, "dwell"))["all"]
    assert empty == {"n": 0, "p50_s": None, "p90_s": None, "mean_s": None, "longest_s": None}


async def test_stays_of_one_zone_and_of_all_stores(cloud: CloudUnderTest) -> None:
    await cloud.send([stay(1, 10.0), stay(2, 30.0, zone_id="other"), stay(3, 50.0, camera_id="second")])
    assert (await ask(cloud, "dwell", zone_id="other"))["all"]["n"] == 1
    assert (await ask(cloud, "dwell", camera_id="cam_entrance"))["all"]["n"] == 2
    assert (await ask(cloud, "dwell", store_id=None))["all"]["n"] == 3
    assert (await ask(cloud, "dwell", store_id=None, bucket="day"))["all"]["longest_s"] == 50.0


async def test_occupancy_is_in_minus_out_since_the_reset_hour_and_never_below_zero(cloud: CloudUnderTest) -> None:
    kinds = [("footfall_in", 9.1), ("footfall_in", 9.2), ("footfall_out", 10.1), ("footfall_in", 26.0)]
    out = [("footfall_out", 28.2), ("footfall_out", 28.3), ("footfall_in", 29.5)]
    await cloud.send([crossing(n, kind=k, occurred_at=at(h)) for n, (k, h) in enumerate(kinds + out, 1)])
    told = await ask(cloud, "occupancy", bucket="15min")
    levels = {r["start"][5:16]: r["level"] for r in told["rows"] if r["level"] is not None}
    # The clocks went forward in that night: two o'clock was three o'clock. At four the day is reset.
    assert levels == {
        "03-28T09:00": 2, "03-28T10:00": 1, "03-29T03:00": 2, "03-29T04:00": 0, "03-29T04:15": 0, "03-29T05:30": 0
    }  # fmt: skip
    assert told["peak"] == 2
    assert {"day": "2026-03-28", "people": 2} in told["drifts"]


async def test_occupancy_at_midnight_knows_who_came_in_before(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1, occurred_at=at(23, day=27)), crossing(2, occurred_at=at(0.3), kind="dwell", value=1)])
    told = await ask(cloud, "occupancy", bucket="hour")
    assert told["rows"][0]["level"] == 1


async def test_shelf_visits_are_told_per_category(cloud: CloudUnderTest) -> None:
    coffee = {"attributes": {"shelf_category": "coffee"}, "kind": "shelf_interaction", "zone_id": "shelf"}
    tea = {"attributes": {"shelf_category": "=tea"}, "kind": "shelf_interaction", "zone_id": "shelf"}
    await cloud.send([stay(1, 5.0, **coffee), stay(2, 15.0, **coffee), stay(3, 4.0, **tea)])
    told = await ask(cloud, "shelves")
    assert [(r["category"], r["n"], r["mean_s"]) for r in told["rows"]] == [("coffee", 2, 10.0), ("=tea", 1, 4.0)]
    sheet = await ask(cloud, "shelves", format="csv")
    assert "'=tea" in sheet.text


def heatmap(seq: int, cells: list[list[float]], *, hour: float) -> dict[str, Any]:
    attributes = {"grid": [32, 18], "cells": cells, "seconds": 900}
    return crossing(seq, kind="heatmap", occurred_at=at(hour), attributes=attributes, zone_id=None, zone_revision=None)


async def test_heat_maps_of_a_day_add_up(cloud: CloudUnderTest) -> None:
    await cloud.send([heatmap(1, [[33, 10.0], [0, 1.5]], hour=9), heatmap(2, [[33, 5.0], [9999, 1.0]], hour=10)])
    await cloud.send([heatmap(3, [[33, 2.0]], hour=34)])
    told = await ask(cloud, "heatmap", camera_id="cam_entrance")
    assert (told["columns"], told["rows"], told["seen_s"]) == (32, 18, 2700.0)
    assert told["cells"] == [{"row": 0, "column": 0, "person_s": 1.5}, {"row": 1, "column": 1, "person_s": 17.0}]
    one_day = await ask(cloud, "heatmap", camera_id="cam_entrance", to="2026-03-29")
    assert one_day["cells"][1]["person_s"] == 15.0
    assert (await ask(cloud, "heatmap", camera_id="nowhere"))["cells"] == []
    async with maintenance(cloud.database) as connection:
        assert await rollup_differences(connection) == []


async def test_coverage_tells_blind_from_closed(cloud: CloudUnderTest) -> None:
    seen = [crossing(n, occurred_at=at(9 + n / 4 - 0.2)) for n in range(1, 9)]  # every quarter hour from 9 to 11
    gap = crossing(20, kind="camera_gap", value=900.0, occurred_at=at(10.5), zone_id=None, zone_revision=None)
    await cloud.send([*seen, gap])
    told = await ask(cloud, "coverage", bucket="hour", **{"from": "2026-03-28T08:00", "to": "2026-03-28T12:00"})
    assert [r["coverage"] for r in told["rows"]] == [None, 1.0, 0.75, 0.0]
    rows = (await ask(cloud, "footfall", bucket="hour", **{"from": "2026-03-28T10:00", "to": "2026-03-28T11:00"}))[
        "rows"
    ]
    assert rows[0]["coverage"] == 0.75
    by_day = await ask(cloud, "coverage", bucket="day", to="2026-03-29")
    by_quarter = await ask(cloud, "coverage", bucket="15min", to="2026-03-29")
    assert by_day["coverage"] == pytest.approx(by_quarter["coverage"], abs=0.001)
    camera = await ask(cloud, "coverage", bucket="day", camera_id="cam_entrance", to="2026-03-29")
    assert camera["coverage"] == pytest.approx(by_day["coverage"], abs=0.001)


async def test_a_day_is_compared_with_the_same_weekdays_that_had_data(cloud: CloudUnderTest) -> None:
    events = [crossing(n, occurred_at=at(10)) for n in range(1, 7)]
    for weeks, n in ((1, 4), (2, 2)):
        events += [
            crossing(100 * weeks + i, occurred_at=(datetime.fromisoformat(at(10)) - timedelta(weeks=weeks)).isoformat())
            for i in range(n)
        ]
    await cloud.send(events)
    told = await ask(cloud, "comparison", day="2026-03-28")
    assert (told["footfall_in"], told["usual"], told["change"], told["is_over"]) == (6, 3.0, 1.0, True)
    assert told["days"] == ["2026-03-14", "2026-03-21"]
    assert told["hours"][10] == {"hour": 10, "footfall_in": 6, "usual": 3.0}
    nothing = await ask(cloud, "comparison", day="2026-06-01")
    assert (nothing["footfall_in"], nothing["change"]) == (None, None)


async def test_an_hour_that_comes_twice_is_compared_with_twice_the_usual(cloud: CloudUnderTest) -> None:
    """On 26 October 2025 it was two o'clock twice: as full as ever, each time."""
    sundays = [datetime(2025, 10, day, tzinfo=BERLIN).astimezone(UTC) for day in (12, 19, 26)]
    sundays.append(datetime(2025, 11, 2, tzinfo=BERLIN).astimezone(UTC))
    moments = [
        midnight + timedelta(hours=hour, minutes=minute)
        for midnight in sundays
        for hour in (2, 3, 10)
        for minute in (5, 20, 35, 50)
    ]
    # The third hour of the long night is called two o'clock again; its ten o'clock lies an hour later.
    moments += [sundays[2] + timedelta(hours=4, minutes=minute) for minute in (5, 20, 35, 50)]
    moments += [sundays[2] + timedelta(hours=11, minutes=minute) for minute in (5, 20, 35, 50)]
    await cloud.send([crossing(n, occurred_at=at.isoformat()) for n, at in enumerate(moments, 1)])
    long = await ask(cloud, "comparison", day="2025-10-26", weeks=2)
    assert long["hours"][2] == {"hour": 2, "footfall_in": 8, "usual": 8.0}
    assert long["hours"][3] == {"hour": 3, "footfall_in": 4, "usual": 4.0}
    after = await ask(cloud, "comparison", day="2025-11-02", weeks=1)
    assert after["hours"][2] == {"hour": 2, "footfall_in": 4, "usual": 4.0}
    assert (after["hours"][3]["usual"], after["change"]) == (4.0, 0.0)


async def test_questions_asked_together_must_agree(cloud: CloudUnderTest) -> None:
    async with maintenance(cloud.database) as connection:
        org_id = (await connection.execute(select(col(Store.org_id)).limit(1))).scalar_one()
        stores = await VisibleStores(connection, Scope(org_id, None)).all()
        repository = AnalyticsRepository(connection, stores)
        one, other = (heard_days(first=date(2026, 3, day), last=date(2026, 3, 9)) for day in (1, 2))
        assert await repository.ask(one, cameras()) == [[], []]
        with pytest.raises(ValueError, match="differ in first"):
            await repository.ask(one, other)


async def test_stores_are_ranked_absolutely_and_per_open_hour(cloud: CloudUnderTest) -> None:
    admin = await cloud.token("admin@acme.example")
    weekly = {"weekly": [{"weekday": day, "opens": "09:00", "closes": "19:00"} for day in range(7)]}
    await cloud.client.put(f"/api/v1/stores/{cloud.store_id}/opening-hours", json=weekly, headers=admin)
    await cloud.send([crossing(n, occurred_at=at(10)) for n in range(1, 21)])
    told = await ask(cloud, "ranking", first="2026-03-28", last="2026-03-29")
    assert [(s["name"], s["footfall_in"], s["open_hours"], s["per_open_hour"]) for s in told["stores"]] == [
        ("High Street", 20, 20.0, 1.0), ("Low Street", None, None, None)
    ]  # fmt: skip
    own = await ask(cloud, "ranking", first="2026-03-28", last="2026-03-29", who="owner", by="per_open_hour")
    assert [s["name"] for s in own["stores"]] == ["High Street"]
    await ask(cloud, "ranking", first="2026-03-29", last="2026-03-28", status=422)


async def test_opening_hours_leave_out_who_came_when_it_was_closed(cloud: CloudUnderTest) -> None:
    await cloud.send([crossing(1, occurred_at=at(7)), crossing(2, occurred_at=at(10)), crossing(3, occurred_at=at(22))])
    await ask(cloud, "footfall", hours="open", status=422)
    admin = await cloud.token("admin@acme.example")
    weekly = {"weekly": [{"weekday": day, "opens": "09:00", "closes": "19:00"} for day in range(7)]}
    await cloud.client.put(f"/api/v1/stores/{cloud.store_id}/opening-hours", json=weekly, headers=admin)
    assert (await ask(cloud, "footfall", hours="open", bucket="day"))["totals"]["in"] == 1
    assert (await ask(cloud, "footfall", hours="all", bucket="day"))["totals"]["in"] == 3


@pytest.mark.parametrize(
    ("figure", "query"),
    [
        ("footfall", {}), ("occupancy", {}), ("dwell", {}), ("queue", {}), ("shelves", {}), ("coverage", {}),
        ("heatmap", {"camera_id": "cam_entrance"}), ("comparison", {"day": "2026-03-28"}), ("zones", {}),
        ("ranking", {"first": "2026-03-28", "last": "2026-03-28"}),
    ],
)  # fmt: skip
async def test_each_figure_is_to_be_had_as_csv(cloud: CloudUnderTest, figure: str, query: dict[str, str]) -> None:
    events = [
        crossing(1), stay(2, 9.0), stay(3, 9.0, kind="queue_wait"), heatmap(5, [[1, 1.0]], hour=9),
        stay(4, 9.0, kind="shelf_interaction"),
    ]  # fmt: skip
    await cloud.send(events)
    told = await ask(cloud, figure, format="csv", **query)
    assert told.headers["content-type"].startswith("text/csv")
    assert f'filename="{figure if figure != "queue" else "queue_wait"}.csv"' in told.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(told.content.decode("utf-8-sig"))))
    assert lines
    assert all(None not in line and None not in line.values() for line in lines)


async def test_figures_of_today_come_up_to_now(cloud: CloudUnderTest) -> None:
    now = datetime.now(UTC)
    await cloud.send([crossing(1, occurred_at=now.isoformat())])
    told = await ask(cloud, "comparison")
    assert told["is_over"] is False
    first = now.astimezone(BERLIN).date().isoformat()
    span = {"from": first, "to": (now.astimezone(BERLIN).date() + timedelta(days=1)).isoformat()}
    rows = (await ask(cloud, "coverage", bucket="15min", **span))["rows"]
    assert rows[-1]["coverage"] is None or now.astimezone(BERLIN).hour == 23
    assert any(r["coverage"] == 1.0 for r in rows)


@pytest.fixture
async def busy_mondays(cloud: CloudUnderTest) -> CloudUnderTest:
    """Four Mondays with ten people in each hour from 9 to 19 by the store's clock, and a fifth that begins alike."""
    events, seq = [], 0
    for week in range(5):
        day = datetime(2026, 5, 4, 9, 0, tzinfo=BERLIN) + timedelta(weeks=week)
        for minute in range(0, 600 if week < 4 else 240, 6):
            seq += 1
            events.append(crossing(seq, occurred_at=(day + timedelta(minutes=minute)).isoformat()))
    await cloud.send(events)
    return cloud


async def test_a_store_that_falls_silent_is_not_taken_for_an_empty_one(busy_mondays: CloudUnderTest) -> None:
    cloud = busy_mondays
    store = await store_of(cloud)
    evening = datetime(2026, 6, 1, 21, 0, tzinfo=BERLIN)
    async with maintenance(cloud.database) as connection:
        spoke_at = datetime(2026, 6, 1, 12, 59, tzinfo=BERLIN)
        await connection.execute(update(EdgeDevice).values(last_seen_at=spoke_at))
        told = await compare(connection, store, evening.date(), weeks=4, now=evening)
        usual = await against_usual(
            AnalyticsRepository(connection, [store]), [store], first=evening.date(), last=evening.date(), now=evening
        )
    # Four hours of ten were seen: as many as usual in these, and too few for a verdict on the day.
    assert (told.compared_in, told.usual, told.share) == (40, 40.0, 0.4)
    assert told.change is None
    assert told.silent_since == spoke_at
    assert usual == {store.id: {}}
    assert [p.footfall_in for p in told.hours][8:15] == [None, 10, 10, 10, 10, None, None]
    assert [p.usual for p in told.hours][12:15] == [10.0, 10.0, 10.0]


async def test_a_day_under_way_is_judged_by_what_was_seen_of_it(busy_mondays: CloudUnderTest) -> None:
    cloud = busy_mondays
    store = await store_of(cloud)
    noon = datetime(2026, 6, 1, 14, 0, tzinfo=BERLIN)
    async with maintenance(cloud.database) as connection:
        told = await compare(connection, store, noon.date(), weeks=4, now=noon)
        usual = await against_usual(
            AnalyticsRepository(connection, [store]), [store], first=noon.date(), last=noon.date(), now=noon
        )
    # Silent since 13:00: of five hours that are over, four were seen.
    assert (told.compared_in, told.usual, told.change) == (40, 40.0, 0.0)
    assert usual[store.id][noon.date()].change is not None


async def test_blind_cameras_are_no_empty_shop_and_a_quiet_hour_is_one(busy_mondays: CloudUnderTest) -> None:
    cloud = busy_mondays
    store = await store_of(cloud)
    monday = datetime(2026, 6, 1, 9, 0, tzinfo=BERLIN)
    blind = crossing(
        1001, kind="camera_gap", value=7200.0, occurred_at=(monday + timedelta(hours=6)).isoformat(), zone_id=None,
        zone_revision=None,
    )  # fmt: skip
    # Blind from 13 to 15, nobody from 15 to 16, ten in the hour after that.
    late = [crossing(1002 + n, occurred_at=(monday + timedelta(hours=7, minutes=6 * n)).isoformat()) for n in range(10)]
    last = crossing(1020, kind="dwell", value=5.0, occurred_at=(monday + timedelta(hours=6, minutes=5)).isoformat())
    await cloud.send([blind, *late, last])
    async with maintenance(cloud.database) as connection:
        told = await compare(connection, store, monday.date(), weeks=4, now=monday + timedelta(days=1))
    assert (told.compared_in, told.usual, told.share) == (50, 60.0, 0.6)
    assert told.change == pytest.approx(-1 / 6, abs=1e-4)


async def test_the_longest_waits_are_those_that_laptops_sent(busy_mondays: CloudUnderTest) -> None:
    """Long ones of a Monday at ten, many short ones at three."""
    cloud = busy_mondays
    store = await store_of(cloud)
    monday = datetime(2026, 5, 25, 10, 0, tzinfo=BERLIN)

    async def send(n: int, value: float, *, seq: int, hours: int) -> None:
        moments = [(monday + timedelta(hours=hours, seconds=k)).isoformat() for k in range(n)]
        waits = [crossing(seq + k, kind="queue_wait", value=value, occurred_at=m) for k, m in enumerate(moments)]
        answer = await cloud.send(waits)
        assert answer.status_code == 200

    await send(60, 600.0, seq=1000, hours=0)
    await send(400, 60.0, seq=2000, hours=5)
    await send(400, 60.0, seq=3000, hours=5)
    async with maintenance(cloud.database) as connection:
        repository = AnalyticsRepository(connection, [store])
        found = await longest_waits(repository, [store], now=monday + timedelta(days=2))
        by_store = await repository.stay_bins_by_store("queue_wait", days=[monday.date()])
        apart = await repository.stay_bins_by_store("queue_wait", days=[date(2026, 5, 4), monday.date()])
    assert [(w.weekday, w.hour, w.n) for w in found] == [(0, 10, 60)]
    assert found[0].p90_s == pytest.approx(600.0, rel=0.05)
    assert found[0].overall_s == pytest.approx(60.0, rel=0.05)
    assert by_store == apart == {store.id: {bin_of(600.0): 60, bin_of(60.0): 800}}


async def store_of(cloud: CloudUnderTest) -> StoreView:
    async with maintenance(cloud.database) as connection:
        org_id = (
            await connection.execute(select(col(Store.org_id)).where(col(Store.id) == cloud.store_id))
        ).scalar_one()
        return await VisibleStores(connection, Scope(org_id, None)).one(cloud.store_id)

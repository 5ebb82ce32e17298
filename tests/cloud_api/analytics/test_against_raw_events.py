"""Every figure of the analytics API, asked with an API key, against sums over the raw events made by PostgreSQL alone."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import text

from cloud_api.tenancy.transactions import maintenance
from tests.cloud_api.auth.test_guessing import statements_of
from tests.helpers.cloud import CloudUnderTest, crossing, running_cloud

pytestmark = pytest.mark.asyncio(loop_scope="module")
BERLIN = ZoneInfo("Europe/Berlin")
SPANS = [(date(2026, 3, 1), date(2026, 4, 3)), (date(2026, 10, 20), date(2026, 10, 29))]
"""Days, the last one excluded: with the night of 23 hours, and with the one of 25."""
BUCKETS = {
    "15min": "date_bin('15 min', {at}, '2000-01-01+00')",
    "hour": "date_trunc('hour', {at})",
    "day": "date_trunc('day', {at}, 'Europe/Berlin')",
    "week": "date_trunc('week', {at}, 'Europe/Berlin')",
    "month": "date_trunc('month', {at}, 'Europe/Berlin')",
}
QUARTERS = (
    "SELECT at FROM generate_series(CAST(:a AS timestamptz), "
    "CAST(:b AS timestamptz) - interval '15 min', '15 min') AS at"
)


def events_of(first: date, last: date, source: random.Random) -> list[dict[str, Any]]:
    """A store that is heard in each quarter hour, with people at all hours, and cameras that are blind at times."""
    made: list[dict[str, Any]] = []
    at = datetime.combine(first, datetime.min.time(), BERLIN).astimezone(UTC)
    end = datetime.combine(last, datetime.min.time(), BERLIN).astimezone(UTC)

    def add(kind: str, **fields: Any) -> None:
        moment = at + timedelta(seconds=source.uniform(1, 899))
        made.append({"type": kind, "occurred_at": moment.isoformat(), **fields})

    while at < end:
        add("occupancy", camera_id="aisle", zone_id="floor", value=source.uniform(0, 5), attributes={"seen_s": 60.0})
        for _ in range(source.choice([0, 0, 0, 1, 2])):
            add(
                source.choice(["footfall_in", "footfall_out"]),
                camera_id="door",
                zone_id=source.choice(["main", "side"]),
            )
        if source.random() < 0.25:
            add("dwell", camera_id="aisle", zone_id="floor", value=round(source.lognormvariate(3, 1), 2))
        if source.random() < 0.25:
            add("queue_wait", camera_id="till", zone_id="queue", value=round(source.lognormvariate(4, 0.7), 2))
        if source.random() < 0.1:
            add("shelf_interaction", camera_id="aisle", zone_id="shelf", value=round(source.uniform(3, 90), 2),
                attributes={"shelf_category": source.choice(["tea", "coffee"])})  # fmt: skip
        if source.random() < 0.05:
            add("heatmap", camera_id="aisle", zone_id=None, zone_revision=None,
                attributes={"grid": [4, 3], "cells": [[source.randrange(12), 2.5], [0, 1.0]], "seconds": 60.0})  # fmt: skip
        at += timedelta(minutes=15)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[CloudUnderTest, dict[str, str]]]:
    """The cloud, and the header of an API key."""
    data_dir: Path = tmp_path_factory.mktemp("raw")
    async with running_cloud(data_dir, is_postgresql=True) as cloud:
        source = random.Random(7)
        told = [e for first, last in SPANS for e in events_of(first, last, source)]
        events = [crossing(seq, **{"kind": e.pop("type"), **e}) for seq, e in enumerate(told, 1)]
        batches = [events[start : start + 500] for start in range(0, len(events), 500)]
        for batch in [batches[-1], *batches[:-1]]:
            assert {r["status"] for r in (await cloud.send(batch)).json()["results"]} == {"accepted"}
        admin = await cloud.token("admin@acme.example")
        hours = {
            "weekly": [{"weekday": day, "opens": "09:00", "closes": "18:30"} for day in range(6)],
            "exceptions": [],
        }
        path = f"/api/v1/stores/{cloud.store_id}/opening-hours"
        answer = await cloud.client.put(path, json=hours, headers=admin)
        assert answer.status_code == 200, answer.text
        made = await cloud.client.post("/api/v1/api-keys", json={"name": "Third party"}, headers=admin)
        assert made.status_code == 201, made.text
        yield cloud, {"X-API-KEY": made.json()["api_key"]}


async def ask(filled: tuple[CloudUnderTest, dict[str, str]], figure: str, **query: Any) -> Any:
    cloud, key = filled
    asked = {"store_id": str(cloud.store_id), **{name.rstrip("_"): str(value) for name, value in query.items()}}
    answer = await cloud.client.get(f"/api/v1/analytics/{figure}", params=asked, headers=key)
    assert answer.status_code == 200, answer.text
    return answer.json() if query.get("format") != "csv" else list(csv.DictReader(io.StringIO(answer.text.lstrip("﻿"))))


async def sql(filled: tuple[CloudUnderTest, dict[str, str]], query: str, first: date, last: date) -> list[Any]:
    """Rows; ``:a`` and ``:b`` are the beginning and the end of these days in Berlin."""
    a, b = (datetime.combine(day, datetime.min.time(), BERLIN) for day in (first, last))
    async with maintenance(filled[0].database) as connection:
        return list((await connection.execute(text(query), {"a": a, "b": b})).all())


def moments(rows: list[dict[str, Any]], *names: str) -> dict[datetime, tuple[Any, ...]]:
    return {datetime.fromisoformat(row["start"]).astimezone(UTC): tuple(row[name] for name in names) for row in rows}


both_spans = pytest.mark.parametrize(("first", "last"), SPANS, ids=["spring", "autumn"])
all_buckets = pytest.mark.parametrize("bucket", BUCKETS)


@both_spans
@all_buckets
async def test_footfall(filled: Any, first: date, last: date, bucket: str) -> None:
    told = await ask(filled, "footfall", from_=first, to=last, bucket=bucket)
    at = BUCKETS[bucket].format(at="occurred_at")
    rows = await sql(
        filled,
        f"SELECT {at}, count(*) FILTER (WHERE type = 'footfall_in'), count(*) FILTER (WHERE type = 'footfall_out') "
        "FROM events WHERE occurred_at >= :a AND occurred_at < :b GROUP BY 1",
        first, last,
    )  # fmt: skip
    truth = {row[0].astimezone(UTC): (row[1], row[2]) for row in rows}
    found = moments(told["rows"], "in", "out")
    assert {at: found[at] for at in truth} == truth
    assert {counts for at, counts in found.items() if at not in truth} <= {(0, 0)}
    assert all(row["has_data"] for row in told["rows"] if datetime.fromisoformat(row["start"]).astimezone(UTC) in truth)
    as_csv = await ask(filled, "footfall", from_=first, to=last, bucket=bucket, format="csv")
    assert moments(as_csv, "in", "out") == {at: (str(a), str(b)) for at, (a, b) in found.items()}


@both_spans
async def test_footfall_of_one_line_and_of_open_hours(filled: Any, first: date, last: date) -> None:
    side = await ask(filled, "footfall", from_=first, to=last, bucket="day", camera_id="door", zone_id="side")
    is_open = await ask(filled, "footfall", from_=first, to=last, bucket="day", hours="open")
    (row,) = await sql(
        filled,
        "SELECT count(*) FILTER (WHERE zone_id = 'side'), count(*) FILTER (WHERE extract(isodow FROM local) < 7 AND "
        "local::time >= '09:00' AND local::time < '18:30') FROM (SELECT *, occurred_at AT TIME ZONE 'Europe/Berlin' AS "
        "local FROM events WHERE occurred_at >= :a AND occurred_at < :b AND type = 'footfall_in') AS e",
        first, last,
    )  # fmt: skip
    assert (side["totals"]["in"], is_open["totals"]["in"]) == tuple(row)


@both_spans
@all_buckets
async def test_occupancy(filled: Any, first: date, last: date, bucket: str) -> None:
    told = await ask(filled, "occupancy", from_=first, to=last, bucket=bucket)
    at = BUCKETS[bucket].format(at="at")
    rows = await sql(
        filled,
        f"WITH quarters AS ({QUARTERS}), nets AS (SELECT date_bin('15 min', occurred_at, '2000-01-01+00') AS at, "
        "sum(CASE type WHEN 'footfall_in' THEN 1 ELSE -1 END) AS net FROM events WHERE type LIKE 'footfall%' GROUP BY 1), "
        "levels AS (SELECT at, greatest(0, sum(coalesce(net, 0)) OVER (PARTITION BY date_trunc('day', (at AT TIME ZONE "
        "'Europe/Berlin') - interval '4 hours') ORDER BY at)) AS level FROM quarters LEFT JOIN nets USING (at)) "
        f"SELECT {at} AS b, (array_agg(level ORDER BY at DESC))[1], round(avg(level), 2), max(level) FROM levels "
        "WHERE date_trunc('day', (at AT TIME ZONE 'Europe/Berlin') - interval '4 hours') >= "
        "date_trunc('day', CAST(:a AS timestamptz) AT TIME ZONE 'Europe/Berlin') GROUP BY 1",
        first, last,
    )  # fmt: skip
    truth = {row[0].astimezone(UTC): (int(row[1]), float(row[2]), int(row[3])) for row in rows}
    found = moments(told["rows"], "level", "mean", "peak")
    # The first four hours belong to a level that began before; nobody was counted then.
    whole = {at for at in truth if bucket in ("15min", "hour") or at >= min(found) + timedelta(days=1)}
    assert len(whole) >= len(truth) - 1
    assert {at: found[at] for at in whole} == {at: pytest.approx(truth[at], abs=0.0101) for at in whole}


@both_spans
@all_buckets
@pytest.mark.parametrize(("figure", "kind"), [("dwell", "dwell"), ("queue", "queue_wait")])
async def test_stays(filled: Any, first: date, last: date, bucket: str, figure: str, kind: str) -> None:
    told = await ask(filled, figure, from_=first, to=last, bucket=bucket)
    at = BUCKETS[bucket].format(at="occurred_at")
    rows = await sql(
        filled,
        f"SELECT {at}, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY value), percentile_disc(0.9) WITHIN GROUP "
        "(ORDER BY value), avg(value), max(value) FROM events WHERE occurred_at >= :a AND occurred_at < :b "
        f"AND type = '{kind}' GROUP BY 1",
        first, last,
    )  # fmt: skip
    names = ("n", "p50_s", "p90_s", "mean_s", "longest_s")
    found = moments([row for row in told["rows"] if row["n"]], *names)
    assert found.keys() == {row[0].astimezone(UTC) for row in rows}
    for at_, n, p50, p90, mean, longest in rows:
        own = found[at_.astimezone(UTC)]
        assert own[0] == n
        assert own[1:3] == tuple(pytest.approx(q, rel=0.051, abs=0.5 if q < 1 else 0) for q in (p50, p90))
        assert own[3:] == (pytest.approx(mean, abs=0.006), pytest.approx(longest, abs=0.006))


@pytest.mark.parametrize(
    ("start", "end", "n_questions"),
    [
        ("2026-03-02T00:00+01:00", "2026-03-09T00:00+01:00", 1),
        ("2026-03-02T08:00+01:00", "2026-03-02T11:00+01:00", 1),
        # Around the hour that the clock shows twice: none, one or both of it.
        ("2026-10-24T20:00+02:00", "2026-10-25T02:00+02:00", 1),
        ("2026-10-24T20:00+02:00", "2026-10-25T02:00+01:00", 2),
        ("2026-10-25T02:00+01:00", "2026-10-25T08:00+01:00", 2),
        ("2026-10-25T03:00+01:00", "2026-10-25T08:00+01:00", 1),
    ],
)
async def test_stays_by_hour_come_from_hours_where_the_clock_is_not_set(
    filled: Any, start: str, end: str, n_questions: int
) -> None:
    with statements_of(filled[0]) as seen:
        told = await ask(filled, "queue", from_=start, to=end, bucket="hour")
    assert len([words for words in seen if words.startswith("SELECT rollups_")]) == n_questions
    async with maintenance(filled[0].database) as connection:
        query = text(
            "SELECT date_trunc('hour', occurred_at), count(*), percentile_disc(0.9) WITHIN GROUP (ORDER BY value), "
            "avg(value), max(value) FROM events WHERE occurred_at >= :a AND occurred_at < :b AND type = 'queue_wait' "
            "GROUP BY 1"
        )
        span = {"a": datetime.fromisoformat(start), "b": datetime.fromisoformat(end)}
        truth = {row[0].astimezone(UTC): row[1:] for row in await connection.execute(query, span)}
    found = moments([row for row in told["rows"] if row["n"]], "n", "p90_s", "mean_s", "longest_s")
    assert found.keys() == truth.keys() != set()
    for at, (n, p90, mean, longest) in truth.items():
        assert found[at] == (
            n, pytest.approx(p90, rel=0.051), pytest.approx(mean, abs=0.006), pytest.approx(longest, abs=0.006)
        )  # fmt: skip


@both_spans
async def test_shelves_and_heat(filled: Any, first: date, last: date) -> None:
    shelves = await ask(filled, "shelves", from_=first, to=last)
    rows = await sql(
        filled,
        "SELECT attributes->>'shelf_category', count(*), round(sum(value)::numeric, 2), max(value) FROM events WHERE "
        "occurred_at >= :a AND occurred_at < :b AND type = 'shelf_interaction' GROUP BY 1",
        first, last,
    )  # fmt: skip
    truth = {row[0]: (row[1], pytest.approx(float(row[2])), row[3]) for row in rows}
    assert {r["category"]: (r["n"], r["total_s"], r["longest_s"]) for r in shelves["rows"]} == truth
    heat = await ask(filled, "heatmap", from_=first, to=last, camera_id="aisle")
    rows = await sql(
        filled,
        "SELECT (cell->>0)::int, sum((cell->>1)::float8) FROM events, json_array_elements(attributes->'cells') AS cell "
        "WHERE occurred_at >= :a AND occurred_at < :b AND type = 'heatmap' GROUP BY 1",
        first, last,
    )  # fmt: skip
    assert {4 * c["row"] + c["column"]: c["person_s"] for c in heat["cells"]} == {row[0]: row[1] for row in rows}


@both_spans
async def test_each_day_was_covered_wholly_and_has_its_own_length(filled: Any, first: date, last: date) -> None:
    told = await ask(filled, "coverage", from_=first + timedelta(days=1), to=last, bucket="day", camera_id="door")
    for row in told["rows"]:
        day = datetime.fromisoformat(row["start"]).date()
        hours = {date(2026, 3, 29): 23, date(2026, 10, 25): 25}.get(day, 24)
        assert (row["coverage"], row["expected_camera_s"]) == (1.0, hours * 3600.0), day


async def test_comparison_with_the_same_weekdays_over_the_night_of_23_hours(filled: Any) -> None:
    told = await ask(filled, "comparison", day="2026-03-29", weeks=4)
    rows = await sql(
        filled,
        "SELECT local::date, extract(hour FROM local)::int, count(*) FROM (SELECT occurred_at AT TIME ZONE "
        "'Europe/Berlin' AS local FROM events WHERE type = 'footfall_in' AND occurred_at >= :a AND occurred_at < :b) AS e "
        "WHERE extract(isodow FROM local) = 7 GROUP BY 1, 2",
        *SPANS[0],
    )  # fmt: skip
    sundays = [date(2026, 3, day) for day in (1, 8, 15, 22)]
    counts = {(row[0], row[1]): row[2] for row in rows}
    own = sum(n for (day, _), n in counts.items() if day == date(2026, 3, 29))
    # The hour that the night left out is compared with nothing.
    usual = sum(n for (day, hour), n in counts.items() if day in sundays and hour != 2) / 4
    assert told["days"] == [day.isoformat() for day in sundays]
    assert (told["footfall_in"], told["compared_in"], told["usual"]) == (own, own, round(usual, 2))
    assert told["change"] == pytest.approx(own / usual - 1, abs=1e-4)
    assert {h["hour"]: h["footfall_in"] for h in told["hours"]} == {
        hour: counts.get((date(2026, 3, 29), hour), 0) if hour != 2 else None for hour in range(24)
    }


async def test_ranking_absolute_and_per_open_hour(filled: Any) -> None:
    cloud, _ = filled
    first, last = date(2026, 3, 23), date(2026, 4, 2)
    rows = await sql(
        filled,
        "SELECT count(*) FILTER (WHERE type = 'footfall_in'), count(*) FILTER (WHERE type = 'footfall_out') FROM events "
        "WHERE occurred_at >= :a AND occurred_at < :b",
        first, last + timedelta(days=1),
    )  # fmt: skip
    hours = 9.5 * sum((first + timedelta(days=n)).weekday() < 6 for n in range((last - first).days + 1))
    for by in ("footfall_in", "per_open_hour"):
        told = await ask(filled, "ranking", first=first, last=last, by=by)
        best = told["stores"][0]
        assert best["store_id"] == str(cloud.store_id)
        assert (best["footfall_in"], best["footfall_out"], best["open_hours"]) == (*rows[0], hours)
        assert best["per_open_hour"] == round(rows[0][0] / hours, 2)
        assert [s["footfall_in"] for s in told["stores"][1:]] == [None]


async def test_an_api_key_reads_figures_and_nothing_else(filled: Any) -> None:
    cloud, key = filled
    assert (await cloud.client.get("/api/v1/stores", headers=key)).status_code == 200
    for path in ("/api/v1/users", "/api/v1/api-keys", "/api/v1/audit"):
        assert (await cloud.client.get(path, headers=key)).status_code in (401, 403), path

"""What the dashboard's queries cost on figures, and what the same would cost on raw events.

    python -m tests.benchmarks.analytics [--events 200000] [--stores 200] [--days 30] [--repeats 20] [--json]

Ten million: ``--events 10000000`` (some minutes to make, 4 GB of disk under the temporary folder).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Index, text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from cloud_api.analytics.comparison import compare
from cloud_api.analytics.coverage import coverage_of
from cloud_api.analytics.footfall import footfall
from cloud_api.analytics.occupancy import occupancy_of
from cloud_api.analytics.questions import CROSSINGS, crossings_by_day
from cloud_api.analytics.ranking import rank
from cloud_api.analytics.repository import AnalyticsRepository, Place
from cloud_api.analytics.shelves import shelves_of
from cloud_api.analytics.span import TimeSpan, span_of
from cloud_api.analytics.stays import stays_of
from cloud_api.kit.database import Database
from cloud_api.kit.histogram import GROWTH, LAST_BIN
from cloud_api.maintenance.partitions import make_ahead
from cloud_api.models import Event
from cloud_api.rollups.proof import _differences_of_store, figures_of_store
from cloud_api.serving import settle
from cloud_api.stores.administration import Administration
from cloud_api.stores.opening_hours import OpeningHoursOf
from cloud_api.tenancy.organisations import OrganisationView
from cloud_api.tenancy.principal import Principal, Role, Scope
from cloud_api.tenancy.transactions import maintenance, scoped
from cloud_api.tenancy.visible_stores import StoreView, VisibleStores
from cloud_api.web.dashboard import dashboard_context
from cloud_api.web.periods import Period
from cloud_api.web.shell import Visit
from shared_models.metrics import Bucket
from tests.benchmarks.postgres_bench import bench_database

ZONE = "Europe/Berlin"
Query = Callable[[AsyncConnection], Awaitable[Any]]
_DRAW = """
INSERT INTO events (store_id, event_id, org_id, device_id, seq, type, camera_id, zone_id, zone_revision, occurred_at,
                    received_at, value, attributes)
SELECT s.id, (lpad(to_hex((extract(epoch FROM t.at) * 1000)::bigint), 12, '0') || '7' ||
              substr(md5(random()::text || g::text), 1, 3) || 'b' || substr(md5(g::text || random()::text), 1, 15))::uuid,
       s.org_id, s.id, g, t.kind, 'cam' || (g % 4), 'zone' || (g % 3), 1, t.at, t.at,
       CASE WHEN t.kind LIKE 'footfall%' THEN NULL ELSE exp(3 + random() * 2) END, '{}'
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) g
JOIN bench_stores s ON s.n = g % :stores
CROSS JOIN LATERAL (
    SELECT CAST(:start AS timestamptz) + make_interval(days => (random() * (:days - 1))::int)
           + make_interval(secs => 8 * 3600 + random() * 11 * 3600 + g * 0) AS at,
           (ARRAY['footfall_in','footfall_in','footfall_in','footfall_out','footfall_out','footfall_out','dwell',
                  'queue_wait','shelf_interaction'])[1 + (random() * 8 + g * 0)::int] AS kind
) t
ON CONFLICT DO NOTHING
"""
_BIN = f"CASE WHEN value < 1 THEN 0 ELSE least({LAST_BIN}, 1 + floor(ln(value) / ln({GROWTH}::float8)))::int END"
_AT = "date_bin('15 minutes', occurred_at, '2000-01-01 00:00+00')"
_DAY = f"({_AT} AT TIME ZONE '{ZONE}')::date"
_SUMS = "count(*), sum(coalesce(value, 0)), max(coalesce(value, 0)), 0, org_id"
_STAY = "WHERE type IN ('dwell', 'queue_wait', 'shelf_interaction')"
_STAYS = f"coalesce(string_agg(set_byte('x'::bytea, 0, {_BIN}), ''::bytea) FILTER ({_STAY}), '')"
_ROLL_UP = (
    f"INSERT INTO rollups_fine (store_id, bucket_at, type, camera_id, zone_id, category, n, total, peak, seconds, org_id, "
    f"stays) SELECT store_id, {_AT}, type, camera_id, zone_id, '', {_SUMS}, {_STAYS} FROM events "
    "GROUP BY 1, 2, 3, 4, 5, org_id",
    f"INSERT INTO rollups_coarse (store_id, bucket_at, type, n, total, peak, seconds, org_id) "
    f"SELECT store_id, {_AT}, type, {_SUMS} FROM events GROUP BY 1, 2, 3, org_id",
    f"INSERT INTO rollups_day (store_id, day, type, n, total, peak, seconds, org_id) "
    f"SELECT store_id, {_DAY}, type, {_SUMS} FROM events GROUP BY 1, 2, 3, org_id",
    f"INSERT INTO rollups_hour (store_id, day, hour, type, n, total, peak, org_id, stays) "
    f"SELECT store_id, {_DAY}, extract(hour FROM {_AT} AT TIME ZONE '{ZONE}')::int, type, count(*), "
    f"sum(coalesce(value, 0)), max(coalesce(value, 0)), org_id, {_STAYS} FROM events GROUP BY 1, 2, 3, 4, org_id",
    f"INSERT INTO rollup_day_steps (store_id, day, type, steps, org_id) "
    "SELECT store_id, day, type, ARRAY(SELECT coalesce((counts ->> i::text)::int, 0) FROM generate_series(0, longest) i), "
    f"org_id FROM (SELECT store_id, day, type, org_id, max(bin) AS longest, jsonb_object_agg(bin, n) AS counts FROM "
    f"(SELECT store_id, {_DAY} AS day, type, {_BIN} AS bin, count(*) AS n, org_id FROM events {_STAY} "
    "GROUP BY 1, 2, 3, 4, org_id) b GROUP BY 1, 2, 3, 4) d",
    f"INSERT INTO coverage_quarters (store_id, bucket_at, org_id, blind_s) "
    f"SELECT DISTINCT store_id, {_AT}, org_id, 0.0 FROM events",
    f"INSERT INTO coverage_days (store_id, day, org_id, heard, blind_s) "
    f"SELECT store_id, (bucket_at AT TIME ZONE '{ZONE}')::date, org_id, count(*), 0 FROM coverage_quarters "
    "GROUP BY 1, 2, 3",
)


async def filled(database: Database) -> Scope | None:
    """The scope of what an earlier run has left in its folder; None: nothing yet."""
    async with maintenance(database) as connection:
        there = await connection.execute(text("SELECT to_regclass('bench_filled')"))
        if there.scalar_one() is None:
            return None
        return Scope((await connection.execute(text("SELECT DISTINCT org_id FROM bench_stores"))).scalar_one(), None)


def _by_name() -> list[Index]:
    return sorted(Event.__table__.indexes, key=lambda index: str(index.name))  # type: ignore[attr-defined]  # as SQLModel


async def fill(database: Database, arguments: argparse.Namespace, start: datetime) -> Scope:
    """Stores, events and their figures, made inside the database; one store is proved by the real rule."""
    async with maintenance(database) as connection:
        office = Administration(connection)
        org_id = await office.create_organisation("Bench")
        await connection.execute(text("CREATE TABLE bench_stores (n int, id uuid, org_id uuid)"))
        for n in range(arguments.stores):
            store_id = await office.create_store("Bench", f"Store {n:04d}", timezone=ZONE)
            row = {"n": n, "i": store_id, "o": org_id}
            await connection.execute(text("INSERT INTO bench_stores VALUES (:n, :i, :o)"), row)
        await connection.execute(text(
            "INSERT INTO cameras (store_id, camera_id, org_id, name, zone_revision, state, words, first_seen_at) "
            "SELECT id, 'cam' || c, org_id, '', 0, '', '', :at FROM bench_stores, generate_series(0, 3) c"
        ), {"at": start})  # fmt: skip
        await connection.execute(text(
            "INSERT INTO opening_hours (store_id, weekday, opens_min, org_id, closes_min) "
            "SELECT id, d, 540, org_id, 1200 FROM bench_stores, generate_series(0, 6) d"
        ))  # fmt: skip
        await make_ahead(connection, today=start.date())
    # An index of what is there is made in a fraction of the time in which it would grow row by row.
    async with database.begin(is_direct=True) as connection:
        for index in _by_name():
            await connection.run_sync(index.drop)
    step = 500_000
    for first in range(1, arguments.events + 1, step):
        async with maintenance(database) as connection:
            span = {"first": first, "last": min(first + step - 1, arguments.events), "stores": arguments.stores}
            await connection.execute(text(_DRAW), {**span, "start": start, "days": arguments.days})
        print(f"{min(first + step - 1, arguments.events):,} events", file=sys.stderr)
    async with database.begin(is_direct=True) as connection:
        for index in _by_name():
            await connection.run_sync(index.create)
    async with maintenance(database) as connection:
        for statement in _ROLL_UP:
            await connection.execute(text(statement))
        (some,) = (
            await connection.execute(text("SELECT id FROM bench_stores WHERE n = 7 % :s"), {"s": arguments.stores})
        ).one()
        figures = await figures_of_store(connection, some, ZoneInfo(ZONE))
        wrong = await _differences_of_store(connection, some, figures, since=None, zone=ZoneInfo(ZONE))
        assert not wrong, wrong[:3]
        await connection.execute(text("CREATE TABLE bench_filled ()"))
    async with database.begin(is_direct=True) as connection:
        await connection.execute(text("ANALYZE"))
    return Scope(org_id, None)


def queries(stores: list[StoreView], start: datetime, days: int, now: datetime, scope: Scope) -> dict[str, Query]:
    """What a dashboard asks."""
    zone, store, last = ZoneInfo(ZONE), stores[len(stores) // 2], (start + timedelta(days=days - 1)).date()
    end = datetime(last.year, last.month, last.day, tzinfo=zone) + timedelta(days=1)

    def span(length: int, bucket: Bucket) -> TimeSpan:
        return span_of(end - timedelta(days=length), end, bucket=bucket, zone=zone)

    async def ranking(connection: AsyncConnection) -> Any:
        times = await OpeningHoursOf(connection, scope).of([s.id for s in stores])
        repository = AnalyticsRepository(connection, stores)
        return await rank(repository, stores, times, first=start.date(), last=last, by="per_open_hour", now=now)

    async def zones(connection: AsyncConnection) -> Any:
        return await AnalyticsRepository(connection, [store]).zone_sums(start=end - timedelta(days=1), end=end)

    def page(connection: AsyncConnection, key: str, first: date, until: date) -> Visit:
        asker = Principal(scope.org_id, scope.org_id, None, Role.ORG_ADMIN)
        request = Request({"type": "http", "headers": [], "query_string": b""})
        organisation = OrganisationView(scope.org_id, "Bench", False)
        at = end.astimezone(UTC) - timedelta(hours=7)
        return Visit(request, asker, scope, connection, organisation, stores, None, Period(key, first, until, last), at)

    month = span(days, Bucket.DAY)
    return {
        "footfall, a store's day by hour": lambda c: footfall(c, store, span(1, Bucket.HOUR), now=now),
        "footfall, a store's month by day": lambda c: footfall(c, store, month, now=now),
        "footfall, one zone's week by hour": lambda c: footfall(
            c, store, span(7, Bucket.HOUR), now=now, place=Place("cam1", "zone1")
        ),
        "occupancy, a store's week by hour": lambda c: occupancy_of(c, store, span(7, Bucket.HOUR), now=now),
        "dwell p50 p90, all stores' month": lambda c: stays_of(c, stores, "dwell", month),
        "queue p50 p90, a store's week by hour": lambda c: stays_of(c, [store], "queue_wait", span(7, Bucket.HOUR)),
        "shelves, a store's month": lambda c: shelves_of(c, [store], month),
        "coverage, a store's month by day": lambda c: coverage_of(c, store, month, now=now),
        "comparison with 4 weekdays": lambda c: compare(c, store, last, weeks=4, now=now),
        "ranking, all stores' month": ranking,
        "zones, a store's day": zones,
        "the dashboard page, all stores, a day under way": lambda c: dashboard_context(page(c, "today", last, last)),
        "the dashboard page, all stores, 28 days": lambda c: dashboard_context(
            page(c, "28", last - timedelta(days=28), last - timedelta(days=1))
        ),
    }


def raw_queries(store_id: UUID, first: date, last: date) -> dict[str, tuple[str, dict[str, Any]]]:
    """The same questions to raw events."""
    span = {"a": datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(ZONE)),
            "b": datetime(last.year, last.month, last.day, tzinfo=ZoneInfo(ZONE)) + timedelta(days=1)}  # fmt: skip
    within = "occurred_at >= :a AND occurred_at < :b"
    day = f"(occurred_at AT TIME ZONE '{ZONE}')::date"
    return {
        "ranking, all stores' month": (
            f"SELECT store_id, type, count(*) FROM events WHERE {within} GROUP BY 1, 2", span
        ),
        "dwell p50 p90, all stores' month": (
            f"SELECT {day}, count(*), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY value) FROM events "
            f"WHERE type = 'dwell' AND {within} GROUP BY 1", span,
        ),
        "footfall, a store's month by day": (
            f"SELECT {day}, type, count(*) FROM events WHERE store_id = :s AND {within} GROUP BY 1, 2",
            {**span, "s": store_id},
        ),
    }  # fmt: skip


def figures_alone(stores: list[StoreView], first: date, last: date) -> dict[str, Query]:
    """The same questions to figures, by the one statement that answers them: without coverage and what else a page tells."""
    store = stores[len(stores) // 2]
    return {
        "ranking, all stores' month": lambda c: AnalyticsRepository(c, stores).day_counts(
            CROSSINGS, first=first, last=last
        ),
        "dwell p50 p90, all stores' month": lambda c: AnalyticsRepository(c, stores).day_bins(
            "dwell", first=first, last=last
        ),
        "footfall, a store's month by day": lambda c: AnalyticsRepository(c, [store]).ask(
            crossings_by_day(first=first, last=last)
        ),
    }


_MONTH_OF_FIGURES = "SELECT day, type, n FROM rollups_day WHERE store_id = :s AND day >= :a AND day <= :b"


async def inside_ms(connection: AsyncConnection, statement: str, values: dict[str, Any], repeats: int) -> float:
    """Milliseconds that PostgreSQL itself needs to plan and to execute a statement; the middle one of some."""
    found = []
    for _ in range(repeats):
        asked = text(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}")
        told = (await connection.execute(asked, values)).scalar_one()
        plan = (json.loads(told) if isinstance(told, str) else told)[0]
        found.append(float(plan["Planning Time"] + plan["Execution Time"]))
    return statistics.median(found)


async def timed(work: Callable[[], Awaitable[Any]], repeats: int) -> list[float]:
    """Milliseconds of each repeat, after one to warm up."""
    await work()
    found = []
    for _ in range(repeats):
        start_s = time.perf_counter()
        await work()
        found.append(1000 * (time.perf_counter() - start_s))
    return sorted(found)


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    now = datetime.now(UTC)
    start = datetime.combine((now - timedelta(days=arguments.days + 1)).date(), datetime.min.time(), UTC)
    random.seed(1)
    async with bench_database(arguments.folder) as database:
        scope = await filled(database) or await fill(database, arguments, start)
        async with scoped(database, scope, is_read=True) as connection:
            stores = await VisibleStores(connection, scope).all()
        settle()  # as the server does
        asked = queries(stores, start, arguments.days, now, scope)
        told: dict[str, dict[str, float]] = {}
        for name, query in asked.items():

            async def work(query: Query = query) -> None:
                async with scoped(database, scope, is_read=True) as connection:
                    await query(connection)

            ms = await timed(work, arguments.repeats)
            told[name] = {"p50_ms": round(statistics.median(ms), 1), "p95_ms": round(ms[int(len(ms) * 0.95) - 1], 1)}
        await _beside_raw(database, scope, stores, start, arguments, told)
    worst = max(figures["p95_ms"] for figures in told.values())
    return {"events": arguments.events, "stores": arguments.stores, "worst_p95_ms": worst, "queries": told}


async def _beside_raw(
    database: Database, scope: Scope, stores: list[StoreView], start: datetime, arguments: argparse.Namespace,
    told: dict[str, dict[str, float]],
) -> None:  # fmt: skip
    """Add to ``told`` what the same costs on raw events, and how many times as much that is."""
    first, last = start.date(), (start + timedelta(days=arguments.days - 1)).date()
    store_id = stores[len(stores) // 2].id
    alone, asked = figures_alone(stores, first, last), raw_queries(store_id, first, last)
    for name, (statement, values) in asked.items():

        async def raw(statement: str = statement, values: dict[str, Any] = values) -> None:
            async with scoped(database, scope, is_read=True) as connection:
                (await connection.execute(text(statement), values)).all()

        async def one(query: Query = alone[name]) -> None:
            async with scoped(database, scope, is_read=True) as connection:
                await query(connection)

        raw_ms = statistics.median(await timed(raw, max(2, arguments.repeats // 5)))
        one_ms = statistics.median(await timed(one, arguments.repeats))
        told[name] |= {
            "raw_p50_ms": round(raw_ms, 1), "times_faster": round(raw_ms / told[name]["p50_ms"], 1),
            "one_statement_p50_ms": round(one_ms, 1), "one_statement_times_faster": round(raw_ms / one_ms, 1),
        }  # fmt: skip
    name = "footfall, a store's month by day"
    days = {"s": store_id, "a": first, "b": last}
    async with scoped(database, scope, is_read=True) as connection:
        raw_ms = await inside_ms(connection, *asked[name], arguments.repeats)
        own_ms = await inside_ms(connection, _MONTH_OF_FIGURES, days, arguments.repeats)
    told[name] |= {
        "inside_postgresql_ms": round(own_ms, 2), "raw_inside_postgresql_ms": round(raw_ms, 2),
        "inside_times_faster": round(raw_ms / own_ms, 1),
    }  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.analytics")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--stores", type=int, default=200)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--folder", type=Path, help="keep the filled database here, and use it again")
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = asyncio.run(run(arguments))
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

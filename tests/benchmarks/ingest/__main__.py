"""How fast uploads are written: ours against a plain SQLModel endpoint and a bare insert, in one run.

python -m tests.benchmarks.ingest [--events 5000] [--batch 500] [--at-once 2] [--turns 12] [--json]
python -m tests.benchmarks.ingest --storm [--stores 10000] [--places 32] [--backlog-ms 180] [--live-ms 40]

"ours, backlog" is what a laptop sends that was away: what has just happened first, then the rest from its beginning.
All get the same batches, as many connections and lanes, and commit each batch by itself. Each lane writes ``WARM``
batches before the clock starts, whoever it belongs to: connections are open by then, statements prepared and planned,
as they are in a server that has run for a minute. Speed of shared machines changes from second to second, so that the
peers take turns, and ratios are those within a turn: the middle one of all, and the middle half.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import zstandard
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel import JSON, Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from cloud_api.app import create_app
from cloud_api.kit.database import Database
from cloud_api.rollups.proof import rollup_differences
from cloud_api.settings import CloudSettings
from cloud_api.stores.administration import Administration
from cloud_api.tenancy.transactions import maintenance
from shared_models.ids import uuid7
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH
from tests.benchmarks.ingest.storm import storm
from tests.benchmarks.postgres_bench import bench_database, server_cpu_s

WARM = 6
"""Batches of each lane that are not measured: PostgreSQL plans a statement five times before it keeps the plan."""
START = datetime.now(UTC) - timedelta(days=1)
KINDS = ["footfall_in"] * 30 + ["footfall_out"] * 30 + ["occupancy"] * 20 + ["dwell"] * 12 + ["queue_wait"] * 8


class PlainEvent(SQLModel, table=True):
    """What the first draft of such a program looks like."""

    __tablename__ = "plain_events"

    event_id: UUID = Field(primary_key=True)
    store_id: UUID
    seq: int
    type: str
    camera_id: str
    zone_id: str
    zone_revision: int
    occurred_at: datetime
    value: float | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class PlainIn(SQLModel):
    """One event of its upload."""

    event_id: UUID
    seq: int
    type: str
    camera_id: str
    zone_id: str
    zone_revision: int
    occurred_at: datetime
    value: float | None = None
    attributes: dict[str, Any] = {}


def batches(events: int, size: int, source: random.Random) -> list[bytes]:
    """Uploads of one laptop: a busy quarter of an hour or two each, as a list in JSON.

    Kept as bytes: thousands of dictionaries that are no peer's own would be walked by the collector of garbage at
    whoever's cost sets it off, and the endpoint of ``add_all``, which makes most objects, sets it off most.
    """
    made, moment = [], START
    for start in range(0, events, size):
        batch = []
        for seq in range(start + 1, min(start + size, events) + 1):
            moment += timedelta(seconds=source.uniform(0, 4))
            kind = source.choice(KINDS)
            event = {
                "event_id": str(uuid7()), "seq": seq, "type": kind, "camera_id": f"cam{source.randrange(4)}",
                "zone_id": f"zone{source.randrange(3)}", "zone_revision": 1, "occurred_at": moment.isoformat(),
            }  # fmt: skip
            if not kind.startswith("footfall"):
                event["value"] = round(source.lognormvariate(3, 1), 2)
            if kind == "occupancy":
                event["attributes"] = {"peak": 4, "seen_s": 60.0}
            batch.append(event)
        made.append(json.dumps(batch).encode())
    return made


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of processor: of this program and PostgreSQL together, and of this program alone."""

    clock_s: float
    cpu_s: float
    own_cpu_s: float


Write = Callable[[Any], Awaitable[object]]
"""Writes one batch, in the form that was made ready for it."""


async def at_once(lanes: list[tuple[Write, list[Any]]]) -> Cost:
    """What all batches but each lane's first ones cost, lanes beside each other."""

    async def work(write: Write, ready: list[Any]) -> None:
        for batch in ready:
            await write(batch)

    await asyncio.gather(*(work(write, ready[:WARM]) for write, ready in lanes))
    server_s, own_s, clock_s = server_cpu_s(), time.process_time(), time.perf_counter()
    await asyncio.gather(*(work(write, ready[WARM:]) for write, ready in lanes))
    clock_s, own_s = time.perf_counter() - clock_s, time.process_time() - own_s
    return Cost(clock_s, server_cpu_s() - server_s + own_s, own_s)


async def post(app: FastAPI, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of what an application answers, asked by its own interface: a client's cost is none of the endpoint's."""
    told = {"host": "bench", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "client": ("127.0.0.1", 1),
        "server": ("bench", 80), "headers": [(name.lower().encode(), value.encode()) for name, value in told.items()],
    }  # fmt: skip
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


async def ours(
    database: Database,
    keys: list[str],
    lanes: list[list[bytes]],
    pack: Callable[[bytes], bytes],
    name: str,
) -> Cost:
    """The real endpoint, with its keys, row-level security, idempotence and figures."""
    app = create_app(
        CloudSettings(
            database_url=_url(database.url), database_direct_url=_url(database.direct_url), prepared_statements=True
        )
    )
    async with app.router.lifespan_context(app):

        def lane(key: str, uploads: list[bytes]) -> tuple[Write, list[bytes]]:
            headers = {EDGE_KEY_HEADER: key, **({"Content-Encoding": name} if name else {})}

            async def write(body: bytes) -> None:
                status = await post(app, EVENTS_PATH, body, headers)
                assert status == 200, f"an upload was answered with {status}; fewer lanes at once?"

            return write, [pack(b'{"events": ' + upload + b"}") for upload in uploads]

        return await at_once([lane(key, uploads) for key, uploads in zip(keys, lanes, strict=True)])


async def plain(database: Database, lanes: list[list[bytes]]) -> Cost:
    """FastAPI, SQLModel, ``add_all``: no keys, no idempotence, no figures."""
    app, sessions = FastAPI(), async_sessionmaker(database.engine, class_=AsyncSession)
    store_id = uuid7()

    @app.post("/events")
    async def keep(events: list[PlainIn]) -> dict[str, int]:
        async with sessions() as session:
            session.add_all([PlainEvent(store_id=store_id, **e.model_dump()) for e in events])
            await session.commit()
        return {"n": len(events)}

    async def write(body: bytes) -> None:
        assert await post(app, "/events", body, {"Content-Type": "application/json"}) == 200

    return await at_once([(write, uploads) for uploads in lanes])


_BARE = (
    "INSERT INTO bare_events SELECT $1, u.* FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], "
    "$6::text[], $7::int[], $8::timestamptz[], $9::float8[]) AS u"
)
_BARE_WHOLE = (
    "INSERT INTO bare_whole (store_id, org_id, device_id, received_at, event_id, seq, type, camera_id, zone_id, "
    "zone_revision, occurred_at, value, attributes) SELECT $1, $1, $1, now(), u.id, u.seq, u.type, u.camera, u.zone, "
    "u.revision, u.at, u.value, u.attributes::json FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], "
    "$6::text[], $7::int[], $8::timestamptz[], $9::float8[], $10::text[]) "
    "AS u(id, seq, type, camera, zone, revision, at, value, attributes)"
)


async def bare(database: Database, lanes: list[list[bytes]], *, is_whole: bool = False) -> Cost:
    """asyncpg and one ``INSERT ... FROM unnest``: values ready, no JSON, no HTTP, nothing looked at.

    Args:
        is_whole: into a table with the columns and the indexes of ours; else into nine columns with one index.
    """
    pool = await asyncpg.create_pool(_url(database.url), min_size=len(lanes), max_size=len(lanes))
    store_id, statement = uuid7(), _BARE_WHOLE if is_whole else _BARE

    async def write(arrays: list[Any]) -> None:
        async with pool.acquire() as connection:
            await connection.execute(statement, store_id, *arrays)

    try:
        ready = [[_columns(json.loads(upload), is_whole=is_whole) for upload in uploads] for uploads in lanes]
        return await at_once([(write, arrays) for arrays in ready])
    finally:
        await pool.close()


def _columns(upload: list[dict[str, Any]], *, is_whole: bool) -> list[list[Any]]:
    columns: list[list[Any]] = [
        [UUID(e["event_id"]) for e in upload], [e["seq"] for e in upload], [e["type"] for e in upload],
        [e["camera_id"] for e in upload], [e["zone_id"] for e in upload], [1] * len(upload),
        [datetime.fromisoformat(e["occurred_at"]) for e in upload], [e.get("value") for e in upload],
    ]  # fmt: skip
    return [*columns, [json.dumps(e.get("attributes", {})) for e in upload]] if is_whole else columns


async def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """All of it."""
    source = random.Random(1)
    rates: dict[str, list[Rate]] = {}
    async with bench_database() as database:
        async with maintenance(database) as connection:
            await connection.execute(text(
                "CREATE TABLE bare_events (store_id uuid, event_id uuid, seq bigint, type text, camera_id text, "
                "zone_id text, zone_revision int, occurred_at timestamptz, value float8, PRIMARY KEY (store_id, event_id))"
            ))  # fmt: skip
            await connection.execute(text("CREATE TABLE bare_whole (LIKE events INCLUDING ALL)"))
            await connection.execute(text(
                "CREATE TABLE plain_events (event_id uuid PRIMARY KEY, store_id uuid, seq int, type varchar, "
                "camera_id varchar, zone_id varchar, zone_revision int, occurred_at timestamptz, value float8, "
                "attributes json)"
            ))  # fmt: skip
        packs: dict[str, tuple[Callable[[bytes], bytes], str]] = {
            "ours": (bytes, ""), "ours, gzip": (lambda b: gzip.compress(b, 5), "gzip"),
            "ours, zstd": (zstandard.compress, "zstd"),
        }  # fmt: skip
        # Taken in turns: this machine is not alone, and its speed changes from minute to minute.
        for turn in range(arguments.turns):
            n_warm = WARM * arguments.batch
            lanes = [batches(n_warm + arguments.events, arguments.batch, source) for _ in range(arguments.at_once)]
            total = arguments.events * arguments.at_once
            few = [lane[: WARM + max(1, (len(lane) - WARM) // 2)] for lane in lanes]
            n_few = sum(len(json.loads(upload)) for lane in few for upload in lane[WARM:])
            found = {"bare unnest": _rate(total, await bare(database, lanes))}
            found["bare unnest, our columns and indexes"] = _rate(total, await bare(database, lanes, is_whole=True))
            found["plain add_all"] = _rate(n_few, await plain(database, few))
            for name, (pack, encoding) in packs.items():
                keys = await new_keys(database, arguments.at_once)
                found[name] = _rate(total, await ours(database, keys, lanes, pack, encoding))
            late = [[lane[-1], *lane[:-1]] for lane in lanes]
            found["ours, backlog"] = _rate(
                total, await ours(database, await new_keys(database, arguments.at_once), late, bytes, "")
            )
            for name, rate in found.items():
                rates.setdefault(name, []).append(rate)
            told = ", ".join(f"{n} {r.events_per_s:,.0f}/s ({r.cpu_us:.0f} us)" for n, r in found.items())
            print(f"turn {turn + 1}: {told}", file=sys.stderr)
        async with maintenance(database) as connection:
            differences = await rollup_differences(connection)
    return {**_told(rates), "rollup_differences": len(differences)}


@dataclass(frozen=True)
class Rate:
    """Of one peer in one turn; microseconds of processor per event, of all and of this program alone."""

    events_per_s: float
    cpu_us: float
    own_cpu_us: float


def _rate(events: int, cost: Cost) -> Rate:
    return Rate(events / cost.clock_s, 1e6 * cost.cpu_s / events, 1e6 * cost.own_cpu_s / events)


def _told(rates: dict[str, list[Rate]]) -> dict[str, Any]:
    own = rates["ours"]
    peers = {
        "plain": "plain add_all", "bare": "bare unnest",
        "bare_with_our_columns_and_indexes": "bare unnest, our columns and indexes",
    }  # fmt: skip
    told: dict[str, Any] = {
        "best_events_per_s": {name: round(max(r.events_per_s for r in found)) for name, found in rates.items()},
        "median_events_per_s": {
            name: round(statistics.median(r.events_per_s for r in found)) for name, found in rates.items()
        },
        "median_cpu_us_per_event": {
            name: round(statistics.median(r.cpu_us for r in found), 1) for name, found in rates.items()
        },
        "median_python_us_per_event": {
            name: round(statistics.median(r.own_cpu_us for r in found), 1) for name, found in rates.items()
        },
    }
    best = told["best_events_per_s"]
    for word, name in peers.items():
        told[f"times_{word}"] = {
            "best_of_each": round(best["ours"] / best[name], 2),
            **_spread([a.events_per_s / b.events_per_s for a, b in zip(own, rates[name], strict=True)]),
            "by_processor": _spread([b.cpu_us / a.cpu_us for a, b in zip(own, rates[name], strict=True)]),
        }
    return told


def _spread(ratios: list[float]) -> dict[str, Any]:
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return {"median": round(middle, 2), "middle_half": [round(low, 2), round(high, 2)]}


async def new_keys(database: Database, n: int) -> list[str]:
    """Laptops of as many stores."""
    name = f"Bench {uuid7()}"
    async with maintenance(database) as connection:
        office = Administration(connection)
        await office.create_organisation(name)
        stores = [
            await office.create_store(name, f"Store {i} {name}"[:200], timezone="Europe/Berlin") for i in range(n)
        ]
        return [(await office.create_edge_key(str(store)))[2] for store in stores]


def _url(url: str) -> str:
    return url.replace("postgresql+asyncpg", "postgresql")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ingest")
    parser.add_argument("--events", type=int, default=5_000, help="per laptop and turn")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--storm", action="store_true", help="simulate a reconnect storm instead")
    parser.add_argument("--stores", type=int, default=10_000)
    parser.add_argument("--places", type=int, default=8, help="of all workers together, in the storm")
    parser.add_argument("--backlog-ms", type=float, default=80.0, help="what a backlog upload takes, in the storm")
    parser.add_argument("--live-ms", type=float, default=10.0, help="what a live upload takes, in the storm")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.storm:
        found = storm(
            stores=arguments.stores, places=arguments.places, backlog_batch_s=arguments.backlog_ms / 1000,
            live_batch_s=arguments.live_ms / 1000,
        )  # fmt: skip
    else:
        found = asyncio.run(run(arguments))
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

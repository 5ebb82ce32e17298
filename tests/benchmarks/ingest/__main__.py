"""How fast uploads are written: ours against a plain SQLModel endpoint and a bare insert, in one run.

python -m tests.benchmarks.ingest [--events 20000] [--batch 500] [--at-once 2] [--json]
python -m tests.benchmarks.ingest --storm [--stores 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
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
from tests.benchmarks.postgres_bench import bench_database, cpu_s

START = datetime.now(UTC) - timedelta(hours=6)
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


def batches(events: int, size: int, source: random.Random) -> list[list[dict[str, Any]]]:
    """Uploads of one laptop: a busy quarter of an hour or two each."""
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
        made.append(batch)
    return made


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of processor (ours and PostgreSQL's together)."""

    clock_s: float
    cpu_s: float


async def at_once(works: list[Callable[[], Awaitable[None]]]) -> Cost:
    """What all cost, run beside each other."""
    start_s, start_cpu_s = time.perf_counter(), cpu_s()
    await asyncio.gather(*(work() for work in works))
    return Cost(time.perf_counter() - start_s, cpu_s() - start_cpu_s)


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
    lanes: list[list[list[dict[str, Any]]]],
    pack: Callable[[bytes], bytes],
    name: str,
) -> float:
    """The real endpoint, with its keys, row-level security, idempotence and figures."""
    app = create_app(
        CloudSettings(
            database_url=_url(database.url), database_direct_url=_url(database.direct_url), prepared_statements=True
        )
    )
    async with app.router.lifespan_context(app):

        def lane(key: str, uploads: list[list[dict[str, Any]]]) -> Callable[[], Awaitable[None]]:
            bodies = [pack(json.dumps({"events": b}).encode()) for b in uploads]
            headers = {EDGE_KEY_HEADER: key, **({"Content-Encoding": name} if name else {})}

            async def work() -> None:
                for body in bodies:
                    assert await post(app, EVENTS_PATH, body, headers) == 200

            return work

        works = [lane(key, uploads) for key, uploads in zip(keys, lanes, strict=True)]
        await asyncio.gather(*(lane(key, [[]])() for key in keys * 2))  # connections are made, statements prepared
        return await at_once(works)


async def plain(database: Database, lanes: list[list[list[dict[str, Any]]]]) -> Cost:
    """FastAPI, SQLModel, ``add_all``: no keys, no idempotence, no figures."""
    app, sessions = FastAPI(), async_sessionmaker(database.engine, class_=AsyncSession)
    store_id = uuid7()

    @app.post("/events")
    async def keep(events: list[PlainIn]) -> dict[str, int]:
        async with sessions() as session:
            session.add_all([PlainEvent(store_id=store_id, **e.model_dump()) for e in events])
            await session.commit()
        return {"n": len(events)}

    def lane(uploads: list[list[dict[str, Any]]]) -> Callable[[], Awaitable[None]]:
        bodies = [json.dumps(b).encode() for b in uploads]

        async def work() -> None:
            for body in bodies:
                assert await post(app, "/events", body, {"Content-Type": "application/json"}) == 200

        return work

    works = [lane(uploads) for uploads in lanes]
    await asyncio.gather(*(lane([[]])() for _ in lanes * 2))
    return await at_once(works)


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


async def bare(database: Database, lanes: list[list[list[dict[str, Any]]]], *, is_whole: bool = False) -> Cost:
    """asyncpg and one ``INSERT ... FROM unnest``: values ready, no JSON, no HTTP, nothing looked at.

    Args:
        is_whole: into a table with the columns and the indexes of ours; else into nine columns with one index.
    """
    pool = await asyncpg.create_pool(_url(database.url), min_size=len(lanes), max_size=len(lanes))
    store_id, statement = uuid7(), _BARE_WHOLE if is_whole else _BARE

    def lane(uploads: list[list[dict[str, Any]]]) -> Callable[[], Awaitable[None]]:
        columns = [_columns(upload, is_whole=is_whole) for upload in uploads]

        async def work() -> None:
            for arrays in columns:
                async with pool.acquire() as connection:
                    await connection.execute(statement, store_id, *arrays)

        return work

    try:
        return await at_once([lane(uploads) for uploads in lanes])
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
    rates: dict[str, list[tuple[float, float]]] = {}
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
            lanes = [batches(arguments.events, arguments.batch, source) for _ in range(arguments.at_once)]
            total = arguments.events * arguments.at_once
            few = [lane[: max(1, len(lane) // 4)] for lane in lanes]
            n_few = sum(len(b) for lane in few for b in lane)
            found = {"bare unnest": _rate(total, await bare(database, lanes))}
            found["bare unnest, our columns and indexes"] = _rate(total, await bare(database, lanes, is_whole=True))
            found["plain add_all"] = _rate(n_few, await plain(database, few))
            for name, (pack, encoding) in packs.items():
                keys = await new_keys(database, arguments.at_once)
                found[name] = _rate(total, await ours(database, keys, lanes, pack, encoding))
            for name, rate in found.items():
                rates.setdefault(name, []).append(rate)
            told = ", ".join(f"{n} {r[0]:,.0f}/s ({r[1]:.0f} us)" for n, r in found.items())
            print(f"turn {turn + 1}: {told}", file=sys.stderr)
        async with maintenance(database) as connection:
            differences = await rollup_differences(connection)
    best = {name: max(r[0] for r in found) for name, found in rates.items()}
    cpu = {name: min(r[1] for r in found) for name, found in rates.items()}
    return {
        "events_per_s": {name: round(rate) for name, rate in best.items()},
        "cpu_us_per_event": {name: round(us, 1) for name, us in cpu.items()},
        "times_plain": round(best["ours"] / best["plain add_all"], 1),
        "times_bare": round(best["ours"] / best["bare unnest"], 2),
        "times_bare_with_our_columns_and_indexes": round(
            best["ours"] / best["bare unnest, our columns and indexes"], 2
        ),
        "cpu_times_plain": round(cpu["plain add_all"] / cpu["ours"], 1),
        "cpu_times_bare": round(cpu["bare unnest"] / cpu["ours"], 2),
        "rollup_differences": len(differences),
    }


def _rate(events: int, cost: Cost) -> tuple[float, float]:
    """Events per second, and microseconds of processor per event."""
    return events / cost.clock_s, 1e6 * cost.cpu_s / events


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
    parser.add_argument("--events", type=int, default=10_000, help="per laptop and turn")
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--storm", action="store_true", help="simulate a reconnect storm instead")
    parser.add_argument("--stores", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = storm(stores=arguments.stores) if arguments.storm else asyncio.run(run(arguments))
    print(json.dumps(found) if arguments.json else json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

"""What a page costs the server: milliseconds, statements, bytes as made and as packed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx
from sqlalchemy import event

from cloud_api.app import create_app
from cloud_api.kit.database import Database
from cloud_api.serving import settle
from cloud_api.settings import CloudSettings

LOADS = 5


@dataclass(frozen=True)
class PageCost:
    """Of one page. ``statements``: all that go to the database; ``kinds``: different ones among them.

    ``first_ms``: of the first load, in which nothing is remembered; ``program_ms``: of the program's own processor.
    """

    ms: float
    first_ms: float
    program_ms: float
    statements: int
    kinds: int
    n_bytes: int
    n_packed: int


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """Every statement that goes to the database meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def costs(settings: CloudSettings, who: tuple[str, str], pages: list[str]) -> dict[str, PageCost]:
    """Of each page; the median of some loads after a first one."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cloud.test", timeout=300) as client:
            answer = await client.post("/login", data={"email": who[0], "password": who[1]})
            assert answer.status_code == 303, answer.text
            settle()  # as the server does
            return {path: await _cost(client, app.state.database, path) for path in pages}


async def _cost(client: httpx.AsyncClient, database: Database, path: str) -> PageCost:
    took, worked = [], []
    for _ in range(LOADS + 1):
        with statements_of(database) as seen:
            start, worked_s = time.perf_counter(), time.process_time()
            answer = await client.get(path, headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
            took.append((time.perf_counter() - start) * 1000)
            worked.append((time.process_time() - worked_s) * 1000)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
    n_packed = int(answer.headers["content-length"])
    times = median(took[1:]), took[0], median(worked[1:])
    return PageCost(*times, len(seen), len(set(seen)), len(answer.content), n_packed)

"""What uvicorn's processes start with: the application, set by the environment."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from types import FrameType

from fastapi import FastAPI

from cloud_api.app import create_app
from cloud_api.kit.logs import write_json_lines


def one() -> FastAPI:
    """The only process."""
    return _made(is_one_of_several=False)


def one_of_several() -> FastAPI:
    """One of several workers on PostgreSQL."""
    return _made(is_one_of_several=True)


def _made(*, is_one_of_several: bool) -> FastAPI:
    if os.environ.get("WINK_CLOUD_LOG_JSON") == "1":
        write_json_lines()
    app = create_app(has_round=True, has_shared_meters=is_one_of_several)
    lives = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        # A page's stream of news ends with the server. Without being told so it would hold up the end of the server
        # for as long as requests may take; uvicorn tells the application only when all requests are over.
        loop = asyncio.get_running_loop()
        async with lives(served):
            settle()
            with ExitStack() as stack:
                for number in (signal.SIGTERM, signal.SIGINT):
                    stack.enter_context(
                        told_first(number, lambda: loop.call_soon_threadsafe(app.state.broadcaster.close))
                    )
                yield

    app.router.lifespan_context = lifespan
    return app


def settle() -> None:
    """What is there by now stays: the collector of garbage need not go through it again, in the middle of an answer."""
    gc.collect()
    gc.freeze()


@contextmanager
def told_first(number: signal.Signals, tell: Callable[[], object]) -> Iterator[None]:
    """Within the block ``tell`` is called when the signal comes, before whoever was to handle it until now."""
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        tell()
        if callable(before):
            before(received, frame)

    if callable(before):
        signal.signal(number, handle)
    try:
        yield
    finally:
        if signal.getsignal(number) is handle:
            signal.signal(number, before)

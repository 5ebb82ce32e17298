"""How long to wait before a camera is tried again: a pure function."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.services.ports import SourceAuthError, SourceError

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
REFUSED_WAIT_S = 300.0
HEALTHY_S = 60.0
"""After this long without trouble the next outage begins with the shortest wait again."""


def reconnect_wait_s(error: SourceError, *, failures: int, chance: float) -> float:
    """Seconds to wait after ``failures`` in a row (this one included); ``chance`` in [0, 1) is the jitter.

    A refused password waits five minutes: cameras lock accounts that are tried too often.
    """
    if isinstance(error, SourceAuthError):
        return REFUSED_WAIT_S
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(max(0, failures - 1), 10))
    return ceiling * (0.5 + 0.5 * chance)


@dataclass(slots=True)
class Backoff:
    """Counts one camera's failures in a row."""

    failures: int = 0

    def wait_s(self, error: SourceError, *, healthy_s: float, chance: float) -> float:
        """Seconds to wait after ``error``, which came after ``healthy_s`` of good pictures (not of an open connection)."""
        self.failures = 1 if healthy_s >= HEALTHY_S else self.failures + 1
        return reconnect_wait_s(error, failures=self.failures, chance=chance)

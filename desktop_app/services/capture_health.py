"""Whether a camera really sees: pure rules on monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass

FROZEN_S = 20.0
STALE_S = 3.0


def stale_words(*, silent_s: float) -> str | None:
    """What to say of a camera that was live and has sent nothing for ``silent_s``; None while that is ordinary."""
    if silent_s <= STALE_S:
        return None
    return f"No picture for {int(silent_s)} seconds."


@dataclass(slots=True)
class FrozenWatch:
    """Knows a picture that is identical for ``FROZEN_S`` while frames keep coming.

    Sensors have noise: two frames of a living camera are never the same.
    """

    fingerprint: int | None = None
    since_s: float = 0.0

    def observe(self, fingerprint: int, *, at_s: float) -> bool:
        """Take a frame's fingerprint; tells whether the picture is frozen."""
        if fingerprint != self.fingerprint:
            self.fingerprint, self.since_s = fingerprint, at_s
            return False
        return at_s - self.since_s >= FROZEN_S

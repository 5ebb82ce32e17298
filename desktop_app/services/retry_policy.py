"""What to do after an upload: a pure function from answer, attempts and chance to a decision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from desktop_app.services.ports import CloudAnswer

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
REFUSED_WAIT_S = 60.0
LONGEST_ASKED_S = 3600.0
"""A cloud that asks for more patience than this is not believed."""


class Action(StrEnum):
    """What happens to the batch."""

    SETTLE = "settle"
    RETRY = "retry"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Decision:
    """``wait_s``: before anything is sent again (RETRY only)."""

    action: Action
    wait_s: float = 0.0


def decide(answer: CloudAnswer, *, attempts: int, chance: float) -> Decision:
    """The next step after ``attempts`` failures in a row (this one included); ``chance`` in [0, 1).

    Network errors, 5xx, 408 and 429 wait with full jitter (Brooker, "Exponential Backoff And Jitter", 2015) up to five
    minutes, or as long as the cloud asks for. A refused key waits a minute or more: it heals only by a person. Any other
    4xx blames the batch, which is split until the event to blame stands alone. A 200 without a receipt of ours is a
    captive portal, not the cloud.
    """
    if answer.status == 200 and answer.receipt is not None:
        return Decision(Action.SETTLE)
    if answer.status in (401, 403):
        return Decision(Action.RETRY, REFUSED_WAIT_S + chance * (LONGEST_WAIT_S - REFUSED_WAIT_S))
    if 400 <= answer.status < 500 and answer.status not in (404, 407, 408, 425, 429):
        return Decision(Action.SPLIT)
    if answer.retry_after_s is not None:
        return Decision(Action.RETRY, min(max(answer.retry_after_s, 0.0), LONGEST_ASKED_S) * (1 + 0.1 * chance))
    ceiling = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts, 16))
    return Decision(Action.RETRY, max(0.2, chance * ceiling))

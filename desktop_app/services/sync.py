"""Uploads the outbox: live events first, backlog second; every event until the cloud has answered for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from desktop_app.services.ports import Cloud, CloudAnswer, Outbox, PendingEvent
from desktop_app.services.retry_policy import Action, decide
from shared_models.clock import Clock
from shared_models.sync import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, ReceiptStatus

BATCH_EVENTS = 500
LIVE_SPAN = timedelta(minutes=15)
BACKLOG_EVERY = 4
"""While both wait, every fourth batch is backlog: a busy door does not starve last night's events."""


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """What one round did.

    Attributes:
        sent, rejected: events settled by it.
        wait_s: before the next round; 0: there is more to send; None: nothing waits.
        words: what is wrong, or empty.
        is_refused: the cloud does not know this edge key (any more).
    """

    sent: int = 0
    rejected: int = 0
    wait_s: float | None = None
    words: str = ""
    is_refused: bool = False


class SyncService:
    """One store's uploads. Used by one thread."""

    def __init__(
        self, outbox: Outbox, cloud: Cloud, *, clock: Clock, chance: Callable[[], float] = random.random
    ) -> None:
        self._outbox = outbox
        self._cloud = cloud
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._rounds = 0
        self._contiguous_seq = 0

    def run_once(self) -> SyncOutcome:
        """Send one batch and settle what the cloud answered."""
        now = self._clock.utc_now()
        rows = self._next_rows(now)
        if not rows:
            return SyncOutcome()
        outcome = self._deliver(rows, now=now)
        if outcome.wait_s is None:
            self._failures = 0
            return SyncOutcome(outcome.sent, outcome.rejected, wait_s=0.0)
        self._failures += 1
        return outcome

    def _next_rows(self, now: datetime) -> list[PendingEvent]:
        self._rounds += 1
        live = None if self._rounds % BACKLOG_EVERY == 0 else now - LIVE_SPAN
        limit, size = min(BATCH_EVENTS, MAX_BATCH_EVENTS), MAX_BATCH_BYTES // 2
        rows = self._outbox.claim(limit=limit, max_bytes=size, since=live)
        return rows or self._outbox.claim(limit=limit, max_bytes=size)

    def _deliver(self, rows: Sequence[PendingEvent], *, now: datetime) -> SyncOutcome:
        """Send ``rows``; halves are tried where the batch as a whole is refused. ``wait_s`` None: all is settled."""
        dead = self._outbox.dead_letter_seqs(above=self._contiguous_seq, limit=MAX_BATCH_EVENTS)
        answer = self._cloud.send(batch_payload(rows, sent_at=now, dead_letter_seqs=dead))
        decision = decide(answer, attempts=self._failures + 1, chance=self._chance())
        if decision.action is Action.SETTLE:
            return self._settle(rows, answer)
        if decision.action is Action.RETRY:
            return SyncOutcome(wait_s=decision.wait_s, words=answer.words, is_refused=answer.status in (401, 403))
        if len(rows) == 1:
            self._outbox.settle(accepted=[], rejected={rows[0].event_id: f"{answer.status}: {answer.words}"})
            return SyncOutcome(rejected=1)
        first = self._deliver(rows[: len(rows) // 2], now=now)
        if first.wait_s is not None:
            return first
        second = self._deliver(rows[len(rows) // 2 :], now=now)
        return SyncOutcome(
            first.sent + second.sent,
            first.rejected + second.rejected,
            second.wait_s,
            second.words,
            second.is_refused,
        )

    def _settle(self, rows: Sequence[PendingEvent], answer: CloudAnswer) -> SyncOutcome:
        """Believe the receipt, event by event. What it does not name stays pending."""
        self._contiguous_seq = answer.receipt.contiguous_seq if answer.receipt else 0
        accepted: list[str] = []
        rejected: dict[str, str] = {}
        for result in answer.receipt.results if answer.receipt else ():
            if result.index >= len(rows):
                continue
            event_id = rows[result.index].event_id
            if result.event_id is not None and str(result.event_id) != event_id:
                continue
            if result.status is ReceiptStatus.REJECTED:
                rejected[event_id] = result.reason or "refused without a reason"
            else:
                accepted.append(event_id)
        self._outbox.settle(accepted=accepted, rejected=rejected)
        missing = len(rows) - len(accepted) - len(rejected)
        if missing:
            retry = decide(CloudAnswer(status=0), attempts=self._failures + 1, chance=self._chance())
            words = f"The cloud's receipt left out {missing} events; they are sent again."
            return SyncOutcome(len(accepted), len(rejected), retry.wait_s, words)
        return SyncOutcome(len(accepted), len(rejected))


def batch_payload(rows: Sequence[PendingEvent], *, sent_at: datetime, dead_letter_seqs: Sequence[int] = ()) -> bytes:
    """The JSON of an EventBatch, put together from bodies that are JSON already."""
    bodies = ",".join(row.body for row in rows)
    dead = f'"dead_letter_seqs":{json.dumps(list(dead_letter_seqs))},' if dead_letter_seqs else ""
    return f'{{"sent_at":{json.dumps(sent_at.isoformat())},{dead}"events":[{bodies}]}}'.encode()

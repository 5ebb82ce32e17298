"""One camera's figures as they run: per zone since the store's midnight, in minus out since its reset hour.

They are a memory of the events, never more: kept in the transaction that keeps the events, and added up from them anew
where what was kept is of another time (an older version counted from four o'clock; the store got another time zone) or
where events were replaced by a recount.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from desktop_app.domain.store_level import level_step
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.ports import OutboxError
from shared_models.events import RECOUNTABLE, EventType

log = logging.getLogger(__name__)

DRIFT_DAYS = 30
"""Days of which the drift is kept."""
LOOK_EVERY = timedelta(seconds=10)
"""So often it is seen whether another process counted the camera's past anew."""

Bounds = tuple[datetime, datetime]


class Days(Protocol):
    """When figures begin anew. Equal values mean the same days."""

    def day_of(self, moment: datetime) -> date: ...
    def day_bounds(self, day: date) -> Bounds: ...
    def level_day_of(self, moment: datetime) -> date: ...
    def level_bounds(self, day: date) -> Bounds: ...


class OneRun:
    """Days of a run whose figures never begin anew, such as a demonstration's."""

    def day_of(self, moment: datetime) -> date:
        del moment
        return date.min

    def day_bounds(self, day: date) -> Bounds:
        del day
        return datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    level_day_of, level_bounds = day_of, day_bounds


class CountedFact(Protocol):
    """A crossing or a stay."""

    @property
    def type(self) -> EventType: ...
    @property
    def zone_id(self) -> str | None: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def attributes(self) -> Mapping[str, Any]: ...


def recount_key(camera_id: str) -> str:
    """Among the counters: which recount of a camera was the last."""
    return f"recounted/{camera_id}"


CountedSince = Callable[[datetime], Sequence[CountedFact]]
"""A camera's crossings and stays from a moment on, as they are kept; may raise OutboxError."""


class RunningFigures:
    """The figures of one camera. Not thread-safe: its pipeline calls it under its lock.

    Args:
        days: asked at every frame; the store may get another time zone while its cameras count.
        counted_since: what the events say; None: nobody can tell, figures of another time begin at zero.
    """

    def __init__(
        self,
        camera_id: str,
        *,
        days: Callable[[], Days],
        load: Callable[[], dict[str, str]],
        counted_since: CountedSince | None = None,
    ) -> None:
        self._keys = (f"zones/{camera_id}", f"level/{camera_id}", f"drift/{camera_id}")
        self._recount_key = recount_key(camera_id)
        self._recount, self._looked_at = "", datetime.min.replace(tzinfo=UTC)
        self._days_of, self._load, self._counted_since = days, load, counted_since
        self._days: Days | None = None
        self._day = self._level = _no_time()
        self._net = 0
        self._drift: dict[str, int] = {}

    def advance(self, engine: ZoneEngine, moment: datetime, *, unsaved: Sequence[CountedFact] = ()) -> None:
        """A frame of ``moment`` comes: begin anew what its time is over for. ``unsaved``: events that still wait."""
        days = self._days_of()
        if self._days is None:
            self._begin(engine, moment, days)
        elif days != self._days:
            self._take_up(days, moment)
            self._add_up(engine, unsaved)
        elif abs(moment - self._looked_at) >= LOOK_EVERY:
            self._looked_at = moment
            self.follow_recount(engine, unsaved)
        if moment >= self._day[1]:
            engine.reset_counters()
            self._day = days.day_bounds(days.day_of(moment))
        if moment >= self._level[1]:
            self._note_drift(days.level_day_of(self._level[0]), self._net)
            self._net, self._level = 0, days.level_bounds(days.level_day_of(moment))

    def take(self, engine: ZoneEngine, drafts: Iterable[CountedFact]) -> None:
        """Events were decided. One that occurred before its day was over belongs to that day, however late it is known."""
        for draft in drafts:
            if draft.zone_id is None or draft.type not in RECOUNTABLE or self._days is None:
                continue
            if draft.occurred_at < self._day[0]:
                engine.take_back(draft.zone_id, draft.type, is_brief=draft.attributes.get("visit") is False)
            if draft.occurred_at < self._level[0]:
                self._note_drift(self._days.level_day_of(draft.occurred_at), level_step(draft))
            else:
                self._net += level_step(draft)

    def follow_recount(self, engine: ZoneEngine, unsaved: Sequence[CountedFact]) -> None:
        """If a recount has replaced events: take the figures from them. Tried again soon if they cannot be read."""
        try:
            recount = self._load().get(self._recount_key, "")
        except OutboxError as error:
            log.info("whether there was a recount is asked again: %s", error)
            return
        if recount != self._recount and self._add_up(engine, unsaved):
            self._recount = recount

    def counters(self, engine: ZoneEngine) -> dict[str, str]:
        """For the outbox's transaction."""
        if self._days is None:
            return {}
        zones, level, drift = self._keys
        day, level_day = self._days.day_of(self._day[0]), self._days.level_day_of(self._level[0])
        # "day" is what older versions look at.
        totals = {"day": day.isoformat(), "from": self._day[0].isoformat(), "totals": engine.saved_counters(),
                  "recount": self._recount}  # fmt: skip
        net = {"day": level_day.isoformat(), "from": self._level[0].isoformat(), "net": self._net}
        kept = {zones: json.dumps(totals), level: json.dumps(net)}
        return {**kept, drift: json.dumps(self._drift)} if self._drift else kept

    def _begin(self, engine: ZoneEngine, moment: datetime, days: Days) -> None:
        kept = self._load()
        zones, level, drift = (json.loads(kept.get(key, "{}")) for key in self._keys)
        self._take_up(days, moment)
        self._drift, self._recount, self._looked_at = drift, kept.get(self._recount_key, ""), moment
        is_same_day = zones.get("from") == self._day[0].isoformat() and zones.get("recount", "") == self._recount
        is_same_level = level.get("from") == self._level[0].isoformat()
        if is_same_day and is_same_level:
            engine.restore_counters(zones["totals"])
        if is_same_level:
            self._net = level["net"]
        elif level and date.fromisoformat(level["day"]) < days.level_day_of(moment):
            self._note_drift(date.fromisoformat(level["day"]), level["net"])
        is_known = (is_same_day and is_same_level) or self._add_up(engine, ())
        if not is_known and zones.get("day") == days.day_of(moment).isoformat():
            engine.restore_counters(zones["totals"])

    def _take_up(self, days: Days, moment: datetime) -> None:
        self._days = days
        self._day = days.day_bounds(days.day_of(moment))
        self._level = days.level_bounds(days.level_day_of(moment))

    def _add_up(self, engine: ZoneEngine, unsaved: Sequence[CountedFact]) -> bool:
        """Take the figures from the events; False: they cannot be read, and the figures stay as they are."""
        if self._counted_since is None:
            return False
        try:
            kept = self._counted_since(min(self._day[0], self._level[0]))
        except OutboxError as error:
            log.warning("the running figures stay as they were, for the events cannot be read now: %s", error)
            return False
        facts = [*kept, *(f for f in unsaved if f.zone_id is not None and f.type in RECOUNTABLE)]
        engine.reset_counters()
        engine.restore_counters(json.dumps(totals_of(f for f in facts if f.occurred_at >= self._day[0])))
        self._net = sum(level_step(f) for f in facts if f.occurred_at >= self._level[0])
        return True

    def _note_drift(self, day: date, people: int) -> None:
        """A level is over: what its lines have in surplus (COUNTING.md section 5) is written down."""
        self._drift[day.isoformat()] = self._drift.get(day.isoformat(), 0) + people
        self._drift = dict(sorted(self._drift.items())[-DRIFT_DAYS:])


def totals_of(facts: Iterable[CountedFact]) -> dict[str, list[int]]:
    """By zone: in, out, stays, entries that were no visit; as ``ZoneEngine.restore_counters`` takes them."""
    totals: dict[str, list[int]] = {}
    for fact in facts:
        own = totals.setdefault(fact.zone_id or "", [0, 0, 0, 0])
        column = {EventType.FOOTFALL_IN: 0, EventType.FOOTFALL_OUT: 1}.get(fact.type, 2)
        own[column] += 1
        own[3] += fact.type is EventType.FOOTFALL_IN and fact.attributes.get("visit") is False
    return totals


def written_drift(counters: Mapping[str, str], day: date) -> int | None:
    """The store's drift of the level that began on ``day``, over all its cameras, as it was written down."""
    found: list[int] = []
    for key, value in counters.items():
        kept = json.loads(value) if key.startswith(("drift/", "level/")) else {}
        if key.startswith("drift/") and day.isoformat() in kept:
            found.append(kept[day.isoformat()])
        elif key.startswith("level/") and kept.get("day") == day.isoformat():
            found.append(kept["net"])
    return sum(found) if found else None


def _no_time() -> Bounds:
    return datetime.max.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

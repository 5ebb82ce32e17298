"""The store's time zone and reset hour: what everything at the edge asks that says "today", or an hour.

The cloud's word goes first, where there is a cloud; then the owner's (Settings, ``config.yaml``); then the laptop's own
zone, for a laptop stands in its store until somebody says otherwise.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from shared_models.enrolment import StoreFacts
from shared_models.store_time import RESET_HOUR, StoreTime


class LaptopZone(tzinfo):
    """The computer's own time zone, as its system knows it, also where the zone has no name."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return self._local(moment).utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return self._local(moment).dst()

    def tzname(self, moment: datetime | None) -> str | None:
        return self._local(moment).tzname()

    def fromutc(self, moment: datetime) -> datetime:
        there = moment.replace(tzinfo=UTC).astimezone()
        local = there.replace(tzinfo=self, fold=0)
        return local if local.utcoffset() == there.utcoffset() else local.replace(fold=1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LaptopZone)

    def __hash__(self) -> int:
        return hash(LaptopZone)

    @staticmethod
    def _local(moment: datetime | None) -> datetime:
        return (moment or datetime.now()).replace(tzinfo=None).astimezone()  # noqa: DTZ005 - the laptop's own


def laptops_time() -> StoreTime:
    """The time of a store of which nothing is known."""
    return StoreTime(LaptopZone())


def store_time(time_zone: str, reset_hour: int | None = None, *, otherwise: str = "") -> StoreTime:
    """The time of a store in an IANA zone; empty: in the zone ``otherwise``, or the laptop's."""
    name = time_zone or otherwise
    zone = ZoneInfo(name) if name in available_timezones() else LaptopZone()
    return StoreTime(zone, RESET_HOUR if reset_hour is None else reset_hour)


@cache
def zone_names() -> tuple[str, ...]:
    """The zones that a person may mean, in alphabetical order."""
    areas = (
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    )
    return tuple(sorted(n for n in available_timezones() if n == "UTC" or n.partition("/")[0] in areas))


def checked_zone(typed: str) -> str:
    """A time zone as typed, as it is spelt; empty stays empty.

    Raises:
        ValueError: there is none of that name; says which one may be meant.
    """
    words = typed.strip().replace(" ", "_")
    known = {name.casefold(): name for name in available_timezones()}
    if not words or words.casefold() in known:
        return known.get(words.casefold(), "")
    cities = {name.rpartition("/")[2].casefold(): name for name in zone_names()}
    if words.casefold() in cities:
        return cities[words.casefold()]
    near = difflib.get_close_matches(words.casefold(), [*known, *cities], n=1, cutoff=0.7)
    cure = f"did you mean {known.get(near[0]) or cities[near[0]]}?" if near else "write e.g. Europe/Berlin."
    raise ValueError(f"'{typed.strip()}' is no time zone; {cure}")


class StoreTimes:
    """The store's time as it is known now. Cameras ask at every frame, cloud and owner may change it."""

    def __init__(self, now: StoreTime | None = None) -> None:
        self._now = now or laptops_time()
        self._listeners: list[Callable[[StoreFacts], None]] = []

    @property
    def now(self) -> StoreTime:
        return self._now

    def set(self, time: StoreTime) -> None:
        """The owner says so."""
        self._now = time

    def on_told(self, listener: Callable[[StoreFacts], None]) -> None:
        """Call ``listener`` whenever the cloud speaks of the store, from its thread."""
        self._listeners.append(listener)

    def tell(self, facts: StoreFacts) -> None:
        """The cloud says how the store is set there. A zone that this computer does not know is left alone."""
        if facts.time_zone in available_timezones():
            self._now = store_time(facts.time_zone, facts.reset_hour)
        for listener in self._listeners:
            listener(facts)

"""The metrics by the names under which every page, file and API shows them (COUNTING.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared_models.events import EventType


class Bucket(StrEnum):
    """Widths of time buckets, in the store's own time."""

    QUARTER_HOUR = "15min"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure and its definition.

    Attributes:
        name: the one name, in APIs and files.
        title: the words on screen.
        unit: people, seconds, or crossings.
        definition: one sentence an owner understands.
        event_types: the events it is computed from.
    """

    name: str
    title: str
    unit: str
    definition: str
    event_types: tuple[EventType, ...]


FOOTFALL_IN = Metric(
    name="footfall_in",
    title="People in",
    unit="crossings",
    definition="Crossings to the inside of entrance lines. People who come twice count twice.",
    event_types=(EventType.FOOTFALL_IN,),
)
FOOTFALL_OUT = Metric(
    name="footfall_out",
    title="People out",
    unit="crossings",
    definition="Crossings to the outside of entrance lines.",
    event_types=(EventType.FOOTFALL_OUT,),
)
OCCUPANCY = Metric(
    name="occupancy",
    title="Inside now",
    unit="people",
    definition="People in minus people out since the reset hour, never shown below zero.",
    event_types=(EventType.FOOTFALL_IN, EventType.FOOTFALL_OUT),
)
DRIFT = Metric(
    name="drift",
    title="Drift",
    unit="people",
    definition="People in minus people out from reset hour to reset hour, with its sign. Nobody is inside then, so what is "
    "left over tells how well in and out agree.",
    event_types=(EventType.FOOTFALL_IN, EventType.FOOTFALL_OUT),
)
DWELL = Metric(
    name="dwell",
    title="Time spent",
    unit="seconds",
    definition="How long one person stayed in an area, from the first to the last moment inside.",
    event_types=(EventType.DWELL,),
)
QUEUE_WAIT = Metric(
    name="queue_wait",
    title="Queue wait",
    unit="seconds",
    definition="How long one person stood in a queue area.",
    event_types=(EventType.QUEUE_WAIT,),
)
SHELF_INTERACTION = Metric(
    name="shelf_interaction",
    title="Shelf visits",
    unit="people",
    definition="Stays in front of a shelf that lasted at least its threshold.",
    event_types=(EventType.SHELF_INTERACTION,),
)

METRICS: tuple[Metric, ...] = (FOOTFALL_IN, FOOTFALL_OUT, OCCUPANCY, DRIFT, DWELL, QUEUE_WAIT, SHELF_INTERACTION)

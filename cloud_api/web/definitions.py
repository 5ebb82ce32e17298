"""What each figure means, in the words of docs/counting.md. Every number on a page links here."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from cloud_api.kit.language import gettext as _
from cloud_api.kit.language import mark
from cloud_api.web.shell import show, visit
from shared_models.metrics import METRICS

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure. ``name`` is the anchor that pages link to; ``rules``: what to know before believing it."""

    name: str
    title: str
    words: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DefinitionsContext:
    """All definitions."""

    definitions: tuple[Definition, ...]


_RULES: dict[str, tuple[str, ...]] = {
    "footfall_in": (
        mark(
            "A crossing counts once a person has really come to the other side: who stands on the line and sways is not "
            "counted."
        ),
        mark("Somebody who goes in and out again is one in and one out."),
        mark("Footfall is a flow. It is not the number of different people."),
    ),
    "footfall_out": (mark("In and out are counted apart, for their errors cancel in the difference."),),
    "occupancy": (
        mark("It begins at zero at the store's reset hour (04:00 unless set otherwise)."),
        mark("The peak is the highest level at the end of a quarter hour."),
    ),
    "drift": (mark("It belongs to the day on which its level began. All entrance lines of a store add up."),),
    "dwell": (
        mark("p50: half of all stays were shorter. p90: nine of ten were shorter. Both are right to 5 %."),
        mark("A stay begins after one second inside and ends two seconds after the person was last seen inside."),
    ),
    "queue_wait": (mark("p90: nine of ten people waited no longer. A mean alone would hide the long waits."),),
    "shelf_interaction": (mark("The threshold is three seconds unless the shelf is set otherwise."),),
}
OWN = (
    Definition(
        "coverage", mark("Coverage"), mark("The share of a time in which the cameras saw."),
        (mark("No data is never shown as zero: a dash means that nothing is known."),
         mark("Under 95 % a figure is shaded, for people were missed."),
         mark("A camera is expected to see from the quarter hour in which it was first heard of until it is retired.")),
    ),
    Definition(
        "per_open_hour", mark("People in per open hour"),
        mark("People in, divided by the hours in which the store was open."),
        (mark("Ratios come from sums, never from means of ratios."), mark("Without opening hours it is not known.")),
    ),
    Definition(
        "usual", mark("Usual"), mark("The mean of the same weekdays in the four weeks before, of those that had data."),
        (mark("A day under way is compared up to the last full quarter hour."),
         mark("A period longer than a week is compared with the four weeks before all of it."),
         mark("Differences under 5 % are called as usual.")),
    ),
    Definition(
        "day", mark("Day"), mark("A day of the store's own time zone, from midnight to midnight."),
        (mark("It has 23 or 25 hours twice a year."),
         mark("Only people inside are followed over midnight: they begin anew at the reset hour."),
         mark("Figures that come late are added to the hour in which they happened.")),
    ),
)  # fmt: skip
DEFINITIONS = (*(Definition(m.name, m.title, m.definition, _RULES[m.name]) for m in METRICS), *OWN)


def _translated(d: Definition) -> Definition:
    return Definition(d.name, _(d.title), _(d.words), tuple(_(rule) for rule in d.rules))


@router.get("/definitions")
async def definitions(request: Request) -> Response:
    """The page."""
    async with visit(request) as seen:
        return show(
            seen,
            "definitions.html",
            DefinitionsContext(tuple(_translated(d) for d in DEFINITIONS)),
            has_period=False,
            has_stores=False,
        )

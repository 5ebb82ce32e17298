"""What was decided at the lines about a moment, in sentences a person understands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Protocol

from desktop_app.domain.explanation import Explanation, Reason
from desktop_app.services.ports import HistoryError
from desktop_app.services.trajectories import KeptRun

AROUND = timedelta(seconds=30)
_SENTENCES = {
    Reason.COUNTED_IN: "was counted in",
    Reason.COUNTED_OUT: "was counted out",
    Reason.TURNED_BACK: "turned back inside the band around the line, so it was not counted",
    Reason.PASSED_BEYOND_END: "passed beyond the end of the line, so it was not counted",
    Reason.DIRECTION_NOT_COUNTED: "crossed in a direction that this line does not count",
    Reason.ENTRANCE_COUNTED_ALREADY: "crossed, but was counted at another line of this entrance already",
    Reason.NEVER_CONFIRMED: "was never confirmed: it was seen too briefly or too unsurely to be a person, so it was not "
    "counted",
    Reason.FEET_NOT_VISIBLE: "was not counted, because its feet were not visible",
    Reason.STAYED_ON_ITS_SIDE: "came near and stayed on the same side, so it was not counted",
    Reason.CUT: "was near when the camera stopped, before anything was decided",
}


class ExplanationStore(Protocol):
    """Where explanations are read from."""

    def explanations(
        self, camera_id: str, *, from_at: datetime, to_at: datetime, zone_id: str | None = None
    ) -> list[Explanation]:
        """What was decided between two moments, the oldest first."""

    def runs(self, *, camera_id: str | None = None) -> list[KeptRun]:
        """All runs of which something is kept, the oldest first."""

    def cameras(self) -> list[str]:
        """Cameras that something is kept of."""


def explain(
    store: ExplanationStore, camera_id: str, *, at: datetime, zone: tzinfo, zone_id: str | None = None
) -> tuple[list[Explanation], list[str]]:
    """What was decided half a minute before and after ``at``, and the same in sentences.

    Args:
        zone: the store's time zone.

    Raises:
        HistoryError: nothing is kept of this camera or zone; says which ones there are.
    """
    runs = store.runs(camera_id=camera_id)
    if not runs:
        known = ", ".join(store.cameras()) or "none"
        raise HistoryError(f"Nothing is kept of a camera '{camera_id}'; there is something of: {known}.")
    labels = {line.zone_id: line.label for run in runs for line in run.zones if line.kind == "line"}
    if zone_id is not None and zone_id not in labels:
        raise HistoryError(f"Camera '{camera_id}' has no line '{zone_id}'; it has: {', '.join(labels) or 'none'}.")
    found = store.explanations(camera_id, from_at=at - AROUND, to_at=at + AROUND, zone_id=zone_id)
    if found:
        return found, [sentence(one, labels, zone=zone) for one in found]
    return [], [_nothing(runs, at, zone=zone)]


def sentence(one: Explanation, labels: Mapping[str, str], *, zone: tzinfo) -> str:
    """One decision, in the store's time."""
    when = f"{one.occurred_at.astimezone(zone):%H:%M:%S}"
    line = f"line '{labels.get(one.zone_id, one.zone_id)}'"
    if one.reason is Reason.STITCHED:
        return f"{when}  {line}: track {one.track_id} was stitched with {one.other_track_id}: they are one person."
    near = "" if one.reason in (Reason.COUNTED_IN, Reason.COUNTED_OUT) else _near(one)
    feet = " (its feet were estimated)" if one.is_estimated and one.reason is not Reason.FEET_NOT_VISIBLE else ""
    return f"{when}  {line}: track {one.track_id} {_SENTENCES[one.reason]}{near}{feet}."


def as_json(one: Explanation) -> dict[str, Any]:
    """For programs."""
    return {
        "occurred_at": one.occurred_at.isoformat(),
        "zone_id": one.zone_id,
        "zone_revision": one.zone_revision,
        "track_id": one.track_id,
        "reason": one.reason.value,
        "other_track_id": one.other_track_id,
        "nearest_heights": one.nearest_heights,
        "is_estimated": one.is_estimated,
    }


def _near(one: Explanation) -> str:
    return f"; it came within {one.nearest_heights:.2f} of its height" if one.nearest_heights < 1e3 else ""


def _nothing(runs: list[KeptRun], at: datetime, *, zone: tzinfo) -> str:
    if any(run.run_at - AROUND <= at <= run.last_at + AROUND for run in runs):
        return "Nobody came near a line within half a minute of that moment, or it is too long ago to be explained."
    first, last = min(run.run_at for run in runs), max(run.last_at for run in runs)
    return (
        "The camera was not counted at that moment. Something is kept from "
        f"{first.astimezone(zone):%Y-%m-%d %H:%M} to {last.astimezone(zone):%Y-%m-%d %H:%M}."
    )

"""The stories behind a number: who was counted and why, who came near and was not, and the way each of them went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from desktop_app.domain.explanation import Explanation, Reason
from desktop_app.domain.trajectory import Trajectory
from desktop_app.domain.walks import Sighting
from desktop_app.services.ports import HistoryError
from desktop_app.services.today_figures import STAYS, StoredEvent
from desktop_app.services.trajectories import KeptRun
from shared_models.events import EventType, is_walkway
from shared_models.geometry import Size
from shared_models.zones import LineZone, Zone

AROUND = timedelta(seconds=20)
"""So much of a way is drawn before and after the moment at a line."""
COUNTED = frozenset({Reason.COUNTED_IN, Reason.COUNTED_OUT})


class Outcome(StrEnum):
    """What became of somebody."""

    WENT_IN = "in"
    WENT_OUT = "out"
    STAYED = "stayed"
    NOT_COUNTED = "not counted"


OF_EVENT = {EventType.FOOTFALL_IN: Outcome.WENT_IN, EventType.FOOTFALL_OUT: Outcome.WENT_OUT} | dict.fromkeys(
    STAYS, Outcome.STAYED
)


@dataclass(frozen=True, slots=True)
class Story:
    """One decision about one person at one zone.

    Attributes:
        reason: why, while it is known (explanations are kept for some days); None: only the count is known.
        value: seconds, of a stay.
        nearest_heights: how near the feet came to the line, in person heights; None where nobody knows.
        is_estimated: the feet were not seen in the deciding look.
        other_track_id: the track that was taken for the same person.
        is_recounted: a recount wrote it.
    """

    camera_id: str
    zone_id: str
    occurred_at: datetime
    track_id: int | None
    outcome: Outcome
    reason: Reason | None = None
    value: float | None = None
    nearest_heights: float | None = None
    is_estimated: bool = False
    other_track_id: int | None = None
    is_recounted: bool = False

    @property
    def story_id(self) -> str:
        """The same for the same decision, whenever it is asked for."""
        about = self.reason.name.lower() if self.reason else self.outcome.name.lower()
        return f"{self.camera_id}/{self.zone_id}/{_ms(self.occurred_at)}/{self.track_id}/{about}"

    @property
    def is_counted(self) -> bool:
        return self.outcome is not Outcome.NOT_COUNTED


@dataclass(frozen=True, slots=True)
class Question:
    """What a number on the screen is made of.

    Attributes:
        camera_id, zone_id: None: of all.
        outcomes: who is asked about; those who were not counted are told beside them.
        is_at_doors: only at lines that were entrances when it happened; what they are today changes no past.
    """

    from_at: datetime
    to_at: datetime
    outcomes: frozenset[Outcome]
    camera_id: str | None = None
    zone_id: str | None = None
    is_at_doors: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Where somebody's feet were: 0..1 of the frame, seconds from the moment of the decision, and their height."""

    x: float
    y: float
    from_decision_s: float
    height: float


@dataclass(frozen=True, slots=True)
class Way:
    """A way on the floor, oldest step first.

    Attributes:
        zones: in force at that moment.
        words: why there is no way, or empty.
    """

    steps: tuple[Step, ...]
    frame_wh: Size | None
    zones: tuple[Zone, ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class Stories:
    """The answer to a question. ``words``: why the why is not known, or empty."""

    counted: tuple[Story, ...]
    not_counted: tuple[Story, ...]
    words: str = ""


class Past(Protocol):
    """Where explanations and foot paths are read from. All methods may raise HistoryError, and are slow."""

    def explanations(
        self, camera_id: str, *, from_at: datetime, to_at: datetime, zone_id: str | None = None
    ) -> list[Explanation]:
        """What was decided between two moments, the oldest first."""

    def runs(self, *, camera_id: str | None = None) -> list[KeptRun]:
        """All runs of which something is kept, the oldest first."""

    def trajectories(self, run: KeptRun, *, from_at: datetime, to_at: datetime) -> list[Trajectory]:
        """The paths of one run that touch a span."""


def stories_of(
    question: Question,
    *,
    events: Sequence[StoredEvent],
    past: Past,
    camera_ids: Iterable[str],
) -> Stories:
    """Answer a question.

    Args:
        events: those of the span, voided ones left out.
        camera_ids: of which explanations are looked for.
    """
    words = ""
    told: list[Explanation] = []
    try:
        for camera_id in camera_ids:
            if question.camera_id in (None, camera_id):
                told += past.explanations(
                    camera_id, from_at=question.from_at, to_at=question.to_at, zone_id=question.zone_id
                )
        runs = past.runs() if question.is_at_doors and told else []
    except HistoryError as error:
        words, runs = str(error), []
    told = [e for e in told if e.occurred_at < question.to_at]
    counted = [_counted(event, told) for event in events if _is_meant(event, question)]
    refused = [e for e in told if _is_refusal(e) and not (question.is_at_doors and _was_at_a_walkway(e, runs))]
    return Stories(tuple(counted), tuple(_not_counted(e, told) for e in refused), words)


def way_of(story: Story, *, past: Past, zones: Sequence[Zone]) -> Way:
    """The way that the person of a story went.

    Args:
        zones: as they are today, for a line that was not drawn yet at that moment.
    """
    try:
        run = _run_of(story, past.runs(camera_id=story.camera_id))
        if run is None:
            return Way((), None, tuple(zones), "Ways of that moment are not kept (any more).")
        start, end = _span(story)
        ids = {story.track_id, story.other_track_id} - {None}
        paths = [p for p in past.trajectories(run, from_at=start, to_at=end) if p.track_id in ids]
        sightings = sorted((s for p in paths for s in p.sightings()), key=lambda s: s.look.stamp_ms)
    except (HistoryError, ValueError) as error:
        return Way((), None, tuple(zones), str(error))
    in_force = run.zones if any(z.zone_id == story.zone_id for z in run.zones) else tuple(zones)
    steps = tuple(_step(s, story, run.frame_wh) for s in sightings if _ms(start) <= s.look.stamp_ms <= _ms(end))
    return Way(steps, run.frame_wh, in_force, "" if steps else _no_way(story, run))


def _was_at_a_walkway(one: Explanation, runs: Sequence[KeptRun]) -> bool:
    """Whether its line was a walkway inside in the run that decided; one that is not known any more is taken for a door."""
    begun = [run for run in runs if run.camera_id == one.camera_id and run.run_at <= one.occurred_at]
    lines = [z for z in (begun[-1].zones if begun else ()) if z.zone_id == one.zone_id]
    return any(isinstance(line, LineZone) and not line.is_entrance for line in lines)


def _is_meant(event: StoredEvent, question: Question) -> bool:
    return (
        OF_EVENT.get(event.type) in question.outcomes
        and event.zone_id is not None
        and question.camera_id in (None, event.camera_id)
        and question.zone_id in (None, event.zone_id)
        and question.from_at <= event.occurred_at < question.to_at
        and not (question.is_at_doors and is_walkway(event.attributes))
    )


def _is_refusal(one: Explanation) -> bool:
    return one.reason not in COUNTED and one.reason is not Reason.STITCHED


def _counted(event: StoredEvent, told: Sequence[Explanation]) -> Story:
    place = (event.camera_id, event.zone_id)
    same = [
        e
        for e in told
        if e.reason in COUNTED
        and (e.camera_id, e.zone_id, e.track_id) == (*place, event.track_id)
        and _ms(e.occurred_at) == _ms(event.occurred_at)
    ]
    why = same[0] if same else None
    return Story(
        event.camera_id,
        event.zone_id or "",
        event.occurred_at,
        event.track_id,
        OF_EVENT[event.type],
        why.reason if why else None,
        event.value,
        why.nearest_heights if why else None,
        why.is_estimated if why else event.attributes.get("anchor") == "estimated",
        _other(event.camera_id, event.track_id, told),
        bool(event.attributes.get("recounted")),
    )


def _not_counted(one: Explanation, told: Sequence[Explanation]) -> Story:
    near = one.nearest_heights if one.nearest_heights < 1e3 else None
    other = one.other_track_id or _other(one.camera_id, one.track_id, told)
    return Story(
        one.camera_id, one.zone_id, one.occurred_at, one.track_id, Outcome.NOT_COUNTED, one.reason, None, near,
        one.is_estimated, other,
    )  # fmt: skip


def _other(camera_id: str, track_id: int | None, told: Sequence[Explanation]) -> int | None:
    """The track that ``track_id`` took over from."""
    found = (e for e in told if e.reason is Reason.STITCHED and (e.camera_id, e.track_id) == (camera_id, track_id))
    one = next(found, None)
    return one.other_track_id if one else None


def _run_of(story: Story, runs: Sequence[KeptRun]) -> KeptRun | None:
    """The run of the rules that decided. Its last frame is written down now and then only: the newest may go on."""
    begun = [run for run in runs if run.run_at <= story.occurred_at]
    return begun[-1] if begun else None


def _span(story: Story) -> tuple[datetime, datetime]:
    before = timedelta(seconds=story.value or 0.0) + AROUND
    return story.occurred_at - before, story.occurred_at + AROUND


def _step(sighting: Sighting, story: Story, frame_wh: Size) -> Step:
    (x, y), (width, height) = sighting.anchor.point_px, frame_wh
    from_decision_s = (sighting.look.stamp_ms - _ms(story.occurred_at)) / 1000
    return Step(x / width, y / height, from_decision_s, sighting.anchor.height_px / height)


def _no_way(story: Story, run: KeptRun) -> str:
    if story.reason is Reason.NEVER_CONFIRMED:
        return "No way is kept of what was never confirmed to be a person."
    if story.occurred_at >= run.whole.to_at:
        return "This was a moment ago: the way is written down once the person is out of the picture."
    return "The way of this person is not kept (any more)."


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)

"""What went wrong at each crossing that was missed or invented: ``python -m tests.benchmarks.counting.analysis --fps 5``.

For developers, on seeds of their own: the table in ``RESULTS.md`` comes from others.
"""

from __future__ import annotations

import argparse
import itertools
import pickle
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventType
from shared_models.geometry import to_norm
from shared_models.zones import LineZone
from tests.benchmarks.counting.simulation import CROWDS, FRAME, LINES, STATED, Boxes, Crowd, Scene, TrueCrossing

STARTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
AROUND_S = 3.0
"""A crossing that was counted this much too early or late is the same crossing."""
NOBODY = -1


@dataclass(frozen=True)
class Counted:
    """One event: who its track was at that moment."""

    at_s: float
    side: int
    track_id: int
    walker: int
    is_estimated: bool


@dataclass(frozen=True)
class Seen:
    """One look at a walker: the track it was given to."""

    at_s: float
    track_id: int
    is_confirmed: bool


@dataclass
class Story:
    """All that a scene's tracks and rules did."""

    events: dict[str, list[Counted]]
    of_walker: dict[int, list[Seen]]
    of_track: dict[int, list[tuple[float, int]]]
    reasons: dict[tuple[str, int], list[tuple[float, str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, nargs="+", default=[15, 5, 3, 2])
    parser.add_argument("--seeds", type=int, nargs=2, default=[1, 4], help="first seed and the one after the last")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--crowds", nargs="+", default=[c.name for c in CROWDS])
    parser.add_argument("--ids", action="store_true", help="the right ids are given: what is left is the feet's")
    parser.add_argument("--cache", type=Path, help="a folder for scenes that were made before")
    parser.add_argument("--verbose", action="store_true")
    asked = parser.parse_args()
    crowds = [c for c in (STATED, *CROWDS) if c.name in asked.crowds]
    jobs = [
        (c, s, asked.seconds, f, asked.ids, asked.cache) for f in asked.fps for c in crowds for s in range(*asked.seeds)
    ]
    with Pool(2) as pool:
        results = pool.map(_analysed, jobs, chunksize=1)
    for fps in asked.fps:
        mine = [(job[0].name, r) for job, r in zip(jobs, results, strict=True) if job[3] == fps]
        causes: Counter[str] = Counter()
        for name, (_, _, found, told) in mine:
            causes.update(found)
            if asked.verbose:
                print("\n".join(f"{name} {row}" for row in told))
        wrong, total = sum(r[0] for _, r in mine), sum(r[1] for _, r in mine)
        of_crowd = {c.name: [r for n, r in mine if n == c.name] for c in crowds}
        per_crowd = " ".join(
            f"{name} {100 * sum(r[0] for r in rs) / max(1, sum(r[1] for r in rs)):.1f}" for name, rs in of_crowd.items()
        )
        print(f"{fps:g} looks/s: {100 * wrong / max(1, total):.1f} % of {total} ({per_crowd})")
        for cause, count in causes.most_common():
            print(f"   {100 * count / total:5.2f} %  {cause}")


Job = tuple[Crowd, int, float, float, bool, Path | None]


def _analysed(job: Job) -> tuple[int, int, Counter[str], list[str]]:
    """Errors as the benchmark counts them, true crossings, causes, and each told."""
    crowd, seed, seconds, fps, given_ids, cache = job
    scene, looks = _scene(crowd, seed, seconds, fps, cache)
    story = _story(looks, given_ids=given_ids)
    causes: Counter[str] = Counter()
    wrong = total = 0
    told = []
    for name, points in LINES.items():
        truth, events = scene.crossings(points, until_s=looks[-1].at_s), story.events[name]
        for side in (1, -1):
            true, counted = [t for t in truth if t.side == side], [e for e in events if e.side == side]
            total += len(true)
            wrong += abs(len(true) - len(counted))
        missed, extra = _unmatched(truth, events)
        for crossing in missed:
            cause = _why_missed(name, crossing, story)
            causes[cause] += 1
            told.append(
                f"seed {seed} {name} {crossing.at_s:.1f} s walker {crossing.walker} {crossing.side:+d}: {cause}"
            )
        for event in extra:
            cause = _why_extra(event, truth, story)
            causes[cause] += 1
            told.append(
                f"seed {seed} {name} {event.at_s:.1f} s track {event.track_id} walker {event.walker} {event.side:+d}: {cause}"
            )
    return wrong, total, causes, told


def _scene(crowd: Crowd, seed: int, seconds: float, fps: float, cache: Path | None) -> tuple[Scene, list[Boxes]]:
    path = cache / f"{crowd.name}-{seed}-{seconds:g}-{fps:g}.pickle" if cache else None
    if path and path.exists():
        scene, looks = pickle.loads(path.read_bytes())  # noqa: S301 - written by this program
        return scene, looks
    scene = Scene(crowd, seed=seed, seconds=seconds)
    looks = scene.looks(fps)
    if path:
        path.write_bytes(pickle.dumps((scene, looks)))
    return scene, looks


def _story(looks: Sequence[Boxes], *, given_ids: bool) -> Story:
    zones = [LineZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in LINES.items()]
    engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME)
    tracker = Tracker()
    story = Story({name: [] for name in LINES}, defaultdict(list), defaultdict(list), defaultdict(list))
    for look in [*looks, None]:
        if look is None:
            drafts = engine.close(at_s=0, occurred_at=STARTED_AT)
        else:
            tracked, owner = _tracked(tracker, look, given_ids=given_ids)
            for track_id, who, sure in zip(
                tracked.tracker_id.tolist(), owner, tracked.is_confirmed.tolist(), strict=True
            ):
                story.of_track[track_id].append((look.at_s, who))
                story.of_walker[who].append(Seen(look.at_s, track_id, sure))
            drafts = engine.update(tracked, at_s=look.at_s, occurred_at=STARTED_AT + timedelta(seconds=look.at_s))
        for told in engine.take_explanations():
            at_s = (told.occurred_at - STARTED_AT).total_seconds()
            story.reasons[told.zone_id, told.track_id].append((at_s, told.reason.value))
        engine.take_paths()
        for draft in drafts:
            if draft.zone_id is None or draft.track_id is None:
                continue
            at_s = (draft.occurred_at - STARTED_AT).total_seconds()
            side = 1 if draft.type is EventType.FOOTFALL_IN else -1
            who = _owner_at(story.of_track[draft.track_id], at_s)
            story.events[draft.zone_id].append(Counted(at_s, side, draft.track_id, who, "anchor" in draft.attributes))
    return story


def _tracked(tracker: Tracker, look: Boxes, *, given_ids: bool) -> tuple[TrackedDetections, list[int]]:
    xyxy, score = look.xyxy.astype(np.float32), look.score.astype(np.float32)
    if given_ids:
        mine = look.owner >= 0
        owner = look.owner[mine]
        return TrackedDetections(xyxy[mine], score[mine], owner + 1, np.ones(len(owner), np.bool_)), owner.tolist()
    tracked = tracker.update(Detections(xyxy, score), at_s=look.at_s, frame_wh=FRAME)
    owners = {tuple(box): who for box, who in zip(xyxy.tolist(), look.owner.tolist(), strict=True)}
    return tracked, [owners[tuple(box)] for box in tracked.xyxy.tolist()]


def _owner_at(looks: Sequence[tuple[float, int]], at_s: float) -> int:
    return max((look for look in looks if look[0] <= at_s + 1e-3), default=(0.0, NOBODY))[1]


def _unmatched(truth: Sequence[TrueCrossing], events: Sequence[Counted]) -> tuple[list[TrueCrossing], list[Counted]]:
    """First by the same walker, then by anybody: two who changed ids at a line still are two."""
    missed, extra = list(truth), list(events)
    for same_walker in (True, False):
        pairs = sorted(
            (abs(t.at_s - e.at_s), i, j)
            for i, t in enumerate(missed)
            for j, e in enumerate(extra)
            if t.side == e.side and abs(t.at_s - e.at_s) <= AROUND_S and (t.walker == e.walker or not same_walker)
        )
        used_t: set[int] = set()
        used_e: set[int] = set()
        for _, i, j in pairs:
            if i not in used_t and j not in used_e:
                used_t.add(i)
                used_e.add(j)
        missed = [t for i, t in enumerate(missed) if i not in used_t]
        extra = [e for j, e in enumerate(extra) if j not in used_e]
    return missed, extra


def _why_missed(line: str, crossing: TrueCrossing, story: Story) -> str:
    looks = [s for s in story.of_walker.get(crossing.walker, []) if abs(s.at_s - crossing.at_s) <= AROUND_S]
    before = [s for s in looks if s.at_s < crossing.at_s - 0.4]
    after = [s for s in looks if s.at_s >= crossing.at_s]
    if not before or not after:
        return f"missed: nobody was found {'before' if not before else 'after'}"
    ids = list(dict.fromkeys(s.track_id for s in looks))
    if not any(s.is_confirmed for s in after) or not any(s.is_confirmed for s in before):
        return "missed: tentative on one side only"
    if len(ids) == 1:
        near = [r for t, r in story.reasons.get((line, ids[0]), []) if abs(t - crossing.at_s) < AROUND_S]
        was = {who for t, who in story.of_track[ids[0]] if abs(t - crossing.at_s) <= AROUND_S}
        mixed = "its track was others' too" if len(was) > 1 else "one track throughout"
        return f"missed: {mixed}; {near[-1] if near else 'nothing decided'}"
    return "missed: " + _change(crossing, looks, story)


def _change(crossing: TrueCrossing, looks: Sequence[Seen], story: Story) -> str:
    """How the walker's track became another."""
    kinds = []
    for a, b in itertools.pairwise(looks):
        if a.track_id == b.track_id:
            continue
        went_on = [who for t, who in story.of_track[a.track_id] if t > a.at_s + 1e-3 and t <= a.at_s + 2]
        was = [who for t, who in story.of_track[b.track_id] if t < b.at_s - 1e-3]
        if not went_on:
            old = "its track died"
        elif went_on[0] == NOBODY:
            old = "its track went to a false box"
        elif went_on[0] == crossing.walker:
            old = "its track came back"
        else:
            old = "its track went to another"
        new = (
            "a new one began"
            if not was
            else ("another's took it" if was[-1] != crossing.walker else "an older one of its own took it")
        )
        gap = "gap > 1 s" if b.at_s - a.at_s > 1.05 else ("gap" if b.at_s - a.at_s > 0.6 else "no gap")
        kinds.append(f"{old}, {new} ({gap})")
    return kinds[0]


def _why_extra(event: Counted, truth: Sequence[TrueCrossing], story: Story) -> str:
    lives = [who for t, who in story.of_track[event.track_id] if abs(t - event.at_s) <= AROUND_S]
    feet = ", feet estimated" if event.is_estimated else ""
    if event.walker == NOBODY:
        return "extra: a false box" + ("" if set(lives) == {NOBODY} else " on a track of somebody") + feet
    if NOBODY in lives:
        return "extra: a track taken over from a false box" + feet
    if len(set(lives)) > 1:
        return "extra: a track that changed persons" + feet
    own = [t for t in truth if t.walker == event.walker and t.side == event.side and abs(t.at_s - event.at_s) < 4]
    if own:
        return "extra: counted twice" + feet
    return "extra: one person throughout" + feet


if __name__ == "__main__":
    main()

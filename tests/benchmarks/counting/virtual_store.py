"""The virtual store with real detection: rendered, detected once, then tracked and counted at several rates.

The truth is the store's own. Detecting is what takes long; what was found is kept in ``--cache``.
"""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lap
import numpy as np
from numpy.typing import NDArray

from desktop_app.adapters import detection
from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.video import virtual_store
from desktop_app.adapters.video.virtual_store.scenes import StoreConfig, parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.simulation import TICK_S, Simulation
from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
from desktop_app.adapters.video.virtual_store.truth import Truth, TruthKeeper, truth_for
from desktop_app.domain import appearance
from desktop_app.domain.appearance import with_appearance
from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.tracker import Tracker, TrackerConfig
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.replay import frames_of
from shared_models.cameras import SourceAddress
from shared_models.clock import ManualClock
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Point, Size
from shared_models.zones import CountedDirection, LineZone, Zone
from tests.benchmarks.counting.stays import MATCH_S, RIGHT_S, matched
from tests.helpers.weights import find_weights

STARTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FPS = 10
EVERY = {5.0: 2, 10 / 3: 3, 2.0: 5}
PEOPLE = {"entrance": 14, "aisle": 10, "queue": 10, "floor": 12}
STAYS = (EventType.DWELL, EventType.SHELF_INTERACTION, EventType.QUEUE_WAIT)
MATCH_HEIGHTS = 0.3
CODE = [Path(module.__file__ or "").parent for module in (virtual_store, detection)] + [Path(appearance.__file__)]
"""What a film's boxes come from, beside the model."""


@dataclass
class Found:
    """What was counted at one rate against the truth, over all films.

    Attributes:
        wrong: sum of \\|counted - true\\| crossings over films, lines and directions.
        right_dwells: of the true stays, how many were found with their seconds right.
    """

    wrong: int = 0
    crossings: int = 0
    right_dwells: int = 0
    dwells: int = 0
    told: list[str] = field(default_factory=list)


def judged(seeds: Sequence[int], *, minutes: float, cache: Path) -> dict[str, dict[float, Found]]:
    """Scene -> looks per second -> what was found."""
    found: dict[str, dict[float, Found]] = {scene: {fps: Found() for fps in EVERY} for scene in PEOPLE}
    for scene, people in PEOPLE.items():
        for seed in seeds:
            address = SourceAddress(f"virtual-store://{scene}?seed={seed}&people={people}&fps={FPS}&minutes={minutes}")
            size, looks = _detected(address, cache)
            zones = scene_zones(scene, size_wh=size)
            truth = truth_for(parse_store(address), zones, from_s=0.0, to_s=minutes * 60)
            for fps, every in EVERY.items():
                drafts = _counted(looks, zones, every=every, frame_wh=size)
                _judge(found[scene][fps], drafts, truth, zones, name=f"{scene} {seed} {fps:.1f}", end_s=minutes * 60)
    return found


@dataclass
class DwellLimits:
    """What stays at 5 looks a second can be told with less to go wrong: the same films, the same rules.

    Attributes:
        true_boxes: everybody's own box and number: the rules alone.
        true_ids: the boxes that the detector found, each with its person's own number: no tracker could do better.
    """

    true_boxes: Found = field(default_factory=Found)
    true_ids: Found = field(default_factory=Found)


def dwell_limits(seeds: Sequence[int], *, minutes: float, cache: Path) -> DwellLimits:
    """Stays by the true boxes, and by the detector's boxes with the true numbers."""
    limits = DwellLimits()
    for scene, people in PEOPLE.items():
        for seed in seeds:
            address = SourceAddress(f"virtual-store://{scene}?seed={seed}&people={people}&fps={FPS}&minutes={minutes}")
            size, looks = _detected(address, cache)
            zones = scene_zones(scene, size_wh=size)
            config = parse_store(address)
            truth = truth_for(config, zones, from_s=0.0, to_s=minutes * 60)
            there = _people(config, zones, to_s=minutes * 60)
            for found, boxes_of in ((limits.true_boxes, _true_boxes), (limits.true_ids, _with_true_ids)):
                engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=size)
                drafts: list[EventDraft] = []
                for index in range(0, max(looks), EVERY[5.0]):
                    at_s = index / FPS
                    tracked = boxes_of(there.get(index, []), looks[index])
                    drafts += engine.update(tracked, at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
                    engine.take_paths()
                drafts += engine.close(at_s=0, occurred_at=STARTED_AT)
                _judge(found, drafts, truth, zones, name=f"{scene} {seed}", end_s=minutes * 60)
    return limits


def _people(config: StoreConfig, zones: Sequence[Zone], *, to_s: float) -> dict[int, list[tuple[int, Point, float]]]:
    """Frame number -> person, feet and height (pixels) of all who are in the picture."""
    simulation, keeper = Simulation(config), TruthKeeper(config, zones)
    there = {}
    while simulation.now_s + TICK_S <= to_s + 1e-9:
        simulation.advance_to(simulation.now_s + TICK_S)
        seen = [(pose.person_id, *keeper.seen(pose)) for pose in simulation.poses()]
        there[round(simulation.now_s * FPS)] = [
            (i, feet, tall) for i, feet, tall, is_seen in seen if is_seen and tall > 0
        ]
    return there


def _true_boxes(people: Sequence[tuple[int, Point, float]], looked: Detections) -> TrackedDetections:
    del looked
    boxes = [(x - 0.2 * tall, y - tall, x + 0.2 * tall, y) for _, (x, y), tall in people]
    return _told(
        np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(people), np.float32), [i for i, _, _ in people]
    )


def _with_true_ids(people: Sequence[tuple[int, Point, float]], looked: Detections) -> TrackedDetections:
    """Each box is the person's whose head is nearest to its upper edge, within 0.3 heights; what is left is nobody."""
    kept = looked.score >= TrackerConfig().low_score
    boxes, scores = looked.xyxy[kept], looked.score[kept]
    if not len(boxes) or not people:
        return _told(boxes[:0], scores[:0], [])
    gap = np.array(
        [[math.hypot((b[0] + b[2]) / 2 - x, b[1] - (y - tall)) / tall for _, (x, y), tall in people] for b in boxes]
    )
    _, column, _ = lap.lapjv(np.where(gap < MATCH_HEIGHTS, gap, 9.0), extend_cost=True, cost_limit=MATCH_HEIGHTS)
    known = np.flatnonzero(column >= 0)
    return _told(boxes[known], scores[known], [people[column[row]][0] for row in known])


def _told(boxes: NDArray[np.float32], scores: NDArray[np.float32], ids: Sequence[int]) -> TrackedDetections:
    return TrackedDetections(boxes, scores, np.array(ids, np.int64), np.ones(len(ids), np.bool_))


def film_path(address: SourceAddress, cache: Path, *, weights: Path, code: Sequence[Path]) -> Path:
    """Where a film's boxes are kept: another model, or other code that draws or looks at it, is another film."""
    seen = hashlib.sha256()
    for part in (weights, *sorted(path for place in code for path in _files(place))):
        seen.update(hashlib.sha256(part.read_bytes()).digest())
    return cache / f"{str(address).split('//')[-1].replace('?', '-').replace('&', '-')}-{seen.hexdigest()[:16]}.pickle"


def _files(place: Path) -> list[Path]:
    return (
        [path for path in place.rglob("*") if path.suffix != ".pyc" and path.is_file()] if place.is_dir() else [place]
    )


def _detected(address: SourceAddress, cache: Path) -> tuple[Size, dict[int, Detections]]:
    """Frame number -> what the detector finds in it, of the frames that any rate looks at."""
    weights = find_weights()
    path = film_path(address, cache, weights=weights, code=CODE)
    if path.exists():
        kept: tuple[Size, dict[int, Detections]] = pickle.loads(path.read_bytes())  # noqa: S301 - written here
        return kept
    source, detector = VirtualStoreSource(address, clock=ManualClock(), realtime=False), OpenVinoYolo(weights)
    size, looks = source.open(), {}
    for frame in frames_of(source):
        if any(frame.index % every == 0 for every in EVERY.values()):
            picture = frame.bgr()
            (seen,) = detector.detect([picture])
            looks[frame.index] = with_appearance(seen, picture)
    source.close()
    detector.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps((size, looks)))
    return size, looks


def _counted(looks: dict[int, Detections], zones: Sequence[Zone], *, every: int, frame_wh: Size) -> list[EventDraft]:
    tracker, engine = Tracker(), ZoneEngine(camera_id="cam", zones=zones, frame_wh=frame_wh)
    drafts: list[EventDraft] = []
    for index in sorted(looks):
        if index % every:
            continue
        at_s = index / FPS
        tracked = tracker.update(looks[index], at_s=at_s, frame_wh=frame_wh)
        drafts += engine.update(tracked, at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
        engine.take_paths()
        engine.take_explanations()
    return drafts + engine.close(at_s=0, occurred_at=STARTED_AT)


def _judge(
    found: Found, drafts: Sequence[EventDraft], truth: Truth, zones: Iterable[Zone], *, name: str, end_s: float
) -> None:
    for zone in zones:
        mine = [d for d in drafts if d.zone_id == zone.zone_id]
        if isinstance(zone, LineZone):
            for way, kind in (
                (CountedDirection.IN, EventType.FOOTFALL_IN),
                (CountedDirection.OUT, EventType.FOOTFALL_OUT),
            ):
                true, counted = truth.count(zone.zone_id, way), sum(d.type is kind for d in mine)
                found.wrong += abs(true - counted)
                found.crossings += true
                if true != counted:
                    found.told.append(f"{name} {zone.zone_id} {way.value}: {counted} for {true}")
        else:
            stays = [((d.occurred_at - STARTED_AT).total_seconds(), d.value or 0.0) for d in mine if d.type in STAYS]
            true_stays = [
                p for p in truth.presences if p.zone_id == zone.zone_id and p.ended_s < end_s - MATCH_S
                and p.ended_s - p.started_s >= getattr(zone, "threshold_s", 0.0) * (zone.purpose == "shelf")
            ]  # fmt: skip
            for began_s, over_s, gap_s in matched([(p.started_s, p.ended_s) for p in true_stays], stays):
                found.dwells += 1
                if gap_s <= RIGHT_S:
                    found.right_dwells += 1
                else:
                    found.told.append(
                        f"{name} {zone.zone_id} stay of {over_s - began_s:.1f} s until {over_s:.1f}: off by {gap_s:.1f}"
                    )

"""The virtual store with real detection: rendered, detected once, then tracked and counted at several rates.

The truth is the store's own. Detecting is what takes long; what was found is kept in ``--cache``.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.video.virtual_store.scenes import parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
from desktop_app.adapters.video.virtual_store.truth import Truth, truth_for
from desktop_app.domain.appearance import with_appearance
from desktop_app.domain.detections import Detections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from desktop_app.services.replay import frames_of
from shared_models.cameras import SourceAddress
from shared_models.clock import ManualClock
from shared_models.events import EventDraft, EventType
from shared_models.geometry import Size
from shared_models.zones import CountedDirection, LineZone, Zone
from tests.helpers.weights import find_weights

STARTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FPS = 10
EVERY = {5.0: 2, 10 / 3: 3, 2.0: 5}
PEOPLE = {"entrance": 14, "aisle": 10, "queue": 10, "floor": 12}
STAYS = (EventType.DWELL, EventType.SHELF_INTERACTION, EventType.QUEUE_WAIT)
RIGHT_S, MATCH_S = 1.0, 4.0
"""A dwell is right within the first; a stay whose ends are further off than the second is another stay."""


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


def _detected(address: SourceAddress, cache: Path) -> tuple[Size, dict[int, Detections]]:
    """Frame number -> what the detector finds in it, of the frames that any rate looks at."""
    path = cache / f"{str(address).split('//')[-1].replace('?', '-').replace('&', '-')}.pickle"
    if path.exists():
        kept: tuple[Size, dict[int, Detections]] = pickle.loads(path.read_bytes())  # noqa: S301 - written here
        return kept
    source, detector = VirtualStoreSource(address, clock=ManualClock(), realtime=False), OpenVinoYolo(find_weights())
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
            for stay in true_stays:
                dwell_s = stay.ended_s - stay.started_s
                near = [
                    (abs(value - dwell_s), i)
                    for i, (ended_s, value) in enumerate(stays)
                    if abs(ended_s - stay.ended_s) <= MATCH_S
                ]
                found.dwells += 1
                gap_s, i = min(near, default=(float("inf"), -1))
                if gap_s <= RIGHT_S:
                    found.right_dwells += 1
                else:
                    found.told.append(
                        f"{name} {zone.zone_id} stay of {dwell_s:.1f} s until {stay.ended_s:.1f}: off by {gap_s:.1f}"
                    )
                if i >= 0:
                    stays.pop(i)

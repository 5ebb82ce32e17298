from __future__ import annotations

import hashlib
import math
import threading
import time

import numpy as np
import pytest

from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.video.virtual_store.renderer import Renderer
from desktop_app.adapters.video.virtual_store.scenes import SCENES, StoreConfig, parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.simulation import Pose, Simulation
from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
from desktop_app.adapters.video.virtual_store.truth import TruthKeeper, truth_for
from desktop_app.services.ports import SourceEnded
from shared_models.cameras import SourceAddress
from shared_models.clock import ManualClock
from shared_models.zones import CountedDirection, LineZone, PolygonZone
from tests.helpers.weights import find_weights

MIN_RECALL = 0.95
MIN_HEIGHT_PX, MIN_VISIBLE = 40, 0.5


def address(text: str) -> SourceAddress:
    return SourceAddress(f"virtual-store://{text}")


def fingerprint(scene: str, seed: int) -> str:
    config = StoreConfig(scene, seed=seed, people=20)
    simulation, renderer = Simulation(config), Renderer(config)
    simulation.advance_to(20)
    return hashlib.sha256(renderer.picture(simulation.poses(), index=200).tobytes()).hexdigest()


@pytest.mark.parametrize("scene", SCENES)
def test_the_same_seed_gives_the_same_pixels_and_another_seed_others(scene: str) -> None:
    assert fingerprint(scene, 1) == fingerprint(scene, 1)
    assert fingerprint(scene, 1) != fingerprint(scene, 2)


@pytest.mark.parametrize("scene", SCENES)
def test_the_truth_is_a_function_of_the_seed_alone(scene: str) -> None:
    config, zones = StoreConfig(scene, seed=5, people=15), scene_zones(scene)
    whole = truth_for(config, zones, from_s=0, to_s=60)
    assert whole == truth_for(config, zones, from_s=0, to_s=60)
    part = truth_for(config, zones, from_s=0, to_s=30)
    assert whole.crossings[: len(part.crossings)] == part.crossings
    assert whole.crossings or whole.presences or whole.open_presences


def test_every_mistake_in_an_address_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="no scene 'attic'") as caught:
        parse_store(address("attic?people=many&fps=900&colour=red&light=green"))
    for words in ("people=many must be a number", "fps=900 must be", "'colour' is not known", "light=green"):
        assert words in str(caught.value)


def test_a_late_reader_misses_frames_but_no_time() -> None:
    clock = ManualClock()
    source = VirtualStoreSource(address("floor?seed=1&people=5&fps=10"), clock=clock)
    assert source.open() == (640, 360)
    first = source.read()
    clock.advance(3.0)
    late = source.read()
    assert (first.index, late.index) == (0, 30)
    assert (late.captured_at - source.started_at).total_seconds() == pytest.approx(3.0)
    assert late.at_s - first.at_s == pytest.approx(3.0)
    source.close()
    with pytest.raises(SourceEnded):
        source.read()


def test_a_stop_does_not_wait_until_the_empty_room_is_drawn() -> None:
    """Large and in a light that no other test asks for: drawing takes many seconds."""
    source = VirtualStoreSource(address("aisle?light=evening&width=1920&height=1080"), clock=ManualClock())
    said: list[str] = []

    def open_it() -> None:
        try:
            source.open()
        except SourceEnded as error:
            said.append(str(error))

    threads = [threading.Thread(target=open_it, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert all(thread.is_alive() for thread in threads)
    source.close()
    for thread in threads:
        thread.join(5.0)
    assert said == ["The virtual store is closed."] * 2


def test_a_film_with_an_end_ends() -> None:
    source = VirtualStoreSource(address("queue?people=1&minutes=0.1&fps=5"), clock=ManualClock(), realtime=False)
    source.open()
    last = [source.read().index for _ in range(30)][-1]
    assert last == 29
    with pytest.raises(SourceEnded):
        source.read()


def keeper(zone: LineZone | PolygonZone) -> TruthKeeper:
    return TruthKeeper(StoreConfig("entrance"), [zone])


def pose(y: float, person: int = 1) -> Pose:
    look = Simulation(StoreConfig("entrance"))._look()
    return Pose(person, look, (0.0, y), -math.pi / 2, 0.0, 1.0)


def test_the_truth_counts_a_walk_in_and_out_and_no_swaying() -> None:
    (line,) = scene_zones("entrance")
    watch = keeper(line)
    walk = [8.5 - 0.05 * n for n in range(80)]
    for n, y in enumerate([*walk, *reversed(walk)]):
        watch.observe([pose(y)], at_s=n * 0.05)
    for n in range(400):
        watch.observe([pose(6.4 + 0.12 * math.sin(n / 5), person=2)], at_s=20 + n * 0.05)
    truth = watch.truth()
    assert truth.count(line.zone_id, CountedDirection.IN) == 1
    assert truth.count(line.zone_id, CountedDirection.OUT) == 1


@pytest.mark.parametrize(("start", "crossings"), [(8.5, 1), (6.6, 0)])
def test_the_truth_counts_who_is_gone_while_past_the_line_if_he_came_to_cross(start: float, crossings: int) -> None:
    (line,) = scene_zones("entrance")
    watch = keeper(line)
    _, height_px, _ = watch.seen(pose(6.4))
    past = next(
        y for y in (6.4 - 0.005 * n for n in range(200))
        if watch.seen(pose(y))[0][1] - watch.seen(pose(6.4))[0][1] > 0.2 * height_px
    )  # fmt: skip
    ways = [start + (past - start) * n / 40 for n in range(41)]
    for n, y in enumerate(ways):
        watch.observe([pose(y)], at_s=n * 0.05)
    assert watch.truth().count(line.zone_id, CountedDirection.IN) == 0
    watch.observe([], at_s=41 * 0.05)
    assert watch.truth().count(line.zone_id, CountedDirection.IN) == crossings


@pytest.mark.parametrize("scene", SCENES)
def test_a_coco_trained_detector_takes_the_figures_for_people(scene: str) -> None:
    detector = OpenVinoYolo(find_weights(), min_score=0.2)
    found = people = 0
    for seed in (11, 12):
        config = StoreConfig(scene, seed=seed, people=12)
        simulation, renderer = Simulation(config), Renderer(config)
        for second in range(20, 100, 3):
            simulation.advance_to(second)
            (detections,) = detector.detect([renderer.picture(simulation.poses(), index=second)])
            for box in renderer.truth_boxes(simulation.poses()):
                if box.visible < MIN_VISIBLE or box.xyxy[3] - box.xyxy[1] < MIN_HEIGHT_PX:
                    continue
                people += 1
                # Annotators draw what can be seen, detectors guess the whole body: either is a find.
                drawn = [b for b in (box.xyxy, box.visible_xyxy) if b is not None]
                found += max(best_iou(b, detections.xyxy, config.size_wh) for b in drawn) >= 0.5
    detector.close()
    assert people > 50
    assert found / people >= MIN_RECALL, f"{scene}: {found} of {people}"


def best_iou(truth: tuple[float, float, float, float], boxes: np.ndarray, size: tuple[int, int]) -> float:
    left, top, right, bottom = truth
    clipped = np.array([max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)])
    if not len(boxes):
        return 0.0
    low, high = np.maximum(clipped[:2], boxes[:, :2]), np.minimum(clipped[2:], boxes[:, 2:])
    overlap = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (clipped[2:] - clipped[:2]).prod()
    return float((overlap / (areas - overlap)).max())

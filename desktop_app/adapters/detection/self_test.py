"""Measures on this very machine how a model runs fastest, and that it still says the same."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
import openvino as ov

from desktop_app.adapters.detection.heads import Head
from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import (
    AGREEMENT,
    INPUT_SIDES,
    INT8,
    INT8_AGREEMENT,
    INT8_SURE_FROM,
    SURE_FROM,
    DetectorRuntime,
    RuntimeTest,
    best_of,
    candidates,
)
from desktop_app.services.model_registry import Int8Weights, sha256_of_model
from desktop_app.services.ports import BgrImage, Detector, DetectorError

log = logging.getLogger(__name__)

SECONDS = 5.0
TURNS = 4
"""Each way is measured so many times, in turn with the others: other work on the computer then slows them all alike."""
WARM_UP = 2
MIN_SCORE = 0.05
Progress = Callable[[float, str], bool]
"""Share done 0..1 and what is measured; False cancels."""


class SelfTestCancelled(Exception):
    """The user stopped it; nothing was remembered."""


def machine_name() -> str:
    """Devices and library of this machine; a test of another one is worth nothing."""
    core = ov.Core()
    names = [f"{device}: {core.get_property(device, 'FULL_DEVICE_NAME')}" for device in core.available_devices]
    return " | ".join([*names, f"{_cores(core)} cores", f"OpenVINO {ov.get_version().split('-')[0]}"])


def run_self_test(
    model_path: Path,
    picture: BgrImage,
    *,
    class_id: int | None = None,
    head: Head | None = None,
    int8: Int8Weights | None = None,
    seconds: float = SECONDS,
    progress: Progress | None = None,
) -> RuntimeTest:
    """Try every sensible way for a share of ``seconds`` each and keep the fastest that agrees with the plain one.

    The ways take turns and are held against each other by their best one, which other work disturbed least; the rate that is
    told is the mean.

    Args:
        picture: with people in it, of the size of the cameras' pictures; where nobody is found only f32 is trusted.
        class_id, head: as ``OpenVinoYolo`` takes them.
        int8: the model's 8-bit form, if it has one.

    Raises:
        DetectorError: the model does not run at all.
        SelfTestCancelled: ``progress`` said so.
    """
    core = ov.Core()
    make = partial(OpenVinoYolo, model_path, class_id=class_id, head=head, int8_paths=int8.paths if int8 else None)
    ways = candidates(_capabilities(core), cores=_cores(core), has_int8=int8 is not None)
    reference = _looks(make, DetectorRuntime(precision="f32", streams=1, threads=1), picture)
    share_s = seconds / (len(ways) + len(INPUT_SIDES) - 1)
    turns: dict[DetectorRuntime, list[float]] = {way: [0.0] for way in ways}
    with ExitStack() as opened:
        detectors: dict[DetectorRuntime, OpenVinoYolo] = {}
        for turn in range(TURNS):
            for number, way in enumerate(ways):
                words = f"{way.device} {way.precision}, {way.streams} at once"
                if progress is not None and not progress((turn + number / len(ways)) / (TURNS + 1), words):
                    raise SelfTestCancelled
                if turn == 0 and (detector := _opened_if_it_agrees(make, way, picture, reference)) is not None:
                    detectors[way] = opened.enter_context(closing(detector))
                if way in detectors:
                    turns[way].append(_pictures_per_second(detectors[way], picture, seconds=share_s / TURNS))
    for way, rate in turns.items():
        log.info("%s %s, %d at once: %.1f pictures a second at best", way.device, way.precision, way.streams, max(rate))
    best, _ = best_of([(way, max(rate)) for way, rate in turns.items()])
    best_rate = fmean(turns[best][1:])
    rates = {max(INPUT_SIDES): best_rate}
    for side in INPUT_SIDES:
        if side not in rates:
            with closing(make(runtime=best, long_side=side)) as detector:
                rates[side] = _pictures_per_second(detector, picture, seconds=share_s)
    of_int8 = int8.sha256 if int8 is not None and best.precision == INT8 else ""
    return RuntimeTest(machine_name(), sha256_of_model(model_path), best, rates, of_int8)


def run_plain_test(
    model_path: Path,
    picture: BgrImage,
    *,
    make: Callable[..., Detector],
    seconds: float = SECONDS,
    progress: Progress | None = None,
) -> RuntimeTest:
    """Measure a detector that has only one way of running.

    Args:
        make: makes it, given ``long_side``.

    Raises:
        DetectorError: the model does not run.
        SelfTestCancelled: ``progress`` said so.
    """
    rates: dict[int, float] = {}
    for number, side in enumerate(INPUT_SIDES):
        if progress is not None and not progress(number / len(INPUT_SIDES), f"{side} pixels"):
            raise SelfTestCancelled
        with closing(make(long_side=side)) as detector:
            rates[side] = _pictures_per_second(detector, picture, seconds=seconds / len(INPUT_SIDES))
    way = DetectorRuntime(precision="f32", streams=1, threads=0)
    return RuntimeTest(machine_name(), sha256_of_model(model_path), way, rates)


def _opened_if_it_agrees(
    make: Callable[..., OpenVinoYolo], way: DetectorRuntime, picture: BgrImage, reference: Mapping[int, Detections]
) -> OpenVinoYolo | None:
    # A form in 8-bit integers may be another network at each size of input.
    sides = INPUT_SIDES if way.precision == INT8 else (max(INPUT_SIDES),)
    try:
        detector = make(runtime=way, min_score=MIN_SCORE)
        found = {side: detector.detect([picture], long_sides=[side])[0] for side in sides}
    except DetectorError as error:
        if way.precision == "f32" and way.device == "CPU":
            raise
        log.info("%s %s cannot be used: %s", way.device, way.precision, error)
        return None
    if way.precision != "f32" and not all(
        _agrees(found[side], reference[side], is_int8=way.precision == INT8) for side in sides
    ):
        log.info("%s %s gives other results and is not used", way.device, way.precision)
        detector.close()
        return None
    return detector


def _pictures_per_second(detector: Detector, picture: BgrImage, *, seconds: float) -> float:
    batch = [picture] * detector.side_by_side
    for _ in range(WARM_UP):
        detector.detect(batch)
    started, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - started) < seconds or not done:
        detector.detect(batch)
        done += len(batch)
    return done / spent


def _looks(make: Callable[..., OpenVinoYolo], way: DetectorRuntime, picture: BgrImage) -> Mapping[int, Detections]:
    """What is found by the longer side of the input."""
    with closing(make(runtime=way, min_score=MIN_SCORE)) as detector:
        return {side: detector.detect([picture], long_sides=[side])[0] for side in INPUT_SIDES}


def _agrees(found: Detections, reference: Detections, *, is_int8: bool) -> bool:
    """Each box that the plain way is fairly sure of is found again with nearly its score and place."""
    within, sure_from = (INT8_AGREEMENT, INT8_SURE_FROM) if is_int8 else (AGREEMENT, SURE_FROM)
    sure = reference.score >= sure_from
    if not sure.any() or not len(found):
        return False
    for box, score in zip(reference.xyxy[sure], reference.score[sure], strict=True):
        nearest = int(np.abs(found.xyxy - box).max(axis=1).argmin())
        size = float((box[2:] - box[:2]).max())
        is_near = np.abs(found.xyxy[nearest] - box).max() <= within * size
        if not is_near or abs(float(found.score[nearest]) - float(score)) > within:
            return False
    return True


def _capabilities(core: ov.Core) -> Mapping[str, tuple[str, ...]]:
    return {d: tuple(core.get_property(d, "OPTIMIZATION_CAPABILITIES")) for d in core.available_devices}


def _cores(core: ov.Core) -> int:
    return int(core.get_property("CPU", "RANGE_FOR_STREAMS")[1])

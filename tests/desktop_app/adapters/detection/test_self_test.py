"""The self-test, with the real model on this machine."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from desktop_app.adapters.detection import self_test
from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.detection.self_test import (
    SelfTestCancelled,
    _agrees,
    machine_name,
    run_self_test,
)
from desktop_app.bootstrap import maintenance, measuring, parts
from desktop_app.domain.detections import Detections
from desktop_app.services.detector_runtime import (
    DetectorRuntime,
    RuntimeTest,
    as_json,
    save,
)
from desktop_app.services.doctor import State
from desktop_app.services.model_registry import ModelSpec, sha256_of
from desktop_app.services.ports import BgrImage, Detector, DetectorError
from desktop_app.settings import EdgeSettings
from tests.helpers.weights import find_weights

GREY = np.full((360, 640, 3), 127, np.uint8)


def test_the_best_way_is_measured_remembered_and_used_until_machine_or_model_change(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    shares: list[float] = []
    test = measuring.run_self_test(settings=settings, progress=lambda share, _: shares.append(share) or True)
    assert test.machine == machine_name()
    assert test.model_sha256 == sha256_of(find_weights())
    assert set(test.rates) == {416, 640}
    assert all(rate > 0 for rate in test.rates.values())
    assert shares == sorted(shares)
    detector = parts.open_detector(settings=settings)
    assert detector.side_by_side == test.runtime.streams
    detector.close()
    remembered, spec = settings.runtime_path.read_text(), ModelSpec("m", find_weights(), "")
    for known, other in ((test.model_sha256, "0" * 64), (json.dumps(test.machine), '"another"')):
        settings.runtime_path.write_text(remembered.replace(known, other))
        assert measuring.remembered_test(spec, settings=settings) is None


def test_a_cancelled_test_is_not_remembered(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    with pytest.raises(SelfTestCancelled):
        measuring.run_self_test(settings=settings, progress=lambda *_: False)
    assert not settings.runtime_path.exists()


def test_where_nobody_is_found_only_the_plain_precision_is_trusted() -> None:
    assert run_self_test(find_weights(), GREY, seconds=0.5).runtime.precision == "f32"


def test_a_busy_moment_does_not_decide_which_way_is_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = {2: iter([5.0, 60.0, 60.0, 60.0]), 1: iter([50.0] * self_test.TURNS)}

    def scripted(detector: Detector, _: BgrImage, **__: float) -> float:
        return next(turns[detector.side_by_side], 99.0)

    monkeypatch.setattr(self_test, "_pictures_per_second", scripted)
    test = run_self_test(find_weights(), GREY)
    assert (test.runtime.precision, test.runtime.streams) == ("f32", 2)
    assert test.rates == {640: pytest.approx(46.25), 416: 99.0}


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(DetectorError, match=r"broken\.onnx"):
        run_self_test(broken, GREY, seconds=0.5)


def boxes(*rows: tuple[float, float, float, float, float]) -> Detections:
    array = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(array[:, :4], array[:, 4])


@pytest.mark.parametrize(
    ("found", "agrees"),
    [
        (boxes((10, 10, 50, 110, 0.9)), True),
        (boxes((11, 10, 50, 112, 0.87)), True),
        (boxes((10, 10, 50, 110, 0.8)), False),
        (boxes((30, 10, 70, 110, 0.9)), False),
        (boxes(), False),
    ],
)
def test_another_way_agrees_if_boxes_and_scores_stay_the_same(found: Detections, agrees: bool) -> None:
    assert _agrees(found, boxes((10, 10, 50, 110, 0.9), (0, 0, 5, 5, 0.06)), is_int8=False) is agrees


@pytest.mark.parametrize(
    ("found", "agrees"),
    [
        (boxes((10, 10, 50, 110, 0.82)), True),
        (boxes((10, 10, 50, 110, 0.78)), False),
        (boxes((10, 10, 50, 125, 0.9)), False),
        (boxes((200, 10, 240, 110, 0.9)), False),
    ],
)
def test_of_an_8_bit_form_those_who_are_surely_there_are_asked_for_and_a_little_more_is_allowed(
    found: Detections, agrees: bool
) -> None:
    assert _agrees(found, boxes((10, 10, 50, 110, 0.9), (90, 90, 95, 99, 0.3)), is_int8=True) is agrees
    assert not _agrees(found, boxes((10, 10, 50, 110, 0.9), (90, 90, 95, 99, 0.3)), is_int8=False)


@pytest.mark.expected_log("cannot be used any more")
def test_a_device_that_fails_since_its_test_is_told_and_counting_goes_on_the_plain_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    way = DetectorRuntime("GPU.7", "f16", 2, 0)
    save(RuntimeTest(machine_name(), sha256_of(find_weights()), way, {640: 90.0}), settings.runtime_path)
    detector = parts.open_detector(settings=settings)
    assert isinstance(detector, OpenVinoYolo)
    assert detector.runtime == DetectorRuntime()
    assert len(detector.detect([GREY])) == 1
    detector.close()
    assert "GPU.7 in f16 cannot be used any more" in caplog.text


def scripted_test(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Measuring that takes no time; gives the models that were measured."""
    measured: list[Path] = []

    def run(path: Path, *_: object, progress: Callable[[float, str], bool] | None, **__: object) -> RuntimeTest:
        if progress is not None and not progress(0.0, ""):
            raise SelfTestCancelled
        measured.append(path)
        return RuntimeTest(machine_name(), sha256_of(path), DetectorRuntime(streams=1), {416: 90.0, 640: 40.0})

    monkeypatch.setattr(self_test, "run_self_test", run)
    monkeypatch.setattr(measuring, "measure_apart", measuring.measure)
    return measured


def test_a_machine_is_measured_once_before_it_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = scripted_test(monkeypatch)
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()), self_test_at_start=True)
    measuring.measure_once(settings=settings, is_cut=lambda: True)
    assert measured == [], "somebody quits"
    for _ in range(2):
        measuring.measure_once(settings=settings, is_cut=lambda: False)
    assert measured == [find_weights()]
    settings.runtime_path.unlink()
    measuring.measure_once(settings=settings.model_copy(update={"self_test_at_start": False}), is_cut=lambda: False)
    assert len(measured) == 1, "switched off"


def test_a_self_test_that_cannot_be_made_or_kept_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = EdgeSettings(data_dir=tmp_path, model=str(tmp_path / "none.onnx"), self_test_at_start=True)
    measuring.measure_once(settings=nothing, is_cut=lambda: False)
    scripted_test(monkeypatch)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    settings = EdgeSettings(data_dir=in_the_way / "data", model=str(find_weights()), self_test_at_start=True)
    measuring.measure_once(settings=settings, is_cut=lambda: False)
    found = {f.what: f for f in maintenance._detector(None, settings=settings, is_measured=False)}
    assert found["self-test"].state is State.WARNING
    assert "cannot be kept" in found["self-test"].words
    assert "40 pictures a second at 640 pixels" in found["detector"].words, "what was measured is told all the same"


# -- in a process of its own


def plays(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Another program in the place of ``wink-edge measure``."""
    monkeypatch.setattr(measuring, "_own_console", lambda: (sys.executable, "-c", code))


def test_a_driver_that_crashes_while_it_is_measured_takes_nobody_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plays(monkeypatch, "import os; os.abort()")
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()), self_test_at_start=True)
    with pytest.raises(DetectorError, match=r"ended before its end \(code -6\)"):
        measuring.run_self_test(settings=settings)
    measuring.measure_once(settings=settings, is_cut=lambda: False)
    assert not settings.runtime_path.exists()


def test_whoever_quits_does_not_wait_for_a_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plays(monkeypatch, "import time; time.sleep(600)")
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    looks = iter((True, True, False))
    with pytest.raises(SelfTestCancelled):
        measuring.run_self_test(settings=settings, progress=lambda *_: next(looks))
    assert psutil.Process().children() == []


def test_what_a_library_prints_while_it_is_measured_is_passed_over_and_its_log_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = RuntimeTest("this", "ab", DetectorRuntime(), {640: 9.0})
    lines = ("[INFO] hello", "7", '{"log": "9 pictures a second"}', json.dumps({"test": as_json(found)}))
    plays(monkeypatch, f"print({chr(10).join(lines)!r})")
    with caplog.at_level(logging.INFO):
        assert measuring.measure_apart(settings=EdgeSettings(data_dir=tmp_path)) == found
    assert "9 pictures a second" in caplog.text

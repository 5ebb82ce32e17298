"""The self-test, with the real model on this machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop_app.adapters.detection import self_test
from desktop_app.adapters.detection.self_test import SelfTestCancelled, _agrees, machine_name, run_self_test
from desktop_app.bootstrap import parts
from desktop_app.domain.detections import Detections
from desktop_app.services.model_registry import ModelSpec, sha256_of
from desktop_app.services.ports import BgrImage, Detector, DetectorError
from desktop_app.settings import EdgeSettings
from tests.helpers.weights import find_weights

GREY = np.full((360, 640, 3), 127, np.uint8)


def test_the_best_way_is_measured_remembered_and_used_until_machine_or_model_change(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    shares: list[float] = []
    test = parts.run_self_test(settings=settings, progress=lambda share, _: shares.append(share) or True)
    assert test.machine == machine_name()
    assert test.model_sha256 == sha256_of(find_weights())
    assert set(test.rates) == {416, 640}
    assert all(rate > 0 for rate in test.rates.values())
    assert shares == sorted(shares)
    detector = parts.open_detector(settings=settings)
    assert detector.side_by_side == test.runtime.streams
    detector.close()
    remembered = settings.runtime_path.read_text()
    settings.runtime_path.write_text(remembered.replace(test.model_sha256, "0" * 64))
    assert parts.remembered_test(ModelSpec("m", find_weights(), ""), settings=settings) is None


def test_a_cancelled_test_is_not_remembered(tmp_path: Path) -> None:
    settings = EdgeSettings(data_dir=tmp_path, model=str(find_weights()))
    with pytest.raises(SelfTestCancelled):
        parts.run_self_test(settings=settings, progress=lambda *_: False)
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
    assert _agrees(found, boxes((10, 10, 50, 110, 0.9), (0, 0, 5, 5, 0.06))) is agrees

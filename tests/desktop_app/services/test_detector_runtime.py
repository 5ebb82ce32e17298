from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.services.detector_runtime import DetectorRuntime, RuntimeTest, candidates, load, save

TEST = RuntimeTest("CPU: x | 2 cores", "ab12", DetectorRuntime("CPU", "bf16", 2, 2), {416: 61.0, 640: 26.5})


def test_a_test_is_remembered(tmp_path: Path) -> None:
    save(TEST, tmp_path / "new" / "runtime.json")
    assert load(tmp_path / "new" / "runtime.json") == TEST


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"machine": 1}', '{"rates": []}'])
def test_what_cannot_be_read_is_measured_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "runtime.json"
    assert load(path) is None
    path.write_text(text)
    assert load(path) is None


def test_only_precisions_that_a_device_has_are_tried_and_no_more_threads_than_cores() -> None:
    plain = candidates({"CPU": ("FP32", "INT8")}, cores=2)
    assert {way.precision for way in plain} == {"f32"}
    assert [way.streams for way in plain] == [2, 1]
    rich = candidates({"CPU": ("FP32", "BF16"), "GPU": ("FP16",), "NPU": ("INT8",)}, cores=8)
    assert {(way.device, way.precision) for way in rich} == {
        ("CPU", "f32"),
        ("CPU", "bf16"),
        ("GPU", "f16"),
        ("NPU", "f32"),
    }
    assert all(way.threads <= 8 for way in rich)
    assert [way.streams for way in candidates({"CPU": ()}, cores=1)] == [1]


def test_cameras_are_counted_in_looks_a_second() -> None:
    assert TEST.cameras(fps=5, long_side=640) == pytest.approx(5.3)
    assert TEST.cameras(fps=5, long_side=832) == 0

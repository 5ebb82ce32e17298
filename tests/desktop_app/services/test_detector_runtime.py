from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from desktop_app.services.detector_runtime import (
    MOST_MODELS,
    DetectorRuntime,
    RuntimeTest,
    as_json,
    best_of,
    candidates,
    from_json,
    load,
    save,
)

TEST = RuntimeTest("CPU: x | 2 cores", "ab12", DetectorRuntime("CPU", "bf16", 2, 2), {416: 61.0, 640: 26.5})
F32, BF16, INT8 = (DetectorRuntime(precision=precision) for precision in ("f32", "bf16", "int8"))


def test_a_test_is_remembered(tmp_path: Path) -> None:
    save(TEST, tmp_path / "new" / "runtime.json")
    assert load(tmp_path / "new" / "runtime.json", model_sha256="ab12") == TEST
    of_int8 = replace(TEST, runtime=INT8, int8_sha256="cd34 ef56")
    save(of_int8, tmp_path / "runtime.json")
    assert load(tmp_path / "runtime.json", model_sha256="ab12") == of_int8


def test_whoever_goes_back_to_a_model_finds_its_test_again(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    other = replace(TEST, model_sha256="cd34", runtime=BF16)
    for test in (replace(TEST, rates={640: 1.0}), other, TEST):
        save(test, path)
    assert load(path, model_sha256="ab12") == TEST
    assert load(path, model_sha256="cd34") == other
    assert load(path, model_sha256="ef56") is None
    for number in range(MOST_MODELS):
        save(replace(TEST, model_sha256=f"{number}"), path)
    assert load(path, model_sha256="ab12") is None, "the oldest go"


def test_the_single_test_that_earlier_versions_kept_is_read_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    older = as_json(TEST)
    del older["int8_sha256"]
    path.write_text(json.dumps(older))
    assert load(path, model_sha256="ab12") == TEST
    save(replace(TEST, model_sha256="cd34"), path)
    assert load(path, model_sha256="ab12") == TEST


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"machine": 1}', '{"rates": []}', '{"tests": {}}', '{"tests": [1, null]}']
)
def test_what_cannot_be_read_is_measured_again(tmp_path: Path, text: str) -> None:
    path = tmp_path / "runtime.json"
    assert load(path, model_sha256="ab12") is None
    path.write_text(text)
    assert load(path, model_sha256="ab12") is None
    save(TEST, path)
    assert load(path, model_sha256="ab12") == TEST


@pytest.mark.parametrize(
    "change",
    [
        {"rates": {}},
        {"rates": {"640": 0.0}},
        {"rates": {"640": float("nan")}},
        {"runtime": {"streams": "two"}},
        {"runtime": {"streams": 0}},
        {"runtime": {"streams": 10**6}},
        {"runtime": {"threads": -1}},
        {"runtime": {"precision": "f8"}},
        {"runtime": {"device": None}},
    ],
)
def test_what_no_test_can_have_found_is_measured_again(change: dict[str, Any]) -> None:
    value = json.loads(json.dumps(as_json(TEST)))
    assert from_json(value) == TEST
    assert from_json({**value, **change, "runtime": {**value["runtime"], **change.get("runtime", {})}}) is None


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


def test_8_bit_integers_are_tried_where_the_model_has_them_and_the_processor_says_so() -> None:
    def tried(*able: str, has_int8: bool) -> list[str]:
        return list(dict.fromkeys(way.precision for way in candidates({"CPU": able}, cores=2, has_int8=has_int8)))

    assert tried("FP32", "BF16", "INT8", has_int8=True) == ["f32", "bf16", "int8"]
    assert tried("FP32", "BF16", "INT8", has_int8=False) == ["f32", "bf16"]
    assert tried("FP32", has_int8=True) == ["f32"]


@pytest.mark.parametrize(
    ("f32", "bf16", "int8", "best"),
    [
        (32.4, 8.2, 51.5, INT8),  # VNNI and no unit for bf16
        (36.1, 48.8, 39.1, BF16),  # AMX
        (26.0, 0.0, 15.6, F32),  # AVX2 alone
        (30.0, 0.0, 31.0, F32),  # not clearly faster
        (30.0, 40.0, 41.0, BF16),
        (30.0, 0.0, 0.0, F32),  # it finds other people
    ],
)
def test_the_fastest_way_is_taken_and_of_two_alike_the_plainer(
    f32: float, bf16: float, int8: float, best: DetectorRuntime
) -> None:
    assert best_of([(F32, f32), (BF16, bf16), (INT8, int8)]) == (best, {F32: f32, BF16: bf16, INT8: int8}[best])


def test_cameras_are_counted_in_looks_a_second() -> None:
    assert TEST.cameras(fps=5, long_side=640) == pytest.approx(5.3)
    assert TEST.cameras(fps=5, long_side=832) == 0

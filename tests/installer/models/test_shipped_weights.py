"""The file that ships: what the manifest says of it is true, and it finds people."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from desktop_app.adapters.detection.openvino_yolo import OpenVinoYolo
from desktop_app.adapters.video.virtual_store.scenes import StoreConfig
from desktop_app.services.model_registry import ModelRegistry, person_class, resolve_model, sha256_of
from installer.models.material import HELD_OUT_SEEDS, store_frames
from installer.models.measure import match, multiply_adds
from installer.models.quantise import WIDE, taught_by
from tests.helpers.weights import PROJECT_DIR

ASSETS = PROJECT_DIR / "assets"
START_MULTIPLY_ADDS_AT_416 = 522_553_408
WORKING_SCORE = 0.4


@pytest.fixture(scope="module")
def weights() -> Path:
    return resolve_model("wink_person_nano", data_dir=ASSETS / "nothing-here", assets_dir=ASSETS).path


def test_the_manifest_tells_the_truth_about_the_file(weights: Path, tmp_path: Path) -> None:
    entry = ModelRegistry(data_dir=tmp_path, assets_dir=ASSETS).entries()["wink_person_nano"]
    assert (entry.sha256, entry.size_bytes) == (sha256_of(weights), weights.stat().st_size)
    assert (entry.classes, entry.head, entry.licence) == (("person",), "yolox", "Apache-2.0")
    assert {(416, 256), (640, 384)} <= set(entry.input_sizes)
    assert entry.size_bytes < 8_000_000


def test_the_manifest_tells_the_truth_about_the_8_bit_form(weights: Path) -> None:
    entries = json.loads((ASSETS / "models" / "manifest.json").read_text())["int8"]
    forms = {tuple(entry["input_wh"]): ASSETS / "models" / entry["file"] for entry in entries}
    assert {wh: path.stem.removeprefix(weights.stem) for wh, path in forms.items()} == {
        (0, 0): "_int8",
        (640, 384): "_int8_wide",
    }
    for entry in entries:
        network = forms[tuple(entry["input_wh"])]
        assert entry["of"] == sha256_of(weights)
        assert entry["sha256"] == sha256_of(network)
        assert entry["weights_sha256"] == sha256_of(network.with_suffix(".bin"))
        assert entry["size_bytes"] == network.stat().st_size + network.with_suffix(".bin").stat().st_size < 2_000_000
        assert entry["licence"] == "Apache-2.0"


def test_the_8_bit_form_for_large_inputs_is_the_light_net_and_needs_fewer_operations(weights: Path) -> None:
    wide = ASSETS / "models" / "wink_person_nano_int8_wide.xml"
    kinds = Counter(node.get_type_name() for node in ov.Core().read_model(wide).get_ordered_ops())
    assert (kinds["HSwish"], kinds["Swish"]) == (34, 58)
    assert multiply_adds(wide, wh=(640, 384)) < 0.95 * multiply_adds(weights, wh=(640, 384))
    assert multiply_adds(wide, wh=(640, 384)) == multiply_adds(WIDE, wh=(640, 384))
    assert taught_by(WIDE) == sha256_of(weights)


def test_it_is_the_default_on_a_fresh_machine(weights: Path, tmp_path: Path) -> None:
    assert resolve_model("", data_dir=tmp_path, assets_dir=ASSETS).path == weights


def test_the_licence_of_the_start_weights_is_told_beside_it() -> None:
    notice = (ASSETS / "models" / "NOTICE.txt").read_text()
    assert "Megvii" in notice
    assert "Apache License, Version 2.0" in notice


def test_the_card_holds_figures_for_every_size_that_the_manifest_names(tmp_path: Path) -> None:
    card = (ASSETS / "models" / "MODEL_CARD.md").read_text()
    entry = ModelRegistry(data_dir=tmp_path, assets_dir=ASSETS).entries()["wink_person_nano"]
    for width, height in entry.input_sizes:
        assert re.search(rf"^\| {width}x{height} \| \d+ / \d+ \| 0\.\d+ / 0\.\d+ \|", card, re.MULTILINE)


def test_it_needs_fewer_operations_than_its_start(weights: Path) -> None:
    assert multiply_adds(weights, wh=(416, 416)) < START_MULTIPLY_ADDS_AT_416


@pytest.mark.parametrize(
    ("frame_wh", "input_wh"), [((640, 360), (640, 384)), ((640, 480), (640, 480)), ((480, 640), (480, 640))]
)
def test_it_takes_every_shape_of_frame(weights: Path, frame_wh: tuple[int, int], input_wh: tuple[int, int]) -> None:
    detector = OpenVinoYolo(weights)
    assert detector.prepare(frame_wh) == input_wh
    grey = np.full((frame_wh[1], frame_wh[0], 3), 127, np.uint8)
    assert [len(d) for d in detector.detect([grey])] == [0]


@pytest.mark.parametrize("long_side", [416, 640])
def test_it_finds_the_people_of_a_store_it_never_saw(weights: Path, long_side: int) -> None:
    detector = OpenVinoYolo(weights, min_score=WORKING_SCORE, long_side=long_side)
    found = people = false_alarms = 0
    for frame in store_frames(StoreConfig("entrance", seed=HELD_OUT_SEEDS[0], people=14), count=12, every_s=4):
        (detections,) = detector.detect([frame.picture])
        taken, is_right, counts = match(detections, frame)
        found, people = found + int(taken.sum()), people + len(taken)
        false_alarms += int((counts & ~is_right).sum())
    assert people >= 15
    assert found >= 0.9 * people
    assert false_alarms <= 0.15 * people


def test_every_model_of_the_manifest_is_here_or_can_be_checked_when_it_is_pulled(tmp_path: Path) -> None:
    entries = ModelRegistry(data_dir=tmp_path, assets_dir=ASSETS).entries()
    assert len(entries) > 1
    for entry in entries.values():
        assert person_class(entry.classes, model=entry.name) == 0
        assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
        assert bool(entry.file) != bool(entry.urls)
        assert all(url.startswith("https://") and url.endswith(".onnx") for url in entry.urls)
        assert entry.licence == "Apache-2.0"

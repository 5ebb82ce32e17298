from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from desktop_app.services.model_registry import ModelRegistry, sha256_of
from installer.models.measure import Labelled, Runner, multiply_adds
from installer.models.publish import BEGIN, END, _between_marks, _write_manifest, table
from tests.helpers.weights import PROJECT_DIR

WEIGHTS = PROJECT_DIR / "assets" / "models" / "wink_person_nano.onnx"


def test_the_manifest_that_is_written_can_be_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    model = folder / "wink_person_nano.onnx"
    model.write_bytes(b"weights")
    _write_manifest(folder, model)
    (entry,) = ModelRegistry(data_dir=tmp_path / "none", assets_dir=tmp_path).entries().values()
    assert (entry.file, entry.sha256, entry.size_bytes) == (model.name, sha256_of(model), 7)
    assert entry.input_sizes[0] == (416, 256)
    assert "  " not in json.loads((folder / "manifest.json").read_text())["models"][0]["description"]


def test_models_that_can_be_pulled_stay_in_the_manifest(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    model = folder / "wink_person_nano.onnx"
    model.write_bytes(b"weights")
    other = {"name": "yolox_s", "sha256": "00", "urls": ["https://example.com/yolox_s.onnx"]}
    (folder / "manifest.json").write_text(
        json.dumps({"models": [{"name": "wink_person_nano", "sha256": "old"}, other], "int8": []})
    )
    _write_manifest(folder, model)
    assert set(json.loads((folder / "manifest.json").read_text())) == {"models", "int8"}
    entries = ModelRegistry(data_dir=tmp_path / "none", assets_dir=tmp_path).entries()
    assert list(entries) == ["wink_person_nano", "yolox_s"]
    assert entries["wink_person_nano"].sha256 == sha256_of(model)


def test_figures_replace_figures_and_nothing_else(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"words\n{BEGIN}\nold\n{END}\nmore words\n")
    _between_marks(card, "new")
    _between_marks(card, "newer")
    assert card.read_text() == f"words\n{BEGIN}\nnewer\n{END}\nmore words\n"


def test_a_model_beside_itself_is_neither_better_nor_worse() -> None:
    picture = np.full((120, 160, 3), 90, np.uint8)
    truth = [Labelled("empty", picture, np.array([[10, 10, 40, 90]], np.float32), np.zeros((0, 4), np.float32))]
    lines = table(WEIGHTS, WEIGHTS, {"photographs": truth})
    cells = [cell.strip().split(" / ") for line in lines if line.startswith("| 4") for cell in line.split("|")[2:4]]
    assert len(cells) == 4
    assert all(start == ours for start, ours in cells)


@pytest.mark.parametrize("wh", [(416, 256), (640, 384)])
def test_operations_grow_with_the_cells(wh: tuple[int, int]) -> None:
    per_cell = multiply_adds(WEIGHTS, wh=wh) / (wh[0] * wh[1])
    assert per_cell == pytest.approx(multiply_adds(WEIGHTS, wh=(416, 416)) / 416**2)


def test_a_runner_answers_in_pixels_of_the_picture() -> None:
    picture = np.full((480, 640, 3), 120, np.uint8)
    assert len(Runner(WEIGHTS, input_wh=(416, 256)).people(picture, min_score=0.3)) == 0

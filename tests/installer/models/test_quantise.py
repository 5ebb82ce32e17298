"""What is done to the graph before it is quantised; quantising itself needs a package that is not here."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from desktop_app.services.model_registry import ANY_SIZE, ModelSpec, int8_weights
from installer.models.quantise import plain_graph, with_steady_names, write_manifest
from tests.helpers.weights import find_weights


def answer(model: Any, *, height: int, width: int) -> Any:
    shaped = model.clone()
    shaped.reshape([1, 3, height, width])
    network = ov.Core().compile_model(shaped, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    picture = np.random.default_rng(6).uniform(0, 255, (1, 3, height, width)).astype(np.float32)
    return np.asarray(network(picture)[0])


def test_the_plain_graph_is_the_same_function_of_any_size_with_constant_weights() -> None:
    plain = plain_graph(ov.Core().read_model(find_weights()))
    assert plain.input(0).partial_shape.is_dynamic
    for height, width in ((64, 96), (128, 128)):
        expected = answer(ov.Core().read_model(find_weights()), height=height, width=width)
        assert answer(plain, height=height, width=width) == pytest.approx(expected, abs=1e-3)
    kinds = Counter(node.get_type_name() for node in plain.get_ordered_ops())
    assert kinds["Swish"] == 104
    assert kinds["Sigmoid"] == 1, "the scores' own"
    for node in plain.get_ordered_ops():
        if node.get_type_name() in ("Convolution", "GroupConvolution"):
            assert node.input_value(1).get_node().get_type_name() == "Constant"
            (bias,) = node.output(0).get_target_inputs()
            assert bias.get_node().get_type_name() == "Add"
            assert bias.get_node().input_value(1).get_node().get_type_name() == "Constant"


def test_files_repeat_whatever_numbers_the_library_gave(tmp_path: Path) -> None:
    def saved(name: str) -> bytes:
        model = with_steady_names(plain_graph(ov.Core().read_model(find_weights())))
        ov.save_model(model, tmp_path / f"{name}.xml", compress_to_fp16=False)
        return (tmp_path / f"{name}.xml").read_bytes()

    first = saved("first")
    assert saved("second") == first


def test_the_manifest_is_added_to_and_the_program_finds_what_it_names(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    model, network, wide = folder / "ours.onnx", folder / "ours_int8.xml", folder / "ours_int8_wide.xml"
    model.write_bytes(b"floats")
    for file in (network, wide):
        file.write_bytes(b"network")
        file.with_suffix(".bin").write_bytes(b"integers")
    (folder / "manifest.json").write_text(json.dumps({"models": [{"name": "ours", "sha256": "00"}]}))
    write_manifest(folder, {ANY_SIZE: network}, of=model)
    write_manifest(folder, {ANY_SIZE: network, (640, 384): wide}, of=model)
    assert json.loads((folder / "manifest.json").read_text())["models"] == [{"name": "ours", "sha256": "00"}]
    found = int8_weights(ModelSpec("ours", model, "Apache-2.0"), assets_dir=tmp_path)
    assert found is not None
    assert found.paths == {ANY_SIZE: network, (640, 384): wide}

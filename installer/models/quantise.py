"""The weights that ship, once more in 8-bit integers, and what the manifest says of them (docs/adr/0013).

    python -m installer.models.quantise --photographs FOLDER

What ``installer.models.lighten`` made (``--wide``) becomes the form for inputs of 640x384, at which it was taught.
Wants the environment of ``requirements-quantise.txt``. Post-training quantisation (``nncf``, mixed preset, fast bias
correction), calibrated on the photographs that are learnt from and on virtual stores of one seed; nothing that is held out,
nothing to choose by, no film. Two runs on one kind of processor give the same bits.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13
from openvino.passes import ConstantFolding, Manager

from desktop_app.adapters.detection.openvino_yolo import letterbox
from desktop_app.adapters.detection.stem import with_plain_stem
from desktop_app.services.model_registry import ANY_SIZE, INT8_KEY, MANIFEST, Int8Entry, sha256_of
from installer.models.material import photographs_learnt, rebuilt_stores
from shared_models.geometry import Size

SHIPPED = Path("assets/models/wink_person_nano.onnx")
WIDE = Path(__file__).parent / "weights" / "wink_person_nano_wide.onnx"
"""What ``installer.models.lighten`` made, in floats: kept to be quantised again, not shipped."""
WIDE_WH: Size = (640, 384)
SIZES: tuple[Size, ...] = (WIDE_WH, (416, 256))
SEED, STORES, FRAMES_EACH = 77, 8, 5
LICENCE = "Apache-2.0"
_NUMBERED = re.compile(r"([A-Z][A-Za-z]*)_\d+")
TAUGHT_BY = "taught_by"
"""Where the file of a light net tells the hash of the model whose answers it learnt."""
NO_MATTER_PX = 64
"""A size for which the shapes inside the graph become known; the constants do not depend on it."""


def main(words: list[str] | None = None) -> None:
    """Parse the words of the command line; write the two files of an OpenVINO network and the manifest beside them."""
    parser = argparse.ArgumentParser(prog="python -m installer.models.quantise", description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--photographs", type=Path, required=True, help="folder with images/ and labels/ (YOLO form)")
    parser.add_argument("--wide", type=Path, default=WIDE, help="the light net (.onnx) for large inputs")
    parser.add_argument("--assets", type=Path, default=Path("assets/models"), help="folder that is written to")
    asked = parser.parse_args(words)
    if taught_by(asked.wide) != sha256_of(asked.model):
        parser.error(f"{asked.wide} learnt from another model; teach it anew: python -m installer.models.lighten")
    asked.assets.mkdir(parents=True, exist_ok=True)
    networks = {ANY_SIZE: asked.assets / f"{asked.model.stem}_int8.xml"}
    _quantise(asked.model, networks[ANY_SIZE], list(calibration(asked.photographs)))
    networks[WIDE_WH] = asked.assets / f"{asked.model.stem}_int8_wide.xml"
    _quantise(asked.wide, networks[WIDE_WH], list(calibration(asked.photographs, sizes=(WIDE_WH,))))
    write_manifest(asked.assets, networks, of=asked.model)


def taught_by(light: Path) -> str:
    """The hash of the model whose answers a light net learnt; empty: the file does not say."""
    model, place = ov.Core().read_model(light), ["framework", TAUGHT_BY]
    return str(model.get_rt_info(place).astype(str)) if model.has_rt_info(place) else ""


def _quantise(model: Path, network: Path, pictures: list[NDArray[np.float32]]) -> None:
    nncf: Any = importlib.import_module("nncf")
    quantised = nncf.quantize(
        plain_graph(ov.Core().read_model(model)),
        nncf.Dataset(pictures),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pictures),
    )
    ov.save_model(with_steady_names(quantised), network, compress_to_fp16=False)


def write_manifest(folder: Path, networks: Mapping[Size, Path], *, of: Path) -> None:
    """Say in the manifest of ``folder`` that ``networks`` are the model ``of`` in 8-bit integers.

    Args:
        networks: each .xml, its .bin beside it, by the size of input that it is for.
    """
    entries = []
    for input_wh, network in networks.items():
        weights = network.with_suffix(".bin")
        size = network.stat().st_size + weights.stat().st_size
        hashes = sha256_of(network), sha256_of(weights)
        entries.append(asdict(Int8Entry(sha256_of(of), network.name, *hashes, LICENCE, size, input_wh)))
    path = folder / MANIFEST
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"models": []}
    path.write_text(json.dumps({**known, INT8_KEY: entries}, indent=2) + "\n", encoding="utf-8")


def calibration(photographs: Path, *, sizes: Sequence[Size] = SIZES) -> Iterator[NDArray[np.float32]]:
    """(1, 3, H, W), BGR 0..255, at each of these sizes."""
    pictures = [one.picture for one in photographs_learnt(photographs, for_choosing=False)]
    pictures += [one.picture for one in rebuilt_stores(seed=SEED, count=STORES, frames_each=FRAMES_EACH)]
    for input_wh in sizes:
        for picture in pictures:
            boxed, _ = letterbox(picture, input_wh=input_wh)
            yield boxed.transpose(2, 0, 1)[None].astype(np.float32)


def with_steady_names(model: Any) -> Any:
    """The same network, its nodes that the library named by a running number named by their place: so files repeat."""
    for place, node in enumerate(model.get_ordered_ops()):
        kind = _NUMBERED.fullmatch(node.get_friendly_name())
        if kind is not None:
            node.set_friendly_name(f"{kind[1]}_at_{place}")
    return model


def plain_graph(model: Any) -> Any:
    """The same network for any size, as ``nncf`` must see it: biases and kernels as constants, SiLU as one operation.

    A graph for any size, read from ONNX, reckons the shapes of biases and depthwise kernels while it runs. ``nncf`` then
    takes neither the bias nor the SiLU for a part of the convolution, quantises between them, and corrects no bias: that
    lost a quarter of average precision and was slower than floats.
    """
    model = with_plain_stem(model)
    shaped = model.clone()
    shaped.reshape([1, 3, NO_MATTER_PX, NO_MATTER_PX])
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(shaped)
    known = {node.get_friendly_name(): node for node in shaped.get_ordered_ops()}
    for node in model.get_ordered_ops():
        if node.get_type_name() in ("GroupConvolution", "Add"):
            _take_constants(node, known[node.get_friendly_name()])
    for node in model.get_ordered_ops():
        if node.get_type_name() == "Multiply":
            _join_silu(node)
    model.validate_nodes_and_infer_types()
    return model


def _take_constants(node: Any, shaped: Any) -> None:
    for number in (0, 1):
        source = shaped.input_value(number).get_node()
        if source.get_type_name() == "Constant" and node.input_value(number).get_node().get_type_name() != "Constant":
            node.input(number).replace_source_output(opset13.constant(source.data).output(0))


def _join_silu(product: Any) -> None:
    """x times sigmoid(x) as ``Swish``."""
    for plain, other in ((0, 1), (1, 0)):
        x, factor = product.input_value(plain), product.input_value(other).get_node()
        if factor.get_type_name() == "Sigmoid" and factor.input_value(0) == x:
            silu = opset13.swish(x)
            silu.set_friendly_name(product.get_friendly_name())
            for reader in product.output(0).get_target_inputs():
                reader.replace_source_output(silu.output(0))
            return


if __name__ == "__main__":
    main(sys.argv[1:])

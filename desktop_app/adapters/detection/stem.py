"""The first layer of YOLOX (and of YOLOv5's "Focus"), said in a way that processors like.

YOLOX cuts the picture into its four half-size pictures (even and odd rows and columns), joins them to twelve channels and
convolves those by 3x3 (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"). One 6x6 convolution of stride 2 on the picture
itself is the very same function. OpenVINO runs the cutting by slow reference code: an eighth of a look and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13

KERNEL, COLOURS = 3, 3
PROBE = 8
"""Sides of the little picture by which the order of the twelve channels is found."""

Place = tuple[int, int, int]
"""Colour, odd row or not, odd column or not."""


def with_plain_stem(model: Any) -> Any:
    """The same network with one convolution in front, where it begins as YOLOX does; else as it is.

    Args:
        model: ``ov.Model`` of an input (N, 3, H, W), fixed or for any size; it is changed.
    """
    joined = next((node for node in model.get_ordered_ops() if node.get_type_name() == "Concat"), None)
    convolution = None if joined is None else _only_reader(joined)
    if convolution is None or not _is_plain(convolution):
        return model
    places = _places(model, joined)
    if places is None:
        return model
    kernel = opset13.constant(_spread(np.asarray(convolution.input_value(1).get_node().data), places))
    picture = model.input(0).get_node().output(0)
    whole = opset13.convolution(picture, kernel, [2, 2], [2, 2], [2, 2], [1, 1])
    whole.set_friendly_name(convolution.get_friendly_name())
    for reader in convolution.output(0).get_target_inputs():
        reader.replace_source_output(whole.output(0))
    model.validate_nodes_and_infer_types()
    return model


def _only_reader(node: Any) -> Any | None:
    readers = [reader.get_node() for reader in node.output(0).get_target_inputs()]
    return readers[0] if len(readers) == 1 and readers[0].get_type_name() == "Convolution" else None


def _is_plain(convolution: Any) -> bool:
    """3x3 on twelve channels, stride 1, edges filled up by one, with weights that are there in floats."""
    weights, how = convolution.input_value(1).get_node(), convolution.get_attributes()
    return (
        weights.get_type_name() == "Constant"
        and weights.get_element_type() == ov.Type.f32
        and list(weights.get_output_shape(0))[1:] == [4 * COLOURS, KERNEL, KERNEL]
        and list(how["strides"]) == [1, 1]
        and list(how["dilations"]) == [1, 1]
        and list(how["pads_begin"]) == list(how["pads_end"]) == [1, 1]
    )


def _places(model: Any, joined: Any) -> Sequence[Place] | None:
    """What each of the twelve channels holds, as a numbered picture shows; None where it is anything else than pixels."""
    cutting = ov.Model([joined.output(0)], [model.input(0).get_node()], "cutting").clone()
    picture = np.arange(COLOURS * PROBE * PROBE, dtype=np.float32).reshape(1, COLOURS, PROBE, PROBE)
    try:
        cutting.reshape([1, COLOURS, PROBE, PROBE])
        answer = ov.Tensor(ov.Type.f32, cutting.output(0).shape)
        is_told = cutting.evaluate([answer], [ov.Tensor(picture)])
    except RuntimeError:  # it cannot be had for this size: no cutting that is known
        return None
    if not is_told:
        return None
    known = {(c, y, x): picture[0, c, y::2, x::2] for c in range(COLOURS) for y in (0, 1) for x in (0, 1)}
    places = [next((place for place, half in known.items() if np.array_equal(half, it)), None) for it in answer.data[0]]
    found = [place for place in places if place is not None]
    return found if len(found) == len(places) and len(set(found)) == len(known) else None


def _spread(weights: NDArray[np.float32], places: Sequence[Place]) -> NDArray[np.float32]:
    """(O, 12, 3, 3) on half-size pictures as (O, 3, 6, 6) on the whole one."""
    spread = np.zeros((len(weights), COLOURS, 2 * KERNEL, 2 * KERNEL), np.float32)
    for channel, (colour, row, column) in enumerate(places):
        spread[:, colour, row::2, column::2] = weights[:, channel]
    return spread

"""The first layer rewritten: the same answers, from one convolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino as ov
import pytest
from openvino import opset13

from desktop_app.adapters.detection.stem import with_plain_stem
from tests.helpers.weights import find_weights

YOLOX = ((0, 0), (1, 0), (0, 1), (1, 1))
ROWS_FIRST = ((0, 0), (0, 1), (1, 0), (1, 1))


def cut(
    *, order: Sequence[tuple[int, int]] = YOLOX, side: int = 32, factor: float = 1.0, strides: int = 1, pads: int = 1
) -> Any:
    """A network that begins as YOLOX does: four half-size pictures in this order (row, column), joined, convolved."""
    picture = opset13.parameter([1, 3, side, side], np.float32)
    halves = [
        opset13.slice(picture, np.array([y, x]), np.array([side, side]), np.array([2, 2]), np.array([2, 3]))
        for y, x in order
    ]
    joined = opset13.concat([opset13.multiply(half, np.float32(factor)) if factor != 1 else half for half in halves], 1)
    weights = np.random.default_rng(3).normal(size=(5, 12, 3, 3)).astype(np.float32)
    edge = [pads, pads]
    return ov.Model([opset13.convolution(joined, weights, [strides] * 2, edge, edge, [1, 1])], [picture], "cut")


def answer(model: Any) -> Any:
    network = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    picture = np.random.default_rng(4).uniform(0, 1, list(model.input(0).shape)).astype(np.float32)
    return np.asarray(network(picture)[0])


def is_cut(model: Any) -> bool:
    return any(node.get_type_name() == "Concat" for node in model.get_ordered_ops())


@pytest.mark.parametrize("order", [YOLOX, ROWS_FIRST])
def test_one_convolution_says_what_cutting_joining_and_convolving_say(order: Sequence[tuple[int, int]]) -> None:
    plain = with_plain_stem(cut(order=order))
    assert not is_cut(plain)
    assert answer(plain) == pytest.approx(answer(cut(order=order)), abs=1e-4)


@pytest.mark.parametrize(
    "model",
    [
        cut(factor=2.0),
        cut(order=(YOLOX[0], YOLOX[0], YOLOX[2], YOLOX[3])),
        cut(strides=2),
        cut(pads=0),
    ],
    ids=["no pixels", "a half twice", "another stride", "other edges"],
)
def test_what_begins_otherwise_stays_as_it_is(model: Any) -> None:
    before = answer(model)
    same = with_plain_stem(model)
    assert is_cut(same)
    assert np.array_equal(answer(same), before)


def test_the_shipped_network_is_rewritten_and_answers_the_same() -> None:
    def shipped() -> Any:
        model = ov.Core().read_model(find_weights())
        model.reshape([1, 3, 96, 128])
        return model

    plain = with_plain_stem(shipped())
    first = next(node for node in plain.get_ordered_ops() if node.get_type_name() == "Convolution")
    assert list(first.input_value(1).shape) == [16, 3, 6, 6]
    assert answer(plain) == pytest.approx(answer(shipped()), abs=1e-3)

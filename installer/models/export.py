"""The trained net as one ONNX file that takes any number of pictures of any size in multiples of 32."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from installer.models.net import ScaledConv, YoloxNano
from installer.models.quantise import TAUGHT_BY

OPSET, OPSET_OF_HARD_SWISH = 13, 14
COLUMNS = 6
LICENCE = "Apache-2.0"
DESCRIPTION = "Person detector of Wink Analytics, made from YOLOX-Nano. See MODEL_CARD.md and NOTICE.txt."


class _Folded(nn.Module):
    """A plain convolution with its activation."""

    def __init__(self, scaled: ScaledConv) -> None:
        super().__init__()
        weight = scaled.weight().detach()
        groups, out = scaled.groups, len(weight)
        self.conv = nn.Conv2d(
            weight.shape[1] * groups, out, weight.shape[-1], scaled.stride, scaled.padding, groups=groups
        )
        self.conv.weight.data.copy_(weight)
        assert self.conv.bias is not None  # noqa: S101 - asked for above, by default
        self.conv.bias.data.copy_(scaled.bias().detach())
        self.scaled = scaled

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y if self.scaled.is_last else self.scaled.activated(y)


def folded(net: YoloxNano) -> YoloxNano:
    """A copy with plain convolutions that answers scores."""
    plain = copy.deepcopy(net).eval().to(memory_format=torch.contiguous_format)
    for name, module in list(plain.named_modules()):
        if isinstance(module, ScaledConv):
            parent, _, own = name.rpartition(".")
            setattr(plain.get_submodule(parent), own, _Folded(module))
    plain.is_scoring = True
    return plain


def write_onnx(
    net: YoloxNano, path: Path, *, licence: str, description: str, opset: int = OPSET, taught_by: str = ""
) -> None:
    """Write ``path``: input ``images`` (N, 3, H, W) BGR 0..255, output (N, cells, 6), the raw YOLOX head of one class.

    Args:
        opset: ``OPSET_OF_HARD_SWISH`` for a net that has one.
        taught_by: SHA-256 of the model whose answers it learnt; empty: it is one of its own.
    """
    axes = {"images": {0: "batch", 2: "height", 3: "width"}, "output": {0: "batch", 1: "cells"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            folded(net),
            (torch.zeros(1, 3, 64, 96),),
            str(path),
            input_names=["images"],
            output_names=["output"],
            dynamic_axes=axes,
            opset_version=opset,
            dynamo=False,
        )
    model = onnx.load(path)
    model.producer_name, model.producer_version = "wink-analytics", ""
    model.doc_string = description
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = COLUMNS
    told = {"licence": licence, "classes": "person", "head": "yolox"}
    onnx.helper.set_model_props(model, told | ({TAUGHT_BY: taught_by} if taught_by else {}))
    onnx.checker.check_model(model)
    onnx.save(model, path)

"""YOLOX-Nano (Ge et al., "YOLOX: Exceeding YOLO Series in 2021") for one class, trainable from folded weights.

The published ONNX file has its batch norms folded into the convolutions, whose channels then differ in size by orders
of magnitude; steps of equal size wreck the small ones. ``ScaledConv`` undoes that without the lost statistics: it keeps
each weight in units of (spread of its output) / (size of its input), both measured on real pictures. The function is
the same to the last rounding, and an optimiser's equal steps become equal changes of what the next layer sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128, 256)
HEAD_WIDTH = 64
STRIDES = (8, 16, 32)
PERSON = 0


class ScaledConv(nn.Module):
    """A convolution whose parameters are measured in its own inputs' and outputs' spread.

    Attributes:
        kernel, gain: trained; the effective weight is ``kernel * gain * out_scale / in_scale``.
        shift: trained; the effective bias is ``shift * out_scale``.
    """

    def __init__(
        self, into: int, out: int, size: int, *, stride: int = 1, groups: int = 1, is_last: bool = False
    ) -> None:
        super().__init__()
        self.stride, self.groups, self.padding, self.is_last = stride, groups, size // 2, is_last
        self.kernel = nn.Parameter(torch.zeros(out, into // groups, size, size))
        self.gain = nn.Parameter(torch.ones(out))
        self.shift = nn.Parameter(torch.zeros(out))
        self.register_buffer("out_scale", torch.ones(out))
        self.register_buffer("in_scale", torch.ones(into))
        self.out_scale: Tensor
        self.in_scale: Tensor

    def forward(self, x: Tensor) -> Tensor:
        y = functional.conv2d(x, self.weight(), self.bias(), self.stride, self.padding, groups=self.groups)
        return y if self.is_last else self.activated(y)

    def activated(self, y: Tensor) -> Tensor:
        """What is done to the sums of products."""
        return functional.silu(y)

    def weight(self) -> Tensor:
        """(out, in / groups, k, k): what a plain convolution would hold."""
        return self.kernel * self._factor()

    def bias(self) -> Tensor:
        return self.shift * self.out_scale

    def assign(self, weight: Tensor, bias: Tensor) -> None:
        """Become the plain convolution of this weight and bias, whatever the scales are."""
        with torch.no_grad():
            self.gain.fill_(1.0)
            self.kernel.copy_(weight / self._factor())
            self.shift.copy_(bias / self.out_scale)

    def rescale(self, *, in_scale: Tensor, out_scale: Tensor) -> None:
        """Change the units, not the function."""
        weight, bias = self.weight().detach().clone(), self.bias().detach().clone()
        self.in_scale.copy_(in_scale)
        self.out_scale.copy_(out_scale)
        self.assign(weight, bias)

    def _factor(self) -> Tensor:
        per_group = self.in_scale.reshape(self.groups, -1)
        rows = per_group.repeat_interleave(len(self.out_scale) // self.groups, dim=0)
        return (self.gain * self.out_scale)[:, None, None, None] / rows[:, :, None, None]


def _depthwise(into: int, out: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(ScaledConv(into, into, 3, stride=stride, groups=into), ScaledConv(into, out, 1))


class Bottleneck(nn.Module):
    """1x1, then depthwise-separable 3x3; added to its input where ``is_residual``."""

    def __init__(self, width: int, *, is_residual: bool) -> None:
        super().__init__()
        self.squeeze, self.mix, self.is_residual = ScaledConv(width, width, 1), _depthwise(width, width), is_residual

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mix(self.squeeze(x))
        return x + y if self.is_residual else y


class CrossStage(nn.Module):
    """Half of the channels go through bottlenecks, half pass by; both are mixed at the end."""

    def __init__(self, into: int, out: int, *, depth: int, is_residual: bool = False) -> None:
        super().__init__()
        half = out // 2
        self.through, self.past = ScaledConv(into, half, 1), ScaledConv(into, half, 1)
        self.blocks = nn.Sequential(*(Bottleneck(half, is_residual=is_residual) for _ in range(depth)))
        self.join = ScaledConv(2 * half, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        through, past = self.through(x), self.past(x)
        joined: Tensor = self.join(torch.cat([self.blocks(through), past], dim=1))
        return joined


class PoolPyramid(nn.Module):
    """Maxima over 5, 9 and 13 cells beside the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze, self.join = ScaledConv(width, width // 2, 1), ScaledConv(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x)
        pools = [functional.max_pool2d(x, size, stride=1, padding=size // 2) for size in (5, 9, 13)]
        joined: Tensor = self.join(torch.cat([x, *pools], dim=1))
        return joined


class Head(nn.Module):
    """Of one stride: class branch, then box and objectness branch. Logits, not scores."""

    def __init__(self, into: int, classes: int) -> None:
        super().__init__()
        self.stem = ScaledConv(into, HEAD_WIDTH, 1)
        self.class_branch = nn.Sequential(_depthwise(HEAD_WIDTH, HEAD_WIDTH), _depthwise(HEAD_WIDTH, HEAD_WIDTH))
        self.class_out = ScaledConv(HEAD_WIDTH, classes, 1, is_last=True)
        self.box_branch = nn.Sequential(_depthwise(HEAD_WIDTH, HEAD_WIDTH), _depthwise(HEAD_WIDTH, HEAD_WIDTH))
        self.box_out = ScaledConv(HEAD_WIDTH, 4, 1, is_last=True)
        self.object_out = ScaledConv(HEAD_WIDTH, 1, 1, is_last=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        kind = self.class_out(self.class_branch(x))
        box_features = self.box_branch(x)
        return torch.cat([self.box_out(box_features), self.object_out(box_features), kind], dim=1)


class YoloxNano(nn.Module):
    """Pictures (B, 3, H, W) BGR 0..255, H and W multiples of 32 -> (B, cells, 5 + classes).

    Columns: centre x, y in cells from the cell's corner; log width, height in strides; objectness logit; class logits.
    Rows: stride 8, 16, 32, each row by row. ``is_scoring``: columns from 4 on are scores 0..1 instead, as exported.
    """

    def __init__(self, classes: int = 1) -> None:
        super().__init__()
        w1, w2, w3, w4, w5 = WIDTHS
        self.is_scoring = False
        self.stem = ScaledConv(12, w1, 3)
        self.dark2 = nn.Sequential(_depthwise(w1, w2, stride=2), CrossStage(w2, w2, depth=1, is_residual=True))
        self.dark3 = nn.Sequential(_depthwise(w2, w3, stride=2), CrossStage(w3, w3, depth=3, is_residual=True))
        self.dark4 = nn.Sequential(_depthwise(w3, w4, stride=2), CrossStage(w4, w4, depth=3, is_residual=True))
        self.dark5 = nn.Sequential(_depthwise(w4, w5, stride=2), PoolPyramid(w5), CrossStage(w5, w5, depth=1))
        self.lateral5, self.down4 = ScaledConv(w5, w4, 1), CrossStage(2 * w4, w4, depth=1)
        self.lateral4, self.down3 = ScaledConv(w4, w3, 1), CrossStage(2 * w3, w3, depth=1)
        self.step3, self.up4 = _depthwise(w3, w3, stride=2), CrossStage(2 * w3, w4, depth=1)
        self.step4, self.up5 = _depthwise(w4, w4, stride=2), CrossStage(2 * w4, w5, depth=1)
        self.heads = nn.ModuleList(Head(width, classes) for width in (w3, w4, w5))

    def forward(self, pictures: Tensor) -> Tensor:
        raw = torch.cat([self._flat(head(x)) for head, x in zip(self.heads, self.pyramid(pictures), strict=True)], 1)
        return torch.cat([raw[..., :4], raw[..., 4:].sigmoid()], dim=2) if self.is_scoring else raw

    def pyramid(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = focused(pictures)
        c3 = self.dark3(self.dark2(self.stem(x)))
        c4 = self.dark4(c3)
        c5 = self.lateral5(self.dark5(c4))
        p4 = self.lateral4(self.down4(torch.cat([_doubled(c5), c4], dim=1)))
        n3 = self.down3(torch.cat([_doubled(p4), c3], dim=1))
        n4 = self.up4(torch.cat([self.step3(n3), p4], dim=1))
        n5 = self.up5(torch.cat([self.step4(n4), c5], dim=1))
        return n3, n4, n5

    @staticmethod
    def _flat(x: Tensor) -> Tensor:
        return x.flatten(2).permute(0, 2, 1)


def focused(pictures: Tensor) -> Tensor:
    """(B, 12, H/2, W/2): each square of four pixels as one of twelve channels."""
    return torch.cat([pictures[..., dy::2, dx::2] for dx in (0, 1) for dy in (0, 1)], dim=1)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def convolutions(net: nn.Module) -> Iterator[ScaledConv]:
    """In the order in which they are called."""
    called: list[ScaledConv] = []

    def note(module: nn.Module, _input: object, _output: object) -> None:
        if isinstance(module, ScaledConv):
            called.append(module)

    hooks = [m.register_forward_hook(note) for m in net.modules() if isinstance(m, ScaledConv)]
    with torch.no_grad():
        net(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return iter(called)


def load_start(path: Path, *, classes: int = 1) -> YoloxNano:
    """The net of a published YOLOX-Nano ONNX file, folded batch norms and all.

    Args:
        classes: 80 keeps every class, 1 keeps the person's row of each class output.

    Raises:
        ValueError: the file holds another net.
    """
    net = YoloxNano(classes)
    tensors = list(_onnx_convolutions(path))
    ours = list(convolutions(net))
    if len(tensors) != len(ours):
        raise ValueError(f"{path.name} has {len(tensors)} convolutions, YOLOX-Nano has {len(ours)}.")
    for conv, (weight, bias) in zip(ours, tensors, strict=True):
        if weight.shape[0] == 80 and classes == 1:
            weight, bias = weight[PERSON : PERSON + 1], bias[PERSON : PERSON + 1]
        if weight.shape != conv.kernel.shape:
            raise ValueError(f"{path.name}: {tuple(weight.shape)} stands where {tuple(conv.kernel.shape)} belongs.")
        conv.assign(weight, bias)
    return net


def _onnx_convolutions(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    graph = onnx.load(path).graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Conv":
            weight, bias = (numpy_helper.to_array(stored[name]).astype(np.float32) for name in node.input[1:3])
            yield torch.from_numpy(weight), torch.from_numpy(bias)


def measure_scales(net: YoloxNano, pictures: Tensor) -> None:
    """Give every convolution the units that it has on these pictures; what the net computes does not change."""
    seen: dict[ScaledConv, tuple[Tensor, Tensor]] = {}

    def note(conv: ScaledConv) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(_module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            x = inputs[0]
            plain = functional.conv2d(x, conv.weight(), None, conv.stride, conv.padding, groups=conv.groups)
            seen[conv] = (x.square().mean((0, 2, 3)).sqrt(), plain.std((0, 2, 3)))

        return hook

    convs = [m for m in net.modules() if isinstance(m, ScaledConv)]
    hooks = [conv.register_forward_pre_hook(note(conv)) for conv in convs]
    with torch.no_grad():
        net(pictures)
        for hook in hooks:
            hook.remove()
        for conv in convs:
            size_in, spread_out = seen[conv]
            conv.rescale(in_scale=_floored(size_in), out_scale=_floored(spread_out))


def _floored(scale: Tensor) -> Tensor:
    """No channel counts as smaller than a twentieth of the layer's usual: dead ones must not blow up."""
    return scale.clamp(min=float(scale.median()) / 20 + 1e-6)

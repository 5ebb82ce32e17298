"""The net made lighter for large pictures: hard swish where pictures are large, no class branch, and rounding as in integers.

Of a look in 8-bit integers two fifths are SiLU (docs/adr/0013), and of one class objectness can say all. A hard swish
costs next to nothing; fitted channel by channel it is nearly SiLU, since what a channel holds before it is narrow. The
rest is for training to mend, which ``round_as_integers`` lets see what integers will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from installer.models.net import Head, ScaledConv, YoloxNano

AT_STRIDES_TO_8 = ("stem.", "dark2.", "dark3.", "down3.", "heads.0.")
"""Beginnings of the names of the layers whose outputs are of strides 2, 4 and 8: 71 % of what goes through a SiLU."""
PLACES = 1500
"""Of each picture and layer, at which a hard swish is fitted."""
STRETCHES, MOVES = (0.3, 2.0), (-2.5, 2.5)
FOLLOW = 0.02
"""Of each new range how much goes into the running one."""


class RoundedConv(ScaledConv):
    """A convolution that can reckon as 8-bit integers will: inputs and weights rounded, gradients as if not.

    Attributes:
        is_rounding: whether it does.
        low, high: the running range of its input, by channel where each channel has kernels of its own.
    """

    def __init__(self, plain: ScaledConv) -> None:
        out, per_group, size, _ = plain.kernel.shape
        groups, stride = plain.groups, plain.stride
        super().__init__(per_group * groups, out, size, stride=stride, groups=groups, is_last=plain.is_last)
        self.load_state_dict(plain.state_dict())
        self.is_rounding = False
        n_ranges = per_group * groups if groups > 1 else 1
        self.register_buffer("low", torch.zeros(n_ranges))
        self.register_buffer("high", torch.zeros(n_ranges))
        self.low: Tensor
        self.high: Tensor

    def forward(self, x: Tensor) -> Tensor:
        if not self.is_rounding:
            return super().forward(x)
        weight = self.weight()
        steps = weight.detach().abs().amax((1, 2, 3)).clamp(min=1e-8) / 127
        zeros = torch.zeros(len(steps), dtype=torch.int32)
        weight = torch.fake_quantize_per_channel_affine(weight, steps, zeros, 0, -127, 127)
        y = functional.conv2d(self._rounded(x), weight, self.bias(), self.stride, self.padding, groups=self.groups)
        return y if self.is_last else self.activated(y)

    def _rounded(self, x: Tensor) -> Tensor:
        self._follow(x.detach())
        low, high = self.low.clamp(max=0), self.high.clamp(min=0)
        step = ((high - low) / 255).clamp(min=1e-8)
        zero = (-low / step).round().clamp(0, 255).int()
        if self.groups > 1:
            return torch.fake_quantize_per_channel_affine(x, step, zero, 1, 0, 255)
        return torch.fake_quantize_per_tensor_affine(x, step[0], zero[0], 0, 255)

    def _follow(self, x: Tensor) -> None:
        if not self.training and bool((self.high > self.low).any()):
            return
        over = (0, 2, 3) if self.groups > 1 else (0, 1, 2, 3)
        low, high = x.amin(over).reshape(-1), x.amax(over).reshape(-1)
        is_first = not bool((self.high > self.low).any())
        self.low.lerp_(low, 1.0 if is_first else FOLLOW)
        self.high.lerp_(high, 1.0 if is_first else FOLLOW)


class LightConv(RoundedConv):
    """With ``after * h(y) + offset``, h the hard swish, in place of SiLU; ``y`` holds what stretches and moves its input."""

    def __init__(self, plain: ScaledConv) -> None:
        super().__init__(plain)
        self.after = nn.Parameter(torch.ones(len(plain.kernel)))
        self.offset = nn.Parameter(torch.zeros(len(plain.kernel)))

    def activated(self, y: Tensor) -> Tensor:
        return functional.hardswish(y) * self.after[:, None, None] + self.offset[:, None, None]

    def fit(self, sums: Tensor) -> None:
        """Become nearest to SiLU at these sums of products, (channels, places), by squares; the sums are its own."""
        stretch, move, after, offset = fitted(sums)
        weight, bias = self.weight().detach() * stretch[:, None, None, None], self.bias().detach() * stretch + move
        with torch.no_grad():
            self.out_scale.mul_(stretch)
            self.assign(weight, bias)
            self.after.copy_(after)
            self.offset.copy_(offset)


class OneBranchHead(nn.Module):
    """Box and objectness of one stride; objectness says all that there is to say of one class."""

    def __init__(self, whole: Head) -> None:
        super().__init__()
        self.stem, self.box_branch = whole.stem, whole.box_branch
        self.box_out, self.object_out = whole.box_out, whole.object_out

    def forward(self, x: Tensor) -> Tensor:
        features = self.box_branch(self.stem(x))
        return torch.cat([self.box_out(features), self.object_out(features)], dim=1)


class LightNet(YoloxNano):
    """As ``YoloxNano`` of one class, lighter. Columns: box, objectness logit; ``is_scoring``: box, score, one for the class.

    Made from a net with SiLU and both branches: what it answers differs until it is trained.
    """

    def __init__(self, start: YoloxNano) -> None:
        super().__init__()
        self.load_state_dict(start.state_dict())
        self.heads = nn.ModuleList(OneBranchHead(head) for head in self.heads if isinstance(head, Head))
        for name, conv in list(self.named_modules()):
            if isinstance(conv, ScaledConv):
                parent, _, own = name.rpartition(".")
                is_light = name.startswith(AT_STRIDES_TO_8) or name == "stem"
                kind = LightConv if is_light and not conv.is_last else RoundedConv
                setattr(self.get_submodule(parent), own, kind(conv))

    def forward(self, pictures: Tensor) -> Tensor:
        raw = torch.cat([self._flat(head(x)) for head, x in zip(self.heads, self.pyramid(pictures), strict=True)], 1)
        if not self.is_scoring:
            return raw
        score = raw[..., 4:].sigmoid()
        return torch.cat([raw[..., :4], score, score.clamp(min=1.0)], dim=2)

    def round_as_integers(self, *, is_on: bool) -> None:
        """Whether the convolutions reckon as in 8-bit integers from now on."""
        for conv in self.modules():
            if isinstance(conv, RoundedConv):
                conv.is_rounding = is_on


def lightened(start: YoloxNano, pictures: Tensor) -> LightNet:
    """A light net whose hard swishes are fitted to what ``start`` holds on these pictures, (B, 3, H, W) BGR 0..255."""
    net = LightNet(start)
    by_name = dict(start.named_modules())
    light = {name: conv for name, conv in net.named_modules() if isinstance(conv, LightConv)}
    seen: dict[str, Tensor] = {}

    def note(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            assert isinstance(module, ScaledConv)  # noqa: S101 - it was looked up as one
            x, groups = inputs[0], module.groups
            sums = functional.conv2d(x, module.weight(), module.bias(), module.stride, module.padding, groups=groups)
            places = sums.transpose(0, 1).flatten(1)
            seen[name] = places[:, torch.linspace(0, places.shape[1] - 1, PLACES * len(x)).long()]

        return hook

    hooks = [by_name[name].register_forward_pre_hook(note(name)) for name in light]
    with torch.no_grad():
        start(pictures)
    for hook in hooks:
        hook.remove()
    for name, conv in light.items():
        conv.fit(seen[name])
    return net


def fitted(sums: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Four numbers by channel, so that ``after * h(stretch * x + move) + offset`` is nearest to SiLU at ``sums``.

    Args:
        sums: (channels, places).

    Returns:
        stretch, move, after, offset; (channels,) each. Looked for on two grids, the second finer, around the first's best.
    """
    wanted = functional.silu(sums)
    channels = len(sums)
    best = torch.stack([torch.full((channels,), torch.inf), *(torch.zeros(channels) for _ in range(4))])
    middle, reach = (STRETCHES[0] + STRETCHES[1]) / 2, (STRETCHES[1] - STRETCHES[0]) / 2
    about = (torch.full((channels,), middle), torch.full((channels,), sum(MOVES) / 2))
    far = (reach, (MOVES[1] - MOVES[0]) / 2)
    for shrunk in (1.0, 0.12, 0.015):
        best = _best_of_grid(sums, wanted, best, about, (far[0] * shrunk, far[1] * shrunk))
        about = (best[1].clone(), best[2].clone())
    _, stretch, move, after, offset = best
    return stretch, move, after, offset


def _best_of_grid(
    sums: Tensor, wanted: Tensor, best: Tensor, about: tuple[Tensor, Tensor], far: tuple[float, float]
) -> Tensor:
    mean = wanted.mean(1)
    for stretch, move in _grid(about, far):
        h = functional.hardswish(sums * stretch[:, None] + move[:, None])
        h_mean = h.mean(1)
        spread = ((h - h_mean[:, None]) ** 2).mean(1) + 1e-9
        after = ((h - h_mean[:, None]) * wanted).mean(1) / spread
        offset = mean - after * h_mean
        error = ((after[:, None] * h + offset[:, None] - wanted) ** 2).mean(1)
        best = torch.where(error < best[0], torch.stack([error, stretch, move, after, offset]), best)
    return best


def _grid(about: tuple[Tensor, Tensor], far: tuple[float, float]) -> Iterator[tuple[Tensor, Tensor]]:
    steps = torch.linspace(-1, 1, 15).tolist()
    for a in steps:
        for b in steps:
            yield (about[0] + a * far[0]).clamp(min=0.05), about[1] + b * far[1]

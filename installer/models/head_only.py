"""Training the heads alone: the pyramid's features are computed once and kept, so a step costs a sixth of a whole one.

What a small machine can do in half an hour. The body stays the start's, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from installer.models.net import YoloxNano
from installer.models.pool import Shard
from installer.models.student import as_batch

Features = tuple[Tensor, ...]
BATCH = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """Features of the three strides and targets of some pictures of one size, half precision."""

    features: Features
    targets: Tensor

    def rows(self, which: np.ndarray) -> tuple[Features, Tensor]:
        """In single precision, as the heads want them."""
        places = torch.from_numpy(which)
        return tuple(
            f[places].float().contiguous(memory_format=torch.channels_last) for f in self.features
        ), self.targets[places].float()


def keep(net: YoloxNano, shard: Shard, *, variant: int, seed: int) -> Kept:
    """Spoil every picture of a shard in one way, and keep what the body sees in it."""
    features, targets = [], []
    count = len(shard.load()[1])
    with torch.no_grad():
        for begin in range(0, count, BATCH):
            rows = np.arange(begin, min(begin + BATCH, count))
            x, y = as_batch(shard, rows, seed=hash((seed, variant, shard.folder.name[-4:], begin)) % 2**32)
            features.append([level.half() for level in net.pyramid(x)])
            targets.append(y.half())
    levels = tuple(torch.cat(level) for level in zip(*features, strict=True))
    return Kept(levels, torch.cat(targets))


def rounds(kept: list[Kept], *, source: np.random.Generator) -> Iterator[tuple[Features, Tensor]]:
    """Batches without end, in a new order each round."""
    while True:
        chunks = []
        for place, part in enumerate(kept):
            order = source.permutation(len(part.targets))
            chunks += [(place, order[i : i + BATCH]) for i in range(0, len(order), BATCH)]
        for number in source.permutation(len(chunks)):
            place, rows = chunks[number]
            yield kept[place].rows(rows)


def heads_on(net: YoloxNano, features: Features) -> Tensor:
    """(B, cells, 6) logits of the heads on kept features."""
    answers = [head(x).flatten(2).permute(0, 2, 1) for head, x in zip(net.heads, features, strict=True)]
    return torch.cat(answers, dim=1)


def pool_of(folder: Path) -> list[Path]:
    """Folders of finished shards."""
    return sorted(folder.glob("*x*-[0-9]*"))

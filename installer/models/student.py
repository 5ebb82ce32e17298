"""The student's training: batches from the pool, steps, a running mean of the weights, and a state that can be resumed."""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from installer.models.loss import distillation
from installer.models.net import YoloxNano, load_start, measure_scales
from installer.models.pool import Shard, finished
from installer.models.spoil import spoil

PIXELS_PER_BATCH = 16 * 416 * 256
WARM_UP_STEPS = 300
MEAN_KEPT = 0.998
SCALE_PICTURES = 48
LONGEST_STEP_S = 20.0
"""What a step may take and still be called training; the rest is a pause (a look, a machine put to sleep)."""
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train.

    Attributes:
        minutes: of training in all; the rate of learning falls to nothing over them.
        rate: highest rate of learning, of gains and shifts.
        kernel_share: the kernels' rate of learning as a share of it; 0 leaves the kernels as they are.
        is_half: forward and back in bfloat16, the weights in 32 bits; for processors with units for it.
        frozen: beginnings of the names of the weights that stay as they are.
    """

    pool: Path
    start: Path
    minutes: float
    rate: float
    seed: int
    kernel_share: float = 1.0
    is_half: bool = False
    frozen: tuple[str, ...] = ()


class Training:
    """A net on its way: steps of AdamW whose rate falls with the time spent, a running mean, and a state to go on from.

    Attributes:
        mean: by name, the running mean of what is trained.
        trained_s: seconds of training so far, pauses not counted.
    """

    def __init__(
        self, net: YoloxNano, *, minutes: float, rate: float, kernel_share: float, frozen: tuple[str, ...] = ()
    ) -> None:
        self.net, self.minutes, self.highest_rate = net.to(memory_format=torch.channels_last), minutes, rate
        self.mean = {name: value.detach().clone() for name, value in net.named_parameters()}
        groups = _groups(net, kernel_share=kernel_share, frozen=frozen)
        self.optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=0.0)
        self.steps, self.pictures, self.trained_s = 0, 0, 0.0
        self._last_at = time.monotonic()

    def take_step(self, loss: Tensor, *, pictures: int) -> None:
        """Against the slope of ``loss``, made of so many pictures."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate() * group["share"]
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self._follow()
        self.steps += 1
        self.pictures += pictures
        now = time.monotonic()
        self.trained_s += min(now - self._last_at, LONGEST_STEP_S)
        self._last_at = now

    @property
    def share_done(self) -> float:
        return self.trained_s / (60 * self.minutes)

    def rate(self) -> float:
        """Up over the first steps, then down a half cosine with the time spent."""
        warm = min(1.0, (self.steps + 1) / WARM_UP_STEPS)
        return self.highest_rate * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * min(1.0, self.share_done))) / 2)

    def averaged(self) -> YoloxNano:
        """The net with the running mean of its weights."""
        net = copy.deepcopy(self.net)
        net.load_state_dict({**net.state_dict(), **self.mean})
        return net.eval()

    def save(self, path: Path) -> None:
        """Everything that going on needs, as a whole file or not at all."""
        part = path.with_suffix(".part")
        torch.save(
            {name: getattr(self, name) for name in ("mean", "steps", "pictures", "trained_s")}
            | {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()},
            part,
        )
        part.replace(path)

    def restore(self, path: Path) -> None:
        """Go on where ``save`` left off."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.net.load_state_dict(state.pop("net"))
        self.optimiser.load_state_dict(state.pop("optimiser"))
        for name, value in state.items():
            setattr(self, name, value)

    def _follow(self) -> None:
        kept = min(MEAN_KEPT, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, value in self.net.named_parameters():
                self.mean[name].lerp_(value, 1 - kept)


class Student(Training):
    """The net that learns the teacher's answers from a pool."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        net = load_start(plan.start)
        measure_scales(net, _scale_pictures(plan))
        super().__init__(net, minutes=plan.minutes, rate=plan.rate, kernel_share=plan.kernel_share, frozen=plan.frozen)

    def step(self, batch: Batch) -> tuple[float, float]:
        """One step; the two losses."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.plan.is_half):
            raw = self.net(batch[0])
        score, box = distillation(raw.float(), batch[1])
        self.take_step(score + box, pictures=len(batch[0]))
        return float(score.detach()), float(box.detach())

    def distance(self, shard: Shard, *, size: int = 16) -> tuple[float, float]:
        """The two losses of the averaged net on a shard that is not learnt from."""
        net, (pictures, targets) = self.averaged(), shard.load()
        losses: list[tuple[float, float]] = []
        with torch.no_grad():
            for at in range(0, len(pictures) - size + 1, size):
                x = torch.from_numpy(pictures[at : at + size].copy()).permute(0, 3, 1, 2).float()
                score, box = distillation(net(x), torch.from_numpy(targets[at : at + size].astype(np.float32)))
                losses.append((float(score), float(box)))
        return sum(s for s, _ in losses) / len(losses), sum(b for _, b in losses) / len(losses)


def _groups(net: YoloxNano, *, kernel_share: float, frozen: tuple[str, ...]) -> list[dict[str, Any]]:
    for name, value in net.named_parameters():
        value.requires_grad_(not name.startswith(frozen))
    named = [(name, value) for name, value in net.named_parameters() if value.requires_grad]
    kernels = [value for name, value in named if name.endswith(".kernel")]
    if not kernel_share:
        for kernel in kernels:
            kernel.requires_grad_(False)
    others = [value for name, value in named if not name.endswith(".kernel")]
    return [{"params": others, "share": 1.0}, {"params": kernels, "share": kernel_share}]


def batches(pool: Path, *, seed: int, skip: int) -> Iterator[Batch]:
    """Batches without end, two prepared ahead by threads; each round over the pool has an order and spoiling of its own."""
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(1) as threads:
        for number, (shard, rows) in enumerate(_order(pool, seed)):
            if number < skip:
                continue
            waiting.append(threads.submit(as_batch, shard, rows, seed * 1_000_003 + number))
            if len(waiting) > 2:
                yield waiting.popleft().result()


def _order(pool: Path, seed: int) -> Iterator[tuple[Shard, np.ndarray]]:
    source = np.random.default_rng(seed)
    while True:
        chunks = []
        for shard in finished(pool):
            width, height = shard.size_wh
            size = max(4, PIXELS_PER_BATCH // (width * height))
            count = len(np.load(shard.folder / "targets.npy", mmap_mode="r"))
            rows = source.permutation(count)
            chunks += [(shard, rows[i : i + size]) for i in range(0, count - size + 1, size)]
        if not chunks:
            raise FileNotFoundError(f"{pool} holds no shard yet.")
        for place in source.permutation(len(chunks)):
            yield chunks[place]


def as_batch(shard: Shard, rows: np.ndarray, seed: int) -> Batch:
    """The pictures ``rows`` of a shard with their targets, spoilt by ``seed``."""
    source = np.random.default_rng(seed)
    pictures, targets = shard.load()
    order = np.sort(rows)
    spoilt = [spoil(np.ascontiguousarray(pictures[row]), source) for row in order]
    x = torch.from_numpy(np.stack(spoilt)).permute(0, 3, 1, 2).float()
    y = torch.from_numpy(targets[order].astype(np.float32))
    if source.random() < 0.5:
        x, y = x.flip(3), mirrored(y, shard.size_wh)
    return x.contiguous(memory_format=torch.channels_last), y


def mirrored(target: Tensor, wh: tuple[int, int]) -> Tensor:
    """(B, cells, 5) of the pictures seen in a mirror."""
    parts, begin = [], 0
    for stride in (8, 16, 32):
        columns, rows = wh[0] // stride, wh[1] // stride
        part = target[:, begin : begin + rows * columns].reshape(len(target), rows, columns, 5).flip(2)
        parts.append(torch.cat([1 - part[..., :1], part[..., 1:]], dim=-1).reshape(len(target), -1, 5))
        begin += rows * columns
    return torch.cat(parts, dim=1)


def _scale_pictures(plan: Plan) -> Tensor:
    shard = next(s for s in finished(plan.pool) if s.size_wh == (416, 256))
    pictures, _ = shard.load()
    return torch.from_numpy(pictures[:SCALE_PICTURES].copy()).permute(0, 3, 1, 2).float()

"""One command: the light net for large pictures (``light.py``), taught to answer as the net that ships does.

    python -m installer.models.lighten --out build/light --photographs coco_people --plain FOLDER

What it learns from is what the net that ships answers, at the same size, about photographs that are not held out, drawn
stores and plain pictures; no label, no film. From a share of the time on, inputs and weights are rounded as 8-bit
integers will be. Started again with the same ``--out`` it goes on where it was. ``installer.models.quantise --wide`` makes
the 8-bit form of what it writes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from desktop_app.services.model_registry import sha256_of
from installer.models.compose import compose
from installer.models.export import LICENCE, OPSET_OF_HARD_SWISH, write_onnx
from installer.models.light import LightNet, lightened
from installer.models.loss import ALONE, BOX_FROM, generalised_iou
from installer.models.measure import Labelled
from installer.models.net import ScaledConv, YoloxNano, load_start, measure_scales
from installer.models.pool import SHARES, Places, gather, say
from installer.models.quantise import SHIPPED
from installer.models.spoil import spoil
from installer.models.student import Training
from shared_models.geometry import Size

SIZE_WH: Size = (640, 384)
FIT_PICTURES = 24
ACTIVATIONS, SCORES, BOXES = 3.0, 3.0, 6.0
"""Weights of the three parts of the loss."""
ROUNDED_FROM = 0.5
ONLY_OBJECTNESS_STEPS, FIRST_RATE = 120, 3e-3
"""At first only what stands in for the class branch learns: the rest has done nothing wrong yet."""
SAVE_EVERY_S, TELL_EVERY_STEPS = 120.0, 50
DESCRIPTION = (
    "Person detector of Wink Analytics for large pictures, made from YOLOX-Nano. See MODEL_CARD.md and NOTICE.txt."
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the loss: layers' outputs, scores, boxes."""

    activations: Tensor
    scores: Tensor
    boxes: Tensor

    def total(self) -> Tensor:
        return ACTIVATIONS * self.activations + SCORES * self.scores + BOXES * self.boxes


class LightStudent(Training):
    """The light net beside the one whose answers it learns.

    Attributes:
        rounded_from: share of the time after which it reckons as in 8-bit integers.
    """

    net: LightNet

    def __init__(self, start: YoloxNano, pictures: Tensor, *, minutes: float, rate: float, rounded_from: float) -> None:
        measure_scales(start, pictures)
        self.shown = start.eval().requires_grad_(requires_grad=False)
        self.rounded_from = rounded_from
        super().__init__(lightened(start, pictures), minutes=minutes, rate=rate, kernel_share=0.4)
        self._wanted, self._given = _Outputs(self.shown), _Outputs(self.net)

    def rate(self) -> float:
        """Higher while only objectness learns, which has far to go; then as for any training."""
        return FIRST_RATE if self.steps < ONLY_OBJECTNESS_STEPS else super().rate()

    def step(self, pictures: Tensor) -> Parts:
        """One step of (B, 3, H, W); what the loss was."""
        self.net.train()
        self.net.round_as_integers(is_on=self.share_done >= self.rounded_from)
        is_early = self.steps < ONLY_OBJECTNESS_STEPS
        for name, value in self.net.named_parameters():
            value.requires_grad_(not is_early or ".object_out." in name)
        parts = self.parts(pictures)
        self.take_step(parts.total(), pictures=len(pictures))
        return parts

    def parts(self, pictures: Tensor) -> Parts:
        """How far the light net is from the other one on these pictures."""
        with torch.no_grad():
            wanted = self.shown(pictures)
        raw = self.net(pictures)
        return Parts(self._wanted.apart(self._given), *_answers_apart(raw, wanted))


class _Outputs:
    """What the layers of a net last answered, by name."""

    def __init__(self, net: nn.Module) -> None:
        self.by_name: dict[str, Tensor] = {}
        for name, module in net.named_modules():
            if isinstance(module, ScaledConv) and not module.is_last:
                module.register_forward_hook(self._keeping(name))

    def apart(self, other: _Outputs) -> Tensor:
        """Mean over the layers of both of the squared difference, in shares of this one's variance."""
        shares = []
        for name, given in other.by_name.items():
            wanted = self.by_name[name]
            shares.append(functional.mse_loss(given, wanted) / (wanted.var() + 1e-6))
        return torch.stack(shares).mean()

    def _keeping(self, name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            self.by_name[name] = output

        return hook


def _answers_apart(raw: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Of (B, cells, 5) logits and (B, cells, 6): cross entropy of scores less its least, and 1 - GIoU; both by picture."""
    surely = functional.logsigmoid(wanted[..., 4]) + functional.logsigmoid(wanted[..., 5])
    score = surely.exp()
    least = -(torch.xlogy(score, score) + torch.xlogy(1 - score, 1 - score))
    share = 1 / (score.sum(1) + ALONE) / len(raw)
    apart = functional.binary_cross_entropy_with_logits(raw[..., 4], score, reduction="none") - least
    picture, cell = torch.nonzero(score > BOX_FROM, as_tuple=True)
    fit = generalised_iou(raw[picture, cell, :4], wanted[picture, cell, :4])
    return (apart.sum(1) * share).sum(), ((1 - fit) * score[picture, cell] * share[picture]).sum()


def batches(material: dict[str, list[Labelled]], *, size: int, seed: int, skip: int) -> Iterator[Tensor]:
    """(size, 3, 384, 640) BGR without end, each by its number; some are prepared ahead."""
    waiting: deque[Future[Tensor]] = deque()
    with ThreadPoolExecutor(1) as threads:
        number = skip
        while True:
            waiting.append(threads.submit(as_batch, material, size, np.random.default_rng([seed, number])))
            number += 1
            if len(waiting) > 3:
                yield waiting.popleft().result()


def as_batch(material: dict[str, list[Labelled]], size: int, source: np.random.Generator) -> Tensor:
    """(size, 3, 384, 640): compositions of the material, spoilt, mirrored or not."""
    kinds = [kind for kind in SHARES if material[kind]]
    share = np.array([SHARES[kind] for kind in kinds])
    pictures = []
    for _ in range(size):
        kind = str(source.choice(kinds, p=share / share.sum()))
        picture = spoil(compose(material[kind], size_wh=SIZE_WH, source=source).picture, source)
        pictures.append(picture[:, ::-1] if source.random() < 0.5 else picture)
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float()
    return stacked.contiguous(memory_format=torch.channels_last)


def main(words: list[str] | None = None) -> None:
    """Parse the words of the command line and train."""
    asked = _parser().parse_args(words)
    torch.set_num_threads(asked.threads)
    asked.out.mkdir(parents=True, exist_ok=True)
    say("gathering material; virtual stores are drawn once, which takes minutes")
    material = gather(Places(asked.start, asked.photographs, None, asked.plain), seed=asked.seed, cache=asked.out)
    say(f"material: {', '.join(f'{len(v)} {k}' for k, v in material.items())}")
    shown = as_batch(material, FIT_PICTURES, np.random.default_rng([asked.seed, 10**6]))
    student = LightStudent(
        load_start(asked.start), shown, minutes=asked.minutes, rate=asked.rate, rounded_from=asked.rounded_from
    )
    _train(
        student,
        batches(material, size=asked.batch, seed=asked.seed, skip=_go_on(student, asked.out)),
        asked.out,
        start=asked.start,
    )


def _go_on(student: LightStudent, out: Path) -> int:
    """Take up what an earlier run left; how many steps that were."""
    if (state := out / "state.pt").exists():
        student.restore(state)
        say(f"going on after {student.steps} steps, {student.trained_s / 60:.1f} minutes")
    return student.steps


def _train(student: LightStudent, pictures: Iterator[Tensor], out: Path, *, start: Path) -> None:
    saved_at = time.monotonic()
    told: list[tuple[float, ...]] = []
    for batch in pictures:
        parts = student.step(batch)
        told.append(tuple(float(part.detach()) for part in (parts.activations, parts.scores, parts.boxes)))
        if student.steps % TELL_EVERY_STEPS == 0:
            means = " ".join(f"{np.mean(column):.4f}" for column in zip(*told, strict=True))
            told.clear()
            say(
                f"step {student.steps} minutes {student.trained_s / 60:.1f} rate {student.rate():.1e} "
                f"activations, scores, boxes apart: {means}"
            )
        is_done = student.share_done >= 1
        if is_done or time.monotonic() - saved_at > SAVE_EVERY_S:
            student.save(out / "state.pt")
            write_light(student, out / "light.onnx", start=start)
            saved_at = time.monotonic()
        if is_done:
            break


def write_light(student: LightStudent, path: Path, *, start: Path) -> None:
    """The running mean of the weights as one ONNX file, not rounded."""
    part, told = path.with_suffix(".part.onnx"), {"licence": LICENCE, "description": DESCRIPTION}
    write_onnx(student.averaged(), part, **told, opset=OPSET_OF_HARD_SWISH, taught_by=sha256_of(start))
    part.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m installer.models.lighten", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: state and net")
    parser.add_argument("--start", type=Path, default=SHIPPED, help="the net whose answers are learnt")
    parser.add_argument("--photographs", type=Path, required=True, help="folder with images/ and labels/ (YOLO form)")
    parser.add_argument("--plain", type=Path, required=True, help="folder of pictures without labels")
    parser.add_argument("--minutes", type=float, default=60.0, help="of training, pauses not counted")
    parser.add_argument("--rate", type=float, default=1.5e-4, help="highest rate of learning")
    parser.add_argument("--rounded-from", type=float, default=ROUNDED_FROM, help="share of the time; 1: never")
    parser.add_argument("--batch", type=int, default=4, help="pictures in a step")
    parser.add_argument("--seed", type=int, default=88)
    parser.add_argument("--threads", type=int, default=2)
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])

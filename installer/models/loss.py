"""How far the student's dense answers are from the teacher's."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BOX_FROM = 0.1
"""Cells of which the teacher is less sure teach no box."""
BOX_WEIGHT = 2.0
LOOSE_FIT, GOOD_FIT = 0.3, 0.8
"""Overlaps with the teacher's box at which a student's box deserves nothing, and everything."""
SMALLEST_PX = 10.0
"""People less high than this at the student's size cannot be told from anything else: they teach nothing."""
ALONE = 4.0
"""Added to a picture's sum of scores: a crowded frame weighs about as much as one with two people, an empty one little."""


def distillation(raw: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Loss of scores and loss of boxes.

    Args:
        raw: (B, cells, 6) logits of ``YoloxNano``.
        target: (B, cells, 5) raw box and score 0..1.

    Returns:
        Cross entropy of objectness x person against the target score, less the target's own entropy; and
        1 - GIoU (Rezatofighi et al., 2019) of the cells that hold somebody, weighted by score. Both by picture.
    """
    wanted = deserved(raw.detach(), target)
    surely = functional.logsigmoid(raw[..., 4]) + functional.logsigmoid(raw[..., 5])
    never = torch.log1p(-surely.exp().clamp(max=1 - 1e-6))
    entropy = -(torch.xlogy(wanted, wanted) + torch.xlogy(1 - wanted, 1 - wanted))
    counts = (heights(target) >= SMALLEST_PX) | (wanted < BOX_FROM / 2)
    share = 1 / ((wanted * counts).sum(1) + ALONE) / len(raw)
    score = (((-(wanted * surely + (1 - wanted) * never) - entropy) * counts).sum(1) * share).sum()
    picture, cell = torch.nonzero(target[..., 4] > BOX_FROM, as_tuple=True)
    weight = target[picture, cell, 4] * share[picture]
    box = ((1 - generalised_iou(raw[picture, cell, :4], target[picture, cell, :4])) * weight).sum()
    return score, BOX_WEIGHT * box


def deserved(raw: Tensor, target: Tensor) -> Tensor:
    """(B, cells) scores the student should give to its own boxes: the teacher's, less where its box is not the teacher's.

    A sure answer with a loose box is a false alarm and a missed person at once, so score and fit must go together.
    """
    rows = target[..., 4] > BOX_FROM / 2
    fit = torch.ones_like(target[..., 4])
    fit[rows] = generalised_iou(raw[rows][:, :4], target[rows][:, :4])
    return target[..., 4] * ((fit - LOOSE_FIT) / (GOOD_FIT - LOOSE_FIT)).clamp(0, 1)


def heights(target: Tensor) -> Tensor:
    """(B, cells) of boxes in pixels; the stride of each cell follows from how many there are of each."""
    cells = target.shape[1]
    stride = torch.full((cells,), 32.0)
    stride[: cells * 20 // 21] = 16.0
    stride[: cells * 16 // 21] = 8.0
    return target[..., 3].clamp(-4, 5).exp() * stride


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """Of raw boxes of the same cells, (N, 4) each."""
    (a_low, a_high), (b_low, b_high) = _corners(a), _corners(b)
    inner = (torch.minimum(a_high, b_high) - torch.maximum(a_low, b_low)).clamp(min=0).prod(1)
    outer = (torch.maximum(a_high, b_high) - torch.minimum(a_low, b_low)).prod(1)
    union = (a_high - a_low).prod(1) + (b_high - b_low).prod(1) - inner
    return inner / (union + 1e-7) - (outer - union) / (outer + 1e-7)


def _corners(raw: Tensor) -> tuple[Tensor, Tensor]:
    half = raw[:, 2:].clamp(-4, 5).exp() / 2
    return raw[:, :2] - half, raw[:, :2] + half

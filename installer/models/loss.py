"""How far the student's dense answers are from the teacher's."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BOX_FROM = 0.1
"""Cells of which the teacher is less sure teach no box."""
BOX_WEIGHT = 2.0
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
    wanted = target[..., 4]
    surely = functional.logsigmoid(raw[..., 4]) + functional.logsigmoid(raw[..., 5])
    never = torch.log1p(-surely.exp().clamp(max=1 - 1e-6))
    entropy = -(torch.xlogy(wanted, wanted) + torch.xlogy(1 - wanted, 1 - wanted))
    share = 1 / (wanted.sum(1) + ALONE) / len(raw)
    score = ((-(wanted * surely + (1 - wanted) * never) - entropy).sum(1) * share).sum()
    picture, cell = torch.nonzero(wanted > BOX_FROM, as_tuple=True)
    weight = wanted[picture, cell] * share[picture]
    box = ((1 - generalised_iou(raw[picture, cell, :4], target[picture, cell, :4])) * weight).sum()
    return score, BOX_WEIGHT * box


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

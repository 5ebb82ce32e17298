"""What the student should answer, cell by cell.

The teacher is the start net that sees the same picture twice as large: its cells at stride 16 lie exactly on the
student's at stride 8, and raw YOLOX boxes (in cells and strides) carry over unchanged. At stride 8 the target is the
surer of the teacher's cell at stride 16 and its four at stride 8; at stride 16 the surer of the teacher's at stride 32
and the start net's own answer at the student's size; at stride 32 the latter, which keeps what it could do. Of
every score a share is the start net's own at the student's size. In drawn stores, whose labels are exact, the labels then
correct the teacher; on photographs that only taught the student these photographs by heart.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.adapters.detection.heads import STRIDES
from desktop_app.services.ports import BgrImage
from installer.models.measure import SAME_IOU, Boxes, Labelled, Runner, overlaps
from shared_models.geometry import Size

Answers = NDArray[np.float32]
"""(cells, 5): raw x, y, log w, log h in cells and strides; score."""

FALSE_ALARM_KEPT = 0.3
TOP_CELLS = 5
OWN_SHARE = 0.25
"""Of every score that is asked for, how much is what the start net says itself at the student's size."""


class Teacher:
    """Dense answers of the start net for pictures of one student size."""

    def __init__(
        self, start: Path, *, student_wh: Size, is_double: bool, threads: int = 1, precision: str = "f32"
    ) -> None:
        self.student_wh, self.is_double = student_wh, is_double
        double = (student_wh[0] * 2, student_wh[1] * 2)
        self._same = Runner(start, input_wh=student_wh, threads=threads, precision=precision)
        self._double = Runner(start, input_wh=double, threads=threads, precision=precision) if is_double else None

    @property
    def canvas_wh(self) -> Size:
        """How large pictures must be given."""
        width, height = self.student_wh
        return (width * 2, height * 2) if self.is_double else self.student_wh

    def targets(self, item: Labelled, *, is_labelled: bool, source: np.random.Generator) -> tuple[BgrImage, Answers]:
        """The student's picture, and its answer for every cell."""
        picture = halved(item.picture, source) if self.is_double else item.picture
        if self._double is None:
            answers = _person(self._same.raw(picture))
        else:
            plain = halved(item.picture, None)
            own = _person(self._same.raw(plain))
            answers = self._laid_on(own, _person(self._double.raw(item.picture)))
            answers[:, 4] += OWN_SHARE * (own[:, 4] - answers[:, 4])
        if is_labelled:
            factor = np.float32(0.5 if self.is_double else 1.0)
            answers = corrected(answers, item.people * factor, item.ignored * factor, wh=self.student_wh)
        return picture, answers

    def _laid_on(self, same: Answers, double: Answers) -> Answers:
        """Answers on the doubled picture and on the plain one, on the student's cells."""
        width, height = self.student_wh
        shapes = [(2 * height // s, 2 * width // s) for s in STRIDES]
        fine, middle, coarse = np.split(double, np.cumsum([h * w for h, w in shapes])[:2])
        own_coarse = same[len(middle) : len(middle) + len(coarse)]
        return np.concatenate(
            [
                _surest(middle, _four_to_one(fine, shapes[0])),
                _surest(coarse, own_coarse),
                same[len(middle) + len(coarse) :],
            ]
        )


def halved(picture: BgrImage, source: np.random.Generator | None) -> BgrImage:
    """Half as large. With ``source``: somewhere between averaging and skipping, since cameras and resizers do both."""
    mean = np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    if source is None or source.random() < 0.3:
        return mean
    skipped = np.ascontiguousarray(picture[source.integers(2) :: 2, source.integers(2) :: 2])
    share = source.uniform(0.0, 0.7)
    return np.asarray(cv2.addWeighted(mean, share, skipped, 1 - share, 0), np.uint8)


def _person(raw: NDArray[np.float32]) -> Answers:
    return np.hstack([raw[:, :4], raw[:, 4:5] * raw[:, 5:6]])


def _surest(a: Answers, b: Answers) -> Answers:
    return np.where(a[:, 4:] >= b[:, 4:], a, b)


def _four_to_one(fine: Answers, shape: tuple[int, int]) -> Answers:
    """Of each two by two cells the surest, in the units of the cell that covers them."""
    rows, columns = shape
    grid = fine.reshape(rows // 2, 2, columns // 2, 2, 5).transpose(0, 2, 1, 3, 4).reshape(-1, 4, 5)
    best = grid[..., 4].argmax(1)
    chosen = grid[np.arange(len(grid)), best].copy()
    chosen[:, 0] = (chosen[:, 0] + best % 2) / 2
    chosen[:, 1] = (chosen[:, 1] + best // 2) / 2
    chosen[:, 2:4] -= np.log(2.0)
    return chosen


def corrected(answers: Answers, people: Boxes, ignored: Boxes, *, wh: Size) -> Answers:
    """Answers moved towards the labels.

    Cells that mean a labelled person all say that person's box, so that suppression leaves one, and the best of them
    rise; cells that say anybody else, or a part of somebody, sink. Where it is not known, nothing is changed.
    """
    answers = answers.copy()
    corners, centre, stride = _corners(answers, wh)
    candidates = np.flatnonzero(answers[:, 4] > 0.01)
    iou = overlaps(corners[candidates], people) if len(people) else np.zeros((len(candidates), 1), np.float32)
    is_unknown = _share_inside(corners[candidates], ignored) > 0.4
    answers[candidates[(iou.max(1) < SAME_IOU) & ~is_unknown], 4] *= FALSE_ALARM_KEPT
    for number, person in enumerate(people):
        fit = iou[:, number]
        own = np.flatnonzero((fit >= SAME_IOU) & (fit >= iou.max(1)))
        cells = candidates[own]
        answers[cells, :4] = _encoded(person, centre[cells], stride[cells])
        best = own[np.argsort(-answers[cells, 4])][:TOP_CELLS]
        risen = (answers[candidates[best], 4] + fit[best]) / 2
        answers[candidates[best], 4] = np.maximum(answers[candidates[best], 4], risen)
    return answers


def _corners(answers: Answers, wh: Size) -> tuple[Boxes, NDArray[np.float32], NDArray[np.float32]]:
    grid, stride = cells_of(wh)
    middle = (answers[:, :2] + grid) * stride
    half = np.exp(answers[:, 2:4].clip(-4, 6)) * stride / 2
    return np.hstack([middle - half, middle + half]), grid, stride


def _encoded(box: NDArray[np.float32], grid: NDArray[np.float32], stride: NDArray[np.float32]) -> NDArray[np.float32]:
    middle, size = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    return np.hstack([middle / stride - grid, np.log(np.maximum(size, 1.0) / stride)])


def _share_inside(boxes: Boxes, others: Boxes) -> NDArray[np.float32]:
    """Of each box the largest share that lies in one of ``others``."""
    if not len(others):
        return np.zeros(len(boxes), np.float32)
    low, high = np.maximum(boxes[:, None, :2], others[None, :, :2]), np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
    return np.asarray((high - low).clip(0).prod(-1).max(1) / np.maximum(area, 1e-6), np.float32)


def cells_of(wh: Size) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(cells, 2) column and row of each cell, (cells, 1) its stride."""
    grids, strides = [], []
    for stride in STRIDES:
        x, y = np.meshgrid(np.arange(wh[0] // stride), np.arange(wh[1] // stride))
        grids.append(np.stack([x, y], axis=-1).reshape(-1, 2))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(strides).astype(np.float32)

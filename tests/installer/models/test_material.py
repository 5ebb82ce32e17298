"""Which photographs are learnt from, which a step is chosen by, and which are kept for the end."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from installer.models.material import is_for_choosing, is_held_out, photographs, photographs_learnt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    for number in range(40):
        cv2.imwrite(str(tmp_path / "images" / f"{number:012d}.jpg"), np.full((48, 64, 3), number, np.uint8))
        (tmp_path / "labels" / f"{number:012d}.txt").write_text("0 0.5 0.5 0.25 0.5\n")
    return tmp_path


def test_every_photograph_is_of_one_part_and_none_is_lost(folder: Path) -> None:
    held_out = {p.name for p in photographs(folder, held_out=True)}
    learnt = {p.name for p in photographs_learnt(folder, for_choosing=False)}
    choosing = {p.name for p in photographs_learnt(folder, for_choosing=True)}
    assert all((held_out, learnt, choosing))
    assert len(held_out) + len(learnt) + len(choosing) == len(held_out | learnt | choosing) == 40
    assert {p.name for p in photographs(folder, held_out=False)} == learnt | choosing


def test_what_is_held_out_never_chooses() -> None:
    names = [f"{number:012d}.jpg" for number in range(400)]
    assert not any(is_held_out(name) and is_for_choosing(name) for name in names)

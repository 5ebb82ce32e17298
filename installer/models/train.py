"""One command: material, teacher's answers, training, export.

    python -m installer.models.train --out build/model --start yolox_nano_416.onnx --photographs coco_people

Started again with the same ``--out`` it goes on where it was; stopping costs a few minutes at most.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from installer.models.export import DESCRIPTION, LICENCE, write_onnx
from installer.models.material import photographs_learnt
from installer.models.measure import Runner, average_precision
from installer.models.pool import Places, Shard, choosing_shard, fill, finished, say
from installer.models.student import Plan, Student, batches
from tests.helpers.material import vtest_avi

SIZES = ((416, 256), (416, 416), (640, 384))
SAVE_EVERY_S = 150.0
TELL_EVERY_STEPS = 50
MIN_SHARDS = 12


def main(words: list[str] | None = None) -> None:
    """Parse the words of the command line and train."""
    asked = _parser().parse_args(words)
    torch.set_num_threads(asked.threads)
    torch.manual_seed(asked.seed)
    pool = asked.pool or asked.out / "pool"
    asked.out.mkdir(parents=True, exist_ok=True)
    film = None if asked.without_film else asked.film or vtest_avi()
    places = Places(asked.start, asked.photographs, film, asked.plain or asked.out / "plain")
    settings = {"shards": asked.shards, "seed": asked.seed, "tell": say, "precision": "bf16" if asked.half else "f32"}
    filler = threading.Thread(target=fill, args=(pool, places), kwargs=settings, daemon=True)
    filler.start()
    while filler.is_alive() and len(finished(pool)) < min(MIN_SHARDS, asked.shards):
        time.sleep(2)
    choosing = choosing_shard(asked.out / "choosing", places, seed=asked.seed)
    frozen = tuple(f"{name}." for name in asked.frozen)
    plan = Plan(pool, asked.start, asked.minutes, asked.rate, asked.seed, asked.kernel_share, asked.half, frozen)
    look = Look(asked.out, asked.photographs, choosing, 60 * asked.look_minutes)
    _train(Student(plan), look)


@dataclass(frozen=True, slots=True)
class Look:
    """What a step of the training is judged by now and then: photographs that are neither learnt from nor held out."""

    out: Path
    photographs: Path
    choosing: Shard
    every_s: float


def _train(student: Student, look: Look) -> None:
    state = look.out / "state.pt"
    if state.exists():
        student.restore(state)
        say(f"going on after {student.steps} steps, {student.trained_s / 60:.1f} minutes")
    else:
        _look(student, look, "start")
    saved_at = looked_at = time.monotonic()
    losses: list[tuple[float, float]] = []
    for batch in batches(student.plan.pool, seed=student.plan.seed, skip=student.steps):
        losses.append(student.step(batch))
        if student.steps % TELL_EVERY_STEPS == 0:
            score, box = (sum(x) / len(losses) for x in zip(*losses, strict=True))
            losses.clear()
            say(
                f"step {student.steps} pictures {student.pictures} minutes {student.trained_s / 60:.1f} "
                f"rate {student.rate():.1e} score {score:.4f} box {box:.4f}"
            )
        is_done = student.share_done >= 1
        if is_done or time.monotonic() - saved_at > SAVE_EVERY_S:
            student.save(state)
            saved_at = time.monotonic()
        if is_done or time.monotonic() - looked_at > look.every_s:
            _look(student, look, f"step {student.steps}")
            looked_at = time.monotonic()
        if is_done:
            break


def _look(student: Student, look: Look, words: str) -> None:
    """Export (kept by its step), and say how far it is from the teacher and what it finds."""
    part = look.out / "wink_person_nano.part.onnx"
    write_onnx(student.averaged(), part, licence=LICENCE, description=DESCRIPTION)
    shutil.copyfile(part, look.out / f"step-{student.steps:06d}.onnx")
    part.replace(path := look.out / "wink_person_nano.onnx")
    score, box = student.distance(look.choosing)
    truth = photographs_learnt(look.photographs, for_choosing=True)
    figures = []
    for wh in SIZES:
        runner = Runner(path, input_wh=wh)
        figures.append(f"{wh[0]}x{wh[1]} {average_precision([runner.people(t.picture) for t in truth], truth):.4f}")
    say(f"{words}: not learnt from: score {score:.4f} box {box:.4f} AP50 {', '.join(figures)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m installer.models.train", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: state, pool, model")
    parser.add_argument("--start", type=Path, required=True, help="the published YOLOX-Nano as ONNX")
    parser.add_argument("--photographs", type=Path, required=True, help="folder with images/ and labels/ (YOLO form)")
    parser.add_argument("--film", type=Path, help="film to learn from; default: vtest.avi of Debian's opencv-doc")
    parser.add_argument("--plain", type=Path, help="folder of pictures without labels; default: OUT/plain")
    parser.add_argument("--pool", type=Path, help="the teacher's answers; default: OUT/pool")
    parser.add_argument("--shards", type=int, default=104, help="size of the pool, 128 pictures each")
    parser.add_argument("--minutes", type=float, default=60.0, help="of training, pauses not counted")
    parser.add_argument("--rate", type=float, default=3e-4, help="highest rate of learning, of gains and shifts")
    parser.add_argument("--kernel-share", type=float, default=0.5, help="the kernels' rate as a share; 0: not trained")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--look-minutes", type=float, default=5.0, help="between looks at the choosing photographs")
    parser.add_argument("--half", action="store_true", help="bfloat16, for processors with units for it")
    parser.add_argument("--frozen", nargs="*", default=[], help="parts that stay as they are: stem dark2 ...")
    parser.add_argument("--without-film", action="store_true", help="learn from no film, so that it can be measured on")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])

"""One command: material, teacher's answers, training, export.

    python -m installer.models.train --out build/model --start yolox_nano_416.onnx --photographs coco_people

Started again with the same ``--out`` it goes on where it was; stopping costs a few minutes at most.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

import torch

from installer.models.export import DESCRIPTION, LICENCE, write_onnx
from installer.models.material import photographs
from installer.models.measure import Runner, average_precision
from installer.models.net import YoloxNano
from installer.models.pool import Places, fill, finished, say
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
    places = Places(asked.start, asked.photographs, asked.film or vtest_avi(), asked.plain or asked.out / "plain")
    filler = threading.Thread(
        target=fill, args=(pool, places), kwargs={"shards": asked.shards, "seed": asked.seed, "tell": say}, daemon=True
    )
    filler.start()
    while filler.is_alive() and len(finished(pool)) < min(MIN_SHARDS, asked.shards):
        time.sleep(2)
    student = Student(Plan(pool, asked.start, asked.minutes, asked.rate, asked.seed, asked.kernel_share))
    _train(student, asked.out, photographs_dir=asked.photographs, look_every_s=60 * asked.look_minutes)


def _train(student: Student, out: Path, *, photographs_dir: Path, look_every_s: float) -> None:
    state = out / "state.pt"
    if state.exists():
        student.restore(state)
        say(f"going on after {student.steps} steps, {student.trained_s / 60:.1f} minutes")
    else:
        _look(student.averaged(), out, photographs_dir, "start")
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
        if is_done or time.monotonic() - looked_at > look_every_s:
            _look(student.averaged(), out, photographs_dir, f"step {student.steps}")
            looked_at = time.monotonic()
        if is_done:
            break


def _look(net: YoloxNano, out: Path, photographs_dir: Path, words: str) -> None:
    """Export, and say what it finds on held-out photographs."""
    part = out / "wink_person_nano.part.onnx"
    write_onnx(net, part, licence=LICENCE, description=DESCRIPTION)
    part.replace(path := out / "wink_person_nano.onnx")
    truth = photographs(photographs_dir, held_out=True)
    figures = []
    for wh in SIZES:
        runner = Runner(path, input_wh=wh)
        figures.append(f"{wh[0]}x{wh[1]} {average_precision([runner.people(t.picture) for t in truth], truth):.4f}")
    say(f"{words}: held-out AP50 {', '.join(figures)}")


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
    parser.add_argument("--look-minutes", type=float, default=5.0, help="between looks at held-out photographs")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])

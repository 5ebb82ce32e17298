"""What a look costs: ours against Ultralytics' ObjectCounter and against supervision with onnxruntime.

    python -m tests.benchmarks.detection [--rounds 5] [--frames 400] [--add] [--film street|store]
    python -m tests.benchmarks.detection --counts [--add]

Makes the environments and films it lacks, runs every program in turn (round by round, so that a busy minute hits all), and
writes RESULTS.md beside this file. With ``--add`` the rounds join those of earlier runs with it, so that five rounds can be
made on a machine that is idle for a few minutes at a time; so does ``--film``, which runs one film alone.
``--without`` leaves a contender out. ``--counts`` times nothing: six further films are counted once by whatever counts,
and only that part of RESULTS.md is written anew; the machine may be busy. With ``--add`` it goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from desktop_app.bootstrap.measuring import remembered_test, run_self_test
from desktop_app.services.model_registry import ModelSpec, int8_weights
from desktop_app.settings import EdgeSettings
from tests.benchmarks.detection.clips import FPS, FURTHER_S, Clip, make_clips, make_further_clips
from tests.benchmarks.detection.table import Contender, Run, cores_busy, write_counts, write_results
from tests.helpers.weights import PROJECT_DIR, find_weights

HERE = Path(__file__).resolve().parent
WORK = PROJECT_DIR / ".cache" / "benchmarks"
WHOLE_FRAMES = 400
PEERS, ULTRALYTICS = PROJECT_DIR / ".peers-venv", PROJECT_DIR / ".ultralytics-venv"
SIDE_BY_SIDE = 2


@dataclass(frozen=True, slots=True)
class Program:
    """How a contender is run: which Python, which file, how many at once, and what its task says besides the clip."""

    contender: Contender
    python: Path
    file: str
    at_once: int
    task: dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.detection", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=WHOLE_FRAMES, help="of each film at most")
    parser.add_argument("--add", action="store_true", help="what earlier runs made is kept, and joined")
    parser.add_argument("--film", action="append", help="only this one (street or store); may be given more than once")
    parser.add_argument(
        "--without", action="append", default=[], help="a contender left out, e.g. b11; may be repeated"
    )
    parser.add_argument("--counts", action="store_true", help="only count the further films, which are not timed")
    asked = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    _make_peers()
    if asked.counts:
        _count_further(without=asked.without, is_adding=asked.add)
        return
    _make_ultralytics()
    kept = WORK / f"detection-{asked.frames}.jsonl"
    if not asked.add:
        kept.unlink(missing_ok=True)
        shutil.rmtree(WORK / "self-test", ignore_errors=True)
    clips = make_clips()
    programs = [program for program in [*_ours(), *_peers()] if program.contender.key not in asked.without]
    load_before = cores_busy()
    earlier = _kept_runs(kept)
    loads_before = [load for load, _ in earlier] + [load_before]
    runs: list[Run] = [run for _, run in earlier]
    for number in range(asked.rounds):
        for clip in [clip for clip in clips if not asked.film or clip.key in asked.film]:
            for program in programs:
                run = _run(program, clip, frames=asked.frames)
                print(f"round {number + 1}, {clip.name}, {program.contender.name}: {run.cpu_ms:.1f} ms", flush=True)
                runs.append(run)
                _keep(kept, run, load=load_before)
    command = f"python -m tests.benchmarks.detection --rounds {asked.rounds} --frames {asked.frames}"
    command += " --add" if asked.add else ""
    command += "".join(f" --without {key}" for key in asked.without)
    loads = (max(loads_before), cores_busy())
    path = write_results(
        HERE / "RESULTS.md",
        runs,
        clips=clips,
        command=command,
        loads=loads,
        model=find_weights(),
        is_whole=asked.frames >= WHOLE_FRAMES,
    )
    print(path.read_text(encoding="utf-8"))


def _count_further(*, without: list[str], is_adding: bool) -> None:
    """The further films once through everything that counts; into the page. Kept counts are taken only when adding."""
    clips, kept = make_further_clips(), WORK / "counts.jsonl"
    if not is_adding:
        kept.unlink(missing_ok=True)
    programs = [program for program in [*_ours(), *_peers()] if program.contender.is_counting]
    programs = [program for program in programs if program.contender.key not in without]
    for clip in clips:
        for program in programs:
            if (program.contender, clip.name) not in {(run.contender, run.clip) for _, run in _kept_runs(kept)}:
                alone = replace(program, at_once=1, task={**program.task, "cameras": 1})
                run = _run(alone, clip, frames=FURTHER_S * FPS)
                print(f"{clip.name}, {program.contender.name}: {run.counted}", flush=True)
                _keep(kept, run, load=0.0)
    wanted = {program.contender for program in programs}
    runs = [run for _, run in _kept_runs(kept) if run.contender in wanted]
    command = "python -m tests.benchmarks.detection --counts" + "".join(f" --without {key}" for key in without)
    print(write_counts(HERE / "RESULTS.md", runs, clips=clips, command=command).read_text(encoding="utf-8"))


def _keep(path: Path, run: Run, *, load: float) -> None:
    """Add a run, with the cores that were busy before its round, to those of the runs before."""
    with path.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"load": load, **asdict(run)}) + "\n")


def _kept_runs(path: Path) -> list[tuple[float, Run]]:
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        raw = json.loads(line)
        contender, counted = Contender(**raw.pop("contender")), tuple(raw.pop("counted"))
        found.append((raw.pop("load"), Run(contender=contender, counted=counted, **raw)))
    return found


def _ours() -> list[Program]:
    ours, own = Path(sys.executable), find_weights()
    settings_of_machine = EdgeSettings(data_dir=WORK / "self-test", model=str(own))
    int8 = int8_weights(ModelSpec(own.stem, own, ""), assets_dir=settings_of_machine.assets_dir)
    chosen = _chosen_precision(settings_of_machine)
    settings = [
        ("ours-automatic", f"ours, as it ships: automatic input size, {chosen} by the self-test", chosen, "automatic"),
        ("ours", f"ours, wide: 640 pixels, {chosen} by the self-test", chosen, "wide"),
        ("ours-416", f"ours, near: 416 pixels, {chosen} by the self-test", chosen, "near"),
    ]
    if chosen != "f32":
        settings.append(("ours-f32", "ours, wide: 640 pixels, in f32", "f32", "wide"))
        settings.append(("ours-416-f32", "ours, near: 416 pixels, in f32", "f32", "near"))
    return [
        Program(
            Contender(key, name),
            ours,
            "ours.py",
            1,
            {
                "model": str(own),
                "int8": [[wh, str(path)] for wh, path in int8.paths.items()] if int8 else None,
                "precision": precision,
                "input_size": size,
            },
        )
        for key, name, precision, size in settings
    ]


def _peers() -> list[Program]:
    square = _squared(find_weights())
    theirs = Contender("a", "(a) Ultralytics track + ObjectCounter, yolo11n, 640x384", is_counting=False)
    trained = Contender("b", "(b) supervision + onnxruntime, our weights, 640x640")
    untrained = Contender("b11", "(b') supervision + onnxruntime, yolo11n, 640x640", is_counting=False)
    peers, pt, onnx_file = PEERS / "bin" / "python", str(WORK / "yolo11n.pt"), str(WORK / "yolo11n.onnx")
    file = "supervision_square.py"
    return [
        Program(theirs, ULTRALYTICS / "bin" / "python", "ultralytics_counter.py", SIDE_BY_SIDE, {"model": pt}),
        Program(trained, peers, file, SIDE_BY_SIDE, {"model": str(square), "is_yolox": True}),
        Program(untrained, peers, file, SIDE_BY_SIDE, {"model": onnx_file, "is_yolox": False}),
    ]


def _chosen_precision(settings: EdgeSettings) -> str:
    """What the program's own self-test chose on this machine: once, so that all rounds are of one precision."""
    known = remembered_test(ModelSpec(find_weights().stem, find_weights(), ""), settings=settings)
    return (known or run_self_test(settings=settings)).runtime.precision


def _run(program: Program, clip: Clip, *, frames: int) -> Run:
    """One film through as many processes as make two cameras; frames per second add up."""
    task = {"clip": str(clip.path), "line": clip.line, "frames": frames, **program.task}
    command = [program.python, HERE / "programs" / program.file, json.dumps(task)]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=_environment())
        for _ in range(program.at_once)
    ]
    answers = list(_answers(started))
    seen = sum(answer["frames"] for answer in answers)
    return Run(
        contender=program.contender,
        clip=clip.name,
        cpu_ms=1000 * sum(answer["cpu_s"] for answer in answers) / seen,
        fps=sum(answer["frames"] / answer["wall_s"] for answer in answers),
        counted=(answers[0]["in"], answers[0]["out"]),
    )


def _answers(started: list[subprocess.Popen[str]]) -> Iterator[dict[str, Any]]:
    for process in started:
        out, errors = process.communicate(timeout=1800)
        if process.returncode:
            raise SystemExit(f"{process.args} failed:\n{errors[-3000:]}")
        yield json.loads(out.splitlines()[-1])


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT_DIR), "OPENVINO_TELEMETRY_DISABLE": "1"}


def _make_ultralytics() -> None:
    """The environment of (a) and the random weights of (a) and (b'); made once."""
    _run_once(["make", "-s", "-C", PROJECT_DIR, ".make/ultralytics-env"])
    if not (WORK / "yolo11n.onnx").is_file():
        _run_once([ULTRALYTICS / "bin" / "python", HERE / "programs" / "ultralytics_counter.py", "make", WORK])


def _make_peers() -> None:
    """The environment of (b) and (b'); made once."""
    if not (PEERS / "made").exists():
        _run_once([sys.executable, "-m", "venv", PEERS])
        _run_once([PEERS / "bin" / "python", "-m", "pip", "install", "-q", "-r", HERE / "requirements.txt"])
        (PEERS / "made").touch()


def _squared(model: Path) -> Path:
    """The same weights for an input of 640x640, as onnxruntime takes them."""
    net = onnx.load(str(model))
    for place, size in zip(net.graph.input[0].type.tensor_type.shape.dim, (1, 3, 640, 640), strict=True):
        place.dim_value = size
    del net.graph.value_info[:]
    for place in net.graph.output[0].type.tensor_type.shape.dim[1:2]:
        place.dim_param = "cells"
    square = WORK / "ours_640x640.onnx"
    onnx.save(net, str(square))
    return square


def _run_once(command: list[Any]) -> None:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, env=_environment()
    )
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{(done.stdout + done.stderr)[-3000:]}")


if __name__ == "__main__":
    main()

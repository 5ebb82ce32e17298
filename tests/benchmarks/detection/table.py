"""RESULTS.md: medians and spreads, and on what machine they were measured."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from desktop_app.adapters.detection.self_test import machine_name
from tests.benchmarks.detection.clips import FPS, Clip

BUSY = 0.1
"""Share of the cores busy before a round above which the table says that it was disturbed."""
SAMPLE_S = 3.0
PEERS = {"a": "(a)", "b": "(b)", "b11": "(b')"}
"""What ours is held against, by the contender's key."""
BARS = {"a": 0.25, "b": 0.4}
"""Share of a peer's processor time that ours may take at most."""
COUNTS_BEGIN, COUNTS_END = "<!-- further films: begin -->", "<!-- further films: end -->"
"""Around the part of the page that ``write_counts`` makes anew and ``write_results`` leaves as it is."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One column of the comparison; ``is_counting`` is False where the weights are random."""

    key: str
    name: str
    is_counting: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """One film by one contender: processor milliseconds per frame, frames per second in all, and (in, out)."""

    contender: Contender
    clip: str
    cpu_ms: float
    fps: float
    counted: tuple[int, int]


def cores_busy() -> float:
    """How many cores other work takes now, over a few seconds; a load average would tell of the minutes before, too."""
    before = _busy_s()
    time.sleep(SAMPLE_S)
    return (_busy_s() - before) / SAMPLE_S


def _busy_s() -> float:
    """Seconds that all cores together were busy since the start of the machine."""
    user, nice, system, _, _, irq, softirq, *_ = map(float, Path("/proc/stat").read_text("ascii").split()[1:9])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def write_results(
    path: Path,
    runs: Sequence[Run],
    *,
    clips: Sequence[Clip],
    command: str,
    loads: tuple[float, float],
    model: Path,
    is_whole: bool,
) -> Path:
    """Write the whole page; tells where. ``is_whole``: the films were run to their ends, so that counts mean something."""
    parts = [_head(runs, command=command, loads=loads, model=model)]
    parts += [_table([run for run in runs if run.clip == clip.name], clip, is_whole=is_whole) for clip in clips]
    counts = f"\n{COUNTS_BEGIN}{_kept_counts(path)}{COUNTS_END}"
    path.write_text("\n".join([*parts, counts, _foot()]), encoding="utf-8")
    return path


def write_counts(path: Path, runs: Sequence[Run], *, clips: Sequence[Clip], command: str) -> Path:
    """Put the errors of every contender on every one of ``clips`` into a page that ``write_results`` made; tells where."""
    page = path.read_text(encoding="utf-8")
    before, after = page.split(COUNTS_BEGIN)[0], page.split(COUNTS_END)[1]
    table = "\n".join(_counts(runs, clips=clips, command=command))
    path.write_text(f"{before}{COUNTS_BEGIN}\n{table}\n{COUNTS_END}{after}", encoding="utf-8")
    return path


def _kept_counts(path: Path) -> str:
    page = path.read_text(encoding="utf-8") if path.is_file() else ""
    return page.split(COUNTS_BEGIN)[1].split(COUNTS_END)[0] if COUNTS_BEGIN in page else "\n"


def _counts(runs: Sequence[Run], *, clips: Sequence[Clip], command: str) -> list[str]:
    """A row for the truth and for each contender: what it counted of each film, and its errors in all."""
    crossings = sum(clip.in_count + clip.out_count for clip in clips)
    lines = [
        "## Counted on more films",
        "",
        f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}: each film once, not timed, {crossings} crossings. In, out; "
        "in brackets what is wrong.",
        "",
        f"| | {' | '.join(clip.name for clip in clips)} | errors |",
        "|---" * (len(clips) + 2) + "|",
        f"| truth | {' | '.join(f'{clip.in_count}, {clip.out_count}' for clip in clips)} | |",
    ]
    for contender in dict.fromkeys(run.contender for run in runs):
        own = {run.clip: run for run in runs if run.contender == contender}
        counted = [_turned(own[clip.name], clip) for clip in clips]
        errors = [_error(pair, (clip.in_count, clip.out_count)) for pair, clip in zip(counted, clips, strict=True)]
        cells = [f"{pair[0]}, {pair[1]} ({wrong})" for pair, wrong in zip(counted, errors, strict=True)]
        lines.append(f"| {contender.name} | {' | '.join(cells)} | {sum(errors)} |")
    return lines


def _head(runs: Sequence[Run], *, command: str, loads: tuple[float, float], model: Path) -> str:
    cores = os.cpu_count() or 1
    rounds = min(Counter((run.contender, run.clip) for run in runs).values())
    lines = [
        "# What a look costs",
        "",
        f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d}; interleaved rounds: {rounds}; median (least to most).",
        "",
        f"Machine: {machine_name()}, {_flags()}, Python {platform.python_version()}; "
        f"cores busy with other work: {loads[0]:.1f} before (the most of all rounds), {loads[1]:.1f} after. "
        f"Our weights: `{model.name}`.",
    ]
    if loads[0] > BUSY * cores:
        lines += [
            "",
            f"**The machine was busy with other work ({loads[0]:.1f} of {cores} cores before a round): processor "
            "seconds are inflated, and cameras sustained are far too few. To be run again on a quiet machine.**",
        ]
    if rounds < 5:
        lines += ["", "**Fewer than five rounds: a trial, not a result.**"]
    return "\n".join(lines)


def _table(runs: Sequence[Run], clip: Clip, *, is_whole: bool) -> str:
    by_key: dict[str, list[Run]] = {}
    for run in runs:
        by_key.setdefault(run.contender.key, []).append(run)
    cost = {key: statistics.median(run.cpu_ms for run in some) for key, some in by_key.items()}
    peers = {key: name for key, name in PEERS.items() if key in cost}
    if not cost:
        return ""
    heads = "".join(f" of {name} |" for name in peers.values())
    lines = [
        "",
        f"## {clip.name}, 640x360 (truth: {clip.in_count} in, {clip.out_count} out)",
        "",
        f"| | processor ms per frame |{heads} cameras at {FPS} looks/s | counted in, out | error |",
        "|---" * (len(peers) + 5) + "|",
    ]
    for key, some in by_key.items():
        shares = " | ".join(f"{cost[key] / cost[peer]:.2f}" for peer in peers)
        looks = _spread([run.fps / FPS for run in some])
        cpu, counted = _spread([run.cpu_ms for run in some]), _count(some[0], clip, is_whole=is_whole)
        lines.append(f"| {some[0].contender.name} | {cpu} | {shares} | {looks} | {counted} |")
    return "\n".join([*lines, "", *_judged(by_key, cost, clip, is_whole=is_whole)])


def _judged(by_key: dict[str, list[Run]], cost: dict[str, float], clip: Clip, *, is_whole: bool) -> list[str]:
    """What each row of ours meets: cost against both peers, and errors against the one that counts."""
    truth = (clip.in_count, clip.out_count)
    lines = [
        "Bars: " + ", ".join(f"at most {share} of {PEERS[peer]}" for peer, share in BARS.items()) + ", no more errors.",
        "",
    ]
    for key, some in by_key.items():
        if not key.startswith("ours"):
            continue
        words = [
            f"{'meets' if cost[key] <= share * cost[peer] else 'misses'} {PEERS[peer]} ({cost[key] / cost[peer]:.2f})"
            for peer, share in BARS.items()
            if peer in cost
        ]
        if is_whole and "b" in by_key:
            theirs = by_key["b"][0].counted
            peer_error = min(_error(theirs, truth), _error(theirs[::-1], truth))
            own = _error(some[0].counted, truth)
            words.append(f"{'meets' if own <= peer_error else 'misses'} the count ({own} wrong, (b) {peer_error})")
        lines.append(f"- {some[0].contender.name}: {', '.join(words)}")
    return lines


def _count(run: Run, clip: Clip, *, is_whole: bool) -> str:
    if not is_whole:
        return "- | only a part was run"
    if not run.contender.is_counting:
        return "- | random weights"
    counted = _turned(run, clip)
    return f"{counted[0]}, {counted[1]} | {_error(counted, (clip.in_count, clip.out_count))}"


def _turned(run: Run, clip: Clip) -> tuple[int, int]:
    """Each library has its own idea of a line's direction: the way round that suits a peer better is taken."""
    if run.contender.key.startswith("ours"):
        return run.counted
    truth = (clip.in_count, clip.out_count)
    return min(run.counted, run.counted[::-1], key=lambda pair: _error(pair, truth))


def _error(counted: tuple[int, int], truth: tuple[int, int]) -> int:
    return abs(counted[0] - truth[0]) + abs(counted[1] - truth[1])


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _flags() -> str:
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return "instruction sets unknown"
    known = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
    return " ".join(flag for flag in known if flag in words)


def _foot() -> str:
    return """
## How it is measured

- Each program decodes the same film (MJPEG), detects, tracks and counts one line; loading and five warm-up frames are not
  counted. Processor seconds are `getrusage` of the process and its children. Two cameras run at once on this machine: ours in
  one process with two one-thread streams, the peers in two processes of one thread each, which serves them best.
- *Cameras* are frames per second of both together, by five: a computer that does nothing else.
- Ours looks at every frame here. In a shop the motion gate leaves most frames of a quiet camera out; that gain is not
  in here.
- *640 and 416 pixels* are the longer side of the network's input: 640x384 and 416x224 for these pictures, the latter made
  flatter by 4 %. The program rewrites the first layer of the file as one convolution
  (`desktop_app/adapters/detection/stem.py`); (b) runs the file as it is written.
- *By the self-test*: the precision that the program's own self-test chose on this machine before the first round (the fastest
  of f32, bf16 and 8-bit integers that finds the same people); f32 is what the program runs before it has measured.
- In 8-bit integers *640 pixels* are a lighter net that the weights above taught (docs/adr/0013); all else runs those weights.
- *Automatic input size*: the program's own rule, after it has seen the film once (that pass is not measured; a camera in
  a shop has hours). Near with a wide glance every five seconds where people are tall, wide where they are not.
- Weights of yolo11n cannot be had without a download; (a) and (b') run it with random weights: their cost is real, and a
  little low, because there is next to nothing to suppress, track or draw; their counts would mean nothing. (b) runs the very
  weights of ours, in f32 on a square, and its counts are real.
- Error: |in - true in| + |out - true out|, all people of the film, in the first round.
- *More films*: a line of one film has some twenty crossings, of which one or two are chance. Six drawn films of 90 s, whose
  seeds nothing of the program was chosen by, are counted as well; their processor time is not looked at.
"""

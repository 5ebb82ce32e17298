"""Ours against its peers on the same tracks and boxes, in one run: ``python -m tests.benchmarks.counting``.

Writes ``RESULTS.md`` beside this file. The peers live in an environment of their own (``install_peers.sh``).
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from desktop_app.domain.detections import Detections, TrackedDetections
from desktop_app.domain.tracker import Tracker
from desktop_app.domain.zone_engine import ZoneEngine
from shared_models.events import EventDraft, EventType
from shared_models.geometry import to_norm
from shared_models.zones import LineZone, PolygonZone, Zone
from tests.benchmarks.counting.simulation import CROWDS, FRAME, LINES, Boxes, Scene
from tests.desktop_app.domain.test_line_cases import CASES, leaves_by_the_lower_edge
from tests.helpers.walkers import Frames, boxes, in_out, line, run

HERE = Path(__file__).parent
STARTED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
RATES = (15.0, 10.0, 5.0, 3.0, 2.0, 1.0)
BARS = {5.0: 2.0, 3.0: 3.0, 2.0: 5.0}
STRAIGHT = [name for name, points in LINES.items() if len(points) == 2]
Counts = dict[str, tuple[int, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="of each simulated scene")
    parser.add_argument("--seeds", type=int, default=2, help="scenes per crowd")
    parser.add_argument("--peers", type=Path, default=Path(".cache/peers"))
    asked = parser.parse_args()
    subprocess.run(["bash", str(HERE / "install_peers.sh"), str(asked.peers)], check=True)
    sections = [
        *_header(asked.peers),
        *fourteen_cases(asked.peers),
        *walkers(asked.peers, seconds=asked.seconds, seeds=asked.seeds),
        *costs(),
    ]
    (HERE / "RESULTS.md").write_text("\n".join(sections) + "\n", encoding="utf-8")
    print("\n".join(sections))


# -- the fourteen cases


def fourteen_cases(peers: Path) -> list[str]:
    """Tracks with given ids; only the line rule differs."""
    door, low = line((100, 400), (1180, 400)), line((100, 640), (1180, 640))
    cases: dict[str, tuple[Frames, LineZone, tuple[int, int], float]] = {
        name: (frames(), door, truth, fps) for name, (frames, truth, fps) in CASES.items()
    }
    cases["11 leaves through the lower frame edge, feet clipped"] = (leaves_by_the_lower_edge(), low, (1, 0), 5)
    ordered = dict(sorted(cases.items(), key=lambda case: (int("".join(filter(str.isdigit, case[0][:2]))), case[0])))
    anchors = ("feet", "corners")
    jobs = [_given_job(frames, zone, fps, anchor) for frames, zone, _, fps in ordered.values() for anchor in anchors]
    theirs = _ask_peers(peers, jobs)["counts"]
    rows = []
    right = [0, 0, 0]
    for i, (name, (frames, zone, truth, fps)) in enumerate(ordered.items()):
        ours = in_out(run(frames, [zone], fps=fps))
        found = [ours, *(tuple(theirs[2 * i + k]["door"]) for k in range(2))]
        right = [n + (counts == truth) for n, counts in zip(right, found, strict=True)]
        rows.append(f"| {name} | {_pair(truth)} | " + " | ".join(_marked(c, truth) for c in found) + " |")
    return [
        "## The fourteen cases (in/out)",
        "",
        "| case | truth | ours | supervision, feet | supervision, four corners (its default) |",
        "|---|---|---|---|---|",
        *rows,
        f"| **right** | | **{right[0]} of {len(rows)}** | {right[1]} | {right[2]} |",
        "",
    ]


def _given_job(frames: Frames, zone: LineZone, fps: float, anchor: str) -> dict[str, Any]:
    listed = [boxes(people) for people in frames]
    return {
        "frames": [
            {"boxes": b.xyxy.tolist(), "scores": b.score.tolist(), "ids": b.tracker_id.tolist()} for b in listed
        ],
        "lines": {"door": [[x * 1280, y * 720] for x, y in zone.points]},
        "anchor": anchor,
        "tracker": None,
        "fps": fps,
    }


# -- simulated walkers


def walkers(peers: Path, *, seconds: float, seeds: int) -> list[str]:
    """Boxes without ids: tracker and line rule together."""
    rows = []
    worst: dict[float, float] = {}
    per_line: list[str] = []
    for fps in RATES:
        truths: list[Counts] = []
        ours: list[Counts] = []
        rules: list[Counts] = []
        jobs: list[dict[str, Any]] = []
        names: list[str] = []
        for crowd in CROWDS:
            for seed in range(seeds):
                scene = Scene(crowd, seed=100 + seed, seconds=seconds)
                looks = scene.looks(fps)
                truths.append({name: scene.truth(points) for name, points in LINES.items()})
                ours.append(_counted(_tracked(looks)))
                rules.append(_counted(_given(scene, fps)))
                jobs.append(_tracked_job(looks, fps))
                names.append(crowd.name)
        theirs = [{k: (v[0], v[1]) for k, v in c.items()} for c in _ask_peers(peers, jobs)["counts"]]
        crowds = " | ".join(
            f"{_error(_of(truths, names, c.name), _of(ours, names, c.name), LINES):.1f}" for c in CROWDS
        )
        all_lines = {name: _error(truths, ours, [name]) for name in LINES}
        mean, peer = _error(truths, ours, STRAIGHT), _error(truths, theirs, STRAIGHT)
        net, alone = _net_error(truths, ours, LINES), _error(truths, rules, LINES)
        plain = _error(_of(truths, names, "plain"), _of(theirs, names, "plain"), STRAIGHT)
        worst[fps] = _error(truths, ours, LINES)
        bar = f"{BARS[fps]:g}" if fps in BARS else "-"
        verdict = "" if fps not in BARS else ("met" if worst[fps] <= BARS[fps] else "**missed**")
        rows.append(
            f"| {fps:g} | {worst[fps]:.1f} | {bar} | {verdict} | {crowds} "
            f"| {net:.1f} | {alone:.1f} | {mean:.1f} | {peer:.1f} | {plain:.1f} |"
        )
        per_line.append(f"| {fps:g} | " + " | ".join(f"{all_lines[name]:.1f}" for name in LINES) + " |")
    people = sum(sum(pair) for truth in truths for pair in truth.values())
    return [
        "## Simulated walkers",
        "",
        f"{len(truths)} scenes of {seconds:g} s per rate, {people} true crossings of four lines. Crowds, groups, people",
        "who stop and turn, misses, jitter, occlusion, legs hidden by nearer people, boxes where nobody is. Error in per",
        "cent: sum of |counted - true| over lines and scenes, in and out apart, by the sum of the true. `net`: the same of",
        "totals over all scenes per line and direction, in which one too many and one too few cancel. The peer knows",
        "straight lines only. `rules alone`: our rules on exact boxes with the right ids; the rest is the tracker's.",
        "",
        f"| looks/s | **ours** | bar | | {' | '.join(c.name for c in CROWDS)} | net | rules alone | ours, straight | "
        "ByteTrack (`trackers`) + LineZone (feet), straight | the same, plain crowd |",
        "|---|---|---|---|" + "---|" * (len(CROWDS) + 5),
        *rows,
        "",
        "Ours by line:",
        "",
        f"| looks/s | {' | '.join(LINES)} |",
        "|---|" + "---|" * len(LINES),
        *per_line,
        "",
    ]


def _tracked(looks: Sequence[Boxes]) -> Iterable[tuple[float, TrackedDetections]]:
    tracker = Tracker()
    for look in looks:
        found = Detections(look.xyxy.astype(np.float32), look.score.astype(np.float32))
        yield look.at_s, tracker.update(found, at_s=look.at_s, frame_wh=FRAME)


def _given(scene: Scene, fps: float) -> Iterable[tuple[float, TrackedDetections]]:
    for look, ids in scene.true_looks(fps):
        sure = np.ones(len(ids), np.bool_)
        yield look.at_s, TrackedDetections(look.xyxy.astype(np.float32), look.score.astype(np.float32), ids, sure)


def _counted(frames: Iterable[tuple[float, TrackedDetections]]) -> Counts:
    zones = [LineZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in LINES.items()]
    engine = ZoneEngine(camera_id="cam", zones=zones, frame_wh=FRAME)
    drafts: list[EventDraft] = []
    for at_s, tracked in frames:
        drafts += engine.update(tracked, at_s=at_s, occurred_at=STARTED_AT + timedelta(seconds=at_s))
        engine.take_paths()
    drafts += engine.close(at_s=0, occurred_at=STARTED_AT)
    return {
        name: (
            sum(d.zone_id == name and d.type is EventType.FOOTFALL_IN for d in drafts),
            sum(d.zone_id == name and d.type is EventType.FOOTFALL_OUT for d in drafts),
        )
        for name in LINES
    }


def _tracked_job(looks: Sequence[Boxes], fps: float) -> dict[str, Any]:
    return {
        "frames": [{"boxes": b.xyxy.tolist(), "scores": b.score.tolist(), "ids": None} for b in looks],
        "lines": {name: LINES[name] for name in STRAIGHT},
        "anchor": "feet",
        "tracker": "bytetrack",
        "fps": fps,
    }


def _error(truths: Sequence[Counts], counted: Sequence[Counts], names: Iterable[str]) -> float:
    pairs = [
        (true, count)
        for truth, counts in zip(truths, counted, strict=True)
        for name in names
        for true, count in zip(truth[name], counts[name], strict=True)
    ]
    return 100 * sum(abs(a - b) for a, b in pairs) / max(1, sum(a for a, _ in pairs))


def _net_error(truths: Sequence[Counts], counted: Sequence[Counts], names: Iterable[str]) -> float:
    wrong = total = 0
    for name in names:
        for k in range(2):
            true, count = sum(t[name][k] for t in truths), sum(c[name][k] for c in counted)
            wrong, total = wrong + abs(true - count), total + true
    return 100 * wrong / max(1, total)


def _of(counts: Sequence[Counts], names: Sequence[str], name: str) -> list[Counts]:
    return [c for c, n in zip(counts, names, strict=True) if n == name]


# -- costs


def costs() -> list[str]:
    """Milliseconds per frame with 20 people in sight: the middle and the slow end of 600 frames."""
    frames = [_twenty(i) for i in range(600)]
    tracker = Tracker()
    tracking = _timed(lambda i: tracker.update(frames[i], at_s=i / 5, frame_wh=FRAME), len(frames))
    tracker = Tracker()
    tracked = [tracker.update(frame, at_s=i / 5, frame_wh=FRAME) for i, frame in enumerate(frames)]
    engine = ZoneEngine(camera_id="cam", zones=_eight_zones(), frame_wh=FRAME)

    def decide(i: int) -> None:
        engine.update(tracked[i], at_s=i / 5, occurred_at=STARTED_AT + timedelta(seconds=i / 5))
        if i % 50 == 0:
            engine.take_paths()
            engine.take_explanations()

    deciding = _timed(decide, len(frames))
    rows = []
    for name, bar, (middle, slow) in (
        ("tracker, 20 people", 1.0, tracking),
        ("rules, 20 people, 8 zones", 0.5, deciding),
    ):
        verdict = "met" if middle <= bar else "**missed**"
        rows.append(f"| {name} | {middle:.2f} | {slow:.2f} | {bar:g} | {verdict} |")
    return [
        "## Cost per frame (ms)",
        "",
        "| what | median | 95 % | bar | |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "Best of five passes over 600 frames, so that other programs on the machine weigh less.",
    ]


def _timed(work: Callable[[int], Any], count: int) -> tuple[float, float]:
    """The quickest of five runs of ``count / 5`` frames each: median and 95th percentile, ms."""
    best = (float("inf"), float("inf"))
    for part in range(5):
        spent = []
        for i in range(part * count // 5, (part + 1) * count // 5):
            started = time.perf_counter()
            work(i)
            spent.append(1000 * (time.perf_counter() - started))
        best = min(best, (float(np.median(spent)), float(np.percentile(spent, 95))))
    return best


def _twenty(i: int) -> Detections:
    rng = np.random.default_rng(i)
    n = np.arange(20)
    x = 60 + (n % 10) * 125 + 40 * np.sin(i / 20 + n)
    y = 300 + (n // 10) * 250 + 120 * np.sin(i / 15 + n / 2)
    tall = 90 + 0.2 * y
    xyxy = np.stack([x - 0.2 * tall, y - tall, x + 0.2 * tall, y], axis=1) + rng.normal(0, 1.5, (20, 4))
    return Detections(xyxy.astype(np.float32), np.full(20, 0.85, np.float32))


def _eight_zones() -> list[Zone]:
    lines: list[Zone] = [LineZone(zone_id=k, points=to_norm(points, frame_wh=FRAME)) for k, points in LINES.items()]
    areas: list[Zone] = [
        PolygonZone(zone_id=f"area{k}", points=((x, 0.3), (x + 0.2, 0.3), (x + 0.22, 0.9), (x - 0.02, 0.9)))
        for k, x in enumerate((0.05, 0.27, 0.5, 0.73))
    ]
    return lines + areas


# -- all together


def _ask_peers(peers: Path, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    done = subprocess.run(
        [str(peers / "bin" / "python"), str(HERE / "peers.py")],
        input=json.dumps(jobs), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The peers failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _header(peers: Path) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in _ask_peers(peers, [])["versions"].items())
    model = next(
        (row.split(":", 1)[1].strip() for row in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in row),
        platform.processor(),
    )
    return [
        "# Counting, measured",
        "",
        "Written by `make bench-counting`; not by hand.",
        "",
        f"Machine: {model}, {_cores()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d}. Peers: {versions}.",
        "",
    ]


def _cores() -> int:
    import os

    return os.cpu_count() or 1


def _pair(counts: Sequence[int]) -> str:
    return f"{counts[0]}/{counts[1]}"


def _marked(counts: Sequence[int], truth: tuple[int, int]) -> str:
    return _pair(counts) if tuple(counts) == truth else f"**{_pair(counts)}**"


if __name__ == "__main__":
    sys.exit(main())

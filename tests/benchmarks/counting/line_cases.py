"""The fourteen cases of COUNTING.md, ours beside the peers' line rule on the same tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared_models.zones import LineZone
from tests.benchmarks.counting.asking import ask_peers
from tests.desktop_app.domain.test_line_cases import CASES, leaves_by_the_lower_edge
from tests.helpers.walkers import Frames, boxes, in_out, line, run


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
    theirs = ask_peers(peers, jobs)["counts"]
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


def _pair(counts: Sequence[int]) -> str:
    return f"{counts[0]}/{counts[1]}"


def _marked(counts: Sequence[int], truth: tuple[int, int]) -> str:
    return _pair(counts) if tuple(counts) == truth else f"**{_pair(counts)}**"

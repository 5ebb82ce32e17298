"""One command from a trained file to ``assets/models``: weights, manifest, and figures beside the start's.

    python -m installer.models.publish --model build/model/wink_person_nano.onnx --start yolox_nano_416.onnx ...

The figures go into ``MODEL_CARD.md`` between its two marks; the words around them are written by hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from desktop_app.services.model_registry import MANIFEST, ModelEntry, sha256_of
from installer.models.material import held_out_store, photographs
from installer.models.measure import Found, Labelled, Runner, average_precision, by_height, multiply_adds
from shared_models.geometry import Size

NAME = "wink_person_nano"
SIZES: tuple[Size, ...] = ((416, 256), (416, 416), (640, 384))
WORKING_SCORE = 0.4
"""The tracker begins a track from here on."""
CONTINUING_SCORE = 0.1
"""The tracker continues a track from here on."""
PHOTO_BANDS = (0, 40, 80, 160, np.inf)
ALL_HEIGHTS = (0, np.inf)
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def main(words: list[str] | None = None) -> None:
    """Measure both models, then write everything."""
    asked = _parser().parse_args(words)
    asked.assets.mkdir(parents=True, exist_ok=True)
    target = asked.assets / f"{NAME}.onnx"
    if asked.model.resolve() != target.resolve():
        shutil.copyfile(asked.model, target)
    _write_manifest(asked.assets, target)
    truth = {
        "photographs": photographs(asked.photographs, held_out=True),
        "virtual store": held_out_store(count=asked.frames),
    }
    figures = "\n".join(table(asked.start, target, truth))
    card = asked.assets / "MODEL_CARD.md"
    if card.exists():
        _between_marks(card, figures)
    sys.stdout.write(figures + "\n")


def table(start: Path, ours: Path, truth: dict[str, Sequence[Labelled]]) -> list[str]:
    """Markdown: average precision and work by input size, then precision and recall by height."""
    models = (start, ours)
    lines = ["| input | million multiply-adds | " + " | ".join(f"AP50, {kind}" for kind in truth) + " |"]
    lines.append("|---|---|" + "---|" * len(truth))
    details: list[str] = []
    for wh in SIZES:
        work = " / ".join(f"{multiply_adds(model, wh=wh) / 1e6:.0f}" for model in models)
        cells = []
        for kind, labelled in truth.items():
            found = [
                [runner.people(t.picture) for t in labelled] for runner in (Runner(m, input_wh=wh) for m in models)
            ]
            cells.append(" / ".join(f"{average_precision(f, labelled):.3f}" for f in found))
            for bands_px in (PHOTO_BANDS, ALL_HEIGHTS):
                sure, all_seen = (
                    [by_height(f, labelled, threshold=score, bands_px=bands_px) for f in found]
                    for score in (WORKING_SCORE, CONTINUING_SCORE)
                )
                details += [
                    _detail(kind, wh, *of_band) for of_band in zip(*sure, *all_seen, strict=True) if of_band[0].people
                ]
        lines.append(f"| {wh[0]}x{wh[1]} | {work} | " + " | ".join(cells) + " |")
    head = (
        "| material | input | height in the picture, px | people "
        f"| recall at {WORKING_SCORE} | precision at {WORKING_SCORE} | recall at {CONTINUING_SCORE} |"
    )
    return [*lines, "", head, "|---|---|---|---|---|---|---|", *details]


def _detail(kind: str, wh: Size, start: Found, ours: Found, start_seen: Found, ours_seen: Found) -> str:
    """One row: the start's figure, then ours; ``..._seen`` at the score that continues a track."""
    pairs = (
        (start.recall, ours.recall),
        (start.precision, ours.precision),
        (start_seen.recall, ours_seen.recall),
    )
    figures = " | ".join(f"{a:.2f} / {b:.2f}" for a, b in pairs)
    return f"| {kind} | {wh[0]}x{wh[1]} | {start.band} | {start.people} | {figures} |"


def _write_manifest(folder: Path, model: Path) -> None:
    entry = ModelEntry(
        NAME,
        sha256_of(model),
        "Apache-2.0",
        model.name,
        (),
        model.stat().st_size,
        "People in shops, from YOLOX-Nano. BGR 0..255; any size in multiples of 32. See MODEL_CARD.md.",
        ("person",),
        "yolox",
        SIZES,
    )
    path = folder / MANIFEST
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"models": []}
    others = [item for item in known["models"] if item["name"] != NAME]
    written = {**known, "models": [asdict(entry), *others]}
    path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


def _between_marks(card: Path, figures: str) -> None:
    before, rest = card.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    card.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m installer.models.publish", description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True, help="the published YOLOX-Nano as ONNX")
    parser.add_argument("--photographs", type=Path, required=True, help="folder with images/ and labels/ (YOLO form)")
    parser.add_argument("--assets", type=Path, default=Path("assets/models"))
    parser.add_argument("--frames", type=int, default=20, help="of each held-out virtual store")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])

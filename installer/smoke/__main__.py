"""``python -m installer.smoke --artefact DIR --report FILE.json [--against-source] [--results FILE.md]``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from installer.bundle.sizes import total_bytes
from installer.product import ROOT
from installer.smoke import checks, report
from installer.smoke.programs import Programs, SmokeError, bundled, from_source

T = TypeVar("T")

COMMAND = (
    "python -m installer.smoke --artefact build/package/wink-analytics --against-source --results installer/RESULTS.md"
)


def main() -> None:
    """Try the bundle, and with ``--against-source`` the same from this checkout, for comparison."""
    parser = argparse.ArgumentParser(prog="python -m installer.smoke", description=main.__doc__)
    parser.add_argument("--artefact", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--report", type=Path, help="where the figures go, as JSON")
    parser.add_argument("--results", type=Path, help="where the tables go, as Markdown")
    parser.add_argument("--against-source", action="store_true")
    parser.add_argument("--sizes", type=Path, help="sizes.json of the build (default: beside the artefact)")
    words = parser.parse_args()
    artefact = words.artefact.resolve()
    try:
        tried = [_try("the bundle", bundled(artefact), bundle=artefact)]
        if words.against_source:
            tried.append(_try("from source", from_source(), bundle=None))
    except SmokeError as error:
        sys.exit(f"NOT FIT TO SHIP: {error}")
    sizes_file = words.sizes or artefact.parent / "sizes.json"
    sizes = json.loads(sizes_file.read_text()) if sizes_file.is_file() else []
    text = report.as_markdown(tried, sizes=sizes, command=COMMAND)
    if words.report:
        words.report.write_text(report.as_json(tried), encoding="utf-8")
        words.report.with_suffix(".md").write_text(text, encoding="utf-8")
    if words.results:
        words.results.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _try(name: str, programs: Programs, *, bundle: Path | None) -> report.Tried:
    with tempfile.TemporaryDirectory(prefix="wink-smoke-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        version = _say(f"{name}: its commands", lambda: checks.try_commands(programs, folder))
        boxes = _say(f"{name}: a film", lambda: checks.try_film(programs, folder))
        truth, counted = _say(f"{name}: counting", lambda: checks.try_counting(programs, folder))
        window = None
        if sys.platform == "linux":
            window = _say(f"{name}: its window", lambda: checks.try_window(programs, folder, bundle=bundle))
        else:
            _say(f"{name}: its window", lambda: checks.try_window_without_screen(programs, folder))
        store = _say(f"{name}: a minute in the virtual store", lambda: checks.try_store(programs, folder))
    weight = total_bytes(bundle if bundle is not None else _environment()) / 1e6
    return report.Tried(name, version, weight, boxes, truth, counted, window, store)


def _environment() -> Path:
    """The packages that running from source needs (with the cloud and the developers' tools)."""
    return Path(sys.prefix).resolve() if sys.prefix != sys.base_prefix else ROOT


def _say(words: str, work: Callable[[], T]) -> T:
    sys.stderr.write(f"{words} ...\n")
    started = time.monotonic()
    result = work()
    sys.stderr.write(f"{words}: {time.monotonic() - started:.0f} s\n")
    return result


if __name__ == "__main__":
    main()

"""Ours against its peers on the same tracks and boxes, in one run: ``python -m tests.benchmarks.counting``.

Writes ``RESULTS.md`` beside this file. The peers live in an environment of their own (``install_peers.sh``). What was
measured is kept by parts: with ``--for-s`` a run ends early, and the next one goes on.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests.benchmarks.counting.asking import HELD_OUT, HERE, Asked, TimeOverError
from tests.benchmarks.counting.costs import costs
from tests.benchmarks.counting.films import films
from tests.benchmarks.counting.line_cases import fourteen_cases
from tests.benchmarks.counting.stays import dwells
from tests.benchmarks.counting.stores import stores
from tests.benchmarks.counting.walkers import alone, walkers

NO_STORES = ["## The virtual store, real detection", "", "Not measured in this run (`--without stores`).", ""]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180, help="of each simulated scene")
    parser.add_argument("--seeds", type=int, default=2, help="scenes per crowd")
    parser.add_argument("--own-seeds", type=int, default=12, help="scenes of the stated crowd for ours alone")
    parser.add_argument("--store-seeds", type=int, default=1, help="films per scene of the virtual store")
    parser.add_argument("--store-minutes", type=float, default=1.5)
    parser.add_argument("--cache", type=Path, default=Path(".cache/counting"))
    parser.add_argument("--peers", type=Path, default=Path(".cache/peers"))
    parser.add_argument("--ultralytics", type=Path, default=Path(".ultralytics-venv"))
    parser.add_argument("--for-s", type=float, default=float("inf"), help="begin nothing after so many seconds")
    parser.add_argument("--rates", type=float, nargs="+", default=[15, 10, 5, 3, 2, 1], help="looks a second")
    parser.add_argument("--without", nargs="+", default=[], choices=["stores"], help="parts that are left out")
    named = vars(parser.parse_args())
    without, rates = named.pop("without"), tuple(sorted(named.pop("rates"), reverse=True))
    asked = Asked(**named, rates=rates)
    subprocess.run(["bash", str(HERE / "install_peers.sh"), str(asked.peers)], check=True)
    try:
        # In the order in which the figures are wanted, for a run that ends early.
        exact = [
            *alone(asked),
            *dwells(asked, seeds=range(HELD_OUT, HELD_OUT + asked.seeds)),
        ]
        on_film = films(asked)
        sections = [
            *_header(asked),
            *asked.saved("cases", partial(fourteen_cases, asked.peers)),
            *walkers(asked),
            *exact,
            *on_film,
            *(NO_STORES if "stores" in without else asked.saved("stores", partial(stores, asked))),
            *asked.saved("costs", costs),
        ]
    except TimeOverError:
        print("The seconds are over; what was measured is saved. The same command goes on.")
        return 3
    (HERE / "RESULTS.md").write_text("\n".join(sections) + "\n", encoding="utf-8")
    print("\n".join(sections))
    return 0


def _header(asked: Asked) -> list[str]:
    told = {k: v for ask, _ in asked.peer_table.values() for k, v in ask([])["versions"].items()}
    versions = ", ".join(f"{name} {version}" for name, version in told.items())
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


if __name__ == "__main__":
    sys.exit(main())

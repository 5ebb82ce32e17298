"""What a run of the benchmark is asked for: the seeds, the peers and what was measured before."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from desktop_app import domain
from desktop_app.services import mot_format, replay

HERE = Path(__file__).parent
HELD_OUT = 130
"""First of the seeds that are reported; who works on the tracker takes smaller ones."""
SCENES = [HERE / name for name in ("simulation.py", "truth.py", "mot.py", "peers.py", "peers_ultralytics.py")]
OURS = [
    *sorted(Path(domain.__path__[0]).glob("*.py")),
    *(Path(module.__file__ or "") for module in (mot_format, replay)),
]
"""The code that figures come from: with any of it changed, those that were saved hold no more."""
Counts = dict[str, tuple[int, int]]
Ask = Callable[[list[dict[str, Any]]], dict[str, Any]]


class TimeOverError(Exception):
    """The run has used its seconds; what it measured is saved, the next one goes on from there."""


@dataclass(frozen=True)
class Asked:
    """What is to be measured, and where the peers live.

    Attributes:
        seconds: of each simulated scene.
        seeds: scenes per crowd that are given to everybody.
        own_seeds: scenes of the stated crowd that are given to ours alone.
        for_s: begin nothing after so many seconds.
        rates: looks a second of the simulated walkers.
    """

    seconds: float
    seeds: int
    own_seeds: int
    store_seeds: int
    store_minutes: float
    cache: Path
    peers: Path
    ultralytics: Path
    for_s: float
    rates: tuple[float, ...]
    started_s: float = field(default_factory=time.monotonic)

    @property
    def peer_table(self) -> dict[str, tuple[Ask, str]]:
        """Name -> how to ask it, and which tracker it shall use."""
        asking = partial(ask_peers, self.peers)
        table: dict[str, tuple[Ask, str]] = {
            "ByteTrack (`trackers`) + LineZone": (asking, "bytetrack"),
            "OC-SORT (`trackers`) + LineZone": (asking, "ocsort"),
        }
        if (self.ultralytics / "bin" / "python").exists():
            asking = partial(ask_peers, self.ultralytics, program="peers_ultralytics.py")
            table["Ultralytics ObjectCounter"] = (asking, "bytetrack")
        return table

    @property
    def peer_names(self) -> list[str]:
        return list(self.peer_table)

    def saved(self, name: str, make: Callable[[], Any], *, is_theirs: bool = False) -> Any:
        """What ``make`` gives, as JSON reads it back; made once for one state of the code and of what is asked.

        Args:
            is_theirs: nothing of our own rules is in it.

        Raises:
            TimeOverError: it would have to be made now, and the seconds are over.
        """
        asked = [name, self.seconds, self.seeds, self.store_seeds, self.store_minutes]
        code = hashlib.sha256(json.dumps(asked).encode())
        for source in SCENES + ([] if is_theirs else OURS):
            code.update(source.read_bytes())
        path = self.cache / "parts" / f"{name}-{code.hexdigest()[:16]}.json"
        if not path.exists():
            if time.monotonic() - self.started_s > self.for_s:
                raise TimeOverError
            found = json.dumps(make())
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            unfinished.write_text(found, encoding="utf-8")
            unfinished.replace(path)
            print(f"measured {name}, {time.monotonic() - self.started_s:.0f} s", flush=True)
        return json.loads(path.read_text(encoding="utf-8"))


def ask_peers(peers: Path, jobs: list[dict[str, Any]], *, program: str = "peers.py") -> dict[str, Any]:
    """What the peers in the environment ``peers`` count."""
    done = subprocess.run(
        [str(peers / "bin" / "python"), str(HERE / program)],
        input=json.dumps(jobs), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"The peers failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer

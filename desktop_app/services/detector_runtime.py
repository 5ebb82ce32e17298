"""How the model is run on this very machine: measured once, remembered, shown by the doctor."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from desktop_app.services.whole_files import write_whole

INPUT_SIDES = (416, 640)
"""Longer sides of the network's input that are measured: near views and wide ones."""
INT8 = "int8"
CLEARLY = 1.05
"""A less plain way must be faster by this factor."""
PRECISIONS = ("f32", "bf16", "f16", INT8, "auto")
MOST_STREAMS = 64
MOST_MODELS = 16
"""Of so many models the measurement is remembered."""
AGREEMENT = 0.05
"""A faster way of running may change scores by no more than this on the test picture."""
SURE_FROM = 0.2
"""Boxes of a lower score are not looked at for that."""
INT8_AGREEMENT, INT8_SURE_FROM = 0.1, 0.4
"""The same for a form in 8-bit integers, which may be another one at each size of input: it finds everybody of whom a track
begins; a box of a low score, which at a small input is somebody half seen, may well get another one."""


@dataclass(frozen=True, slots=True)
class DetectorRuntime:
    """One way of running a model.

    Attributes:
        device: as OpenVINO names it, e.g. ``CPU`` or ``GPU``.
        precision: ``f32``, ``bf16``, ``f16``, ``int8`` (the model's 8-bit form, where one ships), or ``auto``: the device's
            own choice. Until the self-test has shown that a faster way says the same, every machine computes in ``f32`` and
            so counts the same.
        streams: pictures under way at once.
        threads: of the processor, over all streams; 0: the device's own choice.
    """

    device: str = "CPU"
    precision: str = "f32"
    streams: int = 2
    threads: int = 2


@dataclass(frozen=True, slots=True)
class RuntimeTest:
    """What the self-test found.

    Attributes:
        machine: device, cores and library version; another one means another test.
        model_sha256: of the model that was measured.
        runtime: the best way.
        rates: pictures per second by the longer side of the input, with that runtime.
        int8_sha256: of the 8-bit form, where it was the best; another one means another test. Else empty.
    """

    machine: str
    model_sha256: str
    runtime: DetectorRuntime
    rates: Mapping[int, float] = field(default_factory=dict)
    int8_sha256: str = ""

    def cameras(self, *, fps: float, long_side: int) -> float:
        """How many cameras at ``fps`` looks a second this machine can keep up with."""
        return self.rates.get(long_side, 0.0) / fps


def candidates(
    capabilities: Mapping[str, tuple[str, ...]], *, cores: int, has_int8: bool = False
) -> list[DetectorRuntime]:
    """Ways worth measuring, the plainest first.

    Args:
        capabilities: device name -> what OpenVINO says it can do (``FP32``, ``BF16``, ``FP16``, ...). It says ``INT8`` of
            processors that may be slow at it; only measuring tells.
        has_int8: the model has an 8-bit form.
    """
    found: list[DetectorRuntime] = []
    cpu = capabilities.get("CPU", ())
    more = [name for name, is_there in (("bf16", "BF16" in cpu), (INT8, has_int8 and "INT8" in cpu)) if is_there]
    for precision in ("f32", *more):
        for streams in dict.fromkeys((min(2, cores), 1, min(4, cores))):
            found.append(DetectorRuntime("CPU", precision, streams, min(cores, max(2, streams))))
    for device, able in capabilities.items():
        if device != "CPU":
            found.append(DetectorRuntime(device, "f16" if "FP16" in able else "f32", 2, 0))
    return found


def best_of(measured: Iterable[tuple[DetectorRuntime, float]]) -> tuple[DetectorRuntime, float]:
    """The fastest way and its pictures per second.

    A plainer way that is nearly as good stays: results of a second differ by a few per cent.

    Args:
        measured: at least one way, the plainest first, with its pictures per second; 0 for one that must not be used.
    """
    ways = list(measured)
    best, best_rate = ways[0]
    for way, rate in ways[1:]:
        if rate > best_rate * CLEARLY:
            best, best_rate = way, rate
    return best, best_rate


def save(test: RuntimeTest, path: Path) -> None:
    """Remember a test beside those of other models; an older one of the same model is forgotten.

    Raises:
        OSError: what was remembered before still is.
    """
    others = [known for known in _read(path) if known.model_sha256 != test.model_sha256]
    write_whole(path, json.dumps({"tests": [as_json(t) for t in (test, *others)[:MOST_MODELS]]}, indent=2) + "\n")


def load(path: Path, *, model_sha256: str) -> RuntimeTest | None:
    """The test of this model that was remembered; None where there is none, or it cannot be read."""
    return next((test for test in _read(path) if test.model_sha256 == model_sha256), None)


def as_json(test: RuntimeTest) -> dict[str, Any]:
    """What ``from_json`` reads."""
    return asdict(test)


def from_json(raw: Any) -> RuntimeTest | None:
    """A test that was written by ``as_json``; None where it says what no test can have found."""
    try:
        rates = {int(side): float(rate) for side, rate in raw["rates"].items()}
        runtime, int8 = DetectorRuntime(**raw["runtime"]), str(raw.get("int8_sha256", ""))
        test = RuntimeTest(str(raw["machine"]), str(raw["model_sha256"]), runtime, rates, int8)
        return test if _can_be(test) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read(path: Path) -> list[RuntimeTest]:
    """All that are remembered, the newest first. The file of an earlier version holds a single one, as it is."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    rows = raw.get("tests", [raw]) if isinstance(raw, dict) else []
    tests = [from_json(row) for row in rows] if isinstance(rows, list) else []
    return [test for test in tests if test is not None]


def _can_be(test: RuntimeTest) -> bool:
    way = test.runtime
    is_way = isinstance(way.device, str) and way.precision in PRECISIONS
    is_counted = isinstance(way.streams, int) and isinstance(way.threads, int)
    has_rates = bool(test.rates) and all(math.isfinite(r) and r > 0 for r in test.rates.values())
    return is_way and is_counted and 1 <= way.streams <= MOST_STREAMS and way.threads >= 0 and has_rates

"""How the model is run on this very machine: measured once, remembered, shown by the doctor."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from desktop_app.services.whole_files import write_whole

INPUT_SIDES = (416, 640)
"""Longer sides of the network's input that are measured: near views and wide ones."""
INT8 = "int8"
CLEARLY = 1.05
"""A less plain way must be faster by this factor."""
PRECISIONS = ("f32", "bf16", "f16", INT8, "auto")
MOST_STREAMS = 64
AGREEMENT = 0.05
"""A faster way of running may change scores by no more than this on the test picture."""


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
    """Remember a test."""
    write_whole(path, json.dumps(asdict(test), indent=2) + "\n")


def load(path: Path) -> RuntimeTest | None:
    """The test that was remembered; None where there is none, it cannot be read, or it says what no test can have found."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        rates = {int(side): float(rate) for side, rate in raw["rates"].items()}
        runtime, int8 = DetectorRuntime(**raw["runtime"]), str(raw.get("int8_sha256", ""))
        test = RuntimeTest(str(raw["machine"]), str(raw["model_sha256"]), runtime, rates, int8)
        return test if _can_be(test) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _can_be(test: RuntimeTest) -> bool:
    way = test.runtime
    is_way = isinstance(way.device, str) and way.precision in PRECISIONS
    is_counted = isinstance(way.streams, int) and isinstance(way.threads, int)
    has_rates = bool(test.rates) and all(math.isfinite(r) and r > 0 for r in test.rates.values())
    return is_way and is_counted and 1 <= way.streams <= MOST_STREAMS and way.threads >= 0 and has_rates

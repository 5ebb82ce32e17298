"""How the model is run on this very machine: measured once, remembered, shown by the doctor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from desktop_app.services.whole_files import write_whole

INPUT_SIDES = (416, 640)
"""Longer sides of the network's input that are measured: near views and wide ones."""
AGREEMENT = 0.05
"""A faster way of running may change scores by no more than this on the test picture."""


@dataclass(frozen=True, slots=True)
class DetectorRuntime:
    """One way of running a model.

    Attributes:
        device: as OpenVINO names it, e.g. ``CPU`` or ``GPU``.
        precision: ``f32``, ``bf16``, ``f16``, or ``auto``: the device's own choice. Until the self-test has shown that a
            faster way says the same, every machine computes in ``f32`` and so counts the same.
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
    """

    machine: str
    model_sha256: str
    runtime: DetectorRuntime
    rates: Mapping[int, float] = field(default_factory=dict)

    def cameras(self, *, fps: float, long_side: int) -> float:
        """How many cameras at ``fps`` looks a second this machine can keep up with."""
        return self.rates.get(long_side, 0.0) / fps


def candidates(capabilities: Mapping[str, tuple[str, ...]], *, cores: int) -> list[DetectorRuntime]:
    """Ways worth measuring, the plainest first.

    Args:
        capabilities: device name -> what OpenVINO says it can do (``FP32``, ``BF16``, ``FP16``, ...).
    """
    found: list[DetectorRuntime] = []
    cpu = capabilities.get("CPU", ())
    for precision in ("f32", *(("bf16",) if "BF16" in cpu else ())):
        for streams in dict.fromkeys((min(2, cores), 1, min(4, cores))):
            found.append(DetectorRuntime("CPU", precision, streams, min(cores, max(2, streams))))
    for device, able in capabilities.items():
        if device != "CPU":
            found.append(DetectorRuntime(device, "f16" if "FP16" in able else "f32", 2, 0))
    return found


def save(test: RuntimeTest, path: Path) -> None:
    """Remember a test."""
    write_whole(path, json.dumps(asdict(test), indent=2) + "\n")


def load(path: Path) -> RuntimeTest | None:
    """The test that was remembered; None where there is none or it cannot be read."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        rates = {int(side): float(rate) for side, rate in raw["rates"].items()}
        return RuntimeTest(raw["machine"], raw["model_sha256"], DetectorRuntime(**raw["runtime"]), rates)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None

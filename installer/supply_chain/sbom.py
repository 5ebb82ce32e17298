"""Bills of materials (CycloneDX 1.6, JSON) of the edge and of the cloud, from the pins: ``make sbom``.

cyclonedx-py writes them: every package with version, address and hashes. Licences are added from what the installed
packages say, for it cannot see those in pins. The same pins give the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from installer.supply_chain.licences import licence_of
from installer.supply_chain.subset import PROJECT_DIR, Pin, canonical, pins_of

PROGRAMS = {"edge": ("desktop",), "cloud": ("cloud",)}


class SbomError(RuntimeError):
    """It could not be made, and why."""


def make_sbom(pins: list[Pin]) -> dict[str, Any]:
    """The bill of these pins.

    Raises:
        SbomError: cyclonedx-py failed.
    """
    with tempfile.TemporaryDirectory(prefix="wink-sbom-") as folder:
        lines = Path(folder) / "pins.txt"
        lines.write_text("".join("\n".join(pin.lines) + "\n" for pin in pins), encoding="utf-8")
        command = [
            sys.executable, "-m", "cyclonedx_py", "requirements", "--pyproject", str(PROJECT_DIR / "pyproject.toml"),
            "--output-reproducible", "--sv", "1.6", "--of", "JSON", "--validate", str(lines),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SbomError(f"cyclonedx-py failed: {done.stderr.strip()[-500:]}")
    bill: dict[str, Any] = json.loads(done.stdout)
    for component in bill["components"]:
        if licence := licence_of(canonical(component["name"])):
            component["licenses"] = [{"expression": licence}]
    return bill


def main() -> int:
    """Write one file per program."""
    parser = argparse.ArgumentParser(description="Write the bills of materials of edge and cloud.")
    parser.add_argument("--out", type=Path, default=PROJECT_DIR / "build/sbom")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for program, extras in PROGRAMS.items():
        bill = make_sbom(pins_of(extras))
        path = given.out / f"wink-{program}.cdx.json"
        path.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        sys.stdout.write(f"{path}: {len(bill['components'])} components\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

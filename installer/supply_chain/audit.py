"""Known weaknesses of what is shipped: pip-audit over the pins, less a written list of exceptions. ``make audit``.

Exit code 0: nothing known, or nothing could be asked and nobody insisted (``--require-online``); then it says so.
Exit code 1: a weakness that no exception covers, or an exception that has ended or lacks a word.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from installer.supply_chain.subset import Pin, pins_of

EXCEPTIONS = Path(__file__).with_name("exceptions.toml")
UNREACHABLE = "The advisory service could not be asked"


@dataclass(frozen=True, slots=True)
class Exemption:
    """A weakness that is lived with until a day."""

    id: str
    why: str
    until: date


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an audit.

    Attributes:
        lines: what to say, in the order in which it is said.
        is_asked: whether the service answered for every package.
        is_clean: whether nothing stands against shipping.
    """

    lines: tuple[str, ...]
    is_asked: bool
    is_clean: bool


def read_exemptions(text: str) -> list[Exemption]:
    """The written list.

    Raises:
        ValueError: an entry lacks its id, its reason or its day.
    """
    read = []
    for entry in tomllib.loads(text).get("exception", []):
        why, until = str(entry.get("why", "")).strip(), entry.get("until")
        if not entry.get("id") or not why or type(until) is not date:
            raise ValueError(f"exceptions.toml: {entry} needs id, why and until (a day, without quotes).")
        read.append(Exemption(str(entry["id"]), why, until))
    return read


def judge(report: Mapping[str, Any] | None, exemptions: Sequence[Exemption], *, today: date) -> Verdict:
    """Weigh pip-audit's report (None: it gave none) against the exceptions."""
    ended = [e for e in exemptions if e.until < today]
    lines = [f"The exception {e.id} ended on {e.until}: mend it, or renew it with a reason." for e in ended]
    packages = list(report.get("dependencies", [])) if report else []
    skipped = [p for p in packages if "vulns" not in p]
    is_asked = bool(packages) and not skipped
    if not is_asked:
        lines.append(_not_asked(n_skipped=len(skipped), n_all=len(packages)))
    lived_with = {e.id: e for e in exemptions if e.until >= today}
    open_ones = 0
    for package in packages:
        for weakness in package.get("vulns", []):
            names = [weakness["id"], *weakness.get("aliases", [])]
            exemption = next((lived_with[n] for n in names if n in lived_with), None)
            lines.append(_told(package, weakness, exemption))
            open_ones += exemption is None
    if is_asked and not open_ones:
        lines.append(f"{len(packages)} packages: nothing known that no exception covers.")
    return Verdict(tuple(lines), is_asked, not open_ones and not ended)


def ask(pins: Sequence[Pin], *, service: Sequence[str] = ()) -> Mapping[str, Any] | None:
    """pip-audit's report on these pins; None where it gives none. ``service``: more words for pip-audit."""
    # One version each: pip-audit takes no markers for another Python.
    newest = {pin.name: pin.version for pin in pins}
    with tempfile.TemporaryDirectory(prefix="wink-audit-") as folder:
        lines = Path(folder) / "pins.txt"
        lines.write_text("".join(f"{name}=={version}\n" for name, version in newest.items()), encoding="utf-8")
        command = [
            sys.executable, "-m", "pip_audit", "--requirement", str(lines), "--no-deps", "--disable-pip",
            "--format", "json", "--progress-spinner", "off", "--timeout", "30", *service,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        report: Mapping[str, Any] = json.loads(done.stdout)
    except ValueError:
        return None
    return report


def main() -> int:
    """Audit what edge and cloud ship."""
    parser = argparse.ArgumentParser(description="Look for known weaknesses in what is shipped.")
    parser.add_argument("--require-online", action="store_true", help="fail where the advisory service cannot be asked")
    parser.add_argument("--osv-url", help="an OSV service of your own; default: PyPI's advisories")
    given = parser.parse_args()
    service = ["--vulnerability-service", "osv", "--osv-url", given.osv_url] if given.osv_url else []
    try:
        exemptions = read_exemptions(EXCEPTIONS.read_text(encoding="utf-8"))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    verdict = judge(ask(pins_of(["desktop", "cloud"]), service=service), exemptions, today=datetime.now(UTC).date())
    sys.stdout.write("\n".join(verdict.lines) + "\n")
    return 0 if verdict.is_clean and (verdict.is_asked or not given.require_online) else 1


def _not_asked(*, n_skipped: int, n_all: int) -> str:
    if n_all == 0 or n_skipped == n_all:
        return f"{UNREACHABLE}: NOTHING was audited. Run it where the internet is: make audit ARGS=--require-online"
    return f"{UNREACHABLE} about {n_skipped} of {n_all} packages: those were not audited."


def _told(package: Mapping[str, Any], weakness: Mapping[str, Any], exemption: Exemption | None) -> str:
    mended = ", ".join(weakness.get("fix_versions", [])) or "no version yet"
    words = f"{package['name']} {package['version']}: {weakness['id']}, mended in {mended}"
    return f"{words}. Lived with until {exemption.until}: {exemption.why}" if exemption else f"WEAKNESS  {words}."


if __name__ == "__main__":
    sys.exit(main())

"""Under which licences the parts stand, and whether the product may be passed on with them."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from importlib import metadata

from installer.supply_chain.subset import Pin, pins_of

# Of parts that are not installed on every system, or whose packages say it in no readable way: looked up by hand.
BY_HAND = {"pywin32-ctypes": "BSD-3-Clause", "colorama": "BSD-3-Clause", "uvloop": "MIT OR Apache-2.0"}
FREE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib",
}  # fmt: skip
LIBRARY = {"LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"}
"""May be used unchanged beside our own code; their text and a way to their source go along."""
_SPELLINGS = {
    "mit license": "MIT", "bsd": "BSD-3-Clause", "bsd license": "BSD-3-Clause", "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0", "osi approved :: apache software license": "Apache-2.0",
    "isc license": "ISC", "isc license (iscl)": "ISC", "psfl": "PSF-2.0", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}  # fmt: skip


def licence_of(name: str) -> str:
    """A part's licence as an SPDX expression; in its own words where those are none; empty: it says nothing."""
    if name in BY_HAND:
        return BY_HAND[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expression := about.get("License-Expression"):
        return expression
    words = (about.get("License") or "").strip()
    if words and "\n" not in words:
        return _spelt(words)
    classes = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    return " AND ".join(_spelt(word) for word in classes)


def may_be_passed_on(expression: str) -> bool:
    """Whether one of the ways that an expression offers lets the product be passed on under Apache-2.0.

    ``OR`` offers a choice, ``AND`` asks for all. What is not understood is refused.
    """
    allowed = FREE | LIBRARY
    ways = re.split(r"\s+OR\s+", expression.replace("(", " ").replace(")", " ").strip())
    return any(all(part.strip() in allowed for part in re.split(r"\s+AND\s+", way)) for way in ways)


def problems(pins: Iterable[Pin]) -> list[str]:
    """The parts that must not be in what is passed on, each with its reason."""
    found = {pin.name: licence_of(pin.name) for pin in pins}
    return [
        f"{name}: {licence or 'no licence is told'}" for name, licence in sorted(found.items())
        if not may_be_passed_on(licence)
    ]  # fmt: skip


def main(extras: Collection[str] = ("desktop", "cloud")) -> int:
    """Print a table; exit code 1 where a part must not be passed on."""
    pins = pins_of(extras)
    for name in sorted({pin.name for pin in pins}):
        sys.stdout.write(f"{name:<28}{licence_of(name)}\n")
    wrong = problems(pins)
    sys.stdout.write("".join(f"MUST NOT BE PASSED ON  {line}\n" for line in wrong))
    return 1 if wrong else 0


def _spelt(words: str) -> str:
    return _SPELLINGS.get(words.lower(), words)


if __name__ == "__main__":
    sys.exit(main())

"""What the product is called and which version this is: read by everything that packs."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PLAIN = re.compile(r"^\d+\.\d+\.\d+$")


class PackagingError(Exception):
    """Packing cannot go on; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which state of the source is packed.

    Attributes:
        base: as in pyproject.toml, three numbers.
        commits: commits of the history up to this state; grows with each, so that packages of later states are newer.
        commit: the short id; empty outside a git checkout.
        is_released: the state carries the tag ``v<base>`` and nothing was changed since.
        epoch: seconds since 1970 of the commit: every date inside the packages.
    """

    base: str
    commits: int
    commit: str
    is_released: bool
    is_changed: bool
    epoch: int

    @property
    def full(self) -> str:
        """As Python and people write it: ``0.1.0`` or ``0.1.0+git135.9ca47e7``."""
        if self.is_released or not self.commit:
            return self.base
        return f"{self.base}+git{self.commits}.{self.commit}" + (".changed" if self.is_changed else "")

    @property
    def debian(self) -> str:
        """The same; Debian sorts ``0.1.0+git135`` after ``0.1.0`` and before ``0.1.1``."""
        return self.full

    @property
    def windows(self) -> tuple[int, int, int, int]:
        """Four numbers of at most 65535, as version resources want them."""
        major, minor, patch = (int(part) for part in self.base.split("."))
        return major, minor, patch, 0 if self.is_released else min(self.commits, 65535)


def read_product(root: Path = ROOT) -> dict[str, Any]:
    """The whole of ``product.toml``."""
    return tomllib.loads((root / "installer" / "product.toml").read_text(encoding="utf-8"))


def read_pyproject(root: Path = ROOT) -> dict[str, Any]:
    """The whole of ``pyproject.toml``."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def read_version(root: Path = ROOT) -> Version:
    """Which version this checkout is. ``SOURCE_DATE_EPOCH`` of the environment goes before the commit's own date.

    Raises:
        PackagingError: pyproject.toml names no version of three numbers.
    """
    base = str(read_pyproject(root)["project"]["version"])
    if not _PLAIN.match(base):
        raise PackagingError(f"pyproject.toml says version {base!r}; packages need three numbers, as in 0.1.0.")
    commit = _git(root, "rev-parse", "--short=7", "HEAD")
    changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    tags = _git(root, "tag", "--points-at", "HEAD").split()
    commits = int(_git(root, "rev-list", "--count", "HEAD") or 0)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _git(root, "log", "-1", "--format=%ct") or 0)
    return Version(base, commits, commit, f"v{base}" in tags and not changed, changed, epoch)


def _git(root: Path, *words: str) -> str:
    """What git says; nothing where there is no git or no history."""
    try:
        done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

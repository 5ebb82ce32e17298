"""Which version of the program this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def own_version() -> str:
    """The program's version."""
    try:
        return version("wink-analytics")
    except PackageNotFoundError:
        return "from source"

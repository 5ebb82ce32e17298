"""``python -m installer.windows.facts FILE``: the constants of the Inno Setup script, from product.toml and the version."""

from __future__ import annotations

import sys
from pathlib import Path

from installer.facts import inno_defines
from installer.product import read_version

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(inno_defines(read_version()), encoding="utf-8")

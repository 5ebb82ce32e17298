"""Films that Debian ships, fetched once by package name."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "material"
INSIDE = "usr/share/doc/opencv-doc/examples/data/vtest.avi"


def vtest_avi() -> Path:
    """PETS 2009 S2L1 view 1: 768x576, 10 frames per second, 795 frames; from Debian's package opencv-doc.

    Raises:
        RuntimeError: it cannot be fetched; says how.
    """
    film = CACHE / "vtest.avi"
    if film.is_file():
        return film
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _run(["apt-get", "download", "-qq", "opencv-doc"], folder)
        (package,) = Path(folder).glob("opencv-doc*.deb")
        _run(["dpkg", "-x", str(package), folder], folder)
        _copy(Path(folder) / INSIDE, film)
    return film


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"vtest.avi cannot be fetched ({done.stderr.strip()}); try: apt-get update")


def _copy(source: Path, target: Path) -> None:
    temporary = target.with_suffix(".part")
    temporary.write_bytes(source.read_bytes())
    temporary.replace(target)

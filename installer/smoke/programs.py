"""The programs that are tried, from the bundle or from source, and what they cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from installer.product import ROOT, read_product

PATIENCE_S = 120.0
"""Nothing is judged by being slow on a busy machine; what is not there after this long does not come."""

WORK_S = 600.0
"""What is computed at full speed takes seconds, and minutes where others compute too."""


class SmokeError(Exception):
    """A program did not do what a shop needs; the message says what was seen."""


@dataclass(frozen=True, slots=True)
class Programs:
    """How both programs are started."""

    window: tuple[str, ...]
    console: tuple[str, ...]
    is_bundle: bool


def bundled(folder: Path) -> Programs:
    """Those of a finished bundle.

    Raises:
        SmokeError: they are not there.
    """
    names = read_product()["programs"]
    suffix = ".exe" if sys.platform == "win32" else ""
    window, console = (folder / f"{names[kind]}{suffix}" for kind in ("window", "console"))
    for path in (window, console):
        if not path.is_file():
            raise SmokeError(f"{path} is missing; build it: python -m installer.build")
    return Programs((str(window),), (str(console),), is_bundle=True)


def from_source() -> Programs:
    """Those of this checkout, by this Python."""
    return Programs((sys.executable, "-m", "desktop_app"), (sys.executable, "-m", "desktop_app.cli"), is_bundle=False)


def bare_environment(home: Path, *, display: str = "") -> dict[str, str]:
    """What a program may find: a home, and the system's own commands."""
    if sys.platform == "win32":
        kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
        return {**kept, "USERPROFILE": str(home), "LOCALAPPDATA": str(home), "APPDATA": str(home)}
    found = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    return {**found, "DISPLAY": display} if display else found


class Running:
    """A program that runs; use as a context, at whose end it is gone in any case."""

    def __init__(self, words: Sequence[str], *, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self.started_s = time.monotonic()
            self.process = subprocess.Popen(
                words, env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=ROOT
            )

    def wait_for(self, what: str, is_there: Callable[[], bool]) -> float:
        """Seconds from the start until ``is_there``.

        Raises:
            SmokeError: it ended before, or never came.
        """
        while not is_there():
            if self.process.poll() is not None:
                raise SmokeError(f"it ended with {self.process.returncode} before {what}:\n{self.told()}")
            if time.monotonic() - self.started_s > PATIENCE_S:
                raise SmokeError(f"{what} did not come within {PATIENCE_S:.0f} s:\n{self.told()}")
            time.sleep(0.01)
        return time.monotonic() - self.started_s

    def end_in_peace(self) -> None:
        """Ask it to end.

        Raises:
            SmokeError: it does not, or not with 0.
        """
        self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired as error:
            raise SmokeError(f"it did not end within a minute of being asked to:\n{self.told()}") from error
        if code != 0 and sys.platform != "win32":  # there, terminating is killing
            raise SmokeError(f"asked to end it ended with {code}:\n{self.told()}")

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait(30)

    def told(self) -> str:
        """The last of what it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-3000:]

    def memory_mb(self) -> float:
        """Resident memory, of a million bytes each; 0 where the system does not tell (other than Linux)."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return 0.0
        (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024 / 1e6

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30)


def ask(words: Sequence[str], *, environment: dict[str, str]) -> str:
    """What a program prints.

    Raises:
        SmokeError: it failed.
    """
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S, cwd=ROOT
    )
    if done.returncode:
        raise SmokeError(
            f"{' '.join(words)} ended with {done.returncode}: {(done.stdout + done.stderr).strip()[-2000:]}"
        )
    return done.stdout


def forget_files(folder: Path) -> None:
    """Ask the system to drop a folder's files from its memory, so that the next start is a cold one (Linux)."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)

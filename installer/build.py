"""Builds the programs as one folder that needs no Python, and the packages of this system around it.

    python -m installer.build [--out build/package] [--only bundle]

The same commit gives the same version, names and dates: SOURCE_DATE_EPOCH is the commit's time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from installer import facts
from installer.bundle import finish, licences, sizes
from installer.bundle.parts import PartBook, read_parts
from installer.bundle.requirements import bundle_requirements
from installer.product import ROOT, PackagingError, Version, read_product, read_pyproject, read_version

T = TypeVar("T")

LIMIT_MB = 500
LICENCES_NAME = "THIRD_PARTY_LICENCES.txt"


@dataclass(frozen=True, slots=True)
class Build:
    """Where things go.

    Attributes:
        out: results; emptied of former ones of the same name.
        work: kept between builds: the environment without PyTorch, the cloud and the developers' tools.
    """

    out: Path
    work: Path
    version: Version
    book: PartBook

    @property
    def environment(self) -> Path:
        return self.work / "env"

    @property
    def python(self) -> Path:
        return self.environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site_packages(self) -> Path:
        if os.name == "nt":
            return self.environment / "Lib" / "site-packages"
        return self.environment / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    @property
    def folder(self) -> Path:
        """The finished bundle."""
        return self.out / str(read_product()["package"])

    @property
    def inner(self) -> Path:
        return self.folder / "_internal"


def main() -> None:
    """Entry point of ``python -m installer.build``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "package", help="where the results go")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bundle", help="kept between builds")
    parser.add_argument("--only", choices=["bundle", "packages"], help="one half of the work")
    words = parser.parse_args()
    build = Build(words.out.resolve(), words.work.resolve(), read_version(), read_parts(sys.platform))
    try:
        if words.only != "packages":
            make_bundle(build)
        if words.only != "bundle":
            make_packages(build)
    except (PackagingError, licences.LicenceError) as error:
        sys.exit(f"packing stopped: {error}")


def make_bundle(build: Build) -> None:
    """The folder.

    Raises:
        PackagingError, LicenceError: in words.
    """
    say(f"{read_product()['name']} {build.version.full} for {sys.platform} {platform.machine()}")
    build.work.mkdir(parents=True, exist_ok=True)
    build.out.mkdir(parents=True, exist_ok=True)
    timed("environment of the bundle", lambda: _make_environment(build))
    timed("facts for the builder", lambda: _write_facts(build))
    timed("PyInstaller", lambda: _run_builder(build))
    for line in timed("finishing", lambda: finish.finish(build.inner, build.book)):
        say(f"  {line}")
    timed("licences", lambda: _write_licences(build))
    _tell_sizes(build)


def make_packages(build: Build) -> None:
    """What is installed from: on Linux a Debian package and an archive; elsewhere the installers' own tools make them."""
    if not build.folder.is_dir():
        raise PackagingError(f"there is no bundle in {build.folder}: run `python -m installer.build` without --only.")
    if sys.platform != "linux":
        say("the installer is made by installer/windows or installer/macos from this folder")
        return
    from installer.linux import archive, deb

    for name, make in (("Debian package", deb.make_deb), ("archive", archive.make_archive)):
        path = timed(name, partial(make, build.folder, out=build.out, version=build.version))
        say(f"  {path.name}: {path.stat().st_size / 1e6:.0f} MB")


def say(words: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def timed(name: str, work: Callable[[], T]) -> T:
    """Do something and say how long it took."""
    say(f"{name} ...")
    started = time.monotonic()
    result = work()
    say(f"{name}: {time.monotonic() - started:.0f} s")
    return result


def _make_environment(build: Build) -> None:
    """Exactly the pinned packages of the extra `desktop` and the builder, checked by hash."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    wanted = bundle_requirements(pins, pyproject=read_pyproject())
    stamp = build.work / "env.sha256"
    told = hashlib.sha256(f"{sys.version}\n{wanted}".encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == told and build.python.is_file():
        return
    (build.work / "requirements.txt").write_text(wanted, encoding="utf-8")
    stamp.unlink(missing_ok=True)
    run(sys.executable, "-m", "venv", "--clear", build.environment)
    pip: list[str | Path] = [build.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--require-hashes", "--requirement", build.work / "requirements.txt")
    stamp.write_text(told)


def _write_facts(build: Build) -> None:
    """What the recipe reads besides the source: metadata with the full version, and what the system's own forms want."""
    shutil.rmtree(build.work / "metadata", ignore_errors=True)
    folder = build.work / "metadata" / f"wink_analytics-{build.version.full}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(facts.metadata(build.version.full), encoding="utf-8")
    facts.write_system_facts(build.work, platform=sys.platform, version=build.version)


def _run_builder(build: Build) -> None:
    shutil.rmtree(build.folder, ignore_errors=True)
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(build.version.epoch),
        "PYTHONHASHSEED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WINK_BUNDLE_WORK": str(build.work),
        "PYINSTALLER_CONFIG_DIR": str(build.work / "cache"),
    }
    words: list[str | Path] = [
        build.python,
        "-m",
        "PyInstaller",
        "--noconfirm",
        "--log-level",
        "WARN",
        "--distpath",
        build.out,
    ]
    run(*words, "--workpath", build.work / "work", ROOT / "installer" / "bundle" / "wink.spec", environment=environment)


def _write_licences(build: Build) -> None:
    sources = json.loads((build.work / "sources.json").read_text())
    found = licences.components_of(
        sources,
        packages=licences.Packages(build.site_packages),
        book=build.book,
        root=ROOT,
        python_version=platform.python_version(),
        python_text=facts.python_licence(),
    )
    licences.check(found, build.book.licences)
    text = licences.document(
        found, product=read_product(), version=build.version.full, exceptions=build.book.licences.exceptions
    )
    (build.folder / LICENCES_NAME).write_text(text, encoding="utf-8")
    shutil.copyfile(ROOT / "LICENSE", build.folder / "LICENSE")
    say(f"  {len(found)} components, all of them may be shipped")


def _tell_sizes(build: Build) -> None:
    rows = sizes.weigh(build.folder, inner=build.inner, book=build.book)
    total = sizes.total_bytes(build.folder) / 1e6
    (build.out / "sizes.json").write_text(json.dumps([[row.name, row.bytes, row.why] for row in rows], indent=1))
    for row in rows:
        say(f"  {row.megabytes:7.1f} MB  {row.name}")
    say(f"  {total:7.1f} MB  in all")
    if total > LIMIT_MB:
        raise PackagingError(
            f"the bundle has {total:.0f} MB, more than the {LIMIT_MB} that a download may cost unpacked."
        )


def run(*words: str | Path, environment: dict[str, str] | None = None) -> None:
    """Run a program whose output is for the reader.

    Raises:
        PackagingError: it failed.
    """
    done = subprocess.run(words, env=environment, check=False)
    if done.returncode:
        raise PackagingError(
            f"{Path(words[0]).name} {' '.join(map(str, words[1:3]))} ended with {done.returncode}; see above."
        )


if __name__ == "__main__":
    main()

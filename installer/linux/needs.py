"""What a bundle needs of the system: the libraries that it names and does not bring, and the packages that bring them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.product import PackagingError

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
_VERSION = re.compile(r"Name: (GLIBC|GLIBCXX)_(\d+(?:\.\d+)+)")
_LIBRARY = re.compile(r"^\s*(\S+) \(.*x86-64.*\) => (\S+)$", re.MULTILINE)
GLIBCXX_OF_GCC = {28: "9", 29: "11", 30: "12", 31: "13", 32: "13.1", 33: "14", 34: "15"}
OPTIONAL = {"libOpenCL.so.1": "ocl-icd-libopencl1"}
"""Only OpenVINO's GPU device wants it, and the CPU does without: suggested, not asked for."""
ALWAYS_THERE = ("ld-linux-x86-64.so.2",)
RENAMED = {"libglib2.0-0t64": "libglib2.0-0", "libssl3t64": "libssl3"}
"""Debian 13 and Ubuntu 24.04 renamed them and provide the former names, which go for older systems too."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a package must ask for."""

    depends: tuple[str, ...]
    suggests: tuple[str, ...]
    libraries: tuple[str, ...]


def needs_of(folder: Path) -> Needs:
    """Look through every library and program of a bundle (Debian or Ubuntu).

    Raises:
        PackagingError: a library that nothing on this machine provides.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink() and _is_elf(path)]
    brought = {path.name for path in folder.rglob("*.so*")}
    told = _readelf(files)
    wanted = {name for name in _NEEDED.findall(told) if name not in brought and name not in ALWAYS_THERE}
    missing_ok = {name for name in wanted if name in OPTIONAL}
    packages = set(_packages_of(sorted(wanted - missing_ok)))
    newest = {kind: max(_newest(told, kind), default=()) for kind in ("GLIBC", "GLIBCXX")}
    depends = {RENAMED.get(package, package) for package in packages}
    depends = {_with_version(package, newest) for package in depends}
    return Needs(
        tuple(sorted(depends)), tuple(sorted(OPTIONAL[n] for n in missing_ok)), tuple(sorted(wanted - missing_ok))
    )


def _with_version(package: str, newest: dict[str, tuple[int, ...]]) -> str:
    if package == "libc6":
        return f"libc6 (>= {'.'.join(map(str, newest['GLIBC']))})"
    if package == "libstdc++6" and newest["GLIBCXX"]:
        return f"libstdc++6 (>= {GLIBCXX_OF_GCC.get(newest['GLIBCXX'][-1], '9')})"
    return package


def _newest(told: str, kind: str) -> Iterator[tuple[int, ...]]:
    for name, version in _VERSION.findall(told):
        if name == kind:
            yield tuple(int(number) for number in version.split("."))


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _readelf(files: Iterable[Path]) -> str:
    done = subprocess.run(
        ["readelf", "-d", "-V", "-W", *files], capture_output=True, text=True, errors="replace", check=False
    )
    return done.stdout


def _packages_of(libraries: Iterable[str]) -> Iterator[str]:
    known = dict(
        _LIBRARY.findall(subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout)
    )
    for library in libraries:
        path = known.get(library)
        owner = _owner_of(Path(path)) if path else None
        if owner is None:
            raise PackagingError(
                f"the bundle needs {library}, which this machine lacks: "
                "bash installer/linux/system_packages.sh window package"
            )
        yield owner


def _owner_of(path: Path) -> str | None:
    """The package that brought a library; /lib and /usr/lib are one folder, and either may be written down."""
    real = path.resolve()
    for name in (path, real, Path("/usr") / str(real).lstrip("/"), Path(str(path).removeprefix("/usr"))):
        done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.partition(":")[0]
    return None

"""After the builder: empty libraries in place of what is not wanted, links in place of doubles, debugging symbols off."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from installer.bundle.parts import Link, PartBook, StandIn, fits
from installer.product import PackagingError

_PT_LOAD, _PT_DYNAMIC, _DT_STRTAB, _SEARCH_PATHS = 1, 2, 5, (15, 29)
_SONAME = re.compile(r"SONAME\s+(\S+)")
ABORTED = "Wink: {library} is left out of this bundle, and something called {symbol}."


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name that one library takes from another.

    Attributes:
        size_bytes: of a table; 0 for a function.
    """

    name: str
    size_bytes: int


def finish(inner: Path, book: PartBook) -> list[str]:
    """Do all of it in the bundle's inner folder; tells what was done.

    Raises:
        PackagingError: a tool is missing, or the libraries are not as parts.toml expects them.
    """
    done = [_stand_in(inner, rule) for rule in book.stand_ins]
    done += [words for rule in book.links for words in _link(inner, rule)]
    done.append(_strip(inner, book.strip))
    if book.system_kept is not None:
        done.append(_forget_build_machine(inner))
    return [words for words in done if words]


def files_of(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Files (no links) below ``folder`` that fit a pattern, in a fixed order."""
    patterns = tuple(patterns)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and fits(path.relative_to(folder).as_posix(), patterns):
            yield path


def _only(folder: Path, pattern: str) -> Path:
    found = list(files_of(folder, [pattern]))
    if len(found) != 1:
        raise PackagingError(
            f"{len(found)} files fit {pattern}, one was expected: a package has changed; mend parts.toml."
        )
    return found[0]


def _stand_in(inner: Path, rule: StandIn) -> str:
    library, dependent = _only(inner, rule.library), _only(inner, rule.dependent)
    soname = _SONAME.search(_run("objdump", "-p", library))
    source = stand_in_source(_taken(dependent, library), library=library.name, aborts=rule.aborts)
    before = library.stat().st_size
    with tempfile.TemporaryDirectory() as folder:
        code, built = Path(folder) / "stand_in.c", Path(folder) / "stand_in.so"
        code.write_text(source, encoding="utf-8")
        name = soname.group(1) if soname else library.name
        flags = ["-shared", "-fPIC", "-Os", "-s", f"-Wl,-soname,{name}", "-Wl,--build-id=none"]
        _run("gcc", *flags, "-o", built, code)
        shutil.copyfile(built, library)
    return f"{library.name}: {before / 1e6:.1f} MB became an empty library for {dependent.name}"


def stand_in_source(symbols: Iterable[Symbol], *, library: str, aborts: bool) -> str:
    """C for a library that defines ``symbols`` and does nothing."""
    lines = ["#include <stdio.h>", "#include <stdlib.h>"]
    for symbol in symbols:
        if symbol.size_bytes:
            lines.append(f"const void *const {symbol.name}[{max(1, symbol.size_bytes // 8)}] = {{0}};")
        elif aborts:
            words = ABORTED.format(library=library, symbol=symbol.name)
            lines.append(f'void {symbol.name}(void) {{ fputs("{words}\\n", stderr); abort(); }}')
        else:
            lines.append(f"void *{symbol.name}(void) {{ return 0; }}")
    return "\n".join(lines) + "\n"


def _taken(dependent: Path, library: Path) -> list[Symbol]:
    """What ``dependent`` takes from ``library``."""
    wanted = {words[-1].partition("@")[0] for words in _symbols(dependent, "--undefined-only")}
    found = []
    for words in _symbols(library, "--defined-only", "--print-size"):
        name, kind = words[-1].partition("@")[0], words[-2]
        if name in wanted:
            found.append(Symbol(name, int(words[1], 16) if kind in "DRBV" and len(words) > 3 else 0))
    if not found:
        raise PackagingError(f"{dependent.name} takes nothing from {library.name}: mend parts.toml.")
    return sorted(found, key=lambda symbol: symbol.name)


def _symbols(library: Path, *flags: str) -> list[list[str]]:
    return [line.split() for line in _run("nm", "-D", *flags, library).splitlines()]


def _link(inner: Path, rule: Link) -> Iterator[str]:
    folder, target_folder = inner / rule.folder, inner / rule.target
    for path in files_of(folder, rule.files):
        beginning = path.name.partition("-")[0]
        target = _only(target_folder, f"{beginning}-*")
        size = path.stat().st_size
        path.unlink()
        path.symlink_to(Path("..") / rule.target / target.name)
        yield f"{path.name}: {size / 1e6:.1f} MB became a link to {target.name}"
    # What stands in is looked up from where its link lies, and so is what it needs in turn.
    for path in sorted(target_folder.iterdir()):
        link = folder / path.name
        if not link.exists():
            link.symlink_to(Path("..") / rule.target / path.name)


def _strip(inner: Path, patterns: Iterable[str]) -> str:
    """Libraries that were rewritten for their wheel may come out of `strip` broken: those stay as they are."""
    before = after = count = 0
    for path in files_of(inner, patterns):
        whole = path.read_bytes()
        _run("strip", "--strip-unneeded", path)
        stripped = path.read_bytes()
        if not is_loadable(stripped):
            path.write_bytes(whole)
            continue
        before, after, count = before + len(whole), after + len(stripped), count + 1
    return f"{count} libraries without debugging symbols: {(before - after) / 1e6:.1f} MB less" if count else ""


def is_loadable(elf: bytes) -> bool:
    """Whether each loaded piece of a 64-bit library lies in the file as its alignment asks, or the system refuses it."""
    return all(
        at % alignment == address % alignment
        for kind, _, at, address, _, _, _, alignment in _program_headers(elf)
        if kind == _PT_LOAD and alignment
    )


def _program_headers(elf: bytes) -> list[tuple[int, ...]]:
    """(type, flags, offset, address, physical address, bytes in file, bytes in memory, alignment) of each."""
    (table_at,) = struct.unpack_from("<Q", elf, 32)
    entry_bytes, entries = struct.unpack_from("<HH", elf, 54)
    return [struct.unpack_from("<IIQQQQQQ", elf, table_at + n * entry_bytes) for n in range(entries)]


def _forget_build_machine(inner: Path) -> str:
    """Libraries are looked for beside each other and in the system, never in folders of the machine that built them."""
    changed = 0
    for path in files_of(inner, ["*.so", "*.so.*"]):
        data = path.read_bytes()
        if (without := without_absolute_search_path(data)) != data:
            path.write_bytes(without)
            changed += 1
    return f"{changed} libraries forgot a folder of this machine"


def without_absolute_search_path(elf: bytes) -> bytes:
    """A 64-bit little-endian library whose dynamic section names no absolute search path (ELF specification, part 2)."""
    if elf[:6] != b"\x7fELF\x02\x01":
        return elf
    headers = _program_headers(elf)
    dynamic = next((h for h in headers if h[0] == _PT_DYNAMIC), None)
    if dynamic is None:
        return elf
    offset, size = dynamic[2], dynamic[5]
    pairs = [struct.unpack_from("<QQ", elf, offset + at) for at in range(0, size, 16)]
    strings_at = next(value for tag, value in pairs if tag == _DT_STRTAB)
    load = next(h for h in headers if h[0] == _PT_LOAD and h[3] <= strings_at < h[3] + h[6])
    names_at = strings_at - load[3] + load[2]
    kept = [p for p in pairs if not (p[0] in _SEARCH_PATHS and elf[names_at + p[1] : names_at + p[1] + 1] == b"/")]
    kept += [(0, 0)] * (len(pairs) - len(kept))
    return elf[:offset] + b"".join(struct.pack("<QQ", *pair) for pair in kept) + elf[offset + 16 * len(kept) :]


def _run(*words: str | Path) -> str:
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise PackagingError(f"{words[0]} is missing: sudo apt-get install gcc binutils.") from error
    except subprocess.CalledProcessError as error:
        raise PackagingError(f"{' '.join(str(w) for w in words[:3])} failed: {error.stderr.strip()[-500:]}") from error

"""The Debian package, built without root: a tree of files, and dpkg-deb around it.

python -m installer.linux.deb --bundle build/package/wink-analytics --out build/package [--version 0.0.9]
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any

from installer import icons
from installer.linux import files
from installer.linux.needs import Needs, needs_of
from installer.product import PackagingError, Version, read_product, read_version

HERE = Path(__file__).parent
SCRIPTS = ("postinst", "prerm", "postrm")
LEVEL = 10
"""Of zstd, which every Debian since 12 and Ubuntu since 18.04 unpacks: xz is 5 % smaller and takes ten times as long."""
RECOMMENDED = ("fonts-dejavu-core", "ca-certificates")
SUGGESTED = ("intel-opencl-icd", "gnome-keyring")


def main() -> None:
    """Entry point of ``python -m installer.linux.deb``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--version", help="another version than this checkout's, to try an upgrade")
    words = parser.parse_args()
    try:
        path = make_deb(words.bundle, out=words.out, version=read_version(), named=words.version)
    except PackagingError as error:
        sys.exit(f"packing stopped: {error}")
    sys.stdout.write(f"{path}\n")


def make_deb(bundle: Path, *, out: Path, version: Version, named: str | None = None) -> Path:
    """Build the package.

    Args:
        named: a version to write instead of ``version``.

    Raises:
        PackagingError: in words.
    """
    product = read_product()
    written = named or version.debian
    path = out / f"{product['package']}_{written}_{_architecture()}.deb"
    with tempfile.TemporaryDirectory(dir=out, prefix="deb-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        _lay_out(root, bundle, version=version, written=written, product=product)
        _set_dates_and_modes(root, epoch=version.epoch)
        packing = ["-Zzstd", f"-z{LEVEL}"] if named is None else ["-Znone"]
        words: list[str | Path] = ["dpkg-deb", "--root-owner-group", *packing, "--build", root, path]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(version.epoch)}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(f"dpkg-deb failed: {done.stderr.strip()}")
    return path


def _lay_out(root: Path, bundle: Path, *, version: Version, written: str, product: Mapping[str, Any]) -> None:
    target = root / product["linux"]["folder"].lstrip("/")
    shutil.copytree(bundle, target, symlinks=True)
    _link_programs(root, target, product)
    _write_system_files(root, product)
    _write_pages(root, target, version=version, written=written, product=product)
    _write_control(root, bundle, written=written, product=product)


def _link_programs(root: Path, target: Path, product: Mapping[str, Any]) -> None:
    commands = root / "usr" / "bin"
    commands.mkdir(parents=True)
    for name in product["programs"].values():
        (commands / name).symlink_to(Path("..") / target.relative_to(root / "usr") / name)


def _write_system_files(root: Path, product: Mapping[str, Any]) -> None:
    linux, window = product["linux"], product["programs"]["window"]
    _write(root / "usr/share/applications" / f"{linux['desktop_id']}.desktop", files.menu_entry(window))
    _write(root / "etc/xdg/autostart" / f"{linux['desktop_id']}.desktop", files.autostart_switch(window))
    _write(root / linux["config"].lstrip("/"), (HERE / "config.yaml").read_text())
    _write(root / "usr/lib/systemd/system" / linux["service"], (HERE / linux["service"]).read_text())
    _write(
        root / "usr/share/lintian/overrides" / product["package"], (HERE / "debian" / "lintian-overrides").read_text()
    )
    write_icons(root / "usr/share/icons/hicolor", linux["desktop_id"])


def write_icons(folder: Path, name: str) -> None:
    """The icon in every size that desktops ask for, and as a drawing."""
    for size in icons.SIZES:
        path = folder / f"{size}x{size}" / "apps" / f"{name}.png"
        path.parent.mkdir(parents=True)
        path.write_bytes(icons.png(size))
    _write(folder / "scalable" / "apps" / f"{name}.svg", icons.SVG.read_text())


def _write_pages(root: Path, target: Path, *, version: Version, written: str, product: Mapping[str, Any]) -> None:
    pages = {"wink-edge": files.edge_page(version), "wink-desktop": files.desktop_page(version)}
    for name, text in pages.items():
        _write_gz(root / "usr/share/man/man1" / f"{name}.1.gz", text)
    shared = root / "usr/share/doc" / product["package"]
    _write(shared / "copyright", _copyright(product))
    _write_gz(shared / "changelog.gz", _changelog(product, written=written, epoch=version.epoch))
    shutil.move(target / "THIRD_PARTY_LICENCES.txt", shared / "THIRD_PARTY_LICENCES.txt")
    (target / "LICENSE").unlink()
    (target / "THIRD_PARTY_LICENCES.txt").symlink_to(
        Path("../../share/doc") / product["package"] / "THIRD_PARTY_LICENCES.txt"
    )


def _write_control(root: Path, bundle: Path, *, written: str, product: Mapping[str, Any]) -> None:
    control = root / "DEBIAN"
    control.mkdir()
    size_kb = sum(p.lstat().st_size for p in root.rglob("*") if p.is_file() and not p.is_symlink()) // 1024
    needs = needs_of(bundle)
    (control / "control").write_text(
        control_text(product, needs=needs, version=written, size_kb=size_kb), encoding="utf-8"
    )
    conffiles = sorted("/" + p.relative_to(root).as_posix() for p in (root / "etc").rglob("*") if p.is_file())
    (control / "conffiles").write_text("\n".join(conffiles) + "\n")
    for name in SCRIPTS:
        shutil.copyfile(HERE / "debian" / name, control / name)
        (control / name).chmod(0o755)
    _write_sums(root, set(conffiles))


def control_text(product: Mapping[str, Any], *, needs: Needs, version: str, size_kb: int) -> str:
    """The control file."""
    depends = ", ".join(sorted({*needs.depends, "adduser", "init-system-helpers (>= 1.52)"}))
    suggests = ", ".join(sorted({*needs.suggests, *SUGGESTED}))
    return (
        f"Package: {product['package']}\nVersion: {version}\nArchitecture: {_architecture()}\n"
        "Section: misc\nPriority: optional\n"
        f"Maintainer: {product['maintainer']}\nInstalled-Size: {size_kb}\nDepends: {depends}\n"
        f"Recommends: {', '.join(RECOMMENDED)}\nSuggests: {suggests}\nHomepage: {product['homepage']}\n"
        f"Description: {product['summary']}\n"
        " Watches the cameras that a shop already has and counts how many people came\n"
        " in, where they stood and how long they queued. Pictures stay in the machine.\n"
        " .\n"
        f" {product['programs']['window']} is the program with a window; {product['programs']['console']} counts\n"
        " without one, as a systemd service that is installed switched off.\n"
    )


def _write_sums(root: Path, conffiles: set[str]) -> None:
    names = sorted(
        p.relative_to(root).as_posix()
        for p in root.rglob("*")
        if p.is_file() and not p.is_symlink() and "DEBIAN" not in p.relative_to(root).parts[:1]
    )
    wanted = [name for name in names if f"/{name}" not in conffiles]
    done = subprocess.run(["md5sum", *wanted], cwd=root, capture_output=True, text=True, check=True)
    (root / "DEBIAN" / "md5sums").write_text(done.stdout)


def _copyright(product: Mapping[str, Any]) -> str:
    return (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {product['name']}\nSource: {product['homepage']}\n"
        f"Comment: Whose libraries are inside and under which licences stands, with all texts, in\n"
        f" /usr/share/doc/{product['package']}/THIRD_PARTY_LICENCES.txt.\n\n"
        f"Files: *\nCopyright: {product['copyright'].removeprefix('Copyright ')}\nLicense: Apache-2.0\n"
        " On Debian systems the full text of the Apache License 2.0 is in\n /usr/share/common-licenses/Apache-2.0.\n"
    )


def _changelog(product: Mapping[str, Any], *, written: str, epoch: int) -> str:
    name, address = parseaddr(product["maintainer"])
    day = format_datetime(datetime.fromtimestamp(epoch, tz=UTC))
    return (
        f"{product['package']} ({written}) unstable; urgency=medium\n\n  * See CHANGELOG.md of the source.\n\n"
        f" -- {name} <{address}>  {day}\n"
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _write_gz(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _set_dates_and_modes(root: Path, *, epoch: int) -> None:
    """Modes that depend on no umask, and the commit's date on everything."""
    moment = epoch or int(time.time())
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            is_program = path.is_dir() or (path.stat().st_mode & 0o100 and ".so" not in path.name)
            path.chmod(0o755 if is_program else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)


def _architecture() -> str:
    done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()

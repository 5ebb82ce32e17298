"""The second way on Linux: an archive with a script that installs for one user, without root."""

from __future__ import annotations

import gzip
import platform
import tarfile
import tempfile
from pathlib import Path

from installer.linux import deb, files
from installer.linux.needs import needs_of
from installer.product import Version, read_product

HERE = Path(__file__).parent
LEVEL = 6


def make_archive(bundle: Path, *, out: Path, version: Version) -> Path:
    """``NAME-VERSION-linux-MACHINE.tar.gz``: the bundle, ``install.sh`` and what that puts into the user's menu."""
    product = read_product()
    top = f"{product['package']}-{version.full}"
    path = out / f"{top}-linux-{platform.machine()}.tar.gz"
    with tempfile.TemporaryDirectory(dir=out, prefix="archive-") as name:
        folder = Path(name)
        (folder / "menu.desktop").write_text(files.menu_entry("@PROGRAM@"), encoding="utf-8")
        (folder / "needs.txt").write_text("\n".join(needs_of(bundle).libraries) + "\n", encoding="utf-8")
        (folder / "wink-edge.service").write_text((HERE / "user.service").read_text(), encoding="utf-8")
        (folder / "install.sh").write_bytes((HERE / "install.sh").read_bytes())
        (folder / "install.sh").chmod(0o755)
        deb.write_icons(folder / "icons", product["linux"]["desktop_id"])
        # gzip by hand: its header holds no time and no name, so that equal contents are equal archives.
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            _add(tar, folder, top, epoch=version.epoch)
            _add(tar, bundle, f"{top}/{product['package']}", epoch=version.epoch)
    return path


def _add(tar: tarfile.TarFile, folder: Path, name: str, *, epoch: int) -> None:
    """All below a folder in a fixed order, owned by nobody in particular."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = "root"
        info.mtime = epoch
        info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
        return info

    for path in sorted(folder.rglob("*")):
        tar.add(path, f"{name}/{path.relative_to(folder).as_posix()}", recursive=False, filter=plain)

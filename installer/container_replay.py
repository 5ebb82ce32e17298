"""Runs a Dockerfile without an engine: each instruction by hand, in Debian roots made by debootstrap.

    sudo .venv/bin/python -m installer.container_replay installer/server/Dockerfile --check 'wink-cloud --help'

The base image is stood in for by Debian's own root and Python of the same release, so this shows that the instructions
work one after the other, that the files copied are there, and that the result runs as its user. It shows nothing of the
real base image or of an engine.
"""

from __future__ import annotations

import argparse
import glob
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

PROJECT_DIR = Path(__file__).resolve().parents[1]
BASE = PROJECT_DIR / "build/roots/trixie-minbase.tar"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TMP = "/tmp"  # noqa: S108 - of the container
LOOPBACK_UP = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh', b'lo', 0x41))"
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass
class Stage:
    """One FROM and what follows it."""

    name: str
    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH, "HOME": "/root"})
    folder: str = "/"
    user: str = "0:0"
    words: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)


class Replay:
    """The stages of one Dockerfile, each in a root of its own below ``work``."""

    def __init__(self, dockerfile: Path, work: Path) -> None:
        self._parser = DockerfileParser(fileobj=io.BytesIO(dockerfile.read_bytes()))
        self._work = work
        self._stages: list[Stage] = []
        self._arguments: dict[str, str] = {}

    def run(self) -> Stage:
        """Every instruction in turn; the last stage."""
        for found in self._parser.structure:
            name, value = found["instruction"], found["value"]
            if name not in ("COMMENT", "EXPOSE", "VOLUME", "STOPSIGNAL"):
                print(f"   {name} {value[:100]}", flush=True)  # noqa: T201 - a tool on the command line
                getattr(self, f"_{name.lower()}")(value)
        return self._stages[-1]

    def _from(self, value: str) -> None:
        base, _, name = value.partition(" AS ")
        root = self._work / f"stage{len(self._stages)}"
        root.mkdir()
        subprocess.run(["tar", "-C", root, "-xf", BASE], check=True)
        stage = Stage(name, root)
        self._stages.append(stage)
        _stand_in_for_base(stage, self._filled(base))

    def _arg(self, value: str) -> None:
        name, _, given = value.partition("=")
        (self._stages[-1].words if self._stages else self._arguments)[name] = given

    def _env(self, value: str) -> None:
        for word in shlex.split(value):
            name, _, given = word.partition("=")
            self._stages[-1].environment[name] = self._filled(given)

    def _workdir(self, value: str) -> None:
        stage = self._stages[-1]
        stage.folder = value
        (stage.root / value.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _user(self, value: str) -> None:
        self._stages[-1].user = value

    def _copy(self, value: str) -> None:
        stage, source, mode = self._stages[-1], PROJECT_DIR, None
        words = value.split()
        while words[0].startswith("--"):
            option, _, given = words.pop(0).partition("=")
            if option == "--from":
                source = next(s.root for s in self._stages if s.name == given)
            elif option == "--chmod":
                mode = given
        *sources, target = words
        into = stage.root / os.path.normpath(os.path.join(stage.folder, target)).lstrip("/")  # noqa: PTH118 - a pure path
        is_folder = target.endswith("/") or target in (".", "./") or len(sources) > 1
        for word in sources:
            paths = [Path(p) for p in glob.glob(str(source / word.lstrip("/")))]  # noqa: PTH207 - as COPY does
            if not paths:
                raise SystemExit(f"COPY: there is no {word}")
            for path in paths:
                _copy_one(path, into / path.name if is_folder and path.is_file() else into, mode=mode)

    def _run(self, value: str) -> None:
        stage = self._stages[-1]
        inside(stage, ["sh", "-c", value], more=stage.words)

    def _cmd(self, value: str) -> None:
        self._stages[-1].command = json.loads(value)

    def _entrypoint(self, value: str) -> None:
        self._stages[-1].entrypoint = json.loads(value)

    def _healthcheck(self, value: str) -> None:
        self._stages[-1].health = json.loads(value[value.index("[") :])

    def _filled(self, value: str) -> str:
        known = {**self._arguments, **(self._stages[-1].environment if self._stages else {})}
        return re.sub(r"\$\{?(\w+)\}?", lambda m: known.get(m[1], ""), value)


def inside(stage: Stage, words: list[str], *, more: dict[str, str] | None = None, is_alone: bool = False) -> None:
    """Run something in a stage, as its user; ``is_alone``: in a network of its own instead of the machine's."""
    environment = {**stage.environment, **(more or {})}
    set_by = [f"{name}={given}" for name, given in environment.items()]
    user, group = stage.user.split(":")
    root = shlex.quote(str(stage.root))
    chrooted = shlex.join(
        ["chroot", f"--userspec={user}:{group}", str(stage.root), "env", "-i", *set_by, "sh", "-c",
         f"cd {shlex.quote(stage.folder)} && exec " + shlex.join(words)]
    )  # fmt: skip
    mounts = f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && mount -t tmpfs tmpfs {root}{TMP}"
    spaces = ["--mount", "--pid", "--fork", "--kill-child", *(["--net"] if is_alone else [])]
    ready = f"{shlex.join([sys.executable, '-c', LOOPBACK_UP])} && {mounts}" if is_alone else mounts
    subprocess.run(["unshare", *spaces, "sh", "-ec", f"{ready} && exec {chrooted}"], check=True)


def _copy_one(path: Path, target: Path, *, mode: str | None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(path, target)
        if mode:
            target.chmod(int(mode, 8))


def _stand_in_for_base(stage: Stage, image: str) -> None:
    """Debian's Python where the image of Python has its own; this machine's way to packages."""
    if not image.startswith("python:3.13-slim-trixie"):
        raise SystemExit(f"Nothing stands in for {image}.")
    shutil.copy("/etc/resolv.conf", stage.root / "etc/resolv.conf")
    for settings in Path("/etc/apt/apt.conf.d").glob("99*"):
        shutil.copy(settings, stage.root / "etc/apt/apt.conf.d")
    (stage.root / "etc/dpkg/dpkg.cfg.d/fast").write_text("force-unsafe-io\n")
    if AUTHORITIES.is_file():
        (stage.root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy(AUTHORITIES, stage.root / "etc/ssl/certs/of-this-machine.crt")
        stage.environment["PIP_CERT"] = "/etc/ssl/certs/of-this-machine.crt"
    install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null"
    inside(stage, ["sh", "-c", f"{install} && ln -s /usr/bin/python3 /usr/local/bin/python"])


def main() -> int:
    """Replay one Dockerfile and run checks in what it made."""
    parser = argparse.ArgumentParser(description="Run a Dockerfile's instructions in Debian roots, without an engine.")
    parser.add_argument("dockerfile", type=Path)
    parser.add_argument("--check", action="append", default=[], help="a command to run in the last stage")
    given = parser.parse_args()
    if os.geteuid() != 0 or not BASE.is_file():
        sys.stderr.write(
            f"This needs root, and {BASE.relative_to(PROJECT_DIR)} (debootstrap --variant=minbase trixie).\n"
        )
        return 2
    with tempfile.TemporaryDirectory(prefix="wink-replay-") as work:
        stage = Replay(given.dockerfile, Path(work)).run()
        size = sum(p.lstat().st_size for p in stage.root.rglob("*") if p.is_file() and not p.is_symlink())
        print(f"   the last stage has {size / 1e6:.0f} MB")  # noqa: T201 - as above
        for words in given.check:
            print(f"   check: {words}", flush=True)  # noqa: T201 - as above
            inside(stage, ["sh", "-c", words], is_alone=True)
    print("replayed: everything passed")  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())

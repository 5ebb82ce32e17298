"""The guide mentions every command, setting and key: what is not told is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from desktop_app.cli import app
from desktop_app.services.config_import import CAMERA_KEYS, CONFIG_KEYS, LINE_KEYS, POLYGON_KEYS
from desktop_app.settings import EdgeSettings

GUIDE = (Path(__file__).parents[2] / "docs" / "edge.md").read_text(encoding="utf-8")


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner: dict[str, object] = getattr(command, "commands", {})
    if not inner:
        yield path
    for name, one in inner.items():
        yield from commands(one, (*path, name))


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_is_told(path: tuple[str, ...]) -> None:
    assert re.search(rf"{' '.join(path)}\b", GUIDE), f"docs/edge.md does not mention: wink-edge {' '.join(path)}"


@pytest.mark.parametrize("name", list(EdgeSettings.model_fields))
def test_every_setting_is_told(name: str) -> None:
    assert f"`WINK_{name.upper()}`" in GUIDE


@pytest.mark.parametrize("key", sorted({*CONFIG_KEYS, *CAMERA_KEYS, *LINE_KEYS, *POLYGON_KEYS}))
def test_every_key_of_the_configuration_is_told(key: str) -> None:
    assert f"`{key}`" in GUIDE

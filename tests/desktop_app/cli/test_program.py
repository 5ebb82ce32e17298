"""What ``wink-edge`` says of itself, and what it cannot do where it is installed without its source."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from desktop_app.cli import app
from desktop_app.services.desk import own_version


def test_it_says_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"Wink Analytics {own_version()}\n"


def test_without_a_command_it_says_what_there_is() -> None:
    result = CliRunner().invoke(app, [])
    assert "doctor" in result.output


def test_where_there_is_no_cloud_the_demo_says_where_it_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    result = CliRunner().invoke(app, ["demo", "--headless", "--seconds", "5"])
    assert result.exit_code == 2
    assert "make demo" in result.output
    assert "virtual-store://entrance" in result.output

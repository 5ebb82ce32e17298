"""Real people on real film: the line that was read by eye, at full rate and at every second frame."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from desktop_app.cli import app
from tests.helpers.material import vtest_avi
from tests.helpers.weights import find_weights

pytestmark = pytest.mark.e2e

# Read by eye from a slit scan of all 795 frames. The line is drawn downwards: its right hand is the screen's left.
TO_THE_RIGHT, TO_THE_LEFT = 12, 15
ZONES = """\
zones:
  - zone_id: street
    type: line
    coordinates: [[300, 150], [300, 360]]
"""


@pytest.mark.parametrize("every", [1, 2])
def test_every_person_who_crosses_the_street_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    monkeypatch.setenv("WINK_MODEL", str(find_weights()))
    zones = tmp_path / "zones.yaml"
    zones.write_text(ZONES)
    result = CliRunner().invoke(
        app, ["count", "--source", str(vtest_avi()), "--zones", str(zones), "--every", str(every), "--json"]
    )
    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout.splitlines()[-1])["summary"]["street"]
    assert abs(summary["in"] - TO_THE_LEFT) <= 1
    assert abs(summary["out"] - TO_THE_RIGHT) <= 1

"""Icons and styles are found from a checkout, and are part of what is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from desktop_app.settings import PROJECT_DIR, find_assets
from desktop_app.ui.actions import ACTIONS, LIVE_ACTIONS
from desktop_app.ui.zone_editor.tools import TOOLS

NAMED = re.compile(r"""icon=["']([a-z-]+)["']|icons\.icon\(["']([a-z-]+)["']\)""")


def test_every_icon_that_is_named_exists_and_takes_the_themes_colour() -> None:
    names = {spec.icon for spec in (*ACTIONS, *LIVE_ACTIONS) if spec.icon} | {spec.icon for spec in TOOLS.values()}
    for source in (PROJECT_DIR / "desktop_app" / "ui").rglob("*.py"):
        found = NAMED.findall(source.read_text(encoding="utf-8"))
        names |= {first or second for first, second in found}
    assert len(names) > 20
    for name in sorted(names):
        text = (find_assets() / "icons" / f"{name}.svg").read_text()
        assert "currentColor" in text, name
        assert 'viewBox="0 0 24 24"' in text, name


@pytest.mark.integration
def test_the_wheel_carries_icons_and_styles(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=PROJECT_DIR, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    models = [f"models/{path.name}" for path in (PROJECT_DIR / "assets" / "models").iterdir()]
    assert "models/wink_person_nano_int8.bin" in models
    for asset in ("icons/wink.svg", "icons/zones.svg", "icons/tick.svg", "styles/wink.qss", *models):
        assert f"desktop_app/assets/{asset}" in names

"""A browser, a cloud and a real edge on the virtual store: a still is looked at, a line is drawn, and it counts there."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from shared_models.stills import MAX_STILL_PX
from tests.e2e.test_zones_travel import EMAIL, PASSWORD, HeadOffice, cloud, store_laptop, wait_until
from tests.helpers.cloud_process import Cloud
from tests.helpers.pages import visiting

__all__ = ["cloud"]
_JPEG = re.compile(r"^data:image/jpeg;base64,")
pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_still_is_seen_and_a_line_drawn_in_the_browser_counts_at_the_edge(
    browser: Browser, cloud: Cloud, tmp_path: Path
) -> None:
    key = cloud.command("create-edge-key", "--store", "High Street")["edge_key"]
    config, log = tmp_path / "config.yaml", tmp_path / "edge.log"
    config.write_text(
        f"api_url: http://127.0.0.1:{cloud.port}\nedge_key: {key}\ncameras:\n"
        "  - {camera_id: front/door, name: Front door, source: 'virtual-store://entrance?seed=7&people=40&fps=10'}\n"
    )
    log.touch()
    url = f"http://127.0.0.1:{cloud.port}"
    (line,) = [zone for zone in scene_zones("entrance") if zone.kind == "line"]
    with store_laptop(config, tmp_path / "edge", log), visiting(browser, url, (EMAIL, PASSWORD), width=1280) as page:
        office = HeadOffice(cloud)
        wait_until(lambda: office.cameras().get("front/door", {}).get("state") == "seeing", log=log)
        page.goto(f"{url}/settings/privacy")
        page.get_by_role("button", name="Switch on").click()
        page.goto(f"{url}/live")
        page.get_by_role("button", name="Show stills").click()
        picture = page.get_by_role("img", name="Still of Front door")
        expect(picture).to_have_attribute("src", _JPEG, timeout=120_000)
        packed = base64.b64decode((picture.get_attribute("src") or "").partition(",")[2])
        seen = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_COLOR)
        assert seen is not None
        assert 100 < seen.shape[1] <= MAX_STILL_PX

        page.get_by_role("link", name="Zones").click()
        page.get_by_role("link", name="Front door").click()
        page.get_by_role("button", name="Draw a line").click()
        frame = page.locator("#frame").bounding_box()
        assert frame is not None
        for x, y in line.points:
            page.mouse.click(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"])
        page.get_by_role("button", name="Finish shape").click()
        page.get_by_role("button", name="Save as a new revision").click()
        expect(page.get_by_text("Revision 1 counts.")).to_be_visible()
        wait_until(lambda: office.counted("line_1") > 0, log=log)

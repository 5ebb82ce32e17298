"""Stills: off by default, only while somebody looks, small, and never written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import cv2
import httpx
import numpy as np
import pytest

from cloud_api.devices.stills import ASK_LIFE, MOST_STILLS, STILL_LIFE, StillBox, jpeg_size
from cloud_api.kit.errors import ConflictError, InvalidError
from shared_models.stills import MAX_STILL_BYTES, STILL_PATH
from shared_models.sync import EDGE_KEY_HEADER
from tests.cloud_api.devices.test_edge_api import beat
from tests.cloud_api.web.conftest import Visitor, logged_in
from tests.helpers.cloud import CloudUnderTest, running_cloud

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)
STORE = uuid4()


def jpeg(width: int = 320, height: int = 180) -> bytes:
    made, packed = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))
    assert made
    return packed.tobytes()


async def sent(cloud: CloudUnderTest, body: bytes, *, camera: str = "a/b", key: str = "") -> httpx.Response:
    headers = {EDGE_KEY_HEADER: key or cloud.edge_key, "Content-Type": "image/jpeg"}
    return await cloud.client.put(STILL_PATH, params={"camera_id": camera}, content=body, headers=headers)


async def looked(cloud: CloudUnderTest, *, camera: str = "a/b") -> httpx.Response:
    params = {"store": str(cloud.store_id), "camera": camera}
    return await cloud.client.get("/still", params=params, headers={"Accept": "text/html"})


async def switch(visitor: Visitor, cloud: CloudUnderTest, *, is_on: bool) -> None:
    page = "/settings/privacy"
    fields = {"act": "stills", "store_id": str(cloud.store_id), "is_on": "yes" if is_on else "no"}
    assert (await visitor.send(page, on=page, **fields)).status_code == 303


def written(folder: Path) -> list[Path]:
    """Files that hold the still."""
    return [f for f in folder.rglob("*") if f.is_file() and jpeg() in f.read_bytes()]


async def test_a_still_goes_from_the_laptop_to_who_looks_and_nowhere_else(tmp_path: Path) -> None:
    async with running_cloud(tmp_path) as cloud:
        await beat(cloud, cameras=[{"camera_id": "a/b", "state": "seeing"}])
        owner = await logged_in(cloud.client, "owner@acme.example")
        assert (await looked(cloud)).status_code == 403
        assert (await sent(cloud, jpeg())).status_code == 403
        assert "data-stills" not in await owner.page("/live")
        await switch(owner, cloud, is_on=True)
        assert "data-stills" in await owner.page("/live")
        assert (await beat(cloud))["stills"] == []
        assert (await sent(cloud, jpeg())).status_code == 409
        assert (await looked(cloud)).status_code == 204
        assert (await beat(cloud))["stills"] == ["a/b"]
        assert (await sent(cloud, jpeg())).status_code == 204
        seen = await looked(cloud)
        assert seen.content == jpeg()
        assert seen.headers["Cache-Control"] == "no-store"
        assert (await looked(cloud, camera="other")).status_code == 404
        assert (await sent(cloud, jpeg(), key=cloud.foreign_edge_key)).status_code == 403
        assert not written(tmp_path)
        await switch(owner, cloud, is_on=False)
        assert (await looked(cloud)).status_code == 403
        assert (await beat(cloud))["stills"] == []
        cloud.client.cookies.clear()
        audit = await (await logged_in(cloud.client, "admin@acme.example")).page("/settings/audit")
        assert [audit.count(f"<td>stills {words}</td>") for words in ("switched on", "looked at", "switched off")] == [
            1
        ] * 3


async def test_only_who_runs_a_store_switches_its_stills(tmp_path: Path) -> None:
    async with running_cloud(tmp_path) as cloud:
        analyst = await logged_in(cloud.client, "analyst@acme.example")
        answer = await analyst.client.get("/settings/privacy")
        assert 'id="stills"' not in answer.text
        token = (await analyst.page("/reports")).partition('name="csrf" value="')[2].partition('"')[0]
        form = {"csrf": token, "act": "stills", "store_id": str(cloud.store_id), "is_on": "yes"}
        assert (await cloud.client.post("/settings/privacy", data=form)).status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xd8", b"GIF89a" + bytes(40), b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9, jpeg(640, 400),
             jpeg() + bytes(MAX_STILL_BYTES)],
)  # fmt: skip
def test_what_is_no_small_jpeg_is_refused(body: bytes) -> None:
    box = StillBox()
    box.ask(STORE, "cam", now=NOW)
    with pytest.raises(InvalidError):
        box.put(STORE, "cam", body, now=NOW)
    assert box.get(STORE, "cam", now=NOW) is None


def test_looks_and_stills_run_out_and_never_grow() -> None:
    box = StillBox()
    assert box.ask(STORE, "cam", now=NOW)
    assert not box.ask(STORE, "cam", now=NOW + ASK_LIFE)
    late = NOW + 2 * ASK_LIFE + timedelta(seconds=1)
    assert box.wanted(STORE, now=late) == ()
    with pytest.raises(ConflictError):
        box.put(STORE, "cam", jpeg(), now=late)
    assert box.ask(STORE, "cam", now=late)
    box.put(STORE, "cam", jpeg(), now=late)
    assert box.get(STORE, "cam", now=late + STILL_LIFE) is not None
    assert box.get(STORE, "cam", now=late + STILL_LIFE + timedelta(seconds=1)) is None
    for n in range(MOST_STILLS + 5):
        box.ask(STORE, f"cam{n}", now=late)
    assert len(box.wanted(STORE, now=late)) == MOST_STILLS


def test_the_size_of_a_jpeg_stands_in_its_header() -> None:
    assert jpeg_size(jpeg(320, 180)) == (320, 180)


async def test_an_organisation_says_that_people_are_hidden_on_its_laptops_screens(tmp_path: Path) -> None:
    async with running_cloud(tmp_path) as cloud:
        assert (await beat(cloud))["hides_people"] is False
        page = "/settings/privacy"
        owner = await logged_in(cloud.client, "owner@acme.example")
        assert "hide-people" not in await owner.page(page)
        refused = await owner.send(page, on=page, act="hide-people", is_on="yes")
        assert (await beat(cloud))["hides_people"] is False, refused.text
        cloud.client.cookies.clear()
        admin = await logged_in(cloud.client, "admin@acme.example")
        assert (await admin.send(page, on=page, act="hide-people", is_on="yes")).status_code == 303
        assert (await beat(cloud))["hides_people"] is True
        assert "People are unrecognisable." in await admin.page(page)
        assert "<td>people hidden on screens</td>" in await admin.page("/settings/audit")
        assert (await admin.send(page, on=page, act="hide-people", is_on="no")).status_code == 303
        assert (await beat(cloud))["hides_people"] is False

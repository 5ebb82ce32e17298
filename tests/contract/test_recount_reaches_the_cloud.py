"""From a camera over the outbox to the cloud: a recount ends there in the figures that it showed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud_api.rollups.proof import rollup_differences
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.cli import app
from desktop_app.services.sync import batch_payload
from desktop_app.settings import EdgeSettings
from shared_models.clock import ManualClock
from shared_models.sync import EDGE_KEY_HEADER, EVENTS_PATH, BatchReceipt, ReceiptStatus
from tests.helpers.cloud import CloudUnderTest, running_cloud
from tests.helpers.counted_camera import CountedCamera, inwards, outwards

pytestmark = pytest.mark.contract
CONFIG = """\
cameras:
  - camera_id: cam
    source: virtual-store://entrance
    zones:
      - {zone_id: door, type: line, coordinates: [[320, 190], [576, 190]]}
"""


async def upload(cloud: CloudUnderTest, outbox: SqliteOutbox, *, limit: int) -> int:
    """Send what waits, as the edge does; tells the cloud's contiguous seq."""
    contiguous = 0
    while rows := outbox.claim(limit=limit, max_bytes=10**6):
        dead = outbox.dead_letter_seqs(above=contiguous, limit=1000)
        payload = batch_payload(rows, sent_at=datetime.now(UTC), dead_letter_seqs=dead)
        answer = await cloud.client.post(EVENTS_PATH, content=payload, headers={EDGE_KEY_HEADER: cloud.edge_key})
        receipt = BatchReceipt.model_validate_json(answer.content)
        assert all(r.status is not ReceiptStatus.REJECTED for r in receipt.results)
        contiguous = receipt.contiguous_seq
        outbox.settle(accepted=[str(r.event_id) for r in receipt.results], rejected={})
    return contiguous


async def in_and_out(cloud: CloudUnderTest) -> tuple[int, int]:
    answer = await cloud.client.get(
        "/api/v1/analytics/footfall",
        params={"store_id": str(cloud.store_id), "from": "2026-03-28", "to": "2026-03-29", "bucket": "day"},
        headers=await cloud.token("admin@acme.example"),
    )
    return answer.json()["totals"]["in"], answer.json()["totals"]["out"]


@pytest.mark.parametrize("sent_before", ["all", "some", "none"])
async def test_a_recount_ends_in_the_cloud_in_the_figures_that_it_showed(tmp_path: Path, sent_before: str) -> None:
    settings = EdgeSettings(data_dir=tmp_path / "edge")
    camera = CountedCamera(settings)
    for n in range(6):
        camera.walk(inwards() if n < 4 else outwards(), at_s=60 * n, x=150 if n % 2 else 450)
    camera.close()
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    async with running_cloud(tmp_path / "cloud") as cloud:
        outbox = SqliteOutbox(settings.outbox_path, clock=ManualClock())
        if sent_before == "all":
            await upload(cloud, outbox, limit=500)
            assert await in_and_out(cloud) == (4, 2)
        elif sent_before == "some":
            rows = outbox.claim(limit=3, max_bytes=10**6)[1:]
            await cloud.send([json.loads(row.body) for row in rows])
            outbox.settle(accepted=[row.event_id for row in rows], rejected={})
        result = CliRunner().invoke(
            app,
            ["recount", "--zone", "door", "--from", "2026-03-28T00:00Z", "--to", "2026-03-29T00:00Z",
             "--config", str(config), "--data-dir", str(settings.data_dir), "--json"],
        )  # fmt: skip
        value = json.loads(result.stdout)
        assert value["after"] == {"in": 2, "out": 1, "stays": 0}
        contiguous = await upload(cloud, outbox, limit=4)
        assert contiguous == outbox.depth().last_seq
        assert await in_and_out(cloud) == (2, 1)
        async with cloud.database.begin() as connection:
            assert await rollup_differences(connection) == []
        outbox.close()

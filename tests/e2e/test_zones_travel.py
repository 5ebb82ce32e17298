"""Zones between a real cloud and a real edge on the virtual store: what is drawn there counts here, and back again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from desktop_app.adapters.cloud.http_link import HttpLink
from desktop_app.adapters.video.virtual_store.scenes import scene_zones
from desktop_app.services.zone_store import ZoneStore
from desktop_app.services.zone_sync import Choice, Ledger, LocalZones, ZoneSync
from shared_models.heartbeat import CameraHealth, CameraState, Heartbeat
from shared_models.zones import LineZone
from tests.helpers.cloud_process import Cloud
from tests.helpers.weights import PROJECT_DIR, find_weights

pytestmark = pytest.mark.e2e

EMAIL, PASSWORD = "owner@acme.example", "correct horse battery"
BEAT_S = "1"


def wait_until(check: Callable[[], object], *, within_s: float = 120.0, log: Path) -> None:
    deadline = time.monotonic() + within_s
    while not check():
        assert time.monotonic() < deadline, f"it did not happen in time:\n{log.read_text()[-3000:]}"
        time.sleep(0.2)


class HeadOffice:
    """A person of the organisation, by the API."""

    def __init__(self, cloud: Cloud) -> None:
        self._url = f"http://127.0.0.1:{cloud.port}/api/v1"
        self._token = ""
        self._token = self.ask("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})["access_token"]
        self._store = f"/stores/{self.ask('GET', '/stores')['stores'][0]['store_id']}"

    def cameras(self) -> dict[str, dict[str, Any]]:
        return {c["camera_id"]: c for c in self.ask("GET", f"{self._store}/cameras")["cameras"]}

    def zones(self, camera_id: str) -> dict[str, Any]:
        """The newest revision."""
        return dict(self.ask("GET", f"{self._store}/cameras/{camera_id}/zones")["revisions"][0])

    def in_force(self, camera_id: str) -> list[dict[str, Any]]:
        """The zones that count."""
        revisions = self.ask("GET", f"{self._store}/cameras/{camera_id}/zones")["revisions"]
        return list(next(r["zones"] for r in revisions if r["is_current"]))

    def conflicts(self) -> list[str]:
        """Cameras on whose zones somebody must decide."""
        return list(self.ask("GET", f"{self._store}/zone-conflicts"))

    def draw(self, camera_id: str, zones: list[dict[str, Any]], *, based_on: int) -> None:
        path = f"{self._store}/cameras/{camera_id}/zones"
        answer = self.ask("PUT", path, {"based_on": based_on, "zones": zones})
        assert answer["outcome"] == "kept"

    def counted(self, zone_id: str) -> int:
        """Crossings of a line, in and out."""
        store_id = self._store.rpartition("/")[2]
        table = self.ask("GET", f"/analytics/zones?store_id={store_id}")["zones"]
        return sum(int(z["in"]) + int(z["out"]) for z in table if z["zone_id"] == zone_id)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def store_laptop(config: Path, data_dir: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "desktop_app.cli", "run", "--config", config, "--data-dir", data_dir],
            stdout=file,
            stderr=file,
            env={**os.environ, "WINK_MODEL": str(find_weights()), "WINK_HEARTBEAT_S": BEAT_S},
            cwd=PROJECT_DIR,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    made.command("create-org", "Acme")
    made.command("create-store", "--org", "Acme", "--name", "High Street", "--timezone", "Europe/Berlin")
    made.command("create-user", "--email", EMAIL, "--role", "org_admin", "--password-stdin", stdin=f"{PASSWORD}\n")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_zones_travel_both_ways_while_people_are_counted(cloud: Cloud, tmp_path: Path) -> None:
    key = cloud.command("create-edge-key", "--store", "High Street")["edge_key"]
    config, log = tmp_path / "config.yaml", tmp_path / "edge.log"

    def configure(aisle_x: int) -> None:
        config.write_text(
            f"api_url: http://127.0.0.1:{cloud.port}\nedge_key: {key}\ncameras:\n"
            "  - {camera_id: door, name: Front door, source: 'virtual-store://entrance?seed=7&people=40&fps=10'}\n"
            "  - camera_id: aisle\n    source: 'virtual-store://aisle?fps=5'\n    zones:\n"
            f"      - {{zone_id: walkway, type: line, coordinates: [[{aisle_x}, 40], [{aisle_x}, 320]]}}\n"
        )

    configure(200)
    log.touch()
    with store_laptop(config, tmp_path / "edge", log) as edge:
        office = HeadOffice(cloud)
        wait_until(lambda: "door" in office.cameras(), log=log)
        wait_until(lambda: office.cameras()["door"]["state"] == "seeing", log=log)
        assert office.cameras()["door"]["name"] == "Front door"

        # Drawn at the head office: the running edge counts by it.
        drawn = [zone.model_dump(mode="json") for zone in scene_zones("entrance") if zone.kind == "line"]
        office.draw("door", drawn, based_on=0)
        wait_until(lambda: office.cameras()["door"]["zone_revision"] == 1, log=log)
        wait_until(lambda: office.counted("entrance_line") > 0, log=log)

        # Written at the store: the head office sees it, and the next change of it too.
        wait_until(lambda: office.zones("aisle")["zones"], log=log)
        first = office.zones("aisle")
        assert first["zones"][0]["zone_id"] == "walkway"
        assert first["author"].startswith("laptop")
        configure(400)
        edge.send_signal(signal.SIGHUP)
        wait_until(lambda: office.zones("aisle")["revision"] > first["revision"], log=log)
        moved = office.zones("aisle")
        assert moved["zones"][0]["points"][0][0] == pytest.approx(2 * first["zones"][0]["points"][0][0])
        assert not moved["is_conflict"]
    assert edge.returncode == 0, log.read_text()[-3000:]
    assert "camera door: Stopped." not in log.read_text().partition("was read again")[0], "it was not disturbed"


def test_a_choice_made_at_the_laptop_holds_in_the_cloud(cloud: Cloud, tmp_path: Path) -> None:
    key = SecretStr(cloud.command("create-edge-key", "--store", "High Street")["edge_key"])
    zones, office = ZoneStore(tmp_path), HeadOffice(cloud)
    link = HttpLink(f"http://127.0.0.1:{cloud.port}", key)
    local = LocalZones(
        lambda: {"door": zones.zones_of("door") or ()},
        lambda _: False,
        lambda camera_id, taken: zones.save(camera_id, taken, before=zones.zones_of(camera_id) or ()),
    )
    sync = ZoneSync(link, Ledger(tmp_path / "zone-sync.json", partner="p"), local)

    def beat() -> None:
        health = CameraHealth(camera_id="door", state=CameraState.SEEING, zone_revision=sync.revisions.get("door", 0))
        sync.reconcile(link.beat(Heartbeat(sent_at=datetime.now(UTC), cameras=(health,))))

    def height_in_cloud() -> float:
        return float(office.zones("door")["zones"][0]["points"][0][1])

    def line(y: float) -> LineZone:
        return LineZone(zone_id="line", points=((0.1, y), (0.9, y)))

    try:
        zones.save("door", (line(0.5),), before=())
        beat()
        assert height_in_cloud() == 0.5
        for choice, theirs, ours, chosen in ((Choice.THEIRS, 0.6, 0.7, 0.6), (Choice.OURS, 0.3, 0.4, 0.4)):
            based_on = sync.revisions["door"]
            office.draw("door", [line(theirs).model_dump(mode="json")], based_on=based_on)
            zones.save("door", (line(ours),), before=zones.zones_of("door") or ())
            beat()
            assert [(n.is_dispute, n.theirs[0].points[0][1]) for n in sync.news()] == [(True, theirs)]
            assert office.conflicts() == ["door"]
            sync.decide("door", choice)
            assert office.conflicts() == []
            beat()
            assert sync.news() == ()
            assert (zones.zones_of("door") or ())[0].points[0][1] == chosen
            assert office.in_force("door")[0]["points"][0][1] == chosen
    finally:
        link.close()

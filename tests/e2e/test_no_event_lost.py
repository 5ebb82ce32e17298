"""Everything that can go wrong between a door and head office at once, and not one event lost or counted twice.

The cloud is away for a while (WINK_TEST_OUTAGE_S, 20 s; two minutes in the full form), a fifth of all its answers are cut
after the commit, and two edges are killed with -9 ten times: one at four very busy doors (real engine, outbox and upload,
people drawn up as boxes), and `wink-edge run` with the real detector on a film of a real street.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from desktop_app.adapters.cloud.http_cloud import HttpCloud
from desktop_app.adapters.storage.sqlite_outbox import SqliteOutbox
from desktop_app.services.sync import SyncService
from desktop_app.settings import EdgeSettings
from shared_models.clock import SystemClock
from tests.helpers.cloud_process import Cloud
from tests.helpers.lossy_proxy import LossyLink, lossy_link
from tests.helpers.material import vtest_avi
from tests.helpers.weights import PROJECT_DIR, find_weights

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

OUTAGE_S = float(os.environ.get("WINK_TEST_OUTAGE_S", "20"))
KILLS = 10
CLOUD_GOES, CLOUD_RETURNS = 4, 6
"""In this life of the edges, and after that one."""
CALM_S = 1.5
"""How long an edge lives while the cloud is there, beyond its start."""
BUSY_EDGE = "tests.helpers.busy_edge_program"
STRIP_PX = 64


@dataclass
class Edge:
    """A laptop that loses its power again and again."""

    command: list[str]
    data_dir: Path
    edge_key: str
    device_id: str
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self) -> None:
        with (self.data_dir / "edge.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
                env={**os.environ, "WINK_MODEL": str(find_weights())},
                cwd=PROJECT_DIR,  # the code of this checkout is meant, not that of an installed one
            )

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, f"it ended by itself:\n{self.log()}"
        self.process.kill()
        self.process.wait(10)
        self.kills += 1

    def end(self) -> None:
        """Stop it as a person would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(40) == 0, self.log()

    def clear_away(self) -> None:
        """Dead in any case."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def log(self) -> str:
        return (self.data_dir / "edge.log").read_text()[-4000:]

    def last_seq(self) -> int:
        """Of the newest event that is durable on this machine; 0 before the first."""
        path = EdgeSettings(data_dir=self.data_dir).outbox_path
        if not path.is_file():
            return 0
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
            try:
                return int(database.execute("SELECT last_seq FROM sequence").fetchone()[0])
            except sqlite3.OperationalError:
                return 0  # its first moment: the file is there, the tables are not

    def live(self, seconds: float) -> None:
        """Let it run for a while, and in any case until it has counted something in this life."""
        before, deadline = self.last_seq(), time.monotonic() + 45
        time.sleep(seconds)
        while self.last_seq() == before:
            assert time.monotonic() < deadline, f"nothing was counted:\n{self.log()}"
            time.sleep(0.1)


def busy_edge(folder: Path, cloud: Cloud, link: LossyLink) -> Edge:
    made = cloud.command("create-edge-key", "--store", "Busy")
    command = [sys.executable, "-m", BUSY_EDGE, str(folder), link.url, made["edge_key"]]
    folder.mkdir()
    return Edge(command, folder, made["edge_key"], made["device_id"])


def film_edge(folder: Path, cloud: Cloud, link: LossyLink) -> Edge:
    """Who walks along this street passes from strip to strip: events from the first seconds of each life on."""
    made = cloud.command("create-edge-key", "--store", "Street")
    folder.mkdir()
    strips = "".join(
        f"      - {{zone_id: strip_{x}, type: polygon, enter_s: 0, exit_grace_s: 0, threshold_s: 0,"
        f" coordinates: [[{x}, 5], [{x + STRIP_PX}, 5], [{x + STRIP_PX}, 570], [{x}, 570]]}}\n"
        for x in range(0, 768, STRIP_PX)
    )
    config = folder / "config.yaml"
    config.write_text(
        f"api_url: {link.url}\nedge_key: {made['edge_key']}\n"
        f"cameras:\n  - camera_id: street\n    source: {vtest_avi()}\n    loop: true\n    zones:\n"
        "      - {zone_id: door, type: line, coordinates: [[300, 150], [300, 360]]}\n" + strips
    )
    command = [sys.executable, "-m", "desktop_app.cli", "run", "--config", str(config), "--data-dir", str(folder)]
    return Edge(command, folder, made["edge_key"], made["device_id"])


def drained(edge: Edge, link: LossyLink) -> tuple[list[tuple[int, str]], Counter[tuple[str, str, str]], dict[str, str]]:
    """Send what waits still; then (seq, event_id), events by camera, zone and type, and the counters of this laptop."""
    clock = SystemClock()
    outbox = SqliteOutbox(EdgeSettings(data_dir=edge.data_dir).outbox_path, clock=clock)
    cloud = HttpCloud(link.url, SecretStr(edge.edge_key))
    try:
        service = SyncService(outbox, cloud, clock=clock)
        deadline = time.monotonic() + 60
        while outbox.depth().pending:
            assert time.monotonic() < deadline, f"{outbox.depth()} is not emptied"
            outcome = service.run_once()
            time.sleep(min(outcome.wait_s or 0.0, 0.2))
        assert outbox.depth().dead_letters == 0, outbox.dead_letters()[:3]
        counters = outbox.load_counters()
    finally:
        cloud.close()
        outbox.close()
    with closing(sqlite3.connect(EdgeSettings(data_dir=edge.data_dir).outbox_path)) as database:
        rows = database.execute("SELECT seq, event_id FROM events ORDER BY seq").fetchall()
        kinds = database.execute(
            "SELECT json_extract(body, '$.camera_id'), coalesce(json_extract(body, '$.zone_id'), ''), type FROM events"
        ).fetchall()
    return [(seq, event_id.replace("-", "")) for seq, event_id in rows], Counter(kinds), counters


def assert_counters_tell_what_was_sent(kinds: Counter[tuple[str, str, str]], counters: dict[str, str]) -> None:
    """The wall's figures and the events were committed together: after ten crashes they still agree."""
    compared = 0
    for key, value in counters.items():
        if not key.startswith("zones/"):
            continue
        camera = key.removeprefix("zones/")
        for zone, figures in json.loads(json.loads(value)["totals"]).items():
            assert figures == [kinds[camera, zone, kind] for kind in ("footfall_in", "footfall_out", "dwell")]
            compared += sum(figures)
    assert compared > 0


def live_and_die(edges: list[Edge], cloud: Cloud) -> float:
    """Ten lives of each edge, three of them without a cloud; tells for how long it was away."""
    gone_s = outage_s = 0.0
    for life in range(KILLS):
        if life == CLOUD_GOES:
            cloud.stop()
            gone_s = time.monotonic()
        for edge in edges:
            edge.start()
        for edge in edges:
            edge.live(CALM_S)
        if life == CLOUD_RETURNS:
            time.sleep(max(0.0, OUTAGE_S - (time.monotonic() - gone_s)))
        for edge in edges:
            edge.kill()
        if life == CLOUD_RETURNS:
            outage_s = time.monotonic() - gone_s
            cloud.start()
    return outage_s


def end_in_peace(edges: list[Edge]) -> None:
    """A last life that ends as a person ends it."""
    for edge in edges:
        edge.start()
    for edge in edges:
        edge.live(2 * CALM_S)
    for edge in edges:
        edge.end()


def assert_all_are_in_the_cloud_once(edge: Edge, cloud: Cloud, link: LossyLink) -> int:
    """Tells how many events there were."""
    stored, kinds, counters = drained(edge, link)
    assert_counters_tell_what_was_sent(kinds, counters)
    assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
    assert cloud.events(edge.device_id) == stored
    assert cloud.contiguous_seq(edge.device_id) == len(stored)
    assert edge.kills == KILLS
    return len(stored)


def test_every_event_arrives_once_whatever_the_power_the_network_and_the_cloud_do(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path / "cloud")
    cloud.data_dir.mkdir()
    cloud.command("create-org", "Acme")
    for store in ("Busy", "Street"):
        cloud.command("create-store", "--org", "Acme", "--name", store, "--timezone", "Europe/Berlin")
    with lossy_link(cloud_port=cloud.port, cut_every=5) as link:
        edges = [busy_edge(tmp_path / "busy", cloud, link), film_edge(tmp_path / "film", cloud, link)]
        try:
            cloud.start()
            outage_s = live_and_die(edges, cloud)
            end_in_peace(edges)
            told = [assert_all_are_in_the_cloud_once(edge, cloud, link) for edge in edges]
        finally:
            for edge in edges:
                edge.clear_away()
            cloud.stop()
    assert cloud.command("verify-rollups") == {"ok": True, "differences": []}
    assert outage_s >= OUTAGE_S
    assert link.refused > 0
    assert link.cut == link.batches // 5 >= 2
    print(
        f"{told[0]} + {told[1]} events, {link.batches} batches, {link.cut} answers cut, {link.refused} uploads refused, "
        f"{outage_s:.0f} s without a cloud, {KILLS} kills of each edge"
    )

"""The demo: a cloud on this machine, four virtual cameras, and a comparison of what happened with what is shown."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from desktop_app.adapters.video.virtual_store.scenes import parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
from desktop_app.adapters.video.virtual_store.truth import Truth, truth_for
from desktop_app.bootstrap.engine import Edge, build_edge
from desktop_app.bootstrap.measuring import measure_once, remembered_test
from desktop_app.services.config_import import EdgeConfig, ImportedCamera, PixelZone
from desktop_app.services.model_registry import resolve_model
from desktop_app.settings import PROJECT_DIR, EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.geometry import to_px
from shared_models.zones import CountedDirection, LineZone, PolygonZone

SCENES = (("entrance", "Entrance", 12), ("aisle", "Aisle", 8), ("queue", "Till", 7), ("floor", "Sales floor", 10))
SIZE = (640, 360)
STORE, EMAIL, PASSWORD = "Demo store", "demo@example.com", "demo123"  # noqa: S105 - of the demo, on loopback only
TOLERANCE = 0.05
FEW = 2
END_S = 1.0
CLOUD_START_S = 40.0


class DemoError(Exception):
    """The demo cannot run; the message says why."""


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One figure from the film to the web page.

    Attributes:
        truth: up to the last frame that was analysed.
        at_the_end: crossings of the truth within ``END_S`` of that frame: a person on the line as the film is cut may
            fall on either side of the cut.
    """

    camera: str
    zone: str
    measure: str
    truth: int
    counted: int
    accepted: int
    cloud: int
    at_the_end: int = 0

    @property
    def is_right(self) -> bool:
        """Crossings may err by 5 %, in a short film by two people; transport may not err at all.

        Stays are shown beside their truth but not judged: a person hidden for longer than the grace is two stays.
        """
        is_near = abs(self.truth - self.counted) <= max(FEW, TOLERANCE * self.truth) + self.at_the_end
        return self.counted == self.accepted == self.cloud and (is_near or self.measure == "presences")

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "at_the_end"}


@dataclass(slots=True)
class DemoCloud:
    """The cloud's process on this machine."""

    url: str
    data_dir: Path
    process: subprocess.Popen[bytes]

    def edge_key(self) -> str:
        """A fresh key for the demo's store."""
        done = subprocess.run(
            [sys.executable, "-m", "cloud_api", "create-edge-key", "--store", STORE, "--json", "--data-dir", self.data_dir],
            capture_output=True, check=True, text=True, timeout=60,
        )  # fmt: skip
        return str(json.loads(done.stdout)["edge_key"])

    def zones(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Figures per camera and zone, by the cloud's API."""
        token = self._call("/api/v1/auth/login", body={"email": EMAIL, "password": PASSWORD})["access_token"]
        store_id = self._call("/api/v1/stores", token=token)["stores"][0]["store_id"]
        table = self._call(f"/api/v1/analytics/zones?store_id={store_id}", token=token)
        return {(z["camera_id"], z["zone_id"]): z for z in table["zones"]}

    def _call(self, path: str, *, token: str = "", body: dict[str, str] | None = None) -> Any:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.url + path, data=data, headers=headers)  # noqa: S310 - our own loopback URL
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
            return json.load(answer)


@contextmanager
def demo_cloud(data_dir: Path) -> Iterator[DemoCloud]:
    """A cloud that lives as long as the context.

    Raises:
        DemoError: it does not start.
    """
    port = _free_port()
    log_path = data_dir / "cloud.log"
    data_dir.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "cloud_api", "serve", "--demo", "--port", str(port), "--data-dir", data_dir],
            stdout=log_file, stderr=log_file, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    cloud = DemoCloud(f"http://127.0.0.1:{port}", data_dir, process)
    try:
        _wait_until_ready(cloud, log_path)
        yield cloud
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def demo_config(cloud: DemoCloud, *, seed: int) -> EdgeConfig:
    """Four virtual cameras with the zones an owner would draw."""
    cameras = []
    for scene, name, people in SCENES:
        zones = tuple(_as_drawn(zone) for zone in scene_zones(scene, size_wh=SIZE))
        source = SourceAddress(f"virtual-store://{scene}?seed={seed}&people={people}")
        cameras.append(ImportedCamera(f"cam_{scene}", name, source, None, 5.0, True, False, zones))
    return EdgeConfig(cloud.url, SecretStr(cloud.edge_key()), tuple(cameras))


def build_demo_edge(
    cloud: DemoCloud, *, data_dir: Path, seed: int, measures: Callable[[], object] = lambda: None
) -> tuple[Edge, EdgeConfig]:
    """The demo's store laptop. Its counters never begin anew: a demo over the reset hour is one run.

    Args:
        measures: called before this machine is measured, which takes some seconds.
    """
    config = demo_config(cloud, seed=seed)
    settings = EdgeSettings(data_dir=data_dir)
    beside = PROJECT_DIR.parent / "shared" / "models" / "yolox_nano_416.onnx"
    if not settings.model and beside.is_file() and not any((settings.assets_dir / "models").glob("*.onnx")):
        settings = settings.model_copy(update={"model": str(beside)})
    return build_edge(config, settings=_measured_here(settings, measures=measures), is_one_run=True), config


def _measured_here(settings: EdgeSettings, *, measures: Callable[[], object]) -> EdgeSettings:
    """The demo's folder is thrown away, what was measured is not: a machine is measured in its first demo, or before.

    It is remembered where this machine's own program does, which is as fast to its first count then.
    """
    model = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
    own = EdgeSettings(model=str(model.path))
    if own.self_test_at_start and remembered_test(model, settings=own) is None:
        measures()
        measure_once(settings=own, is_cut=lambda: False)
    with contextlib.suppress(OSError):  # none was made, or it could not be kept: the plain way counts as well
        settings.runtime_path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(own.runtime_path, settings.runtime_path)
    return settings.model_copy(update={"self_test_at_start": False})


def compare(edge: Edge, config: EdgeConfig, cloud: DemoCloud) -> list[DemoRow]:
    """What happened, what was counted, what was accepted and what the cloud shows. After ``engine.stop``."""
    counted = {(c.camera_id, z.zone_id): z for c in edge.engine.final_status.cameras for z in c.counts}
    accepted = edge.outbox.counts_by_zone()
    shown = cloud.zones()
    rows: list[DemoRow] = []
    for camera in config.cameras:
        store = parse_store(camera.source)
        zones = scene_zones(store.scene, size_wh=SIZE)
        until_s = _seen_until_s(edge, camera)
        truth = truth_for(store, zones, from_s=0.0, to_s=until_s)
        has_line = any(isinstance(zone, LineZone) for zone in zones)
        later = truth_for(store, zones, from_s=0.0, to_s=until_s + END_S) if has_line else truth
        for zone in zones:
            key = (camera.camera_id, zone.zone_id)
            if key not in counted:
                continue  # whoever watched the demo has drawn zones of their own
            for measure, kinds in _measures(zone):
                true, at_the_end = _true(truth, zone, measure), _around(later, zone, measure, at_s=until_s)
                count = counted[key]
                ours = {"in": count.in_count, "out": count.out_count, "presences": count.presences}[measure]
                taken = sum(accepted.get((*key, kind), 0) for kind in kinds)
                in_cloud = int(shown.get(key, {}).get(measure, 0))
                rows.append(DemoRow(*key, measure, true, ours, taken, in_cloud, at_the_end))
    return rows


def _seen_until_s(edge: Edge, camera: ImportedCamera) -> float:
    """The second of the film at which the last frame was analysed."""
    source = edge.engine.source_of(camera.camera_id)
    view = edge.engine.latest(camera.camera_id)
    if not isinstance(source, VirtualStoreSource) or view is None:
        raise DemoError(f"{camera.name}: no frame was analysed; see the log.")
    return (view.frame.captured_at - source.started_at) / timedelta(seconds=1)


def _measures(zone: LineZone | PolygonZone) -> list[tuple[str, tuple[str, ...]]]:
    if isinstance(zone, LineZone):
        return [("in", ("footfall_in",)), ("out", ("footfall_out",))]
    return [("presences", ("dwell", "shelf_interaction", "queue_wait"))]


def _around(truth: Truth, zone: LineZone | PolygonZone, measure: str, *, at_s: float) -> int:
    """Crossings within ``END_S`` of a moment; of stays none, as they are not judged."""
    if not isinstance(zone, LineZone):
        return 0
    mine = [c for c in truth.crossings if c.zone_id == zone.zone_id and c.direction is CountedDirection(measure)]
    return sum(1 for c in mine if abs(c.at_s - at_s) <= END_S)


def _true(truth: Truth, zone: LineZone | PolygonZone, measure: str) -> int:
    if isinstance(zone, LineZone):
        return truth.count(zone.zone_id, CountedDirection(measure))
    # The stop cuts presences that are under way: they are counted, so they are part of the truth.
    return truth.presence_count(zone.zone_id, with_open=True)


def _as_drawn(zone: LineZone | PolygonZone) -> PixelZone:
    fields = zone.model_dump(exclude={"points", "kind", "revision"})
    return PixelZone("", zone.kind, to_px(zone.points, frame_wh=SIZE), fields)


def _wait_until_ready(cloud: DemoCloud, log_path: Path) -> None:
    deadline = time.monotonic() + CLOUD_START_S
    while time.monotonic() < deadline:
        if cloud.process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(cloud.url + "/readyz", timeout=2):  # noqa: S310 - our own loopback URL
                return
        except OSError:
            time.sleep(0.1)
    raise DemoError(f"The cloud did not start; see {log_path}.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

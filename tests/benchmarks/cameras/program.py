"""One store laptop: the engine of ``wink-edge run`` for a while; prints rates, processor seconds and memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil

from desktop_app.bootstrap.engine import build_edge_from_file
from desktop_app.bootstrap.measuring import remembered_test
from desktop_app.services.detector_runtime import DetectorRuntime
from desktop_app.services.model_registry import resolve_model
from desktop_app.settings import EdgeSettings


def main(task: dict[str, Any]) -> None:
    settings = EdgeSettings(data_dir=Path(task["data_dir"]), self_test_at_start=True)
    edge = build_edge_from_file(Path(task["config"]), settings=settings)  # measures first how the model runs best
    model = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
    test = remembered_test(model, settings=settings)
    way = test.runtime if test else DetectorRuntime()
    edge.start()
    try:
        time.sleep(task["warm_up_s"])
        cpu_s, began_s = _cpu_s(), time.monotonic()
        looks: dict[str, list[float]] = {}
        while time.monotonic() - began_s < task["seconds"]:
            time.sleep(1.0)
            for camera in edge.engine.status().cameras:
                looks.setdefault(camera.camera_id, []).append(camera.analysed_fps)
        wall_s = time.monotonic() - began_s
        answer = {
            "way": f"{way.precision}, {way.streams} at once",
            "looks_per_s": {camera_id: fmean(rates) for camera_id, rates in looks.items()},
            "conditions": sorted({str(camera.condition) for camera in edge.engine.status().cameras}),
            "cores": (_cpu_s() - cpu_s) / wall_s,
            "memory_mb": psutil.Process().memory_info().rss / 1e6,
        }
    finally:
        edge.close()
    print(json.dumps(answer), flush=True)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))

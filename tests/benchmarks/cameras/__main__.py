"""How many live cameras one laptop really carries: RTSP streams into the whole headless engine, all at once.

    python -m tests.benchmarks.cameras [--seconds 60] [--cameras 1,4,8,12,16]

Every stream is the same busy street at 640x360 and 15 frames per second (H.264), so the motion gate helps nowhere; each
camera asks for 5 looks per second. The server that sends the streams runs on the same cores. Writes RESULTS.md beside
this file.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from desktop_app.adapters.detection.self_test import machine_name
from tests.helpers.material import CACHE, vtest_avi
from tests.helpers.rtsp_server import RtspServer
from tests.helpers.weights import PROJECT_DIR

HERE = Path(__file__).resolve().parent
FPS, LOOKS, WARM_UP_S = 15, 5.0, 20.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cameras", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="measured, after a warm-up")
    parser.add_argument("--cameras", default="1,4,8,12,16", help="how many at once, one run each")
    asked = parser.parse_args()
    loads = [os.getloadavg()[0]]
    rows = []
    for count in (int(word) for word in asked.cameras.split(",")):
        rows.append(_row(count, _run(count, seconds=asked.seconds)))
        print(rows[-1], flush=True)
    loads.append(os.getloadavg()[0])
    command = f"python -m tests.benchmarks.cameras --seconds {asked.seconds:g} --cameras {asked.cameras}"
    (HERE / "RESULTS.md").write_text(_page(rows, command=command, loads=loads), encoding="utf-8")


def _run(count: int, *, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="wink-cameras-") as folder, RtspServer(film=_film(), fps=FPS) as server:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump({"cameras": [_camera(number, server.address) for number in range(count)]}))
        task = {"config": str(config), "data_dir": folder, "seconds": seconds, "warm_up_s": WARM_UP_S}
        done = subprocess.run(
            [sys.executable, HERE / "program.py", json.dumps(task)],
            env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 120,
        )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _camera(number: int, address: str) -> dict[str, Any]:
    line = {"zone_id": "door", "type": "line", "coordinates": [[250, 40], [250, 220]]}
    return {"camera_id": f"cam_{number:02}", "name": f"Camera {number + 1}", "rtsp_url": address, "zones": [line]}


def _film() -> Path:
    """vtest.avi cut to 16:9 and shrunk, its pace raised to 15 frames per second; made once."""
    film = CACHE / f"street_640x360_{FPS}fps.h264"
    if not film.is_file():
        part = film.with_suffix(".part")
        picture = f"crop=768:432:0:100,scale=640:360,fps={FPS}"
        coding = (
            f"-c:v libx264 -preset veryfast -g {FPS} -bf 0 -pix_fmt yuv420p -bsf:v h264_metadata=aud=insert -f h264"
        )
        words = ["-an", "-vf", picture, *coding.split()]
        command = ["ffmpeg", "-y", "-loglevel", "error", "-i", str(vtest_avi()), *words, str(part)]
        subprocess.run(command, check=True, timeout=300)
        part.replace(film)
    return film


def _row(count: int, answer: dict[str, Any]) -> str:
    looks, memory_mb = answer["looks_per_s"].values(), answer["memory_mb"]
    return (
        f"| {count} | {answer['way']} | {min(looks):.1f} to {max(looks):.1f} | {answer['cores']:.2f} | {memory_mb:.0f} "
        f"| {', '.join(answer['conditions'])} |"
    )


def _page(rows: list[str], *, command: str, loads: list[float]) -> str:
    day = datetime.datetime.now(datetime.UTC).date()
    return "\n".join(
        [
            "# Live cameras on one machine",
            "",
            f"Made by `{command}` on {day}.",
            f"Machine: {machine_name()}; load {loads[0]:.1f} before.",
            "",
            f"Each camera is an RTSP stream of a busy street, 640x360 at {FPS} frames per second, asked for {LOOKS:g} looks",
            "per second by the whole headless engine (capture, detection, tracking, counting, foot paths, outbox). People",
            "walk all the time, so the motion gate saves nothing; the server of the streams shares the cores and is not",
            "counted. The model is run as the program's own self-test finds best before each run.",
            "",
            "| cameras | run in | looks per second, least to most of the cameras | cores used | memory, MB "
            "| state of all cameras |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()

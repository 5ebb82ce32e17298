"""What is tried, one function each."""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from desktop_app.adapters.video.virtual_store.scenes import parse_store, scene_zones
from desktop_app.adapters.video.virtual_store.truth import truth_for
from installer.smoke.cloud import LocalCloud
from installer.smoke.programs import Programs, Running, SmokeError, ask, bare_environment, forget_files
from installer.smoke.screen import Screen
from shared_models.cameras import SourceAddress
from shared_models.geometry import to_px

SIZE = (640, 360)
SCENE = "entrance"
SOURCE = f"virtual-store://{SCENE}?seed=11&people=40"
MINUTE_S = 60.0
WARM_STARTS = 3
SETTLED_S = 6.0
REPLAY_FPS = 5
TOLERANCE = 0.15
"""Of the true crossings, where every picture is looked at. How exactly is counted, the benchmarks say."""
MOST_SHARE = 1.5
"""Live on a busy machine pictures are skipped and people with them, but nobody is made up."""


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """Seconds from the start to a painted window, and the memory a few seconds later."""

    cold_s: float
    warm_s: float
    memory_mb: float


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """A minute in the virtual store.

    Attributes:
        truth, counted: crossings of the entrance's line.
        events: in the laptop's outbox, and each of them once in the cloud.
        memory_mb: at the end of the minute.
        start_s: from the start of the program to that of the camera.
    """

    seconds: float
    truth: int
    counted: int
    events: int
    kills: int
    memory_mb: float
    start_s: float


def try_commands(programs: Programs, folder: Path) -> str:
    """The version, and that the doctor finds nothing broken."""
    environment = bare_environment(_home(folder, "commands"))
    ask([*programs.console, "doctor", "--json"], environment=environment)
    return ask([*programs.console, "--version"], environment=environment).strip()


def try_film(programs: Programs, folder: Path) -> int:
    """Detect people in an H.264 film of the virtual store; tells how many boxes. Shows that decoding is whole."""
    film, boxes = folder / "film.mp4", folder / "boxes.txt"
    _write_film(film)
    environment = bare_environment(_home(folder, "film"))
    ask([*programs.console, "detect", "--source", str(film), "--out", str(boxes)], environment=environment)
    found = len(boxes.read_text().splitlines())
    if not found:
        raise SmokeError("nobody was found in the film")
    return found


def try_counting(programs: Programs, folder: Path) -> tuple[int, int]:
    """(true, counted) crossings of a minute of the virtual store, each of its pictures looked at: as fast as it goes.

    Raises:
        SmokeError: they differ by more than the tolerance.
    """
    zones = folder / "zones.yaml"
    zones.write_text(json.dumps({"zones": [_zone()]}), encoding="utf-8")
    source = f"{SOURCE}&fps={REPLAY_FPS}&minutes={MINUTE_S / 60:g}"
    words = [*programs.console, "count", "--source", source, "--zones", str(zones), "--json"]
    told = ask(words, environment=bare_environment(_home(folder, "count")))
    (figures,) = json.loads(told.splitlines()[-1])["summary"].values()
    counted, truth = int(figures["in"]) + int(figures["out"]), _truth(MINUTE_S)
    if abs(counted - truth) > TOLERANCE * truth:
        raise SmokeError(f"{truth} people crossed the line and {counted} were counted, every picture looked at")
    return truth, counted


def try_window(programs: Programs, folder: Path, *, bundle: Path | None) -> WindowFigures:
    """Start it cold and warm, and end it as the system does at log-out."""
    if bundle is not None:
        forget_files(bundle)
    cold_s, _ = _one_window(programs, folder, "cold")
    warm = [_one_window(programs, folder, f"warm-{n}") for n in range(WARM_STARTS)]
    return WindowFigures(cold_s, statistics.median(w[0] for w in warm), statistics.median(w[1] for w in warm))


def _one_window(programs: Programs, folder: Path, name: str) -> tuple[float, float]:
    with Screen() as screen:
        environment = bare_environment(_home(folder, f"window-{name}"), display=screen.display)
        with Running(programs.window, environment=environment, log=folder / f"window-{name}.log") as program:
            seconds = program.wait_for("a window", screen.has_window)
            time.sleep(SETTLED_S)
            memory = program.memory_mb()
            program.end_in_peace()
    return seconds, memory


def try_window_without_screen(programs: Programs, folder: Path) -> None:
    """Where no X server is at hand (Windows, macOS): it starts, stays for some seconds and ends by itself."""
    environment = bare_environment(_home(folder, "window"))
    ask([*programs.window, "--seconds", "15"], environment=environment)


def try_store(programs: Programs, folder: Path, *, seconds: float = MINUTE_S) -> StoreFigures:
    """Count for a minute at the virtual store with a power cut in the middle, and send all of it to a cloud, once.

    Raises:
        SmokeError: an event is lost or twice, too few or too many people were counted, or it does not end cleanly.
    """
    data = folder / "edge"
    data.mkdir()
    with LocalCloud(folder / "cloud") as cloud:
        device_id, key = cloud.enrolled()
        config = folder / "config.yaml"
        config.write_text(_config(cloud.url, key), encoding="utf-8")
        words = [*programs.console, "run", "--config", str(config), "--data-dir", str(data)]
        environment = bare_environment(_home(folder, "edge"))
        lives = [_live(words, environment, folder, data, seconds=seconds / 2, end=end) for end in ("kill", "peace")]
        stored = _stored(data)
        _check_all_arrived(stored, cloud.events(device_id))
    truth, counted = sum(_truth(life.watched_s) for life in lives), _crossings(data)
    if not 0 < counted <= MOST_SHARE * truth:
        raise SmokeError(f"{truth} people crossed the line and {counted} were counted live")
    watched_s = sum(life.watched_s for life in lives)
    return StoreFigures(watched_s, truth, counted, len(stored), 1, lives[-1].memory_mb, lives[-1].start_s)


@dataclass(frozen=True, slots=True)
class _Life:
    watched_s: float
    memory_mb: float
    start_s: float


def _live(
    words: list[str], environment: dict[str, str], folder: Path, data: Path, *, seconds: float, end: str
) -> _Life:
    log = folder / f"edge-{end}.log"
    before = len(_stored(data))
    with Running(words, environment=environment, log=log) as program:
        start_s = program.wait_for("its first words of the camera", lambda: "Door: " in program.told())
        began_s = time.monotonic()
        time.sleep(seconds)
        program.wait_for("an event", lambda: len(_stored(data)) > before)
        watched_s, memory = time.monotonic() - began_s, program.memory_mb()
        if end == "kill":
            program.kill()
        else:
            program.end_in_peace()
    return _Life(watched_s, memory, start_s)


def _check_all_arrived(stored: list[tuple[int, str]], in_cloud: list[tuple[int, str]]) -> None:
    if [seq for seq, _ in stored] != list(range(1, len(stored) + 1)):
        raise SmokeError(f"the outbox has gaps: {[seq for seq, _ in stored]}")
    if in_cloud != stored:
        lost, more = set(stored) - set(in_cloud), set(in_cloud) - set(stored)
        raise SmokeError(
            f"of {len(stored)} events {len(lost)} are not in the cloud, and {len(more)} are there too much"
        )


def _stored(data: Path) -> list[tuple[int, str]]:
    rows = _query(data, "SELECT seq, event_id FROM events ORDER BY seq")
    return [(int(str(seq)), str(event_id).replace("-", "")) for seq, event_id in rows]


def _crossings(data: Path) -> int:
    return len(_query(data, "SELECT seq FROM events WHERE type IN ('footfall_in', 'footfall_out')"))


def _query(data: Path, statement: str) -> list[tuple[object, ...]]:
    """Rows of the outbox; none while it is not there yet."""
    path = data / "outbox.sqlite3"
    if path.is_file():
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as base,
        ):
            return list(base.execute(statement).fetchall())
    return []


def _truth(seconds: float) -> int:
    """Crossings of the line in the first seconds of the film."""
    zones = scene_zones(SCENE, size_wh=SIZE)
    return len(truth_for(parse_store(SourceAddress(SOURCE)), zones, from_s=0.0, to_s=seconds).crossings)


def _config(url: str, key: str) -> str:
    camera = {"camera_id": "door", "name": "Door", "source": SOURCE, "zones": [_zone()]}
    return json.dumps({"api_url": url, "edge_key": key, "cameras": [camera]})


def _zone() -> dict[str, object]:
    """The line that an owner would draw, in pixels."""
    (line,) = scene_zones(SCENE, size_wh=SIZE)
    coordinates = [[round(x, 1), round(y, 1)] for x, y in to_px(line.points, frame_wh=SIZE)]
    return {"zone_id": line.zone_id, "type": "line", "coordinates": coordinates, "direction": "both"}


def _write_film(path: Path, *, seconds: int = 4, fps: int = 5) -> None:
    """The virtual store as a camera would record it. Written with this checkout's PyAV, which still has its encoders."""
    import av

    from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
    from shared_models.clock import SteadyClock

    source = VirtualStoreSource(SourceAddress(f"{SOURCE}&fps={fps}"), clock=SteadyClock(), realtime=False)
    source.open()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for index in range(20 * fps):
            frame = source.read()
            if index >= (20 - seconds) * fps:  # by then people are in the shop
                container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.bgr(), format="bgr24")))
        container.mux(stream.encode())
    source.close()


def _home(folder: Path, name: str) -> Path:
    home = folder / f"home-{name}"
    home.mkdir(exist_ok=True)
    return home

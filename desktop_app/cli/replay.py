"""``wink-edge detect`` and ``wink-edge count``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from desktop_app.cli.failure import explained, fail
from shared_models.events import EventDraft
from shared_models.geometry import Size
from shared_models.zones import Zone

Every = Annotated[int, typer.Option("--every", min=1, help="Take only frames 1, 1+N, 1+2N, ...")]
MinScore = Annotated[float | None, typer.Option("--min-score", min=0, max=1, help="Boxes less sure are left out.")]
Fps = Annotated[float | None, typer.Option("--fps", min=0.01, max=1000, help="Frames per second (of boxes, pictures).")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(detect)
    app.command()(count)


def detect(
    source: Annotated[str, typer.Option("--source", help="Video, picture, folder of pictures, or a camera's address.")],
    out: Annotated[Path, typer.Option("--out", help="File to write, in MOT format.")],
    track: Annotated[
        bool, typer.Option("--track", help="Link boxes over frames; boxes that belong to no sure track are left out.")
    ] = False,
    every: Every = 1,
    min_score: MinScore = None,
    fps: Fps = None,
) -> None:
    """Write the people found in a video as frame,id,x,y,w,h,conf,-1,-1,-1."""
    from desktop_app import bootstrap
    from desktop_app.services.mot_format import MotBox, mot_line
    from desktop_app.services.replay import detect_frames, track_boxes, track_source

    with explained(), _opened(source, fps) as (video, size):
        detector = bootstrap.open_detector(min_score=min_score, frame_wh=size)
        temporary = out.with_name(out.name + ".part")
        boxes = 0
        with temporary.open("w", encoding="utf-8") as file:
            if track:
                found: Iterable[list[MotBox]] = [
                    track_boxes(track_source(video, detector, every=every, progress=_progress))
                ]
            else:
                found = detect_frames(video, detector, every=every, progress=_progress)
            for listed in found:
                file.writelines(mot_line(box) + "\n" for box in listed)
                boxes += len(listed)
        temporary.replace(out)
        detector.close()
    typer.echo(f"\r{boxes} boxes in {out}", err=True)


def count(
    zones: Annotated[Path, typer.Option("--zones", help="YAML file with a zones: list, in pixels of the frame.")],
    source: Annotated[str | None, typer.Option("--source", help="Count in a video or pictures.")] = None,
    tracks: Annotated[Path | None, typer.Option("--tracks", help="Count over boxes in MOT format.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Frame size of the boxes, e.g. 1280x720.")] = None,
    fps: Fps = None,
    associate: Annotated[
        bool, typer.Option("--associate", help="Link the boxes anew; ids in the file are ignored.")
    ] = False,
    every: Every = 1,
    min_score: MinScore = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one JSON object instead of a table.")] = False,
) -> None:
    """Count over lines and areas: events as JSON lines, then a summary per zone."""
    with explained():
        if (source is None) == (tracks is None):
            fail("Give either --source (a video) or --tracks (a file of boxes).")
        if tracks is not None:
            listed, drafts = _count_boxes(tracks, zones, size=size, fps=fps, associate=associate, every=every)
            _print_counts(drafts, listed, as_json=as_json)
        elif source is not None:
            with _opened(source, fps) as (video, frame_wh):
                listed, drafts = _count_video(video, zones, frame_wh=frame_wh, every=every, min_score=min_score)
                _print_counts(drafts, listed, as_json=as_json)


def _count_boxes(
    tracks: Path, zones: Path, *, size: str | None, fps: float | None, associate: bool, every: int
) -> tuple[tuple[Zone, ...], Iterator[EventDraft]]:
    from desktop_app.services.config_import import parse_zones, read_yaml
    from desktop_app.services.mot_format import read_mot
    from desktop_app.services.replay import count as count_frames
    from desktop_app.services.replay import track_file

    if size is None or fps is None:
        fail("Boxes have no size or rate of their own: give --size WxH and --fps F.")
    frame_wh = _size(size)
    listed = parse_zones(read_yaml(zones), frame_wh=frame_wh)
    boxes = read_mot(tracks, size_wh=frame_wh, warn=lambda words: typer.echo(f"{tracks.name}: {words}", err=True))
    frames = track_file(boxes, fps=fps, frame_wh=frame_wh, associate=associate, every=every)
    return listed, count_frames(frames, listed, frame_wh=frame_wh)


def _count_video(
    video: Any, zones: Path, *, frame_wh: Size, every: int, min_score: float | None
) -> tuple[tuple[Zone, ...], Iterator[EventDraft]]:
    from desktop_app import bootstrap
    from desktop_app.services.config_import import parse_zones, read_yaml
    from desktop_app.services.replay import count as count_frames
    from desktop_app.services.replay import track_source

    listed = parse_zones(read_yaml(zones), frame_wh=frame_wh)
    detector = bootstrap.open_detector(min_score=min_score, frame_wh=frame_wh)
    frames = track_source(video, detector, every=every, progress=_progress)
    return listed, count_frames(frames, listed, frame_wh=frame_wh)


@contextmanager
def _opened(source: str, fps: float | None) -> Iterator[tuple[Any, Size]]:
    from desktop_app import bootstrap

    video = bootstrap.open_source(source, realtime=False, fps=fps)
    try:
        yield video, video.open()
    finally:
        video.close()


def _print_counts(drafts: Iterable[EventDraft], zones: tuple[Zone, ...], *, as_json: bool) -> None:
    from desktop_app.services.replay import summarise

    kept = []
    for draft in drafts:
        kept.append(draft)
        typer.echo(draft.model_dump_json(exclude={"camera_id"}))
    summary = summarise(kept, zones)
    if as_json:
        typer.echo(json.dumps({"summary": {zone_id: s.as_json() for zone_id, s in summary.items()}}))
        return
    typer.echo(f"\n{'zone':<24}{'in':>7}{'out':>7}{'presences':>11}{'mean dwell':>12}")
    for zone_id, s in summary.items():
        dwell = f"{sum(s.dwell_s) / len(s.dwell_s):.1f} s" if s.dwell_s else "-"
        typer.echo(f"{zone_id:<24}{s.in_count:>7}{s.out_count:>7}{len(s.dwell_s):>11}{dwell:>12}")


def _size(text: str) -> Size:
    found = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text.strip())
    if not found or not (int(found[1]) and int(found[2])):
        fail(f"--size {text} is no frame size; write e.g. 1280x720.")
    return int(found[1]), int(found[2])


def _progress(frame: int) -> None:
    if sys.stderr.isatty() and frame % 10 == 1:
        typer.echo(f"\rframe {frame}", err=True, nl=False)

"""Looking after an edge from outside, also while it runs: its outbox, and the doctor."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from desktop_app.adapters.cloud.http_cloud import HttpCloud
from desktop_app.adapters.storage import sqlite_outbox
from desktop_app.adapters.video.open_source import make_source
from desktop_app.bootstrap.configuration import load_config
from desktop_app.bootstrap.measuring import measure, remembered_test
from desktop_app.bootstrap.parts import model_registry
from desktop_app.services.config_document import ConfigError
from desktop_app.services.config_import import EdgeConfig, ImportedCamera
from desktop_app.services.detector_runtime import RuntimeTest, save
from desktop_app.services.doctor import (
    Finding,
    State,
    judge_camera,
    judge_clock,
    judge_cloud,
    judge_detector,
    judge_disk,
    judge_model,
    judge_outbox,
    judge_running,
)
from desktop_app.services.model_registry import resolve_model, sha256_of_model
from desktop_app.services.ports import (
    CredentialError,
    DeadLetter,
    DetectorError,
    OutboxDepth,
    OutboxError,
    SourceError,
)
from desktop_app.services.running_state import read_running
from desktop_app.settings import EdgeSettings
from shared_models.cameras import redact
from shared_models.clock import SystemClock

CAMERAS_AT_ONCE = 8


def outbox_depth(settings: EdgeSettings) -> OutboxDepth | None:
    """How full the outbox is, or None where there is none yet."""
    return sqlite_outbox.read_depth(settings.outbox_path)


def dead_letters(settings: EdgeSettings, *, limit: int) -> list[DeadLetter]:
    """The newest refused events."""
    return sqlite_outbox.read_dead_letters(settings.outbox_path, limit=limit)


def retry_dead_letters(settings: EdgeSettings) -> int:
    """Make refused events pending again; tells how many."""
    return sqlite_outbox.retry_dead_letters_of(settings.outbox_path)


def examine(config_path: Path | None, *, settings: EdgeSettings, is_measured: bool = False) -> Iterator[Finding]:
    """Look at everything that a day's count needs, the quick things first.

    Args:
        is_measured: test the detector anew, even where the result of an earlier test is remembered.
    """
    config: EdgeConfig | None = None
    if config_path is None:
        cure = "Name the store's file: wink-edge doctor --config config.yaml."
        yield Finding("configuration", State.WARNING, "not looked at, nor cameras and cloud.", cure)
    else:
        config, findings = _configuration(config_path, settings=settings)
        yield from findings
    yield _disk(settings)
    yield from _model(settings)
    yield from _outbox(settings, has_cloud=config is not None and config.api_url is not None)
    yield from _detector(config, settings=settings, is_measured=is_measured)
    yield from _running(settings)
    if config is None:
        return
    yield from _cloud(config, settings=settings)
    with ThreadPoolExecutor(CAMERAS_AT_ONCE, thread_name_prefix="doctor") as pool:
        yield from pool.map(_camera, [camera for camera in config.cameras if camera.is_enabled])


def _configuration(path: Path, *, settings: EdgeSettings) -> tuple[EdgeConfig | None, list[Finding]]:
    try:
        config = load_config(path, settings=settings)
    except ConfigError as error:
        cure = "Mend it in the file, and look again."
        return None, [Finding("configuration", State.BROKEN, str(mistake), cure) for mistake in error.mistakes]
    except CredentialError as error:
        return None, [Finding("credentials", State.BROKEN, str(error), "See: wink-edge credentials list.")]
    on = sum(camera.is_enabled for camera in config.cameras)
    return config, [Finding("configuration", State.OK, f"{on} of {len(config.cameras)} cameras are switched on.")]


def _disk(settings: EdgeSettings) -> Finding:
    place = settings.data_dir
    while not place.exists() and place != place.parent:
        place = place.parent
    is_writable = os.access(place, os.W_OK)
    return judge_disk(free_bytes=shutil.disk_usage(place).free, is_writable=is_writable, place=str(settings.data_dir))


def _model(settings: EdgeSettings) -> Iterator[Finding]:
    try:
        choice = model_registry(settings).choose() if not settings.model else None
        if choice is not None and choice.words:
            wanted = choice.wanted
            cure = (
                f"Get it again: wink-edge models pull {wanted}, or models add FILE --name {wanted}. "
                f"Or do without: wink-edge models remove {wanted}."
            )
            yield Finding("model", State.WARNING, choice.words, cure)
        spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
        entry = model_registry(settings).entries().get(spec.name)
        is_registered = entry is not None and model_registry(settings).installed().get(spec.name) == spec
        yield judge_model(spec, entry=entry if is_registered else None, sha256=sha256_of_model(spec.path))
    except DetectorError as error:
        yield Finding("model", State.BROKEN, str(error), "See: wink-edge models list.")


def _detector(config: EdgeConfig | None, *, settings: EdgeSettings, is_measured: bool) -> Iterator[Finding]:
    rates = [camera.target_fps for camera in config.cameras if camera.is_enabled] if config else []
    try:
        spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
        test = None if is_measured else remembered_test(spec, settings=settings)
        if test is None:
            test = measure(settings=settings)
            yield from _kept(test, settings=settings)
    except DetectorError as error:
        yield Finding("detector", State.BROKEN, str(error), "See: wink-edge models list.")
    else:
        yield judge_detector(test, wanted_fps=sum(rates), cameras=len(rates))


def _running(settings: EdgeSettings) -> list[Finding]:
    now = SystemClock().utc_now()
    state = read_running(settings.running_path, now=now)
    return judge_running(state, now=now) if state is not None else []


def _kept(test: RuntimeTest, *, settings: EdgeSettings) -> Iterator[Finding]:
    try:
        save(test, settings.runtime_path)
    except OSError as error:
        words = f"what was measured cannot be kept ({error.strerror or error}); counting goes on the plain way."
        yield Finding("self-test", State.WARNING, words, "Mend the disk (see above), then look again.")


def _outbox(settings: EdgeSettings, *, has_cloud: bool) -> list[Finding]:
    try:
        return judge_outbox(outbox_depth(settings), now=SystemClock().utc_now(), has_cloud=has_cloud)
    except OutboxError as error:
        return [Finding("outbox", State.BROKEN, str(error), "Start Wink once: it salvages what is intact.")]


def _cloud(config: EdgeConfig, *, settings: EdgeSettings) -> list[Finding]:
    if config.api_url is None or config.edge_key is None:
        return [Finding("cloud", State.OK, "none is configured; this store counts for itself.")]
    try:
        cloud = HttpCloud(config.api_url, config.edge_key, allow_insecure=settings.allow_insecure_cloud)
    except ValueError as error:
        return [Finding("cloud", State.BROKEN, str(error), "Mend api_url or the edge key.")]
    try:
        answer, offset_s = cloud.check()
    finally:
        cloud.close()
    return [*judge_cloud(answer, api_url=config.api_url), judge_clock(offset_s)]


def _camera(camera: ImportedCamera) -> Finding:
    label = camera.name or camera.camera_id
    address = camera.substream or camera.source
    try:
        source = make_source(address, clock=SystemClock(), loop=camera.loop, rotation=camera.rotation)
        try:
            source.open()
            return judge_camera(label, size_wh=source.read().size_wh, input_size=camera.input_size)
        finally:
            source.close()
    except (SourceError, ValueError) as error:
        cure = f"Check the camera and its address ({address}) in the configuration."
        return Finding(f"camera {label}", State.BROKEN, redact(str(error)), cure)

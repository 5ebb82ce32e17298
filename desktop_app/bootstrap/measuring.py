"""The self-test of this machine: once before it counts, in a process of its own, and remembered."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from desktop_app.settings import EdgeSettings
from shared_models.cameras import SourceAddress
from shared_models.clock import SteadyClock

if TYPE_CHECKING:
    from desktop_app.services.detector_runtime import RuntimeTest
    from desktop_app.services.model_registry import ModelSpec

log = logging.getLogger(__name__)

SELF_TEST_SCENE, SELF_TEST_FRAME = "virtual-store://floor?seed=1&people=20&fps=1", 40
LOOK_S = 0.1
WAIT_S = 10.0
Progress = Callable[[float, str], bool]
"""Share done 0..1 and what is measured; False cancels."""
_measuring = threading.Lock()


def remembered_test(spec: ModelSpec, *, settings: EdgeSettings) -> RuntimeTest | None:
    """The self-test of this model on this machine, if there was one and what it chose is still there, whole."""
    from desktop_app.services.detector_runtime import INT8, load
    from desktop_app.services.model_registry import int8_weights, sha256_of_model

    if not settings.runtime_path.is_file() or not spec.path.is_file():
        return None
    from desktop_app.adapters.detection.self_test import machine_name

    test = load(settings.runtime_path, model_sha256=sha256_of_model(spec.path))
    if test is None or test.machine != machine_name():
        return None
    if test.runtime.precision == INT8:
        int8 = int8_weights(spec, assets_dir=settings.assets_dir)
        if int8 is None or int8.sha256 != test.int8_sha256:
            return None
    return test


def measure_once(*, settings: EdgeSettings, is_cut: Callable[[], bool]) -> None:
    """Measure before counting begins how the model in use runs best, if that was not done here yet. Takes some seconds.

    What goes wrong is told in the log alone: counting goes on the plain way, or says itself what is wrong with the model.

    Args:
        is_cut: asked every now and then; True ends it, and nothing is remembered.
    """
    if not settings.self_test_at_start:
        return
    while not _measuring.acquire(timeout=LOOK_S):  # the wizard's pages and a first camera may ask for it at once
        if is_cut():
            return
    try:
        _test_unless_known(settings, is_cut)
    finally:
        _measuring.release()


def _test_unless_known(settings: EdgeSettings, is_cut: Callable[[], bool]) -> None:
    from desktop_app.services.model_registry import resolve_model
    from desktop_app.services.ports import DetectorError

    try:
        spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
        if spec.is_pt or remembered_test(spec, settings=settings) is not None:
            return
        from desktop_app.adapters.detection.self_test import SelfTestCancelled

        log.info("it is measured how this computer finds people fastest; once, and for some seconds")
        try:
            way = run_self_test(settings=settings, progress=lambda *_: not is_cut()).runtime
        except SelfTestCancelled:
            return
        log.info("%s is run by %s in %s, %d at once", spec.name, way.device, way.precision, way.streams)
    except (DetectorError, OSError) as error:
        log.info("how this computer finds people fastest is not known: %s", error)


def run_self_test(*, settings: EdgeSettings, progress: Progress | None = None) -> RuntimeTest:
    """Measure how the model in use runs best on this machine, and remember it.

    Raises:
        DetectorError: there is no model, or it does not run.
        SelfTestCancelled: ``progress`` said so.
        OSError: it cannot be kept, or no program could be started for it.
    """
    from desktop_app.services.detector_runtime import save

    test = measure_apart(settings=settings, progress=progress)
    save(test, settings.runtime_path)
    return test


def measure(*, settings: EdgeSettings, progress: Progress | None = None) -> RuntimeTest:
    """As ``run_self_test``, in this very process, and without keeping what was found."""
    from desktop_app.adapters.detection import self_test
    from desktop_app.adapters.detection.heads import head_named
    from desktop_app.adapters.detection.ultralytics_yolo import UltralyticsYolo
    from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource
    from desktop_app.services.model_registry import int8_weights, resolve_model

    spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
    store = VirtualStoreSource(SourceAddress(SELF_TEST_SCENE), clock=SteadyClock(), realtime=False)
    store.open()
    try:
        frames = [store.read() for _ in range(SELF_TEST_FRAME)]
    finally:
        store.close()
    picture = frames[-1].bgr()
    if spec.is_pt:
        return self_test.run_plain_test(spec.path, picture, make=partial(UltralyticsYolo, spec.path), progress=progress)
    head = head_named(spec.head, model=spec.name)
    int8 = int8_weights(spec, assets_dir=settings.assets_dir)
    return self_test.run_self_test(
        spec.path, picture, class_id=spec.person_class, head=head, int8=int8, progress=progress
    )


# -- in a process of its own: all ways at once take a hundred megabytes that a process which goes on would keep, and a
# driver that crashes takes nobody with it


def measure_apart(*, settings: EdgeSettings, progress: Progress | None = None) -> RuntimeTest:
    """As ``measure``, by ``wink-edge measure``. Raises as ``run_self_test`` does."""
    from desktop_app.adapters.detection.self_test import SelfTestCancelled
    from desktop_app.services.detector_runtime import from_json
    from desktop_app.services.ports import DetectorError

    with _program(settings) as (process, lines):
        share, words = 0.0, ""
        while True:
            if progress is not None and not progress(share, words):
                raise SelfTestCancelled
            with contextlib.suppress(queue.Empty):
                told = lines.get(timeout=LOOK_S)
                if "error" in told:
                    raise DetectorError(told["error"])
                if (test := from_json(told.get("test"))) is not None:
                    return test
                if "ended" in told:
                    raise DetectorError(f"Measuring ended before its end (code {process.wait(WAIT_S)}).")
                share, words = told.get("share", share), told.get("words", words)
                if "log" in told:
                    log.info("%s", told["log"])


def tell_measurement(out: IO[str], *, settings: EdgeSettings) -> None:
    """``measure``, told as lines of JSON: what ``measure_apart`` reads."""
    from desktop_app.services.detector_runtime import as_json
    from desktop_app.services.ports import DetectorError

    def tell(**values: Any) -> bool:
        out.write(json.dumps(values) + "\n")
        out.flush()
        return True

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(log=record.getMessage())

    handler, root = Told(logging.INFO), logging.getLogger("desktop_app")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        test = measure(settings=settings, progress=lambda share, words: tell(share=share, words=words))
        tell(test=as_json(test))
    except DetectorError as error:
        tell(error=str(error))
    finally:
        root.removeHandler(handler)


@contextlib.contextmanager
def _program(settings: EdgeSettings) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[dict[str, Any]]]]:
    """``wink-edge measure`` and what it tells; ``{"ended": ...}`` comes last. It is ended with the context."""
    environment = {**os.environ, "WINK_DATA_DIR": str(settings.data_dir), "WINK_MODEL": settings.model}
    process = subprocess.Popen(
        [*_own_console(), "measure"],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        start_new_session=True,  # a Ctrl-C in the terminal is this program's to handle
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip
    lines: queue.Queue[dict[str, Any]] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process, lines), name="self-test-reader", daemon=True)
    reader.start()
    try:
        yield process, lines
    finally:
        process.kill()
        process.wait(WAIT_S)
        reader.join(WAIT_S)
        if process.stdout is not None:
            process.stdout.close()


def _read(process: subprocess.Popen[str], lines: queue.Queue[dict[str, Any]]) -> None:
    for line in process.stdout or ():
        with contextlib.suppress(ValueError):  # a library may print words of its own
            told = json.loads(line)
            if isinstance(told, dict):
                lines.put(told)
    lines.put({"ended": True})


def _own_console() -> tuple[str, ...]:
    """How ``wink-edge`` is started: the bundle's second program, or this Python with the module."""
    if getattr(sys, "frozen", False):
        own = Path(sys.executable)
        return (str(own.with_name(f"wink-edge{own.suffix}")),)
    return (sys.executable, "-m", "desktop_app.cli")

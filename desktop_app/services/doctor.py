"""What is wrong with this machine's Wink, and what to do about it: pure judgements over what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from desktop_app.services.detector_runtime import RuntimeTest
from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.input_size import NEAR_SIDE, WIDE_SIDE, InputSize
from desktop_app.services.model_registry import ModelEntry, ModelSpec, is_registered_file
from desktop_app.services.ports import CloudAnswer, OutboxDepth
from desktop_app.services.running_state import RunningCamera, RunningState
from shared_models.geometry import Size

LITTLE_BYTES = 1_000_000_000
TOO_LITTLE_BYTES = 100_000_000
"""A busy store writes about 10 MB a day; 30 days without a cloud must find room."""
LATE = timedelta(hours=1)
TOO_LATE = timedelta(days=7)
CLOCK_SLACK_S = 30.0
CLOCK_WRONG_S = 300.0
"""Further off, quarter hours and business days would be those of a neighbour."""
SMALL_PX = 360
USUAL_FPS = 5.0
ENOUGH = 0.8
"""A camera of which this share of the looks happens keeps up: they are counted over a few seconds."""


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        what: the thing looked at, e.g. ``camera door``.
        words: how it is.
        cure: what to do; empty where nothing is to be done.
    """

    what: str
    state: State
    words: str
    cure: str = ""


def has_broken(findings: Sequence[Finding]) -> bool:
    """Whether anything must be mended before this store can count."""
    return any(finding.state is State.BROKEN for finding in findings)


def judge_camera(label: str, *, size_wh: Size, input_size: InputSize = InputSize.AUTOMATIC) -> Finding:
    """A camera that gave a picture, and how large the network's input is for it."""
    looked = {
        InputSize.AUTOMATIC: f"{WIDE_SIDE} pixels wide, at {NEAR_SIDE} while everybody in view is tall (automatic)",
        InputSize.NEAR: f"{NEAR_SIDE} pixels wide (near, as set)",
        InputSize.WIDE: f"{WIDE_SIDE} pixels wide (wide, as set)",
    }
    words = f"sends pictures of {size_wh[0]}x{size_wh[1]}; looked at {looked[input_size]}."
    if min(size_wh) < SMALL_PX:
        return Finding(
            f"camera {label}", State.WARNING, words, "People far away are too small: choose a larger stream."
        )
    return Finding(f"camera {label}", State.OK, words)


def judge_running(state: RunningState, *, now: datetime) -> list[Finding]:
    """How often a program that counts now looks at each of its cameras."""
    ago = f"{max(0, round((now - state.at).total_seconds()))} s ago"
    found = [Finding("running", State.OK, f"a program counts in this folder with {state.model}; as it was {ago}:")]
    return found + [_looks(camera) for camera in state.cameras]


def _looks(camera: RunningCamera) -> Finding:
    at = f" at {camera.input_side} pixels" if camera.input_side else ""
    words = f"{camera.analysed_fps:.1f} looks a second of {camera.target_fps:g}{at}"
    what = f"looks {camera.label}"
    if camera.condition is not CameraCondition.LIVE:
        return Finding(what, State.WARNING, f"{words}: {camera.words}", "What its tile in the window says applies.")
    if camera.analysed_fps < ENOUGH * camera.target_fps:
        cure = (
            "This computer has too much to do, or the camera sends fewer pictures. Lower its fps, or see the detector."
        )
        return Finding(what, State.WARNING, f"{words}.", cure)
    return Finding(what, State.OK, f"{words}.")


def judge_disk(*, free_bytes: int, is_writable: bool, place: str) -> Finding:
    """The disk that holds outbox and models."""
    words = f"{free_bytes / 1e9:.1f} GB are free at {place}."
    if not is_writable:
        return Finding("disk", State.BROKEN, f"{place} cannot be written.", "Give this user the right to write there.")
    if free_bytes < TOO_LITTLE_BYTES:
        return Finding("disk", State.BROKEN, words, "Free some space: counts could be kept no longer.")
    if free_bytes < LITTLE_BYTES:
        return Finding("disk", State.WARNING, words, "Free some space, so that weeks without a cloud find room.")
    return Finding("disk", State.OK, words)


def judge_outbox(depth: OutboxDepth | None, *, now: datetime, has_cloud: bool) -> list[Finding]:
    """What waits, and what was refused."""
    if depth is None:
        return [Finding("outbox", State.OK, "Nothing was counted here yet.")]
    findings = [_waiting(depth, now=now, has_cloud=has_cloud)]
    if depth.dead_letters:
        words = f"The cloud refused {depth.dead_letters} events."
        findings.append(
            Finding("dead letters", State.WARNING, words, "See their reasons: wink-edge outbox dead-letters.")
        )
    return findings


def _waiting(depth: OutboxDepth, *, now: datetime, has_cloud: bool) -> Finding:
    words = f"{depth.pending} of {depth.last_seq} events wait."
    if not has_cloud or depth.oldest_at is None:
        return Finding("outbox", State.OK, words)
    age = now - depth.oldest_at
    words = f"{words[:-1]}, the oldest for {_span(age)}."
    if age > TOO_LATE:
        return Finding("outbox", State.BROKEN, words, "Mend the way to the cloud (see below); nothing is lost yet.")
    if age > LATE:
        return Finding("outbox", State.WARNING, words, "Is Wink running, and can it reach the cloud?")
    return Finding("outbox", State.OK, words)


def judge_cloud(answer: CloudAnswer, *, api_url: str) -> list[Finding]:
    """The answer to an empty upload: whether the cloud is there, and whether it knows the key."""
    host = f"{api_url}: "
    if answer.status == 200 and answer.receipt is not None:
        return [Finding("cloud", State.OK, host + "reachable."), Finding("edge key", State.OK, "accepted.")]
    if answer.status in (401, 403):
        cure = "Make a new key for this store in the dashboard, then: wink-edge credentials set edge-key."
        return [Finding("cloud", State.OK, host + "reachable."), Finding("edge key", State.BROKEN, "refused.", cure)]
    if answer.status in (429, 503):
        return [Finding("cloud", State.WARNING, host + answer.words, "Events wait meanwhile; look again in a minute.")]
    cure = "Check the address, the network and its proxy. Counting goes on without the cloud."
    return [Finding("cloud", State.BROKEN, host + answer.words, cure)]


def judge_clock(offset_s: float | None) -> Finding:
    """This machine's clock against the cloud's; positive: ours is behind."""
    if offset_s is None:
        return Finding("clock", State.WARNING, "could not be compared.", "Look again when the cloud answers.")
    words = f"{abs(offset_s):.0f} s {'behind' if offset_s > 0 else 'ahead of'} the cloud's."
    cure = "Let the system set its clock by itself (network time)."
    if abs(offset_s) > CLOCK_WRONG_S:
        return Finding("clock", State.BROKEN, words, cure)
    if abs(offset_s) > CLOCK_SLACK_S:
        return Finding("clock", State.WARNING, words, cure)
    return Finding("clock", State.OK, words)


def judge_model(spec: ModelSpec, *, entry: ModelEntry | None, sha256: str) -> Finding:
    """The file of the model in use.

    Args:
        entry: as which it was registered; None: it was not.
        sha256: as ``sha256_of_model`` gives it.
    """
    if entry is None:
        return Finding("model", State.OK, f"{spec.name} ({spec.path}); not registered, so its hash is not known.")
    if not is_registered_file(entry, sha256=sha256):
        again = f"pull {spec.name}" if entry.urls else f"add FILE --name {spec.name}"
        cure = f"Get it again: wink-edge models {again}. Or use another one: wink-edge models use NAME."
        return Finding(
            "model", State.BROKEN, f"{spec.path} is not the file that was registered (its hash differs).", cure
        )
    return Finding("model", State.OK, f"{spec.name}, its hash is right.")


def judge_detector(test: RuntimeTest, *, wanted_fps: float, cameras: int) -> Finding:
    """Whether this machine keeps up with its cameras.

    Args:
        wanted_fps: looks a second, of all cameras together; 0 where the configuration is not known.
    """
    rate, runtime = test.rates[max(test.rates)], test.runtime
    speeds = ", ".join(f"{r:.0f} pictures a second at {side} pixels" for side, r in sorted(test.rates.items()))
    words = f"{runtime.device} in {runtime.precision}, {runtime.streams} at once: {speeds}."
    if not wanted_fps:
        return Finding(
            "detector", State.OK, f"{words} Enough for {rate / USUAL_FPS:.0f} cameras at {USUAL_FPS:.0f} looks."
        )
    words = f"{words} {cameras} cameras ask for {wanted_fps:.0f}: {wanted_fps / rate:.0%} of that."
    if wanted_fps > rate:
        cure = "All cameras are looked at less often. Lower their fps, or give this computer fewer of them."
        return Finding("detector", State.WARNING, words, cure)
    return Finding("detector", State.OK, words)


def _span(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, name in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"

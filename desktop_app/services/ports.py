"""The seams of the edge: what services and workers ask of the outside, by role.

SourceError                 a source cannot be opened or read; the message is for the owner
  SourceUnreachable         no route, refused, name unknown
  SourceTimeout             no answer within the time allowed
  SourceAuthError           the camera refuses user or password
  SourceNotFound            the camera answers, but not at this path; the file is missing
  SourceUnreadable          packets or a file, but no picture can be made of them
  SourceEnded               the stream or file is over
DetectorError               a model cannot be loaded or run
OutboxError                 the buffer cannot take an event now
HistoryError                what is kept of the past cannot be read
CredentialError             the place where secrets are kept cannot be used
  NoCredentialPlace         there is none on this machine
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from desktop_app.domain.detections import Detections
from desktop_app.domain.explanation import Explanation
from desktop_app.domain.trajectory import TrackRecord
from shared_models.cameras import Rotation
from shared_models.events import Event, EventDraft
from shared_models.geometry import Size
from shared_models.sync import BatchReceipt
from shared_models.zones import Zone

BgrImage = NDArray[np.uint8]
"""(H, W, 3) uint8, blue-green-red."""


class SourceError(Exception):
    """A camera cannot be seen. ``str(error)`` is a sentence an owner understands, without any secret."""


class SourceUnreachable(SourceError):
    """Nothing answers at the address."""


class SourceTimeout(SourceError):
    """The camera did not answer in time."""


class SourceAuthError(SourceError):
    """The camera refuses this user or password. Retried rarely: cameras lock accounts."""


class SourceNotFound(SourceError):
    """There is no such stream, device or file."""


class SourceUnreadable(SourceError):
    """Something arrives, but no picture can be made of it."""


class SourceEnded(SourceError):
    """The stream or file is over."""


class DetectorError(Exception):
    """A model cannot be loaded or run. The message says what to do."""


class OutboxError(Exception):
    """The buffer cannot take events now (a full disk, a broken file). The message says what to do."""


class HistoryError(Exception):
    """What is kept of the past cannot be read. The message says what to do."""


class CredentialError(Exception):
    """The place where secrets are kept cannot be used. The message says what to do, and holds no secret."""


class NoCredentialPlace(CredentialError):
    """This machine has no such place."""


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """One frame as it came from a source. Colour conversion waits until somebody calls ``bgr``.

    Attributes:
        index: from 0, counts the frames of this opening of the source.
        captured_at: UTC moment of capture.
        at_s: monotonic seconds of capture (or the file's own time base); decides every duration.
        size_wh: pixels of the full frame.
        fingerprint: of sources whose living picture is never twice the same (a sensor has noise): a number that differs
            between different pictures, or None when it can be told no more. Drawn stores, films and pictures have none:
            a still scene is no sign of trouble there.
    """

    index: int
    captured_at: datetime
    at_s: float
    size_wh: Size
    convert: Callable[[], BgrImage]
    fingerprint: Callable[[], int | None] | None = None

    def bgr(self) -> BgrImage:
        """The picture. Adapters cache the conversion; callers must not write into the array."""
        return self.convert()


class VideoSource(Protocol):
    """A camera, file or virtual store. Used by one thread at a time; ``close`` may come from another."""

    def open(self) -> Size:
        """Connect, and tell the frame size in pixels (width, height).

        Raises:
            SourceError: by its subclass, why not.
        """

    def read(self) -> CapturedFrame:
        """Wait for the next frame.

        Raises:
            SourceEnded: there will be none.
            SourceError: the stream broke; the source must be closed and opened again.
        """

    def close(self) -> None:
        """Let go of everything. May be called twice, and from another thread: what waits there ends soon."""


class Detector(Protocol):
    """Finds people in pictures."""

    @property
    def name(self) -> str:
        """The model's name, for events, audits and the doctor."""

    @property
    def side_by_side(self) -> int:
        """How many pictures one call should bring: as many as the device works on at once."""

    @property
    def input_sides(self) -> Sequence[int]:
        """Longer sides that the network's input can have, the smallest first; one or none: it has only its own."""

    def detect(self, frames: Sequence[BgrImage], *, long_sides: Sequence[int] = ()) -> list[Detections]:
        """Detect in each frame; boxes in pixels of that frame.

        Args:
            long_sides: for each frame the longer side of the network's input, of ``input_sides``; empty: its own.

        Raises:
            DetectorError: the model failed.
        """

    def close(self) -> None:
        """Free the device."""


class EventSink(Protocol):
    """Where decided events go: before anything else sees them, and together with the counters."""

    def append(self, drafts: Sequence[EventDraft], *, counters: Mapping[str, str]) -> list[Event]:
        """Stamp ``drafts`` with id and seq and commit them with ``counters`` (key -> JSON) in one transaction.

        Returns when they are durable. With no drafts only the counters are written.

        Raises:
            OutboxError: nothing was written.
        """

    def load_counters(self) -> dict[str, str]:
        """The counters as last committed."""


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event the cloud has not accepted yet; ``body`` is its JSON."""

    seq: int
    event_id: str
    body: str


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """How full the outbox is.

    Attributes:
        oldest_at: when the oldest pending event occurred.
        last_seq: of the newest event ever stored.
    """

    pending: int
    dead_letters: int
    oldest_at: datetime | None
    last_seq: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event the cloud refused, with its reason."""

    seq: int
    event_id: str
    body: str
    reason: str


class Outbox(EventSink, Protocol):
    """Events until the cloud has them, and for a while after."""

    def claim(self, *, limit: int, max_bytes: int, since: datetime | None = None) -> list[PendingEvent]:
        """The oldest pending events, or the oldest that occurred at or after ``since``. Nothing is marked by it.

        Events of a recount come together with its ``zone_recounted``, whole, and never by ``since``.
        """

    def settle(self, *, accepted: Sequence[str], rejected: Mapping[str, str]) -> None:
        """Mark events (by event_id) as accepted, or as dead letters with a reason."""

    def depth(self) -> OutboxDepth:
        """How full it is."""

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """The newest refused events."""

    def dead_letter_seqs(self, *, above: int, limit: int) -> list[int]:
        """Sequence numbers of refused and of void events, the lowest first: the cloud shall not wait for them."""

    def retry_dead_letters(self) -> int:
        """Make all dead letters pending again; tells how many."""

    def prune(self, *, before: datetime, is_alone: bool = False) -> int:
        """Forget accepted events that occurred before; tells how many.

        Args:
            is_alone: no cloud waits for them: forget those too that nobody ever accepted.
        """


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far one run of the rules is written down.

    Attributes:
        run_at: UTC moment of its first frame; names it, together with the camera.
        zones: in force while it ran.
        complete_until: everybody seen before this moment is among the paths that were handed in. It lies behind
            ``last_at`` once the run is over.
        last_at_s, last_at: its newest frame, by its own time base and in UTC.
        rotation: how the camera's picture is turned.
    """

    camera_id: str
    run_at: datetime
    frame_wh: Size
    zones: tuple[Zone, ...]
    complete_until: datetime
    last_at_s: float
    last_at: datetime
    rotation: Rotation = 0


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """What one camera hands in at a time."""

    progress: RunProgress
    explanations: tuple[Explanation, ...] = ()
    paths: tuple[TrackRecord, ...] = ()


class History(Protocol):
    """What is kept of the past beside the events: explanations and foot paths. Lossy; the outbox is not."""

    def put(self, page: HistoryPage) -> None:
        """Take a page. Returns at once and never raises: what cannot be kept is dropped, and known to be missing."""


@dataclass(frozen=True, slots=True)
class CloudAnswer:
    """What became of one upload.

    Attributes:
        status: HTTP status; 0 where no answer of the cloud's own came.
        receipt: the cloud's receipt, of a 200.
        retry_after_s: how long the cloud asks to be left alone.
        words: for logs and screens, without any secret.
    """

    status: int
    receipt: BatchReceipt | None = None
    retry_after_s: float | None = None
    words: str = ""


class Cloud(Protocol):
    """The transport to the cloud: one method wide."""

    def send(self, payload: bytes) -> CloudAnswer:
        """Upload a batch (JSON of an EventBatch). Never raises for a failing network: that is an answer too."""

    def close(self) -> None:
        """Let go of connections; a request under way ends."""


EDGE_KEY_NAME = "edge-key"
"""The name under which a CredentialStore keeps the edge key of this store."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret with the user name that belongs to it, if any. ``repr`` hides the secret."""

    secret: SecretStr
    user: str = ""


class CredentialStore(Protocol):
    """Where passwords of cameras and the edge key are kept, by name. All methods may raise CredentialError."""

    @property
    def place(self) -> str:
        """Where they are kept, in words."""

    def get(self, name: str) -> Credential | None:
        """The credential of this name, or None."""

    def put(self, name: str, credential: Credential) -> None:
        """Keep a credential, in the stead of an older one of this name."""

    def remove(self, name: str) -> bool:
        """Forget one; tells whether it was there."""

    def users(self) -> dict[str, str]:
        """All names with their user names."""

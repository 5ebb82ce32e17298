"""Finding cameras: what was found, and the port that looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that could be added.

    Attributes:
        name: as the camera calls itself, or its address.
        address: where its pictures are, or a first guess that its owner completes.
        is_guess: the path of the stream is not known yet.
        model: maker's hardware name, or empty.
        service: address of its ONVIF device service, which can be asked for its streams; or empty.
    """

    name: str
    address: str
    is_guess: bool = False
    model: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class CameraStreams:
    """What a camera says of its streams.

    Attributes:
        source: its largest stream; no user, no password.
        substream: a smaller one that is enough for counting, if it has one.
        picture: a JPEG of what it sees, if it gives one.
        clock_offset_s: how far its clock is ahead of this computer's. Events are stamped by the computer, never by it.
    """

    source: str
    substream: str | None = None
    picture: bytes | None = None
    clock_offset_s: float = 0.0


class CameraQuestionError(Exception):
    """A camera did not say where its streams are; the message says why and what to do."""


class CameraDiscovery(Protocol):
    """Looks for cameras. Slow: not for the window's thread."""

    def on_network(self, *, seconds: float, is_cancelled: Callable[[], bool]) -> list[FoundCamera]:
        """Ask the local network (ONVIF WS-Discovery).

        Raises:
            OSError: there is no network to ask.
        """

    def on_usb(self) -> list[FoundCamera]:
        """Cameras plugged into this computer."""

    def streams(self, service: str, *, user: str, password: str, is_cancelled: Callable[[], bool]) -> CameraStreams:
        """Ask a camera that was found where its streams are. Slow.

        Raises:
            CameraQuestionError: it does not say, in words.
        """

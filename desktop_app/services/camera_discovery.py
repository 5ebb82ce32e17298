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
    """

    name: str
    address: str
    is_guess: bool = False
    model: str = ""


class CameraDiscovery(Protocol):
    """Looks for cameras. Slow: not for the window's thread."""

    def on_network(self, *, seconds: float, is_cancelled: Callable[[], bool]) -> list[FoundCamera]:
        """Ask the local network (ONVIF WS-Discovery).

        Raises:
            OSError: there is no network to ask.
        """

    def on_usb(self) -> list[FoundCamera]:
        """Cameras plugged into this computer."""

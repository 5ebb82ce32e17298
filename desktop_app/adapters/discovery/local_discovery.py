"""Network and USB together."""

from __future__ import annotations

from collections.abc import Callable

from desktop_app.adapters.discovery.onvif_device import ask_streams
from desktop_app.adapters.discovery.onvif_probe import ask_network
from desktop_app.adapters.discovery.usb_cameras import list_usb
from desktop_app.services.camera_discovery import CameraStreams, FoundCamera


class LocalDiscovery:
    """Implements ``CameraDiscovery`` on this computer and its network."""

    def on_network(self, *, seconds: float, is_cancelled: Callable[[], bool]) -> list[FoundCamera]:
        return ask_network(seconds=seconds, is_cancelled=is_cancelled)

    def on_usb(self) -> list[FoundCamera]:
        return list_usb()

    def streams(self, service: str, *, user: str, password: str, is_cancelled: Callable[[], bool]) -> CameraStreams:
        return ask_streams(service, user=user, password=password, is_cancelled=is_cancelled)

"""From an address to the source that can open it."""

from __future__ import annotations

from pathlib import Path

from desktop_app.adapters.video.picture_source import PictureSource, is_pictures
from desktop_app.adapters.video.pyav_source import PyAvSource
from desktop_app.services.ports import VideoSource
from shared_models.cameras import SourceAddress, SourceKind
from shared_models.clock import Clock


def make_source(
    address: SourceAddress, *, clock: Clock, realtime: bool = True, loop: bool = False, pictures_fps: float = 5.0
) -> VideoSource:
    """A source for ``address``, closed still.

    Raises:
        ValueError: a virtual-store address with wrong parameters; lists each.
    """
    if address.kind is SourceKind.VIRTUAL_STORE:
        from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource

        return VirtualStoreSource(address, clock=clock, realtime=realtime)
    if address.kind is SourceKind.FILE and is_pictures(path := Path(address.reveal().removeprefix("file://"))):
        return PictureSource(path, fps=pictures_fps, clock=clock)
    return PyAvSource(address, clock=clock, realtime=realtime, loop=loop)

"""From an address to the source that can open it."""

from __future__ import annotations

from pathlib import Path

from desktop_app.adapters.video.picture_source import PictureSource, is_pictures
from desktop_app.adapters.video.pyav_source import PyAvSource
from desktop_app.adapters.video.rotated_source import RotatedSource
from desktop_app.services.ports import VideoSource
from shared_models.cameras import Rotation, SourceAddress, SourceKind
from shared_models.clock import Clock


def make_source(
    address: SourceAddress,
    *,
    clock: Clock,
    realtime: bool = True,
    loop: bool = False,
    pictures_fps: float = 5.0,
    rotation: Rotation = 0,
) -> VideoSource:
    """A source for ``address``, closed still, its picture turned by ``rotation`` degrees clockwise.

    Raises:
        ValueError: a virtual-store address with wrong parameters; lists each.
    """
    plain = _plain_source(address, clock=clock, realtime=realtime, loop=loop, pictures_fps=pictures_fps)
    return RotatedSource(plain, rotation=rotation) if rotation else plain


def _plain_source(
    address: SourceAddress, *, clock: Clock, realtime: bool, loop: bool, pictures_fps: float
) -> VideoSource:
    if address.kind is SourceKind.VIRTUAL_STORE:
        from desktop_app.adapters.video.virtual_store.source import VirtualStoreSource

        return VirtualStoreSource(address, clock=clock, realtime=realtime)
    if address.kind is SourceKind.FILE and is_pictures(path := Path(address.reveal().removeprefix("file://"))):
        return PictureSource(path, fps=pictures_fps, clock=clock)
    return PyAvSource(address, clock=clock, realtime=realtime, loop=loop)

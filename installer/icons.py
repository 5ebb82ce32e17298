"""The product's icon in the forms that systems want, drawn from its one SVG."""

from __future__ import annotations

import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from installer.product import ROOT

SVG = ROOT / "assets" / "icons" / "wink.svg"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICNS_KINDS = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08", 512: b"ic09"}


def png(size: int) -> bytes:
    """The icon as a square PNG of ``size`` pixels."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(SVG.read_bytes())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def write_ico(path: Path) -> None:
    """Windows: a folder of PNGs of up to 256 pixels."""
    pictures = [(size, png(size)) for size in SIZES if size <= 256]
    offset = 6 + 16 * len(pictures)
    head, body = struct.pack("<3H", 0, 1, len(pictures)), b""
    for size, data in pictures:
        head += struct.pack("<4B2H2I", size % 256, size % 256, 0, 0, 1, 32, len(data), offset + len(body))
        body += data
    path.write_bytes(head + body)


def write_icns(path: Path) -> None:
    """macOS: kinds by size, each with its length in front."""
    body = b""
    for size, kind in ICNS_KINDS.items():
        data = png(size)
        body += kind + struct.pack(">I", len(data) + 8) + data
    path.write_bytes(b"icns" + struct.pack(">I", len(body) + 8) + body)

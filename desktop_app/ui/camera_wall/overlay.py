"""Drawing one camera's view: picture, zones, people, figures. Functions of painter, view and options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPen, QPolygonF

from desktop_app.domain.zone_engine import ZoneCount
from desktop_app.services.live_view import LiveView
from desktop_app.services.ports import BgrImage
from shared_models.geometry import Point
from shared_models.zones import LineZone, PolygonZone, Zone, ZonePurpose

LINE_COLOUR, AREA_COLOUR, PERSON_COLOUR = QColor("#ffc857"), QColor("#4fc0b2"), QColor("#ffffff")
FURNITURE_COLOUR = QColor("#ff7a5c")
PURPOSE_COLOURS = {
    ZonePurpose.AREA: AREA_COLOUR,
    ZonePurpose.SHELF: QColor("#c792ea"),
    ZonePurpose.QUEUE: QColor("#7fb2ff"),
    ZonePurpose.IGNORE: QColor("#9aa6a1"),
}
TRAIL_COLOUR = QColor(143, 224, 213, 170)
CHIP_COLOUR = QColor(16, 22, 20, 190)
SMALL_PX = 220
"""A picture that is less high than this is one of many: what is written on it is smaller and stands nearer to its edge."""
ARROW_FULL_PX = 300
FIGURES_SHARE, FIGURES_WIDTH = 0.25, 0.66
_translate = QCoreApplication.translate
PIXELS_ACROSS = 7
"""A person is shown as this many squares across when pictures are made unrecognisable."""


@dataclass(frozen=True, slots=True)
class OverlayOptions:
    """What is drawn over the picture. ``privacy``: people are pixelated."""

    boxes: bool = True
    trails: bool = False
    heat: bool = False
    zones: bool = True
    figures: bool = True
    privacy: bool = False


def picture_of(view: LiveView, *, privacy: bool) -> QImage:
    """The frame as an image Qt paints cheaply (RGB32), people pixelated if asked for."""
    bgr = view.frame.bgr()
    if privacy:
        bgr = pixelated(bgr, view.tracked.xyxy.tolist())
    return image_of(bgr)


def image_of(bgr: BgrImage) -> QImage:
    """An image that owns its pixels, in the form that Qt paints cheapest (RGB32)."""
    height, width = bgr.shape[:2]
    pixels = np.ascontiguousarray(bgr)
    # Qt's own conversion is several times as fast as numpy's into every fourth byte.
    return QImage(pixels.data, width, height, width * 3, QImage.Format.Format_BGR888).convertToFormat(
        QImage.Format.Format_RGB32
    )


def pixelated(bgr: BgrImage, boxes: list[list[float]]) -> BgrImage:
    """A copy in which each box is a few flat squares."""
    out = bgr.copy()
    height, width = out.shape[:2]
    for left, top, right, bottom in boxes:
        x1, y1 = max(0, int(left)), max(0, int(top))
        x2, y2 = min(width, int(right) + 1), min(height, int(bottom) + 1)
        if x2 - x1 < 2 or y2 - y1 < 2:
            continue
        step = max(4, (x2 - x1) // PIXELS_ACROSS)
        for y in range(y1, y2, step):
            for x in range(x1, x2, step):
                part = out[y : min(y + step, y2), x : min(x + step, x2)]
                part[:] = part.mean(axis=(0, 1)).astype(np.uint8)
    return out


def fitted(size_wh: tuple[int, int], into: QRectF) -> QRectF:
    """Where a picture of this shape lies centred in a rectangle, whole."""
    scale = min(into.width() / size_wh[0], into.height() / size_wh[1])
    width, height = size_wh[0] * scale, size_wh[1] * scale
    return QRectF(into.center().x() - width / 2, into.center().y() - height / 2, width, height)


def draw_view(
    painter: QPainter,
    view: LiveView,
    image: QImage,
    area: QRectF,
    options: OverlayOptions,
    trails: Iterable[Sequence[Point]] = (),
    heat: QImage | None = None,
) -> None:
    """Paint a view into ``area``; ``trails`` are feet, normalised, oldest first; ``heat`` is laid over the picture."""
    target = fitted(view.frame.size_wh, area)
    painter.drawImage(target, image)
    if options.heat and heat is not None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, heat)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if options.zones:
        for zone in view.zones:
            draw_zone(painter, zone, target)
    if options.trails:
        draw_trails(painter, trails, target)
    if options.boxes:
        _draw_people(painter, view, target)
    if options.figures:
        _draw_figures(painter, view.counts, target)


def heat_image(person_s: NDArray[np.float32]) -> QImage | None:
    """A grid of person-seconds (rows, columns) as a small transparent picture; None while nobody stood anywhere."""
    top = float(person_s.max(initial=0.0))
    if top <= 0.0:
        return None
    # The root: a till where somebody stands all day would make everything else invisible.
    share = np.sqrt(person_s / top)
    rows, columns = person_s.shape
    argb = np.zeros((rows, columns, 4), np.uint8)
    argb[..., 0] = (60 * (1 - share)).astype(np.uint8)
    argb[..., 1] = (200 * (1 - share) + 40).astype(np.uint8)
    argb[..., 2] = 255
    argb[..., 3] = (190 * share).astype(np.uint8)
    return QImage(argb.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32).copy()


def draw_trails(painter: QPainter, trails: Iterable[Sequence[Point]], target: QRectF) -> None:
    """Where feet went, as thin lines."""
    painter.setPen(QPen(TRAIL_COLOUR, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    for trail in trails:
        painter.drawPolyline(
            QPolygonF([QPointF(target.x() + x * target.width(), target.y() + y * target.height()) for x, y in trail])
        )


def draw_furniture(
    painter: QPainter, areas: Sequence[Sequence[Point]], size_wh: tuple[int, int], target: QRectF
) -> None:
    """Around what never moves, in pixels of a picture of this size: what the owner is asked about."""
    painter.setPen(QPen(FURNITURE_COLOUR, 2.4, Qt.PenStyle.DashLine))
    for area in areas:
        points = [
            QPointF(target.x() + x / size_wh[0] * target.width(), target.y() + y / size_wh[1] * target.height())
            for x, y in area
        ]
        painter.drawPolygon(QPolygonF(points))
        top = min(points, key=lambda point: point.y())
        painter.drawText(top + QPointF(4, -5), "?")


def draw_zone(painter: QPainter, zone: Zone, target: QRectF) -> None:
    """One zone over a picture that lies at ``target``."""
    points = [QPointF(target.x() + x * target.width(), target.y() + y * target.height()) for x, y in zone.points]
    if isinstance(zone, LineZone):
        scale = min(1.0, max(0.5, target.height() / ARROW_FULL_PX))
        painter.setPen(QPen(LINE_COLOUR, 3 * scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPolyline(QPolygonF(points))
        _draw_arrow(painter, points[0], points[-1], scale=scale)
        return
    colour = zone_colour(zone)
    fill = QColor(colour)
    fill.setAlpha(36)
    painter.setPen(QPen(colour, 2))
    painter.setBrush(fill)
    painter.drawPolygon(QPolygonF(points))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def zone_colour(zone: Zone) -> QColor:
    """A zone's colour, by what it is for."""
    return PURPOSE_COLOURS[zone.purpose] if isinstance(zone, PolygonZone) else LINE_COLOUR


def _draw_arrow(painter: QPainter, start: QPointF, end: QPointF, *, scale: float) -> None:
    """From the middle of the line to its in side: to the right of the drawing direction, as seen on the screen."""
    middle, along = (start + end) / 2, end - start
    length = max(1.0, (along.x() ** 2 + along.y() ** 2) ** 0.5)
    right = QPointF(-along.y() / length, along.x() / length)
    tip, side = middle + right * 22 * scale, QPointF(along.x() / length, along.y() / length) * 6 * scale
    painter.drawLine(middle, tip)
    painter.setBrush(LINE_COLOUR)
    painter.drawPolygon(QPolygonF([tip + right * 6 * scale, tip + side, tip - side]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _draw_people(painter: QPainter, view: LiveView, target: QRectF) -> None:
    scale = target.width() / view.frame.size_wh[0]
    for (left, top, right, bottom), sure in zip(view.tracked.xyxy.tolist(), view.tracked.is_confirmed, strict=True):
        colour = QColor(PERSON_COLOUR)
        colour.setAlpha(230 if sure else 90)
        painter.setPen(QPen(colour, 1.6))
        box = QRectF(left, top, right - left, bottom - top)
        painter.drawRoundedRect(
            QRectF(
                target.x() + box.x() * scale, target.y() + box.y() * scale, box.width() * scale, box.height() * scale
            ),
            4,
            4,
        )


def _draw_figures(painter: QPainter, counts: tuple[ZoneCount, ...], target: QRectF) -> None:
    """Figures take at most a quarter of the picture's height and two thirds of its width: people are behind them."""
    font = QFont(painter.font())
    font.setPixelSize(max(10, min(15, int(target.height() / 20))))
    font.setBold(False)
    painter.setFont(font)
    if not counts:
        return
    metrics, pad = painter.fontMetrics(), 4 if target.height() < SMALL_PX else 8
    room = max(1, int(target.height() * FIGURES_SHARE - pad) // metrics.height())
    widest = target.width() * FIGURES_WIDTH
    more = f"  +{len(counts) - room}" if len(counts) > room else ""
    lines = [_figure_line(count, metrics, widest - metrics.horizontalAdvance(more)) for count in counts[:room]]
    lines[-1] += more
    width = max(metrics.horizontalAdvance(line) for line in lines) + 2 * pad
    height = metrics.height() * len(lines) + pad
    chip = QRectF(target.right() - width - pad, target.bottom() - height - pad, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(CHIP_COLOUR)
    painter.drawRoundedRect(chip, 5, 5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor("#f2f5f3"))
    painter.drawText(chip.adjusted(pad, pad / 2, 0, 0), Qt.AlignmentFlag.AlignLeft, "\n".join(lines))


def _figure_line(count: ZoneCount, metrics: QFontMetrics, widest: float) -> str:
    """One zone's figures; of a long name only its beginning, never less of the numbers."""
    numbers = _numbers(count)
    room = widest - metrics.horizontalAdvance(f": {numbers}")
    return f"{metrics.elidedText(count.label, Qt.TextElideMode.ElideRight, max(0, int(room)))}: {numbers}"


def figure_words(count: ZoneCount) -> str:
    """One zone's figures today."""
    return f"{count.label}: {_numbers(count)}"


def _numbers(count: ZoneCount) -> str:
    if count.is_line:
        return _translate("Figures", "{i} in, {o} out").format(i=count.in_count, o=count.out_count)
    return _translate("Figures", "{n} now, {m} stays").format(n=count.inside, m=count.presences)

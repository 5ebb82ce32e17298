"""A drawing of one person's way: the zones, the feet from pale to strong, and the moment of the decision."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.services.stories import Step, Way
from desktop_app.ui.camera_wall.overlay import draw_zone, fitted, zone_colour
from shared_models.geometry import Size
from shared_models.zones import Zone

GROUND, GRID, DIM = QColor("#161b19"), QColor(255, 255, 255, 18), QColor(14, 18, 16, 150)
BEFORE, AFTER, MARK = QColor("#8fe0d5"), QColor("#ffffff"), QColor("#ff7a5c")
USUAL_WH: Size = (640, 360)
LABEL_PX = 12


class WayView(QWidget):
    """Paints a ``Way``, over a dimmed still where there is one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._way = Way((), None, ())
        self._zone_id: str | None = None
        self._still: QImage | None = None
        self.setMinimumSize(240, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("The way this person went"))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(560, 330)

    @property
    def way(self) -> Way:
        """What is drawn."""
        return self._way

    def show_way(self, way: Way, *, zone_id: str | None, still: QImage | None = None) -> None:
        """Draw ``way``; the zone that it is about is drawn strongly, or all if none is named.

        Args:
            still: a picture of the camera, if there is one of the same shape.
        """
        self._way, self._zone_id = way, zone_id
        self._still = still
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = self._way.frame_wh or (self._still.size().toTuple() if self._still is not None else USUAL_WH)
        target = fitted((int(size[0]), int(size[1])), QRectF(self.rect()))
        painter.setClipRect(target)
        self._ground(painter, target)
        for zone in self._way.zones:
            is_meant = self._zone_id in (None, zone.zone_id)
            painter.setOpacity(1.0 if is_meant else 0.35)
            draw_zone(painter, zone, target)
            if is_meant:
                self._name(painter, zone, target)
        painter.setOpacity(1.0)
        self._feet(painter, target)
        if self._way.words:
            painter.setPen(QColor("#e8ece9"))
            painter.drawText(
                target.adjusted(16, 10, -16, -10), int(_CENTRED | Qt.TextFlag.TextWordWrap), self._way.words
            )
        painter.end()

    def _ground(self, painter: QPainter, target: QRectF) -> None:
        painter.fillRect(target, GROUND)
        if self._still is not None:
            painter.drawImage(target, self._still)
            painter.fillRect(target, DIM)
            return
        painter.setPen(QPen(GRID, 1))
        for part in range(1, 8):
            x, y = target.x() + target.width() * part / 8, target.y() + target.height() * part / 8
            painter.drawLine(QPointF(x, target.top()), QPointF(x, target.bottom()))
            painter.drawLine(QPointF(target.left(), y), QPointF(target.right(), y))

    def _feet(self, painter: QPainter, target: QRectF) -> None:
        steps = self._way.steps
        if not steps:
            return
        for n, (a, b) in enumerate(pairwise(steps), start=1):
            colour = QColor(BEFORE if b.from_decision_s <= 0 else AFTER)
            colour.setAlphaF(0.35 + 0.65 * n / len(steps))
            painter.setPen(QPen(colour, 2.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(_at(a, target), _at(b, target))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(255, 255, 255, 210))
        for step in steps:
            painter.drawEllipse(_at(step, target), 1.8, 1.8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _head(painter, _at(steps[-2], target) if len(steps) > 1 else _at(steps[-1], target), _at(steps[-1], target))
        self._decision(painter, target, min(steps, key=lambda step: abs(step.from_decision_s)))
        _label(painter, _at(steps[0], target), self.tr("from here"))

    def _decision(self, painter: QPainter, target: QRectF, step: Step) -> None:
        """A ring where it was decided, and how tall this person stood there."""
        feet, height = _at(step, target), step.height * target.height()
        painter.setPen(QPen(MARK, 1.4, Qt.PenStyle.DotLine))
        painter.drawRoundedRect(QRectF(feet.x() - height * 0.19, feet.y() - height, height * 0.38, height), 6, 6)
        painter.setPen(QPen(MARK, 2.4))
        painter.drawEllipse(feet, 7, 7)

    def _name(self, painter: QPainter, zone: Zone, target: QRectF) -> None:
        x, y = zone.points[0]
        at = QPointF(target.x() + x * target.width(), target.y() + y * target.height())
        _label(painter, at, zone.label, colour=zone_colour(zone))


_CENTRED = Qt.AlignmentFlag.AlignCenter


def _at(step: Step, target: QRectF) -> QPointF:
    return QPointF(target.x() + step.x * target.width(), target.y() + step.y * target.height())


def _head(painter: QPainter, before: QPointF, tip: QPointF) -> None:
    along = tip - before
    length = (along.x() ** 2 + along.y() ** 2) ** 0.5
    if length < 0.5:
        return
    ahead = along / length
    side = QPointF(-ahead.y(), ahead.x()) * 6
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(AFTER)
    painter.drawPolygon(QPolygonF([tip + ahead * 9, tip + side, tip - side]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _label(painter: QPainter, at: QPointF, words: str, *, colour: QColor | None = None) -> None:
    font = painter.font()
    font.setPixelSize(LABEL_PX)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    box = QRectF(at.x() + 8, at.y() - metrics.height() - 6, metrics.horizontalAdvance(words) + 10, metrics.height() + 2)
    room = painter.clipBoundingRect()
    box.moveLeft(min(max(box.left(), room.left() + 2), room.right() - box.width() - 2))
    box.moveTop(min(max(box.top(), room.top() + 2), room.bottom() - box.height() - 2))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(16, 22, 20, 200))
    painter.drawRoundedRect(box, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(colour or QColor("#f2f5f3"))
    painter.drawText(box, int(_CENTRED), words)

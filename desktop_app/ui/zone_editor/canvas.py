"""The picture with zones over it: a projection of the editing's values; hands pointer and keys to the tool."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)  # fmt: skip
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView, QStyleOptionGraphicsItem, QWidget

from desktop_app.services.live_view import LiveView
from desktop_app.services.recent_tracks import FootPath
from desktop_app.ui.actions import QT_TRANSLATE_NOOP
from desktop_app.ui.camera_wall.overlay import (
    LINE_COLOUR,
    PERSON_COLOUR,
    TRAIL_COLOUR,
    draw_furniture,
    picture_of,
    zone_colour,
)
from desktop_app.ui.key_rows import Key, KeyRow, pressed
from desktop_app.ui.zone_editor.draft import ShapeKind
from desktop_app.ui.zone_editor.editing import ZoneEditing
from desktop_app.ui.zone_editor.tool import Pointer, Tool
from desktop_app.ui.zone_editor.tools import TOOLS, Mode
from shared_models.geometry import Point, Size
from shared_models.zones import LineZone, Zone

TOLERANCE_PX = 9.0
HANDLE_PX = 5.5
ARROW_PX = 30.0
NAME_PX = 160.0
MAX_ZOOM = 12.0
OWN_KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_Space, Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
NO_FRAME: Size = (1280, 720)


class _Layer(QGraphicsItem):
    """An item over the whole picture."""

    def __init__(self, canvas: ZoneCanvas) -> None:
        super().__init__()
        self.canvas = canvas

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        width, height = self.canvas.frame_wh
        return QRectF(-60, -60, width + 120, height + 120)

    def pen(self, colour: QColor, width: float, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """As wide at every zoom; ``width`` is in the pixels of the page, of which a sharp screen has several."""
        dots = width * self.canvas.devicePixelRatioF()
        pen = QPen(colour, dots, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        pen.setCosmetic(True)
        return pen

    def px(self, points: Sequence[Point]) -> list[QPointF]:
        """Normalised points in pixels of the picture."""
        width, height = self.canvas.frame_wh
        return [QPointF(x * width, y * height) for x, y in points]


class _PictureLayer(_Layer):
    """The live picture, people, and where feet went."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        del option, widget
        canvas = self.canvas
        width, height = canvas.frame_wh
        frame = QRectF(0, 0, width, height)
        painter.fillRect(frame, QColor("#161b19"))
        if canvas.image is not None:
            painter.drawImage(frame, canvas.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if canvas.show_trails:
            painter.setPen(self.pen(TRAIL_COLOUR, 1.2))
            for path in canvas.paths:
                painter.drawPolyline(QPolygonF(self.px(path.points)))
        draw_furniture(painter, canvas.furniture, canvas.frame_wh, frame)
        if canvas.view is not None:
            painter.setPen(self.pen(QColor(255, 255, 255, 190), 1.4))
            for left, top, right, bottom in canvas.view.tracked.xyxy.tolist():
                painter.drawRect(QRectF(left, top, right - left, bottom - top))
                painter.setBrush(PERSON_COLOUR)
                painter.drawEllipse(QPointF((left + right) / 2, bottom), 2.5, 1.6)
                painter.setBrush(Qt.BrushStyle.NoBrush)


class _ZoneLayer(_Layer):
    """What is drawn, and what is being drawn."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        del option, widget
        editing = self.canvas.editing
        if editing is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for zone in editing.shown.zones:
            self._zone(painter, zone, is_selected=zone.zone_id == editing.selection.zone_id)
        if editing.draft is not None:
            self._draft(painter)

    def _zone(self, painter: QPainter, zone: Zone, *, is_selected: bool) -> None:
        points, colour = self.px(zone.points), zone_colour(zone)
        painter.setPen(self.pen(colour, 3.4 if is_selected else 2.4))
        if isinstance(zone, LineZone):
            painter.drawPolyline(QPolygonF(points))
            self.arrow(painter, points, colour)
        else:
            fill = QColor(colour)
            fill.setAlpha(70 if is_selected else 38)
            painter.setBrush(fill)
            painter.drawPolygon(QPolygonF(points))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        if is_selected:
            self._handles(painter, points, colour)
        self._name(painter, zone, points, is_selected=is_selected)

    def _handles(self, painter: QPainter, points: Sequence[QPointF], colour: QColor) -> None:
        editing = self.canvas.editing
        chosen = editing.selection.vertex if editing is not None else None
        radius = HANDLE_PX / self.canvas.zoom
        painter.setPen(self.pen(QColor("#10201d"), 1.2))
        for index, point in enumerate(points):
            painter.setBrush(QColor("#ffffff") if index == chosen else colour)
            size = radius * (1.5 if index == chosen else 1.0)
            painter.drawEllipse(point, size, size)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def arrow(self, painter: QPainter, points: Sequence[QPointF], colour: QColor) -> None:
        """From the middle of the line's longest part to its in side."""
        if len(points) < 2:
            return
        start, end = max(pairwise(points), key=lambda pair: _length(pair[1] - pair[0]))
        middle, along = (start + end) / 2, end - start
        length = max(1.0, _length(along))
        right, ahead = QPointF(-along.y(), along.x()) / length, along / length
        unit = 1.0 / self.canvas.zoom
        tip = middle + right * ARROW_PX * unit
        painter.drawLine(middle, tip)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([tip + right * 9 * unit, tip + ahead * 7 * unit, tip - ahead * 7 * unit]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._text(painter, tip + right * 22 * unit, self.canvas.tr("in"), is_centred=True)

    def _name(self, painter: QPainter, zone: Zone, points: Sequence[QPointF], *, is_selected: bool) -> None:
        """Of a name that is wider than its zone only the beginning, unless it is the one that is meant."""
        top = min(points, key=lambda p: p.y())
        words = zone.label
        if not is_selected:
            wide = (max(p.x() for p in points) - min(p.x() for p in points)) * self.canvas.zoom
            room = max(NAME_PX if isinstance(zone, LineZone) else 0.0, wide - 18)
            words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(room))
        self._text(painter, top + QPointF(6, -12) / self.canvas.zoom, words, is_centred=False)

    def _text(self, painter: QPainter, at: QPointF, words: str, *, is_centred: bool) -> None:
        """Words of the same size at every zoom."""
        painter.save()
        painter.translate(at)
        painter.scale(1 / self.canvas.zoom, 1 / self.canvas.zoom)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(words) + 10, metrics.height() + 2
        box = QRectF(-width / 2 if is_centred else 0, -height / 2, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(16, 22, 20, 190))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor("#f2f5f3"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.restore()

    def _draft(self, painter: QPainter) -> None:
        editing = self.canvas.editing
        draft = editing.draft if editing is not None else None
        if draft is None or not draft.shown:
            return
        points = self.px(draft.shown)
        painter.setPen(self.pen(LINE_COLOUR, 2.2, Qt.PenStyle.DashLine))
        if draft.kind is ShapeKind.AREA and len(points) > 2:
            painter.drawPolygon(QPolygonF(points))
        else:
            painter.drawPolyline(QPolygonF(points))
        if draft.kind is ShapeKind.LINE and len(points) > 1:
            painter.setPen(self.pen(LINE_COLOUR, 2.0))
            self.arrow(painter, points, LINE_COLOUR)
        radius = HANDLE_PX / self.canvas.zoom
        painter.setPen(self.pen(QColor("#10201d"), 1.0))
        painter.setBrush(LINE_COLOUR)
        for point in points:
            painter.drawEllipse(point, radius, radius)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class ZoneCanvas(QGraphicsView):
    """Picture and zones.

    Signals:
        mode_changed: another tool is in hand; carries its mode.
    """

    mode_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame_wh: Size = NO_FRAME
        self.editing: ZoneEditing | None = None
        self.mode = Mode.SELECT
        self.tool: Tool | None = None
        self.view: LiveView | None = None
        self.image: QImage | None = None
        self.is_privacy_on = False
        self.show_trails = True
        self.paths: Sequence[FootPath] = ()
        self.furniture: Sequence[Sequence[Point]] = ()
        self._is_fitted = True
        self._pan_from: QPointF | None = None
        scene = QGraphicsScene(self)
        self.setScene(scene)
        self._picture, self._zones = _PictureLayer(self), _ZoneLayer(self)
        scene.addItem(self._picture)
        scene.addItem(self._zones)
        self._set_frame(NO_FRAME)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        # Bars would change the room that the picture is fitted into.
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setBackgroundBrush(QColor("#161b19"))
        self.setMinimumSize(320, 200)
        self.setAccessibleName(self.tr("The camera's picture with its zones"))

    @property
    def zoom(self) -> float:
        """Screen pixels per pixel of the picture."""
        return max(1e-6, self.transform().m11())

    def set_editing(self, editing: ZoneEditing | None) -> None:
        """Show and change another camera's zones."""
        if self.tool is not None:
            self.tool.leave()
        if self.editing is not None:
            self.editing.changed.disconnect(self._zones_changed)
            self.editing.draft_changed.disconnect(self._zones_changed)
        self.editing, self.tool, self.view, self.image, self.paths = editing, None, None, None, ()
        if editing is not None:
            editing.changed.connect(self._zones_changed)
            editing.draft_changed.connect(self._zones_changed)
            self._set_frame(editing.frame_wh)
            self.set_mode(self.mode)
        self.viewport().update()

    def set_mode(self, mode: Mode) -> None:
        """Take another tool in hand."""
        if self.tool is not None:
            self.tool.leave()
        self.mode = mode
        self.tool = TOOLS[mode].make(self.editing) if self.editing is not None else None
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag if mode is Mode.PAN else QGraphicsView.DragMode.NoDrag)
        if mode is not Mode.PAN:
            self.viewport().setCursor(TOOLS[mode].cursor)
        self.mode_changed.emit(mode.value)

    def show_view(self, view: LiveView) -> None:
        """A new frame, with those who are in it."""
        if view.frame.size_wh != self.frame_wh:
            self._set_frame(view.frame.size_wh)
        self.view, self.image = view, picture_of(view, privacy=self.is_privacy_on)
        self._picture.update()

    def show_paths(self, paths: Sequence[FootPath]) -> None:
        """Where feet went over the last minutes."""
        self.paths = paths
        self._picture.update()

    def zoom_by(self, factor: float) -> None:
        """Nearer or farther, within limits."""
        wanted = self.zoom * factor
        whole = self._fitting_zoom()
        if wanted <= whole:
            self.zoom_to_fit()
        elif wanted <= MAX_ZOOM * whole:
            self._is_fitted = False
            self.scale(factor, factor)

    def zoom_to_fit(self) -> None:
        """The whole picture."""
        self._is_fitted = True
        self.fitInView(QRectF(0, 0, *self.frame_wh), Qt.AspectRatioMode.KeepAspectRatio)

    # -- Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if self._is_fitted:
            self.zoom_to_fit()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        self.zoom_by(1.0015 ** event.angleDelta().y())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() is Qt.MouseButton.MiddleButton:
            self._pan_from = event.position()
        elif event.button() is Qt.MouseButton.LeftButton and self.tool is not None and self.mode is not Mode.PAN:
            self.tool.press(self._pointer(event))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._pan_from is not None:
            moved = event.position() - self._pan_from
            self._pan_from = event.position()
            self._is_fitted = False
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - int(moved.x()))
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() - int(moved.y()))
        elif self.tool is not None and self.mode is not Mode.PAN:
            self.tool.move(self._pointer(event))
        else:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() is Qt.MouseButton.MiddleButton:
            self._pan_from = None
        elif event.button() is Qt.MouseButton.LeftButton and self.tool is not None and self.mode is not Mode.PAN:
            self.tool.release(self._pointer(event))
        else:
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() is Qt.MouseButton.LeftButton and self.tool is not None and self.mode is not Mode.PAN:
            self.tool.double_click(self._pointer(event))

    def event(self, event: QEvent) -> bool:
        # Space, Backspace and letters are the tool's before they are anybody's shortcut.
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and event.key() in OWN_KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        is_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        key = Key(event.key(), is_shift=is_shift)
        if not (self.tool is not None and self.tool.key(key)) and not pressed(CANVAS_KEYS, self, key):
            super().keyPressEvent(event)

    def lay_down(self) -> bool:
        """Put the tool away; tells whether there was another in hand than the one that selects."""
        if self.mode is Mode.SELECT:
            return False
        self.set_mode(Mode.SELECT)
        return True

    # -- inside

    def _pointer(self, event: QMouseEvent) -> Pointer:
        at = self.mapToScene(event.position().toPoint())
        width, height = self.frame_wh
        return Pointer((at.x() / width, at.y() / height), TOLERANCE_PX / self.zoom)

    def _set_frame(self, frame_wh: Size) -> None:
        self.frame_wh = frame_wh
        if self.editing is not None:
            self.editing.frame_wh = frame_wh
        self._picture.prepareGeometryChange()
        self._zones.prepareGeometryChange()
        self.scene().setSceneRect(QRectF(0, 0, *frame_wh))
        if self._is_fitted:
            self.zoom_to_fit()

    def _fitting_zoom(self) -> float:
        width, height = self.frame_wh
        area = self.viewport().size()
        return min(area.width() / width, area.height() / height)

    def _zones_changed(self) -> None:
        self._zones.update()


def _zoomed(canvas: ZoneCanvas, factor: float) -> bool:
    canvas.zoom_by(factor)
    return True


def _whole(canvas: ZoneCanvas) -> bool:
    canvas.zoom_to_fit()
    return True


CANVAS_KEYS: tuple[KeyRow, ...] = (
    KeyRow(
        (Qt.Key.Key_Plus, Qt.Key.Key_Equal),
        QT_TRANSLATE_NOOP("Keys", "nearer"),
        lambda canvas, _: _zoomed(canvas, 1.25),
        "+",
    ),
    KeyRow((Qt.Key.Key_Minus,), QT_TRANSLATE_NOOP("Keys", "farther"), lambda canvas, _: _zoomed(canvas, 0.8)),
    KeyRow((Qt.Key.Key_0,), QT_TRANSLATE_NOOP("Keys", "the whole picture"), lambda canvas, _: _whole(canvas)),
    KeyRow((Qt.Key.Key_Escape,), QT_TRANSLATE_NOOP("Keys", "lay the tool down"), lambda canvas, _: canvas.lay_down()),
)
"""What keys do over the picture, whatever tool is in hand, where the tool has no use for them."""


def _length(v: QPointF) -> float:
    return float((v.x() ** 2 + v.y() ** 2) ** 0.5)

"""A camera's live picture while it is being set up."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.services.engine_view import CameraCondition
from desktop_app.services.ports import CapturedFrame
from desktop_app.ui.camera_wall.overlay import fitted, image_of
from desktop_app.ui.camera_wall.wall import GROUND
from desktop_app.ui.pieces import Surroundings, said
from desktop_app.workers.background_op import BackgroundOps
from desktop_app.workers.camera_preview import CameraPreview
from shared_models.cameras import Rotation, SourceAddress
from shared_models.geometry import Size

PAINT_EVERY_MS = 80


class PreviewPanel(QWidget):
    """Shows what a source gives, or why it gives nothing.

    Signals:
        seen: the first picture is there.
    """

    seen = Signal()

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around, self._ops = around, ops
        self._preview: CameraPreview | None = None
        self._image: QImage | None = None
        self._idle = self.tr("The camera's picture appears here when you test it.")
        self.words = self._idle
        self.size_wh: Size | None = None
        self.setMinimumSize(280, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._timer = QTimer(self)
        self._timer.setInterval(PAINT_EVERY_MS)
        self._timer.timeout.connect(self._look)

    @property
    def has_picture(self) -> bool:
        """Something was seen since ``start``."""
        return self._image is not None

    def start(self, address: SourceAddress, *, loop: bool, rotation: Rotation = 0) -> None:
        """Look through a source.

        Raises:
            ValueError: the address cannot be one, in words.
        """
        self.stop()
        ports = self._around.desk.ports
        self._preview = CameraPreview(ports.open_source(address, loop, rotation), clock=ports.clock)
        self._preview.start()
        self._timer.start()
        self._say(self.tr("Connecting..."))

    def stop(self, *, words: str = "") -> None:
        """Let go of the camera and say ``words`` in its place; its thread ends in the background."""
        self._timer.stop()
        preview, self._preview = self._preview, None
        self._image, self.size_wh = None, None
        self._say(words or self._idle)
        if preview is not None:
            preview.ask_to_stop()
            if self._ops.start("stop-preview", lambda _: preview.join()) is None:
                preview.join()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self)
        area = QRectF(self.rect())
        painter.fillRect(area, GROUND)
        if self._image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fitted((self._image.width(), self._image.height()), area), self._image)
        else:
            painter.setPen(Qt.GlobalColor.white)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(16, 16, -16, -16), flags, self.words)
        painter.end()

    def _look(self) -> None:
        preview = self._preview
        if preview is None:
            return
        frame = preview.pictures.take()
        state = preview.state
        if frame is not None:
            self._show(frame)
        elif state.condition is CameraCondition.TROUBLE:
            self._image = None
            self._say(said(state.words))

    def _show(self, frame: CapturedFrame) -> None:
        is_first = self._image is None
        self._image = image_of(frame.bgr())
        self.size_wh = frame.size_wh
        self.words = self.tr("It works: {width} x {height} pixels.").format(
            width=frame.size_wh[0], height=frame.size_wh[1]
        )
        self.setAccessibleName(self.words)
        self.update()
        if is_first:
            self.seen.emit()

    def _say(self, words: str) -> None:
        self.words = words
        self.setAccessibleName(words)
        self.update()

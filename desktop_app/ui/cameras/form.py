"""The fields of one camera, a search for cameras, and a test with a live picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from desktop_app.services.camera_discovery import CameraStreams, FoundCamera
from desktop_app.services.input_size import InputSize
from desktop_app.services.secret_store import camera_secret_name
from desktop_app.services.store_document import (
    StoredCamera,
    StoreDocument,
    address_with,
    joined_credentials,
    new_camera_id,
    split_credentials,
)  # fmt: skip
from desktop_app.ui.cameras.preview import PreviewPanel
from desktop_app.ui.pieces import Surroundings, make_button
from desktop_app.workers.background_op import BackgroundOp, BackgroundOps
from shared_models.cameras import SourceAddress, SourceKind

SEARCH_S = 4.0
STORES = ("entrance", "aisle", "queue", "floor")


@dataclass(frozen=True, slots=True)
class CameraInput:
    """A camera as its fields have it, checked. ``secrets``: what has to be kept or forgotten for it."""

    camera: StoredCamera
    address: SourceAddress
    secrets: dict[str, str | None]


class CameraForm(QWidget):
    """Fields on the left, picture on the right.

    Signals:
        edited: a field has another value.
        tested: a picture of this camera was seen.
    """

    edited = Signal()
    tested = Signal()

    def __init__(self, around: Surroundings, ops: BackgroundOps, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._around, self._ops = around, ops
        self._before: StoredCamera | None = None
        self._picked_camera: FoundCamera | None = None
        self._is_asking = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        left = QVBoxLayout()
        left.addLayout(self._make_kind())
        left.addWidget(self._make_found())
        left.addLayout(self._make_fields())
        left.addStretch(1)
        row.addLayout(left, 1)
        right = QVBoxLayout()
        self.preview = PreviewPanel(around, ops, self)
        self.preview.seen.connect(self.tested)
        right.addWidget(self.preview, 1)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        right.addWidget(self.words)
        self.test_button = make_button(self, self.tr("Test"), self.test, icon=around.theme.icons.icon("test"))
        right.addWidget(self.test_button, 0, Qt.AlignmentFlag.AlignLeft)
        row.addLayout(right, 1)
        self._kind_picked()

    def show_camera(self, camera: StoredCamera | None) -> None:
        """Fill the fields from a camera, or empty them for a new one."""
        self._before, self._picked_camera = camera, None
        self.preview.stop()
        kind = SourceAddress(camera.source).kind if camera else SourceKind.RTSP
        shown = SourceKind.RTSP if kind is SourceKind.HTTP else kind
        self.kind.setCurrentIndex(self.kind.findData(shown.value))
        self._kind_picked()
        self.name.setText(camera.name if camera else "")
        self.address.setText(camera.source if camera else "")
        self.substream.setText(camera.substream or "" if camera else "")
        self.rate.setValue(camera.target_fps if camera else 5.0)
        self.loop.setChecked(camera.loop if camera else True)
        self.rotation.setCurrentIndex(self.rotation.findData(camera.rotation if camera else 0))
        self.input_size.setCurrentIndex(self.input_size.findData(camera.input_size if camera else InputSize.AUTOMATIC))
        self.user.setText("")
        self.password.setText("")
        kept = self.tr("kept as it is; type to change") if camera else ""
        self.user.setPlaceholderText(kept)
        self.password.setPlaceholderText(kept)
        self.words.setText("")
        # What is not as usual must be seen.
        is_unusual = camera is not None and bool(
            camera.substream
            or camera.rotation
            or camera.target_fps != 5.0
            or camera.input_size is not InputSize.AUTOMATIC
        )
        self.more.setChecked(is_unusual)

    def read(self, document: StoreDocument) -> CameraInput:
        """The camera as typed.

        Raises:
            ValueError: something is missing or wrong; says what to write.
        """
        typed = self.address.text().strip()
        if not typed:
            raise ValueError(self.tr("Write the camera's address, or pick one that was found."))
        bare, user, password = split_credentials(typed)
        user, password = self.user.text().strip() or user, self.password.text() or password
        name = self.name.text().strip()
        taken = [c.camera_id for c in document.cameras]
        before = self._before
        camera_id = before.camera_id if before else new_camera_id(name or self.kind.currentText(), taken=taken)
        substream, *_ = split_credentials(self.substream.text())
        camera = StoredCamera(
            camera_id=camera_id,
            name=name,
            source=bare,
            substream=substream or None,
            target_fps=self.rate.value(),
            is_enabled=before.is_enabled if before else True,
            loop=self.loop.isChecked() if SourceAddress(bare).kind is SourceKind.FILE else False,
            rotation=self.rotation.currentData(),
            input_size=InputSize(self.input_size.currentData()),
            mounted_at=before.mounted_at if before else None,
        )
        secret = joined_credentials(user, password) if user or password else None
        secrets: dict[str, str | None] = {camera_secret_name(camera_id): secret} if secret else {}
        return CameraInput(camera, address_with(substream or bare, secret), secrets)

    def complete(self, then: Callable[[], object]) -> None:
        """Ask a camera that was found for its streams, unless its address was typed meanwhile; then ``then``."""
        picked = self._picked_camera
        if self._is_asking:
            return
        if picked is None or not picked.service or self.address.text().strip() != picked.address:
            then()
            return
        user, password = self.user.text().strip(), self.password.text()
        discovery = self._around.desk.ports.discovery
        self._is_asking = True
        self.words.setText(self.tr("Asking the camera for its streams..."))

        def told(streams: CameraStreams) -> None:
            self._is_asking = False
            # Somebody has picked or typed something else meanwhile.
            if self._picked_camera is picked and self.address.text().strip() == picked.address:
                self._take_streams(streams)
                then()

        def failed(words: str) -> None:
            self._is_asking = False
            self.words.setText(words)

        self._ops.start(
            "ask-camera",
            lambda op: discovery.streams(
                picked.service, user=user, password=password, is_cancelled=lambda: op.is_cancelled
            ),
            done=told,
            failed=failed,
        )

    def _take_streams(self, streams: CameraStreams) -> None:
        self.words.setText("")
        self._found_words.setText("")
        self.address.setText(streams.source)
        self.substream.setText(streams.substream or "")
        pixmap = QPixmap()
        item = self.found.currentItem()
        if streams.picture and item is not None and pixmap.loadFromData(streams.picture):
            item.setIcon(QIcon(pixmap))
        self.edited.emit()

    def test(self) -> None:
        """Look through the camera as typed; one that was found is asked for its streams first."""
        self.complete(self._test)

    def _test(self) -> None:
        self.words.setText("")
        try:
            typed = self.read(self._around.desk.document)
            needs_secret = self._before is not None and not typed.secrets and bool(typed.address.host)
        except ValueError as error:
            self.words.setText(sentence_of(error))
            return
        if not needs_secret:
            self._look_at(typed.address, typed.camera)
            return
        # The password is kept already: ask for it away from this thread.
        secrets = self._around.desk.ports.secrets
        self._ops.start(
            "read-password",
            lambda _: secrets.get(camera_secret_name(typed.camera.camera_id)),
            done=lambda secret: self._look_at(
                address_with(typed.camera.substream or typed.camera.source, secret), typed.camera
            ),
            failed=self.words.setText,
        )

    def search(self) -> None:
        """Look for cameras on the network."""
        self.search_button.setEnabled(False)
        self._found_words.setText(self.tr("Searching the network..."))
        discovery = self._around.desk.ports.discovery

        def work(op: BackgroundOp) -> list[FoundCamera]:
            return discovery.on_network(seconds=SEARCH_S, is_cancelled=lambda: op.is_cancelled)

        self._ops.start(
            "find-cameras",
            work,
            done=self.show_found,
            failed=lambda words: self._found_words.setText(words),
            finished=lambda: self.search_button.setEnabled(True),
        )

    def show_found(self, cameras: Sequence[FoundCamera]) -> None:
        """Offer these."""
        self.found.clear()
        for camera in cameras:
            words = f"{camera.name}   {camera.address}" if camera.address != camera.name else camera.name
            item = QListWidgetItem(words, self.found)
            item.setData(Qt.ItemDataRole.UserRole, camera)
            item.setToolTip(words)
        self.found.setVisible(bool(cameras))
        none = self.tr("None was found. Cameras answer only in the same network; you can type the address instead.")
        self._found_words.setText("" if cameras else none)

    def stop(self, *, words: str = "") -> None:
        """Let go of the camera; ``words`` stand in its picture's place."""
        self.preview.stop(words=words)

    # -- making

    def _make_kind(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.kind = QComboBox(self)
        self.kind.setAccessibleName(self.tr("Kind of camera"))
        for words, kind in (
            (self.tr("Network camera"), SourceKind.RTSP),
            (self.tr("Camera on USB"), SourceKind.USB),
            (self.tr("Video file"), SourceKind.FILE),
            (self.tr("Virtual store (to try it out)"), SourceKind.VIRTUAL_STORE),
        ):
            self.kind.addItem(words, kind.value)
        self.kind.activated.connect(lambda _: self._kind_changed())
        self.search_button = make_button(
            self, self.tr("Search"), self._search_kind, icon=self._around.theme.icons.icon("search")
        )
        row.addWidget(self.kind, 1)
        row.addWidget(self.search_button)
        return row

    def _make_found(self) -> QWidget:
        holder = QWidget(self)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        self.found = QListWidget(self)
        self.found.setAccessibleName(self.tr("Cameras that were found"))
        self.found.setMaximumHeight(118)
        self.found.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.found.setIconSize(QSize(64, 36))
        self.found.itemActivated.connect(self._picked)
        self.found.itemClicked.connect(self._picked)
        self._found_words = QLabel(self)
        self._found_words.setObjectName("hint")
        self._found_words.setWordWrap(True)
        column.addWidget(self.found)
        column.addWidget(self._found_words)
        holder.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        return holder

    def _make_fields(self) -> QFormLayout:
        self._form = QFormLayout()
        self.name, self.address, self.user = QLineEdit(self), QLineEdit(self), QLineEdit(self)
        self.password, self.substream = QLineEdit(self), QLineEdit(self)
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.name.setPlaceholderText(self.tr("e.g. Front door"))
        self.substream.setPlaceholderText(self.tr("a smaller stream of this camera, if there is one"))
        self.rate = QDoubleSpinBox(self)
        self.rate.setRange(1.0, 15.0)
        self.rate.setDecimals(0)
        self.rate.setValue(5.0)
        self.rotation = QComboBox(self)
        for words, degrees in (
            (self.tr("As it is"), 0), (self.tr("Turn it right (90°)"), 90),
            (self.tr("Upside down (180°)"), 180), (self.tr("Turn it left (270°)"), 270),
        ):  # fmt: skip
            self.rotation.addItem(words, degrees)
        self.rotation.activated.connect(lambda _: self._turned())
        self.input_size = QComboBox(self)
        for words, size in (
            (self.tr("Automatic"), InputSize.AUTOMATIC), (self.tr("Near view (416 pixels, fast)"), InputSize.NEAR),
            (self.tr("Wide view (640 pixels, sure)"), InputSize.WIDE),
        ):  # fmt: skip
            self.input_size.addItem(words, size.value)
        self.loop = QCheckBox(self.tr("Begin again at the end"), self)
        self.more = QCheckBox(self.tr("More settings"), self)
        self.more.toggled.connect(lambda _: self._show_rows())
        rows: tuple[tuple[str, QWidget], ...] = (
            (self.tr("Name"), self.name), (self.tr("Address"), self.address), (self.tr("User"), self.user),
            (self.tr("Password"), self.password), ("", self.loop), ("", self.more), (self.tr("Substream"), self.substream),
            (self.tr("Looks a second"), self.rate), (self.tr("Picture"), self.rotation),
            (self.tr("Input size"), self.input_size),
        )  # fmt: skip
        for words, field in rows:
            if words:
                field.setAccessibleName(words)
            self._form.addRow(words, field)
        for field in (self.name, self.address, self.user, self.password, self.substream):
            field.textEdited.connect(lambda _: self.edited.emit())
        return self._form

    # -- following

    def pick_kind(self, index: int) -> None:
        """Choose a kind of camera, as if its owner had."""
        self.kind.setCurrentIndex(index)
        self._kind_changed()

    def _turned(self) -> None:
        """Show the picture as it would be seen then."""
        if self.preview.has_picture:
            self.test()
        self.edited.emit()

    def _kind_changed(self) -> None:
        self.address.clear()
        self.preview.stop()
        self._kind_picked()
        self.edited.emit()

    def _kind_picked(self) -> None:
        kind = SourceKind(self.kind.currentData())
        self._show_rows()
        examples = {
            SourceKind.RTSP: "rtsp://192.168.1.101:554/stream", SourceKind.USB: "usb://0",
            SourceKind.FILE: self.tr("choose a video file"), SourceKind.VIRTUAL_STORE: "virtual-store://entrance",
        }  # fmt: skip
        self.address.setPlaceholderText(examples[kind])
        words = {SourceKind.FILE: self.tr("Choose..."), SourceKind.RTSP: self.tr("Search the network")}
        self.search_button.setText(words.get(kind, self.tr("Look for them")))
        self.search_button.setVisible(kind is not SourceKind.VIRTUAL_STORE)
        self.found.setVisible(kind is SourceKind.VIRTUAL_STORE)
        self.found.clear()
        hints = {
            SourceKind.RTSP: self.tr("Search finds cameras that are switched on and in this network."),
            SourceKind.USB: self.tr("Plug the camera in, then look for it."),
        }
        self._found_words.setText(hints.get(kind, ""))
        if kind is SourceKind.VIRTUAL_STORE:
            names = (self.tr("Entrance"), self.tr("Aisle with a shelf"), self.tr("Till queue"), self.tr("Sales floor"))
            self.show_found(
                [
                    FoundCamera(name, f"virtual-store://{scene}?seed=7&people=12")
                    for name, scene in zip(names, STORES, strict=True)
                ]
            )

    def _show_rows(self) -> None:
        """What this kind of camera needs; what few people need only on their word."""
        kind = SourceKind(self.kind.currentData())
        is_network, is_all = kind is SourceKind.RTSP, self.more.isChecked()
        for field in (self.user, self.password):
            self._form.setRowVisible(field, is_network)
        self._form.setRowVisible(self.substream, is_network and is_all)
        for row in (self.rate, self.rotation, self.input_size):
            self._form.setRowVisible(row, is_all)
        self._form.setRowVisible(self.loop, kind is SourceKind.FILE)

    def _search_kind(self) -> None:
        kind = SourceKind(self.kind.currentData())
        if kind is SourceKind.FILE:
            films = self.tr("Videos (*.mp4 *.mkv *.avi *.mov *.webm *.ts);;All files (*)")
            path, _ = QFileDialog.getOpenFileName(self, self.tr("Choose a video"), str(Path.home()), films)
            if path:
                self.address.setText(path)
                self.edited.emit()
        elif kind is SourceKind.USB:
            self._ops.start("find-usb", lambda _: self._around.desk.ports.discovery.on_usb(), done=self.show_found)
        else:
            self.search()

    def _picked(self, item: QListWidgetItem) -> None:
        camera: FoundCamera = item.data(Qt.ItemDataRole.UserRole)
        before, self._picked_camera = self._picked_camera, camera
        self.address.setText(camera.address)
        # A name that was typed stays; that of another camera that was picked before does not.
        if self.name.text().strip() in ("", before.name if before is not None else ""):
            self.name.setText(camera.name)
        if camera.service:
            self._found_words.setText(
                self.tr("Type this camera's user and password, then press Test: it is asked for its streams.")
            )
        elif camera.is_guess and SourceAddress(camera.address).kind is SourceKind.RTSP:
            self._found_words.setText(
                self.tr(
                    "Complete the address with the path of its stream (its manual says it), then user and password."
                )
            )
        self.edited.emit()

    def _look_at(self, address: SourceAddress, camera: StoredCamera) -> None:
        try:
            self.preview.start(address, loop=camera.loop, rotation=camera.rotation)
        except ValueError as error:
            self.words.setText(sentence_of(error))


def sentence_of(error: ValueError) -> str:
    """Our own words of a validation error, without pydantic's."""
    errors = getattr(error, "errors", None)
    return str(errors()[0]["msg"]).removeprefix("Value error, ") if callable(errors) else str(error)

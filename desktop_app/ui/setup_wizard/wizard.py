"""From nothing to the first counted person, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QListWidget, QStackedWidget, QVBoxLayout, QWidget

from desktop_app.services.desk_ports import KNOWN_ERRORS
from desktop_app.services.setup_memory import SetupMemory, SetupMemoryFile
from desktop_app.ui.frame_bridge import FrameBridge
from desktop_app.ui.pieces import Surroundings, make_button, size_on_screen
from desktop_app.ui.setup_wizard.camera_step import CameraStep
from desktop_app.ui.setup_wizard.first_steps import CloudStep, WelcomeStep
from desktop_app.ui.setup_wizard.last_steps import DoneStep, LineStep
from desktop_app.ui.setup_wizard.step import Step
from desktop_app.workers.background_op import BackgroundOps
from desktop_app.workers.status_poller import StatusPoller

KEEP_AFTER_MS = 500


class SetupWizard(QDialog):
    """Steps to the left, the step itself to the right.

    Signals:
        ended: the wizard is gone; carries whether it was gone through to its end.
    """

    ended = Signal(bool)

    def __init__(self, around: Surroundings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = around.desk
        self._memory_file = SetupMemoryFile(around.desk.data_dir / "setup.json")
        self._is_through = self._is_closed = False
        self.setWindowTitle(self.tr("Set up Wink"))
        size_on_screen(self, 1040, 680)
        self.ops = BackgroundOps(self, known=KNOWN_ERRORS)
        self.steps: Sequence[Step] = (
            WelcomeStep(around, self.ops), CloudStep(around, self.ops), CameraStep(around, self.ops),
            LineStep(around, self.ops), DoneStep(around, self.ops),
        )  # fmt: skip
        self._make()
        memory = self._memory_file.read()
        for step in self.steps:
            step.fill(memory)
            step.edited.connect(self._typed)
        self._keep_timer = QTimer(self)
        self._keep_timer.setSingleShot(True)
        self._keep_timer.setInterval(KEEP_AFTER_MS)
        self._keep_timer.timeout.connect(self._keep)
        self._bridge = FrameBridge(self._desk, self)
        self._bridge.frame_ready.connect(lambda camera_id: self.step.show_frame(camera_id))
        self._poller = StatusPoller(self._desk.status, self)
        self._poller.told.connect(self._told)
        self._poller.start()
        self.go_to(min(memory.step, len(self.steps) - 1))

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.steps[self._stack.currentIndex()]

    def go_to(self, index: int) -> None:
        """Show a step, forwards or back."""
        before = self.step
        if before is not self.steps[index]:
            before.stop()
        self._stack.setCurrentIndex(index)
        self._list.setCurrentRow(index)
        self._tick(index)
        self.step.enter()
        self.back_button.setEnabled(index > 0)
        is_last = index == len(self.steps) - 1
        (self.step.first_field() or self.next_button).setFocus(Qt.FocusReason.TabFocusReason)
        self.next_button.setText(self.tr("&Finish") if is_last else self.tr("&Next"))
        self._typed()

    def _tick(self, index: int) -> None:
        """Steps that are behind wear a tick instead of their number."""
        for row, step in enumerate(self.steps):
            item = self._list.item(row)
            if item is not None:
                item.setText(f"✓  {step.title}" if row < index else f"{row + 1}.  {step.title}")

    def next(self) -> None:
        """Finish this step and go on."""
        index = self._stack.currentIndex()
        if index == len(self.steps) - 1:
            self._finish()
            return
        self.step.leave(lambda: self.go_to(index + 1))

    def back(self) -> None:
        """The step before; what is typed stays."""
        self.go_to(max(0, self._stack.currentIndex() - 1))

    def reject(self) -> None:
        """Leave for later."""
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        if not self._is_closed:
            self._is_closed = True
            self._keep_timer.stop()
            self.step.stop()
            self._bridge.close()
            self._poller.stop()
            self.ops.close()
            if not self._is_through:
                self._memory_file.write(self._memory())
            self.ended.emit(self._is_through)
        super().closeEvent(event)

    # -- inside

    def _make(self) -> None:
        self._list = QListWidget(self)
        self._list.setObjectName("steps")
        self._list.setFixedWidth(190)
        self._list.setSpacing(1)
        self._list.setEnabled(False)
        self._list.setAccessibleName(self.tr("Steps"))
        self._stack = QStackedWidget(self)
        for number, step in enumerate(self.steps, start=1):
            self._list.addItem(f"{number}.  {step.title}")
            self._stack.addWidget(step)
        self._later_words = QLabel(self)
        self.later_button = make_button(self, self.tr("&Later"), self.close)
        self.back_button = make_button(self, self.tr("&Back"), self.back)
        self.next_button = make_button(self, self.tr("&Next"), self.next, primary=True)
        self.next_button.setDefault(False)
        for button in (self.later_button, self.back_button, self.next_button):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(24, 4, 24, 16)
        buttons.addWidget(self.later_button)
        buttons.addStretch(1)
        buttons.setSpacing(8)
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.next_button)
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.addWidget(self._stack, 1)
        line = QFrame(self)
        line.setFrameShape(QFrame.Shape.NoFrame)
        right.addWidget(line)
        right.addLayout(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._list)
        row.addLayout(right, 1)

    def _told(self) -> None:
        if self._poller.status is not None and not self._is_closed:
            self.step.show_status(self._poller.status)

    def _typed(self) -> None:
        self._keep_timer.start()

    def _memory(self) -> SetupMemory:
        memory = SetupMemory(step=self._stack.currentIndex())
        for step in self.steps:
            memory = step.typed(memory)
        return memory

    def _keep(self) -> None:
        memory = self._memory()
        self.ops.start("keep-typing", lambda _: self._memory_file.write(memory))

    def _finish(self) -> None:
        self._is_through = True
        document = self._desk.document.model_copy(update={"is_set_up": True})

        def done(_: object) -> None:
            self._memory_file.forget()
            self.close()

        self.next_button.setEnabled(False)
        self.ops.start("end-setup", lambda _: self._desk.note_store(document), done=done, failed=self._failed)

    def _failed(self, words: str) -> None:
        self._is_through = False
        self.next_button.setEnabled(True)
        self.next_button.setToolTip(words)
        self.setWindowTitle(words)

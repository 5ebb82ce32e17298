"""The window's program inside the bundle."""

import os
import sys
from types import ModuleType

from PySide6.QtWidgets import QWidget

# Rich, which colours the help, is left out of the bundle; Typer asks this variable whether it is there.
os.environ["TYPER_USE_RICH"] = "0"

# WORKAROUND: pyqtgraph imports Qt's OpenGL modules (10 MB) for charts drawn by the graphics processor, which Wink's are not;
# of what they hold it names one class while it is imported.
for _name in ("QtOpenGL", "QtOpenGLWidgets"):
    sys.modules[f"PySide6.{_name}"] = ModuleType(f"PySide6.{_name}")
sys.modules["PySide6.QtOpenGLWidgets"].QOpenGLWidget = QWidget  # type: ignore[attr-defined]

from desktop_app.__main__ import main  # noqa: E402 - after the variable and the modules

main()

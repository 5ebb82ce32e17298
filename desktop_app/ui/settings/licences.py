"""Whose work this program stands on, and under which licences."""

from __future__ import annotations

from html import escape
from importlib.metadata import PackageNotFoundError, metadata

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

PACKAGES = (
    "PySide6-Essentials", "shiboken6", "av", "opencv-python-headless", "numpy", "openvino", "lapx", "httpx", "keyring",
    "PyYAML", "pydantic", "pydantic-settings", "shapely", "typer", "platformdirs", "tzdata", "pyqtgraph",
)  # fmt: skip


def licence_rows() -> list[tuple[str, str, str]]:
    """(package, version, licence) of what is installed."""
    rows = []
    for name in PACKAGES:
        try:
            said = metadata(name)
        except PackageNotFoundError:
            continue
        rows.append((said["Name"], said["Version"], _licence(said.get_all("Classifier") or [], said)))
    return rows


def _licence(classifiers: list[str], said: object) -> str:
    expression = said.get("License-Expression")  # type: ignore[attr-defined]
    named = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License ::")]
    short = str(said.get("License") or "").splitlines()  # type: ignore[attr-defined]
    return str(expression or ", ".join(named) or (short[0][:60] if short else "see its own pages"))


class LicencesDialog(QDialog):
    """A table of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Licences"))
        self.resize(620, 480)
        column = QVBoxLayout(self)
        text = QTextBrowser(self)
        rows = "".join(
            f"<tr><td>{escape(n)}&nbsp;&nbsp;</td><td>{escape(v)}&nbsp;&nbsp;</td><td>{escape(w)}</td></tr>"
            for n, v, w in licence_rows()
        )
        own = escape(self.tr("Wink Analytics is under the Apache License 2.0. It stands on:"))
        text.setHtml(f"<p>{own}</p><table>{rows}</table>")
        column.addWidget(text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

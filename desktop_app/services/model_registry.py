"""Which model is used: models that ship, models an owner added, and how a name becomes a file."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from desktop_app.services.ports import DetectorError

MANIFEST = "manifest.json"
SUFFIXES = (".onnx", ".xml")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of a manifest.

    Attributes:
        file: its name beside the manifest; empty for one that has to be pulled.
        urls: official addresses it may be downloaded from.
        classes: what it finds, by class number; empty where that is not known.
        head: how its output is read (``yolox``, ``yolov8``, ``end-to-end``); empty: told by the output's shape.
        input_sizes: width and height of inputs that it was made for; others may work.
    """

    name: str
    sha256: str
    licence: str = "unknown"
    file: str = ""
    urls: tuple[str, ...] = ()
    size_bytes: int = 0
    description: str = ""
    classes: tuple[str, ...] = ()
    head: str = ""
    input_sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model that can be loaded."""

    name: str
    path: Path
    licence: str


class ModelRegistry:
    """Models that ship (``assets_dir``) and models of this machine (``data_dir``), the latter first."""

    def __init__(self, *, data_dir: Path, assets_dir: Path) -> None:
        self._own = data_dir / "models"
        self._shipped = assets_dir / "models"

    def entries(self) -> dict[str, ModelEntry]:
        """All known models by name, pulled or not."""
        return {**_read_manifest(self._shipped), **_read_manifest(self._own)}

    def installed(self) -> dict[str, ModelSpec]:
        """Those whose file is on this machine."""
        found: dict[str, ModelSpec] = {}
        for folder in (self._shipped, self._own):
            for name, entry in _read_manifest(folder).items():
                path = folder / entry.file
                if entry.file and path.is_file():
                    found[name] = ModelSpec(name, path, entry.licence)
        return found

    def add(self, file: Path, *, name: str | None = None, licence: str = "unknown") -> ModelSpec:
        """Copy a model into this machine's folder and register it. Whether it runs is the caller's to check before.

        Raises:
            DetectorError: no such file, or not a form that is known.
        """
        if not file.is_file():
            raise DetectorError(f"There is no file {file}.")
        if file.suffix.lower() not in SUFFIXES:
            raise DetectorError(f"{file.name} is no model file; give one that ends in {' or '.join(SUFFIXES)}.")
        name = name or re.sub(r"[^A-Za-z0-9_.-]+", "-", file.stem)
        self._own.mkdir(parents=True, exist_ok=True)
        target = self._own / f"{name}{file.suffix.lower()}"
        if file.resolve() != target.resolve():
            _copy(file, target)
        weights = file.with_suffix(".bin")
        if target.suffix == ".xml" and weights.is_file():
            _copy(weights, target.with_suffix(".bin"))
        self.register(ModelEntry(name, sha256_of(target), licence, target.name, (), target.stat().st_size))
        return ModelSpec(name, target, licence)

    def register(self, entry: ModelEntry) -> None:
        """Write ``entry`` into this machine's manifest (a whole temporary file and an atomic replace)."""
        entries = {**_read_manifest(self._own), entry.name: entry}
        self._write(entries)

    def remove(self, name: str) -> None:
        """Forget a model of this machine and delete its file.

        Raises:
            DetectorError: it is not one of this machine's.
        """
        entries = _read_manifest(self._own)
        if name not in entries:
            raise DetectorError(f"'{name}' is not a model that was added here; see: wink-edge models list.")
        entry = entries.pop(name)
        for suffix in (Path(entry.file).suffix, ".bin"):
            (self._own / entry.file).with_suffix(suffix).unlink(missing_ok=True)
        self._write(entries)

    @property
    def folder(self) -> Path:
        """Where this machine's models are kept."""
        return self._own

    def _write(self, entries: dict[str, ModelEntry]) -> None:
        self._own.mkdir(parents=True, exist_ok=True)
        temporary = self._own / f"{MANIFEST}.new"
        temporary.write_text(json.dumps({"models": [asdict(e) for e in entries.values()]}, indent=2) + "\n")
        temporary.replace(self._own / MANIFEST)


def resolve_model(setting: str, *, data_dir: Path, assets_dir: Path) -> ModelSpec:
    """The model that ``setting`` names: a file's path, a registered name, or (empty) the default.

    The default is the newest model added on this machine, else the one that ships.

    Raises:
        DetectorError: there is none; the message says how to get one.
    """
    installed = ModelRegistry(data_dir=data_dir, assets_dir=assets_dir).installed()
    if not setting:
        if not installed:
            raise DetectorError(
                "No detection model is installed. Add one: wink-edge models add FILE.onnx, or name one in WINK_MODEL."
            )
        return list(installed.values())[-1]
    if setting in installed:
        return installed[setting]
    path = Path(setting).expanduser()
    if path.is_file():
        return ModelSpec(path.stem, path, "unknown")
    known = ", ".join(installed) or "none"
    raise DetectorError(f"'{setting}' is neither a file nor a registered model (registered: {known}).")


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, target: Path) -> None:
    temporary = target.with_name(target.name + ".new")
    shutil.copyfile(source, temporary)
    temporary.replace(target)


def _entry(item: dict[str, Any]) -> ModelEntry:
    lists = {key: tuple(item.get(key, ())) for key in ("urls", "classes")}
    sizes = tuple((int(width), int(height)) for width, height in item.get("input_sizes", ()))
    return ModelEntry(**{**item, **lists, "input_sizes": sizes})


def _read_manifest(folder: Path) -> dict[str, ModelEntry]:
    path = folder / MANIFEST
    if not path.is_file():
        return {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))["models"]
        entries = [_entry(item) for item in raw]
    except (ValueError, KeyError, TypeError) as error:
        raise DetectorError(f"{path} is damaged ({error}); mend or delete it.") from error
    return {entry.name: entry for entry in entries}

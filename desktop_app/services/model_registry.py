"""Which model is used: models that ship, models an owner added, and how a name becomes a file."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from desktop_app.services.ports import DetectorError
from desktop_app.services.whole_files import write_whole
from shared_models.geometry import Size

MANIFEST = "manifest.json"
USED_KEY = "used"
"""Where this machine's manifest names the model that was chosen; without it the one added last is used."""
INT8_KEY = "int8"
ANY_SIZE: Size = (0, 0)
"""Where the manifest names 8-bit forms of its models: beside ``models``, for they are no models of their own."""
SUFFIXES = (".onnx", ".xml")
log = logging.getLogger(__name__)

PT_SUFFIX = ".pt"
PERSON_NAMES = ("person", "people", "pedestrian", "human")
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of a manifest.

    Attributes:
        sha256: of its file; of an OpenVINO model added here that of network and weights, parted by a space.
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
    classes: tuple[str, ...] = ()
    head: str = ""

    @property
    def person_class(self) -> int | None:
        """The number of the class that is a person; None where the manifest does not name the classes.

        Raises:
            DetectorError: none of them is.
        """
        return person_class(self.classes, model=self.name) if self.classes else None

    @property
    def is_pt(self) -> bool:
        """Whether it is PyTorch's own form, which only Ultralytics runs."""
        return self.path.suffix.lower() == PT_SUFFIX


@dataclass(frozen=True, slots=True)
class Choice:
    """Which model is used by default.

    Attributes:
        spec: that one; None: none is here.
        wanted: the name of the one that should be; empty where nothing was ever added or chosen.
        words: why another one is used, in a sentence; empty where it is the wanted one.
    """

    spec: ModelSpec | None
    wanted: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Int8Entry:
    """A model that ships, in 8-bit integers.

    Attributes:
        of: SHA-256 of the model's own file. Another file has no 8-bit form.
        file: the network (.xml) beside the manifest; the weights lie beside it (.bin).
        sha256: of the network.
        weights_sha256: of the weights.
        size_bytes: of both.
        input_wh: the size of input that it is for; ``ANY_SIZE``: all that have no form of their own.
    """

    of: str
    file: str
    sha256: str
    weights_sha256: str
    licence: str
    size_bytes: int
    input_wh: Size = ANY_SIZE


@dataclass(frozen=True, slots=True)
class Int8Weights:
    """A model's 8-bit form, whole.

    Attributes:
        paths: its networks (.xml) by the size of input that each is for; ``ANY_SIZE``: for all others.
        sha256: of each network and its weights, one after the other, parted by spaces.
    """

    paths: Mapping[Size, Path]
    sha256: str


def person_class(classes: Sequence[str], *, model: str) -> int:
    """The number of the class that is a person, by its name; 0 where only one class is found, or none is named.

    Args:
        model: its name, for the message.

    Raises:
        DetectorError: several classes, and none is a person.
    """
    if len(classes) <= 1:
        return 0
    names = [name.strip().casefold() for name in classes]
    for wanted in PERSON_NAMES:
        if wanted in names:
            return names.index(wanted)
    some = ", ".join(classes[:5]) + (", ..." if len(classes) > 5 else "")
    raise DetectorError(f"{model} finds no people: its classes are {some}. Use a model with a class 'person'.")


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
        return {
            name: _spec(folder, entry)
            for folder in (self._shipped, self._own)
            for name, entry in _read_manifest(folder).items()
            if entry.file and _path(folder, entry).is_file()
        }

    def add(
        self,
        file: Path,
        *,
        name: str | None = None,
        licence: str = "unknown",
        classes: Sequence[str] = (),
        head: str = "",
        original: Path | None = None,
    ) -> ModelSpec:
        """Copy a model into this machine's folder and register it. Whether it runs is the caller's to check before.

        Args:
            classes: what it finds, by class number; none: not known.
            head: how its output is read; empty: told by its shape.
            original: the file that ``file`` was exported from; a copy is kept beside it, under the same name.

        Raises:
            DetectorError: it cannot be called so.
            OSError: it cannot be copied; what was registered before is untouched.
        """
        name = name or _UNFIT.sub("-", file.stem)
        if _UNFIT.search(name) or not name.strip("."):
            raise DetectorError(f"'{name}' cannot be a model's name; use letters, digits, '-', '_' and '.'.")
        self._own.mkdir(parents=True, exist_ok=True)
        target = self._own / f"{name}{file.suffix.lower()}"
        if file.resolve() != target.resolve():
            _copy(file, target)
        weights = file.with_suffix(".bin")
        if target.suffix == ".xml" and weights.is_file():
            _copy(weights, target.with_suffix(".bin"))
        kept = target.with_name(f"{name}{PT_SUFFIX}")
        if original is not None and original.resolve() != kept.resolve():
            _copy(original, kept)
        size, named = target.stat().st_size, tuple(classes)
        self.register(ModelEntry(name, sha256_of_model(target), licence, target.name, (), size, "", named, head))
        return ModelSpec(name, target, licence, named, head)

    def register(self, entry: ModelEntry) -> None:
        """Write ``entry`` into this machine's manifest; it is the model that is used from now on."""
        entries = _read_manifest(self._own)
        entries.pop(entry.name, None)  # the newest stands last
        self._write({**entries, entry.name: entry}, used=entry.name)

    def use(self, name: str) -> ModelSpec:
        """Use a model that is here from the next start on.

        Raises:
            DetectorError: it is not here.
        """
        spec = self.installed().get(name)
        if spec is None:
            raise DetectorError(f"'{name}' is not a model that is here; see: wink-edge models list.")
        self._write(_read_manifest(self._own), used=name)
        return spec

    def choose(self) -> Choice:
        """The model to be used by default: the one chosen or added last on this machine, else the one that ships.

        Where its file is gone, or is not the one that was registered, the one that ships, or else another one that is
        whole: a shop goes on counting, and is told.

        Raises:
            DetectorError: a manifest is damaged.
        """
        own, shipped = _read_manifest(self._own), _read_manifest(self._shipped)
        kept = [(self._own, entry) for entry in own.values()]
        ships = [(self._shipped, entry) for entry in shipped.values()]
        places = [place for place in reversed([*kept, *ships]) if place[1].file]
        wanted_name = _used(self._own) or next((entry.name for _, entry in reversed(kept) if entry.file), "")
        wanted = next((place for place in (*reversed(kept), *places) if place[1].name == wanted_name), None)
        order = [wanted, *places] if wanted is not None else places
        used = next((place for place in order if _is_whole(*place)), None)
        if used is None:
            used = next((place for place in order if _path(*place).is_file()), None)
        spec = _spec(*used) if used is not None else None
        if spec is None or wanted is None or used is wanted:
            return Choice(spec, wanted_name)
        what = (
            "is damaged: it is not the one that was registered" if _path(*wanted).is_file() else "is not here any more"
        )
        return Choice(
            spec, wanted_name, f"The model {wanted_name} should be used, but its file {what}. {spec.name} is used."
        )

    def remove(self, name: str) -> None:
        """Forget a model of this machine and delete its file.

        Raises:
            DetectorError: it is not one of this machine's.
        """
        entries = _read_manifest(self._own)
        if name not in entries:
            raise DetectorError(f"'{name}' is not a model that was added here; see: wink-edge models list.")
        entry = entries.pop(name)
        if entry.file:
            file = self._own / entry.file
            for path in (file, file.with_suffix(".bin"), self._own / f"{name}{PT_SUFFIX}"):
                path.unlink(missing_ok=True)
        used = _used(self._own)
        self._write(entries, used="" if used == name else used)

    @property
    def folder(self) -> Path:
        """Where this machine's models are kept."""
        return self._own

    def _write(self, entries: dict[str, ModelEntry], *, used: str) -> None:
        value = {"models": [asdict(e) for e in entries.values()], USED_KEY: used}
        write_whole(self._own / MANIFEST, json.dumps(value, indent=2) + "\n")


def resolve_model(setting: str, *, data_dir: Path, assets_dir: Path) -> ModelSpec:
    """The model that ``setting`` names: a file's path, a registered name, or (empty) the default.

    The default is what ``ModelRegistry.choose`` says.

    Raises:
        DetectorError: there is none; the message says how to get one.
    """
    registry = ModelRegistry(data_dir=data_dir, assets_dir=assets_dir)
    installed = registry.installed()
    if not setting:
        default = registry.choose().spec
        if default is None:
            raise DetectorError(
                "No detection model is installed. Add one: wink-edge models add FILE.onnx, or name one in WINK_MODEL."
            )
        return default
    if setting in installed:
        return installed[setting]
    path = Path(setting).expanduser()
    if path.is_file():
        return ModelSpec(path.stem, path, "unknown")
    known = ", ".join(installed) or "none"
    raise DetectorError(f"'{setting}' is neither a file nor a registered model (registered: {known}).")


def int8_weights(spec: ModelSpec, *, assets_dir: Path) -> Int8Weights | None:
    """The 8-bit form of exactly this model, where one ships; None (and a line in the log) where its files are not whole."""
    folder = assets_dir / "models"
    sha256 = sha256_of(spec.path) if spec.path.is_file() else ""
    entries = sorted((e for e in _int8_entries(folder) if e.of == sha256), key=lambda entry: entry.input_wh)
    paths = {entry.input_wh: folder / entry.file for entry in entries}
    if ANY_SIZE not in paths:
        return None
    wanted: dict[Path, str] = {}
    for entry in entries:
        network = paths[entry.input_wh]
        wanted |= {network: entry.sha256, network.with_suffix(".bin"): entry.weights_sha256}
    for path, expected in wanted.items():
        try:
            is_whole = sha256_of(path) == expected
        except OSError:
            is_whole = False
        if not is_whole:
            log.warning("%s is missing or damaged; %s goes on without 8-bit integers. Install anew.", path, spec.name)
            return None
    return Int8Weights(paths, " ".join(wanted.values()))


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_model(path: Path) -> str:
    """Hex digest of a model: of its file; of an OpenVINO model those of network and weights, parted by a space."""
    weights = path.with_suffix(".bin")
    has_weights = path.suffix.lower() == ".xml" and weights.is_file()
    return " ".join(sha256_of(file) for file in ((path, weights) if has_weights else (path,)))


def is_registered_file(entry: ModelEntry, *, sha256: str) -> bool:
    """Whether a file of this hash (``sha256_of_model``) is the one of ``entry``. Older manifests know of no weights."""
    return entry.sha256 in (sha256, sha256.split()[0])


def _path(folder: Path, entry: ModelEntry) -> Path:
    return folder / entry.file


def _spec(folder: Path, entry: ModelEntry) -> ModelSpec:
    return ModelSpec(entry.name, _path(folder, entry), entry.licence, entry.classes, entry.head)


def _is_whole(folder: Path, entry: ModelEntry) -> bool:
    """Whether its file is here, can be read, and is the one that was registered."""
    try:
        return is_registered_file(entry, sha256=sha256_of_model(_path(folder, entry)))
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    temporary = target.with_name(target.name + ".new")
    try:
        shutil.copyfile(source, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _entry(item: dict[str, Any]) -> ModelEntry:
    lists = {key: tuple(item.get(key, ())) for key in ("urls", "classes")}
    sizes = tuple((int(width), int(height)) for width, height in item.get("input_sizes", ()))
    return ModelEntry(**{**item, **lists, "input_sizes": sizes})


def _int8_entry(item: dict[str, Any]) -> Int8Entry:
    width, height = item.get("input_wh", ANY_SIZE)
    return Int8Entry(**{**item, "input_wh": (int(width), int(height))})


def _int8_entries(folder: Path) -> list[Int8Entry]:
    path = folder / MANIFEST
    if not path.is_file():
        return []
    try:
        return [_int8_entry(item) for item in json.loads(path.read_text(encoding="utf-8")).get(INT8_KEY, ())]
    except (ValueError, TypeError, AttributeError) as error:
        log.warning("%s is damaged (%s); nothing runs in 8-bit integers.", path, error)
        return []


def _used(folder: Path) -> str:
    """The model that was chosen; empty where none was. ``_read_manifest`` tells of a manifest that is damaged."""
    path = folder / MANIFEST
    return str(json.loads(path.read_text(encoding="utf-8")).get(USED_KEY, "")) if path.is_file() else ""


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

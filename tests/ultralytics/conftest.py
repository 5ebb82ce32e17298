"""Models with random weights, built by the real package from what it ships; and a watch on who reaches out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

# before the package is imported anywhere, as the product sets them
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false")

import torch
from ultralytics import ASSETS, YOLO
from ultralytics.nn.tasks import DetectionModel

from desktop_app.services.ports import BgrImage

SEED = 7
CLASSES = ("dog", "person")
_reached: list[str] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen"):
        _reached.append(f"{event} {arguments[:2]}")


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def nothing_reaches_out() -> Iterator[None]:
    """No test may open a connection, ask for a name or start a program such as pip."""
    _reached.clear()
    yield
    assert _reached == []


@pytest.fixture(scope="session")
def tall() -> BgrImage:
    """A person in portrait format, 405x720: of the same picture as ``wide``, which random weights are normed to."""
    return np.ascontiguousarray(_read("zidane.jpg")[:, 640:1045])


@pytest.fixture(scope="session")
def wide() -> BgrImage:
    """Two people, 640x360."""
    return cv2.resize(_read("zidane.jpg"), (640, 360), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session", params=["yolo11n", "yolo26n"])
def pt_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wide: BgrImage) -> Path:
    """A model of two classes, the second of them people."""
    return build(request.param, folder=tmp_path_factory.mktemp("made"), classes=CLASSES, picture=wide)


def build(kind: str, *, folder: Path, classes: tuple[str, ...], picture: BgrImage) -> Path:
    """``kind`` (``yolo11n``) with random weights of a fixed seed, whose scores on ``picture`` are spread over 0..1."""
    torch.manual_seed(SEED)
    net = DetectionModel(f"{kind}.yaml", nc=len(classes), verbose=False).eval()
    net.names = dict(enumerate(classes))
    _spread_scores(net, picture)
    model = YOLO(f"{kind}.yaml")
    model.model = net
    path = folder / f"{kind}.pt"
    model.save(str(path))
    return path


def _spread_scores(net: DetectionModel, picture: BgrImage) -> None:
    """Fresh weights think the same of every cell: norm each layer to the picture, then the last ones to boxes and scores.

    Of several classes the first is made the rarest, as dogs are.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(picture[:352, :640, ::-1].transpose(2, 0, 1))[None]).float() / 255
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        net.train()(pixels)
        head = net.eval().model[-1]
        for last, out in _last_layers(head, ("cv3", "one2one_cv3"), lambda: net(pixels)):
            _norm(last, out, middle=-2.0, spread=0.5)
            if len(last.bias) > 1:
                last.bias[0] -= 1.0
        if head.reg_max == 1:  # its distances are the numbers themselves, and must not be below 0
            for last, out in _last_layers(head, ("cv2", "one2one_cv2"), lambda: net(pixels)):
                _norm(last, out, middle=4.0, spread=0.1)


def _last_layers(
    head: torch.nn.Module, names: tuple[str, ...], run: Callable[[], object]
) -> list[tuple[torch.nn.Conv2d, torch.Tensor]]:
    lasts = [branch[-1] for name in names for branch in getattr(head, name, None) or ()]
    seen: dict[int, torch.Tensor] = {}
    hooks = [last.register_forward_hook(lambda m, _, out: seen.__setitem__(id(m), out)) for last in lasts]
    run()
    for hook in hooks:
        hook.remove()
    return [(last, seen[id(last)]) for last in lasts]


def _norm(last: torch.nn.Conv2d, out: torch.Tensor, *, middle: float, spread: float) -> None:
    factor = spread / out.std((0, 2, 3))
    last.weight.mul_(factor[:, None, None, None])
    last.bias.sub_(out.mean((0, 2, 3))).mul_(factor).add_(middle)


def _read(name: str) -> BgrImage:
    picture = cv2.imread(str(ASSETS / name))
    assert picture is not None
    return picture

"""The light net for large pictures: what it is before a step, and that it can learn and be written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from torch.nn import functional

from installer.models.checks.start import start_weights
from installer.models.export import OPSET_OF_HARD_SWISH, folded, write_onnx
from installer.models.light import LightConv, LightNet, RoundedConv, fitted, lightened
from installer.models.lighten import ONLY_OBJECTNESS_STEPS, LightStudent, as_batch
from installer.models.measure import Labelled
from installer.models.net import ScaledConv, focused, load_start, measure_scales


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    source = np.random.default_rng(3)
    rough = torch.from_numpy(source.uniform(0, 255, (2, 3, 12, 20)).astype(np.float32))
    return functional.interpolate(rough, (192, 320), mode="bicubic").clamp(0, 255)


@pytest.fixture(scope="module")
def net(pictures: torch.Tensor) -> LightNet:
    start = load_start(start_weights()).eval()
    measure_scales(start, pictures)
    return lightened(start, pictures)


def test_a_fitted_hard_swish_is_nearer_to_silu_than_a_plain_one() -> None:
    sums = torch.randn(4, 4000, generator=torch.Generator().manual_seed(1)) * torch.tensor([[0.3], [0.8], [1.3], [2.6]])
    stretch, move, after, offset = (x[:, None] for x in fitted(sums))
    wanted = functional.silu(sums)
    near = (after * functional.hardswish(stretch * sums + move) + offset - wanted).square().mean(1)
    plain = (functional.hardswish(sums) - wanted).square().mean(1)
    assert bool((near < 0.7 * plain).all())
    assert bool((near < 0.005 * wanted.var(1)).all())


def test_large_pictures_get_hard_swishes_and_there_is_one_branch(net: LightNet) -> None:
    light = {name for name, module in net.named_modules() if isinstance(module, LightConv)}
    assert len(light) == 34
    assert {"stem", "dark2.0.0", "heads.0.stem"} <= light
    assert not any(name.startswith(("dark4", "dark5", "heads.1")) for name in light)
    assert not any("class" in name for name, _ in net.named_modules())
    assert all(isinstance(m, RoundedConv) for m in net.modules() if isinstance(m, ScaledConv))


def test_its_layers_hold_nearly_what_silu_gave(net: LightNet, pictures: torch.Tensor) -> None:
    start = load_start(start_weights()).eval()
    with torch.no_grad():
        wanted, given = start.dark2(start.stem(focused(pictures))), net.dark2(net.stem(focused(pictures)))
    assert float(functional.mse_loss(given, wanted) / wanted.var()) < 0.02


def test_the_written_file_answers_like_the_net(net: LightNet, pictures: torch.Tensor, tmp_path: Path) -> None:
    path = tmp_path / "light.onnx"
    write_onnx(net, path, licence="Apache-2.0", description="words", opset=OPSET_OF_HARD_SWISH)
    with torch.no_grad():
        wanted = folded(net)(part := pictures[:1, :, :64, :96]).numpy()
    (answer,) = ReferenceEvaluator(str(path)).run(None, {"images": part.numpy()})
    np.testing.assert_allclose(answer, wanted, atol=2e-3)
    assert wanted.shape[2] == 6
    assert (wanted[..., 5] == 1).all()


def test_rounding_moves_the_answer_a_little_and_lets_it_learn(net: LightNet, pictures: torch.Tensor) -> None:
    with torch.no_grad():
        exact = net(pictures)
    net.round_as_integers(is_on=True)
    try:
        rounded = net(pictures)
    finally:
        net.round_as_integers(is_on=False)
    apart = float(functional.mse_loss(rounded.detach(), exact) / exact.var())
    assert 1e-6 < apart < 0.05
    rounded.sum().backward()
    assert all(value.grad is not None for name, value in net.named_parameters() if name.endswith(".kernel"))
    net.zero_grad()


def test_steps_bring_it_nearer_and_it_goes_on_where_it_was_stopped(pictures: torch.Tensor, tmp_path: Path) -> None:
    def made() -> LightStudent:
        return LightStudent(load_start(start_weights()), pictures, minutes=10, rate=1e-4, rounded_from=1.0)

    student = made()
    before = student.parts(pictures)
    for _ in range(6):
        student.step(pictures)
    assert float(student.parts(pictures).scores) < 0.7 * float(before.scores)
    still = [n for n, v in student.net.named_parameters() if v.grad is not None and ".object_out." not in n]
    assert still == [], f"until step {ONLY_OBJECTNESS_STEPS} only objectness learns"
    student.save(tmp_path / "state.pt")
    again = made()
    again.restore(tmp_path / "state.pt")
    assert again.steps == 6
    for one, other in zip(student.averaged().parameters(), again.averaged().parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_a_batch_depends_on_its_number_alone() -> None:
    source = np.random.default_rng(5)
    none = np.zeros((0, 4), np.float32)
    item = Labelled("one", source.integers(0, 255, (300, 400, 3), np.uint8), none, none)
    material = {"photographs": [item], "film": [], "store": [item], "plain": [item]}
    first, second, other = (as_batch(material, 2, np.random.default_rng([1, n])) for n in (7, 7, 8))
    assert first.shape == (2, 3, 384, 640)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)

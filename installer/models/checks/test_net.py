"""What needs PyTorch: run by ``make train-test`` in the training environment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from installer.models.checks.start import start_weights
from installer.models.export import folded, write_onnx
from installer.models.loss import distillation, generalised_iou
from installer.models.net import convolutions, load_start, measure_scales
from installer.models.pool import Shard
from installer.models.student import Plan, Student, batches, mirrored

START = start_weights()


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    source = np.random.default_rng(3)
    rough = torch.from_numpy(source.uniform(0, 255, (2, 3, 13, 13)).astype(np.float32))
    return torch.nn.functional.interpolate(rough, (416, 416), mode="bicubic").clamp(0, 255)


def test_all_eighty_classes_answer_as_the_published_file_does(picture: torch.Tensor) -> None:
    net = load_start(START, classes=80).eval()
    net.is_scoring = True
    (published,) = ReferenceEvaluator(str(START)).run(None, {"images": picture[:1].numpy()})
    with torch.no_grad():
        ours = net(picture[:1]).numpy()
    np.testing.assert_allclose(ours, published, atol=2e-4)


def test_the_person_head_answers_as_the_persons_row_of_the_published_one(picture: torch.Tensor) -> None:
    with torch.no_grad():
        every_class, person = load_start(START, classes=80)(picture), load_start(START)(picture)
    torch.testing.assert_close(person, every_class[..., :6], atol=1e-4, rtol=1e-4)


def test_measured_scales_change_the_units_and_not_the_function(picture: torch.Tensor) -> None:
    net = load_start(START)
    with torch.no_grad():
        before = net(picture)
        measure_scales(net, picture)
        after = net(picture)
    torch.testing.assert_close(after, before, atol=2e-3, rtol=1e-3)
    spread = torch.cat([conv.out_scale for conv in convolutions(net)])
    assert float(spread.max() / spread.min()) > 20  # what equal steps would have stumbled over


def test_the_written_file_answers_like_the_net_at_every_shape(tmp_path: Path, picture: torch.Tensor) -> None:
    net = load_start(START)
    path = tmp_path / "net.onnx"
    write_onnx(net, path, licence="Apache-2.0", description="words")
    reader, plain = ReferenceEvaluator(str(path)), folded(net)
    for height, width in ((64, 96), (256, 416)):
        part = picture[:, :, :height, :width]
        with torch.no_grad():
            wanted = plain(part).numpy()
        np.testing.assert_allclose(reader.run(None, {"images": part.numpy()})[0], wanted, atol=3e-4)


def test_a_student_that_answers_like_its_teacher_has_nothing_to_learn() -> None:
    raw = torch.randn(2, 42, 6, generator=torch.Generator().manual_seed(1))
    target = torch.cat([raw[..., :4], raw[..., 4:5].sigmoid() * raw[..., 5:6].sigmoid()], dim=2)
    score, box = distillation(raw, target)
    assert float(score) == pytest.approx(0, abs=1e-5)
    assert float(box) == pytest.approx(0, abs=1e-5)
    assert float(distillation(raw + 0.5, target)[0]) > 0.01


def test_boxes_apart_have_a_negative_overlap() -> None:
    near, far = torch.tensor([[0.0, 0.0, 0.0, 0.0]]), torch.tensor([[4.0, 0.0, 0.0, 0.0]])
    assert float(generalised_iou(near, near)) == pytest.approx(1, abs=1e-5)
    assert float(generalised_iou(near, far)) == pytest.approx(-3 / 5, abs=1e-5)


def test_a_mirror_moves_every_cell_to_the_other_side_and_back() -> None:
    target = torch.rand(1, 12 * 8 + 6 * 4 + 3 * 2, 5)
    there = mirrored(target, (96, 64))
    torch.testing.assert_close(mirrored(there, (96, 64)), target)
    assert float(there[0, 0, 0]) == pytest.approx(1 - float(target[0, 11, 0]))


def _pool(folder: Path) -> Path:
    source = np.random.default_rng(0)
    shard = folder / "416x256-0000"
    shard.mkdir(parents=True)
    np.save(shard / "pictures.npy", source.integers(0, 255, (48, 256, 416, 3), np.uint8))
    np.save(shard / "targets.npy", source.uniform(0, 0.2, (48, 2184, 5)).astype(np.float16))
    assert Shard(shard).size_wh == (416, 256)
    return folder


def test_training_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    plan = Plan(_pool(tmp_path / "pool"), START, minutes=10, rate=1e-4, seed=1)
    student = Student(plan)
    for _, batch in zip(range(2), batches(plan.pool, seed=1, skip=0), strict=False):
        student.step(batch)
    student.save(tmp_path / "state.pt")
    again = Student(plan)
    again.restore(tmp_path / "state.pt")
    assert (again.steps, again.pictures, again.trained_s) == (student.steps, student.pictures, student.trained_s)
    for one, other in zip(student.averaged().parameters(), again.averaged().parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_steps_bring_the_student_nearer_to_its_teacher(tmp_path: Path) -> None:
    plan = Plan(_pool(tmp_path / "pool"), START, minutes=10, rate=3e-3, seed=1)
    student = Student(plan)
    losses = [student.step(batch) for _, batch in zip(range(6), batches(plan.pool, seed=1, skip=0), strict=False)]
    assert losses[-1][0] < losses[0][0]


def test_what_is_frozen_stays_and_the_rest_moves_in_half_precision_too(tmp_path: Path) -> None:
    plan = Plan(
        _pool(tmp_path / "pool"), START, minutes=10, rate=1e-3, seed=1, is_half=True, frozen=("stem.", "dark2.")
    )
    student = Student(plan)
    before = {name: value.detach().clone() for name, value in student.net.named_parameters()}
    for _, batch in zip(range(2), batches(plan.pool, seed=1, skip=0), strict=False):
        student.step(batch)
    moved = {name for name, value in student.net.named_parameters() if not torch.equal(value, before[name])}
    assert moved
    assert not any(name.startswith(plan.frozen) for name in moved)
    assert any(name.startswith("dark3.") for name in moved)


def test_the_distance_of_the_start_falls_as_it_learns_the_shard(tmp_path: Path) -> None:
    plan = Plan(_pool(tmp_path / "pool"), START, minutes=10, rate=3e-3, seed=1)
    student, shard = Student(plan), Shard(plan.pool / "416x256-0000")
    before = sum(student.distance(shard))
    for _, batch in zip(range(6), batches(plan.pool, seed=1, skip=0), strict=False):
        student.step(batch)
    assert sum(student.distance(shard)) < before

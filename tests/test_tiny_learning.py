"""The small model's own arithmetic; it needs torch, which is no part of this project: skipped where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch learns for bench/tiny only: bench/tiny/requirements.txt")

from bench.tiny import copying, model, muon, rows, train  # noqa: E402

SHAPE = model.Shape(64, 2, 4, 2, 96, 16, vocabulary=320, window=128)


def test_what_comes_later_changes_no_earlier_token() -> None:
    weights = model.made(SHAPE)
    tokens = torch.randint(0, 320, (1, 24))
    other = tokens.clone()
    other[0, 12:] = 7
    one, two = (model.logits(weights, SHAPE, it) for it in (tokens, other))
    assert torch.allclose(one[:, :12], two[:, :12], atol=1e-5)
    assert not torch.allclose(one[:, 12:], two[:, 12:], atol=1e-3)


def test_a_shape_knows_how_many_parameters_it_has() -> None:
    assert SHAPE.parameters() == sum(it.numel() for it in model.made(SHAPE).values())


def test_muon_turns_a_gradient_into_a_matrix_whose_directions_weigh_the_same() -> None:
    said = muon.orthogonal(torch.randn(2, 16, 48)).float()
    sizes = torch.linalg.svdvals(said)
    assert sizes.min() > 0.5
    assert sizes.max() < 1.4


def test_what_is_calm_takes_shorter_steps() -> None:
    weights = {name: torch.ones(8, 8).requires_grad_() for name in ("token_embd.weight", "output.weight", "a", "b")}
    steps = muon.Optimiser(weights, 0.1, 0.1, calm={"token_embd.weight": 0.1, "a": 0.1})
    for weight in weights.values():
        weight.grad = torch.eye(8)
    steps.step(1.0)
    far = {name: float((1 - weight.detach()).norm()) for name, weight in weights.items()}
    assert far["token_embd.weight"] == pytest.approx(0.1 * far["output.weight"], rel=0.01)
    assert far["a"] == pytest.approx(0.1 * far["b"], rel=0.05)


@pytest.mark.parametrize(("width", "heads"), [(320, 3), (448, 4)])
def test_weights_that_have_learnt_nothing_copy(width: int, heads: int) -> None:
    shape = model.Shape(width, 3, heads, heads, 64, 128, vocabulary=512, window=512)
    said = torch.randint(0, 512, (1, 150), generator=torch.Generator().manual_seed(3))
    tokens = torch.cat((said, torch.randint(0, 512, (1, 40)), said), 1)
    likeliest = model.logits(copying.copying(shape), shape, tokens)[0, :-1].argmax(-1)
    right = (likeliest == tokens[0, 1:])[-140:].float().mean()  # what comes a second time
    assert right > 0.9
    assert (model.logits(model.made(shape), shape, tokens)[0, :-1].argmax(-1) == tokens[0, 1:])[-140:].sum() < 10


def packed(folder: Path) -> None:
    """Two shards of an epoch and one of the next, and some rows to judge by: each row counts up from its number."""
    for name, first, count in (("rows-0-00", 0, 5), ("rows-0-01", 5, 3), ("rows-1-00", 8, 4), ("rows-held-00", 0, 4)):
        table = (np.arange(first, first + count)[:, None] + np.arange(32)) % 300
        np.save(folder / f"{name}.npy", (table | rows.ORDINARY << rows.CLASS).astype(np.uint16))


def test_rows_come_in_order_over_all_shards_and_then_from_the_start(tmp_path: Path) -> None:
    packed(tmp_path)
    found = train.Rows(tmp_path, "rows")
    assert found.count == 12
    first = [int(row[0]) & rows.TOKEN for step in range(5) for row in found.batch(step, 3)]
    assert first == [*range(12), 0, 1, 2]


def test_a_run_that_was_left_goes_on_to_the_same_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    monkeypatch.setitem(train.SHAPES, "3m", SHAPE)
    said = ["--folder", str(tmp_path), "--shape", "3m", "--vocabulary", "320", "--batch", "4", "--every", "2"]
    said += ["--steps", "12", "--threads", "1", "--start", "noise"]
    for name, parts in (("whole", 1), ("parts", 3)):
        for part in range(parts):
            run = train.Run(train.flags([*said, "--name", name]))
            for _ in zip(range(12 // parts), train.train(run), strict=False):
                pass
            assert run.where.step == 12 // parts * (part + 1)
            run.keep()
    one, two = (torch.load(tmp_path / name / "checkpoint.pt") for name in ("whole", "parts"))
    assert all(torch.allclose(it, two["weights"][name], atol=1e-3) for name, it in one["weights"].items())
    lines = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["ordinary"] < lines[0]["ordinary"]

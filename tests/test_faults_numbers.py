"""Faults of the numbers and of the memory: NaN and infinity anywhere in a training, a GPU that is too small."""
import gc
import math
import sys
import weakref

import pytest
import torch
from test_training import task, weights
from torch import nn

from utils import checkpoints, files, training
from utils.data import Batches
from utils.training import Diverged, OutOfMemory, evaluate, fit

BAD = [math.nan, math.inf, -math.inf]


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Look and save after every batch."""
    monkeypatch.setattr(training, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(files.os, "fsync", lambda number: None)  # do not wait for the disk
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def broken_at(call, bad, **options):
    """Train two epochs of six batches; the loss is `bad`, and spoils the weights, at this call of the step."""
    model, data, step = task()
    calls = iter(range(call, -99, -1))

    def spoilt(batch):
        numbers = step(batch)
        if next(calls) == 0:
            with torch.no_grad():
                next(model.parameters()).fill_(bad)
            numbers = {"loss": torch.tensor(bad)}
        return numbers | {"other": 1.0}
    return fit(model, Batches(data, 16), spoilt, epochs=2, quiet=True, **options)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("call, where", [(0, "epoch 1, batch 1"), (3, "epoch 1, batch 4"), (6, "epoch 2, batch 1"),
                                         (11, "epoch 2, batch 6")])
def test_a_bad_loss_anywhere_leaves_the_checkpoint_of_before(tmp_path, call, where, bad):
    with pytest.raises(Diverged, match=f"loss became {bad} in {where}. Try a learning rate ten") as caught:
        broken_at(call, bad, checkpoint=tmp_path / "run.pt")
    history = caught.value.history
    assert len(history.steps["loss"]) == len(history.steps["other"]) == call and history.epochs == call // 6
    assert (tmp_path / "run.pt").exists() == (call > 0)
    if call:
        state = torch.load(tmp_path / "run.pt", weights_only=True)
        assert 6 * state["epoch"] + state["batch"] == call
        assert all(part.isfinite().all() for part in state["parts"]["model"].values())


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_number_from_evaluate(tmp_path, bad):
    model, data, step = task()
    answers = iter([1.0, bad])
    with pytest.raises(Diverged, match=f"error became {bad} in evaluate after epoch 2. Try") as caught:
        fit(model, Batches(data, 16), step, epochs=3, evaluate=lambda: {"error": next(answers)}, quiet=True,
            checkpoint=tmp_path / "run.pt")
    history = caught.value.history
    assert history.epochs == 1 == len(history["loss"]) == len(history["error"]) and len(history.steps["loss"]) == 12
    assert torch.load(tmp_path / "run.pt", weights_only=True)["history"]["by_epoch"]["error"] == [1.0]


def test_spoilt_weights_are_not_saved_though_the_loss_looked_well(tmp_path, capsys):
    model, data, step = task()

    def last_update_is_nan(batch):
        numbers = step(batch)
        calls.append(1)
        if len(calls) == 6:
            with torch.no_grad():
                model[0].bias[0] = math.nan
        return numbers
    calls = []
    fit(model, Batches(data, 16), last_update_is_nan, epochs=1, checkpoint=tmp_path / "run.pt", quiet=True)
    assert "weights became NaN or infinite; the checkpoint run.pt stays" in capsys.readouterr().out
    state = torch.load(tmp_path / "run.pt", weights_only=True)
    assert state["batch"] == 5 and all(part.isfinite().all() for part in state["parts"]["model"].values())


def test_a_mask_of_infinities_is_no_fault(tmp_path):
    model = nn.Linear(1, 1)
    model.register_buffer("mask", torch.tensor([-math.inf]))
    fit(model, [torch.ones(1)], lambda batch: {"loss": 1.0}, epochs=1, checkpoint=tmp_path / "run.pt", quiet=True)
    assert (tmp_path / "run.pt").exists()


ENOUGH = 5  # rows of a batch that the memory in these tests holds


def small_memory(where="forward"):
    """A step that runs out of memory above ENOUGH rows, with half-done gradients; model, data, step."""
    model, data, usual = task()
    held = []  # what the step's frame held when the memory ended

    def step(batch):
        if len(batch[0]) > ENOUGH:
            activations = torch.zeros(3)
            held.append(weakref.ref(activations))
            for p in model.parameters():
                p.grad = torch.full_like(p, 1e6)
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        assert all(p.grad is None or p.grad.abs().max() < 1e5 for p in model.parameters())
        return usual(batch)
    return model, data, step, held


def test_the_error_names_half_the_batch_size_and_frees_the_memory():
    model, data, step, held = small_memory()
    with pytest.raises(OutOfMemory, match=r"Try a batch size of 8: Batches\(..., 8\), or Batches\(..., shrink=True\)") \
            as caught:
        fit(model, Batches(data, 16), step, epochs=1, quiet=True)
    gc.collect()
    assert held[0]() is None  # a traceback that lived on would keep the GPU full
    assert caught.value._render_traceback_() == [f"OutOfMemory: {caught.value}"]
    assert caught.value.__context__ is None and all(p.grad is None for p in model.parameters())


def test_batches_that_may_shrink_train_on_like_small_ones(capsys):
    model, data, step, _ = small_memory()
    batches = Batches(data, 16, shrink=True)
    history = fit(model, batches, step, epochs=3, quiet=True)
    expected, data, step = task()
    small = fit(expected, Batches(data, 4), step, epochs=3, quiet=True)
    assert torch.equal(weights(model), weights(expected)) and batches.size == 4 and history.epochs == 3
    assert history["loss"] == pytest.approx(small["loss"])
    assert [len(history.steps["loss"]), len(small.steps["loss"])] == [6 + 24 + 24, 3 * 24]
    assert [line for line in capsys.readouterr().out.splitlines() if "memory" in line] == [
        "here: not enough memory for a batch of 16; going on with 8",
        "here: not enough memory for a batch of 8; going on with 4"]


@pytest.mark.parametrize("stop", [3, 6, 20])
def test_a_shrunk_training_resumes_exactly(tmp_path, stop):
    def train(name, at=None):
        model, data, step, _ = small_memory()

        def report_or_stop(history, over):
            if len(history.steps["loss"]) == at:
                raise KeyboardInterrupt
        history = fit(model, Batches(data, 16, shrink=True), step, epochs=3, quiet=True, watch=report_or_stop,
                      checkpoint=tmp_path / name)
        return weights(model), history.steps
    expected = train("whole.pt")
    assert len(train("run.pt", at=stop)[1]["loss"]) == stop
    found = train("run.pt")
    assert torch.equal(found[0], expected[0]) and found[1] == expected[1]


def test_shrinking_ends_at_one_row():
    def step(batch):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    with pytest.raises(OutOfMemory, match="not enough for this model, whatever the batch size"):
        fit(nn.Linear(1, 1), Batches((torch.ones(8, 1),), 8, shrink=True), step, epochs=1, quiet=True)


def test_a_half_done_update_is_not_done_again(monkeypatch):
    model, data, step = task()

    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    monkeypatch.setattr(sys.modules["torch.optim.adam"], "adam", full)
    with pytest.raises(OutOfMemory, match="whatever the batch size.*Then make the model anew"):
        fit(model, Batches(data, 16, shrink=True), step, epochs=1, quiet=True)


@pytest.mark.parametrize("batch", [{"codes": torch.ones(8, 3), "mask": torch.ones(8, 3), "labels": torch.ones(8)},
                                   [torch.ones(8), {"whole": torch.ones(8, 1), "rate": torch.tensor(0.1)}]],
                         ids=["dict", "list"])
def test_a_list_of_batches_of_any_kind_is_told_a_size(batch):
    def step(batch):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    with pytest.raises(OutOfMemory, match=r"for a batch of 8. Try a batch size of 4\.$"):
        fit(None, [batch], step, epochs=1, quiet=True)


@pytest.mark.parametrize("batches", [[(torch.ones(4), torch.ones(3))], ["text"]], ids=["two lengths", "text"])
def test_a_batch_that_cannot_be_cut_is_an_error_too(batches):
    def step(batch):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    with pytest.raises(OutOfMemory, match="for a batch of this size. Make the batches smaller"):
        fit(None, batches, step, epochs=1, quiet=True)


def test_evaluation_without_memory_names_a_smaller_size():
    def model(images):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    data = torch.ones(4, 2), torch.zeros(4)
    with pytest.raises(OutOfMemory, match=r"evaluate\(..., size=250\)"):
        evaluate(model, data)
    with pytest.raises(OutOfMemory, match="given as evaluate="):
        fit(None, [1], lambda batch: {}, epochs=1, evaluate=lambda: model(None), quiet=True)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()

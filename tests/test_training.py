"""The one loop: what it measures, what it refuses, how it survives."""
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from utils import checkpoints, training
from utils.data import Batches
from utils.device import seed_everything
from utils.training import Diverged, History, evaluate, fit


def task(seed=0, dropout=0.0):
    """A small classification task: data, model, optimizer, step, as a chapter would write them."""
    seed_everything(seed)
    images = torch.randn(96, 6)
    labels = (images[:, 0] > 0).long()
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(dropout), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 10, 0.5)

    def step(batch):
        images, labels = batch
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return {"loss": loss}

    return model, (images, labels), step


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.state_dict().values()])


def test_it_learns_and_measures(capsys):
    model, data, step = task()
    history = fit(model, Batches(data, 16), step, epochs=15, evaluate=data)
    assert history["test_error"][-1] < 10 < history["test_error"][0] + 10
    assert len(history["loss"]) == history.epochs == 15 and len(history.steps["loss"]) == 90
    assert history["loss"][2] == pytest.approx(sum(history.steps["loss"][12:18]) / 6)
    assert capsys.readouterr().out.startswith("15 epochs · loss ≈ ")


def test_it_equals_a_hand_written_loop():
    model, data, step = task()
    fit(model, Batches(data, 16, seed=3), step, epochs=3, quiet=True)
    by_hand, data, step = task()
    by_hand.train()
    batches = Batches(data, 16, seed=3)
    for _ in range(3):
        for batch in batches:
            step(batch)
    assert torch.equal(weights(model), weights(by_hand))


def test_evaluate_is_in_eval_mode_and_restores_training_mode():
    class Fickle(nn.Module):
        def forward(self, images):
            sign = -1 if self.training else 1
            return torch.stack([-images[:, 0], images[:, 0]], 1) * sign

    images = torch.randn(2500, 3)
    labels = (images[:, 0] > 0).long()
    model = Fickle().train()
    assert evaluate(model, (images, labels)) == {"error": 0.0}
    assert model.training
    assert evaluate(model, (images, 1 - labels)) == {"error": 100.0}  # other data, another result


def test_numbers_stay_on_the_device_without_a_graph():
    history = History()
    weight = torch.ones((), requires_grad=True)
    history.add({"loss": weight * 2}, 0, 0)
    assert not history._waiting[0][2]["loss"].requires_grad
    assert history.look() == {"loss": 2.0}


def test_numbers_of_some_steps_only():
    def step(batch):
        step.calls += 1
        return {"critic": 1.0} if step.calls % 2 else {"critic": 3.0, "generator": step.calls}
    step.calls = 0
    history = fit(None, [0, 1, 2, 3], step, epochs=2, quiet=True)
    assert history["critic"] == [2.0, 2.0] and history["generator"] == [3.0, 7.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_stops_with_a_sentence(bad):
    def step(batch):
        step.calls += 1
        return {"loss": torch.tensor(bad if step.calls >= 9 else 1.0)}
    step.calls = 0
    with pytest.raises(Diverged, match=r"epoch 3, batch 1\. Try a learning rate ten times") as caught:
        fit(None, [0, 1, 2, 3], step, epochs=5, quiet=True)
    assert caught.value.history.epochs == 2 and caught.value._render_traceback_()[0].startswith("Div")


def test_ctrl_c_returns_what_was_learned(capsys):
    def step(batch):
        if step.calls == 6:
            raise KeyboardInterrupt
        step.calls += 1
        return {"loss": 1.0}
    step.calls = 0
    history = fit(None, [0, 1, 2, 3], step, epochs=5)
    assert history.epochs == 1 and len(history.steps["loss"]) == 6
    assert "stopped by hand in epoch 2 of 5" in capsys.readouterr().out


def test_a_watcher_is_called_while_it_runs_and_once_when_it_is_over(monkeypatch):
    monkeypatch.setattr(training, "LOOK_EVERY", 0.0)
    seen = []
    fit(None, [0, 1, 2], lambda batch: {"loss": 1.0}, epochs=2, quiet=True,
        watch=lambda history, over: seen.append((len(history.steps["loss"]), over)))
    assert seen == [(1, False), (2, False), (3, False), (4, False), (5, False), (6, False), (6, True)]


def test_a_watcher_sees_the_end_of_a_training_stopped_by_hand():
    def step(batch):
        if batch == 2:
            raise KeyboardInterrupt
        return {"loss": 1.0}
    seen = []
    fit(None, [0, 1, 2], step, epochs=1, watch=lambda history, over: seen.append((len(history.steps["loss"]), over)))
    assert seen == [(2, True)]


@pytest.mark.parametrize("patience, quiet, bars", [(0.0, True, 1), (99.0, True, 0), (99.0, False, 1)])
def test_a_quiet_training_shows_a_bar_only_when_it_takes_long(monkeypatch, patience, quiet, bars):
    made = []

    class Bar:
        n = 0

        def __init__(self, total):
            made.append(self)

        def update(self, by):
            self.n += by

        def set_postfix(self, numbers, refresh):
            self.numbers = numbers

        def close(self):
            self.closed = True

    monkeypatch.setattr(training, "progress", Bar)
    monkeypatch.setattr(training, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(training, "PATIENCE", patience)
    fit(None, [0, 1, 2], lambda batch: {"loss": 1.0}, epochs=2, quiet=quiet)
    assert len(made) == bars and all(bar.closed and bar.n == 6 for bar in made)


def test_a_report_ends_the_training_with_true_and_with_nothing_else(capsys):
    model, data, step = task()
    enough = fit(model, Batches(data, 16), step, epochs=9, report=lambda history: history.epochs == 2)
    assert enough.epochs == 2 and "stopped by hand" not in capsys.readouterr().out
    assert fit(model, Batches(data, 16), step, epochs=3, report=lambda history: "a line", quiet=True).epochs == 3


def test_resuming_gives_the_numbers_of_an_uninterrupted_run(tmp_path):
    whole, data, step = task(dropout=0.3)
    expected = fit(whole, Batches(data, 16), step, epochs=5, evaluate=data, quiet=True)
    model, data, step = task(dropout=0.3)
    fit(model, Batches(data, 16), step, epochs=2, evaluate=data, checkpoint=tmp_path / "a.pt", quiet=True)
    model, data, step = task(seed=9, dropout=0.3)  # a new kernel: other weights, other random numbers
    _, data, _ = task()
    seed_everything(123)
    history = fit(model, Batches(data, 16), step, epochs=5, evaluate=data,
                  checkpoint=tmp_path / "a.pt", quiet=True)
    assert torch.equal(weights(model), weights(whole))
    assert history.steps == expected.steps and history.by_epoch == expected.by_epoch


KILLED = """
import sys, torch
sys.path[:0] = [{root!r}, {tests!r}]
from test_training import task, weights
from utils import checkpoints, training
from utils.data import Batches
from utils.training import fit
training.LOOK_EVERY = checkpoints.EVERY = 0.0
model, data, step = task(dropout=0.3)
def deadly(batch):
    deadly.calls += 1
    if deadly.calls == {die}:
        import os; os._exit(9)
    return step(batch)
deadly.calls = 0
history = fit(model, Batches(data, 16), deadly, epochs=4, checkpoint={file!r}, quiet=True)
print(history.steps["loss"], weights(model).tolist())
"""


def test_a_killed_kernel_resumes_in_the_middle_of_an_epoch(tmp_path):
    names = {"root": str(Path(training.__file__).parents[1]), "tests": str(Path(__file__).parent)}

    def child(die, file):
        code = KILLED.format(die=die, file=str(tmp_path / file), **names)
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    whole = child(0, "whole.pt")
    assert whole.returncode == 0, whole.stderr
    assert child(10, "cut.pt").returncode == 9  # in the second epoch of six batches
    resumed = child(0, "cut.pt")
    assert resumed.stdout.splitlines()[0].startswith("here: resumed cut.pt after 1 epochs and 3 batches")
    assert resumed.stdout.splitlines()[-1] == whole.stdout.splitlines()[-1]


def test_a_finished_run_is_not_trained_again(tmp_path):
    model, data, step = task()
    first = fit(model, Batches(data, 16), step, epochs=2, checkpoint=tmp_path / "a.pt", quiet=True)
    before = weights(model)
    again = fit(model, Batches(data, 16), step, epochs=2, checkpoint=tmp_path / "a.pt", quiet=True)
    assert torch.equal(before, weights(model)) and again.by_epoch == first.by_epoch


def test_a_broken_checkpoint_is_set_aside(tmp_path, capsys):
    file = tmp_path / "a.pt"
    model, data, step = task()
    fit(model, Batches(data, 16), step, epochs=1, checkpoint=file, quiet=True)
    file.write_bytes(file.read_bytes()[:500])
    model, data, step = task()
    history = fit(model, Batches(data, 16), step, epochs=1, checkpoint=file, quiet=True)
    assert history.epochs == 1 and (tmp_path / "a.broken").exists()
    assert "set aside" in capsys.readouterr().out


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    model, data, step = task()
    fit(model, Batches(data, 16), step, epochs=1, checkpoint=tmp_path / "a.pt", quiet=True)
    other = nn.Linear(6, 2)
    with pytest.raises(ValueError, match="belongs to another model or step.*Delete the file"):
        fit(other, Batches(data, 16), lambda batch: {"loss": 0.0}, epochs=1,
            checkpoint=tmp_path / "a.pt", quiet=True)


def test_a_full_disk_does_not_cost_the_training(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(checkpoints.torch, "save", full)
    model, data, step = task()
    history = fit(model, Batches(data, 16), step, epochs=2, checkpoint=tmp_path / "a.pt", quiet=True)
    assert history.epochs == 2 and "training goes on" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_autocast_keeps_no_stale_weights(monkeypatch):
    """bf16 over the whole loop must train like bf16 around each step."""
    seed_everything(0)
    monkeypatch.setattr(training, "half_precision", lambda model: torch.autocast(
        "cpu", torch.bfloat16, cache_enabled=False))
    model, data, step = task()
    history = fit(model, Batches(data, 16), step, epochs=15, evaluate=data, quiet=True)
    assert history["test_error"][-1] < 15


def test_batches_of_other_kinds_are_moved_to_the_device():
    seen = []
    loader = torch.utils.data.DataLoader(list(zip(torch.arange(6.), torch.arange(6))), batch_size=2)
    fit(None, loader, lambda batch: seen.append(batch) or {}, epochs=1, quiet=True)
    assert len(seen) == 3 and torch.equal(seen[1][1], torch.tensor([2, 3]))


@pytest.mark.parametrize("change, kind, words", [
    ({"model": nn.Linear}, TypeError, r"not the class Linear"),
    ({"step": 3}, TypeError, "expects step to be a function"),
    ({"batches": (x for x in [1])}, TypeError, "can be walked again"),
    ({"batches": []}, ValueError, "no batches"),
    ({"epochs": 0}, ValueError, "integer of 1 or more"),
    ({"epochs": 2.0}, ValueError, "integer of 1 or more"),
    ({"step": lambda batch: 0.5}, TypeError, "returns its numbers as a dict"),
    ({"step": lambda batch: {"loss": torch.ones(3)}}, TypeError, "Take a mean"),
    ({"step": lambda batch: {"loss": "low"}}, TypeError, "is str"),
])
def test_what_cannot_be_trained_with_is_refused(change, kind, words):
    given = {"model": None, "batches": [1], "step": lambda batch: {}, "epochs": 1} | change
    with pytest.raises(kind, match=words):
        fit(given["model"], given["batches"], given["step"], epochs=given["epochs"], quiet=True)


def test_evaluate_refuses_logits_of_another_shape():
    with pytest.raises(ValueError, match=r"logits of shape \(4, classes\)"):
        evaluate(lambda images: images.sum(1), (torch.ones(4, 2), torch.zeros(4)))


def test_history_names_what_it_has():
    history = History()
    history.add({"loss": 1.0}, 0, 0)
    history.look()
    history.end_epoch({"test_error": 3})
    assert "loss" in history and repr(history) == "History(1 epochs: loss, test_error)"
    with pytest.raises(KeyError, match="no 'accuracy'.*test_error"):
        history["accuracy"]

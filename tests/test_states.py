"""Finished trainings on file: loaded they leave what training leaves; whatever differs trains."""
import functools
import os
import pathlib
import subprocess
import sys

import pytest
import torch
from torch import nn

from utils import leaves, states
from utils.data import Batches
from utils.device import seed_everything
from utils.training import fit


class Tally:
    """Counts its calls. What can be called is not followed, so that the steps below stay loadable."""

    def __init__(self):
        self.n = 0

    def __call__(self):
        self.n += 1


TALLY = Tally()
ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_STATES", str(tmp_path / "states"))
    monkeypatch.setenv("COURSE_KEEP_STATES", "1")
    monkeypatch.setattr(states, "_SAID", set())
    TALLY.n = 0
    return tmp_path / "states"


def points(rows=32):
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(rows, 3, generator=generator)
    return inputs, inputs.sum(1, keepdim=True)


def trained(rate=0.1, epochs=3, width=4, seed=0, data=None, counter=None, **options):
    """A small training with dropout and Adam: the model, the optimizer, the history, the batches."""
    seed_everything(seed)
    model = nn.Sequential(nn.Linear(3, width), nn.Dropout(0.2), nn.Linear(width, 1))
    optimizer = torch.optim.Adam(model.parameters(), rate)
    batches = Batches(data or points(), 8)

    def step(batch):
        TALLY()
        counter is None or counter.append(1)
        loss = (model(batch[0]) - batch[1]).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss}

    history = fit(model, batches, step, epochs=epochs, quiet=True, **options)
    return model, optimizer, history, batches


def end(run):
    """All that a training leaves behind, the random numbers included."""
    model, optimizer, history, batches = run
    moments = [state["exp_avg"].tolist() for state in optimizer.state.values()]
    return ([p.tolist() for p in model.parameters()], moments, history["loss"], history.steps["loss"],
            history.epochs, batches.epoch, model.training, torch.rand(3).tolist())


def test_a_loaded_training_leaves_what_training_leaves(folder, capsys):
    first = end(trained())
    files, calls = list(folder.iterdir()), TALLY.n
    assert len(files) == 1 and calls == 12
    assert end(trained()) == first and TALLY.n == calls
    assert capsys.readouterr().out == "here: trainings are loaded from COURSE_STATES where it has them\n"
    assert list(folder.iterdir()) == files


@pytest.mark.parametrize("change", [{"rate": 0.01}, {"epochs": 2}, {"width": 5}, {"seed": 1}, {"data": points(40)}],
                         ids=lambda change: next(iter(change)))
def test_whatever_a_learner_changes_is_trained(folder, change):
    trained()
    calls = TALLY.n
    trained(**change)
    assert TALLY.n > calls and len(list(folder.iterdir())) == 2


def test_another_step_is_trained(folder):
    def run(power):
        model, batches = nn.Linear(3, 1), Batches(points(), 8)
        with torch.no_grad():
            model.weight.fill_(0.5)
            model.bias.zero_()
        def step(batch):
            loss = (model(batch[0]) - batch[1]).abs().pow(power).mean()
            loss.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= 0.1 * p.grad
                    p.grad = None
            return {"loss": loss}
        torch.manual_seed(0)
        return fit(model, batches, step, epochs=1, quiet=True)["loss"]
    assert run(2) == run(2) and len(list(folder.iterdir())) == 1
    assert run(3) != run(2) and len(list(folder.iterdir())) == 2


def test_a_setting_that_no_weight_shows_makes_another_training(folder):
    class Scaled(nn.Module):
        def __init__(self, factor, activation):
            super().__init__()
            self.inner, self.factor, self.activation = nn.Linear(3, 1), factor, activation

        def forward(self, inputs):
            return self.factor * self.activation(self.inner(inputs))

    def run(factor, activation):
        torch.manual_seed(0)
        model = Scaled(factor, activation)
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        def step(batch):
            loss = (model(batch[0]) - batch[1]).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return {"loss": loss}
        return fit(model, Batches(points(), 8), step, epochs=1, quiet=True)["loss"]
    found = [run(factor, activation) for factor in (1, 2) for activation in (lambda x: x, lambda x: x.tanh())]
    assert len({tuple(losses) for losses in found}) == 4 == len(list(folder.iterdir()))


def test_plain_tensors_come_back_too(folder):
    def run():
        torch.manual_seed(0)
        weights, machine = torch.zeros(3), {"bias": torch.zeros(1)}
        def step(batch):
            wrong = batch[1][0] - batch[0][0] @ weights - machine["bias"]
            weights.add_(0.1 * wrong * batch[0][0])
            machine["bias"].add_(0.1 * wrong)
            return {"wrong": wrong.abs()}
        history = fit(None, Batches(points(), 1), step, epochs=2, quiet=True)
        return weights.tolist(), machine["bias"].tolist(), history["wrong"]
    assert run() == run() and len(list(folder.iterdir())) == 1


def test_what_cannot_be_brought_back_is_not_kept(folder):
    stream = iter(range(1000))
    trained(evaluate=lambda: {"next": next(stream)})  # nobody can wind a stream forward
    assert next(stream) == 3 and not folder.exists()
    norms = []
    trained(counter=norms)  # the step fills a list
    assert len(norms) == 12 and not folder.exists()
    looks = []
    trained(evaluate=lambda: looks.append(1) or {"count": len(looks)})
    assert len(looks) == 3 and not folder.exists()


def test_nothing_is_written_unless_asked(folder, monkeypatch):
    monkeypatch.delenv("COURSE_KEEP_STATES")
    trained()
    assert not folder.exists()
    monkeypatch.delenv("COURSE_STATES")
    trained()
    assert TALLY.n == 24


@pytest.mark.parametrize("damage", [b"", b"rubbish", None], ids=["empty", "rubbish", "cut"])
def test_a_damaged_file_is_trained_again(folder, capsys, damage):
    first = end(trained())
    file, = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-200] if damage is None else damage)
    assert end(trained()) == first and TALLY.n == 24
    assert "cannot be read" in capsys.readouterr().out
    assert end(trained()) == first and TALLY.n == 24  # written anew


def test_a_full_disk_costs_a_line_and_not_the_training(folder, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(states.torch, "save", full)
    trained()
    assert "could not be kept" in capsys.readouterr().out and not list(folder.iterdir())


def test_the_moments_of_large_models_are_left_out(folder, monkeypatch):
    trained()
    small = next(folder.iterdir()).stat().st_size
    monkeypatch.setattr(states, "HEAVY", 10)
    next(folder.iterdir()).unlink()
    first = trained()[0].state_dict()
    assert next(folder.iterdir()).stat().st_size < small
    loaded = trained()[0].state_dict()
    assert TALLY.n == 24 and all(torch.equal(first[name], loaded[name]) for name in first)


def test_a_checkpoint_or_an_unknown_step_is_left_alone(folder, tmp_path):
    trained(checkpoint=tmp_path / "run.ckpt")
    fit(None, [(torch.ones(1),)], functools.partial(lambda a, batch: {"loss": 1.0}, 1), epochs=1, quiet=True)
    assert not folder.exists()


def test_the_watcher_sees_the_end(folder):
    seen = []
    def watch(history, over):
        seen.append((history.epochs, over))
    trained(watch=watch)
    trained(watch=watch)
    assert seen[-1] == (3, True) and TALLY.n == 12


def test_ways_to_leaves():
    inside = {"a": [torch.zeros(1), 3], "b": nn.Linear(1, 1), "c": "text"}
    ways = dict(leaves.walk(inside, "x"))
    assert set(ways) == {"x.len", "x['a'].len", "x['a'][0]", "x['a'][1]", "x['b']", "x['c']"}
    assert leaves.fingerprint(torch.zeros(2)) != leaves.fingerprint(torch.zeros(3))
    large = torch.zeros(3_000_000)
    before = leaves.fingerprint(large)
    large[7] = 1
    assert leaves.fingerprint(large) != before


def test_what_a_step_names_has_one_order_in_every_process():
    program = ("from utils.leaves import read\n"
               "first, zeta, b, alpha, q, last = range(6)\n"
               "def inner(): return zeta + last\n"
               "def step(batch): return q, alpha, b, inner(), first\n"
               "print(*read(step)[0])")
    found = {subprocess.run([sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": str(seed)}, cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout for seed in range(3)}
    assert found == {"step.alpha step.b step.first step.q inner.last inner.zeta\n"}

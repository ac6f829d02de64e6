"""Ctrl-C at every line of a training: what was learned is kept, the history agrees with itself, the file is whole."""
import random
import sys
from pathlib import Path

import pytest
import torch
from test_training import task

from utils import checkpoints, files, training
from utils.data import Batches
from utils.training import evaluate, fit

OWN = (str(Path(training.__file__).parent), __file__)  # the course's lines, and those of the step and the reports
TORCH = tuple(str(Path(torch.__file__).parent / name) for name in ("serialization.py", "optim", "nn/modules/module.py"))
EPOCHS, MANY = 2, 30


class Keyboard:
    """Traces the lines of some files and presses Ctrl-C at line number `at`; with None it only counts."""

    def __init__(self, within, at=None):
        self.within, self.at, self.places = within, at, []

    def __call__(self, frame, event, _):
        if not frame.f_code.co_filename.startswith(self.within):
            return None
        if event == "line":
            self.places.append((frame.f_code.co_filename, frame.f_lineno))
            if len(self.places) - 1 == self.at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self


class Run:
    """One training with all that `fit` takes, stopped by a Keyboard; what is there afterwards."""

    def __init__(self, file, keyboard=None):
        self.model, self.data, step = task(dropout=0.3)
        self.data = tuple(part[:48] for part in self.data)
        self.file, self.steps, self.reports, self.history = file, 0, 0, None

        def counted(batch):
            numbers = step(batch)
            self.steps += 1
            return {**numbers, "twice": 2 * numbers["loss"]}

        def report(history):
            self.reports += 1

        def measured():
            return {"error": evaluate(self.model, self.data)["error"], "rows": float(len(self.data[1]))}

        def watch(history, over):
            assert len(history.steps["loss"]) == len(history.steps["twice"])

        self.step, before = counted, sys.gettrace()
        try:
            sys.settrace(keyboard)
            self.history = fit(self.model, Batches(self.data, 16), counted, epochs=EPOCHS, evaluate=measured,
                               checkpoint=file, report=report, watch=watch, quiet=True)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)

    def check(self, whole):
        """Compare with an uninterrupted run."""
        modes = {module.training for module in self.model.modules()}
        assert len(modes) == 1 and torch.is_grad_enabled()
        assert all(part.isfinite().all() for part in self.model.state_dict().values())
        assert not list(self.file.parent.glob("*.tmp"))
        if self.history is None:  # Ctrl-C before the first step, or when all was over
            assert self.steps == 0 or self.reports == EPOCHS
            return
        history = self.history
        rows = [history.steps[name] for name in ("loss", "twice")] if self.steps else []
        assert all(self.steps - 1 <= len(row) <= self.steps for row in rows) and len({*map(len, rows)}) <= 1
        assert all(row == whole.history.steps[name][:len(row)] for name, row in history.steps.items())
        assert all(row == whole.history[name][:history.epochs] for name, row in history.by_epoch.items())
        assert self.steps // 3 - 1 <= history.epochs <= self.steps // 3


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Look and save after every batch, so that there are as many places as there can be; do not wait for the disk."""
    monkeypatch.setattr(training, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(files.os, "fsync", lambda number: None)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def whole(tmp_path):
    """A training that nobody stops."""
    (tmp_path / "whole").mkdir()
    return Run(tmp_path / "whole" / "run.pt")


def places(within, folder):
    """Each line that a whole run goes through, in order."""
    folder.mkdir()
    keyboard = Keyboard(within)
    Run(folder / "run.pt", keyboard)
    return keyboard.places


def stopped(at, within, whole, folder):
    """A training stopped at line number `at`, looked at, and trained on for a step."""
    folder.mkdir()
    run = Run(folder / "run.pt", Keyboard(within, at))
    run.check(whole)
    run.step(next(iter(Batches(run.data, 16))))
    return run


def test_ctrl_c_at_every_line_of_the_course(tmp_path, whole):
    last = {place: at for at, place in enumerate(places(OWN, tmp_path / "count"))}
    assert len(last) > 150 and sum("training.py" in name for name, _ in last) > 40
    for at in last.values():
        file = stopped(at, OWN, whole, tmp_path / str(at)).file
        assert not file.exists() or torch.load(file, weights_only=True)["epoch"] <= EPOCHS


@pytest.mark.parametrize("within", [OWN, TORCH], ids=["course", "torch"])
def test_a_training_stopped_anywhere_resumes_exactly(tmp_path, whole, within):
    count = len(places(within, tmp_path / "count"))
    assert count > 10 * MANY
    for at in random.Random(5).sample(range(count), MANY):
        stopped(at, within, whole, tmp_path / str(at))
        resumed = Run(tmp_path / str(at) / "run.pt")
        assert resumed.history.steps == whole.history.steps and resumed.history.by_epoch == whole.history.by_epoch
        assert all(torch.equal(one, other) for one, other in zip(resumed.model.parameters(), whole.model.parameters()))

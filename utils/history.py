"""What a training run measured: numbers by batch and by epoch, under the names the step gave."""
import math
from collections import defaultdict
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from utils.say import approx


class Diverged(RuntimeError):
    """A number became NaN or infinite, of the step or, with batch None, of what is measured after an epoch.

    `history` holds what came before.
    """

    def __init__(self, name: str, value: float, epoch: int, batch: int | None, history: "History"):
        place = f"epoch {epoch + 1}, batch {batch + 1}" if batch is not None else f"evaluate after epoch {epoch + 1}"
        super().__init__(
            f"{name} became {value} in {place}. Try a learning rate ten "
            "times smaller, or clip the gradients (torch.nn.utils.clip_grad_norm_); if it happens in "
            "the very first batch, look for NaN in the data or for log(0) and division by 0 in the "
            "step. Then make the model anew: its weights are spoilt.")
        self.history = history

    def _render_traceback_(self) -> list[str]:
        """In a notebook the sentence says more than the traceback of the loop."""
        return [f"{type(self).__name__}: {self}"]


class History:
    """history["loss"] is one number an epoch (the mean of its batches); history.steps["loss"]
    one a batch. What `evaluate` returned is there under its own names. `seconds` is the time
    that fit took; `plot()` draws the curves.
    """

    def __init__(self) -> None:
        self.steps: dict[str, list[float]] = defaultdict(list)
        self.by_epoch: dict[str, list[float]] = defaultdict(list)
        self.epochs, self.seconds = 0, 0.0
        self._waiting: list[tuple[int, int, dict]] = []  # epoch, batch, numbers on the device
        self._seen: dict[str, int] = {}  # how many of each row of `steps` an earlier look has put there
        self._epoch_starts: dict[str, int] = {}
        self._closed: dict[str, int] = {}  # the length of each row of `by_epoch` when an epoch was last closed

    def add(self, numbers: dict[str, Any], epoch: int, batch: int) -> None:
        """Keep one step's numbers where they are: no copy from the device, no waiting for it."""
        if not isinstance(numbers, dict):
            raise TypeError('A step returns its numbers as a dict, for example {"loss": loss}; '
                            f"this one returned {type(numbers).__name__}.")
        free = {name: value.detach() if isinstance(value, Tensor) else value for name, value in numbers.items()}
        self._waiting.append((epoch, batch, free))

    def look(self) -> dict[str, float]:
        """Fetch the waiting numbers from the device, in one copy a name; the newest of each.

        Raises Diverged at the first NaN or infinity; the numbers of that step and later ones are dropped.
        Ctrl-C in the middle loses nothing: the next look does the same again.
        """
        places: dict[str, list[int]] = defaultdict(list)
        for place, (_, _, numbers) in enumerate(self._waiting):
            for name in numbers:
                places[name].append(place)
        found = {name: fetch(name, [self._waiting[place][2][name] for place in row]) for name, row in places.items()}
        bad = [(place, name, value) for name, values in found.items()
               for place, value in zip(places[name], values) if not math.isfinite(value)]
        end, *of = min(bad, default=(len(self._waiting),), key=lambda one: one[0])
        for name, values in found.items():
            good = [value for place, value in zip(places[name], values) if place < end]
            self.steps[name][self._seen.get(name, 0):] = good
        last = self._waiting[end] if bad else ()
        self._waiting, self._seen = [], {name: len(row) for name, row in self.steps.items()}
        if last:
            raise Diverged(*of, *last[:2], self)
        return {name: values[-1] for name, values in self.steps.items() if values}

    def end_epoch(self, measured: dict[str, Any]) -> None:
        """Close an epoch: the mean of each name's batches, and what was measured after it.

        Raises Diverged, and leaves the epoch open, when what was measured is NaN or infinite.
        """
        numbers = {name: float(value) for name, value in measured.items()}
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise Diverged(name, value, self.epochs, None, self)
        new = {name: row[self._epoch_starts.get(name, 0):] for name, row in self.steps.items()}
        means = {name: sum(row) / len(row) for name, row in new.items() if row}
        for name, value in {**means, **numbers}.items():
            self.by_epoch[name].append(value)
        self._mark(self.epochs + 1)

    def _mark(self, epochs: int) -> None:
        """Note, in one assignment, that these epochs are closed and where their rows end."""
        starts, closed = ({name: len(row) for name, row in rows.items()} for rows in (self.steps, self.by_epoch))
        self.epochs, self._epoch_starts, self._closed = epochs, starts, closed

    def stop(self) -> None:
        """After Ctrl-C: take in what is waiting, and drop what an epoch that was being closed has left."""
        self.look()
        for name, row in self.by_epoch.items():
            del row[self._closed.get(name, 0):]

    def state(self) -> dict:
        """All of it as plain Python, for a checkpoint."""
        return {"steps": dict(self.steps), "by_epoch": dict(self.by_epoch), "epochs": self.epochs,
                "seconds": self.seconds, "starts": dict(self._epoch_starts)}

    def restore(self, state: dict) -> None:
        """Take over a state() in place."""
        self.steps = defaultdict(list, {name: list(row) for name, row in state["steps"].items()})
        self.by_epoch = defaultdict(list, {name: list(row) for name, row in state["by_epoch"].items()})
        self.epochs, self.seconds = state["epochs"], state["seconds"]
        self._epoch_starts = dict(state["starts"])
        self._seen, self._closed = ({name: len(row) for name, row in rows.items()}
                                    for rows in (self.steps, self.by_epoch))

    def names(self) -> list[str]:
        """The names that can be asked for."""
        return [*dict.fromkeys([*self.by_epoch, *self.steps])]

    def __getitem__(self, name: str) -> list[float]:
        if not isinstance(name, str) or name not in self.by_epoch:
            raise KeyError(f"The history has no {name!r} by epoch; it has {self.names() or 'nothing yet'}.")
        return self.by_epoch[name]

    def __contains__(self, name: str) -> bool:
        return name in self.by_epoch

    def __repr__(self) -> str:
        return f"History({self.epochs} epochs: {', '.join(self.names())})"

    def summary(self) -> str:
        """One line: epochs, the last value of each name, seconds."""
        last = [f"{name} {approx(row[-1], 3)}" for name, row in self.by_epoch.items() if row]
        return " · ".join([f"{self.epochs} epochs", *last, approx(self.seconds, 1, " s")])

    def plot(self, *names: str) -> Any:
        """A matplotlib figure of these names (all of them by default) over the epochs."""
        from utils.plots import plot_history  # here, for the loop itself knows nothing of plots
        return plot_history(self, list(names) or None)


def fetch(name: str, values: list) -> list[float]:
    """A list of 0-d tensors or Python numbers as floats, with one copy from the device."""
    if values and all(isinstance(value, Tensor) and value.numel() == 1 for value in values):
        return torch.stack([value.reshape(()) for value in values]).double().tolist()
    wrong = [value for value in values
             if not isinstance(value, Real) and not (isinstance(value, Tensor) and value.numel() == 1)]
    if wrong:
        shape = tuple(wrong[0].shape) if isinstance(wrong[0], Tensor) else type(wrong[0]).__name__
        raise TypeError(f"A step's number is one number or a 0-d tensor; {name} is {shape}. "
                        "Take a mean, for example loss.mean().")
    return [float(value) for value in values]

"""Find out whether the shares of a batch add up to the batch, before a training is shared.

They do where the loss is a mean over rows and every row is on its own. They do not with batch normalisation,
with a sum as loss, with several nets in the first dimension, with numbers changed by hand. No reading of the code
can tell, so the step is tried on a few rows, whole and in shares, with chance standing still and nothing learned;
then all is put back. Nothing is sent: each process computes all shares itself.
"""
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from utils.device import lab
from utils.leaves import read, walk
from utils.replicas.averages import Share, scalar
from utils.replicas.shares import share
from utils.replicas.snapshot import Snapshot
from utils.rows import cut, rows_of

CLOSE = 2e-3  # of the length of the gradient: far above rounding, far below a wrong weight
ROWS = 4  # rows of each share, about; one row more makes the shares unequal


def optimizers_of(step: Callable) -> list[torch.optim.Optimizer]:
    """The optimizers that a step's code names."""
    return [leaf for leaf in leaves_of(step) if isinstance(leaf, torch.optim.Optimizer)]


def leaves_of(step: Callable) -> Iterator[Any]:
    """Everything with a state, and every plain value, that a step's code names; each once."""
    seen = set()
    for name, value in read(step)[0].items():
        for _, leaf in walk(value, name):
            if id(leaf) not in seen:
                seen.add(id(leaf))
                yield leaf


def why_not(step: Callable, batch: Any, optimizers: list, world: int) -> str:
    """Why a training cannot be shared by `world` processes, as the end of a sentence; empty where it can."""
    if not optimizers:
        return "its step names no optimizer"
    if any(isinstance(leaf, Iterator) for leaf in leaves_of(step)):
        return "its step takes from an iterator, which cannot be put back after a rehearsal"
    if rows_of(batch) < world:
        return "its batches have no rows to share"
    before = Snapshot(step, optimizers)
    try:
        with torch.autocast(lab.device.type, enabled=False), Still():
            return compare(step, cut(batch, 0, ROWS * world + 1), optimizers, world, before)
    except Exception as error:  # shapes that only a whole batch has, for example
        return f"its step does not work on a part of a batch ({type(error).__name__})"
    finally:
        before.restore()


def compare(step: Callable, rows: Any, optimizers: list, world: int, before: Snapshot) -> str:
    """Take the step with all rows, then with each share; an empty text if the shares make the same step."""
    whole = Rehearsed(optimizers, 1.0, [])
    whole.take(step, rows)
    if not whole.gradients:
        return "no backward pass in its step reaches the optimizers"
    sums = [torch.zeros_like(gradient) for gradient in whole.gradients]
    numbers = dict.fromkeys(whole.numbers, 0.0)
    for rank in range(world):
        before.restore()
        part, weight = share(rows, rank, world)
        one = Rehearsed(optimizers, weight, whole.counts)
        one.take(step, part)
        if [len(each) for each in one.gradients] != [len(each) for each in sums] or set(one.numbers) != set(numbers):
            return "its step does other things with a part of a batch"
        for total, gradient in zip(sums, one.gradients):
            total += weight * gradient
        for name in numbers:
            numbers[name] += weight * one.numbers[name]
    if not all(near(total, gradient) for total, gradient in zip(sums, whole.gradients)):
        return "the gradients of parts of a batch do not add up to those of the batch"
    far = [name for name, value in whole.numbers.items() if abs(numbers[name] - value) > CLOSE * abs(value) + 1e-5]
    return f"the mean of {far[0]} over parts of a batch is not that of the batch" if far else ""


def near(one: Tensor, other: Tensor) -> bool:
    """Whether two gradients are the same but for rounding, and tell something."""
    return bool(other.isfinite().all()) and bool((one - other).norm() <= CLOSE * other.norm())


class Rehearsed(Share):
    """A share that sends nothing: it keeps the gradients, and takes them away before they teach anything.

    counts: how many places the whole batch counts in each mean, in order; empty for the whole batch itself.
    """

    def __init__(self, optimizers: list, weight: float, counts: list[Tensor]):
        super().__init__(optimizers)
        self.weight, self.known, self.counts = weight, counts, []
        self.gradients: list[Tensor] = []
        self.numbers: dict[str, float] = {}

    def take(self, step: Callable, rows: Any) -> None:
        """One step on these rows."""
        try:
            with self:
                numbers = step(rows)
            self.numbers = {name: float(scalar(value)) for name, value in numbers.items()}
        finally:
            self.close()

    def after_backward(self, gradients: list[Tensor]) -> None:
        """Keep a copy, and leave zeros: clipping and optimizers then do nothing that depends on the rows."""
        if gradients:
            self.gradients.append(torch.cat([part.detach().flatten().double() for part in gradients]))
        for part in gradients:
            part.zero_()

    def total(self, count: Tensor) -> Tensor:
        """The count of the whole batch, as its own rehearsal met it."""
        self.counts.append(count)
        return self.known[len(self.counts) - 1] if self.known else count


class Still(TorchDispatchMode):
    """Chance stands still: every random number is the same one, and dropout drops nothing."""

    def __torch_dispatch__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in function.tags:
            return function(*args, **kwargs)
        names = [argument.name for argument in function._schema.arguments]
        for name in {"dropout_p", "p"} & set(names):
            if "dropout" in function.name() or "attention" in function.name():
                place = names.index(name)
                args = (*args[:place], 0.0, *args[place + 1:])
                return function(*args, **kwargs)
        found = function(*args, **kwargs)
        return found.fill_(1 if "bernoulli" in function.name() else 0.3 if found.is_floating_point() else 0)

"""Several processes that share the trainings of a chapter, as torchrun starts them; the chapter stays as it is.

Each process has the whole model and walks through the same batches, and works on its share of every batch's rows.
Gradients and numbers are averaged, weighted by rows, so that a step is the step of one process. `rehearsal` finds
out beforehand whether that is so; where it is not, every process does the whole training, and a line says so.
Nothing of this is loaded without torchrun: one process pays nothing for it.
"""
import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from filelock import FileLock
from torch import Tensor

from utils import states, training
from utils.checkpoints import Checkpoint
from utils.data import sources
from utils.device import lab
from utils.history import History
from utils.pretraining import ranks
from utils.replicas.averages import Averages
from utils.replicas.rehearsal import optimizers_of, why_not
from utils.replicas.shares import own_chances, same_everywhere, share
from utils.say import here

_SAID: set[str] = set()


def install() -> None:
    """Let `fit` share its batches among the processes of torchrun's group, and only the first write files.

    It is called before a chapter imports `fit`. Raises what torch raises where the group cannot be formed.
    """
    rank, _ = ranks.join()
    training.fit = states.remembered(in_shares(training.fit.__wrapped__))
    states.Training.load = all_or_none(states.Training.load)
    sources.download = one_at_a_time(sources.download)
    if rank:
        Checkpoint.save = lambda *_: None
        states.keeping = lambda: False


def in_shares(fit: Callable) -> Callable:
    """`fit` for several processes: each step on a share of its batch, one process's words and pictures."""
    @functools.wraps(fit)
    def shared_fit(model: Any, batches: Any, step: Callable, **options: Any) -> History:
        if not callable(step):
            return fit(model, batches, step, **options)  # which says what is wrong
        first = ranks.join()[0] == 0
        if hasattr(batches, "shrink"):
            batches.shrink = None  # one process alone cannot halve what all of them walk through
        if options.get("report"):
            options["report"] = decided_by_first(options["report"])
        if not first:
            options["watch"] = None
        averages = Averages(optimizers_of(step))
        try:
            return fit(model, batches, on_a_share(step, averages), **options)
        finally:
            averages.close()
    return shared_fit


def on_a_share(step: Callable, averages: Averages) -> Callable:
    """A step that does this process's share of a batch and returns the numbers of the whole batch."""
    rank, world = ranks.join()
    plan: dict[str, Any] = {}  # "why": the reason not to share, empty where the training is shared

    def step_on_share(batch: Any) -> Any:
        if "why" not in plan:
            same_everywhere([averages.parameters, batch])
            plan["why"] = agreed(why_not(step, batch, averages.optimizers, world))
            tell(plan["why"], step)
        if plan["why"]:
            return step(batch)
        if plan.get("spoilt") or not finite(plan.get("numbers")):
            plan["spoilt"] = True  # a NaN: `fit` will raise Diverged, in each process after some more steps
            return plan["numbers"]
        part, weight = share(batch, rank, world)
        with own_chances(rank), averages.weighted(weight):
            numbers = step(part)
        plan["numbers"] = averages.numbers(numbers)
        return plan["numbers"]
    return step_on_share


def agreed(why: str) -> str:
    """The first process's reason, for all."""
    found = [why]
    dist.broadcast_object_list(found, 0)
    return found[0]


def tell(why: str, step: Callable) -> None:
    """Say why a training is not shared; once for each step's place in the chapter and each reason."""
    code = getattr(step, "__code__", None)
    said = f"{why} {code and (code.co_filename, code.co_firstlineno)}"
    if why and said not in _SAID:
        _SAID.add(said)
        here(f"each of the {ranks.join()[1]} processes does this training whole: {why}")


def finite(numbers: Any) -> bool:
    """Whether no number of the step before was NaN or infinite; the same answer in every process."""
    if not isinstance(numbers, dict):
        return True
    return all(bool(torch.as_tensor(value).isfinite().all()) for value in numbers.values()
               if isinstance(value, Tensor | float))


def decided_by_first(report: Callable) -> Callable:
    """A report whose "enough" is the first process's: a clock may tell each another time."""
    def same_for_all(history: History) -> bool:
        return bool(ranks.from_first(float(report(history) is True)))
    return same_for_all


def all_or_none(load: Callable) -> Callable:
    """Load a training that is on file only where every process finds the file."""
    def load_together(self: states.Training) -> bool:
        found = torch.tensor(int(self.file.exists()), device=lab.device)
        dist.all_reduce(found, dist.ReduceOp.MIN)
        return bool(found) and load(self)
    return load_together


def one_at_a_time(download: Callable) -> Callable:
    """A download that the first process of a machine does; those that waited find the file in the cache."""
    def download_or_wait(path: str, record: dict) -> bytes:
        file = sources.cache_folder() / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock"):
            content = sources.verified(file, record["sha256"], "the cache")
            return download(path, record) if content is None else content
    return download_or_wait

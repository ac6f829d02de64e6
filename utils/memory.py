"""Where the memory of a GPU is not enough: a sentence with the batch size to try, or half the batch at once."""
import gc
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import torch
from torch import Tensor, nn

from utils.checkpoints import stateful
from utils.rows import cut, rows_of
from utils.say import here


class OutOfMemory(RuntimeError):
    """The device's memory was not enough; the message names the batch size to try."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook the sentence says more than the traceback of the loop."""
        return [f"{type(self).__name__}: {self}"]


def sparing(step: Callable, batches: Iterable, model: Any) -> Callable:
    """The step, with the course's own error where memory is not enough for a batch.

    batches: with `shrink` set (Batches(..., shrink=True)) the batch is done again in halves instead, and the
        batches of the next epochs are made as small. Half-done gradients, of the model and of what the step
        names, are dropped before.
    Raises OutOfMemory, also where halves do not help: at one row, or when it was the optimizer's update that
    needed too much, which is then half done.
    """
    def pieces(batch: Any) -> list[tuple[Any, dict]]:
        limit = getattr(batches, "limit", None)
        if limit and rows_of(batch) > limit:  # the rest of the epoch in which the memory ended
            parts = [cut(batch, first, first + limit) for first in range(0, rows_of(batch), limit)]
            return [done for part in parts for done in pieces(part)]
        try:
            return [(batch, step(batch))]
        except torch.OutOfMemoryError as error:
            updating = in_optimizer(error)
            traceback.clear_frames(error.__traceback__)  # they hold the batch's activations
        free(stateful(model, step).values())
        half = rows_of(batch) // 2
        if updating or not half or not getattr(batches, "shrink", False):
            raise OutOfMemory(advice(batches, rows_of(batch), updating))
        here(f"not enough memory for a batch of {rows_of(batch)}; going on with {half}")
        batches.limit = half
        return pieces(batch)
    return lambda batch: mean(pieces(batch))


def advice(batches: Any, count: int, updating: bool) -> str:
    """What to do where the memory was not enough for a batch of so many rows, 0 where they cannot be counted."""
    if updating or count == 1:
        return ("The memory of the device is not enough for this model, whatever the batch size: make it smaller, "
                "free memory (restart the kernel, close other notebooks), or set COURSE_DEVICE=cpu. "
                "Then make the model anew.")
    lead = f"Not enough memory on the device for a batch of {count or 'this size'}. "
    if not count:
        return lead + "Make the batches smaller, for example half as large."
    lead += f"Try a batch size of {count // 2}"
    if not hasattr(batches, "shrink"):  # not a Batches: a list of dicts, for example
        return f"{lead}."
    halving = ", or Batches(..., shrink=True), which halves by itself" * (batches.shrink is not None)
    return f"{lead}: Batches(..., {count // 2}){halving}."


def mean(pieces: list[tuple[Any, dict]]) -> dict:
    """The mean of each name's numbers over the pieces of a batch, each of them (piece, numbers), by their rows."""
    if len(pieces) == 1:
        return pieces[0][1]
    found: dict[str, list] = {}
    for piece, numbers in pieces:
        for name, value in numbers.items():
            found.setdefault(name, []).append((rows_of(piece), value.detach() if isinstance(value, Tensor) else value))
    return {name: sum(count * value for count, value in row) / sum(count for count, _ in row)
            for name, row in found.items()}


@contextmanager
def explained(advice: str) -> Iterator[None]:
    """Raise OutOfMemory with this advice where the memory of the device is not enough."""
    try:
        yield
        return
    except torch.OutOfMemoryError as error:
        traceback.clear_frames(error.__traceback__)
    free(())
    raise OutOfMemory(f"Not enough memory on the device. {advice}")


def free(parts: Iterable) -> None:
    """Drop half-done gradients, and give the device back what nothing uses any more."""
    for part in parts:
        if isinstance(part, nn.Module | torch.optim.Optimizer):
            part.zero_grad(set_to_none=True)
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def in_optimizer(error: BaseException) -> bool:
    """Whether the error came out of an optimizer of torch, which may then have changed some of the weights."""
    files = [PurePath(frame.f_code.co_filename).parts for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(("torch", "optim") == file[i:i + 2] for file in files for i in range(len(file)))

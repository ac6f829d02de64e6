"""The tensors of a batch, whatever holds them: to move them, to count their rows, to cut them."""
from collections.abc import Callable
from typing import Any

from torch import Tensor


def each_tensor(batch: Any, change: Callable[[Tensor], Any]) -> Any:
    """A tensor, or tuples, lists and dicts of them, with every tensor changed; other things as they are.

    A list comes back as a tuple, as batches are; a named tuple keeps its names.
    """
    if isinstance(batch, Tensor):
        return change(batch)
    if isinstance(batch, tuple | list):
        parts = [each_tensor(part, change) for part in batch]
        return type(batch)(*parts) if hasattr(batch, "_fields") else tuple(parts)
    if isinstance(batch, dict):
        return {name: each_tensor(part, change) for name, part in batch.items()}
    return batch


def rows_of(batch: Any) -> int:
    """The length of the first dimension, if all tensors of the batch that have one share it; else 0."""
    lengths: set[int] = set()
    each_tensor(batch, lambda part: lengths.add(len(part)) if part.ndim else None)
    return lengths.pop() if len(lengths) == 1 else 0


def cut(batch: Any, first: int, last: int) -> Any:
    """Rows `first` to `last` of every tensor in a batch; what has no rows stays as it is."""
    return each_tensor(batch, lambda part: part[first:last] if part.ndim else part)

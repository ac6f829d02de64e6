"""Batches: tensors on the device, shuffled there. The course's speed comes from here."""
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from utils.arguments import dense, flag, function, whole
from utils.device import lab, repetition


class Batches:
    """Mini-batches of equal-length tensors that live on the device of the lab.

    data: a Split, or any sequence of tensors with the same first dimension N.
    size: rows in a batch, 1 to N (a larger size gives one batch of N).
    seed: the order of epoch e depends on (seed, e) alone, so that a run can be repeated,
        or resumed in the middle, and no two epochs share an order (COURSE_SEED moves it, as every seed).
    transform: a function of the batch's tensors that returns a batch, for augmentation.
    shrink: where the device's memory is not enough, `fit` goes on with half the size, and says so.
    Iterating yields tuples of tensors; the last batch holds what is left.
    Raises TypeError or ValueError for data or sizes that cannot make a batch.
    """

    def __init__(self, data: Sequence[Tensor], size: int, *, seed: int = 0, shuffle: bool = True,
                 transform: Callable | None = None, shrink: bool = False):
        check(data, size)
        seed = whole("seed", seed)
        if transform is not None:
            function("transform", transform, "a batch's tensors")
        shuffle = flag("shuffle", shuffle)
        self.tensors = tuple(tensor.to(lab.device) for tensor in data)
        self.size, self.seed, self.shuffle, self.transform = int(size), seed, shuffle, transform
        self.epoch = 0  # how many times the batches were walked through
        self.shrink, self.limit = shrink, None  # limit: the most rows that the memory was enough for

    def __len__(self) -> int:
        return -(-len(self.tensors[0]) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rows = self.order(self.epoch)
        self.epoch += 1
        self.size = min(self.size, self.limit or self.size)
        for chosen in rows.split(min(self.size, len(rows))):
            # the same rows as tensor[chosen], in a third of the time on a CPU
            batch = tuple(tensor.index_select(0, chosen) for tensor in self.tensors)
            yield self.transform(*batch) if self.transform else batch

    def order(self, epoch: int) -> Tensor:
        """The row numbers (N,) in the order of this epoch, on the device."""
        epoch, rows = whole("epoch", epoch, 0), len(self.tensors[0])
        if not self.shuffle:
            return torch.arange(rows, device=lab.device)
        # one generator an epoch, on the CPU: the same order on every device
        seed = (self.seed + 7919 * repetition()) * 1_000_003 + epoch
        generator = torch.Generator().manual_seed(seed if -2**63 <= seed < 2**64 else seed % 2**63)
        return torch.randperm(rows, generator=generator).to(lab.device)

    def __repr__(self) -> str:
        return f"Batches({len(self)} batches of {self.size})"


def check(data: Sequence[Tensor], size: int) -> None:
    """Refuse what cannot be cut into batches, with a sentence that says why."""
    if not isinstance(data, tuple | list) or not all(isinstance(tensor, Tensor) for tensor in data) or not data:
        raise TypeError("Batches expects a Split or a tuple of tensors, for example (images, labels); "
                        f"it got {type(data).__name__}. One tensor alone is written (tensor,).")
    for tensor in data:
        dense("data", tensor)
    lengths = [len(tensor) if tensor.ndim else 0 for tensor in data]
    if len(set(lengths)) > 1 or lengths[0] == 0:
        raise ValueError(f"Batches expects tensors of one length above zero; these have {lengths} rows.")
    whole("The batch size", size, 1)

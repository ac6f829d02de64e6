"""A process's share of a batch, and its random numbers."""
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from utils.device import lab
from utils.leaves import add_content
from utils.rows import cut, rows_of


def share(batch: Any, rank: int, world: int) -> tuple[Any, float]:
    """The rows of process `rank` of `world`, and how much of the batch they are, above 0 to 1.

    Shares differ by one row at most: 7 rows are 4 and 3. A batch with fewer rows than there are
    processes goes to each as a whole, and each counts alike.
    """
    rows = rows_of(batch)
    if rows < world:
        return batch, 1 / world
    least, more = divmod(rows, world)
    first = rank * least + min(rank, more)
    last = first + least + (rank < more)
    return cut(batch, first, last), (last - first) / rows


@contextmanager
def own_chances(rank: int) -> Iterator[None]:
    """Random numbers of this process's own for a step; afterwards all processes go on with the same ones.

    Noise and dropout must differ between the shares. Weights, orders and whatever else is drawn outside of
    steps must not. The seed is drawn from the common numbers, which a checkpoint keeps; a step that draws
    nothing leaves them as one process would.
    """
    devices = [torch.cuda.current_device()] if lab.device.type == "cuda" else []
    common = torch.get_rng_state()
    seed = int(torch.empty((), dtype=torch.int64, device="cpu").random_(2**62))
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed + rank)
        began = chances(devices)
        yield
        drew = not all(map(torch.equal, began, chances(devices)))
    if not drew:
        torch.set_rng_state(common)


def chances(devices: list[int]) -> list[Tensor]:
    """The states of the generators of the CPU and of these CUDA devices."""
    return [torch.get_rng_state(), *map(torch.cuda.get_rng_state, devices)]


def same_everywhere(content: Any) -> None:
    """Refuse to train where the processes start from different weights or data. Raises RuntimeError."""
    digest = hashlib.sha256()
    add_content(digest, content)
    mark = int.from_bytes(digest.digest()[:4], "big")
    marks = torch.tensor([mark, -mark], device=lab.device)
    dist.all_reduce(marks, dist.ReduceOp.MAX)
    if marks[0] != -marks[1]:
        raise RuntimeError("The processes start this training from different weights or data, so they cannot share it. "
                           "Seed what draws random numbers: seed_everything(0), np.random.default_rng(0).")

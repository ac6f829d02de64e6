"""Several processes that share a training: what `torchrun` sets up, and nothing without it."""
import os
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from utils.device import lab
from utils.torchrun import form_group


def join() -> tuple[int, int]:
    """(rank, ranks) of this process; joins the group that torchrun describes in the environment."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        form_group()
    return dist.get_rank(), dist.get_world_size()


def leave() -> None:
    """Close the group, if there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()


def shared(model: nn.Module) -> nn.Module:
    """The model with its gradients averaged over the processes; the model itself for one process."""
    if not dist.is_initialized():
        return model
    model.to(lab.device)
    return nn.parallel.DistributedDataParallel(model)


def first_does(work: Callable[[], Any]) -> Any:
    """Let the first process work (download, encode) and the others do it after it, from the cache."""
    if dist.is_initialized() and dist.get_rank():
        wait()
        return work()
    found = work()
    wait()
    return found


def wait() -> None:
    """Until every process is here."""
    if dist.is_initialized():
        dist.barrier()


def from_first(value: float) -> float:
    """The first process's number, for all."""
    if not dist.is_initialized():
        return value
    number = torch.tensor([value], dtype=torch.float64, device="cpu" if dist.get_backend() == "gloo" else lab.device)
    dist.broadcast(number, 0)
    return float(number)

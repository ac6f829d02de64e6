"""While a step works on a share of a batch: its gradients and numbers become those of the whole batch.

DistributedDataParallel does this for models that are called through it, and counts every process alike. A
chapter calls its model, or parts of it, as they are, and its last batch may fall into unequal shares; so the
hooks are at the two ends: where a parameter's gradient is complete, and where `backward` returns.
"""
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from utils.device import lab

BUCKET = 25 * 2**20  # bytes that are sent at a time, as DistributedDataParallel does


class Share(TorchFunctionMode):
    """Follows the backward passes and the means of a step. What becomes of them is for those that inherit.

    optimizers: whose parameters' gradients count. weight: how much of the batch this share is, above 0 to 1.
    """

    def __init__(self, optimizers: list[torch.optim.Optimizer]):
        super().__init__()
        groups = [group["params"] for optimizer in optimizers for group in optimizer.param_groups]
        self.parameters = list({id(one): one for group in groups for one in group}.values())
        self.weight = 1.0
        self.touched: set[int] = set()
        self.hooks = [one.register_post_accumulate_grad_hook(lambda _, place=place: self.touched.add(place))
                      for place, one in enumerate(self.parameters) if one.requires_grad]

    def close(self) -> None:
        """Take the hooks off the parameters."""
        for hook in self.hooks:
            hook.remove()

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if function is F.cross_entropy:
            return self.cross_entropy(*args, **(kwargs or {}))
        found = function(*args, **(kwargs or {}))
        if function is Tensor.backward:
            places, self.touched = sorted(self.touched), set()
            self.after_backward([self.parameters[place].grad for place in places])
        return found

    def cross_entropy(self, scores: Tensor, target: Tensor, *rest: Any, **options: Any) -> Tensor:
        """The mean over the places of the whole batch that are not ignored: shares have unequal numbers of them."""
        other = rest or any(options.get(name) is not None for name in ("weight", "reduce", "size_average"))
        if other or options.get("reduction", "mean") != "mean" or target.is_floating_point():
            return F.cross_entropy(scores, target, *rest, **options)
        count = self.total((target != options.get("ignore_index", -100)).sum())
        return F.cross_entropy(scores, target, **{**options, "reduction": "sum"}) / (count * self.weight)

    def after_backward(self, gradients: list[Tensor]) -> None:
        """Called when a backward pass has filled these gradients."""
        raise NotImplementedError

    def total(self, count: Tensor) -> Tensor:
        """The sum of a number over all shares."""
        raise NotImplementedError


class Averages(Share):
    """A share among processes: what it averages goes through torch.distributed."""

    def __init__(self, optimizers: list[torch.optim.Optimizer]):
        super().__init__(optimizers)
        self.optimizers, self.sent = optimizers, 0  # sent: bytes that were averaged so far

    @contextmanager
    def weighted(self, weight: float) -> Iterator[None]:
        """While this is open, steps work on a share that is so much of the batch."""
        self.weight = weight
        self.touched.clear()
        with self:
            yield

    def after_backward(self, gradients: list[Tensor]) -> None:
        """Average the gradients in place. What was averaged before stays, for the weights add up to 1."""
        waiting = []
        for bucket in buckets(gradients):
            flat = torch.cat([part.flatten() for part in bucket]).mul_(self.weight)
            waiting.append((dist.all_reduce(flat, async_op=True), flat, bucket))
            self.sent += flat.nbytes
        for work, flat, bucket in waiting:
            work.wait()
            for part, mean in zip(bucket, flat.split([part.numel() for part in bucket])):
                part.copy_(mean.view_as(part))

    def total(self, count: Tensor) -> Tensor:
        """The sum of a number over all processes."""
        dist.all_reduce(count)
        self.sent += count.nbytes
        return count

    def numbers(self, numbers: Any) -> Any:
        """What a step returned, as means over the processes; `fit` refuses what is no dict of numbers."""
        values = [scalar(value) for value in numbers.values()] if isinstance(numbers, dict) else []
        if not values or None in values:
            return numbers
        means = torch.stack([value.to(lab.device) for value in values]) * self.weight
        dist.all_reduce(means)
        self.sent += means.nbytes
        return dict(zip(numbers, means.unbind()))


def scalar(value: Any) -> Tensor | None:
    """One number as a 0-d tensor of float64; None for anything else."""
    try:
        tensor = torch.as_tensor(value).detach()
    except (TypeError, ValueError, RuntimeError):
        return None
    return tensor.reshape(()).double() if tensor.numel() == 1 else None


def buckets(gradients: list[Tensor]) -> Iterator[list[Tensor]]:
    """Gradients of one type together, about BUCKET bytes in each list."""
    for dtype in dict.fromkeys(part.dtype for part in gradients):
        bucket: list[Tensor] = []
        for part in gradients:
            if part.dtype == dtype:
                bucket.append(part)
                if sum(one.nbytes for one in bucket) >= BUCKET:
                    yield bucket
                    bucket = []
        if bucket:
            yield bucket

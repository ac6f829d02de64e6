"""The one training loop of the course.

From Rosenblatt's rule to BERT the loop stays the same; only the step differs, and the step
is always written in the chapter.
"""
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from utils.arguments import whole
from utils.checkpoints import Checkpoint
from utils.device import lab
from utils.history import Diverged, History
from utils.memory import OutOfMemory, explained, sparing
from utils.rows import each_tensor
from utils.say import here, progress
from utils.states import remembered
from utils.trainable import check, check_logits, check_model, check_split

__all__ = ["Diverged", "History", "OutOfMemory", "evaluate", "fit"]

LOOK_EVERY = 0.25  # seconds between two looks at the numbers on the device
PATIENCE = 2.0  # seconds after which also a quiet training shows its bar
HALF_FROM = 100_000  # parameters from which bf16 is worth it; small models stay in float32


@remembered  # with COURSE_STATES a training that is on file is loaded, so that a room can catch up
def fit(model: nn.Module | None, batches: Iterable, step: Callable, *, epochs: int,
        evaluate: Callable | tuple | None = None, checkpoint: str | Path | None = None,
        report: Callable | None = None, watch: Callable | None = None, quiet: bool = False) -> History:
    """Train: walk through the batches `epochs` times and call step(batch) for each.

    step: does one update and returns its numbers, a dict of name -> float or 0-d tensor.
    evaluate: after each epoch, a function without arguments that returns such a dict, or a
        Split: then the model's error on it is kept as "test_error", in percent.
    checkpoint: a file to resume from after a lost session. It keeps the model, everything
        with a state_dict that the step names (optimizers, schedules), the random numbers
        and the history; the resumed run gives the numbers of an uninterrupted one.
    report: called with the History after each epoch; True from it ends the training.
    watch: called with (history, over) a few times a second and, with over=True, at the end:
        a utils.plots.LivePlot, for example.
    quiet: no last line, and a progress bar only if it takes longer than two seconds.
    Returns the History. Ctrl-C ends the training and returns what was learned so far.
    Raises Diverged, with what to try, when a number is NaN or infinite; OutOfMemory, with the
    batch size to try; TypeError or ValueError for arguments that nothing can be trained with.
    """
    check(model, batches, step, epochs)
    history, saved, device = History(), Checkpoint(checkpoint, model, step), lab.device
    if isinstance(model, nn.Module):
        model.to(device)
    start, done = saved.restore(history, batches)
    step = sparing(step, batches, model)
    with Bar(epochs * len(batches), history, quiet) as bar, half_precision(model):
        try:
            for epoch in range(start, epochs):
                set_mode(model, training=True)
                for number, batch in walk(batches, saved.first_walk + epoch, skip=done):
                    history.add(step(to_device(batch, device)), epoch, number)
                    if bar.due():
                        bar.show(history.look(), epoch * len(batches) + number + 1)
                        if watch:
                            watch(history, False)
                        if saved.due(batches):
                            saved.save(history, epoch, number + 1)
                history.look()
                history.end_epoch(measure(model, evaluate))
                done = 0
                saved.save(history, epoch + 1, 0)
                if report and report(history) is True:
                    saved.save(history, epochs, 0)  # resumed, it stays ended
                    break
        except KeyboardInterrupt:
            stopped(history, model, epochs)
    with suppress(KeyboardInterrupt):
        if watch:
            watch(history, True)
    return history


def stopped(history: History, model: Any, epochs: int) -> None:
    """After Ctrl-C: keep what was learned, and put right what it may have left half changed."""
    torch.set_grad_enabled(True)  # it may have come while no_grad was about to do so
    history.stop()
    set_mode(model, training=True)
    here(f"stopped by hand in epoch {min(history.epochs + 1, epochs)} of {epochs}; what was learned is kept")


def evaluate(model: Callable, split: tuple[Tensor, Tensor], *, size: int = 500) -> dict[str, float]:
    """The share of wrong answers, {"error": percent}, without gradients and in eval mode.

    model: a module or function, images (B, ...) -> logits (B, classes).
    split: images (N, ...) and labels (N,), integers; they are moved to the device in batches.
    Raises ValueError when the logits are not one row of at least two numbers an image, OutOfMemory
    where a smaller size would help.
    """
    images, labels = check_split(split)
    check_model(model)
    size = whole("size", size, 1, 2**31)
    was_training, wrong, device = getattr(model, "training", False), 0, lab.device
    set_mode(model, training=False)
    try:
        with explained(f"Try smaller pieces: evaluate(..., size={max(1, size // 2)})."), torch.inference_mode():
            for rows in torch.arange(len(labels)).split(size):
                logits = model(images[rows].to(device))
                check_logits(logits, rows)
                wrong += (logits.argmax(1) != labels[rows].to(device)).sum()
    finally:
        set_mode(model, training=was_training)
    return {"error": 100 * float(wrong) / len(labels)}


class Bar:
    """The progress bar with live numbers; it also keeps the time. `quiet` waits before it shows one."""

    def __init__(self, total: int, history: History, quiet: bool):
        self.total, self.history, self.quiet = total, history, quiet
        self.bar = None if quiet else progress(total=total)
        self.began = self.looked = time.perf_counter()
        self.started = self.began - history.seconds

    def due(self) -> bool:
        """True when it is time to look at the numbers again."""
        return time.perf_counter() - self.looked > LOOK_EVERY

    def show(self, newest: dict[str, float], steps: int) -> None:
        """Draw the bar at `steps` with the newest numbers."""
        if self.bar is None and time.perf_counter() - self.began > PATIENCE:
            self.bar = progress(total=self.total)
        if self.bar is not None:
            self.bar.update(steps - self.bar.n)
            self.bar.set_postfix({name: f"{value:.3f}" for name, value in newest.items()}, refresh=False)
        self.history.seconds = time.perf_counter() - self.started
        self.looked = time.perf_counter()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, kind: type | None, *_: Any) -> None:
        if self.bar is not None:
            self.bar.close()
        self.history.seconds = time.perf_counter() - self.started
        if kind is None and not self.quiet:
            print(self.history.summary())


def walk(batches: Iterable, order: int, skip: int) -> Iterator[tuple[int, Any]]:
    """Number the batches of one epoch, from `skip` on. Batches are told which order is due."""
    if hasattr(batches, "epoch"):
        batches.epoch = order
    for number, batch in enumerate(batches):
        if number >= skip:
            yield number, batch


def to_device(batch: Any, device: torch.device) -> Any:
    """A tensor, or a tuple, list or dict of tensors, on the device; other things as they are."""
    return each_tensor(batch, lambda part: part.to(device, non_blocking=True))


def half_precision(model: Any) -> Any:
    """bf16 autocast for models that are worth it, on GPUs that have it; else nothing."""
    size = sum(p.numel() for p in model.parameters()) if isinstance(model, nn.Module) else 0
    if lab.device.type != "cuda" or size < HALF_FROM or not torch.cuda.is_bf16_supported():
        return nullcontext()
    # no cache: it would serve the weights of the first step for the whole of the training
    return torch.autocast("cuda", torch.bfloat16, cache_enabled=False)


def set_mode(model: Any, training: bool) -> None:
    """Put a module and all its parts in training or evaluation mode."""
    if isinstance(model, nn.Module):
        model.train(training)


def measure(model: Any, evaluation: Callable | tuple | None) -> dict[str, float]:
    """What `evaluate=` of fit asks for, measured in evaluation mode without gradients."""
    if evaluation is None:
        return {}
    if isinstance(evaluation, tuple):
        return {"test_error": evaluate(model, evaluation)["error"]}
    set_mode(model, training=False)
    with explained("What is given as evaluate= can do its work in smaller pieces."), torch.no_grad():
        return dict(evaluation())

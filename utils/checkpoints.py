"""Files that a training run resumes from: written whole or not at all, read without pickle's code."""
import inspect
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from utils.files import put, sweep, whole, why
from utils.history import History
from utils.say import here

EVERY = 60.0  # seconds between two checkpoints inside an epoch
CONTENT = {"parts", "history", "random", "epoch", "batch", "first_walk"}


class Checkpoint:
    """Saves and restores one training run; does nothing when `file` is None."""

    def __init__(self, file: str | Path | None, model: Any, step: Callable):
        self.file = Path(file) if file else None
        self.parts = {} if file is None else stateful(model, step)
        self.saved_at, self.first_walk, self.batches = time.perf_counter(), 0, None

    def restore(self, history: History, batches: Iterable) -> tuple[int, int]:
        """Load the file into model, optimizers, history; the (epoch, batch) to go on with.

        A file that cannot be read is set aside as *.broken. Raises ValueError when the file
        belongs to another model or another step.
        """
        self.first_walk, self.batches = getattr(batches, "epoch", 0), batches
        if self.file:
            sweep(self.file)
        state = self.read()
        if state is None:
            return 0, 0
        if not isinstance(state, dict) or not state.keys() >= CONTENT:
            raise ValueError(f"{self.file} is a file of torch, but no checkpoint of fit. Give another name.")
        self.load_parts(state["parts"])
        history.restore(state["history"])
        set_random_state(state["random"])
        self.first_walk = state["first_walk"]
        if getattr(batches, "shrink", False):
            batches.size = state.get("size") or batches.size
        here(f"resumed {self.file.name} after {state['epoch']} epochs and {state['batch']} batches")
        return state["epoch"], state["batch"]

    def read(self) -> dict | None:
        """The file's content; None when there is none, or none that can be read."""
        if self.file is None or not self.file.exists():
            return None
        try:
            return torch.load(self.file, map_location="cpu", weights_only=True)
        except Exception as error:  # a cut-off or overwritten file fails in many ways
            problem = f"{self.file.name} cannot be read ({type(error).__name__})"
        try:
            put(self.file, self.file.with_suffix(".broken"))
            here(f"{problem}; set aside, starting anew")
        except OSError as error:
            here(f"{problem} nor set aside ({why(error)}); starting anew")
        return None

    def load_parts(self, saved: dict) -> None:
        """Give each part its saved state."""
        problem = f"it holds {sorted(saved)}, this run has {sorted(self.parts)}"
        if set(saved) == set(self.parts):
            try:
                for name, part in self.parts.items():
                    part.load_state_dict(saved[name])
                return
            except (RuntimeError, ValueError, KeyError) as error:
                problem = str(error).splitlines()[0]
        raise ValueError(f"The checkpoint {self.file} belongs to another model or step: {problem}. "
                         "Delete the file to start anew, or give another name.")

    def save(self, history: History, epoch: int, batch: int) -> None:
        """Write the state after `batch` batches of epoch `epoch` beside the file, then swap.

        Weights that are NaN or infinite are not written: the file of before is worth more.
        """
        if self.file is None:
            return
        if not all(map(finite, self.parts.values())):
            here(f"weights became NaN or infinite; the checkpoint {self.file.name} stays as it was before")
            return
        state = {"parts": {name: part.state_dict() for name, part in self.parts.items()},
                 "history": history.state(), "random": random_state(), "epoch": epoch,
                 "batch": batch, "first_walk": self.first_walk, "size": self.size(batch)}
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with whole(self.file) as file:
                torch.save(state, file)
        except (OSError, RuntimeError) as error:  # a full disk must not cost the training
            here(f"the checkpoint {self.file.name} could not be written ({why(error)}); training goes on. "
                 f"Free some space in {self.file.parent}, or give checkpoint= a file elsewhere")
        self.saved_at = time.perf_counter()

    def size(self, batch: int) -> int | None:
        """The rows of a batch in the epoch that `batch` is of; it is halved where memory is not enough."""
        size, limit = (getattr(self.batches, name, None) for name in ("size", "limit"))
        return min(size, limit) if limit and batch == 0 else size

    def due(self, batches: Iterable) -> bool:
        """True once a minute, where the batches can be walked again in the same order."""
        return (self.file is not None and hasattr(batches, "epoch")
                and time.perf_counter() - self.saved_at > EVERY)


def finite(part: Any) -> bool:
    """Whether all weights of a module are numbers; buffers may be infinite (a mask), and other parts pass."""
    weights = part.parameters() if isinstance(part, nn.Module) else ()
    return all(bool(p.isfinite().all()) for p in weights)


def stateful(model: Any, step: Callable) -> dict[str, Any]:
    """The model and everything else with a state_dict that the step's code names.

    Functions that the step calls are read too, unless they belong to an installed package.
    """
    parts = {"model": model} if hasattr(model, "state_dict") else {}
    seen, functions = set(), [step]
    while functions:
        function = functions.pop()
        seen.add(function)
        for name, value in named(function).items():
            if inspect.isfunction(value):
                installed = "site-packages" in value.__code__.co_filename
                functions += [] if installed or value in seen else [value]
            elif hasattr(value, "load_state_dict") and not inspect.isclass(value) and value is not model:
                parts[name] = value
    return parts


def named(function: Callable) -> dict[str, Any]:
    """The globals and outer variables that a function's code names; none for other callables.

    Sorted: Python 3.13 gathers the names in a set, whose order is another one in each process.
    """
    if not inspect.isfunction(function):
        return {}
    names = inspect.getclosurevars(function)
    return dict(sorted({**names.globals, **names.nonlocals}.items()))


def random_state() -> dict:
    """The state of every random number generator, as tensors and plain Python."""
    name, keys, *rest = np.random.get_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "python": random.getstate(),
            "numpy": [name, keys.tolist(), *rest]}


def set_random_state(state: dict) -> None:
    """Put every random number generator where random_state() found it."""
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))

"""Finished trainings on file, so that a chapter can be entered at any section in seconds.

`python3 -m utils run --states FOLDER` trains once and keeps what each `fit` ended with. Where COURSE_STATES
names such a folder, `fit` loads the same end instead of training: the weights, the optimizers (but not the
moments of large models), the plain tensors that the step changed, the random numbers and the history. A file
belongs to one training, known by the weights it starts from, the data, the code of the step, the epochs and
the random numbers; whatever a learner changes trains as usual.
"""
import copy
import functools
import hashlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from utils import arguments
from utils.checkpoints import random_state, set_random_state
from utils.device import lab
from utils.files import sweep, whole, why
from utils.history import History
from utils.leaves import describe, fingerprint, has_state, modules, put_state, read, settings, source, state_of, walk
from utils.say import here

HEAVY = 200_000  # numbers from which an optimizer's moments are not kept
LARGEST = 10**9  # bytes that a state from the room's server may have: a BERT of 110 million numbers has 440 MB
_SAID: set[str] = set()


def folder() -> Path | None:
    """The folder that COURSE_STATES names, or the one that keeps what the address in it gave; else None."""
    name = os.environ.get("COURSE_STATES")
    if not name:
        return None
    if not away():
        return Path(name).expanduser()
    from utils.data.sources import cache_folder  # here, for the loop itself knows nothing of data
    return cache_folder() / "states"


def away() -> str:
    """The address in COURSE_STATES, as `kit --serve` prints it; an empty text for a folder."""
    name = os.environ.get("COURSE_STATES", "")
    return name.rstrip("/") if name.startswith(("http://", "https://")) else ""


def keeping() -> bool:
    """True when COURSE_KEEP_STATES asks for finished trainings to be written to that folder."""
    return os.environ.get("COURSE_KEEP_STATES", "") not in ("", "0")


def remembered(fit: Callable) -> Callable:
    """Let a training be loaded, or kept, as COURSE_STATES says; without it `fit` is called as it is."""
    @functools.wraps(fit)
    def loaded_or_trained(model: Any, batches: Any, step: Callable, **options: Any) -> History:
        check_options(options)
        if folder() is None or options.get("checkpoint") or not known(step):
            return fit(model, batches, step, **options)
        training = Training(model, batches, step, options)
        if training.load():
            return training.history
        training.before()
        training.history = fit(model, batches, step, **options)
        training.keep()
        return training.history
    return loaded_or_trained


def check_options(options: dict) -> None:
    """Refuse options of fit() that would fail only after an epoch. Raises TypeError."""
    for name in ("evaluate", "report", "watch"):
        if options.get(name) is not None and not (name == "evaluate" and isinstance(options[name], tuple)):
            arguments.function(name, options[name])
    if options.get("checkpoint") is not None:
        arguments.instance("checkpoint", options["checkpoint"], str | Path, "the name of a file, or None")
    arguments.flag("quiet", options.get("quiet", False))


def is_heavy(leaf: Any) -> bool:
    """Whether a leaf is an optimizer of a large model: two thirds of a file, and of use only to train on."""
    numbers = sum(p.numel() for group in getattr(leaf, "param_groups", []) for p in group["params"])
    return isinstance(leaf, torch.optim.Optimizer) and numbers > HEAVY


def known(step: Any) -> bool:
    """Whether the names that a step uses can be read: it is a Python function."""
    return inspect.isfunction(step) or inspect.ismethod(step)


class Training:
    """One call of fit: what it starts from, what it changes, and the file that keeps its end."""

    def __init__(self, model: Any, batches: Any, step: Callable, options: dict):
        self.model, self.batches, self.options = model, batches, options
        self.functions = [step, *(options.get(name) for name in ("evaluate", "report"))]
        self.first_walk = getattr(batches, "epoch", None)
        if isinstance(model, nn.Module):
            model.to(lab.device)
        self.file = folder() / f"{self.name()}.pt"
        self.history = History()

    def leaves(self) -> dict[str, Any]:
        """Everything with a state that the model and the functions name, by the way to it."""
        roots = {"model": self.model}
        for function in self.functions:
            roots |= read(function)[0]
        found, seen = {}, set()
        for name, value in roots.items():
            for way, leaf in walk(value, name):
                if not has_state(leaf) or id(leaf) not in seen:
                    found[way] = leaf
                    seen.add(id(leaf))
        return found

    def name(self) -> str:
        """A fingerprint of all that decides how the training ends."""
        digest = hashlib.sha256()
        for way, leaf in sorted(self.leaves().items()):
            digest.update(way.encode() + fingerprint(leaf))
        kinds = sorted({type(module) for module in modules(self.leaves())}, key=lambda kind: kind.__qualname__)
        code = [*map(source, self.functions), *map(source, kinds)]
        for part in (code, repr(self.model), [settings(module) for module in modules(self.leaves())],
                     self.options.get("epochs"), lab.tier, describe(self.batches)):
            digest.update(repr(part).encode())
        digest.update(torch.get_rng_state().numpy().tobytes())
        return digest.hexdigest()[:20]

    def before(self) -> None:
        """Remember what there is, to see later what the training changed."""
        self.start = {way: (leaf, fingerprint(leaf)) for way, leaf in self.leaves().items()} if keeping() else None

    def keep(self) -> None:
        """Write the end to the file, where all that changed can be brought back later."""
        if self.start is None or self.history.epochs == 0:
            return
        now = self.leaves()
        changed = {way: leaf for way, leaf in now.items()
                   if way not in self.start or fingerprint(leaf) != self.start[way][1]}
        if any(way not in self.start or self.start[way][0] is not leaf or not has_state(leaf)
               for way, leaf in changed.items()):
            return  # a number, a string or a new object: loading could not put it where it belongs
        state = {"leaves": {way: state_of(leaf) for way, leaf in changed.items() if not is_heavy(leaf)},
                 "modes": [module.training for module in modules(now)],
                 "history": self.history.state(), "random": random_state()}
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            sweep(self.file)
            with whole(self.file) as file:
                torch.save(state, file)
        except (OSError, RuntimeError) as error:
            here(f"this training's end could not be kept in {self.file.parent} ({why(error)}); COURSE_STATES names "
                 "another folder")

    def load(self) -> bool:
        """Bring model, optimizers, tensors, history and random numbers to the training's end; False if that fails.

        A file that cannot be read, or does not fit this training, changes nothing.
        """
        self.fetch()
        there, before, numbers = self.leaves(), {}, random_state()
        try:
            state = torch.load(self.file, map_location="cpu", weights_only=True)
            before = {way: copy.deepcopy(state_of(there[way])) for way in state["leaves"]}
            self.bring(there, state)
        except FileNotFoundError:
            return False
        except Exception as error:  # cut off, foreign, or made by somebody else
            for way, kept in before.items():
                put_state(there[way], kept)
            self.history = History()
            set_random_state(numbers)
            if away():
                self.file.unlink(missing_ok=True)  # a page to log in, perhaps: to be asked for again
            here(f"{self.file.name} in COURSE_STATES cannot be read ({type(error).__name__}); training instead")
            return False
        self.finish()
        return True

    def bring(self, there: dict[str, Any], state: dict) -> None:
        """Put a state into the leaves that are `there`, and into history and random numbers."""
        for way, saved in state["leaves"].items():
            put_state(there[way], saved)
        for module, training in zip(modules(there), state["modes"]):
            module.training = training
        self.history.restore(state["history"])
        set_random_state(state["random"])

    def fetch(self) -> None:
        """Get the file from the room's server where COURSE_STATES is an address and the file is not here yet."""
        if not away() or self.file.exists():
            return
        import requests

        from utils.data.sources import TIMEOUT, Bounded, TooLong
        try:
            with requests.get(f"{away()}/{self.file.name}", timeout=TIMEOUT, stream=True) as answer:
                if answer.ok:
                    self.file.parent.mkdir(parents=True, exist_ok=True)
                    with whole(self.file) as file:
                        bounded = Bounded(file, LARGEST)
                        for block in answer.iter_content(1 << 16):
                            bounded.write(block)
        except (requests.RequestException, OSError, TooLong) as error:
            here(f"{away()} gave no trained state ({type(error).__name__}); training instead")

    def finish(self) -> None:
        """Leave what fit would have left: the batches' epoch, the last picture and the last line."""
        if self.first_walk is not None:
            self.batches.epoch = self.first_walk + self.history.epochs
        if str(folder()) not in _SAID:
            _SAID.add(str(folder()))
            here("trainings are loaded from COURSE_STATES where it has them")
        if self.options.get("watch"):
            self.options["watch"](self.history, True)
        if not self.options.get("quiet"):
            print(self.history.summary())

"""What a step can change, kept, so that a rehearsal leaves no trace."""
import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from utils.checkpoints import random_state, set_random_state
from utils.leaves import DEPTH, PLAIN, has_state, put_state, read, state_of


class Snapshot:
    """The state of all that a step's code names: tensors, modules, optimizers, lists, attributes, variables.

    step: a function. optimizers: those whose parameters' gradients are kept too. What the step keeps
    deeper than `leaves.DEPTH` lists and objects down, and what it writes to files, is not put back.
    """

    def __init__(self, step: Callable, optimizers: list[torch.optim.Optimizer]):
        self.random = random_state()
        self.states: list[tuple[Any, Any]] = []  # what has a state, and a copy of it
        self.containers: list[tuple[Any, Any]] = []  # lists, dicts, sets and their content
        self.seen: set[int] = set()
        names, functions = read(step)
        self.cells = [(cell, cell.cell_contents) for one in functions for cell in one.__closure__ or () if full(cell)]
        self.names = [(one.__globals__, name, one.__globals__[name]) for one in functions
                      for name in one.__code__.co_names if name in one.__globals__]
        for value in names.values():
            self.keep(value, DEPTH)
        self.gradients = [(weight, None if weight.grad is None else weight.grad.clone()) for optimizer in optimizers
                          for group in optimizer.param_groups for weight in group["params"]]

    def keep(self, value: Any, depth: int) -> None:
        """Copy the state of a value and of what is in it."""
        if isinstance(value, PLAIN) or inspect.ismodule(value) or inspect.isclass(value) or id(value) in self.seen:
            return
        self.seen.add(id(value))
        if has_state(value):
            self.states.append((value, copy.deepcopy(state_of(value))))
        if isinstance(value, nn.Module):
            for module in value.modules():
                self.containers.append((vars(module), own(module)))
        elif isinstance(value, list | dict | set):
            self.containers.append((value, copy.copy(value)))
            inside = value.values() if isinstance(value, dict) else value
        elif isinstance(value, tuple):
            inside = value
        elif not has_state(value) and hasattr(value, "__dict__") and not callable(value):
            self.containers.append((vars(value), dict(vars(value))))
            inside = vars(value).values()
        else:
            return
        if depth and not isinstance(value, nn.Module):
            for part in list(inside):
                self.keep(part, depth - 1)

    def restore(self) -> None:
        """Put everything back as it was; it can be done again and again."""
        for cell, value in self.cells:
            cell.cell_contents = value
        for space, name, value in self.names:
            space[name] = value
        for container, content in self.containers:
            refill(container, content)
        for thing, state in self.states:
            put_state(thing, copy.deepcopy(state))
        for weight, gradient in self.gradients:
            weight.grad = None if gradient is None else gradient.clone()
        set_random_state(self.random)


def full(cell: Any) -> bool:
    """Whether a variable of a function outside has a value yet."""
    try:
        return cell.cell_contents is not None or True
    except ValueError:
        return False


def own(module: nn.Module) -> dict[str, Any]:
    """What a module keeps beside its parameters and buffers."""
    return {name: value for name, value in vars(module).items() if not name.startswith("_")}


def refill(container: Any, content: Any) -> None:
    """Give a list, dict or set its content back; the container stays the same object."""
    if isinstance(container, list):
        container[:] = content
    elif isinstance(container, dict):
        container.update(content)
        for name in [name for name in container if name not in content and not str(name).startswith("_")]:
            del container[name]
    else:
        container.clear()
        container.update(content)

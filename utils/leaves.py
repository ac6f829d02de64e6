"""What a training can change: everything with a state that the step's code names, and how to bring it back."""
import hashlib
import inspect
import os
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from utils.checkpoints import named

DEPTH = 4  # how far into lists, dicts and objects the step's names are followed
LONG = 500  # parts of a list or dict that are looked at
LARGE = 2_000_000  # numbers from which a fingerprint takes a sample and the sum
PLAIN = (bool, int, float, complex, str, bytes, type(None))


def read(function: Any) -> tuple[dict[str, Any], list[Callable]]:
    """What a function's code names, and what the functions in it name, those of packages left out.

    Returns the values by name, and all these functions.
    """
    found, waiting, seen = {}, [function], []
    while waiting:
        one = waiting.pop()
        if isinstance(one, partial):
            waiting.append(one.func)
            found[f"partial {len(found)}"] = [one.args, one.keywords]
        owner = {"self": one.__self__} if inspect.ismethod(one) else {}
        one = getattr(one, "__func__", one)
        if not inspect.isfunction(one) or one in seen or "site-packages" in one.__code__.co_filename:
            continue
        seen.append(one)
        for name, value in {**owner, **named(one)}.items():
            if inspect.isfunction(value):
                waiting.append(value)
            elif not (inspect.ismodule(value) or inspect.isclass(value)):
                found[f"{one.__qualname__}.{name}"] = value
    return found, seen


def source(thing: Any) -> list[str]:
    """The source of a function and of the functions that it names, or of the methods of a notebook's class."""
    if inspect.isclass(thing):
        own = thing.__module__ == "__main__"
        functions = [part for part in vars(thing).values() if own and inspect.isfunction(part)]
    else:
        functions = read(thing)[1]
    return [thing.__qualname__ if inspect.isclass(thing) else "", *map(text_of, functions)]


def text_of(function: Callable) -> str:
    """The lines of a function; its compiled code where they are not on file, or may be another lambda's too."""
    try:
        if function.__name__ != "<lambda>":
            return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        pass
    code = function.__code__
    return repr((code.co_code, code.co_names, [part for part in code.co_consts if isinstance(part, PLAIN)]))


def walk(value: Any, way: str, depth: int = DEPTH) -> Iterator[tuple[str, Any]]:
    """The (way, leaf) pairs below a value: tensors, arrays, generators, modules, optimizers, plain values.

    What can be called is not followed: a step's helper objects should not keep what matters.
    """
    if isinstance(value, PLAIN + (Iterator,)) or has_state(value):
        yield way, value
    elif depth and isinstance(value, dict):
        yield f"{way}.len", len(value)
        for name, part in islice(value.items(), LONG):
            yield from walk(part, f"{way}[{name!r}]", depth - 1)
    elif depth and isinstance(value, list | tuple | set):
        yield f"{way}.len", len(value)
        for k, part in enumerate(islice(value, LONG)):
            yield from walk(part, f"{way}[{k}]", depth - 1)
    elif depth and hasattr(value, "__dict__") and not callable(value):
        yield from walk(vars(value), way, depth)


def has_state(leaf: Any) -> bool:
    """Whether a leaf can be brought to another state in place."""
    return (isinstance(leaf, Tensor | np.ndarray | torch.Generator)
            or (hasattr(leaf, "load_state_dict") and not inspect.isclass(leaf)))


def state_of(leaf: Any) -> Any:
    """The state of a leaf, as torch.load(weights_only=True) reads it."""
    if isinstance(leaf, torch.Generator):
        return leaf.get_state()
    if isinstance(leaf, np.ndarray):
        return torch.from_numpy(leaf.copy())
    return leaf.detach().cpu().clone() if isinstance(leaf, Tensor) else leaf.state_dict()


def put_state(leaf: Any, state: Any) -> None:
    """Bring a leaf to a state in place."""
    if isinstance(leaf, torch.Generator):
        leaf.set_state(state)
    elif isinstance(leaf, np.ndarray):
        leaf[...] = state.numpy()
    elif isinstance(leaf, Tensor):
        with torch.no_grad():
            leaf.copy_(state)
    else:
        leaf.load_state_dict(state)


def fingerprint(leaf: Any) -> bytes:
    """A few bytes that change when the leaf's content changes; never the same twice where it cannot be read."""
    if isinstance(leaf, PLAIN):
        return repr(leaf).encode()
    if isinstance(leaf, Iterator):
        return os.urandom(8)  # never the same twice: what was taken from it cannot be put back
    digest = hashlib.sha256()
    try:
        add_content(digest, leaf if isinstance(leaf, list | tuple | dict) else state_of(leaf))
    except (AttributeError, TypeError, ValueError, RuntimeError, NotImplementedError):  # no state, or on no device
        return os.urandom(8)
    return digest.digest()


def add_content(digest: Any, state: Any) -> None:
    """Add every tensor and plain value of a state to a digest."""
    if isinstance(state, Tensor):
        digest.update(str((state.dtype, tuple(state.shape))).encode())
        flat = state.detach().cpu().contiguous().flatten()
        if flat.numel() > LARGE:
            digest.update(repr(flat.double().sum().item()).encode())
            flat = flat[::flat.numel() * 2 // LARGE].contiguous()
        digest.update(flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b"")
    elif isinstance(state, dict):
        for name, part in state.items():
            digest.update(str(name).encode())
            add_content(digest, part)
    elif isinstance(state, list | tuple):
        for part in state:
            add_content(digest, part)
    else:
        digest.update(repr(state).encode() if isinstance(state, PLAIN) else b"")


def describe(batches: Any) -> Any:
    """What the batches are: their tensors' content, size, order and transform."""
    tensors = getattr(batches, "tensors", batches if isinstance(batches, list | tuple) else ())
    digest = hashlib.sha256()
    for tensor in {id(part): part for part in flat(tensors)}.values():
        add_content(digest, tensor)
    others = [getattr(batches, name, None) for name in ("size", "seed", "shuffle", "epoch")]
    return len(batches), digest.hexdigest(), others, source(getattr(batches, "transform", None))


def flat(parts: Any) -> Iterator[Any]:
    """The tensors and plain values inside lists, tuples and dicts."""
    if isinstance(parts, list | tuple):
        for part in parts:
            yield from flat(part)
    elif isinstance(parts, dict):
        yield from flat(list(parts.values()))
    else:
        yield parts


def settings(module: nn.Module) -> list[tuple[str, Any]]:
    """What a module keeps beside its parameters: numbers, names, functions; (name, value) pairs in order."""
    own = {name: value for name, value in vars(module).items() if not name.startswith("_") and name != "training"}
    return sorted((name, value if isinstance(value, PLAIN) else function_or_type(value)) for name, value in own.items())


def function_or_type(value: Any) -> str:
    """A function by its source and the plain values that it names; another object by its type."""
    names, functions = read(value)
    plain = sorted((name, repr(part)) for name, part in names.items() if isinstance(part, PLAIN))
    return repr((source(value), plain)) if functions else type(value).__qualname__


def modules(leaves: dict[str, Any]) -> list[nn.Module]:
    """All modules among the leaves, and inside them, in a fixed order."""
    return [module for way in sorted(leaves) if isinstance(leaves[way], nn.Module) for module in leaves[way].modules()]

"""Checks of arguments: each gives the argument back, or raises with a sentence that names it and says what it is.

Numbers may be Python's, numpy's or 0-d tensors, whatever a chapter has at hand. Standard library only.
"""
import math
import operator
import reprlib
from collections.abc import Callable, Iterable
from typing import Any

MOST = 1_000_000  # of anything that is drawn or made anew: more would fill the memory of a laptop


def shown(value: Any) -> str:
    """A value as a message shows it: its shape if it has one, else its repr, cut to about sixty characters."""
    shape = getattr(value, "shape", ())
    if not isinstance(value, type) and isinstance(shape, tuple) and shape:
        return f"{type(value).__name__} of shape {tuple(shape)}"
    try:
        text = reprlib.repr(value)
    except Exception:  # a repr that fails must not hide the sentence
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def whole(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """An integer from `low` to `high`, both included; None leaves a side open. Raises ValueError."""
    try:
        found = None if is_bool(value) or getattr(value, "ndim", 0) else operator.index(value)
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor without a value, as on "meta"
        found = None
    if found is None or low is not None and found < low or high is not None and found > high:
        raise ValueError(f"{name} is an integer{bounds(low, high)}, not {shown(value)}.")
    return found


def real(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from `low` to `high`, both included. Raises TypeError or ValueError."""
    found = None if is_bool(value) else as_float(value)
    if found is None:
        raise TypeError(f"{name} is one number{bounds(low, high)}, not {shown(value)}.")
    if not math.isfinite(found) or not low <= found <= high:
        raise ValueError(f"{name} is a finite number{bounds(low, high)}, not {shown(value)}.")
    return found


def positive(name: str, value: Any) -> float:
    """A finite number above zero. Raises TypeError or ValueError."""
    if (found := real(name, value)) <= 0:
        raise ValueError(f"{name} is a number above zero, not {shown(value)}.")
    return found


def as_float(value: Any) -> float | None:
    """One number as a float, of a tensor or array of one number too; None for what is none."""
    if isinstance(value, str | bytes):
        return None
    try:
        return float(value.reshape(()) if getattr(value, "ndim", 0) else value)
    except (TypeError, ValueError, RuntimeError, OverflowError, AttributeError):
        return None


def row_of(value: Any) -> list[float] | None:
    """One number, or a row of them, as finite floats; None for anything else, and for no number."""
    try:
        row = [value] if not hasattr(value, "__len__") or not getattr(value, "ndim", 1) else list(value)
    except Exception:  # whatever cannot be walked through
        return None
    found = [None if isinstance(one, str) else as_float(one) for one in row]
    return found if found and all(one is not None and math.isfinite(one) for one in found) else None


def is_bool(value: Any) -> bool:
    """Whether it is true or false, of numpy or torch too: a number was meant, and it would count as 0 or 1."""
    return isinstance(value, bool) or str(getattr(value, "dtype", "")).endswith("bool")


def flag(name: str, value: Any) -> bool:
    """True or False, of numpy or torch too. Raises TypeError."""
    if not is_bool(value) or getattr(value, "ndim", 0) or getattr(value, "is_meta", False):
        raise TypeError(f"{name} is True or False, not {shown(value)}.")
    return bool(value)


def bounds(low: float | None, high: float | None) -> str:
    """" of 1 or more", " from 0 to 12", or nothing."""
    low, high = (None if side is None or math.isinf(side) else f"{side:,}" for side in (low, high))
    if low and high:
        return f" from {low} to {high}"
    return f" of {low} or more" if low else f" of at most {high}" if high else ""


def string(name: str, value: Any) -> str:
    """A string. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is a text in quotation marks, not {shown(value)}.")
    return value


def sentence(name: str, value: Any) -> str:
    """A string of three words or more. Raises TypeError or ValueError."""
    if len(string(name, value).split()) < 3:
        raise ValueError(f"{name} is a sentence; {shown(value)} says too little.")
    return value


def one_of(name: str, value: Any, choices: Iterable) -> Any:
    """One of the choices, texts or None. Raises ValueError that lists them."""
    choices = list(choices)
    if not (value is None or isinstance(value, str)) or value not in choices:
        raise ValueError(f"{name} is one of {', '.join(map(str, choices))}, not {shown(value)}.")
    return value


def function(name: str, value: Any, of: str = "") -> Callable:
    """What can be called. of: of what, for the sentence, such as "one batch". Raises TypeError."""
    if not callable(value):
        raise TypeError(f"{name} is a function{f' of {of}' if of else ''}, not {shown(value)}.")
    return value


def instance(name: str, value: Any, wanted: type | tuple, words: str) -> Any:
    """An object of a class. words: what it is, for the sentence, such as "a dict". Raises TypeError."""
    if not isinstance(value, wanted):
        raise TypeError(f"{name} is {words}, not {shown(value)}.")
    return value


def several(name: str, value: Any, wanted: type | tuple, words: str) -> list:
    """A list, tuple or other row of objects of one class, as a list. Raises TypeError."""
    try:
        found = None if isinstance(value, str | bytes | dict) else list(value)
    except Exception:  # whatever cannot be walked through
        found = None
    if found is None or not all(isinstance(one, wanted) for one in found):
        raise TypeError(f"{name} is a list of {words}, not {shown(value)}.")
    return found


def dense(name: str, value: Any) -> Any:
    """A tensor or array with values of its own in memory. Raises ValueError for a sparse or an empty shell."""
    if getattr(value, "is_meta", False) or not str(getattr(value, "layout", "strided")).endswith("strided"):
        raise ValueError(f"{name} is an ordinary tensor with values, not one that is sparse or on the device meta.")
    return value


def shaped(name: str, value: Any, *shape: int | str) -> Any:
    """A tensor or array of this shape. shape: a number is that size, a letter any size, the same where it is
    the same letter. Raises TypeError for what has no shape, ValueError for another one.
    """
    found, wanted = getattr(value, "shape", None), f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
    if isinstance(value, type) or not isinstance(found, tuple):
        raise TypeError(f"{name} is a tensor or array of shape {wanted}, not {shown(value)}.")
    sizes: dict[str, int] = {}
    fits = len(found) == len(shape) and all(
        size == (sizes.setdefault(side, size) if isinstance(side, str) else side) for size, side in zip(found, shape))
    if not fits:
        raise ValueError(f"{name} has the shape {wanted}, not {tuple(found)}.")
    return value

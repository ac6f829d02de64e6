"""How the course prints what differs from run to run, so that nbval can mask exactly that.

Training, the clock, the machine and the source of the data decide some numbers. They are
printed as `≈ 3.14` or `≈ 3.1 ± 0.2`, or on a line of their own that starts with `here:`. tests/sanitize.cfg
masks these two forms and nothing else; every other character of a saved output is compared.
"""
import inspect
import os
from collections.abc import Callable
from numbers import Real
from typing import Any

from utils.arguments import as_float, is_bool, shown, string


def approx(value: Real, digits: int = 2, unit: str = "", *, spread: Real | None = None) -> str:
    """A measured number as text, marked as one that may differ on another machine.

    value: any real number, a 0-d tensor included. digits: places after the point, 0 to 12.
    unit: text that follows the number, for example " %". spread: printed behind it, as in ≈ 3.1 ± 0.2 %.
    Raises TypeError for what is not a number and ValueError for other digits.
    """
    if not isinstance(digits, int) or is_bool(digits) or not 0 <= digits <= 12:
        raise ValueError(f"approx() expects 0 to 12 digits after the point, not {shown(digits)}.")
    string("unit", unit)
    numbers = [as_float(each) for each in ([value] if spread is None else [value, spread])]
    if None in numbers:
        wrong = value if numbers[0] is None else spread
        raise TypeError(f"approx() expects one number, not {type(wrong).__name__}.")
    return "≈ " + " ± ".join(f"{number:,.{digits}f}" for number in numbers) + unit


def here(text: str) -> None:
    """Print a line about this run: the device, the tier, where the data came from."""
    print(f"here: {text}")


def progress(**options: Any) -> Any:
    """A progress bar of tqdm that leaves nothing behind; none at all where TQDM_DISABLE is set.

    options: as tqdm takes them, for example total=100.
    """
    from tqdm.auto import tqdm
    options.setdefault("disable", bool(os.environ.get("TQDM_DISABLE")))  # a notebook's tqdm ignores it
    return tqdm(leave=False, **options)


def show_source(thing: Callable) -> None:
    """Print the source of a function or class, so that nothing imported stays hidden.

    Raises TypeError for what has no Python source, such as a built-in function.
    """
    try:
        source = inspect.getsource(thing)
    except (TypeError, OSError) as error:
        raise TypeError(f"show_source() expects a Python function or class, not {shown(thing)}.") from error
    print(source.rstrip())

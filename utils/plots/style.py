"""The course's style: colours by role, and how a figure is shown with a caption and words.

Colours are Okabe and Ito's, by role, everywhere the same; series differ by line style too.
"""
import base64
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from utils.arguments import instance, real, shown, string
from utils.rendering import DPI, png_bytes

Array = torch.Tensor | np.ndarray | Sequence  # what a chapter may have at hand

COLORS = {"data": "#666666", "model": "#0072B2", "compared": "#E69F00", "error": "#D55E00",
          "good": "#009E73", "light": "#DDDDDD"}
TINT = LinearSegmentedColormap.from_list("tint", [COLORS["compared"], "white", COLORS["model"]])  # off to on
LINES = ("-", "--", ":", "-.")

plt.rcParams.update({
    "figure.figsize": (6.4, 3.0), "figure.dpi": DPI, "figure.constrained_layout.use": True,
    "figure.facecolor": "white", "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10, "axes.titlesize": 10, "axes.labelsize": 10, "xtick.labelsize": 9,
    "ytick.labelsize": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "lines.linewidth": 1.8, "image.cmap": "viridis", "legend.frameon": False,
    "axes.prop_cycle": plt.cycler(
        color=[COLORS[role] for role in ("model", "compared", "error", "good", "data")],
        linestyle=["-", "--", ":", "-.", "-"]),
})


def contrast(one: str | tuple, other: str | tuple = "white") -> float:
    """How far two colours stand apart, 1 to 21, as WCAG 2.1 defines it; small text needs 4.5.

    Raises ValueError for what is no colour.
    """
    linear = [np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb_of(name, color)])
              for name, color in (("one", one), ("other", other))]
    dark, light = sorted(float(color @ (0.2126, 0.7152, 0.0722)) for color in linear)
    return (light + 0.05) / (dark + 0.05)


def rgb_of(name: str, color: str | tuple) -> tuple[float, float, float]:
    """A colour's red, green and blue, 0 to 1. Raises ValueError for what is no colour."""
    try:
        return to_rgb(color)
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ValueError(f'{name} is a colour such as "#0072B2", not {shown(color)}.') from error


def text_color(color: str | tuple) -> tuple[float, float, float]:
    """The same colour, darkened until text in it can be read on white."""
    rgb = np.array(rgb_of("color", color))
    while contrast(tuple(rgb)) < 4.5:
        rgb = 0.97 * rgb
    return tuple(rgb.tolist())


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG bytes; closes it. dpi: dots an inch, 1 to 2000. Raises TypeError or ValueError for others."""
    instance("figure", figure, Figure, "a matplotlib figure")
    dpi = real("dpi", dpi, 1, 2000)
    picture = png_bytes(figure, dpi)
    plt.close(figure)
    return picture


def show(figure: Figure, *, caption: str, alt: str) -> None:
    """Display a figure with a caption below it and a text for those who cannot see it.

    caption: a sentence that claims something, then how to read it. alt: what the picture
    shows (axes, trend, the decisive number). Raises ValueError when either says nothing.
    """
    if not isinstance(figure, Figure):
        raise TypeError(f"show() expects a matplotlib figure, not {type(figure).__name__}.")
    for name, words in (("caption", caption), ("alt", alt)):
        if len(string(name, words).split()) < 3:
            raise ValueError(f"The {name} of a figure is a sentence; {words!r} says too little.")
    picture = base64.b64encode(png(figure)).decode()
    display({"image/png": picture, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
    display({"text/markdown": f"*{caption}*", "text/plain": caption}, raw=True)


def as_array(values: Array) -> np.ndarray:
    """A tensor (on any device, of any precision), list or array as a numpy array.

    Raises ValueError for rows of different lengths, and for tensors without values.
    """
    try:
        if isinstance(values, torch.Tensor):
            values = values.detach().cpu()
            return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
        if isinstance(values, list | tuple) and any(isinstance(value, torch.Tensor) for value in values):
            values = [as_array(value) for value in values]
        return np.asarray(values)
    except Exception as error:  # numpy and torch each have their own
        raise ValueError(f"as_array() takes values of one type in rows of one length, not {shown(values)}.") from error


def numbers(name: str, values: Array, *, finite: bool = False) -> np.ndarray:
    """Real numbers as an array. finite: NaN and infinity are refused too. Raises ValueError, with the name."""
    try:
        found = as_array(values)
    except ValueError as error:
        raise ValueError(f"{name}: expected numbers in rows of one length, not {shown(values)}.") from error
    if found.dtype.kind not in "biuf":
        raise ValueError(f"{name}: expected real numbers, not {shown(values)}.")
    if finite and not np.isfinite(found).all():
        raise ValueError(f"{name}: expected finite numbers, and some are NaN or infinite.")
    return found


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes, or new ones of so many inches. Raises TypeError for what is neither axes nor None."""
    if ax is None:
        return plt.subplots(figsize=(width, height))[1]
    return instance("ax", ax, Axes, "a matplotlib Axes or None")


def settle(ax: Axes, **limits: Any) -> None:
    """Axes.set(), its errors in a sentence that names what it was given."""
    try:
        ax.set(**limits)
    except Exception as error:  # matplotlib has many
        given = ", ".join(f"{name} = {shown(value)}" for name, value in limits.items())
        raise ValueError(f"Axes.set() does not take all of {given}: {error}.") from error


def named(name: str, groups: dict[str, Array]) -> dict[str, np.ndarray]:
    """Groups of numbers by their names, as arrays. Raises TypeError or ValueError."""
    instance(name, groups, dict, "a dict, name -> numbers")
    return {str(key): numbers(f"{name}[{key!r}]", values) for key, values in groups.items()}


def marks_of(marks: dict[str, float] | None) -> dict[str, float]:
    """The marks as plain numbers; none for None. Raises TypeError or ValueError."""
    given = {} if marks is None else instance("marks", marks, dict, "a dict, text -> number, or None")
    return {str(key): real(f"marks[{key!r}]", value) for key, value in given.items()}

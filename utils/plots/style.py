"""The course's style: colours by role, and how a figure is shown with a caption and words.

Colours are Okabe and Ito's, by role, everywhere the same; series differ by line style too.
"""
import base64
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

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
    """How far two colours stand apart, 1 to 21, as WCAG 2.1 defines it; small text needs 4.5."""
    linear = [np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color)])
              for color in (one, other)]
    dark, light = sorted(float(color @ (0.2126, 0.7152, 0.0722)) for color in linear)
    return (light + 0.05) / (dark + 0.05)


def text_color(color: str | tuple) -> tuple[float, float, float]:
    """The same colour, darkened until text in it can be read on white."""
    rgb = np.array(to_rgb(color))
    while contrast(tuple(rgb)) < 4.5:
        rgb = 0.97 * rgb
    return tuple(rgb.tolist())


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG bytes; closes it."""
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
    for name, text in (("caption", caption), ("alt", alt)):
        if len(text.split()) < 3:
            raise ValueError(f"The {name} of a figure is a sentence; {text!r} says too little.")
    picture = base64.b64encode(png(figure)).decode()
    display({"image/png": picture, "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)
    display({"text/markdown": f"*{caption}*", "text/plain": caption}, raw=True)


def as_array(values: Array) -> np.ndarray:
    """A tensor (on any device), list or array as a numpy array."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)

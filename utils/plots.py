"""The course's figures: one function per kind, one style, a caption and words for each.

Colours are Okabe and Ito's, by role, everywhere the same; series differ by line style too.
"""
import base64
import io
from collections.abc import Callable, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.history import History

Array = torch.Tensor | np.ndarray | Sequence  # what a chapter may have at hand

COLORS = {"data": "#666666", "model": "#0072B2", "compared": "#E69F00", "error": "#D55E00",
          "good": "#009E73", "light": "#DDDDDD"}
LINES = ("-", "--", ":", "-.")
DPI = 100

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


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as PNG bytes, without the date or version that would differ; closes it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()


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


def plot_history(history: History, names: Sequence[str] | None = None) -> Figure:
    """Curves over the epochs, one panel a name, at most four.

    history: utils.training.History. names: which to draw, all by default.
    Raises KeyError for a name that the history does not have.
    """
    names = list(names or [name for name in history.names() if name in history])[:4]
    if not names:
        raise ValueError("The history is empty: there is no epoch to draw.")
    figure, axes = plt.subplots(1, len(names), figsize=(6.4, 2.6), squeeze=False)
    for ax, name, role in zip(axes[0], names, cycle(("model", "error", "compared", "good"))):
        row = history[name]
        ax.plot(range(1, len(row) + 1), row, "o-", color=COLORS[role], markersize=4)
        unit = " (%)" if "error" in name else ""
        ax.set(xlabel="epoch", ylabel=name.replace("_", " ") + unit, ylim=(0, None))
        ax.xaxis.get_major_locator().set_params(integer=True)
    return figure


def plot_images(images: Array, titles: Sequence[str] | None = None, *, columns: int = 10,
                signed: bool = False) -> Figure:
    """Pictures in a grid, read row by row.

    images: (N, H, W) or (N, 1, H, W), tensor or array. titles: one short text a picture.
    signed: weights rather than ink: purple below zero, white at zero, orange above.
    Raises ValueError for other shapes or another number of titles.
    """
    pixels = as_array(images)
    pixels = pixels[:, 0] if pixels.ndim == 4 and pixels.shape[1] == 1 else pixels
    if pixels.ndim != 3 or not len(pixels):
        raise ValueError(f"plot_images() expects (N, H, W) or (N, 1, H, W), not {as_array(images).shape}.")
    if titles is not None and len(titles) != len(pixels):
        raise ValueError(f"plot_images() got {len(pixels)} pictures and {len(titles)} titles.")
    columns = min(columns, len(pixels))
    rows = -(-len(pixels) // columns)
    width = 6.4 * min(1.0, columns / 5)
    figure, axes = plt.subplots(rows, columns, squeeze=False,
                                figsize=(width, rows * (width / columns + 0.22 * (titles is not None))))
    high = np.abs(pixels).max() or 1.0
    scale = {"cmap": "PuOr_r", "vmin": -high, "vmax": high} if signed else {"cmap": "gray"}
    for number, ax in enumerate(axes.flat):
        ax.axis("off")
        if number < len(pixels):
            ax.imshow(pixels[number], **scale)
            ax.set_title(titles[number] if titles is not None else "", fontsize=9, pad=2)
    return figure


def plot_boundary(predict: Callable, points: Array, labels: Array, *, ax: Axes | None = None) -> Figure:
    """A classifier of the plane: the region of each class in a tint, the data on top.

    predict: (M, 2) float tensor -> (M,) class numbers. points: (N, 2). labels: (N,), two classes.
    Raises ValueError for points that do not lie in the plane.
    """
    points, labels = as_array(points), as_array(labels)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise ValueError(f"plot_boundary() expects points (N, 2) and labels (N,), not {points.shape} "
                         f"and {labels.shape}.")
    ax = ax or plt.subplots(figsize=(3.4, 3.2))[1]
    low, high = points.min(0) - 0.4, points.max(0) + 0.4
    across, up = np.meshgrid(np.linspace(low[0], high[0], 160), np.linspace(low[1], high[1], 160))
    grid = torch.tensor(np.stack([across.ravel(), up.ravel()], 1), dtype=torch.float32)
    region = as_array(predict(grid)).reshape(across.shape)
    kinds = np.unique(labels)
    ax.contourf(across, up, region > kinds[0], levels=[-0.5, 0.5, 1.5],
                colors=[COLORS["compared"], COLORS["model"]], alpha=0.25)
    for kind, marker, role in zip(kinds, "so", ("compared", "model")):
        ax.scatter(*points[labels == kind].T, marker=marker, color=COLORS[role], edgecolor="black", s=36)
    ax.set(xlabel="input 1", ylabel="input 2", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return ax.figure


def plot_matrix(matrix: Array, rows: Sequence[str] | None = None, columns: Sequence[str] | None = None, *,
                signed: bool = False, numbers: bool = False) -> Figure:
    """A matrix as colours, with the names of its rows and columns.

    matrix: (R, C). signed: centred on zero, purple to orange. numbers: print each value.
    Raises ValueError for another shape or names that do not fit it.
    """
    values = as_array(matrix)
    if values.ndim != 2 or rows is not None and len(rows) != len(values) \
            or columns is not None and len(columns) != values.shape[1]:
        raise ValueError(f"plot_matrix() expects (R, C) with R and C names; it got {values.shape}, "
                         f"{rows and len(rows)} rows and {columns and len(columns)} columns.")
    figure, ax = plt.subplots(figsize=(6.4, min(6.0, 1.2 + 0.32 * len(values))))
    high = np.abs(values).max() or 1.0
    scale = {"cmap": "PuOr_r", "vmin": -high, "vmax": high} if signed else {"cmap": "viridis"}
    image = ax.imshow(values, aspect="auto", **scale)
    figure.colorbar(image, ax=ax)
    if rows is not None:
        ax.set_yticks(range(len(rows)), rows)
    if columns is not None:
        ax.set_xticks(range(len(columns)), columns, rotation=0 if max(map(len, columns)) < 4 else 90)
    if numbers:
        for (row, column), value in np.ndenumerate(values):
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            ax.text(column, row, f"{value:.3g}", ha="center", va="center", fontsize=9,
                    color="white" if dark else "black")
    return figure


def label_lines(ax: Axes) -> None:
    """Write each labelled line's name at its right end, in its colour, kept apart from the others.

    Call it last: it uses the limits that the axes have by then.
    """
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    ax.figure.canvas.draw()
    to_axes = ax.transAxes.inverted()
    ends = []
    for line in lines:
        end = line.get_xydata()[-1]
        ends.append([to_axes.transform(ax.transData.transform(end))[1], line])
    ends.sort(key=lambda pair: pair[0])
    for lower, upper in zip(ends, ends[1:]):
        upper[0] = max(upper[0], lower[0] + 0.09)
    for height, line in ends:
        ax.annotate(line.get_label(), (1.01, height), xycoords="axes fraction", va="center",
                    color=line.get_color(), fontsize=9, annotation_clip=False)


def as_array(values: Array) -> np.ndarray:
    """A tensor (on any device), list or array as a numpy array."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)

"""Figures of pictures, matrices and classifiers of the plane."""
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.arguments import flag, function, several, whole
from utils.plots import style
from utils.plots.style import COLORS, Array, axes_or_new, named, settle


def plot_images(images: Array, titles: Sequence[str] | None = None, *, columns: int = 10,
                signed: bool = False, rows: Sequence[str] | None = None, each: bool = False) -> Figure:
    """Pictures in a grid, read row by row.

    images: (N, H, W) or (N, 1, H, W), tensor or array. titles: one short text a picture.
    signed: weights rather than ink: purple below zero, white at zero, orange above.
    rows: a name at the left of each row. each: every picture on its own scale, not one for all.
    Raises ValueError for other shapes or another number of titles or row names.
    """
    pixels, columns = style.numbers("images", images), whole("columns", columns, 1)
    signed, each = flag("signed", signed), flag("each", each)
    titles, rows = texts("titles", titles), texts("rows", rows)
    pixels = pixels[:, 0] if pixels.ndim == 4 and pixels.shape[1] == 1 else pixels
    if pixels.ndim != 3 or not pixels.size:
        raise ValueError(f"plot_images() expects (N, H, W) or (N, 1, H, W), not {np.shape(pixels)}.")
    columns = min(columns, len(pixels))
    high = -(-len(pixels) // columns)
    if titles is not None and len(titles) != len(pixels) or rows is not None and len(rows) != high:
        raise ValueError(f"plot_images() got {len(pixels)} pictures in {high} rows, "
                         f"{'no' if titles is None else len(titles)} titles, "
                         f"{'no' if rows is None else len(rows)} row names.")
    width = 6.4 * min(1.0, columns / 5)
    figure, axes = plt.subplots(high, columns, squeeze=False,
                                figsize=(width, high * (width / columns + 0.22 * (titles is not None))))
    for number, ax in enumerate(axes.flat):
        ax.set(xticks=[], yticks=[], frame_on=False)
        if number < len(pixels):
            ax.imshow(pixels[number], **scale(pixels[number] if each else pixels, signed))
            ax.set_title(titles[number] if titles is not None else "", fontsize=9, pad=2)
        if rows is not None and number % columns == 0:
            ax.set_ylabel(rows[number // columns], rotation=0, ha="right", va="center", fontsize=9)
    return figure


def texts(name: str, given: Sequence | None) -> list[str] | None:
    """Texts, or what is written as one, such as numbers; None stays None. Raises TypeError."""
    return None if given is None else [*map(str, several(name, given, object, "texts"))]


def scale(pixels: np.ndarray, signed: bool) -> dict:
    """The colour map and limits for imshow: centred on zero if signed, else from dark to light."""
    if not signed:
        return {"cmap": "gray", "vmin": pixels.min(), "vmax": max(pixels.max(), pixels.min() + 1e-9)}
    high = np.abs(pixels).max() or 1.0
    return {"cmap": "PuOr_r", "vmin": -high, "vmax": high}


def plot_points(groups: dict[str, Array], *, ax: Axes | None = None, **limits: Any) -> Figure:
    """Points of the plane in groups, each in its colour.

    groups: name -> (N, 2). Up to five get the course's colours and a legend; more (the ten digits)
    have their name written at their middle. limits: for Axes.set, for example xlabel, xlim, title.
    Raises ValueError for points that do not lie in the plane.
    """
    groups = named("groups", groups)
    for name, points in groups.items():
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"plot_points() expects points (N, 2); {name!r} has {points.shape}.")
    ax, few = axes_or_new(ax, 4.6, 3.6), len(groups) <= 5
    colors = [COLORS[r] for r in ("data", "model", "compared", "error", "good")] if few else plt.cm.tab10.colors
    for (name, points), color, marker in zip(groups.items(), cycle(colors), cycle("os^Dv" if few else "o")):
        ax.scatter(*points.T, s=9, marker=marker, color=color, alpha=0.6, linewidths=0, label=name)
        if not few and len(points):
            ax.text(*np.median(points, axis=0), name, ha="center", va="center", fontweight="bold",
                    bbox={"boxstyle": "round,pad=0.15", "color": "white", "alpha": 0.8})
    settle(ax, **limits)
    if few and len(groups) > 1:
        ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.8)
    return ax.figure


def plot_boundary(predict: Callable, points: Array, labels: Array, *, ax: Axes | None = None) -> Figure:
    """A classifier of the plane: the region of each class in a tint, the data on top.

    predict: (M, 2) float tensor -> (M,) class numbers. points: (N, 2). labels: (N,), two classes.
    Raises ValueError for points that do not lie in the plane.
    """
    function("predict", predict, "points (M, 2)")
    points, labels = style.numbers("points", points, finite=True), style.numbers("labels", labels)
    if points.ndim != 2 or points.shape[1] != 2 or labels.shape != points.shape[:1]:
        raise ValueError(f"plot_boundary() expects points (N, 2) and labels (N,), not {points.shape} "
                         f"and {labels.shape}.")
    if not len(points) or len(kinds := np.unique(labels)) > 2:
        raise ValueError(f"plot_boundary() expects one point or more, labels of two classes; there are {len(points)} "
                         "points, and more than two classes or none.")
    low, high = points.min(0) - 0.4, points.max(0) + 0.4
    across, up = np.meshgrid(np.linspace(low[0], high[0], 160), np.linspace(low[1], high[1], 160))
    grid = torch.tensor(np.stack([across.ravel(), up.ravel()], 1), dtype=torch.float32)
    region = style.numbers("predict's answer", predict(grid))
    if region.size != across.size:
        raise ValueError(f"predict gives a class number for each of {across.size} points, and gave {region.shape}.")
    region, ax = region.reshape(across.shape), axes_or_new(ax, 3.4, 3.2)
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
    values, rows, columns = style.numbers("matrix", matrix), texts("rows", rows), texts("columns", columns)
    signed, written = flag("signed", signed), flag("numbers", numbers)
    if values.ndim != 2 or not values.size or rows is not None and len(rows) != len(values) \
            or columns is not None and len(columns) != values.shape[1]:
        raise ValueError(f"plot_matrix() expects (R, C) with R and C names; it got {values.shape}, "
                         f"{rows and len(rows)} rows and {columns and len(columns)} columns.")
    figure, ax = plt.subplots(figsize=(6.4, min(6.0, 1.2 + 0.32 * len(values))))
    colors = scale(values, signed) if signed else {"cmap": "viridis"}
    image = ax.imshow(values, aspect="auto", **colors)
    figure.colorbar(image, ax=ax)
    if rows is not None:
        ax.set_yticks(range(len(rows)), rows)
    if columns is not None:
        ax.set_xticks(range(len(columns)), columns, rotation=0 if max(map(len, columns)) < 4 else 90)
    if written:
        for (row, column), value in np.ndenumerate(values):
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
            ax.text(column, row, f"{value:.3g}", ha="center", va="center", fontsize=9,
                    color="white" if dark else "black")
    return figure

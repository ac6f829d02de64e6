"""A small net in the plane, drawn fast: its answer, its hidden units, its error so far."""
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.arguments import MOST, instance, real, whole

from .style import COLORS, TINT, Array, numbers

BOXES = (0.09, 0.16, 0.42, 0.8), (0.57, 0.5, 0.4, 0.39), (0.63, 0.16, 0.34, 0.2)
TILES = (2, 4)  # rows and columns for the pictures of the units, one for each of up to eight


def plot_net(points: Array, labels: Array, *, outputs: Array, lines: Array, added: Array,
             errors: dict[int, float], last: int) -> Figure:
    """Left the net's answer behind the points, and a line a hidden unit; right what each unit adds.

    points: (P, 2) in the square from -1 to 1. labels: (P,) of 0 and 1. outputs: (N, N) in [0, 1] over
    that square, from its top row down. lines: (U, 3), the places where a x + b y + c = 0. added: (U, N, N),
    one picture a unit, drawn on one scale with white for 0. errors: sweep -> error, a curve up to `last`.
    Raises ValueError for more than eight units or for shapes that do not fit each other.
    """
    given = {"points": points, "labels": labels, "outputs": outputs, "lines": lines, "added": added}
    points, labels, outputs, lines, added = (numbers(name, values) for name, values in given.items())
    last = whole("last", last, 1, MOST)
    instance("errors", errors, dict, "a dict, sweep -> error")
    errors = {real("a sweep of errors", sweep): real(f"errors[{sweep!r}]", error)
              for sweep, error in errors.items()}
    if points.shape[1:] != (2,) or points.ndim != 2 or labels.shape != points.shape[:1]:
        raise ValueError(f"plot_net() expects points (P, 2) and labels (P,), not {points.shape} and {labels.shape}.")
    if outputs.ndim != 2 or min(outputs.shape) < 3 or outputs.shape[0] != outputs.shape[1]:
        raise ValueError(f"plot_net() expects outputs (N, N), N of 3 or more, not {outputs.shape}.")
    count = len(added) if added.ndim == 3 and added.shape[1:] == outputs.shape else 0
    if not 1 <= count <= TILES[0] * TILES[1] or lines.shape != (count, 3):
        raise ValueError(f"plot_net() expects outputs (N, N) and 1 to {TILES[0] * TILES[1]} hidden units: added "
                         f"(U, N, N), lines (U, 3); it got {outputs.shape}, {added.shape} and {lines.shape}.")
    figure = plt.figure(figsize=(5.8, 2.9), layout="none")  # fixed places: a layout takes as long as the rest
    plane, units, curve = (figure.add_axes(box) for box in BOXES)
    draw_plane(plane, points, labels, outputs, lines)
    most = np.abs(added).max() or 1.0
    units.imshow(tiled(added), cmap=TINT, vmin=-most, vmax=most, interpolation="nearest")
    units.spines[:].set_visible(False)
    units.set(xticks=[], yticks=[], facecolor=COLORS["light"], title="what each hidden unit adds")
    curve.plot(list(errors), list(errors.values()), color=COLORS["error"])
    curve.set(xlim=(0, last), xticks=[0, last // 2, last], ylim=(0, len(points) / 4), yticks=[0, len(points) // 4],
              xlabel="sweep", ylabel="error")
    return figure


def draw_plane(ax: Axes, points: np.ndarray, labels: np.ndarray, outputs: np.ndarray, lines: np.ndarray) -> None:
    """The answer as a tint, the lines dashed, the points on top: blue discs are on, orange squares off."""
    ax.imshow(outputs, cmap=TINT, vmin=0, vmax=1, alpha=0.7, extent=(-1, 1, -1, 1))
    size = np.maximum((lines[:, :2] ** 2).sum(1, keepdims=True), 1e-12)
    foot, along = -lines[:, 2:] * lines[:, :2] / size, 3 * lines[:, 1::-1] * [-1, 1] / np.sqrt(size)
    ends = np.stack([foot - along, foot + along])  # (2, U, 2)
    ax.plot(ends[..., 0], ends[..., 1], "--", color="black", lw=1)
    for kind, marker, role in ((1, "o", "model"), (0, "s", "compared")):
        ax.plot(*points[labels == kind].T, marker, color=COLORS[role], markeredgecolor="black", markersize=4.5)
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[-1, 0, 1], yticks=[-1, 0, 1], xlabel="input 1", ylabel="input 2")


def tiled(pictures: np.ndarray) -> np.ndarray:
    """Up to eight pictures (U, N, N) as one, a third as fine, with empty lines and places between them."""
    rows, columns = TILES
    finest = pictures[:, 1::3, 1::3]
    spare = rows * columns - len(finest)
    framed = np.pad(finest, ((0, spare), (1, 1), (1, 1)), constant_values=np.nan)
    size = framed.shape[-1]
    return framed.reshape(rows, columns, size, size).swapaxes(1, 2).reshape(rows * size, columns * size)

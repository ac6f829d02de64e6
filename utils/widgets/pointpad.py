"""A plane to put points of two classes in: ``PointPad``."""

import base64
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import matplotlib.pyplot as plt
import numpy as np
import traitlets as T
from matplotlib.figure import Figure

from utils.arguments import flag, shown

from .panel import Panel, allow_custom_widgets, check_function
from .pictures import (
    COLORS,
    attempt_drawing,
    encoded,
    opened,
    png_bytes,
    side_by_side,
    with_words,
)

HERE = pathlib.Path(__file__).parent
SIZE = 3.6  # inches a side, 360 px
MARKS = {1: ("o", COLORS["model"]), -1: ("s", COLORS["compared"])}


class _Plane(anywidget.AnyWidget):
    """The page's half of the pad; ``points`` are [x, y, label], ``background`` a PNG in base 64."""

    _esm = (HERE / "pointpad.js").read_text(encoding="utf-8")
    _css = (HERE / "pads.css").read_text(encoding="utf-8")
    points = T.List().tag(sync=True)
    initial = T.List().tag(sync=True)
    background = T.Unicode().tag(sync=True)
    colors = T.Dict({"1": MARKS[1][1], "-1": MARKS[-1][1]}).tag(sync=True)
    label = T.Unicode("Plane of points, x and y from -1 to 1.").tag(sync=True)


class PointPad(Panel):
    """Points of two classes, +1 and -1, in the square [-1, 1] x [-1, 1], to add, drag and remove.

    points: (N, 3) rows of x, y, label, or nothing. respond: takes that array and returns a
    matplotlib figure, or (figure, text); the figure is drawn behind the points and fills the
    same square (its axes are stretched to it), or stands next to it with ``beside=True``.
    Raises TypeError or ValueError, in a sentence, for other points.
    """

    def __init__(
        self,
        points: Sequence[Sequence[float]] | np.ndarray = (),
        respond: Callable[[np.ndarray], Figure] | None = None,
        *,
        ask: str = "",
        beside: bool = False,
        alt: str | None = None,
    ):
        if respond is not None:
            check_function("respond", respond)
        self._respond, self._beside = respond, flag("beside", beside)
        rows = _checked(points)
        allow_custom_widgets()
        self._plane = _Plane(points=rows.tolist(), initial=rows.tolist())
        picture = "beside" if respond and beside else "nowhere"
        super().__init__([self._plane], ask=ask, alt=alt, picture=picture)
        self._plane.observe(self.redraw, names="points")
        self.redraw()

    @property
    def points(self) -> np.ndarray:
        """(N, 3) floats: x and y in [-1, 1], label +1 or -1. Assign such rows to replace them."""
        return np.array(self._plane.points, dtype=float).reshape(-1, 3)

    @points.setter
    def points(self, rows: Sequence[Sequence[float]] | np.ndarray) -> None:
        self._plane.points = _checked(rows).tolist()

    def redraw(self, _: Any = None) -> None:
        """Respond to the points as they are now; while one is dragged, to every few moves."""
        if not self._respond:
            return
        prepare = None if self._beside else fill_square
        drawing = attempt_drawing(self._respond, self.points, prepare=prepare)
        self.show(drawing)
        if drawing.png and not self._beside:
            self._plane.background = base64.b64encode(drawing.png).decode()

    def still(self) -> bytes:
        """The points on the response to them, or the response beside them."""
        if not (self._respond and self._beside):
            return with_words(_plane_picture(self.points, bytes(self._picture.value)), self.words)
        return encoded(side_by_side([opened(_plane_picture(self.points)), opened(super().still())]))

    def describe(self) -> str:
        """Its name and how many points it starts with."""
        return f"PointPad with {len(self._plane.initial)} points"


def _checked(points: Any) -> np.ndarray:
    """The points as (N, 3) floats, or a sentence that refuses them."""
    try:
        points = points.detach().cpu() if hasattr(points, "detach") else points  # a tensor, on whatever device
        rows = np.asarray(points, dtype=float)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"points are rows of x, y, label, not {shown(points)}.") from error
    rows = rows.reshape(-1, 3) if rows.size == 0 else rows
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise ValueError(f"points have the shape (N, 3), rows of x, y, label, not {rows.shape}.")
    if not (np.abs(rows[:, :2]) <= 1).all():
        raise ValueError("points lie in [-1, 1] x [-1, 1], and some of these do not.")
    if not np.isin(rows[:, 2], (-1, 1)).all():
        raise ValueError("the label of a point, its third number, is +1 or -1.")
    return rows


def fill_square(figure: Figure) -> None:
    """Stretch the figure's first axes over all of it, with limits [-1, 1], so that it fits."""
    figure.set_layout_engine("none")
    figure.set_size_inches(SIZE, SIZE)
    axes = figure.axes[0]
    axes.set(position=[0, 0, 1, 1], xlim=(-1, 1), ylim=(-1, 1), aspect="auto")
    axes.set_axis_off()


def _plane_picture(points: np.ndarray, behind: bytes = b"") -> bytes:
    """The square with its points, and the response behind them if there is one."""
    width, height = SIZE + 0.5, SIZE + 0.4  # room for the numbers; the square keeps its pixels
    figure = plt.figure(figsize=(width, height), layout="none")
    axes = figure.add_axes((0.38 / width, 0.28 / height, SIZE / width, SIZE / height))
    axes.spines[:].set_visible(True)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    if behind:
        axes.imshow(opened(behind), extent=(-1, 1, -1, 1), interpolation="nearest")
    for label, (marker, color) in MARKS.items():
        x, y = points[points[:, 2] == label, :2].T
        axes.plot(x, y, marker, color=color, markersize=9, markeredgecolor="black")
    png = png_bytes(figure)
    plt.close(figure)
    return png

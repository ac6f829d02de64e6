"""A square to draw in, and what the network reads of it: ``DrawPad`` and ``mnist_like``."""

import pathlib
from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets as W
import numpy as np
import traitlets as T
from matplotlib.figure import Figure
from PIL import Image

from utils.arguments import flag, shown

from .explore import check_controls, readable
from .panel import Panel, allow_custom_widgets, check_function
from .pictures import attempt_drawing, encoded, opened, side_by_side

HERE = pathlib.Path(__file__).parent
PAD_SIZE = 280  # px on the page
MNIST_SIZE, DIGIT_SIZE = 28, 20


def mnist_like(pixels: np.ndarray) -> np.ndarray:
    """The drawing as MNIST's makers prepared theirs: ink scaled to 20 x 20, centred by its mass.

    pixels: (height, width), values in [0, 1], ink 1 on ground 0. Returns (28, 28) float32 in
    [0, 1]; an empty drawing stays empty. Raises ValueError for another shape or range.
    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
    """
    pixels = _checked(pixels, None)
    field = np.zeros((MNIST_SIZE, MNIST_SIZE), np.float32)
    if not pixels.any():
        return field
    digit = _scaled(_cropped(pixels))
    top, left = (_offset(digit.sum(axis=1 - axis)) for axis in (0, 1))
    field[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return field


def _cropped(pixels: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero(pixels.any(axis=1 - axis)) for axis in (0, 1))
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(digit: np.ndarray) -> np.ndarray:
    """The digit with its longer side 20 pixels; each new pixel averages what it covers."""
    scale = DIGIT_SIZE / max(digit.shape)
    height, width = (max(1, round(side * scale)) for side in digit.shape)
    image = Image.fromarray(digit.astype(np.float32))
    resized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return np.clip(resized, 0, 1)


def _offset(mass: np.ndarray) -> int:
    """Where the digit starts so that its centre of mass falls in pixel 14, counted from 0.

    Of the 10,000 test images every one has it there, in both directions.
    """
    centre = (mass * np.arange(len(mass))).sum() / mass.sum()
    return int(np.clip(round(MNIST_SIZE // 2 - centre), 0, MNIST_SIZE - len(mass)))


def _checked(pixels: Any, n: int | None) -> np.ndarray:
    """The pixels as a float32 square of n x n (any size for None), or a sentence that refuses."""
    size = "(height, width)" if n is None else f"({n}, {n})"
    try:
        pixels = pixels.detach().cpu() if hasattr(pixels, "detach") else pixels  # a tensor, on whatever device
        array = np.asarray(pixels, dtype=np.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"a drawing is an array of shape {size}, not {shown(pixels)}.") from error
    while array.ndim > 2 and len(array) == 1:  # a data set's picture comes as (1, n, n)
        array = array[0]
    if array.ndim != 2 or not array.size or (n and array.shape != (n, n)):
        raise ValueError(f"a drawing has the shape {size}, and this one has {array.shape}.")
    if not (np.isfinite(array).all() and 0 <= array.min() and array.max() <= 1):
        raise ValueError("a drawing holds values from 0 (ground) to 1 (ink), and this one does not.")
    return array


class _Canvas(anywidget.AnyWidget):
    """The page's half of the pad; ``cells`` are n * n whole numbers, 0 to 255, row by row."""

    _esm = (HERE / "drawpad.js").read_text(encoding="utf-8")
    _css = (HERE / "pads.css").read_text(encoding="utf-8")
    n = T.Int(MNIST_SIZE).tag(sync=True)
    binary = T.Bool(False).tag(sync=True)
    cells = T.List(T.Int()).tag(sync=True)  # plain JSON: safe in every front end
    seen = T.List(T.Int()).tag(sync=True)  # what the network reads, where that differs
    label = T.Unicode().tag(sync=True)


class DrawPad(Panel):
    """A square of n x n pixels to draw in, with mouse, finger, pen or keyboard.

    n: pixels a side, 4 to 64. respond: takes ``pixels`` and returns a matplotlib figure, or
    (figure, text), which is shown beside the pad after every stroke. start: the drawing that the
    pad begins with, (n, n) in [0, 1]; with the response to it, it is the still picture in the
    saved notebook. binary: every pixel is a photocell, on or off, toggled by a click or a drag.
    centred: what the network reads is ``mnist_like``; by default for a grey pad of 28 x 28.
    controls: ipywidgets with a ``value`` under the pad; ``respond`` takes one more argument by the
    name of each.
    Raises TypeError or ValueError, in a sentence, for anything else.
    """

    def __init__(
        self,
        n: int = MNIST_SIZE,
        respond: Callable[[np.ndarray], Figure] | None = None,
        *,
        ask: str = "",
        start: np.ndarray | None = None,
        binary: bool = False,
        centred: bool | None = None,
        alt: str | None = None,
        **controls: W.Widget,
    ):
        if isinstance(n, bool) or not isinstance(n, int) or not 4 <= n <= 64:
            raise ValueError(f"DrawPad expects n, its pixels a side, from 4 to 64, and got {shown(n)}.")
        if respond is not None:
            check_function("respond", respond)
        self.n, self.binary = n, flag("binary", binary)
        self.centred = (n == MNIST_SIZE and not binary) if centred is None else flag("centred", centred)
        if controls:
            check_controls(controls)
            for control in controls.values():  # not wider than the pad: the response needs the room
                control.layout.width = control.layout.width or f"{PAD_SIZE}px"
            readable(controls)
        self._respond, self._controls = respond, controls
        allow_custom_widgets()
        self._canvas = _Canvas(n=n, binary=self.binary, label=_label(n, self.binary))
        self.raw = np.zeros((n, n)) if start is None else start
        acting = W.VBox([self._canvas, *controls.values()]) if controls else self._canvas
        super().__init__([acting], ask=ask, alt=alt, picture="beside" if respond else "nowhere")
        self._canvas.observe(self.redraw, names="cells")
        for control in controls.values():
            control.observe(self.redraw, names="value")
        self.redraw()

    @property
    def raw(self) -> np.ndarray:
        """The drawing where it was drawn: (n, n) float32 in [0, 1]. Assign one to put it there."""
        cells = np.asarray(self._canvas.cells, dtype=np.float32)
        return cells.reshape(self.n, self.n) / np.float32(255)

    @raw.setter
    def raw(self, pixels: np.ndarray) -> None:
        values = _checked(pixels, self.n)
        values = values >= 0.5 if self.binary else values
        self._canvas.cells = _bytes(values)

    @property
    def pixels(self) -> np.ndarray:
        """What the network reads: (n, n) float32 in [0, 1], ink 1 on ground 0."""
        return mnist_like(self.raw) if self.centred else self.raw

    def redraw(self, _: Any = None) -> None:
        """Respond to the drawing as it is now."""
        if self.centred:
            self._canvas.seen = _bytes(self.pixels)
        if self._respond:
            values = {name: control.value for name, control in self._controls.items()}
            self.show(attempt_drawing(self._respond, self.pixels, values=values))

    def still(self) -> bytes:
        """The pad and, beside it, the response."""
        pad = pad_picture(self.raw, self.binary)
        return encoded(side_by_side([pad, opened(super().still())]) if self._respond else pad)

    def describe(self) -> str:
        """Its name and its size."""
        return f"DrawPad {self.n} x {self.n}"


def _bytes(pixels: np.ndarray) -> list[int]:
    """Values in [0, 1] as whole numbers, 0 to 255, row by row."""
    return np.rint(pixels * np.float32(255)).astype(int).ravel().tolist()


def _label(n: int, binary: bool) -> str:
    what = "Retina of photocells" if binary else "Drawing pad"
    return f"{what}, {n} by {n}. Arrow keys move, space inks."


def pad_picture(pixels: np.ndarray, binary: bool = False) -> Image.Image:
    """The drawing, enlarged so that every pixel is a square; a binary one with lines between."""
    side = max(4, round(PAD_SIZE / len(pixels)))
    grey = np.rint(np.kron(pixels, np.ones((side, side))) * 255).astype(np.uint8)
    if binary:
        grey[::side], grey[:, ::side] = 85, 85
    return Image.fromarray(grey).convert("RGB")

"""Pictures as PNG bytes: drawn by a function that may fail, joined, and labelled."""

import io
import textwrap
import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from utils.rendering import DPI, png_bytes

ONE_AT_A_TIME = threading.RLock()  # matplotlib is not made for two threads
COLORS = {"data": "#666666", "model": "#0072B2", "compared": "#E69F00", "error": "#D55E00", "good": "#009E73"}
PROBLEM = "#B04D00"  # the colour of an error, dark enough for text on white
STRIP_WIDTH = 1280  # px; a page shows about 900, and a sharp screen uses the rest
SMALLEST = 0.6  # below this share of its size a picture's 9-point text cannot be read
DENSEST = 0.72  # a figure drawn at this share of its size still has room for its text
GAP = 12  # px between joined pictures


class Drawing(NamedTuple):
    """What a drawing function gave: a PNG and a line of text, or the words of its failure."""

    png: bytes = b""
    text: str = ""
    problem: str = ""


def attempt_drawing(
    draw: Callable[..., Any],
    *arguments: Any,
    values: dict[str, Any] | None = None,
    prepare: Callable[[Figure], None] | None = None,
) -> Drawing:
    """``draw(*arguments, **values)`` as a Drawing of its figure, or (figure, text); never raises.

    ``prepare`` may change the figure before it is rendered. Every figure that the call opened is
    closed, so that the notebook shows none of them a second time.
    """
    with ONE_AT_A_TIME:
        return _attempt(draw, arguments, values or {}, prepare)


def _attempt(draw: Callable[..., Any], arguments: tuple, values: dict[str, Any],
             prepare: Callable[[Figure], None] | None) -> Drawing:
    before = set(plt.get_fignums())
    try:
        answer = draw(*arguments, **values)
        figure, text = answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, "")
        if not isinstance(figure, Figure):
            raise TypeError(
                f"{_name(draw)} must return a matplotlib figure, and it returned {_kind(figure)}."
            )
        # A cell that ends while a widget answers shows every figure that pyplot still has, and two renderings
        # of one figure at once spoil both pictures (seen with ipykernel 7).
        plt.close(figure)
        if prepare:
            prepare(figure)
        return Drawing(png_bytes(figure), str(text))
    except Exception as error:  # in a callback it would be lost in the kernel's log
        return Drawing(problem=_in_words(error, draw))
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def _name(function: Callable) -> str:
    name = getattr(function, "__name__", "")
    return f"{name}()" if name.isidentifier() else "the drawing function"


def _kind(thing: Any) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"


def _in_words(error: Exception, draw: Callable) -> str:
    """The error with the line of the drawing function in which it arose, when that is known."""
    code = getattr(draw, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if code and f.filename == code.co_filename]
    place = f" (line {lines[-1]} of the cell that defines {_name(draw)})" if lines else ""
    return f"{type(error).__name__}: {error}{place}"


def width_of(png: bytes) -> int:
    """The width of a PNG in pixels, as its header has it."""
    return int.from_bytes(png[16:20], "big")


def opened(png: bytes) -> Image.Image:
    """The PNG as an RGB image, transparent parts on white."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def encoded(picture: Image.Image) -> bytes:
    """The image as PNG bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, format="png")
    return buffer.getvalue()


def text_picture(text: str, width: int, size: int = 15, color: str = "black") -> Image.Image:
    """The text on white, wrapped to ``width`` pixels, centred."""
    font = ImageFont.truetype(findfont("DejaVu Sans"), size)
    lines = "\n".join(
        line
        for part in text.splitlines() or [""]
        for line in textwrap.wrap(part, max(8, int(width / (0.6 * size)))) or [""]
    )
    pen = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    bottom = pen.multiline_textbbox((0, 0), lines, font=font)[3]
    picture = Image.new("RGB", (width, int(bottom) + 8), "white")
    middle = (width / 2, 4)
    ImageDraw.Draw(picture).multiline_text(
        middle, lines, font=font, fill=color, anchor="ma", align="center"
    )
    return picture


def problem_picture(problem: str, width: int = 640) -> bytes:
    """The still picture of a widget whose picture could not be drawn: the reason in words."""
    return encoded(text_picture(said(problem), width, color=PROBLEM))


def said(problem: str) -> str:
    """The sentence shown under the picture for a problem; nothing for no problem."""
    return f"There is no picture for these values. {problem}" if problem else ""


def with_words(png: bytes, words: str) -> bytes:
    """The PNG with a line of text under it; the same PNG when there is none."""
    if not words:
        return png
    picture = opened(png)
    return encoded(stacked([picture, text_picture(words, picture.width)]))


def stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    """The pictures one under the other, each in the middle."""
    joined = Image.new(
        "RGB", (max(p.width for p in pictures), sum(p.height for p in pictures)), "white"
    )
    top = 0
    for picture in pictures:
        joined.paste(picture, ((joined.width - picture.width) // 2, top))
        top += picture.height
    return joined


def side_by_side(pictures: Sequence[Image.Image], align: str = "middle") -> Image.Image:
    """The pictures in one row, with a gap; align is "middle" or "top"."""
    height = max(p.height for p in pictures)
    width = sum(p.width for p in pictures) + GAP * (len(pictures) - 1)
    joined = Image.new("RGB", (width, height), "white")
    left = 0
    for picture in pictures:
        joined.paste(picture, (left, 0 if align == "top" else (height - picture.height) // 2))
        left += picture.width + GAP
    return joined


def shrink(figure: Figure, count: int) -> None:
    """Make the figure, one of ``count`` in a strip, smaller while its text keeps its size."""
    width = figure.get_size_inches()[0] * DPI
    share = STRIP_WIDTH / strip_columns(count, width) / width
    figure.set_size_inches(figure.get_size_inches() * min(1, max(share, DENSEST)))


def strip_columns(count: int, width: float) -> int:
    """In how many columns ``count`` pictures of ``width`` px fit with their text still readable."""
    fitting = [c for c in range(1, count + 1) if STRIP_WIDTH / c >= SMALLEST * width]
    rows = -(-count // max(fitting, default=1))
    return -(-count // rows)


def strip(drawings: Sequence[Drawing], labels: Sequence[str]) -> bytes:
    """One PNG of 1 to 5 drawings side by side, in two rows if need be, each under its label."""
    pngs = [d.png or problem_picture(d.problem) for d in drawings]
    pictures = [
        opened(with_words(png, d.text)) for png, d in zip(pngs, drawings, strict=True)
    ]
    columns = strip_columns(len(pictures), max(p.width for p in pictures))
    cell = min(max(p.width for p in pictures), STRIP_WIDTH // columns - GAP)
    tiles = [
        stacked([text_picture(label, cell), _at_most(p, cell)])
        for p, label in zip(pictures, labels, strict=True)
    ]
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    return encoded(few_colors(stacked([side_by_side(row, align="top") for row in rows])))


def few_colors(picture: Image.Image) -> Image.Image:
    """The picture in 256 colours that are near its own: alike to the eye, in a third of the bytes."""
    return picture.quantize(256, dither=Image.Dither.NONE)


def _at_most(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)

"""Figures of numbers: curves over the epochs, lines over any x, one dot a run."""
import textwrap
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.arguments import instance, several, string
from utils.history import History
from utils.plots.style import COLORS, LINES, Array, axes_or_new, marks_of, named, numbers, settle, text_color

ROLES = ("model", "compared", "error", "good", "data")
LINE_HEIGHT = 0.17  # inches between two names at the ends of lines


def plot_history(history: History, names: Sequence[str] | None = None) -> Figure:
    """Curves over the epochs, one panel a name, at most four.

    history: utils.training.History. names: which to draw, all by default.
    Raises KeyError for a name that the history does not have.
    """
    instance("history", history, History, "what fit() returned, a History")
    given = [] if names is None else several("names", names, str, "names of the history")
    names = list(given or [name for name in history.names() if name in history])[:4]
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


def plot_lines(x: Array, lines: dict[str, Array], *, xlabel: str, ylabel: str,
               marks: dict[str, float] | None = None, ax: Axes | None = None, **limits: Any) -> Figure:
    """Lines over one x, each with its name at the right end.

    x: (N,). lines: name -> (N,), or (runs, N): then each run is thin and their mean thick.
    marks: text -> a height, drawn as a grey line with its text, for example {"paper": 5.0}.
    limits: for Axes.set, for example xscale="log", ylim=(0, 100), title="shifted".
    Raises ValueError for lines that are not as long as x.
    """
    x, lines, marks = numbers("x", x), named("lines", lines), marks_of(marks)
    if x.ndim != 1 or not len(x):
        raise ValueError(f"plot_lines() expects x as one row of numbers, (N,), not of the shape {x.shape}.")
    for name, values in lines.items():
        if np.atleast_2d(values).ndim != 2 or np.atleast_2d(values).shape[1] != len(x):
            raise ValueError(f"plot_lines() expects {len(x)} values a line, as there are of x; {name!r} has "
                             f"the shape {values.shape}.")
    labels = {"xlabel": string("xlabel", xlabel), "ylabel": string("ylabel", ylabel)}
    ax = axes_or_new(ax, 6.4, 3.0)
    for (name, values), role, style in zip(lines.items(), cycle(ROLES), cycle(LINES)):
        runs = np.atleast_2d(values)
        if len(runs) > 1:
            ax.plot(x, runs.T, style, color=COLORS[role], lw=0.7, alpha=0.4)
        marker = {"marker": "o", "markersize": 4} if len(x) <= 20 else {}
        ax.plot(x, runs.mean(0), style, color=COLORS[role], label=name, **marker)
    for words, height in marks.items():
        ax.axhline(height, color=COLORS["data"], lw=1, ls=":", label=words)
    settle(ax, **labels, **limits)
    label_lines(ax)
    return ax.figure


def plot_runs(groups: dict[str, Array], *, xlabel: str, marks: dict[str, float] | None = None,
              ax: Axes | None = None, **limits: Any) -> Figure:
    """A row for each name, a dot for each run, and a bar at the median of several.

    groups: name -> (runs,); a run that is infinite or NaN never got there: a cross at the right.
    marks: text -> a value, drawn as a dashed upright line with its text, such as {"paper": 558}.
    limits: for Axes.set. Raises ValueError for no groups, or a group without a run.
    """
    rows, marks = {name: row.astype(float).ravel() for name, row in named("groups", groups).items()}, marks_of(marks)
    if not rows or not all(len(row) for row in rows.values()):
        raise ValueError("plot_runs() expects groups with at least one run each.")
    string("xlabel", xlabel)
    ax = axes_or_new(ax, 6.4, 1.0 + 0.42 * len(rows))
    for height, row in enumerate(rows.values()):
        offsets, never = height + np.linspace(-0.2, 0.2, len(row) + 2)[1:-1], ~np.isfinite(row)
        ax.plot(row[~never], offsets[~never], "o", ms=4, alpha=0.6, color=COLORS["model"])
        ax.plot([0.985] * never.sum(), offsets[never], "x", ms=5, color=COLORS["error"],
                transform=ax.get_yaxis_transform())
        if len(row) > 1:
            ax.plot([np.median(np.where(never, np.inf, row))] * 2, [height - 0.33, height + 0.33], "k-", lw=2)
    for place, (words, value) in enumerate(sorted(marks.items(), key=lambda pair: pair[1])):
        ax.axvline(value, color=COLORS["data"], ls="--", lw=1)
        side = "center" if len(marks) == 1 else ("right", "left")[place % 2]
        ax.text(value, 1.03, words, transform=ax.get_xaxis_transform(), ha=side, color=COLORS["data"], fontsize=9)
    settle(ax, yticks=range(len(rows)), yticklabels=[textwrap.fill(name, 26) for name in rows],
           **{"ylim": (len(rows) - 0.45, -0.55), "xlabel": xlabel} | limits)
    return ax.figure


def label_lines(ax: Axes) -> None:
    """Write each labelled line's name at its right end, in its colour, kept apart from the others.

    Call it last: it uses the limits that the axes have by then.
    """
    instance("ax", ax, Axes, "a matplotlib Axes")
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    ax.get_ylim()  # settles the limits; drawing the figure for it would take as long as the picture itself
    to_axes, ends = ax.transScale + ax.transLimits, []
    for line in lines:
        drawn = [point for point in line.get_xydata() if np.isfinite(point).all()]
        height = to_axes.transform(drawn[-1])[1] if drawn else 0.0  # a line without a point keeps its name, below
        ends.append([height if np.isfinite(height) else 0.0, line])
    apart = max(0.05, LINE_HEIGHT / (ax.get_position().height * ax.figure.get_figheight()))
    ends = sorted(([min(max(height, 0.0), 1.0), line] for height, line in ends), key=lambda pair: pair[0])
    texts = [textwrap.fill(line.get_label().replace(" %", "\N{NO-BREAK SPACE}%"), 22) for _, line in ends]
    needed = [apart * (1 + 0.5 * (a.count("\n") + b.count("\n"))) for a, b in zip(texts, texts[1:])]
    for (lower, upper), gap in zip(zip(ends, ends[1:]), needed):
        upper[0] = max(upper[0], lower[0] + gap)
    if ends and ends[-1][0] > 1:  # no room above: make it below
        ends[-1][0] = 1.0
        for (lower, upper), gap in list(zip(zip(ends, ends[1:]), needed))[::-1]:
            lower[0] = min(lower[0], upper[0] - gap)
    for (height, line), text in zip(ends, texts):
        ax.annotate(text, (1.01, height), xycoords="axes fraction", va="center",
                    color=text_color(line.get_color()), fontsize=9, annotation_clip=False)

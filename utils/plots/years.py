"""Figures over the years: the timeline of the field, and the course's models on the same digits."""
from collections.abc import Sequence
from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath
from matplotlib.ticker import LogLocator
from matplotlib.transforms import Bbox

from utils.arguments import instance, real, several
from utils.plots.style import COLORS, DPI, numbers
from utils.timeline import KINDS, Event

FIRST, LAST = 1940, 2034  # the years that the picture spans; labels of today's events need room
WIDTH = 9.0  # inches
ROW = 0.163  # inches from one row of labels to the next
SIZE = 8  # points
PALE = 0.22  # how much of an event is seen that is not among those to be gone through
INCHES = (LAST - FIRST) / (WIDTH * 0.89)  # years for each inch along the axis


@cache
def width(text: str) -> float:
    """How wide a label is, in years of the axis."""
    return TextPath((0, 0), text, size=SIZE).get_extents().width / 72 * INCHES


def place(lane: Sequence[Event]) -> list[tuple[int, str]]:
    """For each event of a lane its row and the side of its label, so that nothing overlaps.

    lane: events in the order of years. A label stands right of its dot, or left where only that fits.
    """
    rows: list[list[tuple[float, float]]] = []
    places = []
    for one in lane:
        long, dot = width(one.short) + 1.3, 0.9
        sides = {"left": (one.year + dot, one.year + long + dot), "right": (one.year - long - dot, one.year - dot)}
        choices = [(row, align, span) for row in range(len(rows) + 1) for align, span in sides.items()
                   if span[1] < LAST and span[0] > FIRST - 1 and free(rows, row, (min(span[0], one.year - dot),
                                                                                 max(span[1], one.year + dot)))]
        if not choices:
            raise ValueError(f"events of the timeline lie between {FIRST} and {LAST}, their names too; "
                             f"{one.short!r} of {one.year} does not fit.")
        row, align, span = choices[0]
        rows += [[]] * (row == len(rows))
        rows[row] = [*rows[row], (min(span[0], one.year - dot), max(span[1], one.year + dot))]
        places.append((row, align))
    return places


def free(rows: list[list[tuple[float, float]]], row: int, span: tuple[float, float]) -> bool:
    """Whether a stretch of years is still empty in a row."""
    return row >= len(rows) or all(span[1] <= left or right <= span[0] for left, right in rows[row])


def plot_timeline(events: Sequence[Event], chosen: Event | None = None,
                  among: Sequence[Event] | None = None) -> Figure:
    """The events over the years, in one lane for each kind, winters as grey bands.

    events: in the order of years. chosen: one of them, to be marked, or None. among: the others are
    pale; by default none is. A blue dot holds the number of the chapter that tells the event; an
    orange ring: a famous wrong story is told of it. Raises TypeError or ValueError for other events.
    """
    events = several("events", events, Event, "events, as utils.timeline.events() gives them")
    among = events if among is None else several("among", among, Event, "events, or None")
    if not events:
        raise ValueError("events of plot_timeline() are one or more; there are none.")
    if chosen is not None and instance("chosen", chosen, Event, "one of the events, or None") not in events:
        raise ValueError(f"chosen is one of the events, or None; {chosen.id} is not among them.")
    map_, places, tall = drawn(tuple(events), tuple(among))
    figure, ax = canvas(tall)
    ax.axis("off")
    figure.figimage(map_, zorder=-1)
    if chosen is not None and chosen.kind == "winter":
        winter(ax, chosen, chosen=True)
    elif chosen is not None:
        dot(ax, chosen, *places[chosen.id], chosen=True)
    return figure


@cache
def drawn(events: tuple[Event, ...],
          among: tuple[Event, ...]) -> tuple[np.ndarray, dict[str, tuple[float, str]], float]:
    """The map without a chosen event as pixels, where each event lies on it, and its height in rows.

    It is drawn once for the same events: the next picture of it takes a fraction of the time.
    """
    lanes = {kind: [one for one in events if one.kind == kind] for kind in KINDS if kind != "winter"}
    rows = {kind: place(lane) for kind, lane in lanes.items() if lane}
    heights = {kind: max(row for row, _ in found) + 1 for kind, found in rows.items()}
    figure, ax = canvas(tall := sum(heights.values()) + 0.5 * len(heights) + 0.8)
    for one in filter(lambda one: one.kind == "winter", events):
        winter(ax, one, alpha=1 if one in among else PALE)
    places, top = {}, 1.0
    for kind, found in rows.items():
        ax.text(FIRST - 0.8, top + 0.5, kind, ha="right", va="center", fontsize=9, fontweight="bold")
        places |= {one.id: (top + row + 0.5, align) for one, (row, align) in zip(lanes[kind], found)}
        top += heights[kind] + 0.5
        ax.axhline(top - 0.25, color=COLORS["light"], lw=0.8 * (top < tall - 0.5), zorder=0)
    for one in filter(lambda one: one.id in places, events):
        dot(ax, one, *places[one.id], alpha=1 if one in among else PALE)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba()).copy()
    plt.close(figure)
    return pixels, places, tall


def canvas(tall: float) -> tuple[Figure, Axes]:
    """An empty figure of so many rows, with the years along its foot."""
    figure = plt.figure(figsize=(WIDTH, round(ROW * tall + 0.36, 2)), layout="none", dpi=DPI)
    high = figure.get_figheight()
    ax = figure.add_axes((0.105, 0.28 / high, 0.89, 1 - 0.3 / high))
    ax.set(xlim=(FIRST, LAST), ylim=(tall, 0), yticks=[], xticks=range(1940, 2026, 10))
    ax.spines["left"].set_visible(False)
    return figure, ax


def winter(ax: Axes, one: Event, chosen: bool = False, alpha: float = 1.0) -> None:
    """A winter as a band with its name above; its edges are soft because its dates are conventions."""
    for margin in () if chosen else (1.2, 0.6, 0):
        ax.axvspan(one.year - margin, one.end + margin, color=COLORS["data"], alpha=0.09, lw=0, zorder=0)
    ax.text((one.year + one.end) / 2, 0.5, one.short, ha="center", va="center", fontsize=SIZE,
            style="italic", alpha=alpha, **(MARKED if chosen else {}))


MARKED = {"fontweight": "bold", "bbox": {"boxstyle": "round,pad=0.2", "fc": "white", "ec": COLORS["error"], "lw": 1.4},
          "zorder": 5}


def dot(ax: Axes, one: Event, height: float, align: str, chosen: bool = False, alpha: float = 1.0) -> None:
    """One event: its dot with the number of its chapter, and its name beside it."""
    ring = COLORS["compared"] if one.myth else "white"
    ax.plot(one.year, height, "o", ms=10 if chosen else 9, mfc=COLORS["model"] if one.chapter else COLORS["data"],
            mec=COLORS["error"] if chosen else ring, mew=2 if chosen else 1.6 if one.myth else 0.5,
            alpha=alpha, zorder=6 if chosen else 2)
    ax.text(one.year, height + 0.03, one.number, color="white", fontsize=6.5, ha="center", va="center_baseline",
            fontweight="bold", zorder=7 if chosen else 3)
    shift = 1.1 if align == "left" else -1.1
    ax.text(one.year + shift, height, one.short, ha=align, va="center", fontsize=SIZE, alpha=alpha,
            **(MARKED if chosen else {}))
    if chosen:
        ax.axvline(one.year, color=COLORS["error"], lw=1, ls=":", zorder=1)


def plot_years(rows: Sequence[dict]) -> Figure:
    """The course's models on the same digits: error, parameters and training time over the years.

    rows: as utils.one_task.recorded_digits() gives them. All upright axes are logarithmic; a whisker
    is one standard deviation over the seeds. Raises ValueError for no rows.
    """
    rows = several("rows", rows, dict, "dicts, as utils.one_task.recorded_digits() gives them")
    if not rows:
        raise ValueError("plot_years() needs at least one row; none is recorded.")
    for row in rows:
        if lost := {"year", "mean", "parameters", "seconds", "spread", "model"} - set(row):
            raise ValueError(f"A row of plot_years() has no {', '.join(sorted(lost))}: {sorted(map(str, row))}.")
        for name in ("year", "mean", "parameters", "seconds"):
            real(f"{name} of the rows", row[name])
        if row["spread"] is not None:
            real("spread of the rows", row["spread"], 0)
    figure, axes = plt.subplots(3, 1, figsize=(7.2, 6.4), sharex=True, height_ratios=(2.2, 1, 1))
    years = [row["year"] for row in rows]
    for ax, field, label in zip(axes, ("mean", "parameters", "seconds"),
                                ("test error (%)", "parameters", "training (s)")):
        values = np.array([row[field] for row in rows], dtype=float)
        floor = values[values > 0].min() / 2 if (values > 0).any() else 0.01  # no error at all has no logarithm
        shown = np.maximum(values, floor)
        if field == "mean":
            spread = np.array([row["spread"] or 0 for row in rows])
            ax.errorbar(years, shown, yerr=[np.minimum(spread, shown * 0.9), spread], fmt="none",
                        ecolor=COLORS["data"], lw=1)
        ax.plot(years, shown, "o", ms=6, color=COLORS["model"], ls="none")
        ax.set(yscale="log", ylabel=label, xlim=(min(years) - 4, max(years) + 10))
    axes[0].yaxis.set_minor_locator(LogLocator(subs=(1.5, 2, 3, 5, 7)))
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].yaxis.set_minor_formatter("{x:g}")
    axes[-1].set_xlabel("year of the idea")
    name_points(axes[0], [(row["year"], max(row["mean"], axes[0].get_ylim()[0])) for row in rows],
                [row["model"] for row in rows])
    return figure


# where a name may stand, in points from its point: near it first, then ever higher and lower
OFFSETS = [(side * 7, up) for step in range(30) for side in (1, -1) for up in dict.fromkeys([4 * step, -4 * step])]


def name_points(ax: Axes, points: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write each point's name where it hides no point, whisker or other name, with a line to a point far off.

    Call it last: it uses the limits that the axes have by then, and settles the figure's layout. Raises
    TypeError or ValueError for points that are not (N, 2) or without a name each.
    """
    instance("ax", ax, Axes, "a matplotlib Axes")
    points, names = numbers("points", points, finite=True), [*map(str, several("names", names, object, "texts"))]
    if points.shape != (len(names), 2):
        raise ValueError(f"name_points() expects points (N, 2) and N names, not {points.shape} and {len(names)} names.")
    if not names:
        return
    ax.figure.canvas.draw()
    ax.figure.set_layout_engine("none")
    renderer, page = ax.figure.canvas.get_renderer(), ax.figure.bbox
    taken = [Bbox.from_extents(x - 5, y - 5, x + 5, y + 5) for x, y in ax.transData.transform(points)]
    whiskers = [ends for lines in ax.collections for ends in lines.get_segments()]
    taken += [Bbox(ax.transData.transform(ends)).padded(2) for ends in whiskers]
    for point, name in zip(points, names):
        text = ax.annotate(name, point, (0, 0), textcoords="offset points", fontsize=9, va="center",
                           annotation_clip=False)
        for right, up in OFFSETS:
            text.set(position=(right, up), horizontalalignment="left" if right > 0 else "right")
            box = text.get_window_extent(renderer)
            if box.x0 > ax.bbox.x0 and box.x1 < page.x1 and ax.bbox.y0 < box.y0 and box.y1 < page.y1 \
                    and not any(box.overlaps(other) for other in taken):
                break
        taken.append(box)
        if abs(up) > 8:
            ax.annotate("", point, (right, up), textcoords="offset points",
                        arrowprops={"arrowstyle": "-", "color": COLORS["data"], "lw": 0.6, "shrinkA": 1, "shrinkB": 3})

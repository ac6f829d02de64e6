"""How fast every widget of a chapter answers: median and worst of 20 moves.

    python -m tests.benchmarks.widgets [01 03 ...] [--moves 20] [--clock wall|cpu] [--json FILE] [--markdown]

Runs the chapter's cells in a kernel, on the data that COURSE_OFFLINE or COURSE_DATA name, and then
moves the controls of each widget in turn to new values, through the traits that the page sets too. Counted
is the time from the new value to the new picture, in the kernel alone: the page and the network to it come
on top. There is no mark to reach; a fifth of a second is the aim. On a busy machine `--clock cpu` counts the
time that the kernel itself has worked.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "widgets measured: "
GOLDEN = 0.618034  # its multiples, without their whole parts, fill (0, 1) evenly and never repeat
COLUMNS = ("chapter", "widget", "question", "median ms", "worst ms")


def measure(moves: int) -> None:
    """Called in the kernel: print a JSON row for each of its widgets."""
    from utils.widgets.panel import ALIVE

    print(MARK + json.dumps([row(panel, moves) for panel in ALIVE.values()]))


def row(panel: Any, moves: int) -> dict[str, Any]:
    """Name, question, milliseconds a move by two clocks, and what went wrong, for one widget."""
    ways, times, problems = handles(panel), {"wall": [], "cpu": []}, set()
    for k in range(moves):
        new = ways[k % len(ways)](k)
        start = time.perf_counter(), time.process_time()
        new()
        times["wall"].append(round(1000 * (time.perf_counter() - start[0]), 1))
        times["cpu"].append(round(1000 * (time.process_time() - start[1]), 1))
        problems |= {panel.problem} - {""}
    return {"widget": repr(panel)[1:].split(" ")[0].rstrip(">"), "question": panel.ask,
            "milliseconds": times, "problems": sorted(problems)}


def handles(panel: Any) -> list[Callable[[int], Callable]]:
    """For each thing that a learner can move: a function of k that gives the k-th move."""
    if hasattr(panel, "raw"):
        return [lambda k: lambda: setattr(panel, "raw", drawing(panel.n, k))]
    if hasattr(panel, "points"):
        return [lambda k: lambda: setattr(panel, "points", moved(panel.points, k))]
    return [lambda k, control=control: lambda: move(control, k) for control in controls(panel)]


def controls(widget: Any) -> list[Any]:
    """The sliders, menus and fields below a widget, in the order of the page."""
    from ipywidgets import HTML, Button, Image, Output

    if getattr(widget, "children", None):
        return [control for child in widget.children for control in controls(child)]
    return [widget] if widget.has_trait("value") and not isinstance(widget, HTML | Image | Button | Output) else []


def move(control: Any, k: int) -> None:
    """Give a control a value that it does not have."""
    share = (k + 1) * GOLDEN % 1
    if control.has_trait("index") and not isinstance(control.index, tuple):
        control.index = (control.index + 1 + k % max(1, len(control.options) - 1)) % len(control.options)
    elif control.has_trait("min") and not isinstance(control.value, tuple):
        step = getattr(control, "step", None) or 0.1
        steps = max(1, round((control.max - control.min) / step))
        new = control.min + step * int(share * (steps + 1))
        new = new if new != control.value else control.min + (step if control.value == control.min else 0)
        control.value = type(control.value)(min(new, control.max))
    elif isinstance(control.value, str):
        words = control.value.split()
        control.value = " ".join(words[1:] + words[:1])
    elif isinstance(control.value, bool):
        control.value = not control.value
    else:
        control.value = type(control.value)(round(4 * share - 2, 1))


def drawing(n: int, k: int) -> np.ndarray:
    """A thick bar across a pad of n x n, at another place and slant for every k: (n, n), 0 or 1."""
    y, x = np.mgrid[:n, :n] / n - 0.5
    angle = np.pi * ((k + 1) * GOLDEN % 1)
    far = np.abs(x * np.cos(angle) + y * np.sin(angle) - 0.02 * (k % 5))
    return ((far < 0.06) & (np.hypot(x, y) < 0.35)).astype(float)


def moved(points: np.ndarray, k: int) -> np.ndarray:
    """The points, the k-th of them at another place."""
    new = points.copy()
    new[k % len(new), :2] = np.clip(-new[k % len(new), :2] + 0.01 * k - 0.1, -1, 1)
    return new


def run(path: pathlib.Path, moves: int) -> list[dict[str, Any]]:
    """Run a chapter and measure its widgets; a row for each, with the chapter's number."""
    import nbformat

    from utils import notebooks

    nb = nbformat.read(path, as_version=4)
    code = f"import runpy\nrunpy.run_path({str(pathlib.Path(__file__))!r})['measure']({moves})"
    nb.cells.append(nbformat.v4.new_code_cell(code))
    notebooks.execute(nb, path.parent, {}, timeout=1800)
    text = "".join(output.get("text", "") for output in nb.cells[-1].outputs if output.get("name") == "stdout")
    rows = json.loads(text.split(MARK)[1].splitlines()[0])
    return [{"chapter": path.name[:2], **one} for one in rows]


def table(rows: list[dict[str, Any]], clock: str, markdown: bool) -> str:
    """The rows as lines of text, or as a table of Markdown."""
    cells = [(one["chapter"], one["widget"], one["question"], f"{statistics.median(one['milliseconds'][clock]):.0f}",
              f"{max(one['milliseconds'][clock]):.0f}") for one in rows]
    if markdown:
        lines = [COLUMNS, ("---",) * len(COLUMNS), *cells]
        return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)
    return "\n".join(f"{a:8}{b:10}{c[:70]:72}{d:>9}{e:>9}" for a, b, c, d, e in [COLUMNS, *cells])


def main() -> int:
    """Measure the chapters that were named, or all, and print the table; 1 if a picture failed."""
    from utils.runner import choose

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="numbers of chapters: 01 03; all without")
    parser.add_argument("--moves", type=int, default=20, help="moves a widget")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--json", type=pathlib.Path, help="write every move to this file as well")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    rows = []
    for path in choose(options.chapters):
        print(f"{path.name} ...", file=sys.stderr, flush=True)
        rows += run(path, options.moves)
    print(table(rows, options.clock, options.markdown))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    problems = [f"{one['chapter']} {one['question']}: {problem}" for one in rows for problem in one["problems"]]
    print(*problems, sep="\n", end="\n" if problems else "")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())

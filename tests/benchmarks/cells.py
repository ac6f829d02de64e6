"""Seconds by cell, seconds to the first picture, and the kernel's peak memory, chapter by chapter.

    python -m tests.benchmarks.cells [01 03 ...] [--slowest 10] [--json FILE] [--record]

Runs each chapter in a kernel of its own, at the tier and on the data that the environment names. Times are
wall-clock times of a machine that should do nothing else; --record keeps them, rounded, in
assets/teaching/seconds.json for the plans of the instructor's pages. There is no mark to reach.
"""
import argparse
import json
import os
import pathlib
import platform
import sys
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "peak memory: "
# KiB on Linux, bytes on macOS; Windows has no such module
PEAK = (f"import resource, sys\nprint({MARK!r}, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss "
        "/ (2**20 if sys.platform == 'linux' else 2**30))")


def run(path: pathlib.Path) -> dict[str, Any]:
    """One chapter: {"chapter", "start", "seconds": {cell id: s}, "first picture", "peak GiB", "total"}."""
    import nbformat

    from utils import notebooks

    nb = nbformat.read(path, as_version=4)
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    nb.cells.append(nbformat.v4.new_code_cell(PEAK))
    start, stamps = time.perf_counter(), []
    notebooks.execute(nb, path.parent, {}, timeout=3600, after=lambda: stamps.append(time.perf_counter() - start))
    seconds = [after - before for before, after in zip([0.0, *stamps], stamps)]
    pictures = [stamp for cell, stamp in zip(code, stamps)
                if any("image/png" in output.get("data", {}) for output in cell.outputs)]
    text = "".join(output.get("text", "") for output in nb.cells[-1].outputs)
    return {"chapter": path.name[:2], "seconds": {cell.id: round(s, 2) for cell, s in zip(code, seconds)},
            "first picture": round(pictures[0], 1), "total": round(stamps[-2], 1),
            "peak GiB": round(float(text.split(MARK)[1]), 2)}


def table(rows: list[dict[str, Any]], slowest: int) -> str:
    """The chapters as lines of text, then the slowest cells of all."""
    lines = [f"{'chapter':10}{'seconds':>9}{'first picture (s)':>20}{'peak GiB':>10}"]
    lines += [f"{one['chapter']:10}{one['total']:9.1f}{one['first picture']:20.1f}{one['peak GiB']:10.2f}"
              for one in rows]
    cells = sorted(((s, one["chapter"], cell) for one in rows for cell, s in one["seconds"].items()), reverse=True)
    return "\n".join([*lines, "", f"{'cell':16}{'seconds':>9}",
                      *[f"{chapter} {cell:13}{s:9.1f}" for s, chapter, cell in cells[:slowest]]])


def machine() -> str:
    """This machine in a few words."""
    return f"{os.cpu_count()} CPU cores, {platform.system()}, Python {platform.python_version()}"


def record(rows: list[dict[str, Any]]) -> None:
    """Keep the seconds of these chapters, rounded to whole ones, beside those of the others."""
    from utils import teaching
    from utils.files import write_whole

    kept = teaching.measured()
    kept["machine"] = machine()
    kept["chapters"] |= {one["chapter"]: {cell: round(s) for cell, s in one["seconds"].items() if round(s)}
                         for one in rows}
    kept["chapters"] = dict(sorted(kept["chapters"].items()))
    write_whole(teaching.SECONDS, json.dumps(kept, indent=1) + "\n")


def main() -> None:
    """Run the chapters that were named, or all, and print the table."""
    from utils.runner import choose

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapters", nargs="*", help="numbers of chapters: 01 03; all without")
    parser.add_argument("--slowest", type=int, default=10, help="how many of the slowest cells to list")
    parser.add_argument("--json", type=pathlib.Path, help="write every cell's seconds to this file")
    parser.add_argument("--record", action="store_true", help="keep them for the instructor's pages")
    options = parser.parse_args()
    rows = []
    for path in choose(options.chapters):
        print(f"{path.name} ...", file=sys.stderr, flush=True)
        rows.append(run(path))
    print(table(rows, options.slowest))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if options.record:
        record(rows)


if __name__ == "__main__":
    main()

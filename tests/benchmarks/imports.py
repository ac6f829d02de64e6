"""What a chapter's import cell costs over `import torch`: seconds, and which large libraries it loads.

    python -m tests.benchmarks.imports [00 03 ...] [--rounds 5] [--json FILE]

Each chapter has a fresh process a round: IPython and the kernel are loaded first, as Jupyter loads them, then torch,
then the chapter's import cell runs. The last row is the first optimizer of a session, with which torch loads its
compiler. Medians over the rounds, in the wall's seconds and in the processor's, which other programs disturb less;
the files are in memory after the first process, so the very first start on a machine takes longer. Aim: 0.3 s of
processor over `import torch`.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
from statistics import median
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
LARGE = ("matplotlib.pyplot", "ipywidgets", "scipy", "scipy.optimize", "transformers", "torchvision", "sklearn",
         "pandas", "torch._dynamo")
OPTIMIZER = "first optimizer"
AIM = 0.3
COLUMNS = f"{'chapter':18}{'torch, s':>10}{'of CPU':>8}{'more, s':>10}{'of CPU':>8}{'MiB more':>10}  large libraries"


def cell(chapter: str) -> str:
    """The import cell of a chapter ("03"), or the lines that make the first optimizer."""
    if chapter == OPTIMIZER:
        return "torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)"
    path = next((ROOT / "chapters").glob(f"{chapter}_*.ipynb"))
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return next("".join(one["source"]) for one in cells if "setup" in one["metadata"].get("tags", []))


def clocks() -> tuple[float, float]:
    """Seconds of the wall's clock and of this process's work."""
    return time.perf_counter(), time.process_time()


def memory() -> float:
    """MiB that this process has taken at most; NaN on Windows, where Python cannot tell."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():  # getrusage would count, on Linux, what the process took that started this one
        return next(int(line.split()[1]) / 2**10 for line in status.read_text().splitlines() if "VmHWM" in line)
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**10 if sys.platform != "darwin" else 2**20)


def child(chapter: str) -> None:
    """In the fresh process: import, and print what it took."""
    import ipykernel.kernelapp  # noqa: F401

    import utils  # noqa: F401
    source, space = compile(cell(chapter), chapter, "exec"), {}
    before = clocks()
    exec("import torch", space)
    between, small, there = clocks(), memory(), set(sys.modules)
    exec(source, space)
    after = clocks()
    row = {"torch": [b - a for a, b in zip(before, between)], "more": [b - a for a, b in zip(between, after)],
           "MiB": memory() - small, "large": [name for name in LARGE if name in set(sys.modules) - there]}
    print("\n" + json.dumps(row))


def measure(chapter: str) -> dict[str, Any]:
    """One fresh process; what `child` found in it."""
    # a kernel's pictures; and one thread, for importing uses one
    surroundings = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "tests.benchmarks.imports", "--child", chapter], cwd=ROOT, check=True,
                          env=os.environ | surroundings, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def line(chapter: str, rows: list[dict[str, Any]]) -> str:
    """The medians of a chapter's rounds, as a line of the table."""
    torch, torch_cpu, more, more_cpu = (median(row[name][k] for row in rows)
                                        for name in ("torch", "more") for k in (0, 1))
    mark = " *" if more_cpu > AIM else ""
    return (f"{chapter:18}{torch:10.2f}{torch_cpu:8.2f}{more:10.2f}{more_cpu:8.2f}"
            f"{median(row['MiB'] for row in rows):10.0f}  {', '.join(rows[0]['large'])}{mark}")


def main() -> None:
    """Measure the chapters in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chapters", nargs="*", help="00 to 09; all, and the first optimizer, when left out")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child)
    known = [path.name[:2] for path in sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))]
    wanted = options.chapters or [*known, OPTIMIZER]
    found: dict[str, list] = {chapter: [] for chapter in wanted}
    measure(wanted[0])  # warm up: the files are read from the disk once
    for _ in range(options.rounds):
        for chapter in wanted:
            found[chapter].append(measure(chapter))
    print("\n".join([COLUMNS, *[line(chapter, rows) for chapter, rows in found.items()],
                     f"*: more than {AIM} s of processor over import torch"]))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""How much memory a training takes: the course's way and those of `against`, each in a fresh process.

    python -m tests.benchmarks.memory [--images 60000]

One epoch of the MLP (784-100-10) on images in MNIST's file format. Counted is by how much the process grew, at its
peak, after everything was imported and one small training was done: what reading, holding and feeding the data took.
The course keeps float32 images as a whole, four bytes a pixel; torchvision's dataset keeps one, and a batch of floats.
Not on Windows, where Python cannot tell the peak.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.against import OURS, WAYS, installed, mlp
from tests.benchmarks.imports import ROOT, memory
from tests.benchmarks.loop import mnist, mnist_files


def child(way: str, folder: Path) -> None:
    """In the fresh process: train once on few images, then on all, and print how much larger it grew."""
    with tempfile.TemporaryDirectory() as few:
        WAYS[way](mlp, mnist_files(Path(few), 640))()
    before = memory()
    WAYS[way](mlp, mnist(folder))()
    print(f"\n{memory() - before:.0f}")


def main() -> None:
    """Measure each way that is installed and print MiB, and the share of ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return child(options.child[0], Path(options.child[1]))
    if sys.platform == "win32":
        sys.exit("Not measured: on Windows Python cannot tell a process's largest memory.")
    with tempfile.TemporaryDirectory() as folder:
        mnist_files(Path(folder), options.images)
        found = {way: grown(way, folder) for way in [OURS, *installed(list(WAYS)[1:])]}
    print(f"{'MLP, ' + format(options.images, ',') + ' images':28}{'MiB':>8}{'ours over it':>14}")
    for way, mib in found.items():
        print(f"{way:28}{mib:8}" + ("" if way == OURS else f"{found[OURS] / max(mib, 1):14.2f}"))


def grown(way: str, folder: str) -> int:
    """MiB by which a fresh process grew that trained in this way."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", "--child", way, folder]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()

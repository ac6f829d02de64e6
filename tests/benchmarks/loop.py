"""How fast the course's loop and batches are, as ratios of medians measured in one run.

    python -m tests.benchmarks.loop [--rounds 7] [--images 12800] [--clock wall|cpu]

1. `fit` against a bare hand-written loop: the same LeNet-5, the same Batches of 64.
2. Whole epochs with Batches against the textbook way (torchvision dataset, ToTensor, Normalize,
   DataLoader), and against one fixed batch used again and again: what feeding the model costs.

The variants take turns within every round, so that a machine that grows slower meets all of them.
On a busy machine `OMP_NUM_THREADS=1 ... --clock cpu` counts the seconds of this process alone.
Images are random pixels in MNIST's file format: speed does not depend on what they show.
"""
import argparse
import gzip
import struct
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

from utils.data import Batches
from utils.device import lab
from utils.training import fit

SIZE = 64


def lenet5() -> nn.Module:
    """The textbook LeNet-5: dense C3, average pooling, 61,706 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(),
        nn.Linear(84, 10)).to(lab.device)


def mnist_files(folder: Path, count: int) -> MNIST:
    """A torchvision MNIST of `count` random images, read from files in the published format."""
    pixels = np.random.default_rng(0).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        images = struct.pack(">4i", 2051, *pixels.shape) + pixels.tobytes()
        (raw / f"{part}-images-idx3-ubyte").write_bytes(images)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2i", 2049, count) + labels.tobytes())
        (raw / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(b""))
    return mnist(folder)


def mnist(folder: Path) -> MNIST:
    """torchvision's MNIST from files that are there, each image scaled as it is asked for."""
    change = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.1307, 0.3081)])
    return MNIST(folder, train=True, transform=change)


def trainer(model: nn.Module) -> Callable:
    """The textbook step of this model, with plain SGD."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(batch):
        images, labels = batch
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss}
    return step


def scaled(dataset: MNIST) -> tuple:
    """Its images (N, 1, 28, 28) as ToTensor and Normalize would give them, and its labels (N,)."""
    return dataset.data[:, None].float().div_(255).sub_(0.1307).div_(0.3081), dataset.targets


def bare(model: nn.Module, step: Callable, source: Iterable) -> None:
    """One epoch as it is written by hand."""
    device = lab.device  # asked once, as by hand: the lab looks for a GPU every time
    model.train()
    for batch in source:
        step(tuple(part.to(device) for part in batch))


def seconds(run, clock=time.perf_counter) -> float:
    """Seconds of one call by this clock, the device's queue included."""
    started = clock()
    run()
    if lab.device.type == "cuda":
        torch.cuda.synchronize()
    return clock() - started


def take_turns(runs: dict[str, Callable], rounds: int, clock: Callable) -> dict[str, list[float]]:
    """Seconds of each run, once a round, after a round to warm up; every second round backwards."""
    for run in runs.values():
        run()
    times = {name: [] for name in runs}
    for number in range(rounds):
        for name in (list(runs) if number % 2 else list(runs)[::-1]):
            times[name].append(seconds(runs[name], clock))
    return times


def ratio(times: dict[str, list[float]], one: str, other: str) -> float:
    """The median, over the rounds, of one run's seconds over the other's."""
    return median(a / b for a, b in zip(times[one], times[other]))


def arguments(description: str, **numbers: int) -> argparse.Namespace:
    """The command's options: these numbers, and the clock, as a function."""
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    for name, number in numbers.items():
        options.add_argument(f"--{name}", type=int, default=number)
    options.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    chosen = options.parse_args()
    chosen.clock = time.process_time if chosen.clock == "cpu" else time.perf_counter
    return chosen


def variants(dataset: MNIST) -> dict[str, Callable]:
    """The loops to compare, by name; each walks through one epoch."""
    model, batches, loader = lenet5(), Batches(scaled(dataset), SIZE), DataLoader(dataset, SIZE, shuffle=True)
    step, fixed = trainer(model), next(iter(batches))
    return {"fit, Batches": lambda: fit(model, batches, step, epochs=1, quiet=True),
            "bare loop, Batches": lambda: bare(model, step, batches),
            "bare loop, one fixed batch": lambda: bare(model, step, [fixed] * len(batches)),
            "bare loop, DataLoader": lambda: bare(model, step, loader)}


def main() -> None:
    """Measure and print the medians and the ratios."""
    chosen = arguments(__doc__, rounds=7, images=12_800)
    with tempfile.TemporaryDirectory() as folder:
        times = take_turns(variants(mnist_files(Path(folder), chosen.images)), chosen.rounds, chosen.clock)
    for name, row in times.items():
        print(f"{name:28} median {median(row):6.2f} s  ({min(row):.2f} to {max(row):.2f})")
    base = "bare loop, Batches"
    print(f"fit over the bare loop:               {100 * (ratio(times, 'fit, Batches', base) - 1):+.1f} % "
          "(aim: at most 2)")
    print(f"Batches against the DataLoader:       {ratio(times, 'bare loop, DataLoader', base):.2f} times faster "
          "(aim: 2.5)")
    print(f"Batches against one fixed batch:      {ratio(times, 'bare loop, one fixed batch', base):.2f} of its speed "
          "(aim: 0.9)")


if __name__ == "__main__":
    main()

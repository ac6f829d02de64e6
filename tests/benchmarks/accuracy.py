"""How long until the net is good: seconds and labels to a given accuracy, from an ordinary start.

    COURSE_DATA=FOLDER python -m tests.benchmarks.accuracy mnist|sst2 [--mark 98.5] [--seeds 1]

mnist: LeNet-5 on the 60,000 digits, until it reads 98.5 % of the test digits. sst2: the course's BERT fine-tuned
once over all 67,349 labels, as its card tells, until it judges 80 % of GLUE's dev sentences rightly. Every hundred
steps the net is asked, which is timed apart. Counted from the first step: loading and tokenizing are not in it. Seconds
are told by the wall's clock and by the processor's, which counts this process alone, all its threads added up.
The first time above a mark is in part luck, for the net is asked on the same test again and again; so one hundred
steps more are made, and what it reaches then is printed too. Only real data count; the stand-ins are refused.
"""
import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from tests.benchmarks import bert, loop
from utils import data
from utils.data import Batches
from utils.device import lab, seed_everything
from utils.training import evaluate, fit

PORTION = 100  # steps between two looks
MARKS = {"mnist": 98.5, "sst2": 80.0}  # percent
CARD_RATE = 1e-3  # of the card in assets/bert, for all labels


class Portions:
    """Walks through `batches` a hundred at a time, and begins anew, in a new order, when they are through."""

    def __init__(self, batches: Iterable):
        self.endless = chain.from_iterable(repeat(batches))

    def __len__(self) -> int:
        return PORTION

    def __iter__(self) -> Iterator:
        return islice(self.endless, PORTION)


class Watch:
    """Asks the net after each portion, says what it reached, and ends the training one portion after the mark."""

    def __init__(self, ask: Callable[[], float], mark: float, size: int):
        self.ask, self.mark, self.size = ask, mark, size
        self.began, self.asking, self.found = clocks(), (0.0, 0.0), []

    def evaluate(self) -> dict[str, float]:
        """The net's accuracy in percent, kept with the seconds and the labels that it took so far."""
        start, labels = clocks(), PORTION * self.size * (len(self.found) + 1)
        spent = [now - began - asking for now, began, asking in zip(start, self.began, self.asking)]
        self.found.append((self.ask(), *spent, labels))
        self.asking = tuple(so_far + now - then for so_far, now, then in zip(self.asking, clocks(), start))
        print("here: {:.2f} % after {:.1f} s ({:.1f} s of processor) and {:,} labels".format(*self.found[-1]),
              file=sys.stderr, flush=True)
        return {"accuracy": self.found[-1][0]}

    def report(self, history: Any) -> bool:
        """True when the mark was reached by the portion before this one."""
        return any(accuracy >= self.mark for accuracy, *_ in self.found[:-1])

    def line(self, name: str) -> str:
        """The result in a sentence."""
        first = next((row for row in self.found if row[0] >= self.mark), None)
        if first is None:
            best = max(self.found)
            return f"{name}: {self.mark} % was not reached; the best is {best[0]:.2f} % after {best[-1]:,} labels."
        after = self.found[self.found.index(first) + 1:]
        return (f"{name}: {first[0]:.2f} % after {first[1]:.1f} s of training ({first[2]:.1f} s of processor) and "
                f"{first[3]:,} labels" + "".join(f"; {row[0]:.2f} % a hundred steps later" for row in after[:1])
                + f" (asking took another {self.asking[0]:.1f} s, {self.asking[1]:.1f} s of processor)")


def clocks() -> tuple[float, float]:
    """Seconds of the wall's clock and of this process's work."""
    return time.perf_counter(), time.process_time()


def mnist(mark: float, seed: int) -> Watch:
    """LeNet-5, momentum and batches of 64, at one rate: nothing is tuned to the mark."""
    digits = data.digits()
    require(digits)
    seed_everything(seed)
    net = loop.lenet5()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

    def step(batch: tuple) -> dict:
        loss = F.cross_entropy(net(batch[0]), batch[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss}

    watch = Watch(lambda: 100 - evaluate(net, digits.test)["error"], mark, loop.SIZE)
    fit(net, Portions(Batches(digits.train, loop.SIZE, seed=seed)), step, epochs=100, quiet=True,
        evaluate=watch.evaluate, report=watch.report)
    return watch


def sst2(mark: float, seed: int) -> Watch:
    """The course's BERT with a new head, once over all labels: the card's setting for them."""
    require(data.reviews(1))
    import transformers
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder: Path = bert.ROOT / "assets" / "bert"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    rows, dev, names, encode, _ = bert.load_task("sst2")
    known = bert.Examples(tokenizer, random.Random(seed).sample(rows, len(rows)), encode, seed, by_length=True)
    asked = bert.Examples(tokenizer, dev, encode, shuffle=False, by_length=True)
    seed_everything(seed)
    net = bert.make("pretrained", folder, len(names), sentence=True)
    watch = Watch(lambda: bert.accuracy(bert.guesses(net, asked), names), mark, bert.SIZE)
    bert.train(net, Portions(known), len(known) // PORTION, CARD_RATE, evaluate=watch.evaluate, report=watch.report)
    return watch


def require(found: Any) -> None:
    """End with a sentence where the data are the stand-in."""
    if not found.is_real:
        sys.exit(f"This benchmark needs the real data, and {found.name} is not: set COURSE_DATA to a folder with "
                 "them, or let them be downloaded (unset COURSE_OFFLINE).")


def main() -> None:
    """Train to the mark, once a seed, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=MARKS)
    parser.add_argument("--mark", type=float, help="percent; 98.5 and 80 when left out")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    mark = MARKS[options.task] if options.mark is None else options.mark
    for seed in range(options.seeds):
        watch = {"mnist": mnist, "sst2": sst2}[options.task](mark, seed)
        print(watch.line(f"{options.task}, seed {seed}, {torch.get_num_threads()} threads on {lab.device}"))


if __name__ == "__main__":
    main()

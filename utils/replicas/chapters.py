"""Chapters in several processes: each runs all cells, here and not in a kernel of Jupyter's."""
import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import torch
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from utils import replicas, runner
from utils.install import Trouble
from utils.pretraining import ranks
from utils.say import here
from utils.torchrun import form_group

ALONE = {"jobs": 1, "seeds": 1, "save": False, "html": None, "source": None}  # options of one process only


class Failed(Exception):
    """A chapter failed in a process other than the first."""


def run(options: argparse.Namespace) -> int:
    """Run the chosen chapters, one after another, in all processes; 1 if one failed or misses a floor, else 0.

    Raises Trouble for options that belong to one process, and for a chapter that does not exist; Failed,
    except in the first process, which prints it, when a chapter fails.
    """
    for name, usual in ALONE.items():
        if getattr(options, name) != usual:
            raise Trouble(f"--{'from' if name == 'source' else name} is for one process: leave it out, or run "
                          "`python3 -m utils run` without torchrun.")
    paths = runner.choose(options.chapters)
    kept = options.results and Path(options.results).resolve()
    rank, world = form_group()
    replicas.install()
    here(f"{world} processes share the batches of each training; the first one prints and writes")
    outcomes: list[runner.Outcome] = []
    with tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as folder:
        settle(options, Path(folder))
        for path in paths:
            outcomes.append(outcome_of(path))
            print(runner.line(outcomes[-1]), flush=True)
            if rank and outcomes[-1].problems:
                raise Failed(f"{path.stem}, {outcomes[-1].problems[0]}")
            if kept and not rank:
                runner.keep_results(outcomes[-1].results, kept)
            if outcomes[-1].problems:  # the others may be anywhere in it: nothing more can be shared
                break
    return 0 if rank else runner.summarise(outcomes, options)


def settle(options: argparse.Namespace, folder: Path) -> None:
    """Tell the chapters what `run` tells their kernels. Each process measures into its own folder."""
    os.environ.update(runner.environment(folder / "results.jsonl", options, 0))
    os.environ.update(COURSE_PROGRESS=str(folder / "progress.jsonl"), IPYTHONDIR=str(folder), MPLBACKEND="Agg")
    if ranks.join()[0] or not os.isatty(2):  # one process shows bars, and none where nobody looks
        os.environ["TQDM_DISABLE"] = "1"


def outcome_of(path: Path) -> runner.Outcome:
    """Run one chapter in this process, from inside its folder; whatever goes wrong is part of the outcome."""
    results = Path(os.environ["COURSE_RESULTS"])
    results.unlink(missing_ok=True)
    started, problems = time.perf_counter(), []
    try:
        cells = nbformat.read(path, as_version=4).cells
        same_chances()
        with contextlib.chdir(path.parent), shell() as run_cell:
            for number, cell in enumerate(cells):
                error = run_cell(cell) if cell.cell_type == "code" else None
                if error is not None and "raises-exception" not in cell.metadata.get("tags", ()):
                    problems.append(f"cell {number}: {type(error).__name__}: {error}")
                    break
    except Exception as error:  # a file that is no notebook
        problems.append(f"{type(error).__name__}: {error}")
    return runner.Outcome(path.stem, time.perf_counter() - started, problems, runner.read_results(results))


def same_chances() -> None:
    """Begin with the same random numbers in all processes: torch's as in a new one, others as the first drew them."""
    seed = int(ranks.from_first(random.SystemRandom().randrange(2**32)))
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(torch.Generator().initial_seed())


@contextlib.contextmanager
def shell() -> Iterator[Callable[[Any], BaseException | None]]:
    """IPython without a kernel for one chapter: a function that runs a cell and returns its error."""
    InteractiveShell.clear_instance()
    course = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}),
                                       display_pub_class=Unseen, displayhook_class=Unsaid)
    course.showtraceback = course.showsyntaxerror = lambda *_, **__: None  # it is told in one sentence

    def run_cell(cell: Any) -> BaseException | None:
        found = course.run_cell(cell.source, store_history=True)
        if "matplotlib.pyplot" in sys.modules:  # figures end with their cell, as in a notebook
            sys.modules["matplotlib.pyplot"].close("all")
        return found.error_before_exec or found.error_in_exec
    try:
        yield run_cell
    finally:
        course.restore_sys_module_state()
        course.reset(new_session=False, aggressive=False)


class Unseen(DisplayPublisher):
    """Pictures and widgets are made, and shown nowhere."""

    def publish(self, *_: Any, **__: Any) -> None:
        """Nothing is shown."""

    def clear_output(self, wait: bool = False) -> None:
        """Nothing was shown."""


class Unsaid(DisplayHook):
    """The value of a cell's last line is put into words, and not printed."""

    def write_output_prompt(self) -> None:
        """No prompt."""

    def write_format_data(self, *_: Any, **__: Any) -> None:
        """No value."""

    def finish_displayhook(self) -> None:
        """No empty line."""

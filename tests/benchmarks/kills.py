"""Kill a training with a checkpoint again and again: no file is lost or half written, and it goes on exactly.

    python -m tests.benchmarks.kills [--times 200] [--seed 0] [--json FILE]

A small training (batch normalisation, dropout, Adam, a schedule) that writes its checkpoint after every batch is
ended by SIGKILL: at set places of the writing, and from outside at random moments. After every kill the file must
be there if it was there before, be whole, and be no older. After some kills the training is left to end; then
weights, optimizer, schedule, random numbers and history must be those of a training that nobody killed, bit by bit.
The children are forked from one process that has torch loaded, and the files lie in memory where the system has a
folder for that (a kill cannot tell, and each of thousands of checkpoints would wait for the disk): 200 kills then
take a minute or two.
"""
import argparse
import json
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.test_training import task
from utils import checkpoints, files, training
from utils.data import Batches
from utils.files import write_whole

EPOCHS, KILLS = 8, 6  # of a training; kills before it may end
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
AT_RANDOM = "at a random moment"


def die(*_: Any) -> None:
    """End this process as a power switch would."""
    os.kill(os.getpid(), signal.SIGKILL)


def half_a_save(state: dict, file: Any) -> None:
    """Write the first half of a checkpoint, and die."""
    torch.serialization.save(state, file)
    file.flush()
    file.truncate(file.tell() // 2)
    die()


def swap_and_die(source: Path, target: Path) -> None:
    """Put the new file in the old one's place, and die."""
    os.rename(source, target)
    die()


# name: the object and the attribute that is replaced, and what stands there when its time has come
PLACES: dict[str, tuple[Any, str, Callable]] = {
    "before the writing": (checkpoints, "whole", die),
    "while it is written": (checkpoints.torch, "save", half_a_save),
    "between writing and swap": (files.os, "replace", die),
    "after the swap": (files.os, "replace", swap_and_die),
}


def deadly(place: str, count: int) -> None:
    """Arm a place: its call number `count`, from 1, is the last thing that this process does."""
    owner, name, last = PLACES[place]
    usual, calls = getattr(owner, name), iter(range(1, sys.maxsize))
    setattr(owner, name, lambda *given: (last if next(calls) == count else usual)(*given))


def child(file: Path, place: str | None, count: int) -> None:
    """Train to the end, or to the death that was chosen; never returns."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ["TQDM_DISABLE"] = "1"
    training.LOOK_EVERY = checkpoints.EVERY = files.STALE = 0.0
    if place in PLACES:
        deadly(place, count)
    model, data, step = task(dropout=0.3)
    training.fit(model, Batches(data, 16), step, epochs=EPOCHS, evaluate=data, checkpoint=file, quiet=True)
    os._exit(0)


def start(file: Path, place: str | None = None, count: int = 1, delay: float = 0.0) -> bool:
    """Train in a process of its own; whether it was killed. delay: seconds until AT_RANDOM strikes."""
    pid = os.fork()
    if pid == 0:
        try:
            child(file, place, count)
        finally:
            os._exit(1)
    if place == AT_RANDOM:
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)  # or its remains, where it was faster
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, -signal.SIGKILL), f"the training ended with {code}"
    return code != 0


def timed(file: Path) -> float:
    """The seconds that a training takes that nobody kills."""
    began = time.perf_counter()
    start(file)
    return time.perf_counter() - began


def position(file: Path) -> tuple[int, int]:
    """How far a checkpoint is: (epochs, batches). Raises whatever torch raises for a file that is not whole."""
    state = torch.load(file, weights_only=True)
    return state["epoch"], state["batch"]


def content(file: Path) -> dict:
    """All that a checkpoint holds, but for the seconds that the training took."""
    state = torch.load(file, weights_only=True)
    state["history"].pop("seconds")
    return state


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal in every number."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def kill_once(file: Path, place: str, chance: random.Random, seconds: float) -> str:
    """Train, kill, look: "whole" if all is well, else "lost", "half" or "older"; "" if it was not killed."""
    before = position(file) if file.exists() else (0, 0)
    if not start(file, place, chance.randint(1, 6), chance.uniform(0, seconds)):
        return ""
    if not file.exists():
        return "whole" if before == (0, 0) else "lost"
    try:
        return "whole" if position(file) >= before else "older"
    except Exception:  # a file that is cut fails in many ways
        return "half"


def soak(times: int, seed: int, folder: Path) -> dict[str, Any]:
    """Kill `times` times. {"kills": {place: {outcome: count}}, "left": ..., "ends": {True: ..., False: ...}, ...}."""
    chance, places = random.Random(seed), [*PLACES, AT_RANDOM, AT_RANDOM, AT_RANDOM]
    task()  # the first optimizer of a process loads much of torch; the children find it loaded
    began = time.perf_counter()
    seconds = min(timed(folder / f"whole {k}.pt") for k in range(3))  # the machine may be busy with other things
    expected = content(folder / "whole 0.pt")
    kills: dict[str, Counter] = {place: Counter() for place in dict.fromkeys(places)}
    ends, left, count = Counter(), 0, 0
    while count < times:
        file = folder / f"{sum(ends.values())}.pt"
        for _ in range(KILLS):
            place = places[count % len(places)]
            outcome = kill_once(file, place, chance, seconds)
            if not outcome:
                break  # the training ended first
            kills[place][outcome] += 1
            count += 1
            left += bool(list(folder.glob("*.tmp")))
            if outcome != "whole":
                break
        start(file)
        ends[same(content(file), expected)] += 1
    return {"kills": kills, "left": left, "left at the end": len(list(folder.glob("*.tmp"))),
            "equal": ends[True], "different": ends[False], "seconds": time.perf_counter() - began}


def table(found: dict[str, Any]) -> str:
    """What came out, as the lines of a Markdown table and a sentence."""
    rows = [f"| {place} | {sum(row.values())} | {row['lost']} | {row['half']} | {row['older']} |"
            for place, row in found["kills"].items()]
    return "\n".join([
        "| killed | times | file lost | half a file | an older file |", "|---|---:|---:|---:|---:|", *rows, "",
        f"{found['equal']} of {found['equal'] + found['different']} trainings ended exactly like the one that nobody "
        f"killed. {found['left']} kills left a temporary file behind, {found['left at the end']} remained at the end. "
        f"Python {platform.python_version()}, torch {torch.__version__.split('+')[0]}, {platform.system()}, "
        f"{found['seconds']:.0f} s."])


def main() -> None:
    """Kill, and print the table; 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=200, help="how many kills")
    parser.add_argument("--seed", type=int, default=0, help="of the places and moments")
    parser.add_argument("--json", type=Path, help="write what was counted to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)  # a process with more threads cannot be forked safely
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        found = soak(options.times, options.seed, Path(folder))
    print(table(found))
    if options.json:
        write_whole(options.json, json.dumps(found))
    good = all(set(row) <= {"whole"} for row in found["kills"].values())
    sys.exit(0 if good and not found["different"] and not found["left at the end"] else 1)


if __name__ == "__main__":
    main()

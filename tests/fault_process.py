"""What the fault tests need a process of its own for: kills, two trainings with one file, a disk that is full.

`python -m tests.fault_process` does all of it and prints one line of JSON; tests/test_faults_files.py looks
at it. One process for all, because loading torch takes longer than any of this.
"""
import contextlib
import io
import json
import os
import resource
import tempfile
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks import kills
from tests.test_training import task
from utils import progress, states
from utils.data import Batches
from utils.training import fit

KILLS, LIMIT = 14, 3_000  # how many kills; bytes that a file may have on the "full disk"


def two_at_once(folder: Path) -> dict[str, Any]:
    """Two processes train with one file, from the beginning and then again; a third reads it all the while."""
    kills.start(folder / "alone.pt")
    expected, file, reads = kills.content(folder / "alone.pt"), folder / "shared.pt", 0
    for _ in range(2):
        running = {os.fork() or kills.child(file, None, 1) for _ in range(2)}
        while running:
            done, code = os.waitpid(-1, os.WNOHANG)
            assert not done or code == 0, f"a training ended with {code}"
            running -= {done}
            if file.exists():
                kills.position(file)  # raises at half a file
                reads += 1
    return {"same": kills.same(kills.content(file), expected), "reads": reads,
            "left": len(list(folder.glob("shared*.tmp")))}


def train(**options: Any) -> tuple[int, str]:
    """A small training: the epochs that it came to, and what it printed."""
    model, data, step = task()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        epochs = fit(model, Batches(data, 16), step, epochs=2, quiet=True, **options).epochs
    return epochs, printed.getvalue()


def full_disk(folder: Path) -> dict[str, Any]:
    """Every file ends at LIMIT bytes: a training that keeps a checkpoint, a finished training, the progress."""
    folder.mkdir()
    file, kept = folder / "run.pt", folder / "progress.jsonl"
    model, data, step = task()
    fit(model, Batches(data, 16), step, epochs=1, checkpoint=file, quiet=True)
    before = file.read_bytes()
    kept.write_bytes(b"\n" * LIMIT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    found = {"checkpoint": train(checkpoint=file), "unchanged": file.read_bytes() == before}
    os.environ |= {"COURSE_STATES": str(folder / "states"), "COURSE_KEEP_STATES": "1", "COURSE_PROGRESS": str(kept)}
    states._SAID.clear()
    found["states"] = train()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        progress.note("exercise", "03.1", True)
    found["progress"] = printed.getvalue()
    found["files"] = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return found


def main() -> None:
    """Do it all; the limit on files comes last, for it cannot be trusted to go away."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=kills.MEMORY) as place:
        folder = Path(place)
        for name in ("kills", "two"):
            (folder / name).mkdir()
        print(json.dumps({"kills": kills.soak(KILLS, 1, folder / "kills"), "two": two_at_once(folder / "two"),
                          "disk": full_disk(folder / "disk")}))


if __name__ == "__main__":
    main()

"""What each command of ``python3 -m utils`` does. Standard library only at the top."""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys

from utils import address as addresses
from utils.install import ENV, ROOT, Trouble, binary, missing, ready

QUIET_LAB = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def python_for(options: argparse.Namespace, extra: str) -> str:
    """The Python to use: this one with --here (it must have the packages), else that of ``.venv``."""
    if not options.here:
        return str(ready(options.cpu, options.offline))
    lacks = missing(extra)
    if lacks:
        raise Trouble(f"{sys.executable} lacks {', '.join(lacks)}. Install these, or leave out --here "
                      "to let the course make its own .venv.")
    return sys.executable


def lab(options: argparse.Namespace, rest: list[str]) -> int:
    """Open JupyterLab on the first chapter; ``rest`` goes to JupyterLab."""
    python = python_for(options, "desk")
    if not options.here:
        no_news()
    first = next(iter(sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))), ROOT / "README.md")
    page = f"--LabApp.default_url=/lab/tree/{first.relative_to(ROOT).as_posix()}"
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # as in a container
    return hand_over([python, "-m", "jupyterlab", page, *root, *rest])


def no_news() -> None:
    """Keep JupyterLab in ``.venv`` from asking for, and fetching, news and updates."""
    settings = ENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    if not settings.exists():
        settings.parent.mkdir(parents=True, exist_ok=True)
        settings.write_text(json.dumps(QUIET_LAB), encoding="utf-8")


def test(options: argparse.Namespace, rest: list[str]) -> int:
    """Run pytest, two files at a time where there are two cores; ``rest`` goes to pytest."""
    python = python_for(options, "test")
    chosen = any(word.startswith(("-n", "--numprocesses", "--pdb")) for word in rest)
    parallel = [] if chosen or (os.cpu_count() or 1) < 2 else ["-n", "2", "--dist", "loadfile"]
    return hand_over([python, "-m", "pytest", *parallel, *rest])


def run(options: argparse.Namespace, rest: list[str]) -> int:
    """Run chapters without a screen and print the table of claims, in the Python that has torch."""
    several = "RANK" in os.environ  # torchrun's processes are that Python
    options.here = options.here or several
    python = python_for(options, "test")
    if python != sys.executable:
        return hand_over([python, "-m", "utils", *sys.argv[1:], "--here"])
    if several:
        from utils.replicas import chapters
        return chapters.run(options)
    from utils import runner

    return runner.run(options)


def pretrain(options: argparse.Namespace, rest: list[str]) -> int:
    """Pre-train a small BERT, in the Python that has torch. torchrun's processes are that Python."""
    python = sys.executable if "RANK" in os.environ else python_for(options, "test")
    if python != sys.executable:
        return hand_over([python, "-m", "utils", *sys.argv[1:], "--here"])
    from utils.pretraining import command

    return command.run(options)


def progress(options: argparse.Namespace, rest: list[str]) -> int:
    """Print what the learner has done so far, chapter by chapter, in the Python that ran the chapters."""
    python = binary("python")
    if python.exists() and ENV.resolve() != pathlib.Path(sys.prefix).resolve():
        return hand_over([str(python), "-m", "utils", *sys.argv[1:]])
    from utils import progress as kept

    return kept.run(options)


def doctor(options: argparse.Namespace, rest: list[str]) -> int:
    """Say what this machine has and what is wrong, in the Python of ``.venv`` where there is one."""
    python = binary("python")
    if python.exists() and ENV.resolve() != pathlib.Path(sys.prefix).resolve():
        return hand_over([str(python), "-m", "utils", "doctor"])
    from utils import checkup

    return checkup.report()


def kit(options: argparse.Namespace, rest: list[str]) -> int:
    """Download what a room needs into a folder, or serve such a folder on the local network."""
    from utils import kit as kits

    return kits.run(options)


def handout(options: argparse.Namespace, rest: list[str]) -> int:
    """Write copies of the chapters for a class, in the Python that has nbconvert."""
    python = binary("python")
    if python.exists() and ENV.resolve() != pathlib.Path(sys.prefix).resolve():
        return hand_over([str(python), "-m", "utils", *sys.argv[1:]])
    from utils import handout as copies

    return copies.run(options)


def address(options: argparse.Namespace, rest: list[str]) -> int:
    """Write the address of a fork into pyproject.toml, README.md and all chapters."""
    try:
        changed = addresses.readdress(options.repository)
    except ValueError as error:
        raise Trouble(f"address: {error}") from error
    print("\n".join(changed) or "Nothing to change.")
    return 0


def hand_over(command: list[str]) -> int:
    """Run a program to its end; Ctrl-C is its own to handle. Return its exit code as a shell would."""
    with subprocess.Popen(command, cwd=ROOT) as process:
        # ignored here, not only survived: an interrupt between waiting and noting loses the exit code
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        return process.returncode if process.returncode >= 0 else 128 - process.returncode

"""``python3 -m utils doctor``: what this machine has, and one sentence for what must be mended."""

import importlib
import json
import os
import pathlib
import platform
import re
import shutil
import sys
import urllib.request
from types import ModuleType

from utils.install import LOCK, ROOT, installed, lock_hash, missing, version


def report() -> int:
    """Print every finding, problems marked; return 1 if there is a problem, else 0."""
    checks = (python, packages, memory, disk) + (() if missing() else (torch_build, data))
    findings = [finding for check in checks for finding in check()]
    for text, mend in findings:
        print(f"[!!] {text}\n     {mend}" if mend else f"[ok] {text}")
    wrong = sum(bool(mend) for _, mend in findings)
    print("Nothing to mend." if not wrong else f"{wrong} to mend.")
    return min(wrong, 1)


def python() -> list[tuple[str, str]]:
    """Which Python, where, and whether its ``.venv`` is the lock's."""
    system = f"{platform.system()} {platform.machine()}"
    found = [(f"Python {platform.python_version()}, {system}: {sys.executable}", "")]
    if pathlib.Path(sys.prefix).resolve() == (ROOT / ".venv").resolve():
        same = installed()[0] == lock_hash()
        found.append((".venv is the lock's" if same else ".venv is unfinished or of an older lock",
                      "" if same else "Run python3 -m utils lab: it brings .venv up to date."))
    return found


def packages() -> list[tuple[str, str]]:
    """The course's packages: those that are missing or too old, and how many are as in the lock."""
    lacks = missing()
    mend = "Run python3 -m utils lab, which makes .venv, or install these and use --here."
    found = [(f"not as pyproject.toml asks: {', '.join(lacks)}", mend)] if lacks else []
    locked: dict[str, set] = {}
    for name, pin in re.findall(r"^([\w.-]+)==([\w.]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE):
        locked.setdefault(name, set()).add(pin)
    ours = {name: have.split("+")[0] for name in locked if (have := version(name))}
    same = sum(ours[name] in locked[name] for name in ours)
    return [*found, (f"{same} of the {len(ours)} packages are exactly the lock's", "")]


def torch_build() -> list[tuple[str, str]]:
    """torch's version, build and device, from torch itself; a build that does not load is named."""
    try:
        torch, vision = importlib.import_module("torch"), importlib.import_module("torchvision")
        device = importlib.import_module("utils.device")
    except Exception as error:  # a broken build fails in many ways
        return [(f"torch or torchvision does not load: {type(error).__name__}: {error}",
                 "Delete .venv and run python3 -m utils lab; never mix builds of the two.")]
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "no CUDA"
    name = device.device_name(torch.device(device.best_device()))
    return [(f"torch {torch.__version__} ({build}), torchvision {vision.__version__}; device: {name}", "")]


def memory() -> list[tuple[str, str]]:
    """Memory of the machine; a chapter wants about 1.5 GB."""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return [("memory: not known on this system", "")]
    mend = "A chapter wants about 1.5 GB: close other kernels and programs." if size < 4 else ""
    return [(f"memory: {size:.0f} GB, {os.cpu_count()} cores", mend)]


def disk() -> list[tuple[str, str]]:
    """Free disk where the course is."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return [(f"disk: {free:.0f} GB free at {ROOT}", "Free a few GB: data and checkpoints need room."
             if free < 2 else "")]


def data() -> list[tuple[str, str]]:
    """Where each data set would come from now: a folder, the cache, a mirror, or the stand-in."""
    try:
        sources = importlib.import_module("utils.data.sources")
        table = json.loads(sources.SOURCES.read_text(encoding="utf-8"))
    except Exception as error:  # whatever is wrong with the list, say it
        return [(f"no list of data sources: {type(error).__name__}: {error}", "Restore assets/sources.json.")]
    groups: dict[str, list[str]] = {}
    for path in table:
        groups.setdefault(path.split("/")[0], []).append(path)
    return [(where(name, paths, table, sources), "") for name, paths in groups.items()]


def where(name: str, paths: list[str], table: dict, sources: ModuleType) -> str:
    """One sentence: the first place that has every file of a data set."""
    for place, folder in sources.folders():
        if all((folder / path).is_file() for path in paths):
            return f"{name}: in {place} ({folder / name})"
    if not sources.offline() and all(any(map(answers, table[path]["urls"])) for path in paths[-1:]):
        return f"{name}: to be downloaded, {sum(table[p]['bytes'] for p in paths) / 1e6:.0f} MB"
    why = "COURSE_OFFLINE is set" if sources.offline() else "no mirror answers"
    return f"{name}: {why}, so the chapters use their stand-in; a folder with the files: COURSE_DATA=FOLDER"


def answers(url: str) -> bool:
    """Whether a server answers for this address, without fetching the file."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=6) as reply:
            return reply.status == 200
    except (OSError, ValueError):
        return False

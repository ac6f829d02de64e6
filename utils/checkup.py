"""``python3 -m utils doctor``: what this machine has, and one sentence for what must be mended."""

import importlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from types import ModuleType

from utils.install import LOCK, ROOT, installed, lock_hash, missing, version

PATIENCE = 8.0  # seconds for all the servers together
FOLDERS = re.compile(r"(?<![\w.:/])(?:/[\w.+@-]+)*/([\w.+@-]+)|\b[A-Z]:\\[^\s)]*?([^\s)\\]+)(?=[\s)]|$)")


def report(before: str = "") -> int:
    """Print every finding, problems marked; return 1 if there is a problem, else 0.

    before: how each line begins. Chapters pass "here: ", which nbval does not compare; folders are
    then shown by their last name alone, as a saved page is no place for the names of one machine.
    """
    later = () if any(mend for _, mend in tried(packages)) else (graphics, torch_build, data)
    findings = [finding for check in (python, packages, memory, disk, widgets, *later) for finding in tried(check)]
    lines = [f"[!!] {text}\n     {mend}" if mend else f"[ok] {text}" for text, mend in findings]
    wrong = sum(bool(mend) for _, mend in findings)
    lines.append("Nothing to mend." if not wrong else f"{wrong} to mend.")
    for line in "\n".join(lines).splitlines():
        print(before + (short(line) if before else line))
    return min(wrong, 1)


def tried(check: Callable[[], list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """A check's findings, or the words of why it could not be made: the doctor itself never fails."""
    try:
        return check()
    except Exception as error:
        return [(f"{check.__name__}: not checked ({type(error).__name__}: {error})",
                 "A file of the course is missing or changed: git status shows which; git restore brings it back.")]


def short(text: str) -> str:
    """The text with the last name only of each folder or file that is named from the root on."""
    return FOLDERS.sub(lambda found: f"…/{found[1] or found[2]}", text)


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


def graphics() -> list[tuple[str, str]]:
    """NVIDIA cards that the driver sees, and whether torch can use them; nothing where there are none."""
    ask = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(ask, capture_output=True, encoding="utf-8", errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    cards = said.stdout.strip().splitlines() if said.returncode == 0 else []  # without a card it says so here
    try:
        torch = importlib.import_module("torch")
        usable, built = torch.cuda.is_available(), torch.version.cuda
    except Exception:  # torch_build says it
        return []
    mend = (f"This torch is built for CUDA {built}: update the NVIDIA driver. Until then the chapters run on the CPU."
            if built else "This torch is built without CUDA: delete .venv, run python3 -m utils lab without --cpu.")
    return [(f"NVIDIA card: {card.rpartition(', ')[0]}, driver {card.rpartition(', ')[2]}", "" if usable else mend)
            for card in cards]


def memory() -> list[tuple[str, str]]:
    """Memory of the machine; a chapter wants about 1.5 GB."""
    try:
        now = importlib.import_module("psutil").virtual_memory()
        size, free = now.total / 1e9, now.available / 1e9
    except Exception:  # psutil comes with Jupyter, but the doctor also runs before it
        try:
            size = free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        except (AttributeError, ValueError, OSError):
            return [("memory: not known on this system", "")]
    mend = "A chapter wants about 1.5 GB: close other kernels and programs." if size < 4 or free < 1.5 else ""
    return [(f"memory: {size:.0f} GB, {free:.0f} GB of it free, {os.cpu_count()} cores", mend)]


def disk() -> list[tuple[str, str]]:
    """Free disk where the course is."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return [(f"disk: {free:.0f} GB free at {ROOT}", "Free a few GB: data and checkpoints need room."
             if free < 2 else "")]


def widgets() -> list[tuple[str, str]]:
    """The widgets' packages, and whether this Python holds the part of them that JupyterLab loads."""
    have = {name: version(name) for name in ("ipywidgets", "anywidget", "jupyterlab")}
    text = "widgets: " + ", ".join(f"{name} {number or 'is missing'}" for name, number in have.items())
    if "google.colab" in sys.modules or not have["jupyterlab"]:
        return [(text, "" if have["ipywidgets"] and have["anywidget"] else "pip install ipywidgets anywidget")]
    try:
        places = importlib.import_module("jupyter_core.paths").jupyter_path("labextensions")
    except ImportError:
        places = []
    parts = ("@jupyter-widgets/jupyterlab-manager", "anywidget")
    lost = [part for part in parts if not any(pathlib.Path(place, part).is_dir() for place in places)]
    mend = (f"JupyterLab lacks {' and '.join(lost)}, so sliders stay pictures. "
            "Run python3 -m utils lab, then reload the page.")
    return [(text, mend if lost else "")]


def data() -> list[tuple[str, str]]:
    """Where the data sets would come from now: a folder, the cache, a mirror, or the stand-in."""
    try:
        sources = importlib.import_module("utils.data.sources")
        table = json.loads(sources.SOURCES.read_text(encoding="utf-8"))
    except Exception as error:  # whatever is wrong with the list, say it
        return [(f"no list of data sources: {type(error).__name__}: {error}", "Restore assets/sources.json.")]
    groups: dict[str, list[str]] = {}
    for path in table:
        groups.setdefault(path.split("/")[0], []).append(path)
    places = {name: at_hand(paths, sources) for name, paths in groups.items()}
    away = {name: table[groups[name][-1]]["urls"] for name, place in places.items() if not place}
    live = set() if sources.offline() else reachable([url for urls in away.values() for url in urls])
    found: dict[str, list[str]] = {}
    for name, place in places.items():
        found.setdefault(place or elsewhere(away[name], live, sources), []).append(name)
    return [(f"data {place}: {', '.join(names)}", "") for place, names in found.items()]


def at_hand(paths: list[str], sources: ModuleType) -> str:
    """The first folder that has every file of a data set, "" when none has."""
    return next((f"in {place} ({folder})" for place, folder in sources.folders()
                 if all((folder / path).is_file() for path in paths)), "")


def elsewhere(urls: list[str], live: set[str], sources: ModuleType) -> str:
    """What happens with a data set that no folder has; live: the addresses that answer."""
    if live & set(urls):
        return "to be downloaded when a chapter asks"
    why = "COURSE_OFFLINE is set" if sources.offline() else "no mirror answers, or there is no network"
    return f"replaced by small stand-ins ({why}; for the real ones name a folder: COURSE_DATA=FOLDER)"


def reachable(urls: list[str]) -> set[str]:
    """Those of the addresses that answer in time; all are asked at once, and none is waited for longer."""
    live: set[str] = set()

    def ask(url: str) -> None:
        if answers(url):
            live.add(url)

    asking = [threading.Thread(target=ask, args=[url], daemon=True) for url in dict.fromkeys(urls)]
    for thread in asking:
        thread.start()
    until = time.monotonic() + PATIENCE
    for thread in asking:
        thread.join(max(0.0, until - time.monotonic()))
    return set(live)


def answers(url: str) -> bool:
    """Whether a server answers for this address, without fetching the file."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=4) as reply:
            return reply.status == 200
    except (OSError, ValueError):
        return False

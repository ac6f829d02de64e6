"""Set up ``.venv`` from the lock: uv inside it, hashes checked, an interrupted set-up repaired.

Standard library only. What is in ``.venv`` is known from one small file, ``.venv/.course``: it says
"unfinished" while anything is being installed, and afterwards which lock was installed, so the
second start is instant and a half-made environment is never used.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tomllib
import venv

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock.txt"
ENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_ONLY = re.compile(r"^(torch|torchvision|triton|nvidia-.*|cuda-.*)==")
UNFINISHED = "unfinished"


class Trouble(Exception):
    """Something that the learner can mend; the message is the sentence to show."""


def binary(name: str) -> pathlib.Path:
    """The path of a program inside ``.venv``."""
    return ENV / ("Scripts" if WINDOWS else "bin") / (name + (".exe" if WINDOWS else ""))


def ready(cpu: bool = False, kit: str | None = None) -> pathlib.Path:
    """The Python of a finished ``.venv``, which is made, updated or repaired first if it must be.

    cpu: torch without CUDA. kit: a folder to install from instead of the network. Raises Trouble.
    """
    cpu = cpu and sys.platform == "linux"  # wheels for macOS and Windows bring no CUDA anyway
    lock, kind = installed()
    if lock == lock_hash() and (kind == "cpu" or not cpu) and binary("python").exists():
        return binary("python")
    cpu, folder = cpu or kind == "cpu", kit and wheels_of(kit)
    if cpu and folder:
        raise Trouble("A kit holds torch with CUDA: --cpu and --offline do not go together.")
    check_machine()
    check_disk(cpu, folder)
    if lock == UNFINISHED:
        print("The last set-up was interrupted: making .venv anew.", flush=True)
    make_environment(fresh=lock == UNFINISHED or (kind == "cuda" and cpu))
    install(fetch_uv(folder), cpu, folder)
    stamp().write_text(f"{lock_hash()} {'cpu' if cpu else 'cuda'}", encoding="utf-8")
    return binary("python")


def wheels_of(kit: str) -> str:
    """Where a kit's packages are: its folder `wheels`, the folder itself, or an address as it is."""
    if kit.startswith("http"):
        return kit
    folder = pathlib.Path(kit).resolve()
    return str(inner if (inner := folder / "wheels").is_dir() else folder)


def stamp() -> pathlib.Path:
    """The file that says what ``.venv`` holds."""
    return ENV / ".course"


def lock_hash() -> str:
    """The fingerprint of the lock that is to be installed; the same with any line ends."""
    return hashlib.sha256(LOCK.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def installed() -> tuple[str, str]:
    """What the stamp says: the lock's hash (or "unfinished", or "") and "cuda" or "cpu" (or "")."""
    words = stamp().read_text(encoding="utf-8").split() if stamp().is_file() else []
    return (words + ["", ""])[0], (words + ["", ""])[1]


def check_machine() -> None:
    """Refuse, with a sentence, a machine for which the set-up cannot work."""
    if pathlib.Path(sys.prefix).resolve() == ENV.resolve():
        raise Trouble("This .venv must be brought up to date: leave it first (type: deactivate), then run "
                      "the same command again.")
    if platform.system() == "Darwin" and platform.machine() == "x86_64":
        raise Trouble("There is no current PyTorch for Intel Macs (nor for an Intel Python on an Apple "
                      "chip): open the chapters on Google Colab with the badges in README.md.")
    if not os.access(ROOT, os.W_OK):
        raise Trouble(f"The folder {ROOT} cannot be written to. Copy the course to a folder of your own, "
                      "or use a Python that has the packages, with --here.")
    if not importlib.util.find_spec("pip") and not shutil.which("uv"):
        raise Trouble(f"{sys.executable} has no pip. On Debian and Ubuntu: sudo apt install python3-pip; "
                      "elsewhere: python3 -m ensurepip --upgrade")


def check_disk(cpu: bool, kit: str | None) -> None:
    """Say how much will be downloaded, and refuse when it cannot fit."""
    large = sys.platform == "linux" and not cpu
    download, disk = (3, 9) if large else (1, 3)  # GB; the disk holds the downloads for a while too
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < disk:
        smaller = " A smaller way on Linux, without CUDA: add --cpu." if large else ""
        raise Trouble(f"The set-up needs about {disk} GB of disk; {ROOT} has {free:.1f} GB free.{smaller}")
    source = f"from {kit}" if kit else f"about {download} GB to download, less what uv has already"
    print(f"Setting up .venv: {source}. This happens once.", flush=True)
    if not missing("desk"):
        print("(This Python has the packages already: --here uses it and installs nothing.)", flush=True)


def make_environment(fresh: bool) -> None:
    """Make ``.venv`` without pip, or anew if it is half-made or its Python does not run any more."""
    try:
        if ENV.exists() and (fresh or not works(binary("python"))):
            shutil.rmtree(ENV)
        ENV.mkdir(exist_ok=True)
        stamp().write_text(UNFINISHED, encoding="utf-8")
        if not binary("python").exists():
            venv.create(ENV, with_pip=False, symlinks=not WINDOWS)
    except OSError as error:
        raise Trouble(f"{ENV} cannot be made: {error}. Delete it by hand, and try again.") from error


def works(python: pathlib.Path) -> bool:
    """Whether this Python starts: one whose base was removed or upgraded away does not."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def fetch_uv(kit: str | None) -> pathlib.Path | str:
    """uv inside ``.venv``: pip puts it there, even where the system's Python refuses installs."""
    if binary("uv").exists():
        return binary("uv")
    if not importlib.util.find_spec("pip"):
        return str(shutil.which("uv"))
    # pip wants a word before it trusts a server without a certificate; the lock's hashes guard all but uv
    trusted = ["--trusted-host", kit.split("/")[2]] if "://" in (kit or "") else []
    done = call(sys.executable, "-m", "pip", "--python", binary("python"), "install", "--quiet",
                *source_options(kit), *trusted, "uv", env=dict(os.environ, PIP_USER="0"), capture_output=True)
    if done.returncode:
        raise Trouble(f"pip could not fetch uv.\n{done.stderr.strip()[-800:]}\n{no_network(kit)}")
    return binary("uv")


def install(uv: pathlib.Path | str, cpu: bool, kit: str | None) -> None:
    """Install the lock, hashes required; with cpu, torch from PyTorch's CPU index instead.

    The CPU way could not be tried where the course is made (that index is not reached from there).
    Its torch and torchvision are the lock's versions, but come without the lock's hashes.
    """
    # --no-config: `exclude-newer` in a user's settings would refuse a mirror without upload dates
    command = [uv, "pip", "install", "--no-config", "--python", binary("python")]
    steps = [["--require-hashes", *source_options(kit), "-r", LOCK]]
    if cpu:
        rest, torch = without_cuda(LOCK.read_text(encoding="utf-8"))
        (ENV / "cpu.txt").write_text(rest, encoding="utf-8")
        steps = [["--require-hashes", "--no-deps", "-r", ENV / "cpu.txt"],
                 ["--no-deps", "--index-url", CPU_INDEX, *torch]]
    for step in steps:
        if call(*command, *step).returncode:
            raise Trouble("The packages could not be installed (see the lines above). " + no_network(kit))


def without_cuda(lock: str) -> tuple[str, list[str]]:
    """The lock's text without torch and CUDA, and the pins of torch and torchvision."""
    blocks = re.split(r"\n(?=\S)", lock.strip())
    torch = [re.match(r"torch(vision)?==[\w.]+", block) for block in blocks]
    rest = [block for block in blocks if not CUDA_ONLY.match(block)]
    return "\n".join(rest) + "\n", [match[0] for match in torch if match]


def source_options(kit: str | None) -> list[str]:
    """The options of pip and of uv that install from a folder or a served kit alone."""
    return ["--no-index", "--find-links", kit] if kit else []


def no_network(kit: str | None) -> str:
    """What to try when packages cannot be had."""
    if kit:
        return f"Is {kit} a kit made by `python3 -m utils kit --wheels` on a system like this one?"
    return ("Is there a network? Run the same command again: what has come is kept. Without a network, "
            "install from a kit: --offline FOLDER (see README.md).")


def call(*command: object, **options: object) -> subprocess.CompletedProcess:
    """Run a program in the course's folder and wait for it."""
    return subprocess.run([str(word) for word in command], cwd=ROOT, encoding="utf-8", errors="replace", **options)


def missing(*extras: str) -> list[str]:
    """What this Python lacks of pyproject.toml's list: one "package>=x (found y)" each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [r for e in extras for r in project["optional-dependencies"][e]]
    return [f"{need} ({found or 'not installed'})" for need in wanted
            if not satisfies(found := version(need.split(">=")[0]), need.split(">=")[1])]


def version(package: str) -> str | None:
    """The version of a package in this Python, without importing it; None if it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def satisfies(found: str | None, least: str) -> bool:
    """Whether a version is at least another, by its numbers: "2.15.0+cpu" is at least "2.9"."""
    return bool(found) and numbers(found) >= numbers(least)


def numbers(text: str) -> list[int]:
    """The leading numbers of a version: [2, 15, 0] of "2.15.0+cpu", [3, 0] of "3.0rc1"."""
    release = re.match(r"\d+(\.\d+)*", text)
    return [int(part) for part in release[0].split(".")] if release else []

"""Google Colab's package versions, and every chapter in them.

    python -m tests.colab FOLDER [--runtime newest] [--chapters 01 03 ...]

Makes an environment in FOLDER with the versions that Colab publishes for what the course touches (colab.json
beside this file; a package that is only "present" there is installed in its lowest version that pyproject.toml
admits, or the lowest that the others go with) and a stand-in for Colab's own module. Then each chapter is run alone
in an empty folder, as Colab opens it: its first cell clones the course to /content/course, from this repository
instead of the address in pyproject.toml; what is not committed is not in it. The Python is Colab's where this
machine has it, else the one that runs this, and a line says so. It needs a package registry and uv. CI does not
run it: it downloads gigabytes.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

from utils.address import repository

ROOT = pathlib.Path(__file__).resolve().parents[1]
COURSE = pathlib.Path("/content/course")  # where a chapter's first cell clones to
# Colab's page asks for this before it loads a widget that it does not bring; the stand-in notes that it was asked
STAND_IN = """asked = []


def enable_custom_widget_manager():
    asked.append(True)
"""


def wanted(runtime: str) -> tuple[str, list[str]]:
    """Colab's Python, and the requirements: the course's packages as in colab.json, and those of its tests."""
    there = json.loads((ROOT / "tests" / "colab.json").read_text(encoding="utf-8"))["runtimes"]
    if runtime not in there:
        raise SystemExit(f"colab.json has no runtime {runtime!r}; it has {', '.join(there)}.")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = []
    for need in project["dependencies"]:
        name = re.match(r"[\w.-]+", need)[0]
        version = there[runtime][name]
        # === takes exactly this version: with == an installer may prefer a local build such as 2.11.0+cpu
        packages.append(need if version == "present" else f"{name}==={version}")
    return there[runtime]["python"], packages + project["optional-dependencies"]["test"]


def uv() -> str:
    """The course's own uv, else the one on the path. Raises SystemExit where there is none."""
    found = shutil.which("uv", path=ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin")) or shutil.which("uv")
    return found or sys.exit("uv was not found. Install it with `python -m pip install uv`, then start this again.")


def installed(python: pathlib.Path, names: list[str]) -> None:
    """Print the versions of Python and of these packages in an environment."""
    code = ("import sys, importlib.metadata as m\n"
            f"print('Python', sys.version.split()[0], *[f'{{n}} {{m.version(n)}}' for n in {names}], sep=', ')")
    subprocess.run([str(python), "-c", code], check=True)


def make(folder: pathlib.Path, runtime: str) -> pathlib.Path:
    """The environment's Python, installed. Raises SystemExit with what could not be had."""
    version, packages = wanted(runtime)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        made = subprocess.run([uv(), "venv", "--python", version, str(folder)], capture_output=True, text=True)
        if made.returncode:
            print(f"Python {version} is not to be had here; {sys.version.split()[0]} stands in for it.")
            subprocess.run([uv(), "venv", "--python", sys.executable, str(folder)], check=True)
    command = [uv(), "pip", "install", "--no-config", "--resolution", "lowest-direct",
               "--only-binary", ":all:", "--python", str(python)]
    if subprocess.run([*command, *packages]).returncode:
        raise SystemExit("These versions could not be installed together (see the lines above).")
    return python


def as_in_colab(folder: pathlib.Path) -> dict[str, str]:
    """What the environment must say so that a chapter sees Colab: its module, and the repository's address."""
    package = folder / "stand-in" / "google" / "colab"
    package.mkdir(parents=True, exist_ok=True)
    (folder / "content").mkdir(exist_ok=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "output.py").write_text(STAND_IN, encoding="utf-8")
    # in Colab the module is there before the first cell runs
    (folder / "stand-in" / "sitecustomize.py").write_text("import google.colab.output\n", encoding="utf-8")
    return {"PYTHONPATH": str(folder / "stand-in"), "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{ROOT.as_uri()}.insteadOf", "GIT_CONFIG_VALUE_0": repository()}


def main() -> int:
    """Make the environment, say what is in it, run the chapters; the exit code of the run."""
    from utils.runner import choose

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the environment goes")
    parser.add_argument("--runtime", default="newest", help="a runtime of colab.json (newest)")
    parser.add_argument("--chapters", nargs="*", default=[], help="numbers (01); all when left out")
    options = parser.parse_args()
    folder = options.folder.expanduser().resolve()
    python = make(folder, options.runtime)
    installed(python, [re.match(r"[\w.-]+", need)[0] for need in wanted(options.runtime)[1]])
    env = {**os.environ, **as_in_colab(folder), "COURSE_TIER": "quick"}
    shutil.rmtree(COURSE, ignore_errors=True)
    alone = [str(shutil.copy(path, folder / "content")) for path in choose(options.chapters)]
    return subprocess.run([str(python), "-m", "utils", "run", "--here", *alone], cwd=ROOT, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())

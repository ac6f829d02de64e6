"""The course in the oldest packages that pyproject.toml admits, and in the newest there are.

    python -m tests.versions oldest FOLDER [--chapters 01 03 ...] [-- OPTIONS FOR PYTEST]
    python -m tests.versions newest FOLDER

Makes an environment in FOLDER (several gigabytes, from a package registry by uv), says what is in it, runs the unit
tests there with the options given, then the chapters; with "--chapters none" only the tests. "oldest" takes the lower
bounds of pyproject.toml, and the newest of what the packages themselves need; "newest" takes the newest of all, later
than the lock file. CI does not run it: it downloads too much.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tomllib

from tests.colab import installed, uv

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
TESTS = ["tests", "--ignore=tests/browser", "--ignore=tests/test_old_widgets.py", "-p", "no:nbval"]


def requirements() -> list[str]:
    """Every requirement of pyproject.toml, those of its extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"] + [need for extra in project["optional-dependencies"].values() for need in extra]


def command(age: str, python: pathlib.Path) -> list[str]:
    """uv's command that installs the requirements of this age for this Python."""
    return [uv(), "pip", "install", "--no-config", "--only-binary", ":all:", "--upgrade",
            "--resolution", RESOLUTIONS[age], "--python", str(python), *requirements()]


def make(age: str, folder: pathlib.Path) -> pathlib.Path:
    """The Python of the environment in the folder, made. Raises SystemExit where it cannot be."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([uv(), "venv", "--python", sys.executable, str(folder)], check=True)
    if subprocess.run(command(age, python)).returncode:
        raise SystemExit(f"The {age} versions could not be installed together (see the lines above).")
    return python


def main() -> int:
    """Make the environment, run the tests and the chapters; 0 when all passed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="What follows -- goes to pytest.")
    parser.add_argument("age", choices=RESOLUTIONS)
    parser.add_argument("folder", type=pathlib.Path, help="where the environment goes")
    parser.add_argument("--chapters", nargs="*", default=[], help="numbers (01), or none; all when left out")
    given = sys.argv[1:]
    own = given[:given.index("--")] if "--" in given else given  # argparse would take it for one chapter more
    options, for_pytest = parser.parse_args(own), given[len(own) + 1:]
    python = make(options.age, options.folder.expanduser().resolve())
    installed(python, [re.match(r"[\w.-]+", need)[0] for need in requirements()])
    env = {**os.environ, "COURSE_OFFLINE": os.environ.get("COURSE_OFFLINE", "1"), "COURSE_TIER": "quick"}
    codes = [subprocess.run([str(python), "-m", "pytest", *TESTS, *for_pytest], cwd=ROOT, env=env).returncode]
    if options.chapters != ["none"]:
        run = [str(python), "-m", "utils", "run", "--here", *options.chapters]
        codes.append(subprocess.run(run, cwd=ROOT, env=env).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())

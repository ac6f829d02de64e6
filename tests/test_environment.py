"""One list of dependencies: the lock, conda's list and Colab's packages all agree with it."""

import json
import pathlib
import re
import tomllib

import conftest
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from utils import __main__ as launcher

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUN_TIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
EXTRAS = [Requirement(text) for extra in PROJECT["project"]["optional-dependencies"].values()
          for text in extra]
LOCK = (ROOT / "requirements.lock.txt").read_text(encoding="utf-8")
BLOCKS = re.split(r"\n(?=\S)", LOCK.strip())
COLAB = json.loads((ROOT / "tests" / "colab.json").read_text(encoding="utf-8"))["runtimes"]
CONDA_NAME = {"torch": "pytorch", "playwright": "playwright-python"}


def locked(name: str) -> list[Version]:
    """The versions of a package in the lock: more than one where they differ by Python or system."""
    return [Version(found[1]) for block in BLOCKS if (found := re.match(rf"{name}==([^\s;]+)", block))]


@pytest.mark.parametrize("need", RUN_TIME + EXTRAS, ids=str)
def test_bounds_are_open_and_the_lock_satisfies_them(need):
    assert {part.operator for part in need.specifier} == {">="}, "an open lower bound, nothing else"
    assert locked(need.name), f"{need.name} is not in the lock: compile it again"
    assert all(version in need.specifier for version in locked(need.name))


def test_every_block_of_the_lock_is_pinned_and_hashed():
    assert len(BLOCKS) > 100
    for block in BLOCKS:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_the_lock_names_no_host_and_no_local_build():
    assert not re.search(r"://|@ |--index|--find-links|==[^\s;]*\+", LOCK)


def test_the_lock_is_for_all_systems():
    assert "sys_platform == 'win32'" in LOCK and "sys_platform == 'linux'" in LOCK


def test_environment_yml_mirrors_pyproject():
    lines = [line.strip() for line in (ROOT / "environment.yml").read_text().splitlines()]
    start = lines.index("dependencies:") + 1
    conda = [line[2:] for line in lines[start:] if line.startswith("- ")]
    wanted = [CONDA_NAME.get(need.name, need.name) + str(need.specifier) for need in RUN_TIME + EXTRAS]
    assert sorted(conda) == sorted(["python" + PROJECT["project"]["requires-python"], *wanted])


@pytest.mark.parametrize("runtime", COLAB)
def test_colab_has_what_a_chapter_imports(runtime):
    there = COLAB[runtime]
    assert there["python"] in Requirement("python" + PROJECT["project"]["requires-python"]).specifier
    for need in RUN_TIME:
        version = there[need.name]
        assert version == "present" or version in need.specifier, f"{need} against {version}"


@pytest.mark.parametrize("name", ["torch", "torchvision", "transformers", "numpy", "ipywidgets"])
def test_colab_versions_of_the_main_packages_are_noted(name):
    assert all(Version(runtime[name]) for runtime in COLAB.values())


def test_tests_are_offline_and_quick_unless_asked_otherwise():
    ours, theirs = {}, {"COURSE_OFFLINE": "0", "COURSE_TIER": "full", "COURSE_DATA": "x", "COURSE_CACHE": "mine"}
    conftest.settle(ours)
    conftest.settle(theirs)
    assert (ours["COURSE_OFFLINE"], ours["COURSE_TIER"], "COURSE_DATA" in ours) == ("1", "quick", False)
    assert (theirs["COURSE_OFFLINE"], theirs["COURSE_TIER"], theirs["COURSE_DATA"]) == ("0", "full", "x")
    assert ours["COURSE_CACHE"] == theirs["COURSE_CACHE"] != "mine"


def test_the_course_is_not_a_package():
    assert "build-system" not in PROJECT


def test_the_launcher_wants_the_same_python():
    assert PROJECT["project"]["requires-python"] == ">=" + ".".join(map(str, launcher.NEEDED))

"""The script that tries the oldest and the newest packages: what it asks for."""
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

from tests import versions

ROOT = pathlib.Path(__file__).resolve().parents[1]


def test_every_requirement_is_asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = versions.requirements()
    assert set(project["dependencies"]) < set(asked)
    assert {"nbval", "jupyterlab", "pytest"} <= {re.match(r"[\w.-]+", need)[0] for need in asked}


@pytest.mark.parametrize("age, resolution", [("oldest", "lowest-direct"), ("newest", "highest")])
def test_the_installer_is_told_which_age(age, resolution):
    command = versions.command(age, pathlib.Path("there/bin/python"))
    assert command[command.index("--resolution") + 1] == resolution
    assert command[command.index("--python") + 1] == str(pathlib.Path("there/bin/python"))


def test_every_requirement_has_a_lower_bound_and_none_an_upper():
    for need in versions.requirements():
        assert re.fullmatch(r"[\w.-]+>=[\d.]+", need), f"{need}: oldest and newest are then not what they say"


def test_another_age_is_refused_in_words():
    got = subprocess.run([sys.executable, "-m", "tests.versions", "middle", "x"], cwd=ROOT,
                         capture_output=True, text=True)
    assert got.returncode == 2 and "oldest" in got.stderr and "newest" in got.stderr


def test_what_follows_two_dashes_goes_to_pytest_and_the_chapters_to_the_run(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(versions, "make", lambda age, folder: folder / "python")
    monkeypatch.setattr(versions, "installed", lambda *_: None)
    monkeypatch.setattr(versions.subprocess, "run",
                        lambda command, **_: ran.append(command) or subprocess.CompletedProcess(command, 0))
    given = ["oldest", str(tmp_path), "--chapters", "06", "07", "--", "-k", "rows"]
    monkeypatch.setattr(sys, "argv", ["versions", *given])
    assert versions.main() == 0
    tests, chapters = ran
    assert tests[2] == "pytest" and tests[-2:] == ["-k", "rows"] and chapters[-3:] == ["--here", "06", "07"]

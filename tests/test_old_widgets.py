"""The widgets once more under ipywidgets 7.7.1, the version of Google Colab; the other tests use version 8.

It is fetched into a temporary folder (1.6 MB, from uv's cache if it is there) and put first on the
path. Where it cannot be fetched the test is skipped.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
OLD = "7.7.1"
# What 7.7.1 asks for beside what is installed: without dependencies, so that nothing else changes.
PARTS = [f"ipywidgets=={OLD}", "ipython_genutils", "widgetsnbextension~=3.6", "jupyterlab_widgets<3"]
TIMELINE = ["test_the_widget_goes_through_the_years", "test_the_card_tells_the_story_and_where_to_read_on"]


def installer() -> list[str]:
    """The command of uv, or else of pip, that installs into a folder; empty if there is neither."""
    beside = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")])
    if uv := shutil.which("uv", path=beside):
        return [uv, "pip", "install", "--python", sys.executable]
    has_pip = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode == 0
    return [sys.executable, "-m", "pip", "install"] if has_pip else []


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> dict[str, str]:
    """An environment in which ``import ipywidgets`` finds version 7.7.1."""
    folder = tmp_path_factory.mktemp("old")
    command = installer()
    if not command:
        pytest.skip("neither uv nor pip is here to fetch ipywidgets 7.7.1")
    got = subprocess.run([*command, "--quiet", "--no-deps", "--target", str(folder), *PARTS],
                         capture_output=True, text=True)
    if got.returncode:
        pytest.skip(f"ipywidgets 7.7.1 could not be fetched: {' '.join(got.stderr.split())[:200]}")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return dict(os.environ, PYTHONPATH=path, COURSE_IPYWIDGETS=OLD)


def test_the_widgets_work_as_colab_has_them(old):
    names = ["tests/test_widgets.py", "tests/test_quizzes.py"]
    names += [f"tests/test_timeline.py::{name}" for name in TIMELINE]
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-p", "no:xdist", *names]
    got = subprocess.run(command, cwd=ROOT, env=old, capture_output=True, text=True)
    assert got.returncode == 0, got.stdout[-5000:] + got.stderr[-1000:]
    assert "test_the_ipywidgets_asked_for_are_tested PASSED" in got.stdout, "another ipywidgets was tested"

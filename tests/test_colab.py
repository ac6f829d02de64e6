"""The script that runs the chapters in Colab's versions: what it asks for, and what a chapter then sees."""
import subprocess
import sys

import pytest

from tests import colab
from utils.address import repository


@pytest.mark.parametrize("runtime", ["newest", "2026.07", "2026.04"])
def test_published_versions_are_taken_exactly_and_the_rest_as_low_as_admitted(runtime):
    python, packages = colab.wanted(runtime)
    assert python.startswith("3.1") and "ipywidgets===7.7.1" in packages
    assert sum(need.startswith("torch===") for need in packages) == 1
    assert all("===" in need or ">=" in need for need in packages) and "pooch>=1.8" in packages
    assert any(need.startswith("pytest>=") for need in packages)


def test_an_unknown_runtime_is_named():
    with pytest.raises(SystemExit, match="no runtime 'next'; it has newest"):
        colab.wanted("next")


def test_a_chapter_sees_colabs_module_and_clones_this_repository(tmp_path, monkeypatch):
    for name, value in colab.as_in_colab(tmp_path).items():
        monkeypatch.setenv(name, value)
    code = "import sys; from google.colab import output; output.enable_custom_widget_manager(); print(output.asked)"
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert got.stdout.strip() == "[True]", got.stderr
    seen = subprocess.run(["git", "ls-remote", "--get-url", repository()], capture_output=True, text=True, cwd=tmp_path)
    assert seen.stdout.strip() == colab.ROOT.as_uri()

"""Faults of a notebook: cells run twice, out of order, before the setup, after a restart; a home that is read-only."""
import argparse
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from test_notebooks import mask

from utils import handout, notebooks

ROOT = Path(__file__).resolve().parents[1]
# Chapter 1 without its long experiments and what needs them, the prologue without the check of the machine.
LEFT_OUT = {"01_perceptron": [*(f"01-{k}{part}" for k in range(23, 54) for part in ("", *"abcd")), "01-64", "01-72"],
            "00_prologue": ["00-07", "00-25", "00-27"]}
# Without PYTHONPATH a kernel does not find `utils` before the first cell has looked for it.
SETTINGS = {"PYTHONPATH": "", "COURSE_OFFLINE": "1", "COURSE_TIER": "quick"}
RESTART = "%reset -f"  # all names are gone, as after a restart; loading torch again would take longer than the rest


def code(folder, stem):
    """The code cells of a chapter."""
    cells = nbformat.read(folder / f"{stem}.ipynb", as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code" and cell.id not in LEFT_OUT[stem]]


def run(sources, folder, **settings):
    """Run these sources in one kernel, whatever fails: the cells with their outputs."""
    cells = [new_code_cell(source, metadata={"tags": ["raises-exception"]}) for source in sources]
    notebooks.execute(new_notebook(cells=cells), folder, SETTINGS | settings, timeout=300)
    return cells


def printed(cell):
    """What a cell printed, without what may differ from run to run."""
    return mask("".join(output.text for output in cell.outputs if output.get("name") == "stdout"))


def errors(cell):
    """(kind, message) of a cell's errors: one or none."""
    return [(output.ename, output.evalue) for output in cell.outputs if output.output_type == "error"]


@pytest.fixture(scope="module", params=["01_perceptron", "a generated copy of 00_prologue"])
def disordered(request, tmp_path_factory):
    """A chapter's cells as saved, and as they ended in one kernel, (saved, before, after, twice).

    before: without the setup. after: the setup and then, as after a restart, the others from the last to the
    first. twice: in order, each of them twice in a row.
    """
    folder, stem = ROOT / "chapters", request.param.split()[-1]
    saved = code(folder, stem)
    if "generated" in request.param:
        target = tmp_path_factory.mktemp("handout")
        options = {"folder": str(target), "chapters": [stem[:2]], "closed": True, "slides": False, "modules": None}
        handout.run(argparse.Namespace(**options))
        folder = target / "chapters"
    sources = [cell.source for cell in code(folder, stem)]
    before, after = sources[1:], [*sources[:2], *sources[:1:-1]]
    done = run([*before, RESTART, *after, RESTART, *(source for source in sources for _ in range(2))], folder)
    before, after, twice = done[:len(before)], done[len(before) + 1:-2 * len(sources) - 1], done[-2 * len(sources):]
    return saved, before, [*after[:2], *after[:1:-1]], twice


def right_or_named(saved, done):
    """Check each cell: it printed what is saved, or Python names what is missing. Returns how many it was missing."""
    for cell, one in zip(saved, done, strict=True):
        assert [kind for kind, _ in errors(one)] == ["NameError"] or printed(one) == printed(cell), cell.id
    return sum(bool(errors(one)) for one in done)


def test_a_cell_before_the_setup_names_what_is_missing(disordered):
    saved, before, _, _ = disordered
    assert errors(before[0]) == [("ModuleNotFoundError", "No module named 'utils'")]
    assert right_or_named(saved[2:], before[1:]) > 5


def test_after_a_restart_a_later_cell_is_right_or_names_what_is_missing(disordered):
    saved, _, after, _ = disordered
    assert not errors(after[0]) and not errors(after[1]) and right_or_named(saved, after) > 2


def test_a_cell_run_twice_says_the_same(disordered):
    saved, _, _, twice = disordered
    for cell, first, second in zip(saved, twice[::2], twice[1::2], strict=True):
        assert errors(first) == errors(second) == [], cell.id
        assert printed(first) == printed(second), cell.id
    assert sum(bool(printed(cell)) for cell in twice) > 10


READ_ONLY = """
import torch
from utils.data import Batches, digits
from utils.progress import note
from utils.training import fit
note("exercise", "01.1", True)
data = digits(limit=100)
history = fit(None, Batches(data.train, 50), lambda batch: {"loss": 1.0}, epochs=2, checkpoint="HOME/run.pt")
print(history)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a place where not even root can write")
@pytest.mark.parametrize("home", ["/proc/nowhere"])
def test_a_home_that_cannot_be_written_costs_sentences_and_nothing_else(home):
    names = ["COURSE_CACHE", "COURSE_DATA", "COURSE_PROGRESS", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"]
    settings = dict.fromkeys(names, "") | {"HOME": home, "IPYTHONDIR": f"{home}/ipython", "COURSE_OFFLINE": "0"}
    setup = code(ROOT / "chapters", "01_perceptron")[0].source
    _, done = run([setup, READ_ONLY.replace("HOME", home)], ROOT / "chapters", **settings)
    text = "".join(output.get("text", "") for output in done.outputs)
    assert errors(done) == [] and "History(2 epochs: loss)" in text
    assert "COURSE_PROGRESS names another file" in text and "or give checkpoint= a file elsewhere" in text
    assert "the cache folder cannot be written; point COURSE_CACHE to another folder" in text

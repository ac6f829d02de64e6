"""The checks of saved chapters can fail: a good notebook passes each, and one fault makes it red."""

import nbformat
import pytest
import test_notebooks as checks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from utils import notebooks

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQMAAAAl21bKAAAAA1BMVEUAAACnej3aAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
ALT = {"image/png": {"alt": "The error falls with every epoch."}}


def good(path):
    """Write a small chapter that breaks no rule, and return it."""
    figure = new_output("display_data", data={"image/png": PNG, "text/plain": "x"}, metadata=ALT)
    code = [new_code_cell(notebooks.first_cell()), new_code_cell("def f(x):\n    return x"),
            *(new_code_cell(f"f({i})", outputs=[new_output("stream", text=f"{i} of 5, ≈ 0.5\n")]) for i in range(5)),
            new_code_cell("plot()", outputs=[figure])]
    text = [f"# Title\n\n{notebooks.badge(path.name)}", "## One", "### Two", "```\n# no heading\n```", *"abcd"]
    cells = [cell for pair in zip(map(new_markdown_cell, text), code, strict=True) for cell in pair]
    nb = new_notebook(cells=[*cells, new_markdown_cell("We see that it falls.")])
    for i, cell in enumerate(nb.cells):
        cell["id"] = f"c{i:02d}"
    notebooks.normalise(nb)
    return nb


def code(number, **changes):
    """A fault in one code cell: set these fields."""
    return lambda nb: checks.code(nb)[number].update(changes)


def text(number, source):
    """A fault in one cell: another source."""
    return lambda nb: nb.cells[number].update(source=source)


def printed(words, name="stdout"):
    """A fault in an output."""
    return lambda nb: checks.code(nb)[2].outputs.append(new_output("stream", text=words, name=name))


def without_alt(nb):
    checks.code(nb)[-1].outputs[0].metadata = {}


def error(nb):
    checks.code(nb)[3].outputs = [new_output("error", ename="E", evalue="", traceback=[])]


def only_masked(nb):
    checks.code(nb)[3].outputs[0].text = "here: 5\nloss ≈ 0.5\nExercise 01.2: passed\n"


FAULTS = {
    "one id twice": (checks.test_valid_small_and_of_one_kind, lambda nb: nb.cells[1].update(id="c00")),
    "too large": (checks.test_valid_small_and_of_one_kind, text(2, "x" * 1_600_000)),
    "widget state": (checks.test_valid_small_and_of_one_kind, lambda nb: nb.metadata.update(widgets={})),
    "another kernel": (checks.test_valid_small_and_of_one_kind,
                       lambda nb: nb.metadata.update(kernelspec={"name": "mine", "display_name": "mine"})),
    "timings": (checks.test_saved_as_save_would_save_it, code(2, metadata={"execution": {"start": 1}})),
    "not executed": (checks.test_executed_in_order_and_no_cell_empty, code(2, execution_count=None)),
    "out of order": (checks.test_executed_in_order_and_no_cell_empty, code(2, execution_count=9)),
    "an empty cell": (checks.test_executed_in_order_and_no_cell_empty, text(4, " \n")),
    "another first cell": (checks.test_first_cell_and_badge, code(0, source="import utils")),
    "no badge": (checks.test_first_cell_and_badge, text(0, "# Title")),
    "stderr": (checks.test_outputs_hold_no_stderr_paths_or_errors, printed("Warning: old", "stderr")),
    "a path": (checks.test_outputs_hold_no_stderr_paths_or_errors, printed("/ho" "me/ann/course/x.py")),
    "a Windows path": (checks.test_outputs_hold_no_stderr_paths_or_errors, printed("C:\\Temp\\x.py")),
    "an address": (checks.test_outputs_hold_no_stderr_paths_or_errors, printed("<object at 0x7f00aa001122>")),
    "an error": (checks.test_outputs_hold_no_stderr_paths_or_errors, error),
    "a semicolon": (checks.test_no_line_that_strict_nbval_stumbles_over, code(3, source="f(1);\n")),
    "not compared": (checks.test_an_exception_from_strict_nbval_says_why,
                     code(3, metadata={"tags": ["nbval-ignore-output"]})),
    "skipped": (checks.test_an_exception_from_strict_nbval_says_why, code(3, source="# NBVAL_SKIP\nf(1)")),
    "two titles": (checks.test_one_title_and_headings_without_gaps, text(4, "# Another")),
    "a gap": (checks.test_one_title_and_headings_without_gaps, text(4, "#### Deep")),
    "no alt text": (checks.test_every_picture_has_alt_text_and_is_talked_about, without_alt),
    "nothing said": (checks.test_every_picture_has_alt_text_and_is_talked_about, lambda nb: nb.cells.pop()),
    "too little compared": (checks.test_enough_is_compared_exactly, only_masked),
}


@pytest.mark.filterwarnings("ignore:Non-unique cell id")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault, tmp_path):
    check, spoil = FAULTS[fault]
    path = tmp_path / "01_good.ipynb"
    nb = good(path)
    nbformat.write(nb, path)
    check(path)
    spoil(nb)
    path.write_text(nbformat.v4.writes(nb) + "\n", encoding="utf-8")  # unlike nbformat.write, repairs nothing
    with pytest.raises((AssertionError, nbformat.ValidationError)):
        check(path)

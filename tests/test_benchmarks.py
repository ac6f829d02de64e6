"""The benchmarks measure what they say; how fast anything is, no test judges."""
import ast
import sys

import pytest
import torch

from tests.benchmarks import accuracy, imports, loop
from utils.data import Batches

CHAPTERS = [path.name[:2] for path in sorted((imports.ROOT / "chapters").glob("[0-9]*.ipynb"))]


def test_portions_go_through_all_batches_and_begin_anew_in_another_order(monkeypatch):
    monkeypatch.setattr(accuracy, "PORTION", 3)
    portions = accuracy.Portions(Batches((torch.arange(12),), 2))
    walks = [torch.cat([rows for rows, in portions]).tolist() for _ in range(4)]
    first, second = walks[0] + walks[1], walks[2] + walks[3]
    assert sorted(first) == sorted(second) == list(range(12)) and first != second


def watched(*answers: float) -> accuracy.Watch:
    """A watch at the mark of 80 % whose net gave these answers, in batches of 10 rows."""
    given = iter(answers)
    watch = accuracy.Watch(lambda: next(given), 80.0, 10)
    for _ in answers:
        watch.evaluate()
    return watch


def test_a_training_ends_one_portion_after_the_mark():
    assert not watched(70.0).report(None) and not watched(70.0, 81.0).report(None)
    assert watched(70.0, 81.0, 79.0).report(None)


def test_the_line_names_the_first_time_above_the_mark_and_what_came_after():
    line = watched(70.0, 81.0, 79.0).line("sst2")
    assert line.startswith("sst2: 81.00 % after ") and "and 2,000 labels; 79.00 % a hundred steps later" in line


def test_a_mark_that_was_missed_is_called_missed():
    assert watched(70.0, 75.0, 71.0).line("sst2") == ("sst2: 80.0 % was not reached; the best is 75.00 % after "
                                                      "2,000 labels.")


def test_stand_ins_are_refused_in_a_sentence(monkeypatch, tmp_path, capsys):
    for name, value in {"COURSE_OFFLINE": "1", "COURSE_CACHE": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    with pytest.raises(SystemExit, match="needs the real data, and digits .stand-in. is not: set COURSE_DATA"):
        accuracy.mnist(98.5, 0)


def test_a_ratio_is_the_median_of_ratios_within_a_round():
    times = {"a": [2.0, 30.0, 4.0], "b": [1.0, 10.0, 2.0]}  # the second round met a busy machine
    assert loop.ratio(times, "a", "b") == 2.0


def test_every_way_is_run_once_a_round_after_one_round_to_warm_up():
    runs: list[str] = []
    times = loop.take_turns({name: lambda name=name: runs.append(name) for name in "ab"}, 3, lambda: float(len(runs)))
    assert "".join(runs) == "ab" + "ba" + "ab" + "ba" and times == {"a": [1.0] * 3, "b": [1.0] * 3}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_an_import_cell_asks_for_no_part_of_scipy_that_a_later_cell_uses(chapter):
    """scipy loads a part when it is first used; its optimizers alone take longer than matplotlib."""
    nodes = ast.walk(ast.parse(imports.cell(chapter)))
    found = [name for node in nodes for name in (
        [node.module or ""] if isinstance(node, ast.ImportFrom) else
        [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])]
    assert found and not [name for name in found if name.startswith("scipy.")], \
        "write import scipy, then scipy.optimize"


@pytest.mark.skipif(sys.platform == "win32", reason="Python cannot tell a process's peak on Windows")
def test_memory_is_in_mebibytes():
    before = imports.memory()
    held = torch.ones(80 * 2**20 // 4)
    assert 20 < before <= imports.memory() and len(held)  # the peak may have been higher before
    assert imports.memory() < before + 300

"""`python3 -m utils run` on tiny notebooks: it goes on after a failure, tables, records, stops."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from utils import __main__ as launcher
from utils import references, runner
from utils.files import write_whole
from utils.install import Trouble

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEASURE = """import json, os
row = {"id": "99-%s", "values": [%s], "data": "toy", "tier": os.environ["COURSE_TIER"], "device": "cpu"}
with open(os.environ["COURSE_RESULTS"], "a") as file:
    print(json.dumps(row), file=file)
print("measured")"""


def table(results: list[dict]) -> list[dict]:
    return [{"chapter": "01", "claim": row["id"], "this run": str(row["values"][0]), "data": row["tier"],
             "verdict": "fine", "ok": row["values"][0] < 5} for row in results]


@pytest.fixture
def chapters(tmp_path, monkeypatch):
    """A folder of chapters: one that measures, one that fails, one that misses its floor."""
    folder = tmp_path / "chapters"
    folder.mkdir()
    sources = {"01_good": MEASURE % ("a", 3), "02_bad": "print('before')\n1 / 0", "03_worse": MEASURE % ("b", 9)}
    for name, source in sources.items():
        cells = [new_code_cell(source, id="a"), new_code_cell("2", id="b")]
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    monkeypatch.setattr(runner, "choose", lambda wanted, f=runner.choose: f(wanted, folder))
    monkeypatch.setattr(references, "table", table)
    monkeypatch.setattr(references, "record", lambda results: (folder / "record").write_text(json.dumps(results)))
    return folder


def run(*words: str) -> int:
    return runner.run(launcher.parser().parse_args(["run", *words]))


def test_a_failure_does_not_stop_the_others(chapters, capsys):
    before = (chapters / "01_good.ipynb").read_bytes()
    assert run("01", "02", "--tier", "full", "--record", "--html", str(chapters / "html")) == 1
    said = capsys.readouterr().out
    assert "01_good: ok" in said and "02_bad: FAILED" in said
    assert "cell 0: ZeroDivisionError: division by zero" in said
    assert re.search(r"01 +99-a +3 +full +\d+ +fine", said) and "1 failed: 02_bad" in said
    assert "Nothing was recorded" in said and not (chapters / "record").exists()
    assert sorted(page.name for page in (chapters / "html").iterdir()) == ["01_good.html", "index.html"]
    page = (chapters / "html" / "index.html").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in page and 'href="01_good.html"' in page and "<td>fine</td>" in page
    assert (chapters / "01_good.ipynb").read_bytes() == before, "outputs are kept only with --save"


def test_record_and_save(chapters, capsys):
    assert run("01", "--tier", "quick", "--record", "--save") == 0
    assert json.loads((chapters / "record").read_text())[0]["values"] == [3]
    nb = nbformat.read(chapters / "01_good.ipynb", as_version=4)
    assert nb.cells[0].outputs[0].text == "measured\n" and nb.cells[1].execution_count == 2


def test_a_missed_floor_is_a_failure(chapters, capsys):
    assert run("01", "03", "--jobs", "2", "--tier", "quick") == 1
    assert "0 failed: none. 1 below the floor: 99-b." in capsys.readouterr().out


def test_chapters_are_chosen_by_number_name_or_path(chapters):
    names = [path.stem for path in runner.choose(["02", "01_good", str(chapters / "03_worse.ipynb")])]
    assert names == ["02_bad", "01_good", "03_worse"]
    assert [path.stem[:2] for path in runner.choose([])] == ["01", "02", "03"]
    with pytest.raises(Trouble, match="no chapter 7. There are: 01_good, 02_bad"):
        runner.choose(["7"])


def test_jobs_and_seeds_must_be_positive(chapters):
    for option in ("--jobs", "--seeds"):
        with pytest.raises(Trouble, match=f"^{option} .* 1 or more, not 0"):
            run("01", option, "0")


def test_seeds_repeat_a_chapter_and_pool_its_values(chapters, capsys):
    source = MEASURE % ("a", 'int(os.environ.get("COURSE_SEED", 0)) + 1')
    nbformat.write(new_notebook(cells=[new_code_cell(source, id="a")]), chapters / "01_good.ipynb")
    assert run("01", "--tier", "quick", "--seeds", "3", "--record") == 0
    recorded = json.loads((chapters / "record").read_text())
    assert len(recorded) == 1 and sorted(recorded[0]["values"]) == [1, 2, 3]
    assert "01_good, seed 2: ok" in capsys.readouterr().out


def test_runs_behind_a_median_add_up_over_seeds():
    one = {"id": "99-a", "values": [4.0], "data": "toy", "tier": "quick", "device": "cpu", "runs": 20}
    other = {**one, "id": "99-b", "runs": 0}
    assert references.pooled([one, other, {**one, "values": [6.0]}, other]) == [
        {**one, "values": [4.0, 6.0], "runs": 40}, {**other, "values": [4.0, 4.0]}]
    assert one["values"] == [4.0], "what was handed in is left alone"


def test_results_are_kept_and_can_be_recorded_later(chapters, capsys):
    kept = chapters / "kept.jsonl"
    assert run("01", "02", "--tier", "quick", "--record", "--results", str(kept)) == 1  # 02 fails
    assert not (chapters / "record").exists() and len(kept.read_text().splitlines()) == 1
    assert run("--from", str(kept), "--record") == 0
    assert json.loads((chapters / "record").read_text())[0]["values"] == [3]
    with pytest.raises(Trouble, match="holds no measured values"):
        run("--from", str(chapters / "absent"))


def test_a_saved_or_printed_page_shows_one_run():
    with pytest.raises(SystemExit):
        launcher.main(["run", "01", "--seeds", "2", "--save"])


def test_a_line_cut_off_by_a_crash_is_left_out(tmp_path):
    (tmp_path / "r").write_text('{"id": "a"}\n{"id": ')
    assert runner.read_results(tmp_path / "r") == [{"id": "a"}]
    assert runner.read_results(tmp_path / "absent") == []


def test_a_file_that_is_no_notebook_is_a_failure(chapters, capsys):
    (chapters / "04_broken.ipynb").write_text("{")
    assert run("04") == 1 and "04_broken: FAILED" in capsys.readouterr().out


STOP = """import pathlib, sys
from utils import __main__, runner
choose, folder = runner.choose, pathlib.Path(sys.argv[1])
runner.choose = lambda wanted: choose(wanted, folder)
sys.exit(runner.run(__main__.parser().parse_args(["run", "--jobs", "2"])))"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_prints_what_is_done_and_ends_the_kernels(tmp_path):
    pid = tmp_path / "pid"
    slow = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    for name, source in (("01_fast", "1"), ("02_slow", slow)):
        nbformat.write(new_notebook(cells=[new_code_cell(source, id="a")]), tmp_path / f"{name}.ipynb")
    with subprocess.Popen([sys.executable, "-c", STOP, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)) as process:
        seen = ""
        while "01_fast: ok" not in seen:
            seen += process.stdout.readline()
        while not (pid.exists() and pid.read_text()):  # on a busy machine the slow one starts later
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    assert process.returncode == 130 and "Stopped: 1 of 2 chapters are done." in rest
    assert gone(int(pid.read_text()))


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "claims.json"
    write_whole(file, "old\n")

    def full(*_):
        raise OSError("No space left on device")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new\n")
    assert file.read_bytes() == b"old\n" and list(tmp_path.iterdir()) == [file]

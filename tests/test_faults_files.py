"""Faults of the files that a training writes: killed processes, full disks, foreign clocks, two kernels, bad files."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from test_training import task, weights

from utils import checkpoints, files
from utils.data import Batches
from utils.training import fit

ROOT = Path(__file__).resolve().parents[1]
posix = pytest.mark.skipif(os.name == "nt", reason="fork, kill -9 and limits on files are of POSIX")


@pytest.fixture(scope="module")
def found():
    """What tests/fault_process.py saw in a process of its own."""
    command = [sys.executable, "-m", "tests.fault_process"]
    got = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert got.returncode == 0, got.stderr
    return json.loads(got.stdout.splitlines()[-1])


@posix
@pytest.mark.parametrize("place", ["before the writing", "while it is written", "between writing and swap",
                                   "after the swap", "at a random moment"])
def test_a_kill_costs_no_checkpoint(found, place):
    outcomes = found["kills"]["kills"][place]
    assert set(outcomes) == {"whole"} and outcomes["whole"] >= 2


@posix
def test_killed_trainings_end_like_one_that_nobody_killed(found):
    assert found["kills"]["equal"] >= 3 and found["kills"]["different"] == 0


@posix
def test_what_killed_trainings_left_is_swept_away(found):
    assert found["kills"]["left"] > 0 == found["kills"]["left at the end"]


@posix
def test_two_kernels_with_one_checkpoint_never_leave_half_a_file(found):
    assert found["two"]["same"] and found["two"]["reads"] > 3 and found["two"]["left"] == 0


@posix
def test_a_full_disk_keeps_the_checkpoint_of_before(found):
    epochs, printed = found["disk"]["checkpoint"]
    assert epochs == 2 and found["disk"]["unchanged"] and found["disk"]["files"] == ["progress.jsonl", "run.pt"]
    assert "run.pt could not be written (File too large); training goes on. Free some space" in printed


@posix
def test_a_full_disk_costs_a_finished_training_nothing(found):
    epochs, printed = found["disk"]["states"]
    assert epochs == 2 and "could not be kept" in printed and "COURSE_STATES names another folder" in printed


@posix
def test_a_full_disk_costs_the_progress_a_line(found):
    assert "(File too large); COURSE_PROGRESS names another file" in found["disk"]["progress"]


def trained(file, epochs=2):
    model, data, step = task()
    history = fit(model, Batches(data, 16), step, epochs=epochs, checkpoint=file, quiet=True)
    return weights(model), history


def test_the_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    done, sync, swap = [], os.fsync, os.replace
    monkeypatch.setattr(files.os, "fsync", lambda number: (sync(number), done.append(os.fstat(number).st_size)))
    monkeypatch.setattr(files.os, "replace", lambda *names: (swap(*names), done.append("swap")))
    trained(tmp_path / "run.pt", epochs=1)
    assert done == [(tmp_path / "run.pt").stat().st_size, "swap"]


def test_a_checkpoint_below_a_file_costs_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    _, history = trained(tmp_path / "file" / "run.pt")
    assert history.epochs == 2
    printed = capsys.readouterr().out
    assert "could not be written" in printed and "or give checkpoint= a file elsewhere" in printed


def test_a_folder_that_may_not_be_changed(tmp_path, monkeypatch, capsys):
    file = tmp_path / "run.pt"
    trained(file, epochs=1)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(files.os, "replace", refuse)
    _, history = trained(file)
    assert history.epochs == 2 and list(tmp_path.iterdir()) == [file]
    assert "could not be written (cannot be replaced: it is write-protected" in capsys.readouterr().out
    file.write_bytes(b"rubbish")
    assert trained(file)[1].epochs == 2
    assert "cannot be read" in (printed := capsys.readouterr().out) and "nor set aside (cannot be replaced" in printed


@pytest.mark.parametrize("content", [torch.zeros(3), {"weights": torch.zeros(3)}], ids=["tensor", "dict"])
def test_another_file_of_torch_is_no_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "run.pt")
    before = (tmp_path / "run.pt").read_bytes()
    with pytest.raises(ValueError, match="no checkpoint of fit. Give another name"):
        trained(tmp_path / "run.pt")
    assert (tmp_path / "run.pt").read_bytes() == before


def test_the_sweep_spares_what_may_be_in_use_and_what_is_not_ours(tmp_path):
    old = time.time() - 2 * files.STALE
    kept = ["run.pt", "other.pt.7.tmp", "run.pt.mine.tmp", "run.tmp", "run.pt.9.tmp"]
    for name in [*kept, "run.pt.7.tmp", "run.pt.8.tmp"]:
        (tmp_path / name).write_bytes(b"1")
        os.utime(tmp_path / name, (old, old))
    os.utime(tmp_path / "run.pt.9.tmp")  # another kernel is writing it
    os.utime(tmp_path / "run.pt.8.tmp", (old + 9 * files.STALE, old + 9 * files.STALE))  # by a clock that was fast
    files.sweep(tmp_path / "run.pt")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


class Backwards:
    """A clock that goes an hour back at every look."""

    def __init__(self):
        self.now = 2e9

    def __call__(self):
        self.now -= 3600
        return self.now


def test_a_clock_that_goes_backwards_changes_nothing(tmp_path, monkeypatch):
    expected, whole = trained(tmp_path / "whole.pt", epochs=4)
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    monkeypatch.setattr(time, "time", Backwards())
    trained(tmp_path / "run.pt")
    again, history = trained(tmp_path / "run.pt", epochs=4)
    assert torch.equal(again, expected) and history.steps == whole.steps and history.seconds >= 0


@posix
def test_another_time_zone_changes_no_progress(tmp_path, monkeypatch):
    from utils import progress
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))
    try:
        for zone, good in (("Pacific/Kiritimati", False), ("Pacific/Pago_Pago", True)):  # 25 hours apart
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            progress.note("claim", "03-sides", good)
    finally:
        monkeypatch.undo()
        time.tzset()
    rows = list(progress.events(tmp_path / "progress.jsonl"))
    assert [row["good"] for row in rows] == [False, True] and rows[0]["when"] <= rows[1]["when"]
    assert all(row["when"].endswith("+00:00") for row in rows)

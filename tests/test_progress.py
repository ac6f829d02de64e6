"""Progress: one file that only grows, that no crash can spoil, and that never leaves the machine."""
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import Namespace

import pytest

from utils import progress
from utils.progress import done, events, line, note, so_far


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    path = tmp_path / "a folder" / "progress.jsonl"
    monkeypatch.setenv("COURSE_PROGRESS", str(path))
    return path


def test_what_is_noted_is_counted(kept, capsys):
    note("exercise", "03.1", True)
    note("exercise", "03.1", True)  # solved twice is solved once
    note("exercise", "04.1", True)
    note("claim", "03-sides", True)
    note("claim", "03-sides", False)  # the last measurement counts
    note("claim", "03-other", True)
    note("question", "03.q1", False)
    note("question", "03.q1", True)  # the first answer counts
    note("question", "03.q2", True)
    assert done("03") == {"exercise": 1, "claim": 1, "question": 1} and done("05") == dict.fromkeys(done("03"), 0)
    so_far("03")
    printed = capsys.readouterr().out
    assert printed.startswith("here: chapter 03: 1 of ") and "1 of 5 questions right at the first try" in printed


def test_every_cut_costs_the_last_line_at_most(kept):
    for k in range(3):
        note("exercise", f"03.{k}", True)
    whole = kept.read_bytes()
    for end in range(len(whole) + 1):
        kept.write_bytes(whole[:end])
        before = [row["name"] for row in events()]
        assert before == [f"03.{k}" for k in range(len(before))] and len(before) >= whole[:end].count(b"\n")
        note("exercise", "03.9", True)
        assert [row["name"] for row in events()] == [*before, "03.9"]


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\x00", b"[]\n", b'{"kind": "exercise"}\n', b"null\n3\n", b"\n\n"])
def test_rubbish_in_the_file_is_passed_over(kept, rubbish):
    note("exercise", "03.1", True)
    with open(kept, "ab") as file:
        file.write(rubbish)
    note("exercise", "03.2", True)
    assert done("03")["exercise"] == 2


def write_many(name):
    for k in range(50):
        note("exercise", f"{name}.{k}", True)


def test_kernels_that_write_at_the_same_time_lose_nothing(kept):
    workers = [multiprocessing.get_context("spawn").Process(target=write_many, args=(name,)) for name in ("03", "04")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert done("03")["exercise"] == done("04")["exercise"] == 50


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_a_killed_kernel_leaves_a_file_that_can_be_read(kept):
    code = "from utils.progress import note\nk = 0\nwhile True:\n    note('exercise', f'03.{k}', True)\n    k += 1"
    child = subprocess.Popen([sys.executable, "-c", code])
    while len(list(events())) < 20:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    numbers = [int(row["name"].partition(".")[2]) for row in events()]
    assert numbers == list(range(len(numbers))) and len(numbers) >= 20


def test_a_place_that_cannot_be_written_stops_nothing(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.jsonl"))
    note("exercise", "03.1", True)
    assert "progress could not be kept" in capsys.readouterr().out and done("03")["exercise"] == 0


def test_nothing_leaves_the_machine(monkeypatch):
    def refuse(*_):
        raise AssertionError("progress opened a connection")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    note("exercise", "03.1", True)
    assert done("03")["exercise"] == 1


def test_bad_names_are_refused():
    with pytest.raises(ValueError, match="exercise, claim, question, not 'chapter'"):
        note("chapter", "03", True)
    with pytest.raises(KeyError, match="'12'.*00 to 09"):
        line("12")


def test_the_command_prints_a_line_a_chapter_and_forgets(kept, capsys):
    note("exercise", "03.1", True)
    assert progress.run(Namespace(forget=False)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [row[:2] for row in lines[:10]] == list(progress.CHAPTERS) and str(kept) in lines[10]
    assert lines[3].startswith("03: 1 of")
    assert progress.run(Namespace(forget=True)) == 0 and not kept.exists()
    assert progress.run(Namespace(forget=True)) == 0


def test_lines_are_plain_json(kept):
    note("claim", "03-sides", True)
    row = json.loads(kept.read_text())
    assert set(row) == {"when", "kind", "name", "good"} and row["when"].endswith("+00:00")

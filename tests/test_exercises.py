"""Exercises: every check accepts what is right and names what is wrong; none ever raises."""
import numpy as np
import pytest
import torch
from torch import nn

from utils import exercises, progress
from utils.exercises import Exercise, as_number, attempt, bank, called, find, hint, judge, solution


def check_fourteen(answer):
    if answer != 14:
        raise AssertionError("it is not thirteen.")


def check_double(double):
    assert called(double, 3) == 6, "double(3) should be 6"


@pytest.fixture
def one(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.setattr(exercises, "_BANK", {})
    monkeypatch.setattr(exercises, "_RUNGS", {})
    monkeypatch.setattr(exercises.importlib, "import_module", lambda name: None)
    bank(Exercise("99.1", "build", 5, "easy", lambda x: 2 * x, check_double, ["twice", "2 * x"],
                  "Twice is plus itself."))


def test_the_three_answers(one, capsys):
    mine = lambda x: x + x  # noqa: E731
    assert attempt("99.1", mine) is mine
    assert "Exercise 99.1: passed.\nTwice is" in capsys.readouterr().out
    assert attempt("99.1", lambda x: ...)(4) == 8
    assert "not done yet. Stuck? hint" in capsys.readouterr().out.replace("\n", " ")
    assert attempt("99.1", lambda x: x)(4) == 8
    assert "not right yet. double(3) should be 6" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [..., None])
def test_what_was_delivered_is_not_done_yet(one, answer):
    assert judge(find("99.1"), answer) == ("not done yet", "")


@pytest.mark.parametrize("answer", [3, "two", lambda: 1, lambda x: 1 / 0, lambda x: {}["key"]])
def test_no_answer_can_stop_the_notebook(one, answer):
    state, message = judge(find("99.1"), answer)
    assert state == "not right yet" and "it raised" in message


def test_hints_come_one_rung_at_a_time(one, capsys):
    for _ in range(3):
        hint("99.1")
    last = 'Hint 2 of 2: 2 * x\nThat was the last hint; solution("99.1") shows an answer and explains it.\n'
    assert capsys.readouterr().out == "Hint 1 of 2: twice\n" + 2 * last
    solution("99.1")
    assert "lambda x: 2 * x" in capsys.readouterr().out


def test_a_prediction_gives_nothing_away(one, capsys):
    bank(Exercise("99.3", "predict", 2, "easy", 14, check_fourteen, ["7 + 7"], "Fourteen."))
    assert attempt("99.3", ...) is ... and attempt("99.3", 13) == 13
    assert "14" not in capsys.readouterr().out
    assert attempt("99.3", 14) == 14 and "passed" in capsys.readouterr().out


def test_what_passed_is_kept_as_progress(one):
    attempt("99.1", lambda x: x)
    assert not list(progress.events())
    attempt("99.1", lambda x: x + x)
    assert [row["name"] for row in progress.events()] == ["99.1"]


def test_answers_are_called_on_the_device_and_compared_on_the_cpu(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "meta")
    seen = []
    answer = called(lambda batch, parts: seen.append((batch.device.type, parts[0].device.type)) or 3,
                    torch.ones(2), [torch.ones(2)])
    assert seen == [("meta", "meta")] and answer == 3
    assert exercises.moved({"weights": torch.ones(2)}, "meta")["weights"].device.type == "meta"
    assert exercises.moved(nn.Linear(2, 2), "meta").weight.device.type == "meta"


def test_an_answer_that_makes_tensors_on_the_cpu_is_called_there(monkeypatch):
    monkeypatch.setenv("COURSE_DEVICE", "meta")
    seen = []
    def mixed(batch):
        seen.append(batch.device.type)
        if batch.device.type != "cpu":
            raise RuntimeError("Expected all tensors to be on the same device")
        return batch + torch.zeros(2)
    assert called(mixed, torch.ones(2)).tolist() == [1, 1] and seen == ["meta", "cpu"]


@pytest.mark.parametrize("answer", [4, 4.0, np.int64(4), np.float32(4), torch.tensor(4)])
def test_a_number_in_any_type(answer):
    assert as_number(answer) == 4.0


@pytest.mark.parametrize("answer", ["four", True, [4], torch.ones(2), object()])
def test_what_is_no_number_is_said(answer):
    with pytest.raises(AssertionError, match="one number; this is"):
        as_number(answer)


def test_a_class_can_keep_the_solutions_back(one, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_SOLUTIONS", "0")
    solution("99.1")
    printed = capsys.readouterr().out
    assert "closed here" in printed and "2 * x" not in printed


def test_unknown_numbers_and_kinds_are_named(one, monkeypatch):
    with pytest.raises(KeyError, match="chapter 99 has 99.1"):
        find("99.7")
    with pytest.raises(ValueError, match="predict, change, build, not 'guess'"):
        bank(Exercise("99.2", "guess", 5, "easy", 1, print, [], ""))
    with pytest.raises(ValueError, match="easy, medium, hard, not 'cruel'"):
        bank(Exercise("99.2", "build", 5, "cruel", 1, print, [], ""))
    monkeypatch.undo()
    with pytest.raises(KeyError, match="no chapter '98'"):
        find("98.1")

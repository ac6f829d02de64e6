"""Every exercise of every chapter: right answers pass, wrong ones are told their mistake."""
import ast
import importlib
from pathlib import Path

import pytest

from utils import exercises
from utils.exercises import KINDS, judge

BANKS = sorted((Path(__file__).parents[1] / "utils" / "solutions").glob("chapter_*.py"))
for file in BANKS:
    importlib.import_module(f"utils.solutions.{file.stem}")
ALL = [one for number, one in sorted(exercises._BANK.items()) if not number.startswith("99")]
RIGHT = [(one, answer) for one in ALL for answer in [one.reference, *one.right]]
WRONG = [(one, answer, words) for one in ALL for answer, words in one.wrong]


def name(value):
    return value.id if isinstance(value, exercises.Exercise) else ""


@pytest.mark.parametrize("one, answer", RIGHT, ids=name)
def test_right_answers_pass(one, answer):
    assert judge(one, answer) == ("passed", "")


@pytest.mark.parametrize("one, answer, words", WRONG, ids=name)
def test_wrong_answers_are_told_their_mistake(one, answer, words):
    state, message = judge(one, answer)
    assert state == "not right yet" and words in message


@pytest.mark.parametrize("one", ALL, ids=name)
def test_each_exercise_is_whole(one):
    assert len(one.wrong) >= 2 and one.right and one.hints and one.explanation and 1 <= one.minutes <= 60
    assert judge(one, ...) == ("not done yet", "")
    if callable(one.reference):
        assert judge(one, lambda *arguments: ...)[0] == "not done yet"


@pytest.mark.parametrize("chapter", sorted({one.id[:2] for one in ALL}))
def test_a_chapter_has_exercises_of_all_three_kinds(chapter):
    kinds = [one.kind for one in ALL if one.id[:2] == chapter]
    assert set(kinds) == set(KINDS) and 3 <= len(kinds)


@pytest.mark.parametrize("file", BANKS, ids=lambda file: file.stem)
def test_no_bank_needs_another_chapter(file):
    """An exercise is judged by its own module, the shared tools and libraries; no chapter's code is read."""
    found = {name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
             for name in ([node.module] if isinstance(node, ast.ImportFrom) else
                          [alias.name for alias in node.names] if isinstance(node, ast.Import) else [])}
    assert not [name for name in found if "solutions" in name or "chapters" in name or "definitions" in name]
    assert {name for name in found if name.startswith("utils")} <= {"utils.exercises", "utils.device"}

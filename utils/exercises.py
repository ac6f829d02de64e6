"""Exercises that check themselves: they speak, never raise, and never stop a notebook.

A chapter's bank is utils/solutions/chapter_NN.py; it is read when the first of its exercises
is attempted. Nothing of it is shown before the learner asks for a hint or the solution.
"""
import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KINDS = ("predict", "change", "build")
_BANK: dict[str, "Exercise"] = {}
_RUNGS: dict[str, int] = {}  # how many hints each exercise has shown


class NotDone(Exception):
    """The answer is still the `...` that the chapter was delivered with."""


@dataclass
class Exercise:
    """One exercise. id: "NN.k". check(answer) raises AssertionError that names the mistake.

    hints: a ladder, shown one rung at a time. right: other answers that must pass.
    wrong: (answer, words) pairs that must be refused with a message holding these words.
    """

    id: str
    kind: str
    minutes: int
    reference: Any
    check: Callable[[Any], None]
    hints: list[str]
    explanation: str
    wrong: list[tuple[Any, str]] = field(default_factory=list)
    right: list[Any] = field(default_factory=list)


def bank(exercise: Exercise) -> None:
    """Add an exercise to the bank. Raises ValueError for a kind that the course does not have."""
    if exercise.kind not in KINDS:
        raise ValueError(f"An exercise is of kind {', '.join(KINDS)}, not {exercise.kind!r}.")
    _BANK[exercise.id] = exercise


def find(number: str) -> Exercise:
    """The exercise "NN.k". Raises KeyError, with the ones there are, for another number."""
    chapter = str(number).partition(".")[0]
    try:
        importlib.import_module(f"utils.solutions.chapter_{chapter}")
    except ModuleNotFoundError as error:
        raise KeyError(f"There is no chapter {chapter!r} with exercises.") from error
    if number not in _BANK:
        known = [other for other in _BANK if other.startswith(f"{chapter}.")]
        raise KeyError(f"There is no exercise {number!r}; chapter {chapter} has {', '.join(known)}.")
    return _BANK[number]


def called(function: Callable, *arguments: Any) -> Any:
    """Call a learner's function; a body that is still `...` or `pass` counts as not done."""
    answer = function(*arguments)
    if answer is None or answer is Ellipsis:
        raise NotDone
    return answer


def judge(exercise: Exercise, answer: Any) -> tuple[str, str]:
    """("passed" | "not done yet" | "not right yet", message). Never raises."""
    if answer is None or answer is Ellipsis:
        return "not done yet", ""
    try:
        exercise.check(answer)
    except (NotDone, NotImplementedError):
        return "not done yet", ""
    except AssertionError as error:
        return "not right yet", str(error) or "the result differs from what was asked."
    except Exception as error:  # whatever a learner's code raises is an answer too
        return "not right yet", f"it raised {type(error).__name__}: {error}"
    return "passed", ""


def attempt(number: str, answer: Any) -> Any:
    """Check an answer at once and say how it went.

    Returns the learner's answer when it is right, else the course's own, so that the cells
    below run on. Raises KeyError for a number that does not exist.
    """
    exercise = find(number)
    state, message = judge(exercise, answer)
    print(f"Exercise {number}: {state}." + (f" {message}" if message else ""))
    if state == "passed":
        print(exercise.explanation)
        return answer
    print(f'Stuck? hint("{number}") helps a little, solution("{number}") shows it. '
          "The cells below use the course's own answer until yours passes.")
    return exercise.reference


def hint(number: str) -> None:
    """Print the next rung of the exercise's ladder of hints."""
    exercise = find(number)
    rung = min(_RUNGS.get(number, 0), len(exercise.hints) - 1)
    _RUNGS[number] = rung + 1
    print(f"Hint {rung + 1} of {len(exercise.hints)}: {exercise.hints[rung]}")


def solution(number: str) -> None:
    """Print the course's own answer, with its explanation."""
    exercise = find(number)
    answer = exercise.reference
    print(inspect.getsource(answer).rstrip() if callable(answer) else repr(answer))
    print(exercise.explanation)

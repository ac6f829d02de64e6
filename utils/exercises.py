"""Exercises that check themselves: they speak, never raise, and never stop a notebook.

A chapter's bank is utils/solutions/chapter_NN.py; it is read when the first of its exercises
is attempted. Nothing of it is shown before the learner asks for a hint or the solution.
"""
import importlib
import inspect
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from utils import progress
from utils.arguments import instance, shown

KINDS = ("predict", "change", "build")
LEVELS = ("easy", "medium", "hard")
_BANK: dict[str, "Exercise"] = {}
_RUNGS: dict[str, int] = {}  # how many hints each exercise has shown


class NotDone(Exception):
    """The answer is still the `...` that the chapter was delivered with."""


@dataclass
class Exercise:
    """One exercise. id: "NN.k". check(answer) raises AssertionError that names the mistake.

    kind: predict, change or build. minutes: 1 to 60. level: easy, medium or hard.
    hints: a ladder, shown one rung at a time. right: other answers that must pass.
    wrong: (answer, words) pairs that must be refused with a message holding these words.
    """

    id: str
    kind: str
    minutes: int
    level: str
    reference: Any
    check: Callable[[Any], None]
    hints: list[str]
    explanation: str
    wrong: list[tuple[Any, str]] = field(default_factory=list)
    right: list[Any] = field(default_factory=list)


def bank(exercise: Exercise) -> None:
    """Add an exercise to the bank. Raises ValueError for a kind or level that the course does not have."""
    instance("exercise", exercise, Exercise, "an Exercise")
    if exercise.kind not in KINDS:
        raise ValueError(f"An exercise is of kind {', '.join(KINDS)}, not {exercise.kind!r}.")
    if exercise.level not in LEVELS:
        raise ValueError(f"An exercise is {', '.join(LEVELS)}, not {exercise.level!r}.")
    _BANK[exercise.id] = exercise


def of_chapter(chapter: str) -> list[Exercise]:
    """The exercises of a chapter, "00" to "09", in their order. Raises KeyError for another chapter."""
    try:
        if not isinstance(chapter, str) or not re.fullmatch("[0-9]{2}", chapter):
            raise ModuleNotFoundError
        importlib.import_module(f"utils.solutions.chapter_{chapter}")
    except ModuleNotFoundError as error:
        raise KeyError(f"There is no chapter {shown(chapter)} with exercises.") from error
    return [_BANK[name] for name in sorted(_BANK) if name.startswith(f"{chapter}.")]


def find(number: str) -> Exercise:
    """The exercise "NN.k". Raises KeyError, with the ones there are, for another number."""
    chapter = number.partition(".")[0] if isinstance(number, str) else ""
    if not chapter:
        raise KeyError(f"There is no exercise {shown(number)}; its number is a text such as '01.1'.")
    known = {exercise.id: exercise for exercise in of_chapter(chapter)}
    if number not in known:
        raise KeyError(f"There is no exercise {number!r}; chapter {chapter} has {', '.join(known)}.")
    return known[number]


def called(function: Callable, *arguments: Any) -> Any:
    """Call a learner's function on this run's device; what it returns comes back on the CPU.

    A function that makes tensors of its own on the CPU is right too: it is called again, there.
    A body that is still `...` or `pass` counts as not done.
    """
    from utils.device import lab
    try:
        answer = function(*moved(arguments, lab.device))
    except RuntimeError:
        if lab.device.type == "cpu":
            raise
        answer = function(*moved(arguments, "cpu"))
    if answer is None or answer is Ellipsis:
        raise NotDone
    return moved(answer, "cpu")


def moved(thing: Any, device: Any) -> Any:
    """A tensor, a module, or a tuple, list or dict of such, on a device; other things as they are."""
    if isinstance(thing, tuple | list):
        parts = [moved(part, device) for part in thing]
        return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)
    if isinstance(thing, dict):
        return {name: moved(part, device) for name, part in thing.items()}
    return thing.to(device) if hasattr(thing, "to") and hasattr(thing, "requires_grad_") else thing


def as_number(answer: Any) -> float:
    """A prediction as a float: any real number, of numpy or torch too. Raises AssertionError for what is none."""
    word = isinstance(answer, bool | str) or getattr(answer, "ndim", 0)
    assert not word and hasattr(answer, "__float__"), f"The answer is one number; this is {type(answer).__name__}."
    return float(answer)


def judge(exercise: Exercise, answer: Any) -> tuple[str, str]:
    """("passed" | "not done yet" | "not right yet", message). Never raises."""
    if answer is None or answer is Ellipsis:
        return "not done yet", ""
    try:
        exercise.check(moved(answer, "cpu") if exercise.kind == "predict" else answer)
    except (NotDone, NotImplementedError):
        return "not done yet", ""
    except AssertionError as error:
        return "not right yet", str(error) or "the result differs from what was asked."
    except Exception as error:  # whatever a learner's code raises is an answer too
        return "not right yet", f"it raised {type(error).__name__}: {error}"
    return "passed", ""


def attempt(number: str, answer: Any) -> Any:
    """Check an answer at once and say how it went.

    Returns the learner's answer when it is right. Else a change or a build gives the course's own,
    so that the cells below run on; a prediction comes back as it was, so that nothing is given away.
    Raises KeyError for a number that does not exist.
    """
    exercise = find(number)
    state, message = judge(exercise, answer)
    print(f"Exercise {number}: {state}." + (f" {message}" if message else ""))
    if state == "passed":
        print(exercise.explanation)
        progress.note("exercise", number, True)
        return answer
    stuck = f'Stuck? hint("{number}") helps a little, solution("{number}") shows it.'
    if exercise.kind == "predict":
        print(stuck)
        return answer
    print(f"{stuck}\nUntil yours passes, what follows uses the course's own answer.")
    return exercise.reference


def hint(number: str) -> None:
    """Print the next rung of the exercise's ladder of hints; above the last one stands the solution."""
    exercise = find(number)
    rung = min(_RUNGS.get(number, 0), len(exercise.hints) - 1)
    _RUNGS[number] = rung + 1
    print(f"Hint {rung + 1} of {len(exercise.hints)}: {exercise.hints[rung]}")
    if rung + 1 == len(exercise.hints):
        print(f'That was the last hint; solution("{number}") shows an answer and explains it.')


def solution(number: str) -> None:
    """Print the course's own answer, with its explanation; COURSE_SOLUTIONS=0, set for a class, keeps it back."""
    exercise = find(number)
    if os.environ.get("COURSE_SOLUTIONS") == "0":
        print(f'The solutions are closed here (COURSE_SOLUTIONS=0). hint("{number}") still helps.')
        return
    print(written(exercise.reference))
    print(exercise.explanation)


def written(answer: Any) -> str:
    """An answer as a learner would write it: the source of a function or class, or a value."""
    return inspect.getsource(answer).rstrip() if callable(answer) else repr(answer)

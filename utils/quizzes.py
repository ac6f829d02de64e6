"""The five questions at the end of a chapter, read from assets/quizzes/NN.toml.

Every option carries an explanation, the right one and the wrong ones alike. The notebook shows
an explanation only after its option was chosen.
"""
import tomllib
from dataclasses import dataclass
from pathlib import Path

from utils.arguments import shown

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "quizzes"


@dataclass(frozen=True)
class Option:
    """One possible answer. why: what is right or wrong about it, shown once it is chosen."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """One question with its options, of which exactly one is right. id: "NN.qk"."""

    id: str
    ask: str
    options: tuple[Option, ...]


def questions(chapter: str) -> list[Question]:
    """A chapter's questions in order. Raises KeyError for a chapter without, ValueError for a faulty file."""
    path = next((file for file in FOLDER.glob("*.toml") if isinstance(chapter, str) and file.stem == chapter), None)
    if not path:
        raise KeyError(f"There are no questions for chapter {shown(chapter)}.")
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
        found = [Question(f"{chapter}.q{k}", row["ask"], tuple(Option(**option) for option in row["option"]))
                 for k, row in enumerate(rows, 1)]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name} is not a file of questions: {error}.") from error
    for question in found:
        if sum(option.right for option in question.options) != 1:
            raise ValueError(f"{path.name}: {question.ask!r} needs exactly one right option.")
    return found

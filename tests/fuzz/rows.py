"""What is known of a function: strategies of valid arguments, values to refuse, and what a refusal must look like."""
import ast
import contextlib
import functools
import io
import os
import pathlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import matplotlib
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

matplotlib.use("Agg")
ROOT = pathlib.Path(__file__).resolve().parents[2]
UTILS = ROOT / "utils"
EXAMPLES = int(os.environ.get("COURSE_FUZZ", "0"))
QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck),
         "phases": (Phase.generate, Phase.shrink)}


def profile(examples: int) -> settings:
    """The suite's settings, or with COURSE_FUZZ=N those of N examples by chance."""
    return settings(max_examples=EXAMPLES or examples, derandomize=not EXAMPLES, **QUIET)


@dataclass(frozen=True)
class Row:
    """One public function.

    valid: by argument a strategy, or a plain value that stays as it is; "*" holds positional arguments.
    wrong: by argument the values that must be refused. words: other words by which a refusal may name the argument
    (the function's own name always may). raises: the module's own exceptions. inner: its callers have checked what it
    gets, and say so here; then junk is not tried. safe: arguments that junk is not tried on, such as the learner's
    own objects. name: where the function is not found under its own, for methods and calls through a helper.
    """

    function: Callable
    valid: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, list] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    raises: tuple[type, ...] = ()
    inner: str = ""
    safe: tuple[str, ...] = ()
    name: str = ""
    few: bool = False  # slow: a few examples will do in the suite

    @property
    def title(self) -> str:
        """ "data.cards.signs": where the function stands in utils."""
        return self.name or f"{self.function.__module__.removeprefix('utils.')}.{self.function.__qualname__}"

    def arguments(self) -> st.SearchStrategy:
        """A strategy of whole sets of valid arguments."""
        return st.fixed_dictionaries({name: value if isinstance(value, st.SearchStrategy) else st.just(value)
                                      for name, value in self.valid.items()})

    def call(self, arguments: dict[str, Any]) -> Any:
        """Call it, with what it prints kept from the screen; lazy answers are drawn to their end."""
        arguments = dict(arguments)
        with contextlib.redirect_stdout(io.StringIO()):
            found = self.function(*arguments.pop("*", ()), **arguments)
            return list(found) if hasattr(found, "gi_frame") else found


@functools.cache
def raising_lines(file: str) -> frozenset[int]:
    """The lines of a file's `raise` statements."""
    tree = ast.parse(pathlib.Path(file).read_text(encoding="utf-8"))
    return frozenset(line for node in ast.walk(tree) if isinstance(node, ast.Raise)
                     for line in range(node.lineno, node.end_lineno + 1))


def fault(row: Row, argument: str, error: BaseException) -> str:
    """What is wrong with a refusal, "" for one of the course's own that says which argument and why."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(map(str, error.args))
    told = f"{type(error).__name__} at {pathlib.Path(last.filename).name}:{last.lineno}: {said[:200]}"
    if not isinstance(error, (TypeError, ValueError, *row.raises)):
        return f"not an error of the course: {told}"
    if not pathlib.Path(last.filename).is_relative_to(UTILS) or last.lineno not in raising_lines(last.filename):
        return f"nobody checked: {told}"
    own = row.title.rsplit(".", 1)[-1]
    if len(said.split()) < 4 or not any(word in said for word in (argument, f"{own}()", own, *row.words)):
        return f"it does not say which argument is wrong: {told}"
    return ""


def outcome(row: Row, argument: str, arguments: dict) -> tuple[bool, str]:
    """Whether a call was refused, and what is wrong with the refusal."""
    try:
        row.call(arguments)
    except Exception as error:
        return True, fault(row, argument, error)
    return False, ""

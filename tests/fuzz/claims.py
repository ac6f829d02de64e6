"""utils.claims, exercises, progress, references, reports: what was measured, answered and shown of it."""
import pathlib
import tempfile

import nbformat
import numpy as np
import torch
from hypothesis import strategies as st

from utils import claims, exercises, one_task, progress, readme, references, report, rooms, slides, teaching
from utils.data import Split

from .rows import Row
from .training import LEAF, TREE
from .values import NOT_TEXT, NUMBERS, WORDS

CLAIMS, CHAPTERS = claims.claims(), st.integers(0, 9).map("{:02}".format)
EXERCISES = [one for chapter in range(10) for one in exercises.of_chapter(f"{chapter:02}")]
NUMBERS_OF = st.sampled_from([one.id for one in EXERCISES])
NOT_CHAPTER = ["77", "", "1", "../01", "\0", "a" * 300, None, 3, ["01"], "01.x"]
NOT_EXERCISE = ["77.1", "01.99", "01", "", "\0.1", None, 1.1, ["01.1"], "a" * 300]
FINITE = st.floats(-1e9, 1e9) | st.integers(-10**6, 10**6)
RUNS = st.lists(FINITE, min_size=1, max_size=4).map(lambda values: claims.Run(values, "MNIST", "quick", "cpu"))
ONE, CLAIM = {"one": st.sampled_from(CLAIMS), "run": RUNS}, {"one": st.sampled_from(CLAIMS)}
MEASURED = (FINITE | NUMBERS.map(torch.tensor) | NUMBERS.map(np.float32) | NUMBERS.map(np.array)
            | st.lists(NUMBERS, min_size=1, max_size=4) | st.lists(NUMBERS.map(torch.tensor), min_size=1, max_size=3)
            | st.lists(NUMBERS, min_size=1).map(torch.tensor))
RESULT = {"id": CLAIMS[0].id, "values": [1.0], "data": "MNIST", "tier": "quick", "device": "cpu"}
RESULTS = st.lists(st.sampled_from(CLAIMS).map(lambda one: RESULT | {"id": one.id}), max_size=4)
TABLE = st.lists(st.fixed_dictionaries({"chapter": CHAPTERS, "verdict": st.text(), "ok": st.booleans()}), max_size=3)
DIGITS = {"model": "a", "chapter": "01", "year": 1958, "errors": [3.0], "parameters": 9, "seconds": 1.0,
    "data": "MNIST"}
BOOK = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A\n\nOne sentence. Two."),
                                       nbformat.v4.new_code_cell("def f():\n    return 1")])


def measured(values, data="MNIST", runs=0) -> claims.Claim:
    """A claim that is measured, and forgotten again."""
    try:
        return CLAIMS[0].measured(values, data, runs=runs)
    finally:
        claims._RUNS.clear()


def judged(number: str, answer) -> tuple[str, str]:
    return exercises.judge(exercises.find(number), answer)


def written_report(rows: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report.write_report(pathlib.Path(folder), rows, [("01_a", "it went", "")])


def kept(lines: list) -> list:
    """The events of a file that holds anything."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "progress.jsonl"
        file.write_bytes(b"\n".join(lines))
        return list(progress.events(file)) + [progress.beginning(file)]


ROWS = [
    Row(claims.Run, {"values": st.lists(FINITE, min_size=1), "data": WORDS, "tier": "quick", "device": "cpu"},
        inner="measured"),
    Row(measured, {"values": MEASURED, "data": WORDS, "runs": st.integers(0, 99)},
        {"values": [None, "3", [], ["a"], [None], object(), float("nan"), [float("inf")], torch.empty(0), 1j,
            torch.ones(2, 2)],
         "data": NOT_TEXT, "runs": [None, "3", 0.5, -1, True]}, words=("finite numbers",),
         name="claims.Claim.measured"),
    Row(lambda one: (one.reference, claims.reference(one), claims.paper(one), claims.yours(one)), CLAIM,
        inner="scoreboard",
        name="claims.Claim"),
    Row(claims.machine, {}),
    Row(claims.append_result, {"name": CLAIMS[0].id, "run": RUNS}, inner="measured"),
    Row(claims.claims, {"chapter": st.none() | CHAPTERS}, {"chapter": [c for c in NOT_CHAPTER if c is not None]},
        raises=(KeyError,)),
    Row(claims.claim, {"name": st.sampled_from([one.id for one in CLAIMS])}, {"name": [None, 3, "none", ["a"], "01"]},
        raises=(KeyError,), words=("There is no claim",)),
    Row(claims.scoreboard, {"chapter": CHAPTERS}, {"chapter": NOT_CHAPTER}, raises=(KeyError,)),
    *(Row(one, ONE, inner="scoreboard and run") for one in (claims.holds, claims.alike, claims.measurement,
        references.verdict)),
    *(Row(one, CLAIM, inner="scoreboard") for one in (claims.paper, claims.reference, claims.yours, readme.line)),
    *(Row(one, {"value": FINITE}, inner="scoreboard") for one in (claims.number, claims.decimals, claims.digits)),
    Row(claims.measured, CLAIM | {"mean": FINITE, "spread": st.none() | st.floats(0, 1e9)}, inner="reference"),
    Row(exercises.Exercise, {"id": "01.1", "kind": "build", "minutes": 3, "level": "easy", "reference": 1, "check": len,
                             "hints": [], "explanation": ""}, inner="a record; bank checks it"),
    Row(exercises.bank, {"exercise": st.sampled_from(EXERCISES)}, {"exercise": [None, 3, "text"]},
        name="exercises.bank"),
    Row(exercises.of_chapter, {"chapter": CHAPTERS}, {"chapter": NOT_CHAPTER}, raises=(KeyError,)),
    Row(exercises.find, {"number": NUMBERS_OF}, {"number": NOT_EXERCISE}, raises=(KeyError,), words=("There is no",)),
    Row(exercises.called, {"function": st.sampled_from([lambda: 1, lambda: Split(torch.ones(1), torch.ones(1))])},
        inner="judge"),
    Row(exercises.moved, {"thing": TREE | st.just(Split(torch.ones(1), torch.ones(1))), "device": "cpu"},
        inner="called"),
    Row(exercises.as_number, {"answer": NUMBERS | NUMBERS.map(torch.tensor)},
        inner="the checks, whose refusals are asserts"),
    Row(judged, {"number": NUMBERS_OF, "answer": TREE | st.sampled_from([len, lambda *a: a, dict])},
        {"number": NOT_EXERCISE},
        raises=(KeyError,), safe=("answer",), words=("There is no",), name="exercises.judge"),
    Row(exercises.attempt, {"number": NUMBERS_OF, "answer": LEAF}, {"number": NOT_EXERCISE}, raises=(KeyError,),
        words=("There is no",)),
    *(Row(one, {"number": NUMBERS_OF}, {"number": NOT_EXERCISE}, raises=(KeyError,), words=("There is no",))
      for one in (exercises.hint, exercises.solution)),
    Row(exercises.written, {"answer": st.sampled_from(EXERCISES).map(lambda one: one.reference)}, inner="solution"),
    Row(progress.file, {}), Row(kept, {"lines": st.lists(st.binary() | st.just(b'{"kind": "claim", "name": "a"}'))},
                                inner="whatever a crash left in the file", name="progress.events"),
    Row(progress.note, {"kind": st.sampled_from(progress.KINDS), "name": WORDS, "good": st.booleans()},
        {"kind": ["text", None, 3, ["claim"]], "name": NOT_TEXT, "good": [None, "yes", 3]}, words=("An event",)),
    *(Row(one, {"chapter": CHAPTERS}, {"chapter": NOT_CHAPTER}, raises=(KeyError,))
      for one in (progress.totals, progress.line, progress.so_far)),
    Row(progress.done, {"chapter": CHAPTERS}, inner="line"),
    Row(one_task.digits_result, dict(DIGITS), {"errors": [None, 3, "a", [], [101], [-1], [float("nan")], ["a"]],
                                              "parameters": [None, "3", 0, -1], "seconds": [None, "3", 0, -1,
                                              float("nan")],
                                              "model": NOT_TEXT, "chapter": NOT_TEXT, "year": [None, "1958", 0.5],
                                              "data": NOT_TEXT}),
    Row(one_task.recorded_digits, {"data": st.none() | WORDS, "tier": st.sampled_from([None, "quick", "full"])},
        {"data": [3, b"a"], "tier": [3, "fast"]}),
    Row(one_task.same, {"row": DIGITS | {"tier": "quick"}}, inner="record_digits"),
    Row(one_task.alike, {"results": st.lists(st.just(DIGITS | {"tier": "quick"}))}, inner="record_digits"),
    Row(references.pooled, {"results": RESULTS}, inner="run"), Row(references.table, {"results": RESULTS}, inner="run"),
    Row(report.with_seconds, {"rows": TABLE, "runs": st.lists(st.tuples(CHAPTERS, st.floats(0, 99)))}, inner="run"),
    *(Row(one, {"rows": TABLE}, inner="run") for one in (report.render, report.table)),
    Row(written_report, {"rows": TABLE}, inner="run", name="report.write_report"), Row(report.figures, {"nb": BOOK},
        inner="run"),
    Row(readme.scoreboard, {}), Row(readme.seventy_years, {}), Row(readme.fingerprint, {}),
    Row(readme.block, {"name": "digits", "text": readme.README.read_text(encoding="utf-8")}, {"text": ["", "text"]},
        words=("digits",),
        inner="write_readme"),
    Row(readme.drawn_from, {"picture": st.sampled_from([readme.PICTURE, pathlib.Path("none")])}, inner="write_readme"),
    Row(readme.renewed, {"kind": st.sampled_from(["text/html", "text/plain"]), "lines": st.lists(st.text())},
        inner="write_saved_scoreboards"),
    Row(teaching.chapters, {}), Row(teaching.measured, {}), Row(teaching.overview, {}, few=True),
    *(Row(one, {"chapter": st.sampled_from(["00", "01"])}, {"chapter": NOT_CHAPTER}, raises=(KeyError,), few=True)
      for one in (teaching.sections, teaching.plan)),
    Row(teaching.Section, {"title": WORDS}, inner="sections"), Row(teaching.tables, {}, few=True),
    Row(teaching.put, {"text": "<!-- plan -->\nold<!-- /plan -->", "table": WORDS}, {"text": ["", "no marks"]},
        words=("the page",),
        inner="tables"),
    Row(rooms.measured, {}), Row(rooms.page, {"text": (rooms.FOLDER / "README.md").read_text(encoding="utf-8")},
        inner="main"),
    Row(slides.deck, {"nb": BOOK}, inner="handout"), Row(slides.parts, {"source": st.text()}, inner="deck"),
    Row(slides.text_slide, {"text": st.text(min_size=1)}, inner="deck"), Row(slides.on_the_wall, {"text": st.text()},
        inner="deck"),
    Row(slides.code_slide, {"cell": BOOK.cells[1], "kind": "slide"}, inner="deck"),
]

"""The command line, files, notebooks and addresses: what stands around the chapters."""
import argparse
import contextlib
import io
import pathlib
import tempfile

import nbformat
import numpy as np
import torch
from hypothesis import strategies as st

from utils import (
    __main__,
    address,
    arguments,
    checkpoint_folders,
    checkup,
    exercises,
    files,
    handout,
    install,
    kit,
    notebooks,
    runner,
    serving,
)

from .claims import BOOK
from .rows import Row
from .values import NOT_COUNT, NOT_FUNCTION, NOT_NUMBER, NOT_TEXT, WORDS

NAMES = st.sampled_from(["01_perceptron.ipynb", "00_prologue.ipynb"])
CHAPTER = st.sampled_from(["01", "01_perceptron"])
PART = st.builds(argparse.ArgumentParser)
ANSWER = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="/home/" + "someone/file")])
WORDS_OF = st.sampled_from(["lab", "test", "run", "pretrain", "progress", "doctor", "kit", "handout", "--here",
    "--seeds", "--port",
                            "3", "01", "--minutes", "-x", "--record"]) | WORDS
OUTCOME = runner.Outcome("01_perceptron", 1.0)
OPTIONS = argparse.Namespace(jobs=1, seeds=1, tier=None, save=False, html=None, results=None, states=None, record=False)
EXERCISE = exercises.find("01.1")
ROW = {"bytes": 3, "sha256": "0", "urls": ["https://a.example/b"]}
PATHS = st.uuids().map(lambda name: pathlib.Path(f"{name}.txt"))


def results() -> pathlib.Path:
    """A file that `run --results` kept."""
    file = pathlib.Path("results.jsonl")
    file.write_text('{"id": "01-a"}\n', encoding="utf-8")
    return file


def read_line(words: list) -> None:
    """What a command line means; a wrong one ends with argparse's own sentence."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            __main__.parser().parse_known_args(words)
        except SystemExit as end:
            assert end.code == 0 or "error:" in said.getvalue()


def readdressed(new: str) -> list:
    """A fork's address in a course that holds nothing but it."""
    with tempfile.TemporaryDirectory() as folder:
        toml = (address.ROOT / "pyproject.toml").read_text(encoding="utf-8")
        (pathlib.Path(folder) / "pyproject.toml").write_text(toml, encoding="utf-8")
        return address.readdress(new, pathlib.Path(folder))


def refusing(check):
    """A check of utils.arguments with the name that it puts into its sentence."""
    return lambda value, **options: check("value", value, **options)


CHECKS = [
    Row(refusing(arguments.whole), {"value": st.integers(1, 9), "low": 1, "high": 9}, {"value": [*NOT_COUNT, 10]},
        safe=("low", "high"), name="arguments.whole"),
    Row(refusing(arguments.real), {"value": st.floats(0, 1), "low": 0, "high": 1}, {"value": [*NOT_NUMBER, -1,
        float("nan")]},
        safe=("low", "high"), name="arguments.real"),
    Row(refusing(arguments.positive), {"value": st.floats(1, 9)}, {"value": [*NOT_NUMBER, 0, -1]},
        name="arguments.positive"),
    Row(refusing(arguments.string), {"value": st.text()}, {"value": NOT_TEXT}, name="arguments.string"),
    Row(refusing(arguments.one_of), {"value": "a", "choices": ["a", "b"]}, {"value": [None, "c", 3, ["a"]]},
        safe=("choices",),
        name="arguments.one_of"),
    Row(refusing(arguments.function), {"value": len}, {"value": NOT_FUNCTION}, name="arguments.function"),
    Row(refusing(arguments.flag), {"value": st.booleans() | st.just(np.True_) | st.just(torch.tensor(True))},
        {"value": [None, 0, 1, "yes", torch.tensor([True, False])]}, name="arguments.flag"),
    Row(lambda value: arguments.instance("value", value, dict, "a dict"), {"value": {}}, {"value": [None, 3, []]},
        name="arguments.instance"),
    Row(lambda value: arguments.several("value", value, str, "texts"), {"value": st.lists(st.text()) | st.just(("a",))},
        {"value": [None, 3, "text", [3], {"a": 1}]}, name="arguments.several"),
    Row(lambda value: arguments.shaped("value", value, "N", "N", 3), {"value": st.sampled_from([torch.ones(2, 2, 3),
        np.ones((1, 1, 3))])},
        {"value": [None, [1], torch.ones(2, 3, 3), torch.ones(3)]}, name="arguments.shaped"),
    Row(refusing(arguments.dense), {"value": torch.ones(2)}, {"value": [torch.ones(2, device="meta"),
        torch.eye(2).to_sparse()]},
        name="arguments.dense"),
    *(Row(one, {"value": st.none() | st.text() | st.floats()}) for one in (arguments.as_float, arguments.row_of,
        arguments.is_bool,
                                                                           arguments.shown)),
    Row(arguments.bounds, {"low": st.none() | st.integers(), "high": st.none() | st.integers()},
        inner="whole and real"),
]
ROWS = [
    *CHECKS,
    Row(read_line, {"words": st.lists(WORDS_OF, max_size=5)}, inner="argparse answers", name="__main__.parser"),
    *(Row(one, {"part": PART}, inner="parser") for one in (__main__.installing, __main__.sharing, __main__.handing,
        __main__.running,
                                                           __main__.pretraining)),
    Row(address.repository, {}), Row(address.first_cell, {}),
    *(Row(one, {"notebook_name": NAMES}, {"notebook_name": NOT_TEXT}) for one in (address.colab, address.badge)),
    Row(readdressed, {"new": st.sampled_from(["a/b", "https://github.com/a-b/c.d", "a/b.git"])},
        {"new": [*NOT_TEXT, "", "a", "a/b/c", "https://elsewhere.example/a/b", "-a/b", "a b/c", "a/b\n/c"]},
        words=("OWNER/REPO",), name="address.readdress"),
    Row(files.write_whole, {"path": PATHS, "content": st.text(st.characters(exclude_categories=["Cs"])) | st.binary()},
        {"path": [None, 3, "text"], "content": [None, 3, ["a"]]}),
    Row(checkpoint_folders.load_bert, {"name": st.sampled_from([checkpoint_folders.COURSE_BERT]), "download": False,
                                       "task": st.sampled_from(list(checkpoint_folders.TASKS))},
        {"name": [None, 3, "", "none", "\0", "a" * 300, pathlib.Path("none")], "task": [None, 3, "text", ["fill"]],
         "download": [None, "yes", 3]}, raises=(checkpoint_folders.NoCheckpoint,), few=True,
        words=("could not be loaded", "There is no folder", "lacks")),
    Row(checkpoint_folders.quiet, {}),
    Row(checkpoint_folders.check_kind, {"name": "a", "kind": st.sampled_from(checkpoint_folders.FAMILY)},
        {"kind": [None, "gpt2", 3]},
        raises=(checkpoint_folders.NoCheckpoint,), words=("type",), inner="load_bert"),
    Row(checkpoint_folders.check_fit, {"name": "a", "kind": "bert", "pieces": 100, "rows": 100}, {"rows": [99, 999]},
        raises=(checkpoint_folders.NoCheckpoint,), words=("embeddings",), inner="load_bert"),
    Row(checkpoint_folders.check_folder, {"folder": checkpoint_folders.COURSE_BERT}, {"folder": [pathlib.Path("none"),
        pathlib.Path()]},
        raises=(checkpoint_folders.NoCheckpoint,), words=("folder", "lacks"), inner="load_bert"),
    Row(checkpoint_folders.first_sentence, {"error": st.text().map(ValueError)}, inner="load_bert"),
    Row(checkup.tried, {"check": st.sampled_from([checkup.disk, checkup.memory, lambda: 1 / 0])}, inner="report"),
    Row(checkup.short, {"text": st.text()}, inner="report"),
    *(Row(one, {}) for one in (checkup.python, checkup.packages, checkup.torch_build, checkup.memory, checkup.disk,
        checkup.widgets)),
    Row(checkup.data, {}, few=True),
    Row(runner.choose, {"wanted": st.lists(CHAPTER, max_size=2)}, {"wanted": [["77"], ["\0.ipynb"],
        ["a" * 300 + ".ipynb"], [""]]},
        raises=(install.Trouble,), safe=("wanted",), words=("There is no chapter",)),
    Row(runner.cells, {"path": PATHS}, inner="all_outcomes"), Row(runner.read_results, {"path": PATHS},
        inner="outcome_of"),
    Row(runner.measured_before, {"file": st.builds(results)}, {"file": [pathlib.Path("none")]},
        raises=(install.Trouble,),
        words=("holds no measured",),
        inner="run"),
    Row(runner.environment, {"results": PATHS, "options": OPTIONS, "seed": st.integers(0, 3)}, inner="outcome_of"),
    Row(runner.reason, {"error": st.text().map(ValueError), "nb": st.none() | st.just(BOOK)}, inner="outcome_of"),
    Row(runner.line, {"outcome": OUTCOME}, inner="run"), Row(runner.say, {"text": st.text()}, inner="run"),
    Row(runner.keep_results, {"rows": [{"a": 1}], "file": PATHS}, inner="outcome_of"),
    Row(kit.wanted, {"chapters": st.lists(CHAPTER, max_size=2), "books": st.booleans()}, {"chapters": [["77"], [""],
        ["\0"]]},
        raises=(install.Trouble,), safe=("chapters", "books"), words=("There is no chapter",)),
    Row(kit.functions, {"notebook": handout.ROOT / "chapters" / "01_perceptron.ipynb"}, inner="wanted"),
    Row(kit.is_whole, {"file": PATHS, "row": ROW}, inner="fill"), Row(kit.part_of, {"target": PATHS}, inner="fetch"),
    Row(kit.sha256, {"file": handout.ROOT / "README.md"}, inner="is_whole"),
    Row(handout.student, {"nb": BOOK}, inner="run"), Row(handout.instructor, {"nb": BOOK, "chapter": "01"},
        inner="run"),
    *(Row(one, {"one": EXERCISE}, inner="instructor") for one in (handout.answer, handout.usual_mistakes)),
    Row(handout.key, {"chapter": "01"}, inner="instructor"), Row(handout.write, {"nb": BOOK, "file": PATHS},
        inner="run"),
    Row(handout.bring, {"source": PATHS, "target": PATHS}, inner="run"),
    Row(notebooks.normalise, {"nb": BOOK}, inner="save"), Row(notebooks.problems, {"nb": BOOK}, inner="save"),
    Row(notebooks.texts, {"cell": ANSWER}, inner="problems"),
    Row(notebooks.main, {"arguments": st.lists(WORDS, max_size=1)}, inner="it prints how it is used",
        name="notebooks.main"),
    Row(serving.gather, {"folder": PATHS}, inner="serve"), Row(serving.address, {"host": "127.0.0.1"}, inner="serve"),
    Row(install.numbers, {"text": st.from_regex(r"\d+(\.\d+)*", fullmatch=True)}, inner="satisfies"),
    Row(install.satisfies, {"found": "2.1.3", "least": "2.0"}, inner="missing"), Row(install.missing, {}),
    Row(install.version, {"package": st.sampled_from(["torch", "no-such"])}, inner="missing"),
    Row(install.lock_hash, {}), Row(install.binary, {"name": "python"}, inner="ready"),
]

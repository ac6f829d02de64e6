"""`python3 -m utils handout FOLDER`: copies of the chapters for a class, from the one source.

    FOLDER/chapters/       for learners: without outputs, so that they predict before they see
    FOLDER/instructor/     with outputs, and under each exercise and quiz what only the instructor should see
    FOLDER/slides/         a slide a section, made of its first sentence, its predictions and its pictures

The learners' copies run beside `utils` and `assets`, which come along, as in the course's own folder.
"""
import argparse
import copy
import pathlib
import re
import shutil

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from utils import teaching
from utils.exercises import Exercise, of_chapter, written
from utils.install import ROOT, Trouble
from utils.quizzes import questions

KEPT = ("utils", "assets", "README.md", "pyproject.toml", "requirements.lock.txt", "environment.yml", "LICENSE",
        "LICENSE-text")
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "teaching")  # the teacher's pages stay here
CLOSED = "\nos.environ[\"COURSE_SOLUTIONS\"] = \"0\"  # hint() helps; the solutions are the instructor's\n"
QUIZ = re.compile(r"^quiz\(\"(\d\d)\"\)", re.M)


def run(options: argparse.Namespace) -> int:
    """Write the copies that were asked for. Returns 0; raises Trouble for a chapter or a folder that will not do."""
    folder, known = pathlib.Path(options.folder).expanduser().resolve(), teaching.chapters()
    unknown = [word for word in options.chapters if word[:2] not in known]
    if unknown:
        raise Trouble(f"There is no chapter {', '.join(unknown)}. There are: {', '.join(known)}.")
    if folder == ROOT or ROOT in folder.parents and folder.name in ("chapters", "utils", "assets", "tests"):
        raise Trouble(f"{folder} is the course itself: choose another folder.")
    chosen = [word[:2] for word in options.chapters] or list(known)
    try:
        for name in KEPT:
            bring(ROOT / name, folder / name)
        for chapter in chosen:
            nb = nbformat.read(known[chapter], as_version=4)
            write(student(nb, options.closed), folder / "chapters" / known[chapter].name)
            write(instructor(nb, chapter), folder / "instructor" / known[chapter].name)
            if options.slides:
                slides(nb, folder / "slides" / f"{known[chapter].stem}.html", options.modules)
    except OSError as error:
        raise Trouble(f"{folder} cannot be written: {error.strerror}.") from error
    print(f"{len(chosen)} chapters in {folder}: chapters for learners, instructor for you"
          + (", slides." if options.slides else "."))
    return 0


def bring(source: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a file or folder over what is there."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=IGNORED, dirs_exist_ok=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def write(nb: NotebookNode, file: pathlib.Path) -> None:
    """Write a notebook, its folder too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nb, file)


def student(nb: NotebookNode, closed: bool = False) -> NotebookNode:
    """A copy without outputs. closed: its first cell keeps solution() from answering."""
    new = copy.deepcopy(nb)
    code = [cell for cell in new.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    if closed:
        imports = next(cell for cell in code if "from utils.exercises import" in cell.source)
        imports.source = f"import os\n{CLOSED}\n{imports.source}"
    return new


def instructor(nb: NotebookNode, chapter: str) -> NotebookNode:
    """A copy that begins with the teacher's page and answers every exercise and question where it stands."""
    bank = {one.id: one for one in of_chapter(chapter)}
    page = teaching.FOLDER / f"{chapter}.md"
    new = copy.deepcopy(nb)
    new.cells = [new_markdown_cell(page.read_text(encoding="utf-8"), id=f"{chapter}-teach")] if page.exists() else []
    for cell in nb.cells:
        new.cells.append(copy.deepcopy(cell))
        if cell.cell_type != "code":
            continue
        for number in re.findall(r"attempt\(\"(\d\d\.\d+)\"", cell.source):
            new.cells.append(new_markdown_cell(answer(bank[number]), id=f"{number.replace('.', '-')}-answer"))
        if QUIZ.search(cell.source):
            new.cells.append(new_markdown_cell(key(chapter), id=f"{chapter}-key"))
    return new


def answer(one: Exercise) -> str:
    """An exercise's solution, explanation, hints and usual mistakes, as Markdown."""
    mistakes = "\n".join(f"- {text}" for text in usual_mistakes(one))
    hints = "\n".join(f"{k}. {text}" for k, text in enumerate(one.hints, 1))
    return (f"**For the instructor: {one.id}, {one.kind}, {one.level}, {one.minutes} min.**\n\n"
            f"```python\n{written(one.reference)}\n```\n\n{one.explanation}\n\nHints, one at a time:\n\n{hints}\n\n"
            f"Usual mistakes and what the check says:\n\n{mistakes}")


def usual_mistakes(one: Exercise) -> list[str]:
    """What the check answers to each wrong answer that it knows."""
    from utils.exercises import judge
    return list(dict.fromkeys(judge(one, wrong)[1].replace("\n", " ") for wrong, _ in one.wrong))


def key(chapter: str) -> str:
    """A quiz's right answers, and the explanation of every option, as Markdown."""
    lines = ["**For the instructor: the questions' answers.**"]
    for k, question in enumerate(questions(chapter), 1):
        lines.append(f"\n{k}. {question.ask}")
        lines += [f"   - {'**right**: ' if option.right else ''}{option.text} *{option.why}*"
                  for option in question.options]
    return "\n".join(lines)


def slides(nb: NotebookNode, file: pathlib.Path, modules: str) -> None:
    """Write a chapter as slides of reveal.js.

    modules: "" to load reveal.js from the network, or a folder that `npm install reveal.js@4 requirejs jquery
    mathjax@2` filled (its node_modules), for a room without.
    """
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    from utils.slides import PICTURE, deck
    config = Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {PICTURE}})
    exporter = SlidesExporter(config=config, exclude_input_prompt=True, exclude_output_prompt=True)
    if modules:
        here = pathlib.Path(modules).expanduser().resolve().as_uri()
        exporter.reveal_url_prefix, exporter.require_js_url = f"{here}/reveal.js", f"{here}/requirejs/require.js"
        exporter.jquery_url = f"{here}/jquery/dist/jquery.min.js"
        exporter.mathjax_url = f"{here}/mathjax/MathJax.js?config=TeX-AMS_CHTML-full,Safe"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(exporter.from_notebook_node(deck(nb))[0], encoding="utf-8")

"""Copies for a class: learners' without answers, the instructor's with all of them, slides, plans."""
import ast
import inspect
import re
from argparse import Namespace

import nbformat
import pytest

from utils import handout, slides, teaching
from utils.exercises import of_chapter
from utils.install import ROOT, Trouble
from utils.quizzes import questions

CHAPTERS = teaching.chapters()
OUTPUT = ("text", "data")


def read(chapter):
    return nbformat.read(CHAPTERS[chapter], as_version=4)


def everything(nb):
    """All that a notebook shows, as one text: sources, printed text, HTML."""
    shown = []
    for cell in nb.cells:
        shown.append(cell.source)
        for output in cell.get("outputs", []):
            shown.append(str(output.get("text", "")))
            shown += [str(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(shown)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def body(function):
    """The lines of a function below its docstring, without spaces."""
    tree = ast.parse(inspect.getsource(function).strip())
    first = tree.body[0]
    rows = [node for node in first.body if not isinstance(getattr(node, "value", None), ast.Constant)]
    return squeezed("\n".join(ast.unparse(node) for node in rows))


# What must not be seen ----------------------------------------------------------------------------

@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_notebook_shows_no_solution(chapter):
    text = squeezed(everything(read(chapter)))
    for one in of_chapter(chapter):
        assert squeezed(one.explanation) not in text, f"{one.id}: its explanation is in the notebook"
        if inspect.isfunction(one.reference) and len(body(one.reference)) > 40:
            assert body(one.reference) not in text, f"{one.id}: its solution is in the notebook"
        for rung in one.hints:
            assert len(rung) < 25 or squeezed(rung) not in text, f"{one.id}: a hint is in the notebook"


def cells_of(nb, number):
    """The statement and the code cell of an exercise."""
    for text, code in zip(nb.cells, nb.cells[1:]):
        if f"**{number} · " in text.source and code.cell_type == "code":
            return text, code
    raise AssertionError(f"{number} has no pair of cells")


@pytest.mark.parametrize("one", [one for chapter in CHAPTERS for one in of_chapter(chapter)], ids=lambda one: one.id)
def test_each_exercise_has_its_own_cells_that_say_what_the_bank_says(one):
    text, code = cells_of(read(one.id[:2]), one.id)
    assert f"**{one.id} · {one.kind} · {one.level} · {one.minutes} min.**" in text.source
    assert re.findall(r"attempt\(\"([\d.]+)\"", code.source) == [one.id]
    printed = "".join(output.get("text", "") for output in code.outputs if output.output_type == "stream")
    assert f"Exercise {one.id}: not " in printed, "as delivered it is not passed, and its cell was run"
    assert not any(output.output_type == "error" for output in code.outputs)
    if one.kind == "predict":
        said = printed.partition("\n")[2].replace(f'"{one.id}"', "")
        for value in one.reference if isinstance(one.reference, tuple | list) else [one.reference]:
            assert not re.search(rf"(?<![\w.]){re.escape(str(value))}(?![\w.])", said), f"{value} is given away"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_six_exercises_or_more_and_five_questions(chapter):
    assert len(of_chapter(chapter)) >= 6 and len(questions(chapter)) == 5
    sources = [cell.source for cell in read(chapter).cells]
    assert f'quiz("{chapter}")\nso_far("{chapter}")' in sources


# The copies ---------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The copies of chapters 01 and 05, with slides, the learners' closed."""
    path = tmp_path_factory.mktemp("class")
    options = Namespace(folder=str(path), chapters=["01", "05"], closed=True, slides=True, modules="")
    assert handout.run(options) == 0
    return path


def test_learners_copies_are_fresh_and_run_beside_the_course(folder):
    names = sorted(path.name for path in (folder / "chapters").iterdir())
    assert names == ["01_perceptron.ipynb", "05_vae.ipynb"]
    for name in names:
        nb = nbformat.read(folder / "chapters" / name, as_version=4)
        nbformat.validate(nb)
        assert all(not cell.outputs and cell.execution_count is None for cell in nb.cells if cell.cell_type == "code")
        assert sum('os.environ["COURSE_SOLUTIONS"] = "0"' in cell.source for cell in nb.cells) == 1
    assert (folder / "utils" / "exercises.py").exists() and (folder / "assets" / "sources.json").exists()
    assert not (folder / "assets" / "teaching").exists() and not (folder / "tests").exists()


def test_open_copies_keep_the_solutions(tmp_path):
    options = Namespace(folder=str(tmp_path), chapters=["01"], closed=False, slides=False, modules="")
    handout.run(options)
    nb = nbformat.read(tmp_path / "chapters" / "01_perceptron.ipynb", as_version=4)
    assert "COURSE_SOLUTIONS" not in everything(nb) and not (tmp_path / "slides").exists()


@pytest.mark.parametrize("chapter", ["01", "05"])
def test_the_instructors_copy_answers_everything(folder, chapter):
    nb = nbformat.read(folder / "instructor" / CHAPTERS[chapter].name, as_version=4)
    nbformat.validate(nb)
    text = everything(nb)
    for one in of_chapter(chapter):
        for part in (one.explanation, *one.hints, *handout.usual_mistakes(one), handout.written(one.reference)):
            assert part.strip() in text, f"{one.id}: {part[:60]}"
        assert len(handout.usual_mistakes(one)) >= 2
    for question in questions(chapter):
        assert all(option.why in text for option in question.options)
    assert nb.cells[0].source.startswith("# Chapter") and len(nb.cells) > len(read(chapter).cells)


def test_slides_have_few_words_every_picture_and_the_text_as_notes(folder):
    nb, deck = read("05"), slides.deck(read("05"))
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in deck.cells]
    assert kinds[0] == "slide" and set(kinds) == {"slide", "subslide", "notes", "-"}
    pictures = [sum("image/png" in output.get("data", {}) for cell in one.cells for output in cell.get("outputs", []))
                for one in (nb, deck)]
    assert pictures[0] == pictures[1] > 10
    notes = "\n\n".join(cell.source for cell, kind in zip(deck.cells, kinds) if kind == "notes")
    wall = "\n\n".join(cell.source for cell, kind in zip(deck.cells, kinds) if kind in ("slide", "subslide")
                       and cell.cell_type == "markdown")
    text = "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    assert squeezed(text) == squeezed(notes) and len(wall.split()) < 0.6 * len(text.split())
    html = (folder / "slides" / "05_vae.html").read_text(encoding="utf-8")
    assert "reveal" in html and html.count("<section") > 30 and 'class="notes"' in html


@pytest.mark.parametrize("text, wall", [
    ("# Title\n\nFirst sentence. Second one.", "# Title\n\nFirst sentence."),
    ("Plain. Is it so? No.", "Plain. Is it so?"),
    ("Intro.\n\n> A quotation.\n\n| a | b |\n|---|---|\n\nLast.", "Intro.\n\n> A quotation.\n\n| a | b |\n|---|---|"),
    ("Intro.\n\nMore. **Predict:** up or down? Then run.", "Intro.\n\n**Predict:** up or down?"),
])
def test_what_goes_on_the_wall(text, wall):
    assert slides.on_the_wall(text) == wall


def test_wrong_chapters_and_folders_are_named(tmp_path):
    options = Namespace(folder=str(tmp_path), chapters=["12"], closed=False, slides=False, modules="")
    with pytest.raises(Trouble, match="no chapter 12"):
        handout.run(options)
    for place in (ROOT, ROOT / "chapters"):
        with pytest.raises(Trouble, match="the course itself"):
            handout.run(Namespace(**{**vars(options), "chapters": ["01"], "folder": str(place)}))
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="cannot be written"):
        handout.run(Namespace(**{**vars(options), "chapters": ["01"], "folder": str(tmp_path / "file")}))


# The teacher's pages ------------------------------------------------------------------------------

HEADINGS = ["Aim", "Plan", "Questions to ask", "What learners get wrong", "What to skip", "Exercises for this room",
            "If something fails"]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_teachers_page_has_all_its_parts(chapter):
    text = (teaching.FOLDER / f"{chapter}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.M) == HEADINGS
    parts = dict(zip(HEADINGS, re.split(r"^## .+$", text, flags=re.M)[1:]))
    assert parts["Questions to ask"].count("\n- ") + parts["Questions to ask"].count("\n1") >= 6 \
        or len(re.findall(r"^(?:- |\d+\. )", parts["Questions to ask"], re.M)) >= 6
    assert len(re.findall(r"^(?:- |\d+\. )", parts["What learners get wrong"], re.M)) >= 5
    named = set(re.findall(rf"\b{chapter}\.\d+\b", text))
    assert named <= {one.id for one in of_chapter(chapter)} and len(named) >= 4


def test_the_tables_are_those_of_the_notebooks():
    pages = teaching.tables()
    assert len(pages) == 11
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python -m utils.teaching writes it anew"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_plan_counts_every_exercise_once(chapter):
    found = [one.id for section in teaching.sections(chapter) for one in section.exercises]
    assert sorted(found) == sorted(one.id for one in of_chapter(chapter))
    assert sum(section.cells for section in teaching.sections(chapter)) == sum(
        cell.cell_type == "code" for cell in read(chapter).cells)


def test_minutes_are_words_seconds_and_exercises():
    section = teaching.Section("A", words=300, seconds=90)
    assert section.minutes == pytest.approx(2 + 1.5)
    with pytest.raises(ValueError, match="plan"):
        teaching.put("no marks", "table")

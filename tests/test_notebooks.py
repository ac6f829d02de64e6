"""Saved chapters are clean, whole and comparable; and the tools that make them so do their work."""

import ast
import base64
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import definitions
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbval.plugin import get_sanitize_patterns
from PIL import Image

from utils import address, notebooks

ROOT = pathlib.Path(__file__).resolve().parents[1]
CHAPTERS = sorted((ROOT / "chapters").glob("[0-9]*.ipynb"))
MASKS = get_sanitize_patterns((ROOT / "tests" / "sanitize.cfg").read_text(encoding="utf-8"))
every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def mask(text: str) -> str:
    """What nbval compares of a text: the masks applied as nbval applies them."""
    for pattern, replacement in MASKS:
        text = re.sub(pattern, replacement, text)
    return text


def code(nb: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def read(path: pathlib.Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def exact(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell's stored text (not that of pictures or exercises) holds an unmasked fact."""
    plain = [o for o in cell.outputs if not {"image/png", notebooks.VIEW} & set(o.get("data", {}))]
    kept = "\n".join(notebooks.texts(nbformat.from_dict({"outputs": plain})))
    kept = re.sub(r"(?m)^(here:|Exercise ).*$|<[^>]*>", " ", kept)
    return bool(re.search(r"\d|\bTrue\b|\bFalse\b|\byes\b|\bno\b", mask(kept)))


def headings(nb: nbformat.NotebookNode) -> list[int]:
    """The levels of all Markdown headings, in order; what stands in code fences is none."""
    text = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [len(marks) for marks in re.findall(r"^(#{1,6}) ", text, flags=re.MULTILINE)]


def pictures(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def test_there_are_chapters():
    assert [path.name[:2] for path in CHAPTERS] == sorted({path.name[:2] for path in CHAPTERS}) != []


@every_chapter
def test_valid_small_and_of_one_kind(path):
    nb = read(path)
    nbformat.validate(nb)
    ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]  # as written
    assert len(set(ids)) == len(ids) == len(nb.cells)
    assert path.stat().st_size < 1.5e6
    assert nb.metadata == {"kernelspec": notebooks.KERNEL, "language_info": notebooks.LANGUAGE}


@every_chapter
def test_saved_as_save_would_save_it(path):
    nb = read(path)
    notebooks.normalise(nb)
    assert nbformat.writes(nb) + "\n" == path.read_text(encoding="utf-8")


@every_chapter
def test_executed_in_order_and_no_cell_empty(path):
    nb = read(path)
    assert [cell.execution_count for cell in code(nb)] == list(range(1, len(code(nb)) + 1))
    assert not [i for i, cell in enumerate(nb.cells) if not cell.source.strip()]


@every_chapter
def test_first_cell_and_badge(path):
    nb = read(path)
    assert nb.cells[0].cell_type == "markdown" and nb.cells[0].source.endswith(notebooks.badge(path.name))
    assert code(nb)[0].source == notebooks.first_cell()


@every_chapter
def test_outputs_hold_no_stderr_paths_or_errors(path):
    nb = read(path)
    assert notebooks.problems(nb) == []
    errors = [cell.id for cell in code(nb) if "raises-exception" not in cell.metadata.get("tags", [])
              for output in cell.outputs if output.output_type == "error"]
    assert errors == []


@every_chapter
def test_no_line_that_strict_nbval_stumbles_over(path):
    ends = [cell.id for cell in code(read(path)) if cell.source.rstrip().endswith(";")]
    assert ends == [], "IPython hides nothing here for a trailing semicolon: write _ = ..."


@every_chapter
def test_an_exception_from_strict_nbval_says_why(path):
    loose = [cell for cell in code(read(path))
             if {"nbval-skip", "nbval-ignore-output"} & set(cell.metadata.get("tags", []))]
    assert [cell.id for cell in loose if "# not compared:" not in cell.source] == []
    assert not [cell.id for cell in code(read(path)) if re.search(r"# *(NBVAL|PYTEST)_", cell.source)]


@every_chapter
def test_one_title_and_headings_without_gaps(path):
    levels = headings(read(path))
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


@every_chapter
def test_every_picture_has_alt_text_and_is_talked_about(path):
    cells = read(path).cells
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        alts = [output.metadata.get("image/png", {}).get("alt", "") for output in pictures(cell)]
        assert all(len(alt) > 20 for alt in alts), f"{cell.id}: no alt text"
        assert not alts or following and following.cell_type == "markdown", f"{cell.id}: nothing follows"


def keys(tree: object) -> set[str]:
    """Every key at any depth of a JSON tree."""
    if isinstance(tree, dict):
        return set(tree).union(*map(keys, tree.values()))
    return set().union(*map(keys, tree)) if isinstance(tree, list) else set()


@every_chapter
def test_no_widget_state_is_stored(path):
    """GitHub calls a notebook invalid for such a part in its metadata, and others show nothing."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    parts = [raw["metadata"], *(cell["metadata"] for cell in raw["cells"])]
    parts += [output.get("metadata", {}) for cell in raw["cells"] for output in cell.get("outputs", [])]
    assert "widgets" not in set().union(*map(keys, parts))
    kinds = {kind for cell in raw["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert not [kind for kind in kinds if "widget-state" in kind]


@every_chapter
def test_a_widget_is_seen_without_a_kernel(path):
    shown = [(cell.id, output) for cell in code(read(path)) for output in cell.outputs
             if notebooks.VIEW in output.get("data", {})]
    for name, output in shown:
        if output.data["text/plain"].startswith("<Quiz"):  # words alone: its page is a list
            assert set(output.data) == {notebooks.VIEW, "text/html", "text/plain"}, name
            assert output.data["text/html"].count("<ul>") == 5, name
            continue
        assert set(output.data) == {notebooks.VIEW, "image/png", "text/plain"}, name
        alt = output.metadata["image/png"]["alt"]
        assert output.data["text/plain"].startswith("<") and output.data["text/plain"].endswith(alt), name
        png = base64.b64decode(output.data["image/png"])
        picture = Image.open(io.BytesIO(png))
        assert picture.format == "PNG" and 250 <= picture.width <= 1400 and picture.height >= 80, name
        assert len(png) < 200_000, f"{name}: {len(png):,} bytes"


@every_chapter
def test_every_figure_has_a_caption(path):
    """The caption follows the figure in the same cell, as `show` writes it; a widget has its question."""
    for cell in code(read(path)):
        for output, after in zip(cell.outputs, [*cell.outputs[1:], None]):
            if "image/png" in output.get("data", {}) and notebooks.VIEW not in output.data:
                caption = after.get("data", {}).get("text/markdown", "") if after else ""
                assert re.fullmatch(r"\*.{20,}\*", caption, re.DOTALL), f"{cell.id}: no caption"


@every_chapter
def test_enough_is_compared_exactly(path):
    assert sum(map(exact, code(read(path)))) >= 5


@every_chapter
def test_definitions_can_be_loaded(path):
    assert vars(definitions.load(path.name))


# The masks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("one, other", [
    ("loss ≈ 0.123 · 3 epochs", "loss ≈ 12.9 · 3 epochs"),
    ("≈ 1,234 images", "≈ 99 images"),
    ("a ≈ -1.5e-07 b", "a ≈ nan b"),
    ("|  ≈ 3.1 |", "| ≈ 31.25 |"),
    ("≈ inf", "≈ -inf"),
    ("≈ 3.1 ± 0.2 %", "≈ 3.0 ± 10.1 %"),
    ("x\nhere: MNIST, 60,000\ny", "x\nhere: digits, 1,437\ny"),
    ("here: a\nx", "here: a\nhere: b\nx"),
])
def test_masked(one, other):
    assert mask(one) == mask(other)


@pytest.mark.parametrize("one, other", [
    ("loss ≈ 0.1 · 3 epochs", "loss ≈ 0.1 · 4 epochs"),
    ("loss ≈ 0.1", "error ≈ 0.1"),
    ("≈ 1,23", "≈ 1,24"),
    ("≈ 3.1 ± 0.2 of 3", "≈ 3.1 ± 0.2 of 4"),
    ("± 0.2", "± 0.3"),
    ("≈ 0.12 %", "≈ 0.12 s"),
    ("≈ 3 of 10", "≈ 3 of 11"),
    ("61,706 parameters", "61,707 parameters"),
    ("≈", "≈ 1"),
    ("there: 1", "there: 2"),
    (" here: 1", " here: 2"),
    ("here: a\n9,760", "here: a\n9,761"),
    ("here: a\nx", "here: a\nx\nhere: b"),
])
def test_not_masked(one, other):
    assert mask(one) != mask(other)


def test_there_are_exactly_two_masks():
    assert len(MASKS) == 2


def test_nbval_itself_sees_a_changed_digit_and_no_masked_one(tmp_path):
    for name, stored in (("same", "here: there\n≈ 2.5 of 3\n"), ("changed", "here: there\n≈ 2.5 of 4\n")):
        cell = new_code_cell("print('here: me')\nprint('≈ -1e-7 of 3')", execution_count=1)
        cell.outputs = [nbformat.v4.new_output("stream", text=stored)]
        nbformat.write(new_notebook(cells=[cell]), tmp_path / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--nbval", "-q",
               "--nbval-current-env", f"--nbval-sanitize-with={ROOT / 'tests' / 'sanitize.cfg'}", tmp_path]
    got = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 failed, 1 passed" in got.stdout and "FAILED changed.ipynb" in got.stdout, got.stdout


# Saving -----------------------------------------------------------------------------------------

WIDGET = "import ipywidgets\nipywidgets.IntSlider()"
FIGURE = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
STREAM = "import sys, time\nfor i in range(3):\n    print(i)\n    sys.stdout.flush(); time.sleep(0.3)"


def made(folder: pathlib.Path, *sources: str, tags: tuple = ()) -> pathlib.Path:
    """A notebook in folder/chapters with these code cells; the last one has the tags."""
    path = folder / "chapters" / "01_small.ipynb"
    path.parent.mkdir(exist_ok=True)
    cells = [new_markdown_cell("# Small"), *map(new_code_cell, sources)]
    for i, cell in enumerate(cells):
        cell["id"] = f"c{i}"
    cells[-1].metadata.update(tags=list(tags), collapsed=True)
    nbformat.write(new_notebook(cells=cells, metadata={"colab": {"name": "x"}}), path)
    return path


def test_saving_twice_writes_the_same_bytes(tmp_path):
    path = made(tmp_path, STREAM, WIDGET, FIGURE, tags=("picture:hero",))
    assert notebooks.save(path) == []
    first, nb = path.read_bytes(), read(path)
    assert notebooks.save(path) == [] and path.read_bytes() == first
    assert nb.metadata == {"kernelspec": notebooks.KERNEL, "language_info": notebooks.LANGUAGE}
    assert [cell.execution_count for cell in code(nb)] == [1, 2, 3]
    assert [output.text for output in nb.cells[1].outputs] == ["0\n1\n2\n"]
    assert nb.cells[2].outputs[0].data[notebooks.VIEW]["model_id"] == "c2-0"
    assert dict(nb.cells[3].metadata) == {"tags": ["picture:hero"]}
    assert (tmp_path / "assets" / "hero.png").read_bytes().startswith(b"\x89PNG")


def test_saving_reports_stderr_paths_and_addresses(tmp_path):
    path = made(tmp_path, "import sys\nprint('careful', file=sys.stderr)", "print('/us' + 'r/lib/x')",
                "object()", "import os\nprint(os.environ['COURSE_SAVING'], os.environ['TQDM_DISABLE'])")
    said = notebooks.save(path)
    assert len(said) == 3 and "stderr: careful" in said[0] and "/usr/lib/x" in said[1] and "0x" in said[2]
    assert read(path).cells[4].outputs[0].text == "1 1\n"


def test_a_failing_notebook_is_reported_and_left_alone(tmp_path, capsys):
    path = made(tmp_path, "1 / 0")
    before = path.read_bytes()
    assert notebooks.main(["save", str(path)]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert path.read_bytes() == before


# The address ------------------------------------------------------------------------------------


def fork(folder: pathlib.Path) -> pathlib.Path:
    """A small copy of what holds the repository's address."""
    (folder / "chapters").mkdir()
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "README.md").write_text(f"{address.badge('01_a.ipynb')} {address.repository()}-more\n")
    cells = [new_markdown_cell(address.badge("01_a.ipynb")), new_code_cell(address.first_cell())]
    nbformat.write(new_notebook(cells=cells), folder / "chapters" / "01_a.ipynb")
    return folder


def test_readdress_rewrites_everything_and_once(tmp_path):
    here, old = fork(tmp_path), address.repository()
    changed = address.readdress("https://github.com/Some-One/a.fork.git", here)
    assert changed == ["README.md", "chapters/01_a.ipynb", "pyproject.toml"]
    assert address.repository(here) == "https://github.com/Some-One/a.fork"
    cells = read(here / "chapters" / "01_a.ipynb").cells
    assert cells[1].source == address.first_cell().replace(old, "https://github.com/Some-One/a.fork")
    assert "/github/Some-One/a.fork/blob/main/chapters/01_a.ipynb" in cells[0].source
    assert f"{old}-more" in (here / "README.md").read_text(), "another repository keeps its address"
    assert address.readdress("Some-One/a.fork", here) == []


@pytest.mark.parametrize("wrong", ["", "name", "a/b/c", "http://elsewhere.org/a/b", "a b/c", "under_score/x"])
def test_readdress_refuses(tmp_path, wrong):
    with pytest.raises(ValueError, match="expected OWNER/REPO"):
        address.readdress(wrong, fork(tmp_path))


# The first cell ---------------------------------------------------------------------------------


def run_first_cell(source: str, folder: pathlib.Path, after: str, colab: bool) -> subprocess.CompletedProcess:
    """Run a first cell as a script from ``folder``, with a foreign utils imported before it."""
    (folder / "foreign").mkdir()
    (folder / "foreign" / "utils.py").write_text("foreign = True")
    before = f"import sys\nsys.path.insert(0, {str(folder / 'foreign')!r})\nimport utils\n"
    before += "sys.modules['google.colab'] = sys\n" if colab else ""
    env = dict(os.environ, GIT_CONFIG_NOSYSTEM="1", HOME=str(folder))
    return subprocess.run([sys.executable, "-c", f"{before}\n{source}\n{after}"], cwd=folder, env=env,
                          capture_output=True, text=True)


AFTER = "import utils.address\nprint(hasattr(utils, 'foreign'), sys.path[0], utils.__file__)"


def test_first_cell_finds_the_course_from_inside(tmp_path):
    chapters = tmp_path / "course" / "chapters"
    chapters.mkdir(parents=True)
    shutil.copytree(ROOT / "utils", tmp_path / "course" / "utils")
    got = run_first_cell(address.first_cell(), chapters, AFTER, colab=False)
    assert got.stdout.split()[:2] == ["False", str(tmp_path / "course")], got.stderr


def test_first_cell_fetches_the_course_on_colab(tmp_path):
    origin, fetched = tmp_path / "origin", tmp_path / "fetched"
    shutil.copytree(ROOT / "utils", origin / "utils")
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b.c commit -qm x"):
        subprocess.run(["git", *words.split()], cwd=origin, check=True)
    cell = address.first_cell().replace(address.repository(), origin.as_uri())
    cell = cell.replace("/content/course", str(fetched))
    got = run_first_cell(cell, tmp_path, AFTER, colab=True)
    assert got.stdout.split()[:2] == ["False", str(fetched)], got.stderr


def test_first_cell_says_that_the_address_is_wrong(tmp_path):
    cell = address.first_cell().replace(address.repository(), (tmp_path / "nowhere").as_uri())
    cell = cell.replace("/content/course", str(tmp_path / "fetched"))
    got = run_first_cell(cell, tmp_path, AFTER, colab=True)
    assert "AssertionError: No course at" in got.stderr and "nowhere" in got.stderr


def test_first_cell_says_that_the_course_was_not_found(tmp_path):
    got = run_first_cell(address.first_cell(), tmp_path, AFTER, colab=False)
    assert "AssertionError: The course was not found" in got.stderr


def test_first_cell_is_short():
    assert len(address.first_cell().splitlines()) <= 20 and ast.parse(address.first_cell())


# The loader of definitions ----------------------------------------------------------------------


def test_definitions_are_loaded_without_running_the_rest(tmp_path):
    path = made(tmp_path, "import math\nRATE = 2\nprint('ran')", "def f(x):\n    return math.sqrt(x) * RATE",
                "1 / 0", "class A:\n    b = 3")
    loaded = definitions.load(path, constants=("RATE",))
    assert loaded.f(9) == 6 and loaded.A.b == 3
    assert not hasattr(definitions.load(path), "RATE")
    with pytest.raises(KeyError, match="SPEED"):
        definitions.load(path, constants=("SPEED",))


# From chapter to chapter ------------------------------------------------------------------------


def grown(path: pathlib.Path) -> list[str]:
    """The rows of a chapter's table "what each model could and could not do"."""
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    table = re.search(r"\| model \| could \| could not \|\n\|[-|]+\|\n((?:\|.*\n?)+)", text)
    return table[1].strip().splitlines() if table else []


@every_chapter
def test_the_table_of_models_grows_by_one_row(path):
    number = int(path.name[:2])
    if not 1 <= number <= 8:
        pytest.skip("the prologue has no such table")
    rows = grown(path)
    assert [row.split("·")[0] for row in rows] == [f"| {k} " for k in range(1, number + 1)]
    before = [other for other in CHAPTERS if int(other.name[:2]) == number - 1 and number > 1]
    assert not before or rows[:-1] == grown(before[0])
